"""What a node knows by subject: presents, histories, search terms and quarantine, kept beside the log they come from.

Everything here is made from the log and can be made again from it; ``rebuild`` does, and a test compares. Each
function works on a connection, so that leaves, seals and index change in one transaction (DESIGN §6). Only what the
gate let through is indexed; the rest stands in quarantine with its reason (law 6).

>>> accept(connection, log, verified, known=1795400000123)
>>> rows(connection, "licence", "sanhe", "11100000MB0341032Y002:JY11310820000017")
[Row(index=7, type='jjj.licence.issued', state='01', since=datetime.date(2026, 11, 1), ...)]
"""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterable

from gateway.errors import Refused
from gateway.ledger import logbook
from gateway.ledger.logbook import Log, index_of, key_of
from gateway.node import holdernames
from gateway.records import compact
from gateway.records.identifiers import mask_resident_numbers, normalise_query
from gateway.records.record import Correction, Credit, Licence, Record, judge_content, read_envelope
from gateway.records.scanned import certificate_stem
from gateway.records.schema import SchemaSet
from gateway.trust.gate import Last, VerifiedRecord

TABLES = f"""
{holdernames.TABLES}
CREATE TABLE subjects (number INTEGER PRIMARY KEY, family TEXT NOT NULL, source TEXT NOT NULL, subject TEXT NOT NULL,
  UNIQUE (family, source, subject));
CREATE INDEX subjects_by_subject ON subjects (subject);
CREATE TABLE records (key INTEGER PRIMARY KEY, subject INTEGER NOT NULL, type TEXT NOT NULL,
  state TEXT NOT NULL, since INTEGER NOT NULL, time INTEGER NOT NULL, logged INTEGER NOT NULL,
  known INTEGER NOT NULL, retracts INTEGER, erased INTEGER NOT NULL DEFAULT 0);
CREATE INDEX records_by_subject ON records (subject, key);
CREATE TABLE ids (log INTEGER NOT NULL, id TEXT NOT NULL, first INTEGER NOT NULL, PRIMARY KEY (log, id)) WITHOUT ROWID;
CREATE TABLE terms (kind TEXT NOT NULL, term TEXT NOT NULL, subject INTEGER NOT NULL, first INTEGER NOT NULL,
  PRIMARY KEY (kind, term, subject)) WITHOUT ROWID;
CREATE INDEX terms_by_subject ON terms (subject);
CREATE TABLE quarantine (key INTEGER PRIMARY KEY, subject TEXT, id TEXT, reason TEXT NOT NULL, field TEXT NOT NULL,
  message TEXT NOT NULL, known INTEGER NOT NULL, erased INTEGER NOT NULL DEFAULT 0);
CREATE INDEX quarantine_by_subject ON quarantine (subject);
"""
"""``terms.first``: row key of the first leaf that gives the term; ``erased``: of the leaf that erases, or 0."""
NO_STATE = ""
EPOCH = datetime.date(1970, 1, 1)


