"""Where followed records go, and how far one has got: daily files with the state that belongs to them, or plain lines.

    DIR/2026-11-23.ndjson  DIR/2026-11-23-licence.csv  DIR/2026-11-23-credit.csv  DIR/2026-11-23-refused.ndjson
    DIR/.follow.sqlite     how far each log was read, and how long each file is

A file's day is the day on which its lines were written (Asia/Shanghai): once it is over, the file changes no more. The
state is committed when the files are on the disk; what a killed run wrote beyond it is cut off by the next. So nothing
is repeated and nothing lost. A file that was moved away is not missed, and begins anew if its day is not over.

>>> with DailyFiles(Path("partners")) as sink:
...     with transaction(sink):
...         sink.tell(told, schemas)
"""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.audit import onwards
from gateway.errors import CannotRun
from gateway.instants import shanghai_day
from gateway.ledger.database import connect
from gateway.ops import followed, followrules
from gateway.ops.followed import Told
from gateway.records.schema import SchemaSet

STATE, LOCK = ".follow.sqlite", ".follow.lock"
VERSION = 2
SCHEMA = f"""
{onwards.SCHEMA}
{followrules.TABLES}
CREATE TABLE files (name TEXT PRIMARY KEY, size INTEGER NOT NULL, paths TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""
_DAILY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(-refused)?\.ndjson|[0-9]{4}-[0-9]{2}-[0-9]{2}-[a-z_]+\.csv")


class Lines:
    """Lines to wherever ``write`` puts them; how far one has got is known as long as the process lives, in a file
    without a name.
    """

    name = "standard output"

    def __init__(self, write: Callable[[bytes], None], aside: Callable[[bytes], None]) -> None:
        self.connection = sqlite3.connect("", isolation_level=None)
        self.connection.executescript(SCHEMA)
        self._write = write
        self._aside = aside
        self._told: list[bytes] = []
        self._refused: list[bytes] = []

    def begin(self) -> None:
        """Nothing to look at."""

    def tell(self, told: Told, schemas: SchemaSet) -> None:
        """Keep the line until it is sure."""
        self._told.append(followed.line(told))

    def refuse(self, line: bytes) -> None:
        """Keep the line until it is sure."""
        self._refused.append(line)

    def sync(self) -> None:
        """Write. Raises ``CannotRun`` ``output.io``: whoever reads has gone."""
        told, refused = b"".join(self._told), b"".join(self._refused)
        self.forget()
        try:
            if refused:
                self._aside(refused)
            if told:
                self._write(told)
        except OSError as error:
            raise CannotRun("output.io", f"{self.name}: {error.strerror}") from error

    def forget(self) -> None:
        """Drop."""
        self._told, self._refused = [], []


class DailyFiles:
    """A folder of daily files. One process at a time."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.name = str(folder)
        self._folder = folder
        self._clock = clock
        self._parts: dict[str, list[bytes]] = {}
        self._paths: dict[str, str] = {}
        self._lock = -1

    def __enter__(self) -> Self:
        """Take the folder and put it in order. Raises ``CannotRun`` ``output.io``, ``follow.running``,
        ``follow.state``.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise CannotRun("follow.running", f"another process follows into {self._folder}") from error
        except OSError as error:
            raise CannotRun("output.io", f"{self._folder}: {error.strerror}") from error
        try:
            self.connection = self._open()
            self._cut_off()
        except BaseException as error:
            os.close(self._lock)
            if isinstance(error, OSError | sqlite3.Error):
                raise CannotRun("output.io", f"{self._folder}: {error}") from error
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()
        os.close(self._lock)

    def _open(self) -> sqlite3.Connection:
        connection = connect(self._folder / STATE)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        daily = sorted(path.name for path in self._folder.iterdir() if _DAILY.fullmatch(path.name))
        if version == 0 and daily:
            connection.close()
            raise CannotRun("follow.state", f"{self._folder} holds {daily[0]} and no state that belongs to it")
        if version == 0:
            connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
        elif version != VERSION:
            connection.close()
            raise CannotRun("follow.state", f"{self._folder / STATE} is of version {version}, not {VERSION}")
        return connection

    def _cut_off(self) -> None:
        """Every file as long as the state says: no further was it told. Files of days before the last one written to
        are their readers'.
        """
        known = dict(self.connection.execute("SELECT name, size FROM files"))
        last = max(known, default="")[: len("2026-11-23")]
        for path in self._folder.iterdir():
            if _DAILY.fullmatch(path.name) is None or path.name < last:
                continue
            if path.stat().st_size > known.get(path.name, 0):
                os.truncate(path, known.get(path.name, 0))

    def begin(self) -> None:
        """A file of today that somebody moved away or cut begins there anew, before anything is written to it."""
        names = self.connection.execute("SELECT name, size FROM files WHERE name LIKE ?", (f"{self._day()}%",))
        for name, size in names.fetchall():
            path = self._folder / name
            actual = path.stat().st_size if path.exists() else 0
            if actual < size:
                self._paths.pop(name, None)
                self.connection.execute("UPDATE files SET size = ? WHERE name = ?", (actual, name))

    def _day(self) -> str:
        return shanghai_day(int(self._clock())).isoformat()

    def tell(self, told: Told, schemas: SchemaSet) -> None:
        """One line, and one row of its family's table."""
        day = self._day()
        self._parts.setdefault(f"{day}.ndjson", []).append(followed.line(told))
        table = f"{day}-{told.family}.csv"
        paths = self._paths_of(table, told.family, schemas)
        self._parts[table].append(followed.row(told, paths.split()))

    def _paths_of(self, table: str, family: str, schemas: SchemaSet) -> str:
        """Which fields the table's columns hold: those of its first row, all day."""
        self._parts.setdefault(table, [])
        if table not in self._paths:
            row = self.connection.execute("SELECT paths, size FROM files WHERE name = ?", (table,)).fetchone()
            if row is None or not row[1]:
                columns = followed.columns(schemas, family)
                self._parts[table].append(followed.header(columns))
                self._paths[table] = " ".join(column.path for column in columns)
            else:
                self._paths[table] = str(row[0])
        return self._paths[table]

    def refuse(self, line: bytes) -> None:
        """One line of the day's side file."""
        self._parts.setdefault(f"{self._day()}-refused.ndjson", []).append(line)

    def sync(self) -> None:
        """Append, wait for the disk, and note how long each file is now. Raises ``CannotRun`` ``output.io``."""
        try:
            for name, parts in self._parts.items():
                size = _append(self._folder / name, b"".join(parts))
                values = (name, size, self._paths.get(name, ""))
                self.connection.execute("INSERT OR REPLACE INTO files (name, size, paths) VALUES (?, ?, ?)", values)
            _sync(self._folder)
        except OSError as error:
            raise CannotRun("output.io", f"{self._folder}: {error.strerror}") from error
        self._parts = {}

    def forget(self) -> None:
        """Cut off what was written."""
        self._parts, self._paths = {}, {}
        with suppress(OSError, sqlite3.Error):
            self._cut_off()


def _append(path: Path, data: bytes) -> int:
    """Length of the file with the data at its end, on the disk."""
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
