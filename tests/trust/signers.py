"""Signers for tests, the same keys on every run; and how a call ended."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.errors import Refused
from gateway.trust import sm2
from gateway.trust.canonical import encode_base64
from gateway.trust.suites import (
    CosignatureSigner,
    Cosigner,
    Ed25519Signer,
    Signer,
    Sm2CosignatureSigner,
    Sm2Signer,
    VerifierKey,
)


def private(seed: str) -> Ed25519PrivateKey:
    """The private key of a seed."""
    return Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest())


def signer(name: str, seed: str = "") -> Ed25519Signer:
    """A type 01 signer."""
    return Ed25519Signer(name, private(f"sign {name} {seed}"))


def cosigner(name: str, seed: str = "") -> CosignatureSigner:
    """A type 04 signer."""
    return CosignatureSigner(name, private(f"cosign {name} {seed}"))


@cache
def gm_private(seed: str) -> sm2.PrivateKey:
    """The SM2 private key of a seed."""
    return gm_private_of(1 + int.from_bytes(sha256(f"gm {seed}".encode()).digest()) % (sm2.ORDER - 1))


def gm_private_of(number: int) -> sm2.PrivateKey:
    """The SM2 private key that is this number, 1 to n-2: in PKCS8, as OpenSSL reads it."""
    der = bytes.fromhex("3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420") + number.to_bytes(32)
    lines = encode_base64(der).decode()
    pem = f"-----BEGIN PRIVATE KEY-----\n{lines[:64]}\n{lines[64:]}\n-----END PRIVATE KEY-----\n"
    return sm2.PrivateKey.from_pem(pem.encode(), None)


def gm_signer(name: str, seed: str = "") -> Sm2Signer:
    """An SM2 signer."""
    return Sm2Signer(name, gm_private(f"sign {name} {seed}"))


def gm_cosigner(name: str, seed: str = "") -> Sm2CosignatureSigner:
    """A dated SM2 signer."""
    return Sm2CosignatureSigner(name, gm_private(f"cosign {name} {seed}"))


def keys(*signers: Signer | Cosigner) -> dict[tuple[str, bytes], VerifierKey]:
    """Their public halves, as ``notes.verify`` takes them."""
    return {(known.name, known.key.key_id): known.key for known in signers}


def outcome(call: Callable[..., object], *arguments: object) -> object:
    """What the call answers, or the reason of its refusal. Any other exception is the test's to fail on."""
    try:
        return call(*arguments)
    except Refused as refusal:
        return refusal.reason
