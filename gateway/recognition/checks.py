"""How is one check told, and what does it stand on? Outcomes, and the case that every rule looks at.

A check is PASS, FAIL or UNKNOWN with a reason; never green without proof, never red without proof (law 7).
``Case`` is a question with its facts under one agreement, and answers what all rules ask: is the source
fresh, is something unread, what makes every failing fact void?

>>> case.holds_back("state.suspended")
Outcome(result=<Result.UNKNOWN: 'UNKNOWN'>, reason='last_known.suspended', final=False)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from gateway.recognition.facts import Facts, LogFacts, Question
from gateway.recognition.present import Fate
from gateway.trust.agreements import ANY, Agreement, Agreements
from gateway.trust.catalogue import Catalogue, CatalogueType

DAY_S = 86_400
VOLATILE_S = 3_600
TRUST_OLD_S = DAY_S
TRUST_STALE_S = 7 * DAY_S

LAST_KNOWN = {
    "dates.not_yet": "last_known.not_yet",
    "dates.passed": "last_known.passed",
    "dates.items_passed": "last_known.items_passed",
    "state.suspended": "last_known.suspended",
    "state.annulled": "last_known.annulled",
    "state.cancelled": "last_known.cancelled",
    "state.expired": "last_known.expired",
    "state.revoked": "last_known.revoked",
    "superseded": "last_known.superseded",
    "transferred": "last_known.transferred",
    "agreement.changed": "last_known.changed",
    "credit.restricted": "last_known.restricted",
}
"""What a refusal becomes that can be undone, when nobody can say that it hasn't been."""


class Result(StrEnum):
    """What a check says."""

    PASS = "PASS"
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"


class Depth(IntEnum):
    """How much there is to judge: several subjects, one subject without a record, a record, a record that
    speaks of a licence.
    """

    SEVERAL = 0
    SUBJECT = 1
    RECORD = 2
    LICENCE = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule found. ``final``: nothing published later can undo a FAIL. ``detail``: which fields it concerns."""

    result: Result
    reason: str
    final: bool = False
    detail: str = ""


def passed(reason: str) -> Outcome:
    """Proven to hold."""
    return Outcome(Result.PASS, reason)


def unknown(reason: str) -> Outcome:
    """Not proven either way."""
    return Outcome(Result.UNKNOWN, reason)


def failed(reason: str, *, final: bool = False) -> Outcome:
    """Proven not to hold."""
    return Outcome(Result.FAIL, reason, final)


def freshness_budget(agreement: Agreement | None, licence_type: CatalogueType | None) -> int:
    """Greatest age in seconds of the source's last word: the smallest of the agreement's, 1 h if volatile, 24
    h (DESIGN §4).
    """
    volatile = VOLATILE_S if licence_type is not None and licence_type.volatile else DAY_S
    return min(DAY_S, volatile, agreement.freshness_s if agreement is not None else DAY_S)


def smallest_budget(agreements: Agreements, catalogue: Catalogue, source: str, asking: str) -> int:
    """The age in seconds at which the first verdicts of ``asking`` on records of ``source`` are no longer fresh."""
    budgets = [
        freshness_budget(agreement, licence_type)
        for agreement in agreements.agreements
        if source in agreement.issued_by and asking in agreement.recognised_by
        for licence_type in (None, *catalogue.types.values())
        if licence_type is None or ANY in agreement.types or licence_type.code in agreement.types
    ]
    return min(budgets, default=DAY_S)


@dataclass(frozen=True, slots=True)
class Case:
    """A question with its facts under one agreement. ``gap``: why no agreement covers; both None: own
    licence, none needed.
    """

    question: Question
    facts: Facts
    agreement: Agreement | None
    gap: str | None

    @property
    def type(self) -> CatalogueType | None:
        """The catalogue's entry for the licence type."""
        code = self.question.type_code
        return None if code is None else self.facts.catalogue.type(code)

    @property
    def depth(self) -> Depth:
        """How much there is to judge."""
        if self.facts.matches:
            return Depth.SEVERAL
        if self.facts.present is None:
            return Depth.SUBJECT
        spoken = self.facts.choice.fate is Fate.PRESENT and self.facts.present.licence is not None
        return Depth.LICENCE if spoken else Depth.RECORD

    @property
    def trust_stale(self) -> bool:
        """Whether trust data are too old to rest anything on."""
        return self.facts.trust_age_s is not None and self.facts.trust_age_s > TRUST_STALE_S

    def fault(self, log: LogFacts) -> str | None:
        """Why this log's last word can't be taken as today's, or None when it is fresh (DESIGN §4)."""
        if log.frozen:
            return "log.frozen"
        if self.trust_stale:
            return "trust.stale"
        if self.facts.own_clock_slow:
            return "own_clock"
        if log.lacking:
            return "source.lacking"
        if log.age_s is None:
            return "source.unheard"
        return None if log.age_s <= freshness_budget(self.agreement, self.type) else "source.stale"

    @property
    def source_fault(self) -> str | None:
        """The first fault of the licence logs searched; without any log, the source was never heard."""
        faults = [self.fault(log) for log in self.facts.logs]
        return next((fault for fault in faults if fault is not None), None) if faults else "source.unheard"

    @property
    def unread_above(self) -> bool:
        """Whether a quarantined leaf claims the subject above the record chosen."""
        return bool(self.unread)

    @property
    def unread(self) -> frozenset[int]:
        """Indices of the quarantined leaves that claim the subject above the record chosen."""
        present = self.facts.present
        return frozenset(index for index in self.facts.quarantined if present is None or index > present.index)

    @property
    def only_doubted(self) -> bool:
        """Whether these leaves, and there are some, could all be read: what is in doubt is who signed them."""
        return bool(self.unread) and self.unread <= self.facts.doubted

    def holds_back(self, reason: str, *, final: bool = False, doubtful: bool = False) -> Outcome:
        """A failing state of the licence, told as far as it is proven.

        FAIL if it can't be undone (``final``), or if the source is fresh with nothing unread above and
        nothing else is doubtful; else UNKNOWN "last known". From a forked log, or under trust data that are
        too old, nothing is proven.
        """
        if any(log.frozen for log in self.facts.logs):
            return unknown("log.frozen")
        if self.trust_stale:
            return unknown("trust.stale")
        if final or not (self.source_fault or self.unread_above or doubtful):
            return failed(reason, final=final)
        return unknown(LAST_KNOWN[reason])
