"""Is this licence recognised here? All rules in one table, their precedence, and the headline (DESIGN §8).

Law 7: never green without proof, never red without proof.

- Any FAIL: ``not_recognised``. Else any UNKNOWN: ``indeterminate``. Else ``recognised``.
- A rule for which there is nothing to judge says UNKNOWN ``not_judged``; one that rests on trust data older
  than 7 days says UNKNOWN ``trust.stale``.
- Where several agreements cover, each is tried by id; the first that recognises speaks, else the first that
  leaves it open, else the first. The verdict names it.
- Headlines, first that fits: 予以互认 if recognised; 证照当前无效 on any FAIL other than agreement or
  credit; 真实有效，但协议不予互认 if only these fail and all else passes; 查无此证 if a complete and fresh
  log has no record; else 暂时无法核验.

Pure (law 9): one instant, captured by the caller, decides everything and stands in the answer.

>>> verdict = judge(question, facts)
>>> verdict.verdict, verdict.headline.zh, verdict.checks[5]
('recognised', '予以互认', Check(name='fresh', result=<Result.PASS: 'PASS'>, reason='fresh', final=False))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from gateway.recognition import credit, evidence, remarks, standing, unchanged
from gateway.recognition.checks import Case, Depth, Outcome, Result, unknown
from gateway.recognition.credit import CreditAnswer
from gateway.recognition.facts import Desk, Facts, LogFacts, Match, Question
from gateway.recognition.remarks import Remark
from gateway.trust.agreements import Agreement, Wanted


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: a check's name, its rule, how much there must be to judge, whether it rests on
    trust data itself.
    """

    name: str
    judge: Callable[[Case], Outcome]
    needs: Depth
    on_trust: bool = False


def agreement(case: Case) -> Outcome:
    """An agreement covers type, issuer, purpose and day, and what it wants unchanged is so; one's own licences need
    none.
    """
    if case.gap is not None:
        return Outcome(Result.FAIL, case.gap, final=True)
    if case.agreement is None:
        return Outcome(Result.PASS, "agreement.own")
    data = case.facts.present.data if case.facts.present is not None else {}
    found = unchanged.compare(data, case.agreement.unchanged, case.question.presented)
    if found.changed:
        return replace(case.holds_back("agreement.changed"), detail="、".join(found.changed))
    return Outcome(Result.PASS, "agreement.covers")


RULES = (
    Rule("found", evidence.found, Depth.SEVERAL),
    Rule("content_signature", evidence.content_signature, Depth.RECORD, on_trust=True),
    Rule("issuer", evidence.issuer, Depth.RECORD, on_trust=True),
    Rule("in_log", evidence.in_log, Depth.RECORD, on_trust=True),
    Rule("witnessed", evidence.witnessed, Depth.RECORD, on_trust=True),
    Rule("fresh", evidence.fresh, Depth.SUBJECT, on_trust=True),
    Rule("newer", evidence.newer, Depth.SUBJECT),
    Rule("dates", standing.dates, Depth.LICENCE),
    Rule("state", standing.state, Depth.LICENCE),
    Rule("superseded", standing.superseded, Depth.LICENCE),
    Rule("objection", standing.objection, Depth.LICENCE),
    Rule("transfer", standing.transfer, Depth.LICENCE),
    Rule("agreement", agreement, Depth.LICENCE, on_trust=True),
    Rule("credit", credit.credit, Depth.LICENCE, on_trust=True),
)
"""In the order in which every verdict lists them."""
BESIDE_THE_LICENCE = frozenset({"agreement", "credit"})


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a verdict. ``final``: nothing published later can undo a FAIL. ``detail``: which fields."""

    name: str
    result: Result
    reason: str
    final: bool = False
    detail: str = ""


class Standing(StrEnum):
    """The three verdicts, in the order in which an agreement that covers is preferred."""

    RECOGNISED = "recognised"
    INDETERMINATE = "indeterminate"
    NOT_RECOGNISED = "not_recognised"


_PREFERENCE = tuple(Standing)


class Headline(StrEnum):
    """What the clerk reads first, by a key that stays; ``zh`` is the sentence."""

    RECOGNISED = "recognised"
    INVALID = "invalid"
    AGREEMENT = "agreement"
    NO_RECORD = "no_record"
    UNAVAILABLE = "unavailable"

    @property
    def zh(self) -> str:
        """The headline in Chinese."""
        return _HEADLINES[self]

    @property
    def verdict(self) -> Standing:
        """The verdict that it goes with."""
        return _VERDICTS[self]


_HEADLINES = {
    Headline.RECOGNISED: "予以互认",
    Headline.INVALID: "证照当前无效",
    Headline.AGREEMENT: "真实有效，但协议不予互认",
    Headline.NO_RECORD: "查无此证",
    Headline.UNAVAILABLE: "暂时无法核验",
}
_VERDICTS = {
    Headline.RECOGNISED: Standing.RECOGNISED,
    Headline.INVALID: Standing.NOT_RECOGNISED,
    Headline.AGREEMENT: Standing.NOT_RECOGNISED,
    Headline.NO_RECORD: Standing.INDETERMINATE,
    Headline.UNAVAILABLE: Standing.INDETERMINATE,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole answer. ``agreement``: the one that was applied; ``licence``: the data shown, None where
    nothing may be shown; ``signed_by``: who signed these, as ``facts.Present`` has it.
    """

    question: Question
    verdict: Standing
    headline: Headline
    checks: tuple[Check, ...]
    credit: CreditAnswer
    relied_on: tuple[LogFacts, ...]
    agreement: Agreement | None
    agreements_version: int
    licence: Mapping[str, Any] | None
    signed_by: str | None
    matches: tuple[Match, ...]
    warnings: tuple[Remark, ...]
    desks: tuple[Desk, ...]

    def check(self, name: str) -> Check:
        """The check of this name."""
        return next(check for check in self.checks if check.name == name)


