"""Which subjects does a text lead to? By 证照标识, number, 统一社会信用代码 or a part of the holder's name (DESIGN §9).

The particular comes before the general, and the general is asked only where the particular finds nothing. What was
typed or scanned is read by ``records.scanned``; the index holds its terms normalised alike. Order and choice of what
is found depend on what the index holds and on nothing else.

>>> find(views.connections(), scanned.read("甲食"), 20)
[Match(family='licence', source='sanhe', subject='11100000MB0341032Y002:JY11310820000017')]
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from gateway.ledger import logbook
from gateway.node import holdernames
from gateway.node.subjects import Match, of_terms
from gateway.records.scanned import Sought

LAST_CHARACTER = "\U0010ffff"
_HELD = (
    "SELECT DISTINCT t.term FROM terms t WHERE t.kind = 'name' AND t.term >= ? AND t.term <= ?"
    " AND EXISTS (SELECT 1 FROM subjects s WHERE s.number = t.subject AND s.family = coalesce(?, s.family))"
    " ORDER BY t.term LIMIT ?"
)


def find(
    connections: Iterable[sqlite3.Connection], sought: Sought, limit: int, family: str | None = None
) -> list[Match]:
    """Subjects that the text means, at most ``limit``; ``family``: of this one only."""
    connections = list(connections)
    for kinds, terms in (
        ("'certificate'", sought.certificates),
        ("'number'", sought.numbers),
        ("'number', 'uscc'", sought.codes),
    ):
        where = f"t.kind IN ({kinds}) AND t.term IN ({', '.join('?' * len(terms))})"
        found = [match for each in connections for match in of_terms(each, where, terms, limit, family)]
        if found:
            return list(dict.fromkeys(found))[:limit]
    named = [match for each in connections for match in _by_name(each, sought.names, limit, family)]
    return list(dict.fromkeys(named))[:limit]


def _by_name(connection: sqlite3.Connection, texts: Sequence[str], limit: int, family: str | None) -> list[Match]:
    """Subjects whose holder's name is, begins with, or contains one of these texts, in this order."""
    found: dict[Match, None] = {}
    for name in _names(connection, texts, limit, family):
        found |= dict.fromkeys(of_terms(connection, "t.kind = 'name' AND t.term = ?", (name,), limit, family))
        if len(found) >= limit:
            break
    return list(found)[:limit]


def _names(connection: sqlite3.Connection, texts: Sequence[str], limit: int, family: str | None) -> Iterator[str]:
    """Names to look up, the nearest first, each group in the order of names and at most so many of each."""
    for text in texts:
        near = [name for (name,) in connection.execute(_HELD, (text, text + LAST_CHARACTER, family, limit))]
        yield from near
        others: set[str] = set()
        for name in holdernames.containing(connection, text) if len(near) < limit else ():
            if name not in others and not name.startswith(text):
                others.update(row[0] for row in connection.execute(_HELD, (name, name, family, 1)))
            if len(others) == limit:
                break
        yield from sorted(others)


def claimed(connections: Iterable[sqlite3.Connection], sought: Sought) -> list[Match]:
    """Licence subjects of these numbers that only quarantined leaves claim: bad news may hide there (law 6)."""
    numbers = (*sought.numbers, *sought.codes)
    query = (
        "SELECT DISTINCT l.family, l.jurisdiction, q.subject"
        f" FROM quarantine q JOIN logs l ON l.number = q.key >> {logbook.INDEX_BITS}"
        " WHERE l.family = 'licence' AND substr(q.subject, instr(q.subject, ':') + 1)"
        f" IN ({', '.join('?' * len(numbers))}) ORDER BY 2, 3 LIMIT 20"
    )
    return [Match(*row) for each in connections for row in each.execute(query, numbers)]
