"""What becomes of logs that were read, when other trust data come? Every leaf is judged anew (law 6).

Which leaves were accepted before is remembered, and how far each log was verified, so that no owner can use the moment
to show another past. What a roster that came since puts beyond the end of a log is to be taken back.

>>> with transaction(sink):
...     begin(sink.connection, trust)
"""

from __future__ import annotations

import sqlite3

from gateway.ledger import logbook
from gateway.ledger.logbook import Log, key_of
from gateway.trust.members import Ended
from gateway.trust.trusted import TrustData

JUDGED_WITH = "judged_with"
DOUBTED = ""
MADE_ANEW = ("subjects", "records", "ids", "quarantine", "entries", "tiles", "seals", "gone")


def begin(connection: sqlite3.Connection, trust: TrustData) -> None:
    """Before reading, inside a transaction: what was judged by other trust data is forgotten and will be read again;
    which leaves were accepted, and how far each log was verified, is not.
    """
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (JUDGED_WITH,)).fetchone()
    if row is not None and row[0] == trust.digest:
        return
    connection.execute("INSERT OR IGNORE INTO given SELECT key FROM records")
    for log in logbook.all_logs(connection):
        known = trust.roster.log(log.origin)
        if known is not None and known[1].ended is not None and log.size >= known[1].ended.size:
            _end(connection, log, known[1].ended)
    for table in MADE_ANEW:
        connection.execute(f"DELETE FROM {table}")
    connection.execute("UPDATE logs SET size = 0")
    _judged_with(connection, trust.digest)


def _end(connection: sqlite3.Connection, log: Log, ended: Ended) -> None:
    """A log that was read to its end, by a roster that came since: what does not count is taken back, all of another
    branch.
    """
    fits = logbook.root_at(connection, log.number, ended.size) == ended.root
    span = (key_of(log.number, ended.size if fits else 0), key_of(log.number + 1, 0))
    connection.execute(
        "INSERT OR IGNORE INTO beyond SELECT g.key, coalesce(r.logged, 0), coalesce(s.subject, '') FROM given g"
        " LEFT JOIN records r ON r.key = g.key LEFT JOIN subjects s ON s.number = r.subject"
        " WHERE g.key >= ? AND g.key < ?",
        span,
    )
    connection.execute("DELETE FROM given WHERE key >= ? AND key < ?", span)
    connection.execute("DELETE FROM held WHERE log = ?", (log.number,))
    if fits:
        connection.execute("INSERT INTO held (log, size, root) VALUES (?, ?, ?)", (log.number, ended.size, ended.root))


def doubt(connection: sqlite3.Connection) -> None:
    """Whatever was read is to be read again next time; inside a transaction."""
    _judged_with(connection, DOUBTED)


def _judged_with(connection: sqlite3.Connection, digest: str) -> None:
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (JUDGED_WITH, digest))
