"""Which keys were ever used? ``vkeys.txt`` of an export: written from the roster, and held against it (DESIGN §4,
export).

    record sanhe * jjj.example/sanhe+1a2b3c4d+AZ…
    log sanhe licence jjj.example/sanhe/licence+5e6f7a8b+AX…

A line is ``<role> <jurisdiction> <family or *> <verifier key text>``; ``*`` where the key speaks for every family of
its owner.

>>> lines(roster)
['heartbeat sanhe licence jjj.example/sanhe/licence+…', …]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.audit.report import AuditFinding, found
from gateway.errors import Refused
from gateway.trust.members import ANY, Jurisdiction, RosterKey
from gateway.trust.roster import Roster
from gateway.trust.suites import VerifierKey
from gateway.trust.trusted import TrustData

ANY_FAMILY_ROLES = frozenset({"record", "authority", "witness", "verdict"})


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One line of the file."""

    role: str
    jurisdiction: str
    family: str
    vkey: str


def lines(roster: Roster) -> list[str]:
    """Every key of the roster, sorted: a line for each family it speaks for, one with ``*`` where it speaks for all."""
    return sorted(
        f"{key.role} {owner.id} {family} {key.vkey.text()}"
        for owner in roster.jurisdictions.values()
        for key in owner.keys
        for family in _families(key, owner)
    )


def _families(key: RosterKey, owner: Jurisdiction) -> Iterator[str]:
    everything = {entry.family for entry in owner.logs} <= key.families and key.role in ANY_FAMILY_ROLES
    if ANY in key.families or not key.families or everything:
        yield ANY
    else:
        yield from key.families


def compare(raw: bytes, file: str, trust: TrustData | None, *, given: bool) -> tuple[list[AuditFinding], list[str]]:
    """Findings, and what is only to be said. ``given``: the roster is not of this export, so either may know newer
    keys.
    """
    try:
        found_lines = [_parse(line) for line in _split(raw)]
    except Refused as refused:
        return [found("file.form", file=file, detail=refused.message)], []
    if trust is None:
        return [], []
    known = {
        (key.role, owner.id, key.vkey.text()): key
        for owner in trust.roster.jurisdictions.values()
        for key in owner.keys
    }
    unknown = [
        found("vkeys.unknown", file=file, detail=f"{line.role} {line.jurisdiction} {line.family} {line.vkey}")
        for line in found_lines
        if not _fits(line, known.get((line.role, line.jurisdiction, line.vkey)))
    ]
    if given:
        return [], [f"{finding.zh} · {finding.en}" for finding in unknown]
    named = {(line.role, line.jurisdiction, line.vkey) for line in found_lines}
    missing = (" ".join(identity) for identity in sorted(known.keys() - named))
    return [*unknown, *(found("vkeys.missing", file=file, detail=identity) for identity in missing)], []


def _fits(line: KeyLine, key: RosterKey | None) -> bool:
    return key is not None and (line.family == ANY or line.family in key.families or ANY in key.families)


def _split(raw: bytes) -> list[str]:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Refused("file.form", "not UTF-8") from None
    if text and not text.endswith("\n"):
        raise Refused("file.form", "the last line has no end")
    return text.split("\n")[:-1]


def _parse(line: str) -> KeyLine:
    parts = line.split(" ")
    if len(parts) != 4 or not all(parts):
        raise Refused("file.form", f"not role, jurisdiction, family and key: {line[:80]!a}")
    VerifierKey.parse(parts[3])
    return KeyLine(*parts)
