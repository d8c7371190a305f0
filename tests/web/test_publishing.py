"""POST /v1/records: the answer's shape and order, bad drafts that refuse only themselves, and limits."""

from __future__ import annotations

import asyncio
import json
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from gateway.errors import CannotRun
from gateway.ledger import logbook
from gateway.node import lanes
from gateway.node.door import Draft
from tests.records import builders
from tests.simulator import eventually
from tests.web.desk import NDJSON, Desk, draft, founded

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEMBERS = {"id", "status", "log", "index", "size"}
LOG = "jjj.test/sanhe/licence"
serials = count(1)


def fresh(**members: Any) -> dict[str, Any]:
    """A draft of a subject that no other test of this file publishes."""
    return draft(next(serials), **members)


async def test_one_draft_gets_one_object(desk: Desk) -> None:
    before = desk.size()
    reply = await desk.publish(fresh())
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json.keys() == MEMBERS
    assert reply.json["status"] == "logged"
    assert (reply.json["log"], reply.json["index"], reply.json["size"]) == (LOG, before, before + 1)


async def test_what_is_acknowledged_is_in_the_ledger(desk: Desk) -> None:
    receipt = (await desk.publish(fresh())).json
    view = desk.node.views.log(LOG)
    entry = logbook.entry(view.connection, view.log.number, receipt["index"])
    assert entry is not None
    assert receipt["id"].encode() in entry


async def test_an_array_gets_an_array_in_order(desk: Desk) -> None:
    before = desk.size()
    receipts = (await desk.publish([fresh(), fresh(), fresh()])).json
    assert [receipt["index"] for receipt in receipts] == [before, before + 1, before + 2]
    assert {receipt["size"] for receipt in receipts} == {before + 3}


async def test_an_empty_array_gets_an_empty_array(desk: Desk) -> None:
    assert (await desk.publish([])).json == []


@pytest.mark.parametrize("headers", [NDJSON, {"Content-Type": "application/x-ndjson; charset=utf-8"}, {}])
async def test_lines_get_lines(desk: Desk, headers: dict[str, str]) -> None:
    body = b"".join(orjson.dumps(fresh()) + b"\n" for _ in range(3))
    reply = await desk.publish(body, **headers)
    assert reply.headers["Content-Type"] == "application/x-ndjson"
    assert [line["status"] for line in reply.lines] == ["logged"] * 3


async def test_both_families_in_one_request(desk: Desk) -> None:
    credit = {"type": "jjj.credit.recorded", "data": builders.credit(number="示例〔2026〕1号")}
    found = (await desk.publish([credit, fresh()])).json
    assert [receipt["log"] for receipt in found] == ["jjj.test/sanhe/credit", LOG]


async def test_the_same_draft_again_gets_the_first_receipt(desk: Desk) -> None:
    one = fresh() | {"id": builders.record_id(77)}
    first = (await desk.publish(one)).json
    await desk.publish(fresh())
    assert (await desk.publish(one)).json == first | {"status": "duplicate"}


async def test_the_same_id_with_other_content_is_refused(desk: Desk) -> None:
    one = fresh() | {"id": builders.record_id(78)}
    await desk.publish(one)
    reply = (await desk.publish(fresh() | {"id": builders.record_id(78)})).json
    assert (reply["status"], reply["reason"], reply["field"]) == ("refused", "id.conflict", "id")
    assert reply["message"]


async def test_a_refused_draft_has_no_place(desk: Desk) -> None:
    before = desk.size()
    reply = await desk.publish(fresh(surplus="x"))
    assert reply.status == 200
    assert (reply.json["status"], reply.json["field"]) == ("refused", "data.surplus")
    assert (reply.json["log"], reply.json["index"], reply.json["size"]) == (None, None, None)
    assert desk.size() == before


def nested(depth: int) -> dict[str, Any]:
    """A draft whose brackets nest exactly so deep."""
    inner: Any = "x"
    for _ in range(depth - 2):
        inner = [inner]
    return fresh(remarks=inner)


