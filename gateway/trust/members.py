"""What is a member of the network made of? The nouns of the roster: keys, logs, authorities and their windows
(DESIGN §7).

Nothing is removed from a roster, only ended; so each noun answers for an instant that the caller brings (law
9). ``roster`` reads them and looks them up.

>>> key.good_at(1795400000, "licence", "jjj.example/sanhe/licence", 7)
>>> key.good_at(1895400000, "licence", "jjj.example/sanhe/licence", 7)
'key.expired'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.trust.suites import VerifierKey

ANY = "*"


@dataclass(frozen=True, slots=True)
class Revocation:
    """Why and when (s) a key was revoked. ``good_below``: origin → index below which its records stay good
    for ever.
    """

    at: int
    reason: str
    good_below: Mapping[str, int]


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
        """None if the key may speak for this leaf at this instant, else the reason.

        ``key.family``, ``key.early``, ``key.expired``, ``key.revoked``. A revocation leaves the leaves below
        ``good_below`` of the log alone, for ever; a log that it doesn't name keeps none. Whether a revoked
        leaf still counts as undecided, because no checkpoint dated after the instant has been published yet,
        would be told apart here.
        """
        if family not in self.families and ANY not in self.families:
            return "key.family"
        if seconds < self.not_before:
            return "key.early"
        if seconds > self.not_after:
            return "key.expired"
        if self.revoked is not None and index >= self.revoked.good_below.get(origin, 0):
            return "key.revoked"
        return None


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