class LogHistory:
    """``trust.gate.History`` over the tables, for a leaf of index ``below``."""

    def __init__(self, connection: sqlite3.Connection, log: Log, below: int) -> None:
        self._connection = connection
        self._log = log
        self._below = key_of(log.number, below)

    def first_index(self, record_id: str) -> int | None:
        """Smallest index of an earlier leaf that bears this id."""
        query = "SELECT first FROM ids WHERE log = ? AND id = ?"
        row = self._connection.execute(query, (self._log.number, record_id)).fetchone()
        return None if row is None or key_of(self._log.number, row[0]) >= self._below else int(row[0])

    def last(self, subject: str) -> Last | None:
        """Newest accepted record of the subject among earlier leaves; ``erased`` leaves the state as it was."""
        found = self._connection.execute(
            "SELECT r.key, r.time, r.type, r.state FROM subjects s JOIN records r ON r.subject = s.number"
            " WHERE s.family = ? AND s.source = ? AND s.subject = ? AND r.key < ? AND r.key >= ? ORDER BY r.key DESC",
            (self._log.family, self._log.jurisdiction, subject, self._below, key_of(self._log.number, 0)),
        )
        newest = row = found.fetchone()
        while row is not None and row[2].endswith(".erased"):
            row = found.fetchone()
        found.close()
        state = row[3] if row is not None else NO_STATE
        return None if newest is None else Last(index_of(newest[0]), newest[1], newest[2], state)

    def leaf_hash(self, index: int) -> bytes | None:
        """Leaf hash of an earlier leaf."""
        if not self._is_below(index):
            return None
        return logbook.leaf_hash_at(self._connection, self._log.number, index)

    def subject_at(self, index: int) -> str | None:
        """Subject of an earlier leaf, accepted or claimed."""
        if not self._is_below(index):
            return None
        key = key_of(self._log.number, index)
        row = self._connection.execute(
            "SELECT s.subject FROM records r JOIN subjects s ON s.number = r.subject WHERE r.key = ?"
            " UNION ALL SELECT subject FROM quarantine WHERE key = ?",
            (key, key),
        ).fetchone()
        return None if row is None else row[0]

    def _is_below(self, index: int) -> bool:
        """Whether there can be such an earlier leaf; any integer may be asked, a row key holds 40 bits."""
        return 0 <= index <= logbook.INDEX_MASK and key_of(self._log.number, index) < self._below


# Writing: inside the transaction that appends the leaf


def accept(connection: sqlite3.Connection, log: Log, verified: VerifiedRecord, known: int) -> None:
    """Index a record that the gate let through."""
    record, place = verified.record, verified.place
    subject = _subject_number(connection, log, record.subject)
    key = key_of(log.number, place.index)
    state, since = _standing(record)
    connection.execute(
        "INSERT INTO records (key, subject, type, state, since, time, logged, known, retracts)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (key, subject, record.type, state, since, record.time, place.logged, known, _retracts(record)),
    )
    _claim_id(connection, log, record.id, place.index)
    terms = [(kind, term, subject, key) for kind, term in _terms(record)]
    for name in (term for kind, term, _, _ in terms if kind == "name"):
        holdernames.add(connection, name)
    _add_terms(connection, terms)
    if record.type.endswith(".erased") and isinstance(record.content, Correction):
        _mark_erased(connection, log, record.content.index, key)


def _mark_erased(connection: sqlite3.Connection, log: Log, index: int, key: int) -> None:
    named = (key, key_of(log.number, index))
    connection.execute("UPDATE records SET erased = ? WHERE key = ?", named)
    connection.execute("UPDATE quarantine SET erased = ? WHERE key = ?", named)


def quarantine(
    connection: sqlite3.Connection, log: Log, index: int, entry: bytes, refused: Refused, known: int
) -> None:
    """Keep a leaf that failed the gate out of the index, with its reason and what it claims to be about."""
    line, _, _ = entry.rpartition(b"\n\n")
    subject, record_id = compact.peek(line)
    connection.execute(
        "INSERT OR REPLACE INTO quarantine (key, subject, id, reason, field, message, known)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            key_of(log.number, index),
            subject,
            record_id,
            refused.reason,
            refused.field,
            mask_resident_numbers(refused.message)[:500],
            known,
        ),
    )
    if record_id is not None:
        _claim_id(connection, log, record_id, index)


def _add_terms(connection: sqlite3.Connection, terms: list[tuple[str, str, int, int]]) -> None:
    """Terms with the first leaf that gives them; called with rising keys."""
    connection.executemany("INSERT OR IGNORE INTO terms (kind, term, subject, first) VALUES (?, ?, ?, ?)", terms)


def _claim_id(connection: sqlite3.Connection, log: Log, record_id: str, index: int) -> None:
    connection.execute(
        "INSERT INTO ids (log, id, first) VALUES (?, ?, ?)"
        " ON CONFLICT (log, id) DO UPDATE SET first = min(first, excluded.first)",
        (log.number, record_id, index),
    )


