"""The tables of a log: entries, tiles, sealed checkpoints, newest heartbeat; for the own log and for mirrors alike
(law 3).

Functions take a connection and hold no state, so that one transaction can append leaves, seal them and index them
together. The key of a leaf is ``log number << 40 | index``; of a seal ``log number << 40 | size``. Hashes are kept as
C2SP tiles: what is served is what is stored. A stored tree is never believed by an audit; it is rebuilt there from
the entries.

>>> log = open_log(connection, "jjj.example/sanhe/licence", "sanhe", "licence")
>>> append(connection, log.number, log.size, entries, hashes)
>>> add_seal(connection, log.number, Seal(size, root, date, note, known))
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.ledger.merkle import EMPTY_ROOT, Frontier, subtree_hash

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE logs (number INTEGER PRIMARY KEY, origin TEXT UNIQUE NOT NULL, jurisdiction TEXT NOT NULL,
  family TEXT NOT NULL, size INTEGER NOT NULL DEFAULT 0, position INTEGER, sent INTEGER NOT NULL DEFAULT 0,
  frozen TEXT);
CREATE TABLE entries (key INTEGER PRIMARY KEY, entry BLOB NOT NULL);
CREATE TABLE tiles (key INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
CREATE TABLE seals (key INTEGER PRIMARY KEY, root BLOB NOT NULL, date INTEGER NOT NULL, known INTEGER NOT NULL,
  note BLOB NOT NULL);
CREATE TABLE heartbeats (log INTEGER PRIMARY KEY, size INTEGER NOT NULL, date INTEGER NOT NULL, note BLOB NOT NULL);
"""

INDEX_BITS = 40
INDEX_MASK = (1 << INDEX_BITS) - 1
TILE = 256
HASH = 32
SEALS_A_FILE = 256


@dataclass(frozen=True, slots=True)
class Log:
    """One log as the ledger holds it: its number in this file, its size in leaves, and the reason why it is frozen,
    if it is.
    """

    number: int
    origin: str
    jurisdiction: str
    family: str
    size: int
    position: int | None
    sent: int
    frozen: str | None

    @property
    def name(self) -> str:
        """Last part of the origin: the family, with ``.<n>`` for a successor. It names topic, folder and files."""
        return name_of(self.origin)

    @property
    def generation(self) -> int:
        """0 for a family's first log, n - 1 for ``<family>.<n>``."""
        return generation_of(self.origin)


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed checkpoint as committed by its owner. ``date``: its owner's cosignature, seconds. ``known``: when this
    node had it, ms.
    """

    size: int
    root: bytes
    date: int
    note: bytes
    known: int


def name_of(origin: str) -> str:
    """Last part of an origin."""
    return origin.rpartition("/")[2]


def generation_of(origin: str) -> int:
    """How many logs of the family came before the one of this origin."""
    number = name_of(origin).partition(".")[2]
    return int(number) - 1 if number else 0


def key_of(log: int, index: int) -> int:
    """Row key of a leaf or seal."""
    return log << INDEX_BITS | index


def index_of(key: int) -> int:
    """Index (or size) in a row key."""
    return key & INDEX_MASK


def open_log(connection: sqlite3.Connection, origin: str, jurisdiction: str, family: str) -> Log:
    """The log's row, made if it is not there yet."""
    connection.execute(
        "INSERT OR IGNORE INTO logs (origin, jurisdiction, family) VALUES (?, ?, ?)", (origin, jurisdiction, family)
    )
    log = find_log(connection, origin)
    if log is None:  # pragma: no cover - the row was made one line above
        raise LookupError(origin)
    return log


def find_log(connection: sqlite3.Connection, origin: str) -> Log | None:
    """The log of an origin, or None."""
    return next(iter(_logs(connection, "WHERE origin = ?", (origin,))), None)


def all_logs(connection: sqlite3.Connection) -> list[Log]:
    """Every log in this file, by number."""
    return _logs(connection, "ORDER BY number", ())


def _logs(connection: sqlite3.Connection, where: str, values: tuple[object, ...]) -> list[Log]:
    columns = "number, origin, jurisdiction, family, size, position, sent, frozen"
    return [Log(*row) for row in connection.execute(f"SELECT {columns} FROM logs {where}", values)]


# Writing: all of these belong inside one transaction


def append(
    connection: sqlite3.Connection, log: int, start: int, entries: Sequence[bytes], hashes: Sequence[bytes]
) -> None:
    """Append leaves from index ``start`` on, with their tiles; the caller has checked that ``start`` is the size."""
    base = key_of(log, start)
    rows = ((base + offset, entry) for offset, entry in enumerate(entries))
    connection.executemany("INSERT INTO entries (key, entry) VALUES (?, ?)", rows)
    _append_hashes(connection, log, 0, start, hashes)
    connection.execute("UPDATE logs SET size = ? WHERE number = ?", (start + len(entries), log))


