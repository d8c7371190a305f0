"""Which key made this signature, and does it verify? One table, from the type byte of OUR key to its suite.

The type byte stands in the verifier key, which comes from the roster; a message names a key, never an
algorithm (DESIGN §3b). A suite turns public key bytes into a check once, when the key is read; the check is
kept with the key, because the gate makes it for every record. Types: 01 Ed25519 (C2SP signed-note), 04
Ed25519 cosignature (C2SP tlog-cosignature, ``cosignature/v1``).

>>> key = VerifierKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
>>> key.name, key.key_id.hex(), key.algorithm
('example.com/foo', '530d903a', 1)
>>> key.verify(b"This is an example message.\\n", payload)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.errors import Refused
from gateway.trust.canonical import decode_base64, encode_base64, is_name

ED25519 = 0x01
COSIGNATURE = 0x04
KEY_ID_SIZE = 4
MAX_TIME = (1 << 63) - 1

Check = Callable[[bytes, bytes], int | None]
"""``check(message, payload)``: a cosignature's time in seconds, else None; raises ``InvalidSignature``."""

_KEY_ID = re.compile(r"[0-9a-f]{8}")
_PRIME = 2**255 - 19
_CURVE_D = -121665 * pow(121666, -1, _PRIME) % _PRIME
_ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER_Y = frozenset({0, 1, _PRIME - 1, _ORDER_8_Y, _PRIME - _ORDER_8_Y})


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """SHA-256(name ‖ 0A ‖ type ‖ public key)[:4] (C2SP signed-note). ``Refused`` ``key.form`` for no name."""
    if not is_name(name):
        raise Refused("key.form", f"{name[:80]!a} is no key name: empty, or a space or a plus is in it")
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:KEY_ID_SIZE]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name. ``algorithm``: type byte; ``public``: what follows it in the key's text.

    None exists that can't be used: a wrong name, id, type or public key raises ``Refused`` ``key.form``,
    ``key.id``, ``key.algorithm`` or ``key.public``. Safe to share between threads.
    """

    name: str
    key_id: bytes
    algorithm: int
    public: bytes
    _check: Check = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        suite = SUITES.get(self.algorithm)
        if suite is None:
            raise Refused("key.algorithm", f"no suite here for type {self.algorithm:#04x} of {self.name!a}")
        if self.key_id != key_id(self.name, self.algorithm, self.public):
            raise Refused("key.id", f"{self.key_id.hex()} is not the id of {self.name} with this public key")
        object.__setattr__(self, "_check", suite(self.public))

    @classmethod
    def of(cls, name: str, algorithm: int, public: bytes) -> VerifierKey:
        """The key of this name, with its id computed."""
        return cls(name, key_id(name, algorithm, public), algorithm, public)

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read ``name+hex8+base64(type ‖ public key)`` (C2SP signed-note); raises ``Refused`` ``key.*``."""
        name, _, rest = text.partition("+")
        claimed, _, encoded = rest.partition("+")
        material = decode_base64(encoded.encode(errors="replace"))
        if _KEY_ID.fullmatch(claimed) is None or material is None or len(material) < 2:
            raise Refused("key.form", "not name+hex8+base64(type ‖ public key)", value=ascii(text[:120]))
        return cls(name, bytes.fromhex(claimed), material[0], material[1:])

    def text(self) -> str:
        """The verifier key text, the inverse of ``parse``."""
        encoded = encode_base64(bytes([self.algorithm]) + self.public).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def verify(self, message: bytes, payload: bytes) -> int | None:
        """Check the payload of a signature line, its key id taken off, over a note's text.

        Returns the cosignature's time in seconds, 1 to 2^63-1, for type 04, else None; raises ``Refused``
        ``signature.invalid``.
        """
        try:
            return self._check(message, payload)
        except InvalidSignature:
            known = f"{self.name}+{self.key_id.hex()}"
            raise Refused("signature.invalid", f"the signature by {known} does not verify") from None

    def __reduce__(self) -> tuple[type[VerifierKey], tuple[str, bytes, int, bytes]]:
        """Copies and pickles are read anew: the check holds a handle of a C library, which can't travel."""
        return VerifierKey, (self.name, self.key_id, self.algorithm, self.public)


