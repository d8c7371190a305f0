"""The verdict: the table of situations, every reason in it (DESIGN §8). ``test_properties`` has what always holds."""

from __future__ import annotations

import pytest

from gateway.reasons.at_counter import AT_COUNTER
from gateway.recognition.verdict import RULES, Verdict, judge
from tests.recognition.desk import Asked, asked, successor
from tests.recognition.situation import ORDINARY, Situation
from tests.recognition.situations import SITUATIONS

BY_NAME = {situation.name: situation for situation in SITUATIONS}


def judged(case: Asked) -> Verdict:
    return judge(case.question(), case.facts())


def told(verdict: Verdict) -> dict[str, str]:
    return {check.name: f"{check.result} {check.reason}" for check in verdict.checks}


def test_no_two_rows_bear_one_name_and_there_are_enough() -> None:
    assert len(BY_NAME) == len(SITUATIONS) >= 60


@pytest.mark.parametrize("name", BY_NAME)
def test_situation(name: str) -> None:
    row = BY_NAME[name]
    verdict = judged(row.asked)
    assert told(verdict) == row.says
    assert (verdict.verdict, verdict.headline.zh, verdict.credit.answer) == (row.verdict, row.headline, row.answer)
    assert tuple(remark.reason for remark in verdict.warnings) == row.warns


def test_every_reason_of_the_counter_occurs_in_the_table() -> None:
    def reasons(row: Situation) -> set[str]:
        return {text.split()[1] for text in row.says.values()} | set(row.warns)

    assert set(AT_COUNTER) - set().union(*map(reasons, SITUATIONS)) == set()


def test_checks_come_in_the_order_of_the_table_of_rules() -> None:
    assert [check.name for check in judged(asked()).checks] == [rule.name for rule in RULES] == list(ORDINARY)


def test_the_agreement_that_recognises_is_named_with_the_version_of_the_document() -> None:
    verdict = judged(BY_NAME["two agreements cover, and the second recognises"].asked)
    assert verdict.agreement is not None
    assert (verdict.agreement.id, verdict.agreements_version) == ("2026-002", 2)


@pytest.mark.parametrize(
    ("name", "check", "final"),
    [
        ("revoked (吊销)", "state", True),
        ("suspended (暂扣)", "state", False),
        ("the day after its last", "dates", False),
        ("signed by a key that was revoked for this leaf", "content_signature", True),
        ("no agreement between the two", "agreement", True),
    ],
)
def test_what_can_never_be_undone_is_marked_final(name: str, check: str, final: bool) -> None:
    assert judged(BY_NAME[name].asked).check(check).final is final


def test_the_licence_is_shown_only_when_there_is_one_to_judge() -> None:
    assert judged(asked()).licence == {"number": "JY11310820000017"}
    assert judged(BY_NAME["published in error and taken back"].asked).licence is None


def test_every_log_that_was_looked_at_is_named_once() -> None:
    verdict = judged(asked(successors=(successor("dachang", transfer=True),)))
    assert [each.origin for each in verdict.relied_on] == [
        "jjj.example/sanhe/licence",
        "jjj.example/dachang/licence",
        "jjj.example/sanhe/credit",
        "jjj.example/tongzhou/credit",
    ]


def test_a_log_that_is_not_there_is_never_fresh() -> None:
    assert told(judged(asked(logs=())))["fresh"] == "UNKNOWN source.unheard"
    assert told(judged(asked(history=(), logs=())))["found"] == "UNKNOWN source.stale"