def _append_hashes(connection: sqlite3.Connection, log: int, level: int, start: int, hashes: Sequence[bytes]) -> None:
    upper: list[bytes] = []
    first = start // TILE
    taken = 0
    while taken < len(hashes):
        number, width = divmod(start + taken, TILE)
        old = tile(connection, log, level, number) if width else b""
        part = hashes[taken : taken + TILE - width]
        whole = old[: width * HASH] + b"".join(part)
        connection.execute(
            "INSERT OR REPLACE INTO tiles (key, hashes) VALUES (?, ?)", (_tile_key(log, level, number), whole)
        )
        if len(whole) == TILE * HASH:
            upper.append(subtree_hash([whole[at : at + HASH] for at in range(0, len(whole), HASH)]))
        taken += len(part)
    if upper:
        _append_hashes(connection, log, level + 1, first, upper)


def add_seal(connection: sqlite3.Connection, log: int, seal: Seal) -> None:
    """Keep a sealed checkpoint; the first one of a size stays."""
    connection.execute(
        "INSERT OR IGNORE INTO seals (key, root, date, known, note) VALUES (?, ?, ?, ?, ?)",
        (key_of(log, seal.size), seal.root, seal.date, seal.known, seal.note),
    )


def put_seal(connection: sqlite3.Connection, log: int, seal: Seal) -> None:
    """Keep a sealed checkpoint in place of one that was taken for it."""
    connection.execute("DELETE FROM seals WHERE key = ?", (key_of(log, seal.size),))
    add_seal(connection, log, seal)


def set_heartbeat(connection: sqlite3.Connection, log: int, size: int, date: int, note: bytes) -> None:
    """Keep the newest published checkpoint; dates never go back, so an older one is passed over."""
    connection.execute(
        "INSERT INTO heartbeats (log, size, date, note) VALUES (?, ?, ?, ?) ON CONFLICT (log) DO UPDATE SET"
        " size = excluded.size, date = excluded.date, note = excluded.note"
        " WHERE (excluded.size, excluded.date) > (heartbeats.size, heartbeats.date)",
        (log, size, date, note),
    )


def set_position(connection: sqlite3.Connection, log: int, position: int | None) -> None:
    """Where the mirror reads its topic next."""
    connection.execute("UPDATE logs SET position = ? WHERE number = ?", (position, log))


def set_sent(connection: sqlite3.Connection, log: int, sent: int) -> None:
    """How many leaves of the own log the bus has taken."""
    connection.execute("UPDATE logs SET sent = ? WHERE number = ?", (sent, log))


def freeze(connection: sqlite3.Connection, origin: str, reason: str | None) -> None:
    """Stop a log whose owner's statements can't all be true (law 8); None: a person has decided, it goes on."""
    connection.execute("UPDATE logs SET frozen = ? WHERE origin = ?", (reason, origin))


def cut(connection: sqlite3.Connection, log: int, size: int) -> None:
    """Forget tiles, seals and heartbeats above a size; the entries are the caller's."""
    for level in range(7):
        number, width = divmod(size >> 8 * level, TILE)
        held = tile(connection, log, level, number)[: width * HASH]
        span = (_tile_key(log, level, number), _tile_key(log, level + 1, 0))
        connection.execute("DELETE FROM tiles WHERE key >= ? AND key < ?", span)
        if held:
            connection.execute("INSERT INTO tiles (key, hashes) VALUES (?, ?)", (span[0], held))
    span = (key_of(log, size), key_of(log + 1, 0))
    connection.execute("DELETE FROM seals WHERE key > ? AND key < ?", span)
    connection.execute("DELETE FROM heartbeats WHERE log = ? AND size > ?", (log, size))
    connection.execute(
        "UPDATE logs SET size = ?, sent = min(sent, ?), position = NULL WHERE number = ?", (size, size, log)
    )


# Reading


def entry(connection: sqlite3.Connection, log: int, index: int) -> bytes | None:
    """One signed record as logged, or None."""
    row = connection.execute("SELECT entry FROM entries WHERE key = ?", (key_of(log, index),)).fetchone()
    return None if row is None else bytes(row[0])


def entries(connection: sqlite3.Connection, log: int, start: int, stop: int) -> Iterator[bytes]:
    """Entries of indexes ``start`` to ``stop`` - 1, in order."""
    span = (key_of(log, start), key_of(log, stop))
    for row in connection.execute("SELECT entry FROM entries WHERE key >= ? AND key < ? ORDER BY key", span):
        yield row[0]


