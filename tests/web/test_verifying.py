"""POST /v1/verifications: one or many, each answered in order, bad ones by themselves."""

from __future__ import annotations

import orjson
import pytest
import pytest_asyncio

from gateway.trust import notes
from tests.records import builders
from tests.web.desk import NDJSON, Desk, Reply, draft

pytestmark = pytest.mark.asyncio(loop_scope="module")

TYPE = builders.TYPE_CODES["permit"][0]
GOOD = {"source": "urn:jjj:sanhe", "subject": f"{TYPE}:{builders.food_number(1)}"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counter(desk: Desk) -> Desk:
    """The node with one licence."""
    assert (await desk.publish(draft(1))).json["status"] == "logged"
    return desk


async def verify(desk: Desk, body: object, **headers: str) -> Reply:
    return await desk.ask("POST", "/v1/verifications", body, **headers)


async def test_one_question_one_verdict(counter: Desk) -> None:
    found = (await verify(counter, GOOD)).json
    assert (found["verdict"], found["headline"]) == ("recognised", "予以互认")
    assert (found["source"], found["subject"]) == (GOOD["source"], GOOD["subject"])
    assert all(check["zh"] and check["en"] for check in found["checks"])


async def test_the_slip_is_the_answer_signed(counter: Desk) -> None:
    found = (await verify(counter, GOOD)).json
    keys = counter.node.trust.current.roster.verifier_keys
    note = notes.parse(found.pop("slip").encode(), 1)
    assert [line.line.name for line in notes.verify(note, keys)] == ["jjj.test/sanhe/verdict"]
    code = notes.parse(found.pop("slip_code").encode(), 1)
    assert [line.line.name for line in notes.verify(code, keys)] == ["jjj.test/sanhe/verdict"]
    assert orjson.loads(note.text) == found


@pytest.mark.parametrize("lines", [False, True])
async def test_many_questions_are_answered_in_order(counter: Desk, lines: bool) -> None:
    asked = [GOOD, {"number": "示例无此号"}, {"surplus": 1}, 7, GOOD]
    body = b"\n".join(map(orjson.dumps, asked)) if lines else asked
    reply = await verify(counter, body, **(NDJSON if lines else {}))
    found = reply.lines if lines else reply.json
    assert [answer.get("verdict") for answer in found] == ["recognised", "indeterminate", None, None, "recognised"]
    assert [(answer["reason"], answer["status"]) for answer in found[2:4]] == [("question.form", 400)] * 2


async def test_a_line_that_is_no_json_is_answered_in_its_place(counter: Desk) -> None:
    body = orjson.dumps(GOOD) + b'\n{"a":1,"a":2}\n{\n' + orjson.dumps(GOOD)
    found = (await verify(counter, body, **NDJSON)).lines
    assert [answer.get("reason", "") for answer in found] == ["", "form.duplicate_name", "form.json", ""]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        7,
        b"null",
        {"subject": 7},
        {"number": "x", "as_of": "2026-02-30"},
        {"number": "x", "known_at": "2026-01-01"},
        {"number": "x", "colour": "red"},
        {"number": "x" * 2_049},
        {"purpose": "x" * 513, "number": "x"},
        {"number": " \r\n"},
        {"number": "x", "case": "示例\u202e1号"},
        {"number": "x", "presented": "示例"},
        {"number": "x", "presented": {"Holder": "示例"}},
        {"number": "x", "presented": {"holder.name": 7}},
        {"number": "x", "presented": {f"field_{number}": "示例" for number in range(33)}},
    ],
)
async def test_a_single_bad_question_is_a_problem(counter: Desk, asked: object) -> None:
    reply = await verify(counter, asked)
    counter.refused(reply, 400, reply.json["reason"])
    assert reply.json["reason"] in ("question.form", "date.form", "time.form")


async def test_a_thousand_are_taken_and_no_more(counter: Desk) -> None:
    assert len((await verify(counter, [{}] * 1000)).json) == 1000
    counter.refused(await verify(counter, [{}] * 1001), 413, "body.too_many")


@pytest.mark.parametrize("body", [b"", b"x", b"{", b"[{}"])
async def test_no_json_at_all(counter: Desk, body: bytes) -> None:
    counter.refused(await verify(counter, body), 400, "body.json" if body else "body.empty")


async def test_a_hostile_question_is_answered(counter: Desk) -> None:
    for text in ("\x00", "%", "💩", "' OR 1=1 --", "x:y:z", ":", "\u202e"):
        reply = await verify(counter, {"number": text, "holder": text, "type": text, "purpose": text})
        assert reply.status in (200, 400), (text, reply)
        assert (await verify(counter, {"subject": text, "source": text})).status in (200, 400), text
