"""SM2 with SM3 as GB/T 32918.2 and .5 say: which bytes are signed, which points and signatures exist at all.

What is signed is e = SM3(ZA ‖ message); ZA binds the signer's ID, the curve and the public key, so the ID is fixed
here (``1234567812345678``, GB/T 35276) and nothing that a message says can change it. A signature is r ‖ s, 64 bytes,
both from 1 to n-1; a public key is 04 ‖ x ‖ y, 65 bytes, a point of the curve. Everything else is refused before a C
library sees it; ``libcrypto`` computes.

>>> key = PrivateKey.generate()
>>> verifier(key.public)(key.sign(b"text"), b"text")
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SM3, Hash

from gateway.trust import libcrypto
from gateway.trust.libcrypto import Failed, Handle

ID = b"1234567812345678"
PUBLIC_SIZE, SIGNATURE_SIZE = 65, 64
KEPT = 64
PRIME = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A, B = PRIME - 3, 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0
ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
"""The curve of GB/T 32918.5: p, a, b, G and n. Its cofactor is 1, so every point but infinity has the order n."""

_CURVE = b"".join(number.to_bytes(32) for number in (A, B, GX, GY))


def sm3(data: bytes) -> bytes:
    """The 32 bytes of GB/T 32905."""
    running = Hash(SM3())
    running.update(data)
    return running.finalize()


def point_fault(public: bytes) -> str | None:
    """Why these bytes are no public key, or None. Infinity has no writing of 65 bytes."""
    if len(public) != PUBLIC_SIZE or public[0] != 4:
        return "is not 65 bytes that begin with 04"
    x, y = int.from_bytes(public[1:33]), int.from_bytes(public[33:])
    if x >= PRIME or y >= PRIME:
        return "is not in its one encoding"
    return None if (y * y - (x * x + A) * x - B) % PRIME == 0 else "is no point of the curve"


def identity_digest(public: bytes, signer_id: bytes = ID) -> bytes:
    """ZA: SM3 over the length of the ID in bits (2 bytes), the ID, a, b, G and the public key's x and y."""
    return sm3((len(signer_id) * 8).to_bytes(2) + signer_id + _CURVE + public[1:])


def verifier(public: bytes) -> Callable[[bytes, bytes], None]:
    """``check(signature, message)`` for a public key without ``point_fault``; raises ``InvalidSignature``.

    Raises ``CannotRun`` ``suite.unavailable`` here and now, though OpenSSL is given the key with the first
    signature only: that takes longer than all else about a key, and most keys of a roster belong to years past. The
    last few answers are kept, by signature and digest: an owner's lines come again under the note of every witness.
    """
    libcrypto.available()
    prepared: list[tuple[Handle, bytes]] = []

    @lru_cache(maxsize=KEPT)
    def holds(signature: bytes, digest: bytes) -> bool:
        return libcrypto.verify(prepared[0][0], digest, _der(signature))

    def check(signature: bytes, message: bytes) -> None:
        if not prepared:  # two threads may come here at once, and prepare the same
            prepared.append((libcrypto.public(public), identity_digest(public)))
        if len(signature) != SIGNATURE_SIZE or not holds(signature, sm3(prepared[0][1] + message)):
            raise InvalidSignature

    return check


def _der(signature: bytes) -> bytes:
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    if len(signature) != SIGNATURE_SIZE or not (0 < r < ORDER and 0 < s < ORDER):
        raise InvalidSignature
    return encode_dss_signature(r, s)


class PrivateKey:
    """A private key that OpenSSL holds. Shows nothing, can't be copied; several threads may sign with it.

    Raises ``CannotRun`` ``suite.unavailable`` where it is made.
    """

    __slots__ = ("_handle", "_za", "public")

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.public = libcrypto.point(handle)
        self._za = identity_digest(self.public)

    @classmethod
    def generate(cls) -> PrivateKey:
        """A new one."""
        return cls(libcrypto.new())

    @classmethod
    def from_pem(cls, pem: bytes, passphrase: bytes | None) -> PrivateKey:
        """From PKCS8 in PEM; ``ValueError`` for anything else, or a passphrase that does not fit."""
        try:
            return cls(libcrypto.from_pem(pem, passphrase))
        except Failed:
            raise ValueError("no SM2 key in PKCS8 PEM, or another passphrase") from None

    def __reduce__(self) -> str:
        raise TypeError("a private key is neither copied nor pickled")

    def to_pem(self, passphrase: bytes | None) -> bytes:
        """PKCS8 in PEM, encrypted if there is a passphrase."""
        return libcrypto.to_pem(self._handle, passphrase)

    def sign(self, message: bytes) -> bytes:
        """r ‖ s, 64 bytes; another one each time."""
        r, s = decode_dss_signature(libcrypto.sign(self._handle, sm3(self._za + message)))
        return r.to_bytes(32) + s.to_bytes(32)
