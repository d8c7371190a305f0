"""What is a member of the network made of? The nouns of the roster: keys, logs, authorities and their windows
(DESIGN §7).

Nothing is removed from a roster, only ended; so each noun answers for an instant that the caller brings (law
9). What a revocation means, and why, stands in docs/decisions/020. ``roster`` reads them and looks them up.

>>> key.good_at(1795400000, "licence", "jjj.example/sanhe/licence", 7)
>>> key.good_at(1895400000, "licence", "jjj.example/sanhe/licence", 7)
'key.expired'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.trust.suites import VerifierKey

ANY = "*"
OF_RECORDS = ("record", "authority")
"""Roles whose keys sign records; the others' sign dated statements."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """Why and when (s) a key was revoked. ``good_below``: origin → index below which its records stay good
    for ever, or size up to which its statements do.
    """

    at: int
    reason: str
    good_below: Mapping[str, int]

    def of_record(self, seconds: int, origin: str, index: int) -> str | None:
        """What it makes of a record logged then and there. Below ``good_below``: nothing, for ever. Above, the
        owner and the thief can't be told apart until the instant; afterwards nobody but a thief signs.
        """
        if index < self.good_below.get(origin, 0):
            return None
        return "key.in_doubt" if seconds <= self.at else "key.revoked"

    def of_statement(self, seconds: int, origin: str, index: int) -> str | None:
        """What it makes of a dated statement about a log, whose last leaf has this index: good only if both
        date and size lie within.
        """
        kept = seconds <= self.at and index < self.good_below.get(origin, 0)
        return None if kept else "key.revoked"

    def of_slip(self, seconds: int) -> str | None:
        """What it makes of a slip, which rests on no log of its own: its date alone says."""
        return None if seconds <= self.at else "key.revoked"


@dataclass(frozen=True, slots=True)
class RosterKey:
    """One key with its owner, role, families ("*": all) and window in seconds, first and last included."""

    jurisdiction: str
    role: str
    vkey: VerifierKey
    families: frozenset[str]
    not_before: int
    not_after: int
    revoked: Revocation | None = None

    def good_at(self, seconds: int, family: str, origin: str, index: int) -> str | None:
        """None if the key may speak at this instant for this leaf or, if it is a key for statements, for the tree
        whose last leaf this is; else the reason.

        ``key.family``, ``key.early``, ``key.expired``, ``key.in_doubt`` (records only), ``key.revoked``. A log that
        a revocation doesn't name keeps nothing.
        """
        if family not in self.families and ANY not in self.families:
            return "key.family"
        if seconds < self.not_before:
            return "key.early"
        if seconds > self.not_after:
            return "key.expired"
        if self.revoked is None:
            return None
        if self.role == "verdict":
            return self.revoked.of_slip(seconds)
        of_leaf = self.revoked.of_record if self.role in OF_RECORDS else self.revoked.of_statement
        return of_leaf(seconds, origin, index)


@dataclass(frozen=True, slots=True)
class Policy:
    """From an instant on (s), signatures count only if they are by a national suite. ``name``: ``gm`` (国密).

    What was signed before it stays as good as it was; both suites sign, so that every C2SP reader can read.
    """

    name: str
    since: int

    def counts(self, key: VerifierKey, seconds: int) -> bool:
        """Whether a signature of this key counts for what was logged, or dated, at this instant."""
        return key.suite.gm or seconds < self.since


@dataclass(frozen=True, slots=True)
class Ended:
    """Last size and root of a log that has ended."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One log of a jurisdiction."""

    family: str
    origin: str
    ended: Ended | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom a clerk calls, and when."""

    phone: str
    hours: str


@dataclass(frozen=True, slots=True)
class Authority:
    """An issuing authority for some types ("*": all) from ``since`` to ``until`` (s, both included; None: not
    ended).

    ``carried``: it stands outside the jurisdiction (a ministry, a city commission), which only carries what it
    issues."""

    uscc: str
    name: str
    types: frozenset[str]
    carried: bool
    since: int
    until: int | None = None
    contact: Contact | None = None

    def stands(self, type_code: str | None, seconds: int) -> bool:
        """Whether it may issue this type (None: any) at this instant."""
        typed = type_code is None or type_code in self.types or ANY in self.types
        return typed and self.since <= seconds and (self.until is None or seconds <= self.until)


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """One member of the network with all that it ever had."""

    id: str
    name: str
    region: str
    aliases: tuple[str, ...]
    urls: tuple[str, ...]
    logs: tuple[LogEntry, ...]
    keys: tuple[RosterKey, ...]
    authorities: tuple[Authority, ...]
