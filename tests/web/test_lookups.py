"""Search, licences, subjects, records and proofs: what is found, what is not, and what a bad question is told."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from gateway.ledger import merkle, proof
from tests.records import builders
from tests.web.desk import Desk, draft

pytestmark = pytest.mark.asyncio(loop_scope="module")

TYPE = builders.TYPE_CODES["permit"][0]
SERIALS = range(1, 25)
HOLDER = builders.uscc(41)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stocked(desk: Desk) -> Desk:
    """24 licences of one holder, the first of them suspended since."""
    holder = {"name": "示例乙食品有限公司", "uscc": HOLDER, "category": "法人及非法人组织"}
    receipts = (await desk.publish([draft(serial, holder=holder) for serial in SERIALS])).json
    assert {receipt["status"] for receipt in receipts} == {"logged"}
    suspended = draft(1, "jjj.licence.suspended", holder=holder, state={"code": "02", "since": "2026-01-05"})
    assert (await desk.publish(suspended)).json["status"] == "logged"
    return desk


def subject(serial: int) -> str:
    return f"{TYPE}:{builders.food_number(serial)}"


@pytest.mark.parametrize(
    "q", [builders.food_number(3), builders.food_number(3).lower(), f" {builders.food_number(3)} "]
)
async def test_search_by_number(stocked: Desk, q: str) -> None:
    found = (await stocked.get(f"/v1/search?q={q}")).json["results"]
    assert [(match["source"], match["subject"]) for match in found] == [("urn:jjj:sanhe", subject(3))]


async def test_search_by_a_part_of_the_name(stocked: Desk) -> None:
    assert len((await stocked.get("/v1/search?q=乙食品&limit=3")).json["results"]) == 3


async def test_search_answers_at_most_20(stocked: Desk) -> None:
    assert len((await stocked.get(f"/v1/search?q={HOLDER}")).json["results"]) == 20


async def test_search_for_nothing_that_is_held(stocked: Desk) -> None:
    assert (await stocked.get("/v1/search?q=%E2%9D%84%EF%B8%8F")).json["results"] == []


async def test_a_licence_with_its_history(stocked: Desk) -> None:
    found = (await stocked.get(f"/v1/licences?source=urn:jjj:sanhe&subject={subject(1)}")).json
    assert [record["type"] for record in found["history"]] == ["jjj.licence.issued", "jjj.licence.suspended"]


async def test_a_subject_that_is_not_held(stocked: Desk) -> None:
    for source in ("urn:jjj:sanhe", "urn:jjj:nowhere"):
        reply = await stocked.get(f"/v1/licences?source={source}&subject={subject(999)}")
        stocked.refused(reply, 404, "not_found.subject")


async def test_all_of_one_holder(stocked: Desk) -> None:
    found = (await stocked.get(f"/v1/subjects/{HOLDER}")).json
    assert found["uscc"] == HOLDER
    assert len(found["records"]) == len(SERIALS)


async def test_a_record_by_its_id_and_by_its_place(stocked: Desk) -> None:
    at = (await stocked.get("/v1/records/sanhe/licence/0")).json
    assert (at["log"], at["index"], at["status"]) == ("jjj.test/sanhe/licence", 0, "logged")
    assert (await stocked.get(f"/v1/records?id={at['id']}")).json == at


async def test_a_record_of_any_own_log_by_its_id(stocked: Desk) -> None:
    credit = {"type": "jjj.credit.recorded", "data": builders.credit(number="示例〔2026〕41号")}
    receipt = (await stocked.publish(credit)).json
    found = (await stocked.get(f"/v1/records?id={receipt['id']}")).json
    assert (found["log"], found["index"]) == ("jjj.test/sanhe/credit", receipt["index"])


async def test_a_record_that_is_not_held(stocked: Desk) -> None:
    for path in (
        f"/v1/records?id={builders.record_id(404)}",
        "/v1/records/sanhe/licence/25",
        "/v1/records/sanhe/licence/999999999999",
        "/v1/records/nowhere/licence/0",
        "/v1/records/sanhe/permit/0/proof",
        "/v1/records/sanhe/licence/25/proof",
    ):
        stocked.refused(await stocked.get(path), 404, "not_found.record")


@pytest.mark.parametrize("index", [0, 1, 23, 24])
async def test_a_proof_holds_under_the_owners_checkpoint(stocked: Desk, index: int) -> None:
    reply = await stocked.get(f"/v1/records/sanhe/licence/{index}/proof")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    entry = (await stocked.get(f"/v1/records/sanhe/licence/{index}")).json["entry"].encode()
    keys = stocked.node.trust.current.roster.verifier_keys
    found, signed = proof.verify(reply.body, entry, "jjj.test/sanhe/licence", keys)
    assert (found, signed.checkpoint.size) == (index, len(SERIALS) + 1)
    with pytest.raises(Exception, match="proof"):
        proof.verify(reply.body, entry + b" ", "jjj.test/sanhe/licence", keys)
    assert merkle.leaf_hash(entry)


@pytest.mark.parametrize(
    ("path", "reason", "field"),
    [
        ("/v1/search", "query.missing", "q"),
        ("/v1/search?q=", "query.missing", "q"),
        ("/v1/search?q=%20", "query.missing", "q"),
        ("/v1/search?q=a&q=b", "query.form", "q"),
        (f"/v1/search?q={'x' * 2001}", "query.form", "q"),
        ("/v1/search?q=a&limit=0", "query.form", "limit"),
        ("/v1/search?q=a&limit=21", "query.form", "limit"),
        ("/v1/search?q=a&limit=+5", "query.form", "limit"),
        ("/v1/search?q=a&limit=%D9%A5", "query.form", "limit"),
        ("/v1/search?q=a&limit=007", "query.form", "limit"),
        ("/v1/licences?source=urn:jjj:sanhe", "query.missing", "subject"),
        ("/v1/licences?subject=x", "query.missing", "source"),
        ("/v1/records", "query.missing", "id"),
        ("/v1/records/sanhe/licence/-1", "query.form", "index"),
        ("/v1/records/sanhe/licence/01", "query.form", "index"),
        ("/v1/records/sanhe/licence/x/proof", "query.form", "index"),
        (f"/v1/records/sanhe/licence/{1 << 40}", "query.form", "index"),
    ],
)
async def test_a_bad_question_is_told_which_part(stocked: Desk, path: str, reason: str, field: str) -> None:
    assert stocked.refused(await stocked.get(path), 400, reason)["field"] == field


HOSTILE: list[Any] = [
    "%00",
    "%F0%9F%92%A9",
    "%ED%A0%80",
    "%FF",
    "'%20OR%201=1--",
    "%25",
    "_",
    "..%2F..%2Fetc",
    "<script>",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_finds_nothing_and_breaks_nothing(stocked: Desk, text: str) -> None:
    for path in (
        f"/v1/search?q={text}",
        f"/v1/licences?source={text}&subject={text}",
        f"/v1/subjects/{text}",
        f"/v1/records?id={text}",
        f"/v1/records/{text}/{text}/0",
    ):
        reply = await stocked.get(path)
        assert reply.status in (200, 400, 404), (path, reply)
        assert b"jjj.licence" not in reply.body
