"""Which records that were accepted may other trust data refuse? (Law 6, DESIGN §7.)

A revocation speaks of what its key had signed at or above ``good_below``; another window of all that its key had
signed; a policy, the catalogue's or the roster's (国密), of what was logged from its beginning on; an authority that
may issue less than before, of all that it issued. What the node's records were accepted under is kept beside them, so
that trust data that change none of this cost a comparison, and a revocation costs the leaves from ``good_below`` on.
A key that is new says nothing about what was accepted without it.

>>> [(subject, key) for subject, key in revised(connection, log, trust)]
[('11100000MB0341032Y002:JY11310820000017', 1099511627783)]
"""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import orjson

from gateway.instants import first_second
from gateway.ledger.logbook import Log, key_of
from gateway.trust.members import OF_RECORDS, RosterKey
from gateway.trust.trusted import TrustData

BASIS = "accepted_under"
WHOLE_CHARACTERS = 5
"""Of the base64 of a key id and what follows: the sixth holds bits of the signature too."""

Claim = tuple[str, int]
"""A subject and the row key of one of its records."""


def remember(connection: sqlite3.Connection, trust: TrustData) -> None:
    """Keep what records are accepted under from now on; inside the transaction that judges again."""
    value = orjson.dumps(_basis(trust)).decode()
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (BASIS, value))


def revised(connection: sqlite3.Connection, log: Log, trust: TrustData) -> Iterator[Claim]:
    """Subject and row key of every accepted record of the log that these trust data may judge otherwise."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (BASIS,)).fetchone()
    before: Mapping[str, Any] = orjson.loads(row[0]) if row is not None else {"keys": {}, "signed": {}}
    for role in OF_RECORDS:
        for key in trust.roster.keys(role, log.jurisdiction).values():
            first = _first_index(before["keys"].get(key.vkey.text()), _terms(key), log.origin)
            if first is not None:
                yield from _signed_with(connection, log, key, first)
    for uscc in _narrowed(before.get("authorities", {}).get(log.jurisdiction, {}), trust, log.jurisdiction):
        yield from _naming(connection, log, uscc)
    since = _suites_since(trust)
    if since is not None and since != before.get("suites"):
        yield from _logged_from(connection, log, since)
    if log.family == "licence":
        yield from _under_policy(connection, log, trust, before["signed"])


def _basis(trust: TrustData) -> dict[str, Any]:
    keys = (key for key in trust.roster.known_keys.values() if key.role in OF_RECORDS)
    terms = {key.vkey.text(): _terms(key) for key in keys}
    authorities = {each: _authorities(trust, each) for each in trust.roster.jurisdictions}
    return {"keys": terms, "signed": _policies(trust), "suites": _suites_since(trust), "authorities": authorities}


def _authorities(trust: TrustData, jurisdiction: str) -> dict[str, list[list[Any]]]:
    """Code of each authority of a jurisdiction → types and window of each of its entries."""
    found: dict[str, list[list[Any]]] = {}
    member = trust.roster.jurisdictions.get(jurisdiction)
    for each in member.authorities if member is not None else ():
        found.setdefault(each.uscc, []).append([sorted(each.types), each.since, each.until])
    return found


def _narrowed(before: Mapping[str, Any], trust: TrustData, jurisdiction: str) -> Iterator[str]:
    """Authorities of whose entries one is gone or says something else."""
    now = _authorities(trust, jurisdiction)
    for uscc, entries in before.items():
        if any(entry not in now.get(uscc, []) for entry in entries):
            yield uscc


def _naming(connection: sqlite3.Connection, log: Log, uscc: str) -> Iterator[Claim]:
    """Accepted records that name this code anywhere: those that it issued are among them."""
    yield from connection.execute(
        "SELECT s.subject, r.key FROM records r JOIN entries e ON e.key = r.key JOIN subjects s ON s.number = r.subject"
        " WHERE r.key >= ? AND r.key < ? AND instr(e.entry, ?)",
        (key_of(log.number, 0), key_of(log.number + 1, 0), f'"uscc":"{uscc}"'.encode()),
    ).fetchall()


def _suites_since(trust: TrustData) -> int | None:
    """From which instant (s) on the roster's policy lets not every suite count."""
    return trust.roster.policy.since if trust.roster.policy is not None else None


def _logged_from(connection: sqlite3.Connection, log: Log, since: int) -> Iterator[Claim]:
    """Accepted records that were logged at or after an instant."""
    yield from connection.execute(
        "SELECT s.subject, r.key FROM records r JOIN subjects s ON s.number = r.subject"
        " WHERE r.logged >= ? AND r.key >= ? AND r.key < ?",
        (since, key_of(log.number, 0), key_of(log.number + 1, 0)),
    ).fetchall()


def _terms(key: RosterKey) -> dict[str, Any]:
    revoked = key.revoked
    return {
        "window": [key.not_before, key.not_after, *sorted(key.families)],
        "good_below": dict(revoked.good_below) if revoked is not None else None,
    }


def _first_index(before: Mapping[str, Any] | None, now: Mapping[str, Any], origin: str) -> int | None:
    """From which index on records of the key, accepted before, are in question; None: none of them."""
    if before is not None and before["window"] != now["window"]:
        return 0
    if now["good_below"] is None or (before is not None and before["good_below"] == now["good_below"]):
        return None
    return int(now["good_below"].get(origin, 0))


def _signed_with(connection: sqlite3.Connection, log: Log, key: RosterKey, first: int) -> Iterator[Claim]:
    """Accepted records from an index on that bear a line of the key: found by its beginning, in the bytes."""
    known = b64encode(key.vkey.key_id + bytes(2))[:WHOLE_CHARACTERS]
    line = f"\n— {key.vkey.name} ".encode() + known
    yield from connection.execute(
        "SELECT s.subject, r.key FROM records r JOIN entries e ON e.key = r.key JOIN subjects s ON s.number = r.subject"
        " WHERE r.key >= ? AND r.key < ? AND instr(e.entry, ?)",
        (key_of(log.number, first), key_of(log.number + 1, 0), line),
    ).fetchall()


def _policies(trust: TrustData) -> dict[str, dict[str, str]]:
    """Jurisdiction → type code → first day on which records bear their issuer's own signature."""
    found: dict[str, dict[str, str]] = {}
    for code, entry in trust.catalogue.types.items():
        for jurisdiction, day in entry.authority_signed.items():
            found.setdefault(jurisdiction, {})[code] = day.isoformat()
    return found


def _under_policy(
    connection: sqlite3.Connection, log: Log, trust: TrustData, before: Mapping[str, Mapping[str, str]]
) -> Iterator[Claim]:
    """Accepted records of a type that were logged on or after a day from which they need another signature."""
    known = before.get(log.jurisdiction, {})
    for code, day in _policies(trust).get(log.jurisdiction, {}).items():
        if known.get(code) == day:
            continue
        begins = first_second(date.fromisoformat(day))
        yield from connection.execute(
            "SELECT s.subject, r.key FROM subjects s JOIN records r ON r.subject = s.number"
            " WHERE s.family = ? AND s.source = ? AND s.subject > ? AND s.subject < ? AND r.logged >= ?"
            " AND r.key >= ? AND r.key < ?",
            (
                *(log.family, log.jurisdiction, f"{code}:", f"{code};", begins),
                *(key_of(log.number, 0), key_of(log.number + 1, 0)),
            ),
        ).fetchall()
