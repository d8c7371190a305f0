"""What is asked, and what does this node know? The two frozen values that a verdict is made of (DESIGN §8,
law 9).

``Question`` comes from the counter, ``Facts`` from index, mirrors and trust data, captured at one instant.
Nothing in here judges.

>>> subject = "11100000MB0341032Y002:JY11310820000017"
>>> question = Question("sanhe", subject, "tongzhou", date(2026, 11, 23), at=1795400000000)
>>> facts = Facts(trust.agreements, trust.catalogue, (log,), choice, present=present_of(verified, ...))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gateway.errors import Finding
from gateway.instants import parse_day
from gateway.recognition.present import Choice
from gateway.records.record import Licence
from gateway.trust.agreements import Agreements
from gateway.trust.catalogue import Catalogue
from gateway.trust.gate import VerifiedRecord

NOBODY: frozenset[str] = frozenset()
Presented = Mapping[str, tuple[str, ...]]
"""What a party presents: path of a field of the data → its value, or the members of a list."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question at a counter. ``source``, ``asking``: ids of jurisdictions; ``source`` None and a bare
    number as ``subject`` where a search found nothing, or several. ``at``, ``known_at``: ms since the epoch.
    ``case``: number of the case at hand; ``presented``: what the party presents.
    """

    source: str | None
    subject: str
    asking: str
    as_of: date
    at: int
    purpose: str = ""
    known_at: int | None = None
    case: str = ""
    presented: Presented = field(default_factory=dict)

    @property
    def type_code(self) -> str | None:
        """The type code in the subject, or None for a bare number."""
        code, colon, _ = self.subject.partition(":")
        return code if colon else None


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What this node knows of one log at the instant asked.

    ``age_s``: age in seconds of the newest usable heartbeat, None without one; ``lacking``: for over 5
    minutes the owner or a witness has shown a size that this node lacks; ``frozen``: forked or rolled back;
    ``unread``: leaves whose subject can't be read. For ``relied_on``, of the newest verified checkpoint: ``size``,
    ``root``, ``heartbeat`` (s); ``witnesses``: names of the keys that have cosigned any checkpoint which covers the
    record, or, of a log in which there was nothing to be found, the newest one.
    """

    origin: str
    jurisdiction: str
    age_s: float | None
    lacking: bool = False
    frozen: bool = False
    unread: int = 0
    size: int = 0
    root: str = ""
    heartbeat: int | None = None
    witnesses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """One of several subjects that a search found."""

    source: str
    subject: str


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a certificate with its own last day."""

    name: str
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Present:
    """The chosen record, as the gate let it through. ``licence`` is None for a retraction.

    ``signature_fault``, ``issuer_fault``, ``log_fault``: the reason why, judged again by the trust data in
    force, the record key wasn't good, the issuer isn't entered, or the leaf isn't in the tree; None when it
    holds. ``carried``: the issuer stands outside the jurisdiction. ``witnesses``: jurisdictions whose
    cosignature stands on any checkpoint that covers the record.
    """

    index: int
    licence: Licence | None
    data: Mapping[str, Any]
    items: tuple[Item, ...] = ()
    carried: bool = False
    witnesses: frozenset[str] = NOBODY
    signature_fault: str | None = None
    issuer_fault: str | None = None
    log_fault: str | None = None
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Successor:
    """Another record that names the subject as its predecessor, by the present of its own subject.

    ``transfer``: it came by ``transferred_in``; ``since``: first day of its first record; ``state``: of its
    present; ``retracted``: taken back. ``log``: where it stands; ``unread_above``: a quarantined leaf names
    it above its present.
    """

    source: str
    subject: str
    transfer: bool
    since: date
    state: str
    log: LogFacts
    retracted: bool = False
    unread_above: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """For a licence that came by ``transferred_in``: whether the old one states 06, and how many others came
    in its place.
    """

    left: bool
    rivals: int = 0


@dataclass(frozen=True, slots=True)
class CreditFact:
    """One fact about the holder by its newest record. ``state``: in_force, withdrawn, repaired, ended,
    retracted, erased.

    ``objected``: an objection is open. ``summary``: one line for the clerk, from the record's public fields.
    """

    source: str
    subject: str
    kind: str
    state: str
    authority: str
    decided_on: date
    public_until: date | None = None
    objected: bool = False
    summary: str = ""


@dataclass(frozen=True, slots=True)
class CreditLog:
    """One credit log, all facts in it about the holder, and the subjects about the holder that quarantined
    leaves claim above their indexed records.
    """

    log: LogFacts
    facts: tuple[CreditFact, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """Whom to call, by the roster. ``who``: "issuer", "source_node" or "own_it", as the table of reasons says; without
    a number where the roster has none.
    """

    who: str
    name: str
    phone: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that this node knows about the question.

    ``logs``: the licence logs searched; exactly the source's own once a subject is chosen. ``matches``:
    several found, none chosen. ``quarantined``: indices of quarantined leaves that claim the subject.
    ``credit``: the credit logs of the issuer's and the asker's jurisdictions; one that this node doesn't
    follow is left out, and counts as unknown. ``trust_age_s``: seconds since trust data were last confirmed,
    None where they have no age. ``own_clock_slow``: the partners' dates say that this node's clock is behind.
    ``desks``: whom to call about this source and this licence. ``other_holder``: what was asked about is found, held
    by somebody else than the question says.
    """

    agreements: Agreements
    catalogue: Catalogue
    logs: tuple[LogFacts, ...]
    choice: Choice
    present: Present | None = None
    matches: tuple[Match, ...] = ()
    quarantined: tuple[int, ...] = ()
    successors: tuple[Successor, ...] = ()
    came_from: Origin | None = None
    credit: tuple[CreditLog, ...] = ()
    trust_age_s: float | None = None
    own_clock_slow: bool = False
    desks: tuple[Desk, ...] = ()
    other_holder: bool = False


def present_of(
    verified: VerifiedRecord,
    *,
    carried: bool = False,
    witnesses: frozenset[str] = NOBODY,
    issuer_fault: str | None = None,
    signature_fault: str | None = None,
    log_fault: str | None = None,
) -> Present:
    """The chosen record for the verdict, from what the gate let through."""
    record = verified.record
    content = record.content if isinstance(record.content, Licence) else None
    return Present(
        verified.place.index,
        content,
        record.data,
        _items(record.data) if content is not None else (),
        carried,
        witnesses,
        signature_fault,
        issuer_fault,
        log_fault,
        verified.warnings,
    )


def _items(data: Mapping[str, Any]) -> tuple[Item, ...]:
    rows = data.get("items", ())
    return tuple(Item(row["name"], parse_day(row["valid_to"]) if "valid_to" in row else None) for row in rows)
