"""A log read onwards from where one stopped: every new leaf through the gate, once, under a root that its owner signed.

For whoever follows logs outside a node. What a leaf is judged by (ids, last states, hashes) stands in a database of
one's own, in the tables and by the code that a node keeps it with; nothing of the source is believed. A batch ends at a
sealed checkpoint: ``fetch`` reads it and holds it against all that was read before, ``settle`` judges it inside the
caller's transaction, which also takes what the caller makes of it. Killed in between, it is as if it had not been
fetched.

Other trust data judge every leaf anew (``othertrust``), and ``Leaf.given`` says which were accepted before.

>>> reading = LogReading(files, name, connection, trust)
>>> while (batch := await reading.fetch()) is not None:
...     leaves = list(reading.settle(batch))
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.audit.onelog import CHECKPOINT, LogName
from gateway.audit.sources import TILE, Lacking, LogFiles
from gateway.audit.tree import read_bundle
from gateway.errors import Refused
from gateway.ledger import checkpoint, logbook, tiles
from gateway.ledger.logbook import Log, Seal, key_of
from gateway.node import index, statements
from gateway.node.statements import Statement
from gateway.node.tail import MOST_BYTES, MOST_LEAVES
from gateway.records.record import Correction
from gateway.trust import gate, notes
from gateway.trust.gate import Place, VerifiedRecord
from gateway.trust.trusted import TrustData

SCHEMA = f"""
{logbook.TABLES} {index.TABLES}
CREATE TABLE held (log INTEGER PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL);
CREATE TABLE given (key INTEGER PRIMARY KEY);
CREATE TABLE gone (key INTEGER PRIMARY KEY);
CREATE TABLE beyond (key INTEGER PRIMARY KEY, logged INTEGER NOT NULL, subject TEXT NOT NULL);
CREATE TRIGGER no_terms BEFORE INSERT ON terms BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER no_names BEFORE INSERT ON holder_names BEGIN SELECT RAISE(IGNORE); END;
"""
"""``held``: the largest tree ever verified. ``given``: accepted leaves that were read under earlier trust data.
``gone``: leaves without bytes that no record declares erased. ``beyond``: accepted leaves that lie beyond, or beside,
the end that the roster gave their log since; the caller takes them back. Nothing is searched here, so no terms are
kept.
"""
BATCH = 512


@dataclass(frozen=True, slots=True)
class Batch:
    """New leaves up to a sealed checkpoint. ``entries``: b"" where the bytes were erased."""

    start: int
    entries: tuple[bytes, ...]
    hashes: tuple[bytes, ...]
    seals: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf that was judged: accepted, refused, or erased (None). ``logged``: seconds; ``given``: it had been read
    and accepted before, under earlier trust data.
    """

    index: int
    entry: bytes
    logged: int
    result: VerifiedRecord | Refused | None
    given: bool


