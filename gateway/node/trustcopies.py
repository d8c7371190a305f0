"""The copies of verified trust data in the ledger, with the instant at which they were last confirmed (DESIGN §7).

A node whose every source is away goes on from here, and from the age of what stands here; a restart changes neither.

>>> await ledger.write(lambda connection: keep(connection, verified, confirmed=1795400000.0))
>>> read(ledger.read).confirmed
1795400000.0
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import structlog

from gateway.errors import GatewayError, Refused
from gateway.ledger.database import VERSION, connect
from gateway.repository import client
from gateway.repository.client import Verified

TABLES = """
CREATE TABLE trust_copies (kind TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, name))
  WITHOUT ROWID;
"""
METADATA, TARGET = "metadata", "target"
CONFIRMED = "trust_confirmed"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What was verified, and when it was last confirmed (s)."""

    verified: Verified
    confirmed: float


def keep(connection: sqlite3.Connection, verified: Verified, confirmed: float) -> None:
    """In place of what stood there; inside one transaction."""
    connection.execute("DELETE FROM trust_copies")
    rows = [(METADATA, *item) for item in verified.metadata.items()]
    rows += [(TARGET, *item) for item in verified.targets.items()]
    connection.executemany("INSERT INTO trust_copies (kind, name, body) VALUES (?, ?, ?)", rows)
    confirm(connection, confirmed)


def confirm(connection: sqlite3.Connection, at: float) -> None:
    """They were confirmed at this instant (s)."""
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (CONFIRMED, repr(at)))


def read(connection: sqlite3.Connection) -> Kept | None:
    """What is kept; None before the first good refresh. Raises ``Refused`` ``trust.metadata``."""
    rows = connection.execute("SELECT kind, name, body FROM trust_copies").fetchall()
    at = connection.execute("SELECT value FROM meta WHERE name = ?", (CONFIRMED,)).fetchone()
    if not rows or at is None:
        return None
    metadata, targets = ({name: body for kind, name, body in rows if kind == each} for each in (METADATA, TARGET))
    try:
        return Kept(client.read_back(metadata, targets), float(at[0]))
    except ValueError as error:
        raise Refused("trust.metadata", f"{CONFIRMED} is {at[0]!a}") from error


def read_file(path: Path) -> Kept | None:
    """The same of a ledger that nobody has opened yet. None if there is none, and if it can't be read: then it says so
    itself when it is opened, and whoever recovers it must have trust data first.
    """
    if not path.is_file():
        return None
    try:
        with closing(connect(path, read_only=True)) as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                return None
            return read(connection)
    except (sqlite3.Error, GatewayError) as error:
        log.error("trust.copies_unread", file=str(path), message=str(error))
        return None
