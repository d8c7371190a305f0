"""What is told of a leaf that was judged, and what is taken back? The rules of following (laws 6 and 7, DESIGN §8).

- A licence's records are told event by event, in the order of the log, each once.
- A leaf that the gate refuses is listed aside with its reason, once a reason.
- Of credit facts only what may be shown is told. They wait until their logs were read to the end; then the newest
  record of a fact is told, if the fact is in force and its ``public_until`` has not passed. What is repaired, ended,
  withdrawn, retracted or past its day by then never is.
- What was told before and may be shown no longer is taken back by its subject alone, once: when a newer record says
  so, and **in the first round after its ``public_until``**, of which no log brings word. Lines that were written
  before stay as they are; whoever keeps them deletes by the subject.
- What lay beyond the end that a later roster gives a log is taken back; its successor is a log like any other.
- Other trust data judge everything anew. What is accepted now and was not before is told then; what was told and is
  refused now is taken back, with the reason aside. An older record of that subject is not told a second time.

>>> rules = Rules(sink, trust, start=0)
>>> rules.take(log, leaf)
"""

from __future__ import annotations

from datetime import date

from gateway.audit.onwards import Leaf
from gateway.errors import Refused
from gateway.ledger.logbook import INDEX_BITS, Log, all_logs, index_of, key_of
from gateway.node import subjects
from gateway.ops import followed
from gateway.ops.followed import Gone, Told
from gateway.ops.followsink import Sink
from gateway.recognition.credit import IN_FORCE
from gateway.recognition.present import Fate, newest
from gateway.records import compact
from gateway.records.record import Credit
from gateway.trust.gate import VerifiedRecord
from gateway.trust.trusted import TrustData

TABLES = """
CREATE TABLE pending (key INTEGER PRIMARY KEY, logged INTEGER NOT NULL, state TEXT NOT NULL, until TEXT NOT NULL,
  subject TEXT NOT NULL, entry BLOB NOT NULL);
CREATE TABLE shown (source TEXT NOT NULL, subject TEXT NOT NULL, key INTEGER NOT NULL, logged INTEGER NOT NULL,
  until TEXT NOT NULL, PRIMARY KEY (source, subject)) WITHOUT ROWID;
CREATE TABLE listed (key INTEGER PRIMARY KEY, reason TEXT NOT NULL);
"""
"""``pending``: credit records read and not told yet. ``shown``: facts told and not taken back, by the leaf told."""
AT_ONCE = 256
FOREVER = ""


