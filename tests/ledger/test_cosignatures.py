"""Cosignatures in the ledger: first and last of each, lines under notes, who covers a leaf."""

from __future__ import annotations

import sqlite3

import pytest

from gateway.ledger import cosignatures, logbook
from gateway.ledger.cosignatures import Cosignature, Reach

ONE, OTHER = "jjj.test/tongzhou/witness", "jjj.test/dachang/witness"


@pytest.fixture
def connection() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.executescript(logbook.TABLES + cosignatures.TABLES)
    return made


def signed(size: int, date: int, name: str = ONE) -> Cosignature:
    return Cosignature(size, name, name[:4].encode(), date, date.to_bytes(8) + bytes(64))


def test_the_first_and_the_last_of_each_key_stay(connection: sqlite3.Connection) -> None:
    for date in (20, 10, 30, 25):
        cosignatures.keep(connection, 1, [signed(3, date), signed(3, date + 1, OTHER)])
    dates = [(each.name, each.date) for each in cosignatures.at(connection, 1, 3)]
    assert dates == [(OTHER, 11), (OTHER, 31), (ONE, 10), (ONE, 30)]
    assert [each.payload[:8] for each in cosignatures.at(connection, 1, 3)] == [each.to_bytes(8) for _, each in dates]


def test_another_log_has_its_own(connection: sqlite3.Connection) -> None:
    cosignatures.keep(connection, 1, [signed(3, 10)])
    assert cosignatures.at(connection, 2, 3) == []
    assert cosignatures.reaches(connection, 2) == []
    assert list(cosignatures.covering(connection, 2, 0)) == []


def test_who_covers_a_leaf_has_cosigned_a_larger_size(connection: sqlite3.Connection) -> None:
    cosignatures.keep(connection, 1, [signed(3, 10), signed(5, 20), signed(9, 30), signed(4, 15, OTHER)])
    assert {by[0]: {each.size for each in found} for by, found in cosignatures.covering(connection, 1, 2)} == {
        ONE: {3, 9},
        OTHER: {4},
    }
    assert {by[0] for by, _ in cosignatures.covering(connection, 1, 4)} == {ONE}
    assert list(cosignatures.covering(connection, 1, 9)) == []


def test_how_far_each_witness_has_come(connection: sqlite3.Connection) -> None:
    cosignatures.keep(connection, 1, [signed(3, 10), signed(5, 20), signed(5, 40), signed(4, 15, OTHER)])
    assert cosignatures.reaches(connection, 1) == [Reach(OTHER, b"jjj.", 4, 15), Reach(ONE, b"jjj.", 5, 40)]


def test_a_note_takes_no_more_lines_than_it_may_have() -> None:
    note, line = b"a\n\n" + "— a AAAAAAAA\n".encode() * 120, "— b AAAAAAAA\n".encode()
    assert cosignatures.with_lines(note, [line] * 20) == note + line * 8
    long = b"a" * 65_000 + b"\n\n" + "— a AAAAAAAA\n".encode()
    assert len(cosignatures.with_lines(long, [line] * 100)) <= 65_535


def test_history_has_the_lines_after_each_seal(connection: sqlite3.Connection) -> None:
    for size in (2, 5, 7):
        logbook.add_seal(connection, 1, logbook.Seal(size, bytes(32), size, b"note %d\n\nown\n" % size, 0))
    cosignatures.keep(connection, 1, [signed(5, 10), signed(5, 20)])
    first, second = (each.line() for each in cosignatures.at(connection, 1, 5))
    assert cosignatures.history_file(connection, 1, 0, 6) == [b"note 2\n\nown\n", b"note 5\n\nown\n" + first + second]
    assert cosignatures.history_file(connection, 1, 1, 9) == []