def judge(question: Question, facts: Facts) -> Verdict:
    """The verdict under the agreement that covers best; see the module's list for what "best" means."""
    verdicts = [_judge(case) for case in _cases(question, facts)]
    return min(verdicts, key=lambda verdict: _PREFERENCE.index(verdict.verdict))


def _cases(question: Question, facts: Facts) -> list[Case]:
    if question.source == question.asking:
        return [Case(question, facts, None, None)]
    carried = facts.present is not None and facts.present.carried
    wanted = Wanted(
        question.source or "", question.asking, question.type_code or "", question.purpose, question.as_of, carried
    )
    covering = facts.agreements.covering(wanted)
    if not covering:
        return [Case(question, facts, None, facts.agreements.gap(wanted))]
    return [Case(question, facts, agreement, None) for agreement in covering]


def _judge(case: Case) -> Verdict:
    checks = tuple(_check(rule, case) for rule in RULES)
    verdict = _standing(checks)
    shown = case.facts.present if case.depth is Depth.LICENCE else None
    return Verdict(
        case.question,
        verdict,
        _headline(verdict, checks),
        checks,
        credit.answer(case),
        _relied_on(case),
        case.agreement if case.depth is Depth.LICENCE else None,
        case.facts.agreements.version,
        shown.data if shown is not None else None,
        shown.signed_by if shown is not None else None,
        case.facts.matches,
        tuple(remarks.remarks(case)),
        case.facts.desks,
    )


def _check(rule: Rule, case: Case) -> Check:
    if case.depth < rule.needs:
        outcome = unknown("not_judged")
    elif rule.on_trust and case.trust_stale:
        outcome = unknown("trust.stale")
    else:
        outcome = rule.judge(case)
    return Check(rule.name, outcome.result, outcome.reason, outcome.final, outcome.detail)


def _standing(checks: tuple[Check, ...]) -> Standing:
    results = {check.result for check in checks}
    if Result.FAIL in results:
        return Standing.NOT_RECOGNISED
    return Standing.INDETERMINATE if Result.UNKNOWN in results else Standing.RECOGNISED


def _headline(verdict: Standing, checks: tuple[Check, ...]) -> Headline:
    if verdict is Standing.RECOGNISED:
        return Headline.RECOGNISED
    of_licence = [check for check in checks if check.name not in BESIDE_THE_LICENCE]
    beside = [check for check in checks if check.name in BESIDE_THE_LICENCE]
    if any(check.result is Result.FAIL for check in of_licence):
        return Headline.INVALID
    if verdict is Standing.NOT_RECOGNISED and not any(check.result is Result.UNKNOWN for check in of_licence + beside):
        return Headline.AGREEMENT
    no_record = any(check.name == "found" and check.reason == "no_record" for check in checks)
    return Headline.NO_RECORD if no_record else Headline.UNAVAILABLE


def _relied_on(case: Case) -> tuple[LogFacts, ...]:
    logs = [*case.facts.logs]
    if case.depth is Depth.LICENCE:
        logs += [other.log for other in case.facts.successors]
        logs += [log.log for log in case.facts.credit]
    return tuple({log.origin: log for log in reversed(logs)}.values())[::-1]
