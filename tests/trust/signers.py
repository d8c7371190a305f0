"""Signers for tests, the same keys on every run; and how a call ended."""

from collections.abc import Callable
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.errors import Refused
from gateway.trust.suites import CosignatureSigner, Ed25519Signer, VerifierKey


def private(seed: str) -> Ed25519PrivateKey:
    """The private key of a seed."""
    return Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest())


def signer(name: str, seed: str = "") -> Ed25519Signer:
    """A type 01 signer."""
    return Ed25519Signer(name, private(f"sign {name} {seed}"))


def cosigner(name: str, seed: str = "") -> CosignatureSigner:
    """A type 04 signer."""
    return CosignatureSigner(name, private(f"cosign {name} {seed}"))


def keys(*signers: Ed25519Signer | CosignatureSigner) -> dict[tuple[str, bytes], VerifierKey]:
    """Their public halves, as ``notes.verify`` takes them."""
    return {(known.name, known.key.key_id): known.key for known in signers}


def outcome(call: Callable[..., object], *arguments: object) -> object:
    """What the call answers, or the reason of its refusal. Any other exception is the test's to fail on."""
    try:
        return call(*arguments)
    except Refused as refusal:
        return refusal.reason
