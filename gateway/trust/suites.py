"""Which key made this signature, and does it verify? One table, from the head of OUR key to its suite.

A verifier key, which comes from the roster, says its suite: a type byte, for type ff followed by an identifier in
words. A message names a key, never an algorithm (DESIGN §3b). A suite turns public key bytes into a check; the check
is kept with the key, because the gate makes it for every record.

    01                                                       Ed25519 (C2SP signed-note)
    04                                                       Ed25519, dated (C2SP tlog-cosignature, cosignature/v1)
    ff ‖ sm2-with-sm3.1.2.156.10197.1.501                    SM2 with SM3 (GB/T 32918)
    ff ‖ cosignature/v1+sm2-with-sm3.1.2.156.10197.1.501     the same, dated

>>> key = VerifierKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
>>> key.name, key.key_id.hex(), key.suite.name
('example.com/foo', '530d903a', 'ed25519')
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
from gateway.trust import ed25519, sm2
from gateway.trust.canonical import decode_base64, encode_base64, is_name

ED25519 = 0x01
COSIGNATURE = 0x04
PRIVATE_USE = 0xFF
KEY_ID_SIZE = 4
TIME_SIZE = 8
MAX_TIME = (1 << 63) - 1

Check = Callable[[bytes, bytes], object]
"""``check(signature, message)``: returns, or raises ``InvalidSignature``."""

_KEY_ID = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Suite:
    """One way to sign. ``algorithm`` and ``identifier`` stand before the public key in a key's text.

    ``dated``: a signature says its time and is made over the time and the text. ``gm``: by the national standards
    (国密). ``fault(public)``: why these bytes are no public key, or None; ``check(public)``: how one verifies, which
    is made once a key and may raise ``CannotRun`` ``suite.unavailable``.
    """

    name: str
    algorithm: int
    identifier: bytes
    dated: bool
    gm: bool
    fault: Callable[[bytes], str | None] = field(repr=False)
    check: Callable[[bytes], Check] = field(repr=False)


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """SHA-256(name ‖ 0A ‖ type ‖ public key)[:4] (C2SP signed-note). ``Refused`` ``key.form`` for no name."""
    if not is_name(name):
        raise Refused("key.form", f"{name[:80]!a} is no key name: empty, or a space or a plus is in it")
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:KEY_ID_SIZE]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name. ``algorithm``: type byte; ``public``: what follows it in the key's text, for type ff
    with the identifier; ``raw``: the public key without it.

    None exists that can't be used: a wrong name, id, type or public key raises ``Refused`` ``key.form``,
    ``key.id``, ``key.algorithm`` or ``key.public``; SM2 on a machine without it ``CannotRun`` ``suite.unavailable``.
    Safe to share between threads.
    """

    name: str
    key_id: bytes
    algorithm: int
    public: bytes
    suite: Suite = field(init=False, repr=False, compare=False)
    _check: Check = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        suite = suite_of(self.algorithm, self.public)
        if suite is None:
            raise Refused("key.algorithm", f"no suite here for type {self.algorithm:#04x} of {self.name!a}")
        if self.key_id != key_id(self.name, self.algorithm, self.public):
            raise Refused("key.id", f"{self.key_id.hex()} is not the id of {self.name} with this public key")
        object.__setattr__(self, "suite", suite)
        fault = suite.fault(self.raw)
        if fault is not None:
            raise Refused("key.public", f"the {suite.name} public key {fault}")
        object.__setattr__(self, "_check", suite.check(self.raw))

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

    @property
    def raw(self) -> bytes:
        """The public key itself: 32 bytes of Ed25519, or 65 of SM2."""
        return self.public[len(self.suite.identifier) :]

    def text(self) -> str:
        """The verifier key text, the inverse of ``parse``."""
        encoded = encode_base64(bytes([self.algorithm]) + self.public).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def verify(self, message: bytes, payload: bytes) -> int | None:
        """Check the payload of a signature line, its key id taken off, over a note's text.

        Returns the cosignature's time in seconds, 1 to 2^63-1, for a dated suite, else None; raises ``Refused``
        ``signature.invalid``.
        """
        try:
            if not self.suite.dated:
                self._check(payload, message)
                return None
            time = int.from_bytes(payload[:TIME_SIZE])
            if not 0 < time <= MAX_TIME:
                raise InvalidSignature
            self._check(payload[TIME_SIZE:], _dated(message, time))
            return time
        except InvalidSignature:
            known = f"{self.name}+{self.key_id.hex()}"
            raise Refused("signature.invalid", f"the signature by {known} does not verify") from None

    def __reduce__(self) -> tuple[type[VerifierKey], tuple[str, bytes, int, bytes]]:
        """Copies and pickles are read anew: the check holds a handle of a C library, which can't travel."""
        return VerifierKey, (self.name, self.key_id, self.algorithm, self.public)


