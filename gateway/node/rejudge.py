"""Quarantine judged again when trust data, schemas or code change (law 6), and the index made anew from the log.

Each subject is judged in index order from its first quarantined leaf, as a first reading would have done it; so a
record that had been accepted above such a leaf is judged again too. So is, from its first such record on, a subject
whose accepted records other trust data may refuse (``revised``): what a key revoked since had signed. Leaves whose
subject can't be read are judged each by itself.

>>> await ledger.write(lambda connection: rejudge(connection, trust))
Rejudged(subjects=1, accepted=1, quarantined=0)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.errors import Refused
from gateway.ledger import logbook
from gateway.ledger.logbook import Log, Seal, index_of, key_of
from gateway.node import index, revised
from gateway.node.statements import Statement
from gateway.trust.gate import Place, admit
from gateway.trust.trusted import TrustData

CODE = "2"  # raised by hand whenever a change of the gate's code changes what it lets through
JUDGED_WITH = "judged_with"


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What a round of judging again did: subjects looked at, leaves accepted, leaves in quarantine now."""

    subjects: int
    accepted: int
    quarantined: int


def due(connection: sqlite3.Connection, trust: TrustData) -> bool:
    """Whether trust data, schemas or code are others than those that the quarantine was judged with."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (JUDGED_WITH,)).fetchone()
    return row is None or row[0] != _mark(trust)


def rejudge(connection: sqlite3.Connection, trust: TrustData) -> Rejudged:
    """Judge every quarantined subject again, and every one whose records may not be good any more, in one transaction.
    """
    subjects = accepted = quarantined = 0
    for log in logbook.all_logs(connection):
        claims = _claims(connection, (key_of(log.number, 0), key_of(log.number + 1, 0)))
        for keys in _groups(connection, log, _earliest([*claims, *revised.revised(connection, log, trust)])):
            subjects += 1
            good, bad = _judge_leaves(connection, log, keys, trust)
            accepted, quarantined = accepted + good, quarantined + bad
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (JUDGED_WITH, _mark(trust)))
    revised.remember(connection, trust)
    return Rejudged(subjects, accepted, quarantined)


def rebuild(connection: sqlite3.Connection, trust: TrustData) -> None:
    """Make the whole index anew from the entries, as a first reading of every log would."""
    for table in ("subjects", "records", "ids", "terms", "holder_names", "quarantine"):
        connection.execute(f"DELETE FROM {table}")
    for log in logbook.all_logs(connection):
        _judge_leaves(connection, log, [key_of(log.number, leaf) for leaf in range(log.size)], trust)


def _mark(trust: TrustData) -> str:
    return f"{CODE} {trust.digest}"


def is_first(connection: sqlite3.Connection, log: int, statement: Statement) -> bool:
    """Whether a statement about verified leaves is one that ``take_late_seal`` has to take: of a size without a sealed
    checkpoint, or dated before the one that stands (dates never go back, so the seal as committed is the earliest).
    """
    kept = logbook.seal_at(connection, log, statement.size)
    return statement.size > 0 and (kept is None or statement.date < kept.date)


def take_late_seal(connection: sqlite3.Connection, log: Log, statement: Statement, trust: TrustData) -> None:
    """Keep a sealed checkpoint that came after a larger one, and judge what it dates again: the leaves above the next
    smaller seal, and what follows them in their subjects. This node knew of these leaves when it had the larger one.
    """
    if not is_first(connection, log.number, statement):
        return
    cover = logbook.seal_covering(connection, log.number, statement.size - 1)
    below = logbook.seal_below(connection, log.number, statement.size)
    if cover is None:
        return
    seal = Seal(statement.size, statement.root, statement.date, statement.note, cover.known)
    logbook.put_seal(connection, log.number, seal)
    span = key_of(log.number, below.size if below is not None else 0), key_of(log.number, statement.size)
    for keys in _groups(connection, log, _claims(connection, span, accepted=True)):
        _judge_leaves(connection, log, keys, trust)


def _claims(
    connection: sqlite3.Connection, span: tuple[int, int], *, accepted: bool = False
) -> list[tuple[str | None, int]]:
    """(subject, first row key) of the quarantined leaves of a span, or of all its leaves; each leaf that names no
    subject by itself.
    """
    named = "SELECT subject, key FROM quarantine WHERE subject NOT NULL AND key >= ?1 AND key < ?2"
    if accepted:
        named += (
            " UNION SELECT s.subject, r.key FROM records r JOIN subjects s ON s.number = r.subject"
            " WHERE r.key >= ?1 AND r.key < ?2"
        )
    unread = "SELECT subject, key FROM quarantine WHERE subject IS NULL AND key >= ? AND key < ? ORDER BY key"
    return [
        *connection.execute(f"SELECT subject, min(key) FROM ({named}) GROUP BY subject", span).fetchall(),
        *connection.execute(unread, span).fetchall(),
    ]


def _earliest(claims: Iterable[tuple[str | None, int]]) -> list[tuple[str | None, int]]:
    """Each subject with the first of its claims; leaves that name none stay by themselves."""
    first: dict[str | int, tuple[str | None, int]] = {}
    for subject, key in claims:
        name = key if subject is None else subject
        if name not in first or key < first[name][1]:
            first[name] = (subject, key)
    return list(first.values())


def _groups(
    connection: sqlite3.Connection, log: Log, claims: Sequence[tuple[str | None, int]]
) -> Iterator[list[int]]:
    """Row keys to judge again: all that a subject has from its first claim on, and each leaf without one."""
    end = key_of(log.number + 1, 0)
    for subject, first in claims:
        found = connection.execute(
            "SELECT r.key FROM records r JOIN subjects s ON s.number = r.subject WHERE s.family = ? AND s.source = ?"
            " AND s.subject = ? AND r.key >= ? AND r.key < ?"
            " UNION SELECT key FROM quarantine WHERE subject = ? AND key >= ? AND key < ? ORDER BY 1",
            (log.family, log.jurisdiction, subject, first, end, subject, first, end),
        )
        yield [first] if subject is None else [row[0] for row in found.fetchall()]


def _judge_leaves(connection: sqlite3.Connection, log: Log, keys: list[int], trust: TrustData) -> tuple[int, int]:
    history = index.LogHistory(connection, log, log.size)
    before = {subject for key in keys if (subject := history.subject_at(index_of(key))) is not None}
    connection.executemany("DELETE FROM records WHERE key = ?", [(key,) for key in keys])
    connection.executemany("DELETE FROM quarantine WHERE key = ?", [(key,) for key in keys])
    accepted = 0
    for key in keys:
        accepted += _judge_leaf(connection, log, index_of(key), trust)
    for subject in before:
        index.refresh_terms(connection, log, subject, trust.schemas)
        index.refresh_erasures(connection, log, subject)
    return accepted, len(keys) - accepted


def _judge_leaf(connection: sqlite3.Connection, log: Log, leaf: int, trust: TrustData) -> bool:
    entry = logbook.entry(connection, log.number, leaf)
    seal = logbook.seal_covering(connection, log.number, leaf)
    if entry is None or seal is None:
        raise LookupError(f"{log.origin} has no sealed leaf {leaf}")
    place = Place(log.origin, log.jurisdiction, log.family, leaf, seal.date)
    try:
        verified = admit(entry, place, trust, index.LogHistory(connection, log, leaf))
    except Refused as refused:
        index.quarantine(connection, log, leaf, entry, refused, seal.known)
        return False
    index.accept(connection, log, verified, seal.known)
    return True
