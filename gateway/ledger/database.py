"""One SQLite file with one writer thread: where a node keeps what must survive (law 4).

WAL with ``synchronous=FULL``: when ``write`` returns, the transaction is on the disk; when it raises, nothing of it
is there. Writers queue up for the one thread; readers have connections of their own and are never blocked by a
writer.

>>> async with Database(folder / "ledger.sqlite", SCHEMA) as ledger:
...     await ledger.write(lambda connection: connection.execute("INSERT ..."))
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from gateway.errors import CannotRun

T = TypeVar("T")
VERSION = 3
BUSY_MS = 10_000
CHECKPOINT_PAGES = 4_000
PRIMARY_CODE = 0xFF
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def fault(path: Path, error: Exception, then: str = "") -> CannotRun:
    """What SQLite, the disk or lacking rows say, as an error with a name: ``ledger.damaged`` or ``ledger.io``."""
    damaged = isinstance(error, LookupError) or getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE in DAMAGED
    cure = "; `jjj-gateway audit` says what of it is damaged" if damaged else ""
    return CannotRun("ledger.damaged" if damaged else "ledger.io", f"{path}: {error}{then}{cure}")


@contextmanager
def faults_named(path: Path, then: str = "") -> Iterator[None]:
    """Read inside this block: its faults become ``CannotRun``, with what follows from them."""
    try:
        yield
    except (sqlite3.Error, LookupError) as error:
        raise fault(path, error, then) from error


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open one connection in autocommit mode, WAL, ``synchronous=FULL``. Raises ``CannotRun`` ``ledger.io`` naming
    the file.
    """
    try:
        if read_only:
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False, isolation_level=None
            )
        else:
            connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        connection.execute("PRAGMA cache_size=-16000")
    except sqlite3.Error as error:
        raise fault(path, error, "; it cannot be opened") from error
    return connection


class Database:
    """Owner of one SQLite file. ``read`` is the event loop's connection; ``reader()`` makes one for another thread."""

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._schema = schema
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"write-{path.stem}")
        self._writer: sqlite3.Connection | None = None
        self.read = self._open()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close_writer)
        self._thread.shutdown(wait=True)
        self.read.close()

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``change`` in one transaction on the writer thread; return when it is durable.

        An exception of ``change`` itself rolls back and passes through. A fault of SQLite or the disk rolls back,
        closes the connection (the next write opens a new one: after a failed sync nothing in memory is to be
        believed) and raises ``CannotRun`` ``ledger.io``.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, change)

    def reader(self) -> sqlite3.Connection:
        """A new read-only connection; the caller closes it."""
        return connect(self.path, read_only=True)

    def _open(self) -> sqlite3.Connection:
        connection = connect(self.path)
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                connection.executescript(f"BEGIN IMMEDIATE;\n{self._schema}\nPRAGMA user_version={VERSION};\nCOMMIT;")
            elif version != VERSION:
                raise CannotRun(
                    "ledger.version", f"{self.path} has version {version}; this program reads version {VERSION}"
                )
        except sqlite3.Error as error:
            connection.close()
            raise fault(self.path, error) from error
        return connection

    def _transact(self, change: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._writer is None:
                self._writer = connect(self.path)
            connection = self._writer
            connection.execute("BEGIN IMMEDIATE")
            result = change(connection)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._abandon()
            raise fault(self.path, error, "; nothing of this batch was kept") from error
        except BaseException:
            self._abandon()
            raise
        return result

    def _abandon(self) -> None:
        connection, self._writer = self._writer, None
        if connection is None:
            return
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            pass  # the connection is closed next, which rolls back what is left
        finally:
            connection.close()

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
