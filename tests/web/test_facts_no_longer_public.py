"""A credit fact that is repaired, ended, withdrawn, taken back or past its public day stands in no answer over HTTP.

Not in verdict and slip, not in a search by name, code or document number, not in what a form is filled in with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
import pytest_asyncio

from tests.records import builders
from tests.web.desk import Desk, draft

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOLDER = {"name": "示例丙食品有限公司", "uscc": builders.uscc(51), "category": "法人及非法人组织"}
SHOWN = "示通市监处罚〔2026〕100号"
HIDDEN = {
    "repaired": "示通市监处罚〔2026〕101号",
    "ended": "示通市监处罚〔2026〕102号",
    "withdrawn": "示通市监处罚〔2026〕103号",
    "retracted": "示通市监处罚〔2026〕104号",
    "past": "示通市监处罚〔2026〕105号",
}


def penalty(number: str, **members: Any) -> dict[str, Any]:
    return builders.credit("penalty", number=number, holder=HOLDER, **members)


async def published(desk: Desk, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    [receipt] = (await desk.publish([{"type": kind, "data": data}])).json
    assert receipt["status"] == "logged", receipt
    return receipt  # type: ignore[no-any-return]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listed(desk: Desk) -> Desk:
    """One licence of the holder, one fact in force, and one of each sort that is over."""
    await published(desk, "jjj.licence.issued", draft(51, holder=HOLDER)["data"])
    await published(desk, "jjj.credit.recorded", penalty(SHOWN, public_until="2999-12-31"))
    for state in ("repaired", "ended", "withdrawn"):
        await published(desk, "jjj.credit.recorded", penalty(HIDDEN[state]))
        await published(desk, f"jjj.credit.{state}", penalty(HIDDEN[state], state=state))
    receipt = await published(desk, "jjj.credit.recorded", penalty(HIDDEN["retracted"]))
    leaf = (await desk.get(f"/v1/records?id={receipt['id']}")).json["leaf_hash"]
    correction = {**builders.correction(receipt["index"]), "leaf_hash": leaf}
    await published(desk, "jjj.credit.retracted", correction)
    await published(desk, "jjj.credit.recorded", penalty(HIDDEN["past"], public_until="2026-05-11"))
    return desk


QUESTIONS: tuple[tuple[str, Any], ...] = (
    ("/v1/verifications", {"number": builders.food_number(51)}),
    ("/v1/verifications", {"number": HOLDER["uscc"]}),
    (f"/v1/search?q={HOLDER['uscc']}", None),
    ("/v1/search?q=示例丙", None),
    (f"/v1/subjects/{HOLDER['uscc']}", None),
    *((f"/v1/search?q={number}", None) for number in HIDDEN.values()),
)


@pytest.mark.parametrize(("path", "question"), QUESTIONS)
async def test_what_is_over_stands_in_no_answer(listed: Desk, path: str, question: Any) -> None:
    reply = await listed.ask("POST" if question else "GET", path, question)
    assert reply.status == 200, reply.body
    for state, number in HIDDEN.items():
        assert number.partition("〕")[2].encode() not in reply.body, state


async def test_the_one_in_force_stands_in_verdict_slip_search_and_form(listed: Desk) -> None:
    verdict = (await listed.ask("POST", "/v1/verifications", QUESTIONS[0][1])).json
    assert [fact["kind"] for fact in verdict["credit"]["facts"]] == ["penalty"]
    for text in (orjson.dumps(verdict["credit"]).decode(), verdict["slip"]):
        assert "100号" in text
    for path in (f"/v1/search?q={HOLDER['uscc']}", f"/v1/subjects/{HOLDER['uscc']}"):
        assert "100号" in (await listed.get(path)).body.decode(), path


async def test_an_auditor_still_finds_every_record(listed: Desk) -> None:
    assert listed.size("credit") == 1 + 2 * 3 + 2 + 1
    for index in range(listed.size("credit")):
        assert (await listed.get(f"/v1/records/sanhe/credit/{index}")).status == 200
