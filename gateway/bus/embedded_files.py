"""HOW do several processes of one machine share a SQLite file safely? It is born whole; faults bear its name.

A file is made aside and linked into place, so whoever sees it can use it: no half-made file, no race of makers.
Everything here blocks and belongs to one thread.

>>> with faults_named(path):
...     make(path, "CREATE TABLE claim (epoch INTEGER NOT NULL);")
...     connection = connect(path, busy_s=5)
...     with transaction(connection, "BEGIN IMMEDIATE"):
...         connection.execute("UPDATE claim SET epoch = epoch + 1")
"""

from __future__ import annotations

import os
import sqlite3
import struct
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from gateway.bus.port import BusUnavailable

FORMAT = 1


@contextmanager
def faults_named(path: Path) -> Iterator[None]:
    """Any fault of SQLite, the disk or the file's content becomes ``BusUnavailable`` naming the file."""
    try:
        yield
    except (sqlite3.Error, OSError, ValueError, struct.error) as error:
        raise BusUnavailable(f"{path}: {error}") from error


def make(path: Path, tables: str) -> None:
    """Make the file with its tables, in one step to all who look. One that came first is kept."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as aside:
        draft = Path(aside) / path.name
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            # With pages of 16 KiB records of 1.5 kB are written twice as fast as with the usual 4 KiB.
            connection.executescript(
                "PRAGMA page_size=16384; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                f"BEGIN; {tables} PRAGMA user_version={FORMAT}; COMMIT;"
            )
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    _sync_folder(path.parent)


def connect(path: Path, busy_s: float) -> sqlite3.Connection:
    """A connection in autocommit mode to a file that exists; it waits up to ``busy_s`` seconds for locks."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=busy_s)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != FORMAT:
            raise ValueError(f"it has format {version}; this program reads format {FORMAT}")
        connection.executescript("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=500;")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    """All of the block or nothing. ``begin``: BEGIN (a snapshot, to read) or BEGIN IMMEDIATE (to write)."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # after some faults SQLite has rolled back already
            connection.execute("ROLLBACK")
        raise


def _sync_folder(folder: Path) -> None:
    """A new file survives a power cut only once its folder is synced too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