class LogReading:
    """One log of a source, by our own configured name, up to the checkpoint that the source shows first."""

    def __init__(self, files: LogFiles, name: LogName, connection: sqlite3.Connection, trust: TrustData) -> None:
        self.log = logbook.open_log(connection, name.origin, name.jurisdiction, name.family)
        self._files = files
        self._connection = connection
        self._trust = trust
        self._head: Statement | None = None
        self._seals: deque[Statement] = deque()
        self._history = -1
        known = trust.roster.log(name.origin)
        self._ended = known[1].ended if known is not None else None

    @property
    def _end(self) -> int:
        """How far to read: to the checkpoint that the source shows, but not beyond where the roster ends the log."""
        shown = self._head.size if self._head is not None else 0
        return shown if self._ended is None else min(shown, self._ended.size)

    async def fetch(self) -> Batch | None:
        """The next leaves, or None at the end. Raises ``Refused`` for what does not hold (``log.fork``,
        ``log.rollback``, ``root.mismatch``, …), ``Lacking`` for what could not be had.
        """
        if self._head is None:
            self._head = await self._look()
        if self._head is None or self.log.size >= self._end:
            return None
        chosen = [await self._next_seal(self._head)]
        while chosen[-1].size < self._end:
            seal = await self._next_seal(self._head)
            if seal.size - self.log.size > BATCH:
                self._seals.appendleft(seal)
                break
            chosen.append(seal)
        entries, hashes = await self._leaves(self.log.size, chosen[-1].size)
        fitting = self._fitting(chosen, hashes)
        self._seals.extendleft(reversed(chosen[len(fitting) :]))
        count = fitting[-1].size - self.log.size
        return Batch(self.log.size, tuple(entries[:count]), tuple(hashes[:count]), tuple(fitting))

    def unexplained(self) -> int | None:
        """Index of the first leaf without bytes that no accepted record declares erased; None if there is none."""
        span = (key_of(self.log.number, 0), key_of(self.log.number + 1, 0))
        found = self._connection.execute("SELECT min(key) FROM gone WHERE key >= ? AND key < ?", span).fetchone()[0]
        return None if found is None else logbook.index_of(found)

    # The owner's statements

    async def _look(self) -> Statement | None:
        """The checkpoint that the source shows, held against what was verified before; None for an unborn log."""
        held = self._connection.execute("SELECT size, root FROM held WHERE log = ?", (self.log.number,)).fetchone()
        size, root = held or (0, b"")
        note = await self._files.file(CHECKPOINT)
        head = self._read(note) if note is not None else None
        if head is not None:
            self._hold_against(head)
            if head.size == size and size and head.root != root:
                raise Refused("log.fork", self._sentence(f"another root at size {size} than the one followed before"))
        if self._ended is not None and size >= self._ended.size:
            return head
        if size > (head.size if head is not None else 0):
            shown = head.size if head is not None else 0
            raise Lacking("source.behind", self._sentence(f"{size} records were followed, the source shows {shown}"))
        return head

    def _hold_against(self, statement: Statement) -> None:
        found = statements.contradiction(self._connection, self.log, statement)
        if found is not None:
            what = f"what its owner signed of {statement.size} contradicts another"
            raise Refused(found.reason, self._sentence(what))

    def _sentence(self, what: str) -> str:
        return f"{self.log.origin}: {what}"

    def _read(self, note: bytes) -> Statement:
        log = self.log
        return statements.read(note, log.origin, log.jurisdiction, log.family, self._trust)

    async def _next_seal(self, head: Statement) -> Statement:
        """The next sealed checkpoint above what is held; one history file at a time is in memory."""
        while not self._seals:
            if not await self._read_history(head):
                raise Lacking("history.short", self._sentence(f"no sealed checkpoint leads to size {head.size}"))
        return self._seals.popleft()

    async def _read_history(self, head: Statement) -> bool:
        kept = await (self._first_history() if self._history < 0 else self._history_file(self._history + 1))
        for note in kept:
            size = _size(note)
            if size == self.log.size and size:
                self._hold_against(self._read(note))
            elif self.log.size < size <= self._end:
                seal = self._read(note)
                if self._seals and not (self._seals[-1].size < size and self._seals[-1].date <= seal.date):
                    raise Refused("history.order", self._sentence(f"the seal of {size} does not follow the one before"))
                self._seals.append(seal)
        return bool(kept)

    async def _first_history(self) -> list[bytes]:
        """The file of the last seal held. Another source may count otherwise: then from an earlier one on."""
        number = max(logbook.count_seals(self._connection, self.log.number) - 1, 0) // tiles.HISTORY_WIDTH
        kept = await self._history_file(number)
        while number and (not kept or _size(kept[0]) > self.log.size):
            number -= 1
            kept = await self._history_file(number)
        return kept

    async def _history_file(self, number: int) -> list[bytes]:
        raw = await self._files.file(tiles.history_path(number))
        self._history = number
        return [] if raw is None else tiles.decode_history(raw)

    def _fitting(self, chosen: Sequence[Statement], hashes: Sequence[bytes]) -> list[Statement]:
        """The seals whose roots the leaves make, up to the first that they do not; raises if that is the first."""
        edge = logbook.frontier(self._connection, self.log.number, self.log.size)
        start, last = self.log.size, logbook.last_seal(self._connection, self.log.number)
        date = last.date if last is not None else 0
        fitting: list[Statement] = []
        for seal in chosen:
            edge.extend(hashes[edge.size - start : seal.size - start])
            fault = self._misfit(seal, edge.root(), date)
            if fault is not None and not fitting:
                raise fault
            if fault is not None:
                break
            fitting.append(seal)
            date = seal.date
        return fitting

    def _misfit(self, seal: Statement, root: bytes, date: int) -> Refused | None:
        held = self._connection.execute("SELECT size, root FROM held WHERE log = ?", (self.log.number,)).fetchone()
        if seal.root != root:
            return Refused("root.mismatch", self._sentence(f"the leaves do not make the root signed at {seal.size}"))
        if held is not None and held[0] == seal.size and held[1] != root:
            return Refused("log.fork", self._sentence(f"another root at size {seal.size} than the one followed before"))
        ended = self._ended
        if ended is not None and ended.size == seal.size and ended.root != root:
            return Refused("root.mismatch", self._sentence(f"the roster names another root at its end, {seal.size}"))
        if seal.date < date:
            return Refused("log.rollback", self._sentence(f"the seal of size {seal.size} is dated before another"))
        return None

    # Leaves

    async def _leaves(self, start: int, end: int) -> tuple[list[bytes], list[bytes]]:
        entries: list[bytes] = []
        hashes: list[bytes] = []
        room = MOST_BYTES
        if end - start > MOST_LEAVES:
            raise Refused("checkpoint.form", self._sentence(f"one seal covers {end - start} leaves: too many"))
        for number in range(start // TILE, -(-end // TILE)):
            width = min(TILE, end - number * TILE)
            raw = await self._need(tiles.entries_path(number, width))
            room -= len(raw)
            if room < 0:
                raise Refused("checkpoint.form", self._sentence("one seal covers more bytes than any node takes"))
            erased = b"\0\0" in raw  # the length of an entry without bytes; text holds no zero byte
            stored = await self._need(tiles.tile_path(0, number, width)) if erased else None
            bundle = read_bundle(number, width, raw, stored)
            if bundle.fault is not None or bundle.entries is None:
                raise bundle.fault or Refused("tile.width", f"{self._files.label('')}: bundle {number}")
            skipped = max(start - bundle.start, 0)
            entries += bundle.entries[skipped:]
            hashes += bundle.hashes[skipped:]
        return entries, hashes

    async def _need(self, path: str) -> bytes:
        raw = await self._files.file(path)
        if raw is None:
            raise Lacking("source.missing", f"{self._files.label(path)} is missing")
        return raw

    # Judging

    def settle(self, batch: Batch) -> Iterator[Leaf]:
        """Append a fetched batch, then judge leaf by leaf; inside a transaction."""
        number, start = self.log.number, batch.start
        for seal in batch.seals:
            hashes = batch.hashes[start - batch.start : seal.size - batch.start]
            logbook.append(self._connection, number, start, [b""] * len(hashes), hashes)
            logbook.add_seal(self._connection, number, Seal(seal.size, seal.root, seal.date, b"", seal.date * 1000))
            start = seal.size
        self._connection.execute(
            "INSERT INTO held (log, size, root) VALUES (?, ?, ?) ON CONFLICT (log) DO UPDATE"
            " SET size = excluded.size, root = excluded.root WHERE excluded.size > held.size",
            (number, start, batch.seals[-1].root),
        )
        self.log = replace(self.log, size=start)
        return self._judged(batch)

    def _judged(self, batch: Batch) -> Iterator[Leaf]:
        seals = deque(batch.seals)
        for leaf, entry in enumerate(batch.entries, batch.start):
            while seals[0].size <= leaf:
                seals.popleft()
            key = (key_of(self.log.number, leaf),)
            given = self._connection.execute("SELECT 1 FROM given WHERE key = ?", key).fetchone() is not None
            if not entry:
                self._connection.execute("INSERT OR IGNORE INTO gone (key) VALUES (?)", key)
            result = self._judge(leaf, entry, seals[0].date) if entry else None
            yield Leaf(leaf, entry, seals[0].date, result, given)

    def _judge(self, leaf: int, entry: bytes, logged: int) -> VerifiedRecord | Refused:
        log, connection = self.log, self._connection
        place = Place(log.origin, log.jurisdiction, log.family, leaf, logged)
        try:
            reading = gate.read(entry, place, self._trust)
            verified = gate.settle(reading, place, _History(connection, log, leaf, reading.record.subject))
        except Refused as refused:
            index.quarantine(connection, log, leaf, entry, refused, logged * 1000)
            return refused
        index.accept(connection, log, verified, logged * 1000)
        content = verified.record.content
        if isinstance(content, Correction) and verified.record.type.endswith(".erased"):
            connection.execute("DELETE FROM gone WHERE key = ?", (key_of(log.number, content.index),))
        return verified


class _History(index.LogHistory):
    """The history of a leaf about a subject. Bytes are not kept here; so an erased leaf, which left no other trace, is
    taken to be about the subject of the record that names it: its one witness.
    """

    def __init__(self, connection: sqlite3.Connection, log: Log, below: int, asking: str) -> None:
        super().__init__(connection, log, below)
        self._gone = (connection, log.number)
        self._asking = asking

    def subject_at(self, index: int) -> str | None:
        """Subject of an earlier leaf, accepted, claimed, or erased."""
        if not self._is_below(index):
            return None
        connection, number = self._gone
        gone = connection.execute("SELECT 1 FROM gone WHERE key = ?", (key_of(number, index),)).fetchone()
        return super().subject_at(index) if gone is None else self._asking


def _size(note: bytes) -> int:
    return checkpoint.parse_text(notes.parse(note, checkpoint.MAX_LINES, max_size=checkpoint.MAX_NOTE).text).size
