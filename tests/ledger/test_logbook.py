"""The tables of a log: what is kept as tiles is the tree of the leaves, however they came (law 3)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ledger import logbook, tiles
from gateway.ledger.logbook import INDEX_MASK, Log, Seal
from gateway.ledger.merkle import Frontier, leaf_hash
from tests.ledger import naive

ORIGIN = "jjj.test/sanhe/licence"


@contextmanager
def opened() -> Iterator[tuple[sqlite3.Connection, Log]]:
    """A log between two others, whose rows must never be taken for its own."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(logbook.TABLES)
        for other in ("before", "", "after"):
            log = logbook.open_log(connection, f"{other}{ORIGIN}", "sanhe", "licence")
            if other:
                logbook.append(connection, log.number, 0, [b"other"] * 3, [leaf_hash(b"other")] * 3)
                logbook.add_seal(connection, log.number, Seal(3, bytes(32), 5, b"other", 0))
        found = logbook.find_log(connection, ORIGIN)
        assert found is not None
        yield connection, found


def leaves(count: int) -> tuple[list[bytes], list[bytes]]:
    entries = [b"%d" % index for index in range(count)]
    return entries, [leaf_hash(entry) for entry in entries]


def append(connection: sqlite3.Connection, log: Log, sizes: list[int]) -> None:
    """Append up to each of these sizes in turn."""
    entries, hashes = leaves(max(sizes))
    start = 0
    for size in sizes:
        logbook.append(connection, log.number, start, entries[start:size], hashes[start:size])
        start = size


@settings(max_examples=40)
@given(sizes=st.lists(st.integers(0, 1200), min_size=1, max_size=5).map(sorted))
def test_leaves_in_any_pieces_make_the_tiles_of_their_tree(sizes: list[int]) -> None:
    _, hashes = leaves(sizes[-1])
    with opened() as (connection, log):
        append(connection, log, sizes)
        for tile, held in tiles.build_tiles(hashes):
            assert logbook.tile(connection, log.number, tile.level, tile.number)[: len(held)] == held
        assert logbook.find_log(connection, ORIGIN).size == sizes[-1]


@settings(max_examples=60)
@given(size=st.integers(0, 600), data=st.data())
def test_the_root_and_the_edge_of_every_smaller_tree_are_at_hand(size: int, data: st.DataObject) -> None:
    _, hashes = leaves(size)
    wanted = data.draw(st.integers(0, size))
    with opened() as (connection, log):
        append(connection, log, [size])
        assert logbook.root_at(connection, log.number, wanted) == naive.tree_hash(hashes[:wanted])
        edge = logbook.frontier(connection, log.number, wanted)
        edge.extend(hashes[wanted:])
        assert edge.root() == naive.tree_hash(hashes)
        for index in sorted({0, wanted, size - 1} & set(range(size))):
            assert logbook.leaf_hash_at(connection, log.number, index) == hashes[index]
        assert logbook.leaf_hash_at(connection, log.number, size) is None


def test_a_subtree_that_is_not_whole_is_not_there() -> None:
    with opened() as (connection, log):
        append(connection, log, [300])
        for level, index in ((0, 300), (9, 0), (8, 1), (3, 37), (40, 0)):
            with pytest.raises(LookupError):
                logbook.node(connection, log.number, level, index)


def test_entries_are_read_back_as_they_came() -> None:
    with opened() as (connection, log):
        append(connection, log, [7])
        entries, _ = leaves(7)
        assert list(logbook.entries(connection, log.number, 2, 5)) == entries[2:5]
        assert logbook.entry(connection, log.number, 6) == entries[6]
        assert logbook.entry(connection, log.number, 7) is None


def seal(size: int, date: int = 0) -> Seal:
    return Seal(size, bytes(32), date or 100 + size, b"note %d" % size, 0)


def test_which_seal_dates_which_leaf() -> None:
    """The smallest of a size above the index; never another log's."""
    with opened() as (connection, log):
        for size in (2, 5):
            logbook.add_seal(connection, log.number, seal(size))
        cover = [logbook.seal_covering(connection, log.number, index) for index in range(6)]
        assert [each.size if each else None for each in cover] == [2, 2, 5, 5, 5, None]
        below = [logbook.seal_below(connection, log.number, size) for size in (1, 2, 3, 5, 6)]
        assert [each.size if each else None for each in below] == [None, None, 2, 2, 5]
        assert logbook.last_seal(connection, log.number).size == 5
        assert [each.size for each in logbook.seals(connection, log.number, 2, 5)] == [5]
        assert logbook.count_seals(connection, log.number) == 2
        assert logbook.seal_covering(connection, log.number, INDEX_MASK) is None


def test_the_first_seal_of_a_size_stays_unless_it_is_replaced_on_purpose() -> None:
    with opened() as (connection, log):
        logbook.add_seal(connection, log.number, seal(2, 100))
        logbook.add_seal(connection, log.number, seal(2, 90))
        assert logbook.seal_at(connection, log.number, 2).date == 100
        logbook.put_seal(connection, log.number, seal(2, 90))
        assert logbook.seal_at(connection, log.number, 2).date == 90
        assert logbook.count_seals(connection, log.number) == 1


def test_the_newest_checkpoint_is_the_largest_then_the_latest_dated() -> None:
    with opened() as (connection, log):
        assert logbook.newest_checkpoint(connection, log.number) is None
        logbook.set_heartbeat(connection, log.number, 0, 50, b"empty")
        assert logbook.newest_checkpoint(connection, log.number) == (0, 50, b"empty")
        logbook.add_seal(connection, log.number, seal(3, 100))
        assert logbook.newest_checkpoint(connection, log.number) == (3, 100, b"note 3")
        logbook.set_heartbeat(connection, log.number, 3, 120, b"beat")
        assert logbook.newest_checkpoint(connection, log.number) == (3, 120, b"beat")
        logbook.set_heartbeat(connection, log.number, 3, 110, b"older")
        assert logbook.newest_checkpoint(connection, log.number) == (3, 120, b"beat")


def test_a_fork_is_kept_once_and_freezes_its_log_alone() -> None:
    with opened() as (connection, log):
        for _ in range(2):
            logbook.freeze(connection, ORIGIN, "log.fork", b"one", b"two", 7)
        assert logbook.evidence(connection) == [(ORIGIN, "log.fork", b"one", b"two", 7)]
        assert [each.frozen for each in logbook.all_logs(connection)] == [None, "log.fork", None]
        assert logbook.find_log(connection, ORIGIN).number == log.number


def test_opening_a_log_twice_changes_nothing() -> None:
    with opened() as (connection, log):
        append(connection, log, [3])
        again = logbook.open_log(connection, ORIGIN, "sanhe", "licence")
        assert (again.number, again.size) == (log.number, 3)


def test_a_frontier_of_nothing_is_the_empty_tree() -> None:
    with opened() as (connection, log):
        assert logbook.root_at(connection, log.number, 0) == Frontier(0, []).root()
