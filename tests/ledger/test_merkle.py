"""The fast tree against published vectors, against a naive one, and against everything a liar could send."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.ledger import merkle
from gateway.ledger.merkle import Frontier
from tests.ledger import naive

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "rfc6962.json").read_bytes())
LEAVES = naive.leaf_hashes(300)
ROOTS = [naive.tree_hash(LEAVES[:size]) for size in range(70)]


def unhex(texts: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


def node_of(leaves: Sequence[bytes]) -> merkle.Node:
    def node(level: int, index: int) -> bytes:
        found = leaves[index << level : (index + 1) << level]
        assert len(found) == 1 << level, "a node that is not complete was asked for"
        return naive.tree_hash(found)

    return node


def refusal(call: object, *arguments: object) -> str:
    assert callable(call)
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.reason


def test_published_roots() -> None:
    tree = Frontier()
    assert tree.root().hex() == VECTORS["roots"][0]
    for entry, root in zip(unhex(VECTORS["entries"]), VECTORS["roots"][1:], strict=True):
        tree.append(merkle.leaf_hash(entry))
        assert tree.root().hex() == root


@pytest.mark.parametrize("vector", VECTORS["inclusion"])
def test_published_inclusion_proofs(vector: dict[str, object]) -> None:
    leaves = [merkle.leaf_hash(entry) for entry in unhex(VECTORS["entries"])]
    index, size, proof = vector["index"], vector["size"], unhex(vector["proof"])
    assert merkle.inclusion_proof(index, size, node_of(leaves)) == proof
    merkle.verify_inclusion(leaves[index], index, size, proof, bytes.fromhex(VECTORS["roots"][size]))


@pytest.mark.parametrize("vector", VECTORS["consistency"])
def test_published_consistency_proofs(vector: dict[str, object]) -> None:
    leaves = [merkle.leaf_hash(entry) for entry in unhex(VECTORS["entries"])]
    old, new, proof = vector["old"], vector["new"], unhex(vector["proof"])
    assert merkle.consistency_proof(old, new, node_of(leaves)) == proof
    merkle.verify_consistency(old, new, proof, *unhex([VECTORS["roots"][old], VECTORS["roots"][new]]))


def test_a_tree_grows_as_the_naive_one() -> None:
    tree = Frontier()
    for size, leaf in enumerate(LEAVES[:69], start=1):
        tree.append(leaf)
        assert (tree.size, tree.root()) == (size, ROOTS[size])


@given(st.integers(0, 300), st.integers(0, 300))
def test_extending_in_parts_is_extending_at_once(first: int, second: int) -> None:
    low, high = sorted((first, second))
    tree = Frontier.from_hashes(LEAVES[:low])
    before = tree.root()
    grown = tree.copy()
    grown.extend(iter(LEAVES[low:high]))
    assert grown == Frontier.from_hashes(LEAVES[:high])
    assert grown.root() == naive.tree_hash(LEAVES[:high])
    assert tree.root() == before, "a copy grew its original"


def test_a_frontier_goes_on_from_its_hashes() -> None:
    edge = Frontier.from_hashes(LEAVES[:45])
    again = Frontier(45, [naive.tree_hash(LEAVES[a:b]) for a, b in ((0, 32), (32, 40), (40, 44), (44, 45))])
    assert again == edge
    again.extend(LEAVES[45:69])
    assert again.root() == ROOTS[69]


def test_an_iterable_that_fails_leaves_the_leaves_before_it() -> None:
    def leaves() -> object:
        yield from LEAVES[:5]
        raise LookupError

    tree = Frontier()
    with pytest.raises(LookupError):
        tree.extend(leaves())
    assert tree == Frontier.from_hashes(LEAVES[:5])


@pytest.mark.parametrize(("size", "count"), [(3, 1), (0, 1), (4, 2), (-1, 1)])
def test_a_frontier_of_the_wrong_number_of_hashes_is_an_error(size: int, count: int) -> None:
    with pytest.raises(ValueError, match="not the edge"):
        Frontier(size, LEAVES[:count])


def test_subtree_hash() -> None:
    for level in range(9):
        assert merkle.subtree_hash(LEAVES[: 1 << level]) == naive.tree_hash(LEAVES[: 1 << level])
    for count in (0, 3, 255, 257):
        with pytest.raises(ValueError, match="no complete subtree"):
            merkle.subtree_hash(LEAVES[:count])


def test_every_inclusion_proof_of_small_trees() -> None:
    for size in range(1, 70):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, node_of(LEAVES))
            assert proof == naive.path(index, LEAVES[:size])
            merkle.verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


def test_every_consistency_proof_of_small_trees() -> None:
    for new in range(70):
        for old in range(new + 1):
            proof = merkle.consistency_proof(old, new, node_of(LEAVES))
            assert proof == (naive.proof(old, LEAVES[:new]) if old else [])
            merkle.verify_consistency(old, new, proof, ROOTS[old], ROOTS[new])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_no_proof_is_made_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_proof(index, size, node_of(LEAVES))


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5)])
def test_no_proof_is_made_that_a_tree_extends_a_larger_one(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="does not extend"):
        merkle.consistency_proof(old, new, node_of(LEAVES))


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(changed)


def mutations(proof: list[bytes], bit: int) -> list[list[bytes]]:
    """Every near miss of a proof: one hash changed, dropped, doubled, added, two swapped."""
    places = range(len(proof))
    changed = [[*proof[:at], flipped(proof[at], bit), *proof[at + 1 :]] for at in places]
    dropped = [[*proof[:at], *proof[at + 1 :]] for at in places]
    doubled = [[*proof[: at + 1], *proof[at:]] for at in places]
    swapped = [[*proof[:at], proof[at + 1], proof[at], *proof[at + 2 :]] for at in places[:-1]]
    return [*changed, *dropped, *doubled, *swapped, [*proof, LEAVES[-1]], [LEAVES[-1], *proof]]


@given(st.integers(1, 69), st.data(), st.integers(0, 255))
def test_every_mutation_of_an_inclusion_proof_is_refused(size: int, data: st.DataObject, bit: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaf, root, proof = LEAVES[index], ROOTS[size], naive.path(index, LEAVES[:size])
    for wrong in mutations(proof, bit):
        assert refusal(merkle.verify_inclusion, leaf, index, size, wrong, root) == "proof.inclusion"
    wrong_facts = [
        (flipped(leaf, bit), index, size, root),
        (leaf, index, size, flipped(root, bit)),
        (leaf, index, size, ROOTS[size - 1]),
        *((leaf, other, size, root) for other in range(-1, size + 2) if other != index),
    ]
    for leaf_hash, at, of, to in wrong_facts:
        assert refusal(merkle.verify_inclusion, leaf_hash, at, of, proof, to) == "proof.inclusion"


def test_one_path_can_verify_at_two_sizes() -> None:
    """Why the size comes from the signed checkpoint only."""
    proof = naive.path(4, LEAVES[:5])
    merkle.verify_inclusion(LEAVES[4], 4, 5, proof, ROOTS[5])
    merkle.verify_inclusion(LEAVES[4], 1, 2, proof, ROOTS[5])


@pytest.mark.parametrize(("size", "claimed"), [(2, 1), (3, 1), (5, 1), (8, 4), (69, 5)])
def test_a_path_too_long_for_the_size_is_refused_although_it_leads_to_the_root(
    size: int, claimed: int
) -> None:
    proof = naive.path(size - 1, LEAVES[:size])
    for index in range(claimed):
        arguments = (LEAVES[size - 1], index, claimed, proof, ROOTS[size])
        assert refusal(merkle.verify_inclusion, *arguments) == "proof.inclusion"


def test_one_consistency_proof_can_verify_at_two_sizes() -> None:
    """Why both sizes come from signed checkpoints only."""
    proof = naive.proof(1, LEAVES[:3])
    merkle.verify_consistency(1, 3, proof, ROOTS[1], ROOTS[3])
    merkle.verify_consistency(1, 4, proof, ROOTS[1], ROOTS[3])


@given(st.integers(2, 69), st.data(), st.integers(0, 255))
def test_every_mutation_of_a_consistency_proof_is_refused(new: int, data: st.DataObject, bit: int) -> None:
    old = data.draw(st.integers(1, new - 1))
    proof = naive.proof(old, LEAVES[:new])
    for wrong in mutations(proof, bit):
        reason = refusal(merkle.verify_consistency, old, new, wrong, ROOTS[old], ROOTS[new])
        assert reason == "proof.consistency"
    wrong_facts = [
        (old, new, flipped(ROOTS[old], bit), ROOTS[new]),
        (old, new, ROOTS[old], flipped(ROOTS[new], bit)),
        (old, new, ROOTS[new], ROOTS[old]),
        (new, old, ROOTS[new], ROOTS[old]),
        *((other, new, ROOTS[old], ROOTS[new]) for other in range(-1, new + 2) if other != old),
    ]
    for older, newer, first, second in wrong_facts:
        assert refusal(merkle.verify_consistency, older, newer, proof, first, second) == "proof.consistency"


def test_consistency_at_its_edges() -> None:
    merkle.verify_consistency(0, 0, [], merkle.EMPTY_ROOT, merkle.EMPTY_ROOT)
    merkle.verify_consistency(0, 5, [], merkle.EMPTY_ROOT, ROOTS[5])
    merkle.verify_consistency(5, 5, [], ROOTS[5], ROOTS[5])
    for old, new, proof, first, second in (
        (0, 0, [], merkle.EMPTY_ROOT, ROOTS[1]),
        (0, 5, [ROOTS[5]], merkle.EMPTY_ROOT, ROOTS[5]),
        (5, 5, [ROOTS[5]], ROOTS[5], ROOTS[5]),
        (5, 5, [], ROOTS[5], ROOTS[6]),
        (4, 5, [], ROOTS[4], ROOTS[5]),
    ):
        assert refusal(merkle.verify_consistency, old, new, proof, first, second) == "proof.consistency"


@pytest.mark.parametrize("proof", [[b""], [bytes(31)], [bytes(33)], [bytes(32)] * 65])
def test_hashes_of_another_length_and_endless_proofs_are_refused(proof: list[bytes]) -> None:
    assert refusal(merkle.verify_inclusion, LEAVES[0], 0, 2, proof, ROOTS[2]) == "proof.form"
    assert refusal(merkle.verify_consistency, 1, 2, proof, ROOTS[1], ROOTS[2]) == "proof.form"


@given(st.integers(-2, 2**64), st.integers(-2, 2**64), st.lists(st.just(bytes(32)), max_size=66))
def test_any_sizes_and_any_proof_end_in_a_refusal(first: int, second: int, proof: list[bytes]) -> None:
    """Evil proofs ended in an endless loop elsewhere; here they end, and never verify."""
    assert refusal(merkle.verify_inclusion, LEAVES[0], first, second, proof, ROOTS[9]).startswith("proof.")
    if first != 0:  # from 0 everything is consistent
        reason = refusal(merkle.verify_consistency, first, second, proof, ROOTS[8], ROOTS[9])
        assert reason.startswith("proof.")


def test_a_tree_of_the_greatest_size() -> None:
    """Every subtree of 2^level equal leaves has the same hash, so 2^63 leaves cost 64 hashes."""
    levels = [LEAVES[0]]
    for _ in range(63):
        levels.append(merkle.node_hash(levels[-1], levels[-1]))

    def node(level: int, _index: int) -> bytes:
        return levels[level]

    for size in (2**63, 2**63 - 1, 2**53 - 1):
        root = fold(size, levels)
        for index in (0, 1, size // 3, size - 1):
            proof = merkle.inclusion_proof(index, size, node)
            assert len(proof) <= 64
            merkle.verify_inclusion(LEAVES[0], index, size, proof, root)
        for old in (1, 2, size // 3, size // 2, size - 1):
            proof = merkle.consistency_proof(old, size, node)
            merkle.verify_consistency(old, size, proof, fold(old, levels), root)


def fold(size: int, levels: Sequence[bytes]) -> bytes:
    return Frontier(size, [levels[level] for level in range(63, -1, -1) if size >> level & 1]).root()
