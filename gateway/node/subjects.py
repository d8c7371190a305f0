"""What a node knows of a subject: its records, who holds it, what stands in quarantine about it; by number, name or id.

Reads the tables that ``node.index`` writes; judges nothing.

>>> rows(connection, log, "11100000MB0341032Y002:JY11310820000017")
[Row(index=7, type='jjj.licence.issued', state='01', since=datetime.date(2026, 11, 1), ...)]
"""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gateway.ledger import logbook
from gateway.ledger.logbook import Log, index_of, key_of
from gateway.node.index import EPOCH


@dataclass(frozen=True, slots=True)
class Row:
    """One accepted record of a subject, as light as choosing the present needs it. ``logged``: s; ``time``,
    ``known``: ms.

    ``retracts``: for a retraction, the index it names; ``erased``: the record's own bytes are gone.
    """

    index: int
    type: str
    state: str
    since: datetime.date
    time: int
    logged: int
    known: int
    retracts: int | None
    erased: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A subject that a search found."""

    family: str
    source: str
    subject: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A leaf that failed the gate. ``subject``: what it claims, or None when that can't be read; ``known``: ms."""

    origin: str
    index: int
    subject: str | None
    id: str | None
    reason: str
    field: str
    message: str
    known: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where a leaf stands that failed the gate, and why it did."""

    index: int
    reason: str


def rows(connection: sqlite3.Connection, log: Log, subject: str) -> list[Row]:
    """Every accepted record of a subject in one log, rising by index; of leaves above ``log.size`` nobody is told yet:
    they may be committed, but their high-water mark not synced, or their checkpoint not taken.
    """
    found = connection.execute(
        "SELECT r.key, r.type, r.state, r.since, r.time, r.logged, r.known, r.retracts, r.erased FROM subjects s"
        " JOIN records r ON r.subject = s.number WHERE s.family = ? AND s.source = ? AND s.subject = ?"
        " AND r.key >= ? AND r.key < ? ORDER BY r.key",
        (log.family, log.jurisdiction, subject, key_of(log.number, 0), key_of(log.number, log.size)),
    )
    day = datetime.timedelta(days=1)
    return [
        Row(index_of(key), kind, state, EPOCH + since * day, time, logged, known, retracts, bool(erased))
        for key, kind, state, since, time, logged, known, retracts, erased in found
    ]


def in_family(logs: Iterable[tuple[sqlite3.Connection, Log]], subject: str) -> list[Row]:
    """Every accepted record of a subject in the logs of one family. Here an ``index``, also a retraction's, is a
    place: the log's generation and the index in it, as ``key_of`` makes them. So the newest is the largest, whichever
    log it stands in, and in a family's first log a place is an index.
    """
    found = []
    for connection, log in logs:
        for row in rows(connection, log, subject):
            retracts = None if row.retracts is None else key_of(log.generation, row.retracts)
            found.append(replace(row, index=key_of(log.generation, row.index), retracts=retracts))
    return sorted(found, key=lambda row: row.index)


def of_terms(
    connection: sqlite3.Connection, where: str, terms: Sequence[str], limit: int, family: str | None = None
) -> list[Match]:
    """Subjects, licences first, that bear terms ``t`` for which this holds; ``family``: of this one only."""
    found = connection.execute(
        "SELECT DISTINCT s.family, s.source, s.subject FROM terms t JOIN subjects s ON s.number = t.subject"
        f" WHERE {where} AND s.family = coalesce(?, s.family)"
        " ORDER BY s.family DESC, s.source, s.subject LIMIT ?",
        (*terms, family, limit),
    )
    return [Match(*row) for row in found]


def by_subject(connection: sqlite3.Connection, subject: str) -> list[Match]:
    """The subject of exactly this name, at each source that has one."""
    found = connection.execute(
        "SELECT family, source, subject FROM subjects WHERE subject = ? ORDER BY source", (subject,)
    )
    return [Match(*row) for row in found]


def is_held_by(connection: sqlite3.Connection, match: Match, holder: str) -> bool:
    """Whether the subject's holder has this USCC or (normalised) name."""
    row = connection.execute(
        "SELECT 1 FROM terms t JOIN subjects s ON s.number = t.subject WHERE t.kind IN ('uscc', 'name') AND t.term = ?"
        " AND s.family = ? AND s.source = ? AND s.subject = ?",
        (holder, match.family, match.source, match.subject),
    ).fetchone()
    return row is not None


def leaf_of_id(connection: sqlite3.Connection, log: Log, record_id: str) -> int | None:
    """The index of the first leaf that bears an id, if it lies below ``log.size``."""
    row = connection.execute("SELECT first FROM ids WHERE log = ? AND id = ?", (log.number, record_id)).fetchone()
    return None if row is None or row[0] >= log.size else int(row[0])


def by_holder(connection: sqlite3.Connection, uscc: str, limit: int) -> list[Match]:
    """Subjects of one holder."""
    return of_terms(connection, "t.kind = 'uscc' AND t.term = ?", (uscc,), limit)