BAD: dict[str, tuple[bytes, str]] = {
    "no json": (b'{"type":', "form.json"),
    "no object": (b"17", "draft.form"),
    "an array": (b"[]", "draft.form"),
    "nothing in it": (b"{}", "draft.form"),
    "a foreign member": (orjson.dumps(draft() | {"source": "urn:jjj:tongzhou"}), "draft.form"),
    "a type of no family": (orjson.dumps(draft(kind="jjj.parking.issued")), "type.unknown"),
    "a number for an id": (orjson.dumps(draft() | {"id": 7}), "draft.form"),
    "an id of another version": (
        orjson.dumps(draft() | {"id": "6ba7b810-9dad-41d1-80b4-00c04fd430c8"}),
        "envelope.id",
    ),
    "a time that is none": (orjson.dumps(draft() | {"time": "2026-02-30T00:00:00.000Z"}), "time.form"),
    "a time to come": (orjson.dumps(draft() | {"time": "2999-01-01T00:00:00.000Z"}), "time.future"),
    "an extra field": (orjson.dumps(draft(surplus=1)), "schema.additionalProperties"),
    "doubled name": (orjson.dumps(draft()).replace(b'"kind":', b'"kind":"permit","kind":'), "form.duplicate_name"),
    "a fraction": (orjson.dumps(draft(remarks=1.5)), "form.number"),
    "a whole fraction": (orjson.dumps(draft(remarks=1.0)), "form.number"),
    "an exponent": (orjson.dumps(draft(remarks=-3)).replace(b"-3", b"1e2"), "form.number"),
    "2^53": (orjson.dumps(draft(remarks=2**53)), "form.number"),
    "2^64": (json.dumps(draft(remarks=2**64)).encode(), "form.number"),
    "minus zero": (orjson.dumps(draft(remarks=-3)).replace(b"-3", b"-0"), "form.number"),
    "null": (orjson.dumps(draft(remarks=None)), "form.null"),
    "NaN": (json.dumps(draft(remarks=float("nan"))).encode(), "form.number"),
    "byte order mark": (b"\xef\xbb\xbf" + orjson.dumps(draft()), "form.bom"),
    "invalid UTF-8": (orjson.dumps(draft(remarks="mark")).replace(b"mark", b"\xff"), "form.utf8"),
    "lone surrogate": (orjson.dumps(draft(remarks="mark")).replace(b"mark", rb"\udc00"), "form.character"),
    "NUL": (orjson.dumps(draft(remarks="a\x00b")), "form.escape"),
    "a raw NUL": (orjson.dumps(draft(remarks="mark")).replace(b"mark", b"\x00"), "form.character"),
    "right-to-left override": (orjson.dumps(draft(remarks="a\u202eb")), "form.character"),
    "zero-width space in a number": (orjson.dumps(draft() | {"data": builders.licence(number="JY1\u200b1")}), ""),
    "depth 33": (orjson.dumps(nested(33)), "form.depth"),
    "depth 40": (orjson.dumps(nested(40)), "form.depth"),
    "depth 400": (
        orjson.dumps(nested(200)).replace(b"[" * 198, b"[" * 398).replace(b"]" * 198, b"]" * 398),
        "form.depth",
    ),
    "60,001 bytes": (orjson.dumps(draft(remarks="x" * 60_001)), "form.size"),
    "identity number": (orjson.dumps(draft(remarks=f"见 {builders.PERSONS_NUMBER}")), "identity_number"),
    "no code": (
        orjson.dumps(draft(holder={"name": "示例丙店", "uscc": builders.PLACEHOLDER, "category": "个体工商户"})),
        "holder.no_code",
    ),
    "state against type": (orjson.dumps(draft(kind="jjj.licence.suspended")), "state.mismatch"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_line_in_the_middle_refuses_only_itself(desk: Desk, name: str) -> None:
    bad, reason = BAD[name]
    before = desk.size()
    body = b"\n".join([orjson.dumps(fresh()), bad, orjson.dumps(fresh())])
    found = (await desk.publish(body, **NDJSON)).lines
    assert [line["status"] for line in found] == ["logged", "refused", "logged"], found
    assert desk.size() == before + 2
    assert found[1]["reason"] == reason or (not reason and found[1]["reason"]), found[1]
    assert found[1]["message"]
    assert builders.PERSONS_NUMBER not in json.dumps(found)


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_element_of_an_array(desk: Desk, name: str) -> None:
    bad, reason = BAD[name]
    before = desk.size()
    reply = await desk.publish(b"[%b, %b]" % (bad, orjson.dumps(fresh())))
    if reason == "form.json":
        desk.refused(reply, 400, "body.json")
        assert desk.size() == before
    else:
        assert [one["status"] for one in reply.json] == ["refused", "logged"], reply.json
        assert desk.size() == before + 1


@pytest.mark.parametrize("body", [b"", b" ", b"nonsense", b'{"type":"jjj.licence.issued"', b"[{},", b"\x1f\x8b\x08"])
async def test_a_body_that_is_no_json(desk: Desk, body: bytes) -> None:
    desk.refused(await desk.publish(body), 400, "body.json" if body.strip() else "body.empty")


async def test_a_packed_body_is_not_unpacked(desk: Desk) -> None:
    desk.refused(await desk.publish(b"\x1f\x8b", Content_Encoding="gzip"), 415, "body.encoding")


async def test_a_forms_media_type_is_read_like_any_other(desk: Desk) -> None:
    reply = await desk.publish(fresh(), Content_Type="application/x-www-form-urlencoded")
    assert reply.json["status"] == "logged"


async def test_many_callers_share_commits_and_lose_nothing(desk: Desk) -> None:
    before = desk.size()
    replies = await asyncio.gather(*(desk.publish([fresh(), fresh()]) for _ in range(20)))
    indexes = sorted(receipt["index"] for reply in replies for receipt in reply.json)
    assert indexes == list(range(before, before + 40))


async def test_receipts_are_counted_by_status_and_reason(desk: Desk) -> None:
    def counted(status: str, reason: str) -> float:
        labels = {"status": status, "reason": reason}
        return desk.node.measures.registry.get_sample_value("jjj_receipts_total", labels) or 0.0

    before = counted("logged", ""), counted("refused", "form.json"), counted("refused", "draft.form")
    await desk.publish(orjson.dumps(fresh()) + b"\n{\n{}\n", **NDJSON)
    after = counted("logged", ""), counted("refused", "form.json"), counted("refused", "draft.form")
    assert after == tuple(figure + 1 for figure in before)


async def test_a_node_that_does_not_seal_says_why(desk: Desk) -> None:
    before = desk.size()
    desk.node.publisher.refuse(CannotRun("ledger.behind", "the ledger is behind; run recover"))
    try:
        found = desk.refused(await desk.publish(fresh()), 503, "ledger.behind")
    finally:
        desk.node.publisher.open()
    assert found["detail"] == "the ledger is behind; run recover"
    assert desk.size() == before


async def test_refusals_are_told_in_the_log_without_their_content(desk: Desk) -> None:
    with structlog.testing.capture_logs() as logged:
        await desk.publish([{}, fresh(remarks=f"{builders.PERSONS_NUMBER}"), {}])
        await desk.publish(b"nonsense")
    events = {event["event"]: event for event in logged}
    assert events["publish.refused"]["reasons"] == {"draft.form": 2, "identity_number": 1}
    assert (events["http.refused"]["reason"], events["http.refused"]["status"]) == ("body.json", 400)
    assert builders.PERSONS_NUMBER not in str(logged)


# Lanes


async def test_historic_records_get_the_same_receipts(desk: Desk) -> None:
    before = desk.size()
    one = fresh() | {"id": builders.record_id(79)}
    first = await desk.ask("POST", "/v1/records?lane=bulk", [one, fresh(surplus="x"), fresh()])
    assert [receipt["status"] for receipt in first.json] == ["logged", "refused", "logged"]
    assert desk.size() == before + 2
    again = (await desk.ask("POST", "/v1/records?lane=live", one)).json
    assert again == first.json[0] | {"status": "duplicate"}


@pytest.mark.parametrize("lane", ["fast", "", "Bulk", "bulk&lane=live"])
async def test_an_unknown_lane_is_refused_by_name(desk: Desk, lane: str) -> None:
    before = desk.size()
    found = desk.refused(await desk.ask("POST", f"/v1/records?lane={lane}", fresh()), 400, "query.form")
    assert found["field"] == "lane"
    assert desk.size() == before


async def test_a_live_record_overtakes_thousands_of_historic_ones(desk: Desk) -> None:
    """By the order of indexes: nothing but the commit under way lies between its coming and its place."""
    bulk = [
        asyncio.create_task(desk.ask("POST", "/v1/records?lane=bulk", [fresh() for _ in range(1_000)]))
        for _ in range(4)
    ]
    before = desk.size()
    await eventually(lambda: desk.size() > before, "bulk is under way")
    came = desk.size()
    live = fresh()
    [receipt] = await desk.node.publisher.publish([Draft(live["type"], live["data"])])
    assert receipt.index <= came + lanes.BULK_A_COMMIT
    indexes = [found["index"] for reply in await asyncio.gather(*bulk) for found in reply.json]
    assert sorted([*indexes, receipt.index]) == list(range(before, before + 4_001))


# Limits


async def test_a_body_of_the_limit_and_one_byte_more(tmp_path: Path) -> None:
    async with founded(tmp_path, body_bytes=65_536) as desk:
        body = orjson.dumps(draft())
        assert (await desk.publish(body.ljust(65_536))).json["status"] == "logged"
        desk.refused(await desk.publish(body.ljust(65_537)), 413, "body.too_large")
        assert desk.size() == 1


async def test_a_body_without_a_length_is_cut_off_at_the_limit(tmp_path: Path) -> None:
    async def endless() -> Any:
        for _ in range(100):
            yield b" " * 10_000

    async with founded(tmp_path, body_bytes=65_536) as desk, desk.http.post("/v1/records", data=endless()) as answer:
        assert answer.status == 413
        assert (await answer.json(content_type=None))["reason"] == "body.too_large"


async def test_the_count_of_records(tmp_path: Path) -> None:
    async with founded(tmp_path, records_a_request=2) as desk:
        assert len((await desk.publish([draft(1), draft(2)])).json) == 2
        three = [draft(3), draft(4), draft(5)]
        desk.refused(await desk.publish(three), 413, "body.too_many")
        desk.refused(await desk.publish(b"\n".join(map(orjson.dumps, three)), **NDJSON), 413, "body.too_many")
        assert desk.size() == 2


async def test_a_slow_body_is_not_waited_for(tmp_path: Path) -> None:
    async with founded(tmp_path, request_s=1) as desk:
        reader, writer = await asyncio.open_connection(desk.http._base_url.host, desk.http._base_url.port)
        writer.write(b"POST /v1/records HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        assert orjson.loads(await reader.readexactly(length))["reason"] == "body.slow"
        assert desk.size() == 0
        writer.close()
        await writer.wait_closed()
