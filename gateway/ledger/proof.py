"""Can anybody check, without asking us, that this entry stands in that log? (C2SP tlog-proof; law 3.)

    c2sp.org/tlog-proof@v1⏎
    index 73894⏎
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=⏎      (a line each, the leaf's sibling first)
    ⏎
    <the signed checkpoint, byte for byte>

The tree's size comes from the signed checkpoint only: the same path can verify at two sizes. Pure (law 9).

>>> text = Proof(7, tuple(inclusion_proof(7, 812, node)), checkpoint_note).encode()
>>> index, signed = verify(text, entry, "jjj.example/sanhe/licence", keys)
>>> index, signed.checkpoint.size
(7, 812)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import Refused
from gateway.ledger import checkpoint, merkle
from gateway.ledger.checkpoint import SignedCheckpoint
from gateway.trust.canonical import decode_base64, decode_decimal, encode_base64
from gateway.trust.members import Policy
from gateway.trust.notes import Identity
from gateway.trust.suites import VerifierKey

HEADER = b"c2sp.org/tlog-proof@v1"
MAX_FILE = 160 * 1024  # a checkpoint, 64 hashes, and room for extra data of 64 KiB


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof file taken apart and not yet believed. ``extra``: data that nobody has signed, or None."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """The file's bytes."""
        lines = [HEADER]
        if self.extra:
            lines.append(b"extra " + encode_base64(self.extra))
        lines.append(b"index %d" % self.index)
        lines += map(encode_base64, self.hashes)
        return b"\n".join([*lines, b"", self.checkpoint])


def parse(text: bytes) -> Proof:
    """Take a proof file apart, its checkpoint left as it is; raises ``Refused`` ``proof.form``."""
    if len(text) > MAX_FILE:
        raise Refused("proof.form", f"{len(text)} bytes; at most {MAX_FILE} are taken")
    head, _, note = text.partition(b"\n\n")
    lines = head.split(b"\n")
    if lines.pop(0) != HEADER or not lines or not note:
        raise Refused("proof.form", "does not begin as a c2sp.org/tlog-proof@v1, or has no checkpoint")
    extra = _read_extra(lines.pop(0)) if lines[0].startswith(b"extra ") else None
    label, _, number = (lines.pop(0) if lines else b"").partition(b" ")
    index = decode_decimal(number, checkpoint.MAX_SIZE - 1)
    if label != b"index" or index is None:
        raise Refused("proof.form", "no line with an index in its one spelling, 0 to 2^53-2")
    if len(lines) > merkle.MAX_PROOF:
        raise Refused("proof.form", f"{len(lines)} hashes; {merkle.MAX_PROOF} are enough for any tree")
    return Proof(index, tuple(map(_read_hash, lines)), note, extra)


def _read_extra(line: bytes) -> bytes:
    extra = decode_base64(line.removeprefix(b"extra "))
    if not extra:
        raise Refused("proof.form", "extra data are empty or not in canonical base64")
    return extra


def _read_hash(line: bytes) -> bytes:
    found = decode_base64(line)
    if found is None or len(found) != merkle.HASH_SIZE:
        raise Refused("proof.form", "a hash is not 32 bytes in canonical base64")
    return found


def verify(
    text: bytes,
    entry: bytes,
    origin: str,
    keys: Mapping[Identity, VerifierKey],
    *,
    require_date: bool = False,
    policy: Policy | None = None,
) -> tuple[int, SignedCheckpoint]:
    """Check that the entry stands in OUR configured log; returns its index and the checkpoint that covers it.

    Raises ``Refused``: ``proof.form``, ``proof.inclusion``, and all reasons of ``checkpoint.read``. What the
    entry says, and whether its own signature holds, is for the gate.
    """
    proof = parse(text)
    signed = checkpoint.read(proof.checkpoint, origin, keys, require_date=require_date, policy=policy)
    tree = signed.checkpoint
    merkle.verify_inclusion(merkle.leaf_hash(entry), proof.index, tree.size, proof.hashes, tree.root)
    return proof.index, signed