class Rules:
    """Decides what is told; every method inside the sink's transaction. ``start``: leaves of smaller index are read
    and not told.
    """

    def __init__(self, sink: Sink, trust: TrustData, start: int) -> None:
        self._sink = sink
        self._connection = sink.connection
        self._schemas = trust.schemas
        self._start = start

    def take(self, log: Log, leaf: Leaf) -> None:
        """One judged leaf: told, kept until its log is read to the end, listed, taken back, or passed over."""
        if isinstance(leaf.result, Refused):
            self._list(log, leaf, leaf.result)
            if leaf.given:
                self._take_back(log, leaf)
        elif leaf.result is None or leaf.given or leaf.index < self._start:
            return
        elif log.family == "credit":
            self._keep(log, leaf, leaf.result)
        else:
            self._tell(_told(log, leaf, leaf.result.record.subject))

    def _tell(self, told: Told) -> None:
        self._sink.tell(told, self._schemas)

    def _list(self, log: Log, leaf: Leaf, refused: Refused) -> None:
        """List a refused leaf, once for each reason."""
        key = key_of(log.number, leaf.index)
        row = self._connection.execute("SELECT reason FROM listed WHERE key = ?", (key,)).fetchone()
        if row is not None and row[0] == refused.reason:
            return
        self._connection.execute("INSERT OR REPLACE INTO listed (key, reason) VALUES (?, ?)", (key, refused.reason))
        self._sink.refuse(followed.refusal(log.origin, leaf.index, leaf.logged, leaf.entry, refused))

    def _take_back(self, log: Log, leaf: Leaf) -> None:
        """A leaf that was accepted once is refused now; should it be accepted again, it is told again."""
        key = (key_of(log.number, leaf.index),)
        self._connection.execute("DELETE FROM given WHERE key = ?", key)
        self._connection.execute("DELETE FROM pending WHERE key = ?", key)
        was_told = leaf.index >= self._start
        if log.family == "credit":
            was_told = self._connection.execute("DELETE FROM shown WHERE key = ?", key).rowcount > 0
        subject, _ = compact.peek(leaf.entry.partition(b"\n\n")[0])
        if was_told:
            self._tell(_told(log, leaf, subject or "", Gone.REFUSED))

    # Credit facts

    def _keep(self, log: Log, leaf: Leaf, verified: VerifiedRecord) -> None:
        content = verified.record.content
        state, until = "", FOREVER
        if isinstance(content, Credit):
            state = content.state
            until = content.public_until.isoformat() if content.public_until is not None else FOREVER
        values = (key_of(log.number, leaf.index), leaf.logged, state, until, verified.record.subject, leaf.entry)
        self._connection.execute("INSERT OR REPLACE INTO pending VALUES (?, ?, ?, ?, ?, ?)", values)

    def tell_pending(self, log: Log, today: date) -> bool:
        """Of a log that was read to the end, some of the records that wait; False when none waits any more."""
        query = "SELECT * FROM pending WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"
        span = (key_of(log.number, 0), key_of(log.number + 1, 0))
        rows = self._connection.execute(query, (*span, AT_ONCE)).fetchall()
        for key, logged, state, until, subject, entry in rows:
            told = Told(log.origin, log.family, index_of(key), logged, subject, entry)
            self._settle(log, told, until, in_force=state == IN_FORCE and not _is_past(until, today))
            self._connection.execute("DELETE FROM pending WHERE key = ?", (key,))
        return bool(rows)

    def _settle(self, log: Log, told: Told, until: str, *, in_force: bool) -> None:
        """Told only as the fact's newest record; a fact taken back by any other is taken back once."""
        family = [each for each in all_logs(self._connection) if _is_beside(each, log)]
        choice = newest(subjects.in_family(((self._connection, each) for each in family), told.subject))
        is_present = choice.fate is Fate.PRESENT
        if is_present and choice.index != key_of(log.generation, told.index):
            return
        if is_present and in_force:
            self._tell(told)
            values = (log.jurisdiction, told.subject, key_of(log.number, told.index), told.logged, until)
            self._connection.execute("INSERT OR REPLACE INTO shown VALUES (?, ?, ?, ?, ?)", values)
            return
        known = (log.jurisdiction, told.subject)
        if self._connection.execute("DELETE FROM shown WHERE source = ? AND subject = ?", known).rowcount:
            self._tell(Told(told.log, told.family, told.index, told.logged, told.subject, b"", Gone.NOT_PUBLIC))

    def tell_beyond(self) -> bool:
        """Take back some of what lay beyond the end that the roster gave a log since; False when none is left."""
        logs = {log.number: log for log in all_logs(self._connection)}
        rows = self._connection.execute("SELECT * FROM beyond ORDER BY key LIMIT ?", (AT_ONCE,)).fetchall()
        for key, logged, subject in rows:
            log = logs[key >> INDEX_BITS]
            was_told = index_of(key) >= self._start
            if log.family == "credit":
                was_told = self._connection.execute("DELETE FROM shown WHERE key = ?", (key,)).rowcount > 0
            if was_told:
                self._tell(Told(log.origin, log.family, index_of(key), logged, subject, b"", Gone.REFUSED))
            for table in ("beyond", "pending"):
                self._connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,))
        return bool(rows)

    def tell_expired(self, today: date) -> bool:
        """Take back some of the facts whose last public day has passed; False when there is none any more."""
        logs = {log.number: log for log in all_logs(self._connection)}
        query = "SELECT key, logged, subject FROM shown WHERE until != ? AND until < ? ORDER BY key LIMIT ?"
        rows = self._connection.execute(query, (FOREVER, today.isoformat(), AT_ONCE)).fetchall()
        for key, logged, subject in rows:
            log = logs[key >> INDEX_BITS]
            self._tell(Told(log.origin, log.family, index_of(key), logged, subject, b"", Gone.NOT_PUBLIC))
            self._connection.execute("DELETE FROM shown WHERE key = ?", (key,))
        return bool(rows)


def _is_beside(one: Log, other: Log) -> bool:
    return (one.jurisdiction, one.family) == (other.jurisdiction, other.family)


def _told(log: Log, leaf: Leaf, subject: str, gone: Gone | None = None) -> Told:
    return Told(log.origin, log.family, leaf.index, leaf.logged, subject, b"" if gone else leaf.entry, gone)


def _is_past(until: str, today: date) -> bool:
    return until != FOREVER and until < today.isoformat()
