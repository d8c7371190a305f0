"""The provisional end of a mirrored log: any order, doubles and rubbish end with exactly the signed leaves (law 5)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.node import tail as tail_module
from gateway.node.statements import Statement
from gateway.node.tail import Run, Tail


def leaf(index: int) -> bytes:
    return b"leaf %d" % index


def statement(size: int, date: int = 0, entries: list[bytes] | None = None) -> Statement:
    """What the owner signs over its first leaves."""
    tree = Frontier(0, [])
    tree.extend([leaf_hash(entry) for entry in (entries or [leaf(i) for i in range(size)])[:size]])
    return Statement("origin", size, tree.root(), date or 1000 + size, b"note %d" % size)


def empty() -> Tail:
    return Tail(Frontier(0, []))


def filled(count: int) -> Tail:
    tail = empty()
    for index in range(count):
        assert tail.add(index, leaf(index), 100 + index) is None
    return tail


def test_leaves_without_a_checkpoint_are_never_handed_out() -> None:
    tail = filled(3)
    assert tail.take() is None
    assert (tail.size, tail.covered, tail.end) == (0, 0, 3)


def test_a_checkpoint_hands_out_the_leaves_it_covers_and_no_more() -> None:
    tail = filled(3)
    assert tail.cover(statement(2), known=7)
    run = tail.take()
    assert run is not None
    assert (run.start, run.entries, run.position) == (0, [leaf(0), leaf(1)], 102)
    assert [(seal.size, seal.date, seal.known, seal.note) for seal in run.seals] == [(2, 1002, 7, b"note 2")]
    tail.settled(run)
    assert (tail.size, tail.end, tail.take()) == (2, 3, None)


def test_what_was_handed_out_stays_until_it_is_durable() -> None:
    tail = filled(2)
    tail.cover(statement(2), known=0)
    assert tail.take() == tail.take()
    assert tail.size == 0


def test_several_checkpoints_make_one_run_with_each_seal() -> None:
    tail = filled(3)
    assert tail.cover(statement(1), 0)
    assert tail.cover(statement(3), 0)
    run = tail.take()
    assert run is not None
    assert [seal.size for seal in run.seals] == [1, 3]


def test_a_root_that_does_not_fit_drops_the_provisional_leaves_and_keeps_the_covered() -> None:
    tail = filled(2)
    tail.cover(statement(2), 0)
    tail.add(2, b"rubbish", 102)
    assert not tail.cover(statement(3), 0)
    assert (tail.covered, tail.end) == (2, 2)
    assert tail.add(2, leaf(2), 103) is None
    assert tail.cover(statement(3), 0)


def test_a_checkpoint_of_more_than_is_held_does_not_cover() -> None:
    assert not filled(2).cover(statement(3), 0)


def test_two_leaves_at_one_index_are_rubbish_whoever_comes_second() -> None:
    tail = filled(1)
    assert tail.add(0, b"other", 101) == "index.taken"
    assert tail.add(0, leaf(0), 102) is None


def test_two_leaves_at_one_index_ahead_are_rubbish_too() -> None:
    tail = empty()
    tail.add(5, leaf(5), 0)
    assert tail.add(5, b"other", 1) == "index.taken"


def test_a_leaf_below_what_is_durable_is_passed_over() -> None:
    tail = filled(1)
    tail.cover(statement(1), 0)
    tail.settled(tail.take() or pytest.fail("nothing was taken"))
    assert tail.add(0, b"anything", 101) is None
    assert tail.end == 1


def test_leaves_ahead_wait_for_the_gap_to_close() -> None:
    tail = empty()
    for index in (2, 1):
        assert tail.add(index, leaf(index), index) is None
    assert tail.end == 0
    tail.add(0, leaf(0), 5)
    assert tail.end == 3
    assert tail.cover(statement(3), 0)


def test_room_ahead_is_bounded_and_the_nearest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "MOST_AHEAD", 3)
    tail = empty()
    faults = [tail.add(index, leaf(index), index) for index in (10**14, 4, 3, 2, 1, 10**13)]
    assert faults == [None, None, None, "index.ahead", "index.ahead", "index.ahead"]
    tail.add(0, leaf(0), 0)
    assert tail.end == 4


def test_room_ahead_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "MOST_AHEAD_BYTES", 10)
    tail = empty()
    assert tail.add(3, b"12345", 0) is None
    assert tail.add(2, b"123456", 0) == "index.ahead"
    assert tail.add(1, b"12345678901", 0) == "index.ahead"
    tail.add(0, leaf(0), 0)
    assert tail.end == 1


def test_rubbish_ahead_never_keeps_out_the_next_leaf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "MOST_BYTES", 100)
    monkeypatch.setattr(tail_module, "MOST_AHEAD_BYTES", 100)
    tail = empty()
    tail.add(9, b"*" * 95, 0)
    assert tail.add(0, leaf(0), 1) is None


def test_provisional_leaves_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "MOST_LEAVES", 2)
    tail = filled(2)
    assert tail.add(2, leaf(2), 0) == "tail.full"
    monkeypatch.setattr(tail_module, "MOST_LEAVES", 1_000)
    monkeypatch.setattr(tail_module, "MOST_BYTES", 20)
    assert tail.add(2, b"*" * 20, 0) == "tail.full"


def test_room_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "MOST_BYTES", 40)
    monkeypatch.setattr(tail_module, "MOST_AHEAD_BYTES", 40)
    tail = empty()
    for start in range(0, 60, 3):
        for index in (start + 2, start + 1, start):
            assert tail.add(index, leaf(index), index) is None, index
        assert tail.cover(statement(start + 2), 0)
        run = tail.take()
        assert run is not None
        tail.settled(run)
        tail.drop()
        assert tail.add(start + 2, leaf(start + 2), 0) is None
        assert tail.cover(statement(start + 3), 0)
        tail.settled(tail.take() or pytest.fail("nothing was taken"))


def test_the_topic_goes_on_behind_leaves_that_no_checkpoint_covers_yet() -> None:
    """After a restart these are read once more."""
    tail = filled(3)
    tail.position = 103
    tail.cover(statement(2), 0)
    run = tail.take()
    assert run is not None
    assert run.position == 102


# Any order, doubles and rubbish

SIZE = 12
LEAVES = [leaf(index) for index in range(SIZE)]
GENUINE = st.integers(0, SIZE - 1).map(lambda index: (index, LEAVES[index]))
RUBBISH = st.tuples(st.integers(0, SIZE + 3) | st.just(10**14), st.sampled_from([b"x", b"y", leaf(3)]))
SEALS = st.integers(1, SIZE)
STEPS = st.lists(GENUINE | RUBBISH | SEALS, max_size=60)


class Reader:
    """What a follower does with its tail: it settles runs, and fetches from tiles what a signed root lacks."""

    def __init__(self) -> None:
        self.tail = empty()
        self.durable: list[bytes] = []

    def settle(self) -> None:
        run = self.tail.take()
        if run is not None:
            self.check(run)
            self.durable.extend(run.entries)
            self.tail.settled(run)

    def check(self, run: Run) -> None:
        assert run.start == len(self.durable)
        assert [seal.size for seal in run.seals] == sorted({seal.size for seal in run.seals})
        assert run.seals[-1].size == run.start + len(run.entries) == run.frontier.size
        assert run.seals[-1].root == run.frontier.root()

    def hear(self, size: int, *, tiles: bool) -> None:
        if size <= self.tail.covered:
            return
        covered = size <= self.tail.end and self.tail.cover(statement(size), 0)
        if not covered and tiles:
            self.tail.drop()
            for index in range(self.tail.end, size):
                assert self.tail.add(index, LEAVES[index], None) is None
            assert self.tail.cover(statement(size), 0)


@settings(max_examples=400)
@given(steps=STEPS, settle_each=st.booleans())
def test_any_order_doubles_and_rubbish_end_with_exactly_the_signed_leaves(
    steps: list[tuple[int, bytes] | int], settle_each: bool
) -> None:
    reader = Reader()
    for place, step in enumerate(steps):
        if isinstance(step, int):
            reader.hear(step, tiles=False)
        else:
            reader.tail.add(*step, place)
        if settle_each:
            reader.settle()
        assert reader.durable == LEAVES[: len(reader.durable)]
    reader.settle()
    reader.hear(SIZE, tiles=True)
    reader.settle()
    assert reader.durable == LEAVES


@settings(max_examples=200)
@given(order=st.permutations(range(SIZE)), doubles=st.lists(st.integers(0, SIZE - 1), max_size=10))
def test_genuine_leaves_in_any_order_need_no_tiles(order: list[int], doubles: list[int]) -> None:
    reader = Reader()
    for index in (*order, *doubles):
        assert reader.tail.add(index, LEAVES[index], index) is None
    reader.hear(SIZE, tiles=False)
    reader.settle()
    assert reader.durable == LEAVES
