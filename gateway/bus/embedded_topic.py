"""WHERE do a topic's messages lie without a broker? In one SQLite file; a position is its row's number.

A batch is one transaction. Everything here blocks and belongs to one thread; faults are ``bus.unavailable``.

>>> topic = TopicFile.made(folder / "jjj.tongzhou.licence.sqlite", busy_s=5)
>>> end = topic.append([Message(b"subject", b"{...}", (("log-index", b"0"),))])
>>> end, page = topic.page(None, max_messages=500, max_bytes=1 << 20)
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from gateway.bus.embedded_files import connect, faults_named, make, transaction
from gateway.bus.port import Message, PositionLost, Received

_TABLES = """
CREATE TABLE message
  (position INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL, headers BLOB NOT NULL);
CREATE TABLE kept (first INTEGER NOT NULL);
INSERT INTO kept VALUES (0);
"""
_BOUNDS = "SELECT first, max(first, ifnull((SELECT max(position) + 1 FROM message), 0)) FROM kept"
_PAGE = "SELECT position, key, value, headers FROM message WHERE position >= ? ORDER BY position LIMIT ?"
_COMPACT = """
DELETE FROM message WHERE position < ? AND position NOT IN (SELECT max(position) FROM message GROUP BY key)
"""
_LENGTHS = struct.Struct(">HI")  # of a header's name in UTF-8, and of its value


class TopicFile:
    """One connection to one topic. Raises ``BusUnavailable`` naming the file."""

    def __init__(self, path: Path, busy_s: float) -> None:
        self._path = path
        self._version: int | None = None
        self._end = 0
        with faults_named(path):
            self._connection = connect(path, busy_s)

    @classmethod
    def made(cls, path: Path, busy_s: float) -> TopicFile:
        """Open the topic; make it first if it isn't there."""
        with faults_named(path):
            make(path, _TABLES)
        return cls(path, busy_s)

    def append(self, batch: Sequence[Message]) -> int:
        """Append the batch, whole and durable, or raise and append nothing. Returns the new end."""
        with faults_named(self._path), transaction(self._connection, "BEGIN IMMEDIATE"):
            first = self._bounds()[1]
            rows = ((at, it.key, it.value, encode_headers(it.headers)) for at, it in enumerate(batch, first))
            self._connection.executemany("INSERT INTO message VALUES (?, ?, ?, ?)", rows)
        return first + len(batch)

    def page(self, position: int | None, max_messages: int, max_bytes: int) -> tuple[int, list[Received]]:
        """The topic's end, and what lies from ``position`` (None: the earliest) within bounds: one if any.

        Raises ``PositionLost`` for a position that lies outside of what the topic keeps.
        """
        with faults_named(self._path), transaction(self._connection, "BEGIN"):
            first, end = self._bounds()
            start = first if position is None else position
            if not first <= start <= end:
                raise PositionLost(f"{self._path}: position {start} is gone; it holds {first} to {end}")
            with closing(self._connection.execute(_PAGE, (start, max_messages))) as rows:
                return end, _within(rows, max_bytes)

    def end(self) -> int:
        """The end of the topic. Costs microseconds if no other connection has written since the last call."""
        with faults_named(self._path):
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                self._end = self._bounds()[1]
                self._version = version
            return self._end

    def trim(self, before: int) -> None:
        """Delete what lies before a position, as retention would; nothing is deleted ahead of the end."""
        with faults_named(self._path), transaction(self._connection, "BEGIN IMMEDIATE"):
            first, end = self._bounds()
            self._connection.execute("UPDATE kept SET first = ?", (min(max(first, before), end),))
            self._connection.execute("DELETE FROM message WHERE position < (SELECT first FROM kept)")

    def compact(self, before: int) -> None:
        """Delete what lies before a position and is not the newest message of its key."""
        with faults_named(self._path), transaction(self._connection, "BEGIN IMMEDIATE"):
            self._connection.execute(_COMPACT, (before,))

    def close(self) -> None:
        """Close the connection."""
        with faults_named(self._path):
            self._connection.close()

    def _bounds(self) -> tuple[int, int]:
        first, end = self._connection.execute(_BOUNDS).fetchone()
        return first, end


def encode_headers(headers: Sequence[tuple[str, bytes]]) -> bytes:
    """Each header as u16be length of its name, u32be length of its value, name in UTF-8, value."""
    parts: list[bytes] = []
    for name, value in headers:
        raw = name.encode()
        parts += (_LENGTHS.pack(len(raw), len(value)), raw, value)
    return b"".join(parts)


def decode_headers(data: bytes) -> tuple[tuple[str, bytes], ...]:
    """The inverse of ``encode_headers``. Raises ``ValueError`` or ``struct.error`` for any other bytes."""
    found: list[tuple[str, bytes]] = []
    at = 0
    while at < len(data):
        name_length, value_length = _LENGTHS.unpack_from(data, at)
        name_at = at + _LENGTHS.size
        value_at = name_at + name_length
        at = value_at + value_length
        if at > len(data):
            raise ValueError("a header runs beyond the end of its message")
        found.append((data[name_at:value_at].decode(), data[value_at:at]))
    return tuple(found)


def _within(rows: sqlite3.Cursor, max_bytes: int) -> list[Received]:
    found: list[Received] = []
    left = max_bytes
    for position, key, value, headers in rows:
        left -= len(key) + len(value) + len(headers)
        if left < 0 and found:
            break
        found.append(Received(position, Message(key, value, decode_headers(headers))))
    return found
