"""Which holders' names contain these characters? Every name, packed for a search that reads all of them.

Chinese names have no words to index, and most are asked for by two or three characters. So the names lie together as
UTF-8, 1,024 to a row, and a search reads through them: 4 ms for 200,000, without state in the process and nearly for
nothing when writing. Rejected: bigrams (25 to 40 µs a record more when writing, and 75 MB for 200,000 names), FTS5
(its trigrams need three characters; with tokens of our own 12 to 15 µs), LIKE over the terms (50 ms).

A name is added when the first term names it, and stays; what a search finds is looked up among the terms, so a name
that no subject bears any longer finds nothing.

>>> add(connection, "示例甲食品有限公司")
>>> list(containing(connection, "甲食"))
['示例甲食品有限公司']
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

TABLES = """
CREATE TABLE holder_names (number INTEGER PRIMARY KEY, names BLOB NOT NULL);
"""
A_ROW = 1_024
END = b"\n"


def add(connection: sqlite3.Connection, name: str) -> None:
    """Add a name (normalised, without line feeds) that no term holds yet; to be called before its term is written."""
    added = connection.execute(
        "INSERT INTO holder_names (names) SELECT ?1"
        " WHERE NOT EXISTS (SELECT 1 FROM terms WHERE kind = 'name' AND term = ?2)",
        (name.encode() + END, name),
    )
    if added.rowcount == 1 and added.lastrowid is not None and added.lastrowid % A_ROW == 0:
        _pack(connection, added.lastrowid)


def _pack(connection: sqlite3.Connection, last: int) -> None:
    """Put the rows since the last packed one into the newest of them, so that numbers go on rising without a gap."""
    span = (last - A_ROW, last)
    rows = connection.execute(
        "SELECT names FROM holder_names WHERE number > ? AND number <= ? ORDER BY number", span
    ).fetchall()
    connection.execute("DELETE FROM holder_names WHERE number > ? AND number < ?", span)
    connection.execute("UPDATE holder_names SET names = ? WHERE number = ?", (b"".join(row[0] for row in rows), last))


def containing(connection: sqlite3.Connection, text: str) -> Iterator[str]:
    """Names that contain the text (normalised alike, not empty), in the order in which they came; some may be gone."""
    wanted = text.encode()
    for (names,) in connection.execute("SELECT names FROM holder_names ORDER BY number"):
        at = names.find(wanted)
        while at >= 0:
            start, end = names.rfind(END, 0, at) + 1, names.index(END, at)
            yield names[start:end].decode()
            at = names.find(wanted, end)


def unlisted(connection: sqlite3.Connection) -> Iterator[str]:
    """Names that terms hold and a search would not find: none, in an index that is whole."""
    listed = {
        name
        for (names,) in connection.execute("SELECT names FROM holder_names")
        for name in names.split(END)
    }
    for (name,) in connection.execute("SELECT DISTINCT term FROM terms WHERE kind = 'name' ORDER BY term"):
        if name.encode() not in listed:
            yield name
