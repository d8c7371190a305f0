"""What should a clerk know that changes nothing? Warnings beside the checks, each with a reason and the
particular in words.

>>> [warning.reason for warning in remarks(case)]
['number.check']
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.instants import format_time, shanghai_day
from gateway.recognition import unchanged
from gateway.recognition.checks import DAY_S, TRUST_OLD_S, Case, Depth
from gateway.recognition.facts import Present


@dataclass(frozen=True, slots=True)
class Remark:
    """One warning. ``detail``: which log, field or item."""

    reason: str
    detail: str


def remarks(case: Case) -> Iterator[Remark]:
    """Every warning of a case, in a fixed order."""
    age = case.facts.trust_age_s
    if age is not None and age > TRUST_OLD_S:
        yield Remark("trust.old", f"{age / DAY_S:.1f} d")
    if case.question.as_of > shanghai_day(case.question.at // 1000):
        yield Remark("as_of.future", case.question.as_of.isoformat())
    if case.question.known_at is not None and case.question.known_at < case.question.at:
        yield Remark("known_at.past", format_time(case.question.known_at))
    for log in (*case.facts.logs, *(credit.log for credit in case.facts.credit)):
        if log.unread:
            yield Remark("leaf.no_subject", f"{log.origin}: {log.unread}")
    if case.depth is Depth.LICENCE and case.facts.present is not None:
        yield from _of_record(case, case.facts.present)


def _of_record(case: Case, present: Present) -> Iterator[Remark]:
    for finding in present.warnings:
        yield Remark(finding.reason, f"{finding.field} {finding.value}".strip())
    passed = [item.name for item in present.items if item.valid_to is not None and item.valid_to < case.question.as_of]
    if passed:
        yield Remark("items.some_passed", "、".join(passed))
    wanted = case.agreement.unchanged if case.agreement is not None else ()
    unseen = unchanged.compare(present.data, wanted, case.question.presented).open
    if unseen:
        yield Remark("agreement.unchanged", "、".join(unseen))
