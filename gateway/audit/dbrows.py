"""One log's rows in a node's database, shown as the files that they stand for (DESIGN §4, §6).

What the tables hold is taken as it is: a missing row makes a narrower bundle, a row too many a name that no
checkpoint needs, and the audit says so as it would of a file.

>>> await log.file("tile/entries/000.p/3")
b'...'
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from gateway.audit.kept import Kept
from gateway.audit.report import AuditFinding, found
from gateway.audit.sources import Mark, last_part
from gateway.errors import CannotRun, Refused
from gateway.ledger import cosignatures, highwater, logbook, tiles
from gateway.ledger.logbook import Log, index_of, key_of
from gateway.ledger.merkle import HASH_SIZE
from gateway.ledger.tiles import Tile
from gateway.trust.trusted import TrustData

TILE_BITS, LEVEL_BITS = 48, 40


class DataLog:
    """One log of a database. ``marks``: folder with its high-water file, None for a mirror."""

    growing = False

    def __init__(self, connection: sqlite3.Connection, log: Log, database: str, kept: Kept, marks: Path | None) -> None:
        self.origin = log.origin
        self.jurisdiction = log.jurisdiction
        self.last_part = last_part(log.origin)
        self.unborn = log.size == 0
        self.beside = kept
        self._connection = connection
        self._log = log
        self._database = database
        self._highwater = marks / f"{log.family}.highwater" if marks is not None else None
        self._fault: tuple[str, str] | None = None
        self._next_seal = (0, key_of(log.number, 0))
        self._busy = threading.Lock()

    def label(self, path: str) -> str:
        """Database, log and file."""
        return f"{self._database}: {self.jurisdiction}/{self.last_part}/{path}"

    async def file(self, path: str) -> bytes | None:
        """The bytes that the rows make. Raises ``Refused`` ``ledger.corrupt``."""
        return await asyncio.to_thread(self._guarded, path)

    def _guarded(self, path: str) -> bytes | None:
        with self._busy:
            try:
                return self._file(path)
            except (sqlite3.Error, ValueError, TypeError) as error:
                raise Refused("ledger.corrupt", str(error), field=self.label(path)) from error

    def _file(self, path: str) -> bytes | None:
        if path == "checkpoint":
            newest = logbook.newest_checkpoint(self._connection, self._log.number)
            if newest is None:
                return None
            lines = cosignatures.lines_at(self._connection, self._log.number, newest[0])
            return cosignatures.with_lines(newest[2], lines)
        if path.startswith("history/"):
            return self._history(tiles.parse_history_path(path))
        tile = tiles.parse_path(path)
        if tile.level is None:
            return self._bundle(tile)
        return logbook.tile(self._connection, self._log.number, tile.level, tile.number) or None

    def _history(self, number: int) -> bytes | None:
        """The notes of one file; the key where the next file begins is kept, because files are asked for in order."""
        wanted, key = self._next_seal if self._next_seal[0] == number else (0, key_of(self._log.number, 0))
        skipped = (number - wanted) * tiles.HISTORY_WIDTH
        rows = self._connection.execute(
            "SELECT key, note FROM seals WHERE key >= ? AND key < ? ORDER BY key LIMIT ? OFFSET ?",
            (key, key_of(self._log.number + 1, 0), tiles.HISTORY_WIDTH, skipped),
        ).fetchall()
        if rows:
            self._next_seal = (number + 1, rows[-1][0] + 1)
        cosigned = cosignatures.cosigned_notes(self._connection, [(key, _blob(note)) for key, note in rows])
        return tiles.encode_history(cosigned) if rows else None

    def _bundle(self, tile: Tile) -> bytes | None:
        first = key_of(self._log.number, tile.number * tiles.WIDTH)
        rows = self._connection.execute(
            "SELECT key, entry FROM entries WHERE key >= ? AND key < ? ORDER BY key", (first, first + tile.width)
        ).fetchall()
        entries = [_blob(entry) for place, (key, entry) in enumerate(rows) if key == first + place]
        return tiles.encode_entries(entries) if entries else None

    async def names(self) -> Set[str]:
        """The names of all files that the rows make."""
        return await asyncio.to_thread(self._names)

    def _names(self) -> set[str]:
        with self._busy:
            try:
                return set(self._each_name())
            except sqlite3.Error as error:
                raise Refused("ledger.corrupt", str(error), field=self.label("")) from error

    def _each_name(self) -> Iterator[str]:
        number = self._log.number
        if logbook.newest_checkpoint(self._connection, number) is not None:
            yield "checkpoint"
        for file in range(-(-logbook.count_seals(self._connection, number) // tiles.HISTORY_WIDTH)):
            yield tiles.history_path(file)
        span = (key_of(number, 0), key_of(number + 1, 0))
        query = "SELECT key >> 8, count(*) FROM entries WHERE key >= ? AND key < ? GROUP BY key >> 8"
        for key, count in self._connection.execute(query, span):
            yield tiles.entries_path(index_of(key << 8) // tiles.WIDTH, count)
        span = (number << TILE_BITS, number + 1 << TILE_BITS)
        for key, size in self._connection.execute(
            "SELECT key, length(hashes) FROM tiles WHERE key >= ? AND key < ?", span
        ):
            yield _tile_name(key & (1 << TILE_BITS) - 1, size)

    # High water

    async def marks(self) -> Sequence[Mark]:
        """How far the own key has signed, by the high-water file."""
        return await asyncio.to_thread(self._marks)

    def _marks(self) -> Sequence[Mark]:
        if self._highwater is None:
            return ()
        try:
            size, root = highwater.read(self._highwater)
        except CannotRun as error:
            self._fault = (error.reason, error.message)
            return ()
        return (Mark(size, root, self._highwater.name, "highwater.other", "highwater.ahead"),)

    def mark_faults(self, trust: TrustData | None) -> list[AuditFinding]:
        """A high-water file that is missing or can't be read; a log that has ended needs none."""
        known = trust.roster.log(self.origin) if trust is not None else None
        if self._fault is None or self._highwater is None or (known is not None and known[1].ended is not None):
            return []
        reason = self._fault[0] if self._fault[0] in ("highwater.missing", "highwater.damaged") else "highwater.damaged"
        return [found(reason, self.origin, file=self._highwater.name)]


def _blob(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(f"a row holds {type(value).__name__} where bytes belong")
    return value


def _tile_name(place: int, size: int) -> str:
    level, number = place >> LEVEL_BITS, place & (1 << LEVEL_BITS) - 1
    width, rest = divmod(size, HASH_SIZE)
    if rest or not 1 <= width <= tiles.WIDTH or level > tiles.MAX_LEVEL:
        return f"tile {level}/{number} of {size} bytes"
    return tiles.tile_path(level, number, width)