def _ed25519(public: bytes) -> Check:
    check = _public_key(public).verify

    def verify(message: bytes, payload: bytes) -> None:
        check(payload, message)

    return verify


def _cosignature(public: bytes) -> Check:
    check = _public_key(public).verify

    def verify(message: bytes, payload: bytes) -> int:
        time = int.from_bytes(payload[:8])
        if not 0 < time <= MAX_TIME:
            raise InvalidSignature
        check(payload[8:], _dated(message, time))
        return time

    return verify


SUITES: Mapping[int, Callable[[bytes], Check]] = {ED25519: _ed25519, COSIGNATURE: _cosignature}


def _dated(text: bytes, time: int) -> bytes:
    return b"cosignature/v1\ntime %d\n%b" % (time, text)


def _public_key(public: bytes) -> Ed25519PublicKey:
    fault = _point_fault(public)
    if fault is not None:
        raise Refused("key.public", f"the Ed25519 public key {fault}")
    return Ed25519PublicKey.from_public_bytes(public)


def _point_fault(public: bytes) -> str | None:
    """Why these bytes name no signer (RFC 8032 section 5.1.3); with one of small order anybody signs."""
    if len(public) != 32:
        return "is not 32 bytes"
    y = int.from_bytes(public, "little") & ((1 << 255) - 1)
    if y >= _PRIME:
        return "is not in its one encoding"
    if y in _SMALL_ORDER_Y:
        return "is a point of small order"
    square = (y * y - 1) * pow(_CURVE_D * y * y + 1, -1, _PRIME) % _PRIME
    if pow(square, (_PRIME - 1) // 2, _PRIME) != 1:
        return "is no point of the curve"
    return None


class Signer(Protocol):
    """Signs notes under one name. What ``sign`` returns goes into a signature line after the key id."""

    @property
    def name(self) -> str:
        """Key name."""

    @property
    def key(self) -> VerifierKey:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """Payload of a signature line over a note's text."""


class Cosigner(Protocol):
    """Dates and cosigns checkpoints under one name. Both ports say nothing of where the private key is: in a file
    (``keyfiles``), later in a device or behind a signing server.
    """

    @property
    def name(self) -> str:
        """Key name."""

    @property
    def key(self) -> VerifierKey:
        """The public half."""

    def cosign(self, text: bytes, time: int) -> bytes:
        """Payload of a signature line over a checkpoint's text at this time (s)."""


class _PrivateKey:
    """A private key that shows only its name and id."""

    __slots__ = ("_private", "key")
    algorithm: int

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self.key = VerifierKey.of(name, self.algorithm, private.public_key().public_bytes_raw())
        self._private = private

    @property
    def name(self) -> str:
        """Key name."""
        return self.key.name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name}+{self.key.key_id.hex()})"


class Ed25519Signer(_PrivateKey):
    """Type 01: signs records, checkpoints of a log, verdicts."""

    __slots__ = ()
    algorithm = ED25519

    def sign(self, message: bytes) -> bytes:
        """64 bytes over a note's text."""
        return self._private.sign(message)


class CosignatureSigner(_PrivateKey):
    """Type 04: signs dated cosignatures on checkpoints; one key a role, because the name is not signed."""

    __slots__ = ()
    algorithm = COSIGNATURE

    def cosign(self, text: bytes, time: int) -> bytes:
        """u64be time ‖ 64 bytes over a checkpoint's text; ``ValueError`` for a time outside 1 to 2^63-1 s."""
        if not 0 < time <= MAX_TIME:
            raise ValueError(f"{time} is no time of a cosignature")
        return time.to_bytes(8) + self._private.sign(_dated(text, time))