def _dated(text: bytes, time: int) -> bytes:
    return b"cosignature/v1\ntime %d\n%b" % (time, text)


def _ed25519(public: bytes) -> Check:
    return Ed25519PublicKey.from_public_bytes(public).verify


_SM2_NAME = b"sm2-with-sm3.1.2.156.10197.1.501"
_SUITES = (
    Suite("ed25519", ED25519, b"", False, False, ed25519.point_fault, _ed25519),
    Suite("ed25519-cosignature", COSIGNATURE, b"", True, False, ed25519.point_fault, _ed25519),
    Suite("sm2", PRIVATE_USE, _SM2_NAME, False, True, sm2.point_fault, sm2.verifier),
    Suite("sm2-cosignature", PRIVATE_USE, b"cosignature/v1+" + _SM2_NAME, True, True, sm2.point_fault, sm2.verifier),
)
SUITES: Mapping[str, Suite] = {suite.name: suite for suite in _SUITES}


def suite_of(algorithm: int, public: bytes) -> Suite | None:
    """The suite whose type byte and identifier stand before a public key; None: no suite known here."""
    return next((s for s in _SUITES if s.algorithm == algorithm and public.startswith(s.identifier)), None)


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
        """u64be time ‖ signature over a checkpoint's text; ``ValueError`` for a time outside 1 to 2^63-1 s."""


class _PrivateKey:
    """A private key that shows only its name and id, and is neither copied nor pickled."""

    __slots__ = ("_private", "key")
    suite: Suite

    def __init__(self, name: str, private: Ed25519PrivateKey | sm2.PrivateKey) -> None:
        public = private.public if isinstance(private, sm2.PrivateKey) else private.public_key().public_bytes_raw()
        self.key = VerifierKey.of(name, self.suite.algorithm, self.suite.identifier + public)
        self._private = private

    @property
    def name(self) -> str:
        """Key name."""
        return self.key.name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name}+{self.key.key_id.hex()})"

    def __reduce__(self) -> str:
        raise TypeError("a private key is neither copied nor pickled")


class _NoteKey(_PrivateKey):
    __slots__ = ()

    def sign(self, message: bytes) -> bytes:
        """64 bytes over a note's text."""
        return self._private.sign(message)


class Ed25519Signer(_NoteKey):
    """Type 01: signs records, checkpoints of a log, verdicts."""

    __slots__ = ()
    suite = SUITES["ed25519"]


class Sm2Signer(_NoteKey):
    """The same with SM2; it signs anew each time, so that no two signatures are the same."""

    __slots__ = ()
    suite = SUITES["sm2"]


class _DatingKey(_PrivateKey):
    __slots__ = ()

    def cosign(self, text: bytes, time: int) -> bytes:
        """u64be time ‖ 64 bytes over a checkpoint's text; ``ValueError`` for a time outside 1 to 2^63-1 s."""
        if not 0 < time <= MAX_TIME:
            raise ValueError(f"{time} is no time of a cosignature")
        return time.to_bytes(TIME_SIZE) + self._private.sign(_dated(text, time))


class CosignatureSigner(_DatingKey):
    """Type 04: signs dated cosignatures on checkpoints."""

    __slots__ = ()
    suite = SUITES["ed25519-cosignature"]


class Sm2CosignatureSigner(_DatingKey):
    """The same with SM2."""

    __slots__ = ()
    suite = SUITES["sm2-cosignature"]


PrivateKey = Ed25519PrivateKey | sm2.PrivateKey


def signer(name: str, private: PrivateKey) -> Signer:
    """The signer of notes that this private key makes."""
    return (Sm2Signer if isinstance(private, sm2.PrivateKey) else Ed25519Signer)(name, private)


def cosigner(name: str, private: PrivateKey) -> Cosigner:
    """The signer of cosignatures that this private key makes."""
    return (Sm2CosignatureSigner if isinstance(private, sm2.PrivateKey) else CosignatureSigner)(name, private)
