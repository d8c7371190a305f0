"""One file, one writer: a change is on the disk whole when it returns, and not at all when it raises (law 4)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import CannotRun
from gateway.ledger.database import VERSION, Database, connect

SCHEMA = "CREATE TABLE t (n INTEGER PRIMARY KEY);"


def add(*numbers: int) -> Callable[[sqlite3.Connection], int]:
    """A change, as ``write`` takes it."""

    def change(connection: sqlite3.Connection) -> int:
        connection.executemany("INSERT INTO t VALUES (?)", [(number,) for number in numbers])
        return len(numbers)

    return change


def numbers(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT n FROM t ORDER BY n")]


async def test_a_change_is_seen_by_every_connection_when_it_returns(tmp_path: Path) -> None:
    async with Database(tmp_path / "l.sqlite", SCHEMA) as database:
        assert await database.write(add(1, 2)) == 2
        other = database.reader()
        assert numbers(database.read) == numbers(other) == [1, 2]
        other.close()
    async with Database(tmp_path / "l.sqlite", SCHEMA) as database:
        assert numbers(database.read) == [1, 2]


async def test_what_a_change_raises_passes_through_and_nothing_is_kept(tmp_path: Path) -> None:
    def breaks(connection: sqlite3.Connection) -> None:
        add(3)(connection)
        raise ValueError("no")

    async with Database(tmp_path / "l.sqlite", SCHEMA) as database:
        await database.write(add(1))
        with pytest.raises(ValueError, match="no"):
            await database.write(breaks)
        assert numbers(database.read) == [1]
        await database.write(add(2))
        assert numbers(database.read) == [1, 2]


async def test_a_fault_of_sqlite_is_named_and_nothing_is_kept(tmp_path: Path) -> None:
    async with Database(tmp_path / "l.sqlite", SCHEMA) as database:
        await database.write(add(1))
        with pytest.raises(CannotRun, match=r"ledger\.io.*l\.sqlite.*nothing of this batch was kept"):
            await database.write(add(2, 1))
        assert numbers(database.read) == [1]


async def test_changes_that_overlap_are_made_one_after_the_other(tmp_path: Path) -> None:
    def grow(connection: sqlite3.Connection) -> None:
        add(len(numbers(connection)))(connection)

    async with Database(tmp_path / "l.sqlite", SCHEMA) as database:
        await asyncio.gather(*(database.write(grow) for _ in range(20)))
        assert numbers(database.read) == list(range(20))


async def test_a_caller_who_gives_up_does_not_tear_the_change(tmp_path: Path) -> None:
    async with Database(tmp_path / "l.sqlite", SCHEMA) as database:
        caller = asyncio.create_task(database.write(add(*range(1000))))
        await asyncio.sleep(0)
        caller.cancel()
        await asyncio.wait([caller])
        await database.write(add(5000))
        assert numbers(database.read) in ([*range(1000), 5000], [5000])


async def test_every_connection_syncs_fully(tmp_path: Path) -> None:
    async with Database(tmp_path / "l.sqlite", SCHEMA) as database:
        assert database.read.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert await database.write(lambda connection: connection.execute("PRAGMA synchronous").fetchone()) == (2,)


async def test_a_reader_cannot_write(tmp_path: Path) -> None:
    async with Database(tmp_path / "l.sqlite", SCHEMA) as database:
        reader = database.reader()
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            add(1)(reader)
        reader.close()


def test_another_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    connection = connect(path)
    connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    with pytest.raises(CannotRun, match=r"ledger\.version"):
        Database(path, SCHEMA)


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "l.sqlite").write_bytes(b"\xff" * 8192)
    with pytest.raises(CannotRun, match=r"ledger\.damaged.*l\.sqlite"):
        Database(tmp_path / "l.sqlite", SCHEMA)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"ledger\.io.*nowhere"):
        Database(tmp_path / "nowhere" / "l.sqlite", SCHEMA)
