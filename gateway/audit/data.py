"""A node's data folder as a source of logs: `ledger.sqlite` with its own, `mirrors.sqlite` with its partners' (DESIGN
§6, audit).

Rows are shown as the files that they stand for, so that one audit serves every source; nothing is written there.
Where the node runs, a read-only connection sees one state of the database throughout; where it does not run, the
files are opened as immutable, or copied with what their write-ahead log still holds.

>>> async with open_data(place_of(Path("sanhe")), "sanhe") as source:
...     [log.origin for log in source.logs]
['jjj.example/sanhe/licence', …]
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from gateway.audit import testimony
from gateway.audit.dbrows import DataLog
from gateway.audit.kept import Kept, KeptDatabase
from gateway.audit.report import AuditFinding, found
from gateway.errors import CannotRun, GatewayError, Refused
from gateway.ledger import logbook
from gateway.ledger.database import VERSION, connect
from gateway.ledger.logbook import Log
from gateway.node import config
from gateway.trust.trusted import TrustData

CONFIG, LEDGER, MIRRORS, LOCK = "node.toml", "ledger.sqlite", "mirrors.sqlite", "lock"


@dataclass(frozen=True, slots=True)
class DataPlace:
    """Where a node keeps what."""

    data: Path
    trust: Path | None
    schemas: tuple[Path, ...]


def place_of(path: Path) -> DataPlace | None:
    """The data folder that a path means: a node's folder, its configuration file, or the data folder itself; else None.

    Raises ``CannotRun`` ``config.*``.
    """
    file = path if path.name == CONFIG else path / CONFIG
    if file.is_file():
        settings = config.load(file)
        return DataPlace(settings.data, settings.shown_trust, settings.shown_schemas)
    if not any((path / name).is_file() for name in (LEDGER, MIRRORS)):
        return None
    above = place_of(path.absolute().parent / CONFIG) if (path.absolute().parent / CONFIG).is_file() else None
    return above if above is not None and above.data.resolve() == path.resolve() else DataPlace(path, None, ())


@asynccontextmanager
async def open_data(place: DataPlace, name: str) -> AsyncIterator[DataFolder]:
    """The logs of a data folder, for reading only."""
    with ExitStack() as stack:
        yield await asyncio.to_thread(DataFolder, place, name, stack)


class DataFolder:
    """A node's ledger and mirrors."""

    def __init__(self, place: DataPlace, name: str, stack: ExitStack) -> None:
        self.name = name
        self.trust = place.trust if place.trust is not None and place.trust.is_dir() else None
        self.schemas = place.schemas
        self.logs: list[DataLog] = []
        self._place = place
        self._before: list[AuditFinding] = []
        self._databases: list[KeptDatabase] = []
        self._stamps: dict[Path, tuple[int, int] | None] = {}
        if not any((place.data / file).is_file() for file in (LEDGER, MIRRORS)):
            raise CannotRun(
                "source.unknown", f"{place.data} holds no {LEDGER} and no {MIRRORS}: the node never ran here"
            )
        running = is_running(place.data)
        for file in (LEDGER, MIRRORS):
            self._open(place.data / file, running, stack)

    def _open(self, file: Path, running: bool, stack: ExitStack) -> None:
        if not file.is_file():
            self._before.append(found("file.missing", file=file.name))
            return
        if not running:
            self._stamps |= {path: _stamp(path) for path in (file, _wal(file))}
        try:
            connection = stack.enter_context(closing(_connect(file, running, stack)))
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version != VERSION:
                raise Refused("ledger.version", f"has version {version}; this program reads version {VERSION}")
            connection.text_factory = lambda raw: raw.decode(errors="backslashreplace")
            connection.execute("BEGIN")
            logs = logbook.all_logs(connection)
            if not all(isinstance(value, kind) for log in logs for value, kind in _kinds(log)):
                raise Refused("ledger.corrupt", "the table of logs holds values of wrong kinds")
        except (sqlite3.Error, ValueError, GatewayError) as error:
            self._before.append(found("ledger.corrupt", file=file.name, detail=error))
            return
        database = KeptDatabase(connection, file.name, logs)
        stack.callback(database.close)
        self._databases.append(database)
        marks = self._place.data if file.name == LEDGER else None
        self.logs.extend(DataLog(connection, log, file.name, Kept(database, log), marks) for log in logs)

    async def evidence(self) -> testimony.Files:
        """What the node keeps below its data."""
        return await asyncio.to_thread(testimony.in_folder, self._place.data)

    async def around(self, trust: TrustData | None, *, given: bool) -> tuple[list[AuditFinding], list[str]]:
        """Databases that can't be opened, rows that belong to no log, index and columns that say otherwise, marks."""
        return await asyncio.to_thread(self._around, trust)

    def _around(self, trust: TrustData | None) -> tuple[list[AuditFinding], list[str]]:
        findings = [*self._before, *self._changed()]
        notices: list[str] = []
        for log in self.logs:
            findings.extend(log.mark_faults(trust))
        for database in self._databases:
            more, said = database.compare(trust)
            findings.extend(more)
            notices.extend(said)
        return findings, notices

    def _changed(self) -> Iterator[AuditFinding]:
        """What a node that was started meanwhile has written: then nothing that was read is sure."""
        for path, stamp in self._stamps.items():
            if _stamp(path) != stamp:
                yield found("source.changed", file=path.name, lacking=True)


def _kinds(log: Log) -> tuple[tuple[object, type], ...]:
    """What SQLite keeps and never checks."""
    return (log.number, int), (log.origin, str), (log.jurisdiction, str), (log.family, str), (log.size, int)


def is_running(data: Path) -> bool:
    """Whether a node holds the folder's lock. Asks without waiting and lets go at once."""
    try:
        descriptor = os.open(data / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise CannotRun("source.unknown", f"{data / LOCK} can't be opened: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)  # which gives the lock back
    return False


def _connect(file: Path, running: bool, stack: ExitStack) -> sqlite3.Connection:
    if running:
        return connect(file, read_only=True)
    if (_stamp(_wal(file)) or (0, 0))[1] == 0:
        return sqlite3.connect(
            f"{file.absolute().as_uri()}?immutable=1", uri=True, check_same_thread=False, isolation_level=None
        )
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jjj-audit-")))
    for path in (file, _wal(file)):
        shutil.copyfile(path, folder / path.name)
    return sqlite3.connect(folder / file.name, check_same_thread=False, isolation_level=None)


def _wal(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


def _stamp(path: Path) -> tuple[int, int] | None:
    """(time of the last change, size) of a file, or None where there is none."""
    try:
        found_stat = path.stat()
    except OSError:
        return None
    return found_stat.st_mtime_ns, found_stat.st_size