def credit_of(connection: sqlite3.Connection, source: str, holder: str, limit: int) -> list[Match]:
    """Credit subjects of one holder at one source: the holder's USCC begins them."""
    found = connection.execute(
        "SELECT family, source, subject FROM subjects WHERE family = 'credit' AND source = ?"
        " AND subject >= ? AND subject < ? ORDER BY subject LIMIT ?",
        (source, f"{holder}:", f"{holder};", limit),
    )
    return [Match(*row) for row in found]


def named_as_predecessor(connection: sqlite3.Connection, source: str, subject: str) -> list[Match]:
    """Subjects that name this one as their predecessor; ``source`` is the jurisdiction."""
    return of_terms(connection, "t.kind = 'predecessor' AND t.term = ?", (f"{source} {subject}",), 20)


def quarantined_above(connection: sqlite3.Connection, log: Log, subject: str, index: int) -> list[Quarantined]:
    """Quarantined leaves of the log that claim the subject, above an index (-1: any)."""
    where = "q.subject = ? AND q.key > ? AND q.key < ? ORDER BY q.key DESC LIMIT 20"
    above = key_of(log.number, index) if index >= 0 else key_of(log.number, 0) - 1
    return _quarantined(connection, where, (subject, above, key_of(log.number + 1, 0)))


def quarantined_at(connection: sqlite3.Connection, log: Log, index: int) -> Quarantined | None:
    """The leaf at an index, if it stands in quarantine."""
    return next(iter(_quarantined(connection, "q.key = ?", (key_of(log.number, index),))), None)


def quarantined_claiming(connection: sqlite3.Connection, log: Log, subject: str, number: str) -> list[Leaf]:
    """Quarantined leaves of the log that claim this subject, or one of any type with this number."""
    found = connection.execute(
        "SELECT key, reason FROM quarantine WHERE NOT erased AND key >= ? AND key < ?"
        " AND (subject = ? OR substr(subject, instr(subject, ':') + 1) = ?) ORDER BY key LIMIT 20",
        (key_of(log.number, 0), key_of(log.number + 1, 0), subject, number),
    )
    return [Leaf(index_of(key), reason) for key, reason in found]


def quarantined_unindexed(connection: sqlite3.Connection, log: Log) -> list[Leaf]:
    """Quarantined leaves of the log that claim a subject of which no record is indexed."""
    found = connection.execute(
        "SELECT q.key, q.reason FROM quarantine q WHERE q.key >= ? AND q.key < ? AND q.subject NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM subjects s WHERE s.family = ? AND s.source = ? AND s.subject = q.subject)"
        " ORDER BY q.key LIMIT 20",
        (key_of(log.number, 0), key_of(log.number + 1, 0), log.family, log.jurisdiction),
    )
    return [Leaf(index_of(key), reason) for key, reason in found]


def unread_about(connection: sqlite3.Connection, log: Log, holder: str) -> list[str]:
    """Credit subjects of a holder that quarantined leaves claim, above their newest accepted records."""
    found = connection.execute(
        "SELECT DISTINCT q.subject FROM quarantine q WHERE NOT q.erased AND q.subject >= ? AND q.subject < ?"
        " AND q.key >= ? AND q.key < ?"
        " AND q.key > coalesce((SELECT max(r.key) FROM subjects s JOIN records r ON r.subject = s.number"
        "   WHERE s.family = ? AND s.source = ? AND s.subject = q.subject AND r.key < ?), 0)",
        (
            f"{holder}:",
            f"{holder};",
            key_of(log.number, 0),
            key_of(log.number + 1, 0),
            log.family,
            log.jurisdiction,
            key_of(log.number + 1, 0),
        ),
    )
    return [row[0] for row in found]


def unread(connection: sqlite3.Connection, log: Log) -> int:
    """How many leaves of the log have no readable subject, and were not erased."""
    span = (key_of(log.number, 0), key_of(log.number + 1, 0))
    query = "SELECT count(*) FROM quarantine WHERE NOT erased AND subject IS NULL AND key >= ? AND key < ?"
    return int(connection.execute(query, span).fetchone()[0])


def quarantine_page(connection: sqlite3.Connection, after: int, limit: int) -> list[tuple[int, Quarantined]]:
    """Quarantined leaves by row key, for lists; the key is the ``after`` of the next page."""
    found = _quarantined(connection, "q.key > ? ORDER BY q.key LIMIT ?", (after, limit))
    numbers = {log.origin: log.number for log in logbook.all_logs(connection)}
    return [(key_of(numbers[leaf.origin], leaf.index), leaf) for leaf in found]


def count_quarantined(connection: sqlite3.Connection, log: Log) -> int:
    """How many leaves of the log stand in quarantine."""
    span = (key_of(log.number, 0), key_of(log.number + 1, 0))
    query = "SELECT count(*) FROM quarantine WHERE NOT erased AND key >= ? AND key < ?"
    return int(connection.execute(query, span).fetchone()[0])


def _quarantined(connection: sqlite3.Connection, where: str, values: tuple[object, ...]) -> list[Quarantined]:
    found = connection.execute(
        "SELECT l.origin, q.key, q.subject, q.id, q.reason, q.field, q.message, q.known"
        f" FROM quarantine q JOIN logs l ON l.number = q.key >> {logbook.INDEX_BITS}"
        f" WHERE NOT q.erased AND {where}",
        values,
    )
    return [Quarantined(row[0], index_of(row[1]), *row[2:]) for row in found]
