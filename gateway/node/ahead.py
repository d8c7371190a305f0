"""What does a log say when a batch is on its way into it? Its history with the batch's own entries on top.

The door judges each draft over what stands before it, and what stands before it may not be in the tables yet.

>>> history = Ahead(connection, log, size)
>>> history.add(record, place, leaf_hash(entry))
>>> history.last(record.subject).index == place.index
True
"""

from __future__ import annotations

import sqlite3

from gateway.ledger.logbook import Log
from gateway.node import index
from gateway.records.record import Correction, Record
from gateway.trust.gate import Last, Place


class Ahead(index.LogHistory):
    """History of the log with the batch's own entries on top, which are not in the tables yet; asks the tables once."""

    def __init__(self, connection: sqlite3.Connection, log: Log, size: int) -> None:
        super().__init__(connection, log, size)
        self._start = size
        self._ids: dict[str, int | None] = {}
        self._last: dict[str, Last | None] = {}
        self._leaves: list[tuple[bytes, str]] = []

    def first_index(self, record_id: str) -> int | None:
        if record_id not in self._ids:
            self._ids[record_id] = super().first_index(record_id)
        return self._ids[record_id]

    def is_new(self, record_id: str) -> None:
        """This id was made here a moment ago from 74 random bits: the tables need not be asked for it."""
        self._ids[record_id] = None

    def last(self, subject: str) -> Last | None:
        if subject not in self._last:
            self._last[subject] = super().last(subject)
        return self._last[subject]

    def leaf_hash(self, index: int) -> bytes | None:
        ahead = index - self._start
        return self._leaves[ahead][0] if 0 <= ahead < len(self._leaves) else super().leaf_hash(index)

    def subject_at(self, index: int) -> str | None:
        ahead = index - self._start
        return self._leaves[ahead][1] if 0 <= ahead < len(self._leaves) else super().subject_at(index)

    def add(self, record: Record, place: Place, hashed: bytes) -> None:
        self._ids[record.id] = place.index
        self._last[record.subject] = Last(place.index, record.time, record.type, self._state_after(record))
        self._leaves.append((hashed, record.subject))

    def _state_after(self, record: Record) -> str:
        if not isinstance(record.content, Correction):
            return record.content.state
        before = self.last(record.subject)
        return before.state if before is not None and record.type.endswith(".erased") else index.NO_STATE
