"""A counter in 通州 that is asked about a licence of 三河, made of the few words that the table of situations
uses.

``asked()`` is the ordinary case, in which everything is in order; each keyword changes one thing. The history
is a list of events, as the source published them; which of them speaks for the day is chosen by the program
itself, agreements and catalogue are read by its own readers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from gateway.errors import Finding
from gateway.recognition.facts import (
    CreditFact,
    CreditLog,
    Desk,
    Facts,
    Item,
    LogFacts,
    Match,
    Origin,
    Present,
    Question,
    Successor,
)
from gateway.recognition.present import Choice, Fate, choose
from gateway.records.families import TYPES
from gateway.records.record import Licence
from gateway.trust import agreements, catalogue
from tests.records.builders import HOLDER, ISSUER
from tests.trust import papers

TYPE = papers.TYPE
SUBJECT = f"{TYPE}:JY11310820000017"
TODAY = date(2026, 11, 23)
AT = int(datetime(2026, 11, 23, 2, 3, 4, tzinfo=UTC).timestamp() * 1000)
DAY_S = 86_400
NUMBER_CHECK = Finding("number.check", "data.number", "check digit", "JY11310820000017", "校验位不符", "check digit")


def day(text: str) -> date:
    return date.fromisoformat(text)


@dataclass(frozen=True)
class Event:
    """One record of the licence as it was published. ``since`` is also the first day of validity unless that
    is given.
    """

    verb: str
    since: str = "2024-03-01"
    state: str = ""
    valid_from: str = "2024-03-01"
    valid_to: str | None = "2029-02-28"
    items: tuple[tuple[str, str | None], ...] = ()
    retracts: int | None = None
    erased: bool = False
    known: int = AT - 1000


@dataclass(frozen=True)
class Row:
    """What the choice sees of an event."""

    index: int
    type: str
    state: str
    since: date
    known: int
    erased: bool
    retracts: int | None


ISSUED = Event("issued")


def log(jurisdiction: str = "sanhe", family: str = "licence", **known: Any) -> LogFacts:
    """A log heard of 4 seconds ago."""
    return replace(LogFacts(f"jjj.example/{jurisdiction}/{family}", jurisdiction, 4.0, size=812), **known)


def fact(kind: str = "dishonest_list", state: str = "in_force", **known: Any) -> CreditFact:
    """A fact about the holder in the issuer's credit log."""
    subject = f"{HOLDER}:{kind}:{ISSUER}:示监处罚(2026)17号"
    return replace(CreditFact("sanhe", subject, kind, state, "示例市场监督管理局", day("2026-05-10")), **known)


def credit_logs(*facts: CreditFact, **known: Any) -> tuple[CreditLog, ...]:
    """The credit logs of issuer and asker, both fresh; the facts and what is known stand in the issuer's."""
    unread = known.pop("unread_about", ())
    theirs = CreditLog(log("sanhe", "credit", **known), facts, unread)
    return theirs, CreditLog(log("tongzhou", "credit"))


def successor(source: str = "sanhe", *, transfer: bool = False, since: str = "2026-06-01", **known: Any) -> Successor:
    """Another licence that names ours as its predecessor."""
    subject = f"{TYPE}:JY11310820000025"
    plain = Successor(source, subject, transfer, day(since), "01", log(source))
    return replace(plain, **known)


@dataclass(frozen=True)
class Asked:
    """A question with its facts, in the table's words."""

    history: tuple[Event, ...] = (ISSUED,)
    as_of: str = TODAY.isoformat()
    known_at: int | None = None
    source: str | None = "sanhe"
    asking: str = "tongzhou"
    subject: str = SUBJECT
    purpose: str = "开办分店"
    log: dict[str, Any] = field(default_factory=dict)
    logs: tuple[LogFacts, ...] | None = None
    matches: int = 0
    quarantined: tuple[int, ...] = ()
    doubted: frozenset[int] = frozenset()
    record: dict[str, Any] = field(default_factory=dict)
    successors: tuple[Successor, ...] = ()
    came_from: Origin | None = None
    credit: tuple[CreditLog, ...] = field(default_factory=credit_logs)
    agreement: dict[str, Any] = field(default_factory=dict)
    agreements: tuple[dict[str, Any], ...] | None = None
    catalogue: dict[str, Any] = field(default_factory=dict)
    trust_age_d: float | None = None
    own_clock_slow: bool = False
    case: str = ""
    presented: dict[str, tuple[str, ...]] = field(default_factory=dict)
    desks: tuple[Desk, ...] = ()
    other_holder: bool = False

    def question(self) -> Question:
        """What the clerk asks."""
        known = (self.purpose, self.known_at, self.case, self.presented)
        return Question(self.source, self.subject, self.asking, day(self.as_of), AT, *known)

    def facts(self) -> Facts:
        """What the node knows."""
        choice = choose(self._rows(), day(self.as_of), self.known_at) if not self.matches else Choice(Fate.NONE)
        terms = self.agreements if self.agreements is not None else (papers.agreement(**self.agreement),)
        return Facts(
            agreements.parse(papers.written({"version": 2, "agreements": list(terms)})),
            catalogue.parse(papers.written(papers.catalogue(**self.catalogue))),
            self.logs if self.logs is not None else (log(self.source or "sanhe", **self.log),),
            choice,
            present=self._present(choice),
            matches=tuple(Match("sanhe", f"{SUBJECT}{number}") for number in range(self.matches)),
            quarantined=self.quarantined,
            doubted=self.doubted,
            successors=self.successors,
            came_from=self.came_from,
            credit=self.credit,
            trust_age_s=None if self.trust_age_d is None else self.trust_age_d * DAY_S,
            own_clock_slow=self.own_clock_slow,
            desks=self.desks,
            other_holder=self.other_holder,
        )

    def _rows(self) -> list[Row]:
        return [row_of(index, event) for index, event in enumerate(self.history)]

    def _present(self, choice: Choice) -> Present | None:
        if choice.index is None or choice.fate is Fate.ERASED:
            return None
        event = self.history[choice.index]
        licence = None if event.verb == "retracted" else licence_of(event)
        items = tuple(Item(name, None if last is None else day(last)) for name, last in event.items)
        return replace(Present(choice.index, licence, {"number": "JY11310820000017"}, items), **self.record)


def asked(**changes: Any) -> Asked:
    """The ordinary case with some things changed; an only event, or a tuple of them, as ``history``."""
    history = changes.pop("history", ISSUED)
    return Asked(history=history if isinstance(history, tuple) else (history,), **changes)


def row_of(index: int, event: Event) -> Row:
    """What the choice sees of an event."""
    kind, since = f"jjj.licence.{event.verb}", day(event.since)
    return Row(index, kind, state_of(event), since, event.known, event.erased, event.retracts)


def state_of(event: Event) -> str:
    """The state that the event states: its own word, or the one that its kind always states."""
    states = TYPES[f"jjj.licence.{event.verb}"][1]
    return event.state or (sorted(states)[0] if states else "")


def licence_of(event: Event) -> Licence:
    return Licence(
        number="JY11310820000017",
        type_code=TYPE,
        type_name="食品经营许可证",
        kind="permit",
        holder_name="示例甲食品有限公司",
        holder_uscc=HOLDER,
        authority_name="示例市场监督管理局",
        authority_uscc=ISSUER,
        state=state_of(event),
        since=day(event.since),
        state_reason=None,
        valid_from=day(event.valid_from),
        valid_to=None if event.valid_to is None else day(event.valid_to),
        certificate_identifier=None,
        predecessor=None,
    )
