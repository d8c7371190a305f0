"""WHO else has seen a log's checkpoints, and when: cosignatures as a node keeps them (DESIGN §4).

Of each size and witness key the first and the last stand, beside the seals and never within them: a sealed checkpoint
stays as its owner committed it. Whoever is handed a checkpoint gets the lines after the owner's, first before last. The
same file says how far this node itself has cosigned each log, in ``cosigned``: that never goes back.

>>> keep(connection, log.number, [Cosignature(812, "jjj.example/tongzhou/witness", key_id, 1795400001, payload)])
>>> with_lines(seal.note, lines_at(connection, log.number, 812))
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.ledger.checkpoint import MAX_LINES, MAX_NOTE
from gateway.ledger.logbook import SEALS_A_FILE, index_of, key_of
from gateway.trust import notes
from gateway.trust.notes import Identity

TABLES = """
CREATE TABLE cosigners (number INTEGER PRIMARY KEY, name TEXT NOT NULL, id BLOB NOT NULL, UNIQUE (name, id));
CREATE TABLE cosignatures (key INTEGER NOT NULL, cosigner INTEGER NOT NULL, first INTEGER NOT NULL,
  first_payload BLOB NOT NULL, last INTEGER NOT NULL, last_payload BLOB NOT NULL, PRIMARY KEY (key, cosigner))
  WITHOUT ROWID;
