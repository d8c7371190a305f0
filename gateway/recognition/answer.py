"""What goes over the wire? A verdict as the JSON object of the public contract, absent members left out
(DESIGN §8, §9).

``warnings`` and ``matches`` stand only where there are any; the slip is made of this object by the node that
signs it.

>>> to_json(judge(question, facts))["headline"]
'予以互认'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.instants import format_time
from gateway.reasons import sentence
from gateway.recognition.checks import Result
from gateway.recognition.credit import CreditAnswer, Shown
from gateway.recognition.facts import Desk, LogFacts, Question
from gateway.recognition.remarks import Remark
from gateway.recognition.verdict import Check, Standing, Verdict
from gateway.trust.agreements import RESTRICTED, Agreement

SOURCE_PREFIX = "urn:jjj:"
MOST_FACTS = 50
"""Credit facts in one answer; the rest is counted as ``more``, so that an answer stays small enough to be signed."""


def to_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict as a dictionary ready for orjson; all values are text, integers, lists and objects."""
    question, agreement = verdict.question, verdict.agreement
    return _present(
        {
            "verdict": verdict.verdict.value,
            "headline": verdict.headline.zh,
            **_question(question),
            "checks": [_check(check, verdict.desks) for check in verdict.checks],
            "credit": _credit(verdict.credit),
            "relied_on": [_log(log, verdict) for log in verdict.relied_on],
            "agreement": _agreement(verdict, agreement) if agreement is not None else None,
            "matches": [{"source": _urn(match.source), "subject": match.subject} for match in verdict.matches] or None,
            "warnings": [_warning(warning) for warning in verdict.warnings] or None,
            "licence": dict(verdict.licence) if verdict.licence is not None else None,
            "signed_by": verdict.signed_by,
        }
    )


def _agreement(verdict: Verdict, agreement: Agreement) -> dict[str, Any]:
    """The agreement applied, and where it did not recognise, what it says is done instead."""
    found = {"id": agreement.id, "version": verdict.agreements_version}
    return found if verdict.verdict is Standing.RECOGNISED else {**found, "otherwise": agreement.otherwise}


def _question(question: Question) -> dict[str, Any]:
    return {
        "at": format_time(question.at),
        "as_of": question.as_of.isoformat(),
        "known_at": format_time(question.known_at) if question.known_at is not None else None,
        "source": _urn(question.source) if question.source is not None else None,
        "subject": question.subject,
        "purpose": question.purpose or None,
        "case": question.case or None,
        "presented": {name: list(values) for name, values in question.presented.items()} or None,
    }


def _check(check: Check, desks: Sequence[Desk]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": check.name, "result": check.result.value, **_told(check.reason)}
    if check.detail:
        found["detail"] = check.detail
    who = sentence(check.reason).call if check.result is not Result.PASS else ""
    desk = next((desk for desk in desks if desk.who == who), None)
    return found if desk is None else {**found, "call": _desk(desk)}


def _desk(desk: Desk) -> dict[str, str]:
    members = {"who": desk.who, "name": desk.name, "phone": desk.phone, "hours": desk.hours}
    return {name: value for name, value in members.items() if value}


def _told(reason: str) -> dict[str, str]:
    words = sentence(reason)
    return {"reason": reason, "zh": words.zh, "en": words.en}


def _warning(warning: Remark) -> dict[str, str]:
    return {**_told(warning.reason), "detail": warning.detail}


def _credit(credit: CreditAnswer) -> dict[str, Any]:
    restricting_first = sorted(credit.facts, key=lambda shown: shown.effect != RESTRICTED)
    more = len(restricting_first) - MOST_FACTS
    return _present(
        {
            "answer": credit.answer.value,
            "facts": [_fact(shown) for shown in restricting_first[:MOST_FACTS]],
            "more": more if more > 0 else None,
        }
    )


def _fact(shown: Shown) -> dict[str, Any]:
    fact = shown.fact
    return _present(
        {
            "kind": fact.kind,
            "effect": shown.effect,
            "ground": shown.ground or None,
            "source": _urn(fact.source),
            "subject": fact.subject,
            "authority": fact.authority,
            "decided_on": fact.decided_on.isoformat(),
            "public_until": fact.public_until.isoformat() if fact.public_until is not None else None,
            "objected": fact.objected or None,
            "last_known": shown.doubtful or None,
            "summary": fact.summary or None,
        }
    )


def _log(log: LogFacts, verdict: Verdict) -> dict[str, Any]:
    """A log relied on; that of the licence says whose signature the licence bears."""
    of_licence = log.jurisdiction == verdict.question.source and log.family == "licence"
    heartbeat = format_time(log.heartbeat * 1000) if log.heartbeat is not None else None
    return _present(
        {
            "origin": log.origin,
            "size": log.size,
            "root": log.root or None,
            "heartbeat": heartbeat,
            "witnesses": list(log.witnesses),
            "signed_by": verdict.signed_by if of_licence else None,
        }
    )


def _urn(jurisdiction: str) -> str:
    return f"{SOURCE_PREFIX}{jurisdiction}"


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