def _subject_number(connection: sqlite3.Connection, log: Log, subject: str) -> int:
    """The subject's row, made if it is new: which most are, so that the insertion is tried first."""
    values = (log.family, log.jurisdiction, subject)
    row = connection.execute(
        "INSERT OR IGNORE INTO subjects (family, source, subject) VALUES (?, ?, ?) RETURNING number", values
    ).fetchone()
    if row is None:
        query = "SELECT number FROM subjects WHERE family = ? AND source = ? AND subject = ?"
        row = connection.execute(query, values).fetchone()
    return int(row[0])


def _standing(record: Record) -> tuple[str, int]:
    content = record.content
    if isinstance(content, Licence):
        return content.state, (content.since - EPOCH).days
    if isinstance(content, Credit):
        return content.state, (content.decided_on - EPOCH).days
    return NO_STATE, record.time // 86_400_000


def _retracts(record: Record) -> int | None:
    return (
        record.content.index if isinstance(record.content, Correction) and record.type.endswith(".retracted") else None
    )


def _terms(record: Record) -> Iterable[tuple[str, str]]:
    content = record.content
    if isinstance(content, Correction):
        return
    yield "uscc", content.holder_uscc
    yield "name", normalise_query(content.holder_name)
    if isinstance(content, Licence):
        yield "number", record.subject.partition(":")[2]
        if content.certificate_identifier:
            yield "certificate", certificate_stem(content.certificate_identifier) or content.certificate_identifier
        if content.predecessor is not None:
            yield "predecessor", " ".join(content.predecessor)


def refresh_terms(connection: sqlite3.Connection, log: Log, subject: str, schemas: SchemaSet) -> None:
    """Make a subject's search terms anew from the records that still stand; a subject without any goes."""
    values = (log.family, log.jurisdiction, subject)
    row = connection.execute(
        "SELECT number FROM subjects WHERE family = ? AND source = ? AND subject = ?", values
    ).fetchone()
    if row is None:
        return
    connection.execute("DELETE FROM terms WHERE subject = ?", row)
    keys = [key for (key,) in connection.execute("SELECT key FROM records WHERE subject = ? ORDER BY key", row)]
    for key in keys:
        entry = connection.execute("SELECT entry FROM entries WHERE key = ?", (key,)).fetchone()[0]
        record, _ = judge_content(read_envelope(entry.rpartition(b"\n\n")[0]), schemas)
        _add_terms(connection, [(kind, term, row[0], key) for kind, term in _terms(record)])
    if not keys:
        connection.execute("DELETE FROM subjects WHERE number = ?", row)


def refresh_erasures(connection: sqlite3.Connection, log: Log, subject: str) -> None:
    """Mark anew what of a subject was erased, by the records that still say so: one that was signed with a stolen key
    erases nothing.
    """
    span = (subject, key_of(log.number, 0), key_of(log.number + 1, 0))
    connection.execute("UPDATE quarantine SET erased = 0 WHERE erased AND subject = ? AND key >= ? AND key < ?", span)
    found = connection.execute(
        "SELECT r.key, r.type, r.erased FROM subjects s JOIN records r ON r.subject = s.number"
        " WHERE s.family = ? AND s.source = ? AND s.subject = ? AND r.key >= ? AND r.key < ? ORDER BY r.key",
        (log.family, log.jurisdiction, *span),
    ).fetchall()
    marked = [(key,) for key, _, erased in found if erased]
    connection.executemany("UPDATE records SET erased = 0 WHERE key = ?", marked)
    for key in (key for key, kind, _ in found if kind.endswith(".erased")):
        entry = logbook.entry(connection, log.number, index_of(key)) or b""
        _mark_erased(connection, log, int(read_envelope(entry.rpartition(b"\n\n")[0]).data["index"]), key)