CREATE INDEX cosignatures_of ON cosignatures (cosigner, key);
CREATE TABLE cosigned (log INTEGER PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL);
CREATE TABLE learned (log INTEGER PRIMARY KEY, files INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Cosignature:
    """One dated cosignature on the checkpoint of a size. ``date``: seconds; ``payload``: what follows the key id."""

    size: int
    name: str
    key_id: bytes
    date: int
    payload: bytes

    @property
    def by(self) -> Identity:
        """Key name and key id."""
        return self.name, self.key_id

    def line(self) -> bytes:
        """As it stands under a checkpoint."""
        return notes.line(self.name, self.key_id, self.payload)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one witness key has cosigned a log: the largest size, and when last."""

    name: str
    key_id: bytes
    size: int
    date: int


# Writing: inside one transaction


def keep(connection: sqlite3.Connection, log: int, found: Iterable[Cosignature]) -> None:
    """Keep the first and the last of each size and key; what lies between is passed over."""
    for each in found:
        connection.execute("INSERT OR IGNORE INTO cosigners (name, id) VALUES (?, ?)", each.by)
        connection.execute(
            "INSERT INTO cosignatures SELECT ?1, number, ?2, ?3, ?2, ?3 FROM cosigners WHERE name = ?4 AND id = ?5"
            " ON CONFLICT (key, cosigner) DO UPDATE SET"
            " first_payload = iif(excluded.first < first, excluded.first_payload, first_payload),"
            " first = min(first, excluded.first),"
            " last_payload = iif(excluded.last > last, excluded.last_payload, last_payload),"
            " last = max(last, excluded.last)",
            (key_of(log, each.size), each.date, each.payload, *each.by),
        )


def advance(connection: sqlite3.Connection, log: int, size: int, root: bytes) -> bool:
    """Note that this node cosigns this tree now; False, and nothing is written, if that would go back: to a smaller
    size, or to another root at the same one.
    """
    before = cosigned(connection, log)
    if before is not None and (size < before[0] or (size == before[0] and root != before[1])):
        return False
    connection.execute("INSERT OR REPLACE INTO cosigned (log, size, root) VALUES (?, ?, ?)", (log, size, root))
    return True


def set_learned(connection: sqlite3.Connection, log: int, files: int) -> None:
    """How many whole files of a log's history were read for their cosignatures."""
    connection.execute("INSERT OR REPLACE INTO learned (log, files) VALUES (?, ?)", (log, files))


# Reading


def cosigned(connection: sqlite3.Connection, log: int) -> tuple[int, bytes] | None:
    """(size, root) of the largest tree of a log that this node has cosigned."""
    row = connection.execute("SELECT size, root FROM cosigned WHERE log = ?", (log,)).fetchone()
    return None if row is None else (int(row[0]), bytes(row[1]))


def learned(connection: sqlite3.Connection, log: int) -> int:
    """How many whole files of a log's history were read for their cosignatures."""
    row = connection.execute("SELECT files FROM learned WHERE log = ?", (log,)).fetchone()
    return 0 if row is None else int(row[0])


def at(connection: sqlite3.Connection, log: int, size: int) -> list[Cosignature]:
    """Those on one size, by key name and id, first before last."""
    key = key_of(log, size)
    return [each for _, each in _between(connection, key, key)]


def lines_at(connection: sqlite3.Connection, log: int, size: int) -> list[bytes]:
    """The signature lines of one size."""
    return [each.line() for each in at(connection, log, size)]


def lines_between(connection: sqlite3.Connection, first: int, last: int) -> dict[int, list[bytes]]:
    """Row key of a seal → signature lines, of keys from ``first`` to ``last``."""
    found: dict[int, list[bytes]] = {}
    for key, each in _between(connection, first, last):
        found.setdefault(key, []).append(each.line())
    return found


def _between(connection: sqlite3.Connection, low: int, high: int) -> Iterator[tuple[int, Cosignature]]:
    query = (
        "SELECT key, name, id, first, first_payload, last, last_payload FROM cosignatures"
        " JOIN cosigners ON number = cosigner WHERE key BETWEEN ? AND ? ORDER BY key, name, id"
    )
    for key, name, key_id, first, opening, last, closing in connection.execute(query, (low, high)):
        yield key, Cosignature(index_of(key), name, key_id, first, opening)
        if last != first:
            yield key, Cosignature(index_of(key), name, key_id, last, closing)


def with_lines(note: bytes, lines: Sequence[bytes]) -> bytes:
    """A checkpoint with cosignatures after its own lines: as many as a note may have lines and bytes."""
    room = MAX_LINES - note[note.rfind(b"\n\n") + 2 :].count(b"\n")
    for line in lines[: max(room, 0)]:
        if len(note) + len(line) > MAX_NOTE:
            break
        note += line
    return note


def history_file(connection: sqlite3.Connection, log: int, number: int, up_to: int) -> list[bytes]:
    """The notes of ``history/<number>`` up to a size: 256 seals a file, rising, the cosignatures after each."""
    span = (key_of(log, 0), key_of(log, up_to), SEALS_A_FILE, number * SEALS_A_FILE)
    query = "SELECT key, note FROM seals WHERE key >= ? AND key <= ? ORDER BY key LIMIT ? OFFSET ?"
    return cosigned_notes(connection, connection.execute(query, span).fetchall())


def cosigned_notes(connection: sqlite3.Connection, rows: Sequence[tuple[int, bytes]]) -> list[bytes]:
    """Seals as (row key, note), rising, each with its cosignatures."""
    if not rows:
        return []
    lines = lines_between(connection, rows[0][0], rows[-1][0])
    return [with_lines(note, lines.get(key, ())) for key, note in rows]


def covering(connection: sqlite3.Connection, log: int, index: int) -> Iterator[tuple[Identity, list[Cosignature]]]:
    """By each key the cosignatures that cover a leaf on the smallest and on the largest size: whose key was good at one
    of these has vouched for it.
    """
    span = (key_of(log, index), key_of(log + 1, 0))
    for number, name, key_id in connection.execute("SELECT number, name, id FROM cosigners ORDER BY name, id"):
        found: list[Cosignature] = []
        for order in ("DESC", "ASC"):
            row = connection.execute(
                "SELECT key, first, first_payload, last, last_payload FROM cosignatures"
                f" WHERE cosigner = ? AND key > ? AND key < ? ORDER BY key {order} LIMIT 1",
                (number, *span),
            ).fetchone()
            if row is not None:
                found += [Cosignature(index_of(row[0]), name, key_id, row[at], row[at + 1]) for at in (1, 3)]
        if found:
            yield (name, key_id), found


def reaches(connection: sqlite3.Connection, log: int) -> list[Reach]:
    """How far each key has cosigned a log, by name and id."""
    query = (
        "SELECT name, id, key, last FROM cosigners JOIN cosignatures ON cosigner = number WHERE key ="
        " (SELECT max(key) FROM cosignatures WHERE cosigner = number AND key >= ? AND key < ?) ORDER BY name, id"
    )
    span = (key_of(log, 0), key_of(log + 1, 0))
    return [Reach(name, key_id, index_of(key), last) for name, key_id, key, last in connection.execute(query, span)]
