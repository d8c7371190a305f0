"""Is this entry in that log, and does this log extend that one? (RFC 6962, SHA-256; laws 3 and 8.)

Nothing here knows a clock, a disk or a network. Trees are built leaf by leaf with ``Frontier``; proofs are
made from any ``node(level, index)`` that knows the hashes of complete subtrees (tiles, tables, a list);
proofs of others are judged by the two ``verify`` functions, which end after at most 64 steps whatever they
are given.

>>> tree = Frontier()
>>> tree.extend(leaf_hash(entry) for entry in (b"a", b"b", b"c"))
>>> tree.size, tree.root().hex()[:8]
(3, '36642e73')
>>> verify_inclusion(leaf_hash(b"c"), 2, 3, inclusion_proof(2, 3, node), tree.root())
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from gateway.errors import Refused

HASH_SIZE = 32
MAX_PROOF = 64
MAX_TREE = 1 << 63
EMPTY_ROOT = sha256(b"").digest()

Node = Callable[[int, int], bytes]
"""``node(level, index)``: hash of the subtree of 2^level leaves that begins at leaf index·2^level."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(00 ‖ entry) (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(01 ‖ left ‖ right) (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def subtree_hash(hashes: Sequence[bytes]) -> bytes:
    """Root over 2^k neighbouring hashes (a tile's hash, one level up); ``ValueError`` for other counts."""
    count = len(hashes)
    if count == 0 or count & (count - 1):
        raise ValueError(f"{count} hashes are no complete subtree")
    while len(hashes) > 1:
        pairs = iter(hashes)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return hashes[0]


@dataclass(slots=True)
class Frontier:
    """The right edge of a growing tree: ``hashes`` of its complete subtrees, the largest and leftmost first.

    There is one for each bit set in ``size``; a wrong number is a ``ValueError``. Appending costs one hash on
    average, a root at most one hash for each bit of ``size``.
    """

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.size < 0 or self.size.bit_count() != len(self.hashes):
            raise ValueError(f"{len(self.hashes)} hashes are not the edge of a tree of {self.size} leaves")

    @classmethod
    def from_hashes(cls, leaf_hashes: Iterable[bytes]) -> Frontier:
        """The tree of these leaf hashes, in order."""
        tree = cls()
        tree.extend(leaf_hashes)
        return tree

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self.extend((leaf,))

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add leaf hashes in order. If the iterable raises, those before the error are in the tree."""
        hashes = self.hashes
        size = self.size
        pop, push = hashes.pop, hashes.append
        for leaf in leaf_hashes:
            ones = size
            top = leaf
            while ones & 1:
                top = sha256(b"\x01" + pop() + top).digest()
                ones >>= 1
            push(top)
            size += 1
            self.size = size

    def root(self) -> bytes:
        """Root hash of the tree as it stands; ``EMPTY_ROOT`` at size 0."""
        return _fold(self.hashes) if self.hashes else EMPTY_ROOT

    def copy(self) -> Frontier:
        """A tree that grows apart from this one."""
        return Frontier(self.size, self.hashes.copy())


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """Path of leaf ``index`` in a tree of ``size`` leaves, its sibling first (RFC 6962 section 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size} leaves")
    path = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _left_width(stop - start)
        if index < middle:
            path.append(_range_hash(middle, stop, node))
            stop = middle
        else:
            path.append(_range_hash(start, middle, node))
            start = middle
    path.reverse()
    return path


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """Proof that the first ``old`` of ``new`` leaves are the older tree (RFC 6962 section 2.1.2).

    Empty from size 0 and at equal sizes.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves does not extend one of {old}")
    if old in (0, new):
        return []
    path = []
    start, stop = 0, new
    while stop != old:
        middle = start + _left_width(stop - start)
        if old <= middle:
            path.append(_range_hash(middle, stop, node))
            stop = middle
        else:
            path.append(_range_hash(start, middle, node))
            start = middle
    if start > 0:  # else the old tree itself is the last subtree, and the verifier has its root
        path.append(_range_hash(start, stop, node))
    path.reverse()
    return path


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise ``Refused`` unless the path leads from the leaf hash to the root (RFC 9162 section 2.1.3.2).

    One path can verify at two (index, size) pairs: take size and root from one signed checkpoint, never from
    the prover. Reasons: ``proof.form`` (number or length of hashes), ``proof.inclusion``.
    """
    _check_form(proof)
    if not 0 <= index < size <= MAX_TREE:
        raise Refused("proof.inclusion", f"no leaf {index} in a tree of {size} leaves")
    first, last, result = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise Refused("proof.inclusion", f"{len(proof)} hashes are too many for leaf {index} of {size}")
        if first & 1 or first == last:
            result = node_hash(step, result)
            first, last = _up_to_right_turn(first, last)
        else:
            result = node_hash(result, step)
        first, last = first >> 1, last >> 1
    if last != 0 or result != root:
        raise Refused("proof.inclusion", f"the path of leaf {index} misses the root of {size} leaves")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Raise ``Refused`` unless the new tree has the old one as its beginning (RFC 9162 section 2.1.4.2).

    From size 0 every tree is consistent, with an empty proof. One proof can verify at several new sizes: take
    sizes and roots from signed checkpoints. Reasons: ``proof.form``, ``proof.consistency``.
    """
    _check_form(proof)
    if not 0 <= old <= new <= MAX_TREE:
        raise Refused("proof.consistency", f"a tree of {new} leaves does not extend one of {old}")
    if old in (0, new):
        if proof or (old == new and old_root != new_root):
            raise Refused(
                "proof.consistency", f"roots differ at size {old}, or a needless proof stands there"
            )
        return
    if not proof:
        raise Refused("proof.consistency", f"no proof that {new} leaves extend {old}")
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    if _walk(old, new, steps) != (old_root, new_root):
        raise Refused("proof.consistency", f"the tree of {new} leaves does not extend the one of {old}")


def _walk(old: int, new: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The two roots that a consistency proof leads to; None if it is too long or too short for the sizes."""
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if first & 1 or first == last:
            older, newer = node_hash(step, older), node_hash(step, newer)
            first, last = _up_to_right_turn(first, last)
        else:
            newer = node_hash(newer, step)
        first, last = first >> 1, last >> 1
    return (older, newer) if last == 0 else None


def _up_to_right_turn(first: int, last: int) -> tuple[int, int]:
    while first and not first & 1:  # never 0 while the callers stop at last == 0; RFC 9162 guards it too
        first, last = first >> 1, last >> 1
    return first, last


def _check_form(proof: Sequence[bytes]) -> None:
    if len(proof) > MAX_PROOF:
        raise Refused("proof.form", f"{len(proof)} hashes; {MAX_PROOF} are enough for any tree")
    if any(len(step) != HASH_SIZE for step in proof):
        raise Refused("proof.form", f"a hash is not {HASH_SIZE} bytes")


def _left_width(width: int) -> int:
    """Largest power of two below ``width`` (> 1): where RFC 6962 splits a tree."""
    return 1 << ((width - 1).bit_length() - 1)


def _range_hash(start: int, stop: int, node: Node) -> bytes:
    """Hash of leaves ``start`` to ``stop`` - 1, where ``start`` is a multiple of the power of two that covers
    the width.
    """
    hashes = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        hashes.append(node(level, start >> level))
        start += 1 << level
    return _fold(hashes)


def _fold(hashes: Sequence[bytes]) -> bytes:
    result = hashes[-1]
    for left in hashes[-2::-1]:
        result = node_hash(left, result)
    return result
