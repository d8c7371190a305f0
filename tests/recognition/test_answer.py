"""The answer on the wire: the members of the public contract, nothing else, nothing null, small enough to be
signed.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.recognition.answer import MOST_FACTS, to_json
from gateway.recognition.verdict import judge
from gateway.records import compact
from tests.recognition.desk import AT, Asked, Event, asked, credit_logs, day, fact, log
from tests.recognition.situation import STALE
from tests.recognition.situations import SITUATIONS

OPTIONAL = {"known_at", "agreement", "licence", "matches", "warnings", "presented", "signed_by"}
MEMBERS = {"verdict", "headline", "at", "as_of", "source", "subject", "purpose", "checks", "credit", "relied_on"}
BY_NAME = {situation.name: situation.asked for situation in SITUATIONS}


def answered(case: Asked) -> dict[str, Any]:
    return to_json(judge(case.question(), case.facts()))


def test_the_ordinary_answer_has_the_members_of_the_contract() -> None:
    found = answered(asked())
    assert found.keys() == MEMBERS | {"agreement", "licence", "signed_by"}
    assert (found["verdict"], found["headline"], found["at"]) == ("recognised", "予以互认", "2026-11-23T02:03:04.000Z")
    assert (found["source"], found["as_of"], found["purpose"]) == ("urn:jjj:sanhe", "2026-11-23", "开办分店")
    assert found["agreement"] == {"id": "2026-017", "version": 2}
    assert found["licence"] == {"number": "JY11310820000017"}
    assert found["checks"][5] == {
        "name": "fresh",
        "result": "PASS",
        "reason": "fresh",
        "zh": "来源数据是最新的",
        "en": "the source has confirmed lately that there is nothing newer",
    }


def test_an_agreement_that_did_not_recognise_says_what_is_done_instead() -> None:
    found = answered(BY_NAME["on the list of serious dishonesty, which the agreement restricts"])
    assert found["agreement"] == {"id": "2026-017", "version": 2, "otherwise": "按本地一般程序办理"}
    assert "agreement" not in answered(BY_NAME["no agreement between the two"])


def test_what_was_relied_on_is_named_with_size_root_heartbeat_and_witnesses() -> None:
    known = log(root="cm9vdA==", heartbeat=AT // 1000 - 4, witnesses=("jjj.example/tongzhou/witness",))
    assert answered(asked(logs=(known,)))["relied_on"][0] == {
        "origin": "jjj.example/sanhe/licence",
        "size": 812,
        "root": "cm9vdA==",
        "heartbeat": "2026-11-23T02:03:00.000Z",
        "witnesses": ["jjj.example/tongzhou/witness"],
        "signed_by": "node",
    }


@pytest.mark.parametrize(
    ("signed_by", "reason"), [("node", "content_signature"), ("authority", "content_signature.authority")]
)
def test_who_signed_the_licence_is_said_of_it_of_its_log_and_by_the_check(signed_by: str, reason: str) -> None:
    found = answered(asked(record={"signed_by": signed_by}))
    assert (found["signed_by"], found["checks"][1]["reason"]) == (signed_by, reason)
    assert [log.get("signed_by") for log in found["relied_on"]] == [signed_by, None, None]


def test_where_nothing_is_shown_nobody_has_signed_it() -> None:
    assert "signed_by" not in answered(asked(history=()))


@pytest.mark.parametrize("name", BY_NAME)
def test_every_situation_answers_without_null_and_in_compact_form(name: str) -> None:
    found = answered(BY_NAME[name])
    assert found.keys() <= MEMBERS | OPTIONAL
    assert orjson.loads(compact.encode(found)) == found


def test_absent_members_are_left_out() -> None:
    found = answered(asked(history=(), source=None, subject="JY1", purpose="", logs=()))
    assert not found.keys() & {"source", "purpose", "agreement", "licence", "warnings", "matches", "known_at"}


def test_several_matches_are_listed() -> None:
    found = answered(asked(matches=2))
    assert [match["source"] for match in found["matches"]] == ["urn:jjj:sanhe"] * 2


def test_known_at_is_told_when_it_was_asked() -> None:
    assert answered(asked(known_at=AT))["known_at"] == "2026-11-23T02:03:04.000Z"


def test_a_restriction_is_told_with_its_ground() -> None:
    found = answered(asked(credit=credit_logs(fact(summary="示例摘要", public_until=day("2027-05-10")))))
    assert found["credit"]["answer"] == "restricted"
    [told] = found["credit"]["facts"]
    assert (told["effect"], told["ground"], told["summary"]) == ("restricted", "示例协议第六条", "示例摘要")
    assert (told["decided_on"], told["public_until"]) == ("2026-05-10", "2027-05-10")
    assert not told.keys() & {"objected", "last_known"}


def test_a_fact_that_is_only_last_known_says_so() -> None:
    [told] = answered(asked(credit=credit_logs(fact(), **STALE)))["credit"]["facts"]
    assert told["last_known"] is True


def test_warnings_are_told_in_both_languages_with_their_particulars() -> None:
    found = answered(asked(history=Event("issued", items=(("热食类制售", "2026-01-01"), ("冷食类制售", None)))))
    [warning] = found["warnings"]
    assert warning["reason"] == "items.some_passed"
    assert warning["detail"] == "热食类制售"
    assert warning["zh"] != warning["en"] != ""


def test_many_facts_are_cut_the_restricting_first_and_the_rest_counted() -> None:
    notices = [fact("penalty", subject=f"{number}") for number in range(80)]
    found = answered(asked(credit=credit_logs(*notices, fact())))["credit"]
    assert (len(found["facts"]), found["more"], found["facts"][0]["kind"]) == (MOST_FACTS, 31, "dishonest_list")
