"""What did the same log say below a leaf? The gate's ``History`` for an audit: made on the way, in bounded memory.

Everything goes into a private temporary SQLite database that never has a name; SQLite spills it to disk when it grows
and removes it when it is closed. What the current batch adds stands in dictionaries on top and is written behind,
many rows at once.

An erased leaf is known by its hash only. Its subject is taken to be that of the record which asks: the ``erased``
record is the one witness of it that is left.

>>> history = AuditHistory()
>>> history.add_hashes(0, hashes)
>>> verified = settle(reading, place, history.below(7, subject))
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Self

from gateway.audit.sources import TILE
from gateway.ledger.merkle import HASH_SIZE
from gateway.trust.gate import Last, VerifiedRecord

TABLES = """
PRAGMA journal_mode=OFF;
PRAGMA cache_size=-32000;
CREATE TABLE ids (id TEXT PRIMARY KEY, first INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE subjects (subject TEXT PRIMARY KEY, leaf INTEGER NOT NULL, time INTEGER NOT NULL, type TEXT NOT NULL,
  state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE leaves (leaf INTEGER PRIMARY KEY, subject TEXT);
CREATE TABLE hashes (number INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
CREATE TABLE unread (subject TEXT PRIMARY KEY, leaf INTEGER NOT NULL) WITHOUT ROWID;
BEGIN;
"""


MAYBE_BITS = 26


class _Maybe:
    """Which texts may have been seen: a false yes costs a look into the database, and there is no false no."""

    def __init__(self) -> None:
        self._bits = bytearray(1 << MAYBE_BITS - 3)

    def __contains__(self, text: str) -> bool:
        at = hash(text) & (1 << MAYBE_BITS) - 1
        return bool(self._bits[at >> 3] & 1 << (at & 7))

    def add(self, text: str) -> None:
        at = hash(text) & (1 << MAYBE_BITS) - 1
        self._bits[at >> 3] |= 1 << (at & 7)


class AuditHistory:
    """``trust.gate.History`` of one log. One thread at a time; ``flush`` after each batch."""

    def __init__(self) -> None:
        self._store = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._store.executescript(TABLES)
        self._below = 0
        self._asking = ""
        self._ids: dict[str, int] = {}
        self._last: dict[str, Last] = {}
        self._leaves: dict[int, str | None] = {}
        self._maybe_ids, self._maybe_subjects = _Maybe(), _Maybe()
        self.gone: dict[int, bytes] = {}
        """Leaves without bytes, with the hash that the tile holds: erased, or damage if no record says so."""

    def close(self) -> None:
        """Give the database back."""
        self._store.close()

    # What the gate asks

    def below(self, index: int, subject: str) -> Self:
        """The history of a leaf whose record is about this subject."""
        self._below, self._asking = index, subject
        return self

    def first_index(self, record_id: str) -> int | None:
        """Smallest index of an earlier leaf that bears this id."""
        if record_id not in self._maybe_ids:
            return None
        if record_id in self._ids:
            return self._ids[record_id]
        row = self._store.execute("SELECT first FROM ids WHERE id = ?", (record_id,)).fetchone()
        return None if row is None else int(row[0])

    def last(self, subject: str) -> Last | None:
        """Newest accepted record of the subject."""
        if subject not in self._maybe_subjects:
            return None
        if subject in self._last:
            return self._last[subject]
        row = self._store.execute(
            "SELECT leaf, time, type, state FROM subjects WHERE subject = ?", (subject,)
        ).fetchone()
        return None if row is None else Last(*row)

    def leaf_hash(self, index: int) -> bytes | None:
        """Leaf hash of an earlier leaf."""
        if not 0 <= index < self._below:
            return None
        row = self._store.execute("SELECT hashes FROM hashes WHERE number = ?", (index // TILE,)).fetchone()
        at = index % TILE * HASH_SIZE
        return None if row is None else bytes(row[0][at : at + HASH_SIZE]) or None

    def subject_at(self, index: int) -> str | None:
        """Subject of an earlier leaf, accepted or claimed."""
        if not 0 <= index < self._below:
            return None
        if index in self.gone:
            return self._asking
        if index in self._leaves:
            return self._leaves[index]
        row = self._store.execute("SELECT subject FROM leaves WHERE leaf = ?", (index,)).fetchone()
        return None if row is None else row[0]

    # What the audit adds

    def add_hashes(self, start: int, hashes: Sequence[bytes]) -> None:
        """Leaf hashes from index ``start``, the beginning of a tile, on."""
        rows = (
            (number // TILE, b"".join(hashes[number - start : number - start + TILE]))
            for number in range(start, start + len(hashes), TILE)
        )
        self._store.executemany("INSERT INTO hashes (number, hashes) VALUES (?, ?)", rows)

    def accept(self, verified: VerifiedRecord, state: str) -> None:
        """A record that the gate let through. ``state``: "" for a correction."""
        record, index = verified.record, verified.place.index
        self._ids.setdefault(record.id, index)
        self._maybe_ids.add(record.id)
        self._maybe_subjects.add(record.subject)
        self._last[record.subject] = Last(index, record.time, record.type, state)
        self._leaves[index] = record.subject

    def claim(self, index: int, subject: str | None, record_id: str | None) -> None:
        """What a leaf that the gate refused says it is; its id counts, its state does not."""
        if record_id is not None and self.first_index(record_id) is None:
            self._ids[record_id] = index
            self._maybe_ids.add(record_id)
        self._leaves[index] = subject

    def mark_unread(self, subject: str, index: int) -> None:
        """A leaf about this subject is of a newer schema: what follows it can't be held against it."""
        self._store.execute("INSERT OR IGNORE INTO unread (subject, leaf) VALUES (?, ?)", (subject, index))

    def is_unread(self, subject: str) -> bool:
        """Whether a leaf about the subject could not be read so far."""
        return self._store.execute("SELECT 1 FROM unread WHERE subject = ?", (subject,)).fetchone() is not None

    def flush(self) -> None:
        """Write the batch behind."""
        self._store.executemany("INSERT INTO ids (id, first) VALUES (?, ?)", self._ids.items())
        last = ((subject, found.index, found.time, found.type, found.state) for subject, found in self._last.items())
        self._store.executemany(
            "INSERT OR REPLACE INTO subjects (subject, leaf, time, type, state) VALUES (?, ?, ?, ?, ?)", last
        )
        self._store.executemany("INSERT INTO leaves (leaf, subject) VALUES (?, ?)", self._leaves.items())
        self._ids, self._last, self._leaves = {}, {}, {}
