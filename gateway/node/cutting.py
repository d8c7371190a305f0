"""A log cut off at the size where the roster says that it ended: what lies beyond does not count (DESIGN §4).

Leaves, tiles, seals, cosignatures and index above the size go, in one transaction; what the gate had said of the leaves
below stays, since none of it rests on what came after. The entries that go are given back, to be put aside by the
caller: nothing is lost silently.

>>> gone = cut(connection, log, 812)
"""

from __future__ import annotations

import sqlite3

from gateway.ledger import cosignatures, logbook
from gateway.ledger.logbook import Log, key_of
from gateway.node import index
from gateway.records.schema import SchemaSet


def beyond(connection: sqlite3.Connection, log: Log, size: int) -> list[bytes]:
    """The entries from index ``size`` on."""
    return [bytes(entry) for entry in logbook.entries(connection, log.number, size, log.size)]


def cut(connection: sqlite3.Connection, log: Log, size: int, schemas: SchemaSet) -> None:
    """Cut a log off; inside one transaction. Its topic is read anew, should it ever be."""
    span = (key_of(log.number, size), key_of(log.number + 1, 0))
    touched = [
        subject
        for (subject,) in connection.execute(
            "SELECT DISTINCT s.subject FROM records r JOIN subjects s ON s.number = r.subject"
            " WHERE r.key >= ? AND r.key < ?",
            span,
        )
    ]
    for table in ("entries", "records", "quarantine"):
        connection.execute(f"DELETE FROM {table} WHERE key >= ? AND key < ?", span)
    for table in ("records", "quarantine"):
        connection.execute(f"UPDATE {table} SET erased = 0 WHERE erased >= ? AND erased < ?", span)
    connection.execute("DELETE FROM ids WHERE log = ? AND first >= ?", (log.number, size))
    logbook.cut(connection, log.number, size)
    cosignatures.cut(connection, log.number, size)
    for subject in touched:
        index.refresh_terms(connection, log, subject, schemas)
