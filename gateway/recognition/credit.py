"""What is known of the holder, and does the agreement make it count? The second answer, beside the verdict
(DESIGN §8).

The answer is one of:

- ``restricted``: a fact in force of a kind that the agreement restricts, from a fresh log, not objected to;
  with its ground.
- ``unknown``: one of the two credit logs is missing, stale or partly unread, or a restriction is only last
  known or objected to.
- ``notice``: other facts in force against the holder. They never change a verdict.
- ``clear``: none of these.

Penalties and the two lists are notices by themselves; ratings, commitments and honours say nothing against a
holder and come in only where the agreement names their kind. A fact that is repaired, ended, withdrawn,
retracted or erased, one past its ``public_until``, and one decided after the day asked, is neither shown nor
counted: here is the only gate that facts come through.

>>> credit(case)
Outcome(result=<Result.PASS: 'PASS'>, reason='credit.not_named', final=False)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gateway.instants import shanghai_day
from gateway.recognition.checks import LAST_KNOWN, Case, Depth, Outcome, failed, passed, unknown
from gateway.recognition.facts import CreditFact, CreditLog
from gateway.trust.agreements import NOTICE, RESTRICTED

IN_FORCE = "in_force"
ADVERSE = frozenset({"penalty", "abnormal_list", "dishonest_list"})
RESTRICTION = "credit.restricted"


class Answer(StrEnum):
    """The credit answer."""

    CLEAR = "clear"
    NOTICE = "notice"
    RESTRICTED = "restricted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Shown:
    """A fact that counts, with what the agreement makes of it. ``ground`` is empty where it doesn't name the
    kind.
    """

    fact: CreditFact
    effect: str
    ground: str
    doubtful: bool


@dataclass(frozen=True, slots=True)
class CreditAnswer:
    """The second answer with the facts it rests on."""

    answer: Answer
    facts: tuple[Shown, ...] = ()


def credit(case: Case) -> Outcome:
    """No fact of a kind that the agreement restricts stands in the credit logs of issuer's and asker's
    jurisdictions.
    """
    kinds = _restricted_kinds(case)
    if not kinds:
        return passed("credit.not_named")
    restricting = [shown for shown in _shown(case) if shown.effect == RESTRICTED]
    if any(not (shown.doubtful or shown.fact.objected) for shown in restricting):
        return failed(RESTRICTION)
    if any(not shown.doubtful for shown in restricting):
        return unknown("credit.objected")
    if restricting:
        return unknown(LAST_KNOWN[RESTRICTION])
    return unknown("credit.unknown") if _missing(case, kinds) else passed("credit.clear")


def answer(case: Case) -> CreditAnswer:
    """The second answer. It is given even where the agreement names no kind, and changes no verdict then."""
    if case.depth < Depth.LICENCE:
        return CreditAnswer(Answer.UNKNOWN)
    shown = tuple(_shown(case))
    restricting = [one for one in shown if one.effect == RESTRICTED]
    if any(not (one.doubtful or one.fact.objected) for one in restricting):
        return CreditAnswer(Answer.RESTRICTED, shown)
    if restricting or _missing(case, None):
        return CreditAnswer(Answer.UNKNOWN, shown)
    return CreditAnswer(Answer.NOTICE if shown else Answer.CLEAR, shown)


def _restricted_kinds(case: Case) -> frozenset[str]:
    terms = case.agreement.credit if case.agreement is not None else ()
    return frozenset(term.kind for term in terms if term.effect == RESTRICTED)


def _shown(case: Case) -> Iterator[Shown]:
    for log in case.facts.credit:
        stale = case.fault(log.log) is not None
        for fact in log.facts:
            if _counts(case, fact):
                yield from _effect(case, fact, doubtful=stale or fact.subject in log.unread)


def _effect(case: Case, fact: CreditFact, *, doubtful: bool) -> Iterator[Shown]:
    term = case.agreement.term(fact.kind) if case.agreement is not None else None
    if term is not None:
        yield Shown(fact, term.effect, term.ground, doubtful)
    elif fact.kind in ADVERSE:
        yield Shown(fact, NOTICE, "", doubtful)


def _counts(case: Case, fact: CreditFact) -> bool:
    today = shanghai_day(case.question.at // 1000)
    public = fact.public_until is None or today <= fact.public_until
    return fact.state == IN_FORCE and public and fact.decided_on <= case.question.as_of


def _missing(case: Case, kinds: frozenset[str] | None) -> bool:
    """Whether a fact of these kinds (None: any) may stand where this node can't look: absent, stale or unread."""
    present = {log.log.jurisdiction for log in case.facts.credit}
    if not {case.question.source, case.question.asking} <= present:
        return True
    return any(case.fault(log.log) is not None or _unread(log, kinds) for log in case.facts.credit)


def _unread(log: CreditLog, kinds: frozenset[str] | None) -> bool:
    return any(kinds is None or _kind(subject) in kinds | {""} for subject in log.unread)


def _kind(subject: str) -> str:
    """The kind in a claimed subject; "" where there is none to read, which then may be any."""
    parts = subject.split(":")
    return parts[1] if len(parts) >= 4 else ""
