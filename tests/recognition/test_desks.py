"""Whom a clerk calls: by the roster alone, and by nobody's number but their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.recognition.answer import to_json
from gateway.recognition.desks import desks
from gateway.recognition.facts import Desk
from gateway.recognition.verdict import judge
from gateway.trust import roster
from gateway.trust.roster import Roster
from tests.recognition.desk import AT, TYPE, Asked, asked, licence_of
from tests.recognition.desk import ISSUED as EVENT
from tests.recognition.situations import SITUATIONS
from tests.records.builders import uscc
from tests.trust import papers

NOW = AT // 1000
ISSUER_DESK = Desk("issuer", "示例市场监督管理局", "010-00000000", "工作日 9:00-17:00")
NODE: dict[str, Any] = {"uscc": uscc(77, "11131082"), "name": "三河节点值守（示例）", "types": [], "carried": False}
NODE |= {"since": "2026-01-01"}
CONTACT = {"contact": {"phone": "0316-0000000", "hours": "全天"}}


def book(*extra: dict[str, Any], issuer: dict[str, Any] | None = None) -> Roster:
    members = papers.roster()["jurisdictions"]
    for member in members:
        first = {**member["authorities"][0], **(issuer or {})}
        own = list(extra) if member["id"] == "sanhe" else []
        member["authorities"] = [{name: value for name, value in first.items() if value is not None}, *own]
    return roster.parse(papers.written(papers.roster(jurisdictions=members)))


def test_the_issuer_of_the_licence_is_called() -> None:
    found = desks(book(), "sanhe", "tongzhou", licence_of(EVENT), TYPE, NOW)
    assert found[0] == ISSUER_DESK


def test_without_a_desk_of_its_own_the_issuer_answers_for_the_source_and_by_its_own_name() -> None:
    found = desks(book(), "sanhe", "tongzhou", licence_of(EVENT), TYPE, NOW)
    assert found[1] == replace(ISSUER_DESK, who="source_node")


def test_who_runs_the_node_is_entered_without_types() -> None:
    found = desks(book({**NODE, **CONTACT}), "sanhe", "tongzhou", licence_of(EVENT), TYPE, NOW)
    assert found[1] == Desk("source_node", "三河节点值守（示例）", "0316-0000000", "全天")
    own = desks(book({**NODE, **CONTACT}), "tongzhou", "sanhe", licence_of(EVENT), TYPE, NOW)
    assert own[-1] == Desk("own_it", "三河节点值守（示例）", "0316-0000000", "全天")


def test_a_roster_without_any_number_names_the_place_at_least() -> None:
    assert desks(book(issuer={"contact": None}), "sanhe", "tongzhou", licence_of(EVENT), TYPE, NOW) == (
        Desk("source_node", "河北省三河市"),
    )


def test_nothing_found_the_only_authority_of_the_type_is_called() -> None:
    assert desks(book(), "sanhe", "tongzhou", None, TYPE, NOW)[0] == ISSUER_DESK
    assert [each.who for each in desks(book(), "sanhe", "tongzhou", None, "JY1", NOW)] == ["source_node"]
    two = book({**NODE, **CONTACT, "types": [TYPE]})
    assert [each.who for each in desks(two, "sanhe", "tongzhou", None, TYPE, NOW)] == ["source_node"]


def test_no_place_no_desk() -> None:
    assert desks(book(), None, "tongzhou", None, TYPE, NOW) == ()
    assert desks(book(), "atlantis", "tongzhou", None, TYPE, NOW) == ()


def answered(case: Asked) -> dict[str, Any]:
    verdict = judge(case.question(), case.facts())
    return {check["name"]: check for check in to_json(verdict)["checks"]}


def test_a_check_that_did_not_pass_says_whom_to_call_and_one_that_passed_does_not() -> None:
    by_name = {row.name: row.asked for row in SITUATIONS}
    case = replace(by_name["revoked (吊销)"], desks=(ISSUER_DESK, Desk("source_node", "河北省三河市")))
    checks = answered(case)
    assert checks["state"]["call"] == {
        "who": "issuer",
        "name": "示例市场监督管理局",
        "phone": "010-00000000",
        "hours": "工作日 9:00-17:00",
    }
    assert [name for name, check in checks.items() if "call" in check] == ["state"]
    stale = answered(asked(log={"age_s": 90_000.0}, desks=case.desks))
    assert stale["fresh"]["call"] == {"who": "source_node", "name": "河北省三河市"}


def test_what_the_agreement_wants_unchanged_and_is_not_stands_in_the_answer() -> None:
    by_name = {row.name: row.asked for row in SITUATIONS}
    checks = answered(by_name["a performance elsewhere, with another performer"])
    assert checks["agreement"]["detail"] == "items.name"