def tile(connection: sqlite3.Connection, log: int, level: int, number: int) -> bytes:
    """The hashes held of one tile: 32 bytes each, empty when there is no such tile."""
    row = connection.execute("SELECT hashes FROM tiles WHERE key = ?", (_tile_key(log, level, number),)).fetchone()
    return b"" if row is None else bytes(row[0])


def _tile_key(log: int, level: int, number: int) -> int:
    return log << 48 | level << 40 | number


def leaf_hash_at(connection: sqlite3.Connection, log: int, index: int) -> bytes | None:
    """Leaf hash of an index, or None when the log is shorter."""
    at = index % TILE * HASH
    return tile(connection, log, 0, index // TILE)[at : at + HASH] or None


def node(connection: sqlite3.Connection, log: int, level: int, index: int) -> bytes:
    """Hash of the complete subtree number ``index`` of 2**level leaves, from the stored tiles."""
    tile_level, inner = divmod(level, 8)
    first = index << inner
    held = tile(connection, log, tile_level, first // TILE)
    at = first % TILE * HASH
    hashes = [held[place : place + HASH] for place in range(at, at + (HASH << inner), HASH)]
    if len(hashes[-1]) != HASH:
        raise LookupError(f"subtree {level}/{index} is not complete")
    return subtree_hash(hashes)


def frontier(connection: sqlite3.Connection, log: int, size: int) -> Frontier:
    """The tree's right edge at any size up to the log's, to go on appending or to compute that size's root."""
    levels = [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]
    return Frontier(size, [node(connection, log, level, (size >> level) - 1) for level in levels])


def root_at(connection: sqlite3.Connection, log: int, size: int) -> bytes:
    """Root of the first ``size`` leaves, from the stored tiles."""
    edge = frontier(connection, log, size)
    return edge.root() if size else EMPTY_ROOT


def seal_covering(connection: sqlite3.Connection, log: int, index: int) -> Seal | None:
    """The sealed checkpoint of smallest size > index: its date is the leaf's logged time."""
    return _seal(connection, "key > ? AND key < ? ORDER BY key LIMIT 1", key_of(log, index), key_of(log + 1, 0))


def seal_at(connection: sqlite3.Connection, log: int, size: int) -> Seal | None:
    """The sealed checkpoint of exactly this size."""
    return _seal(connection, "key = ?", key_of(log, size))


def seal_below(connection: sqlite3.Connection, log: int, size: int) -> Seal | None:
    """The sealed checkpoint of largest size below this one."""
    return _seal(connection, "key >= ? AND key < ? ORDER BY key DESC LIMIT 1", key_of(log, 0), key_of(log, size))


def last_seal(connection: sqlite3.Connection, log: int) -> Seal | None:
    """The newest sealed checkpoint."""
    return _seal(connection, "key >= ? AND key < ? ORDER BY key DESC LIMIT 1", key_of(log, 0), key_of(log + 1, 0))


def _seal(connection: sqlite3.Connection, where: str, *values: int) -> Seal | None:
    row = connection.execute(f"SELECT key, root, date, note, known FROM seals WHERE {where}", values).fetchone()
    return None if row is None else Seal(index_of(row[0]), row[1], row[2], row[3], row[4])


def seals(connection: sqlite3.Connection, log: int, above: int, up_to: int) -> Iterator[Seal]:
    """Sealed checkpoints of sizes above < size ≤ up_to, rising."""
    span = (key_of(log, above), key_of(log, up_to))
    query = "SELECT key, root, date, note, known FROM seals WHERE key > ? AND key <= ? ORDER BY key"
    for row in connection.execute(query, span):
        yield Seal(index_of(row[0]), row[1], row[2], row[3], row[4])


def count_seals(connection: sqlite3.Connection, log: int) -> int:
    """How many sealed checkpoints stand."""
    span = (key_of(log, 0), key_of(log + 1, 0))
    return int(connection.execute("SELECT count(*) FROM seals WHERE key >= ? AND key < ?", span).fetchone()[0])


def newest_checkpoint(connection: sqlite3.Connection, log: int) -> tuple[int, int, bytes] | None:
    """(size, date, note) of the newest published checkpoint or seal: what ``checkpoint`` serves."""
    found = []
    row = connection.execute("SELECT size, date, note FROM heartbeats WHERE log = ?", (log,)).fetchone()
    if row is not None:
        found.append((int(row[0]), int(row[1]), bytes(row[2])))
    seal = last_seal(connection, log)
    if seal is not None:
        found.append((seal.size, seal.date, seal.note))
    return max(found, default=None)


def note_of(connection: sqlite3.Connection, log: int, size: int) -> bytes | None:
    """The owner's newest note of a size that is held."""
    newest = newest_checkpoint(connection, log)
    if newest is not None and newest[0] == size:
        return newest[2]
    seal = seal_at(connection, log, size)
    return None if seal is None else seal.note

