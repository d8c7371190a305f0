"""/v1/logs, /v1/network, /v1/quarantine: every log, its state and its faults; pages; masked identity numbers."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.bus.port import BusUnavailable
from gateway.errors import CannotRun
from gateway.instants import parse_time
from gateway.ledger.merkle import EMPTY_ROOT
from tests.records import builders
from tests.simulator import World, eventually
from tests.web.desk import Desk, draft, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORIGINS = [f"jjj.test/{place}/{family}" for place in ("sanhe", "tongzhou") for family in ("credit", "licence")]


async def logs(desk: Desk, query: str = "") -> Any:
    return (await desk.get(f"/v1/logs{query}")).json


async def test_every_log_is_listed_also_the_empty_ones(desk: Desk) -> None:
    found = (await logs(desk))["logs"]
    assert [log["origin"] for log in found] == ORIGINS
    assert [log["own"] for log in found] == [True, True, False, False]
    silent = found[-1]
    assert (silent["size"], silent["checkpoint"], silent["date"], silent["age_s"]) == (0, None, None, None)
    assert base64.b64decode(silent["root"]) == EMPTY_ROOT


async def test_an_own_log_shows_its_newest_checkpoint(desk: Desk) -> None:
    await desk.publish(draft(1))
    log = next(log for log in (await logs(desk))["logs"] if log["origin"] == "jjj.test/sanhe/licence")
    assert log["checkpoint"].startswith(f"{log['origin']}\n{log['size']}\n{log['root']}\n\n— {log['origin']} ")
    assert (log["size"], log["lacking"], log["frozen"], log["quarantined"]) == (1, 0, None, 0)
    assert parse_time(log["date"])
    assert 0 <= log["age_s"] < 60


async def test_logs_come_in_pages(desk: Desk) -> None:
    first = await logs(desk, "?limit=3")
    rest = await logs(desk, f"?limit=3&after={first['next']}")
    assert [log["origin"] for log in first["logs"] + rest["logs"]] == ORIGINS
    assert "next" not in rest


async def test_the_network_as_seen_here(desk: Desk) -> None:
    found = (await desk.get("/v1/network")).json
    assert (found["network"], found["jurisdiction"]) == ("jjj.test", "sanhe")
    assert [(one["id"], one["own"]) for one in found["jurisdictions"]] == [("sanhe", True), ("tongzhou", False)]
    assert {log["origin"] for one in found["jurisdictions"] for log in one["logs"]} == set(ORIGINS)
    assert found["trust"]["roster"] == 1
    assert found["trust"]["schemas"] == ["credit:1.0", "licence:1.0"]
    assert found["sealing"] == {"ok": True}
    assert found["relay"]["ok"] is True


async def test_an_operator_sees_who_is_behind_whom(desk: Desk) -> None:
    await desk.publish(draft(2))
    await eventually(lambda: not any(desk.node.relay.unsent(own) for own in desk.node.publisher.logs.values()), "sent")
    found = (await desk.get("/v1/network")).json
    assert found["acknowledgement"] == "local"
    assert found["relay"]["unsent"] == {"jjj.test/sanhe/licence": 0, "jjj.test/sanhe/credit": 0}
    assert 0 <= found["relay"]["taken_s"] < 60
    assert found["topics"] == {f"jjj.tongzhou.{name}": None for name in ("checkpoint", "credit", "licence")}
    own, silent = found["jurisdictions"]
    assert (own["by_tiles"], silent["by_tiles"]) == (False, False)
    for log in own["logs"]:
        assert log["budget_s"] == 86_400
        assert log["budget_left_s"] == pytest.approx(86_400 - log["age_s"], abs=0.01)
    assert [(log["age_s"], log["budget_left_s"]) for log in silent["logs"]] == [(None, 0.0)] * 2


async def test_a_fault_is_said_with_its_reason(desk: Desk) -> None:
    desk.node.publisher.refuse(CannotRun("ledger.behind", "run recover"))
    desk.node.relay.fault = BusUnavailable("the broker is away")
    try:
        found = (await desk.get("/v1/network")).json
    finally:
        desk.node.publisher.open()
        desk.node.relay.fault = None
    assert found["sealing"] == {"ok": False, "reason": "ledger.behind", "message": "run recover"}
    assert found["relay"]["reason"] == "bus.unavailable"


# Quarantine: tongzhou publishes, with its own keys, what the gate refuses

BAD = 5


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A node that mirrors a log of five bad leaves, one of them with an identity number."""
    folder: Path = tmp_path_factory.mktemp("bad")
    async with World(folder, "sanhe", "tongzhou") as world:
        hand = world.log_of("tongzhou")
        for serial in range(BAD - 1):
            hand.add(hand.sign(hand.line(builders.licence(number=builders.food_number(serial), surplus="x"))))
        hand.add(hand.sign(hand.line(builders.licence(), subject=f"x:{builders.PERSONS_NUMBER}")))
        hand.send()
        async with opened(world, "sanhe") as desk:
            follower = desk.node.followers["jjj.test/tongzhou/licence"]
            await eventually(lambda: follower.log.size == BAD, "the bad leaves are mirrored")
            yield desk


async def test_quarantine_says_what_and_why(receiver: Desk) -> None:
    leaves = (await receiver.get("/v1/quarantine")).json["leaves"]
    assert [leaf["index"] for leaf in leaves] == list(range(BAD))
    first = leaves[0]
    assert (first["origin"], first["field"]) == ("jjj.test/tongzhou/licence", "data.surplus")
    assert first["subject"] == f"{builders.TYPE_CODES['permit'][0]}:{builders.food_number(0)}"
    assert first["reason"].startswith("schema.")
    assert parse_time(first["known"])


async def test_identity_numbers_are_masked(receiver: Desk) -> None:
    reply = await receiver.get("/v1/quarantine")
    assert reply.json["leaves"][-1]["subject"].startswith("x:")
    assert builders.PERSONS_NUMBER.encode() not in reply.body


@pytest.mark.parametrize("limit", [1, 2, 4, 5])
async def test_quarantine_comes_in_pages(receiver: Desk, limit: int) -> None:
    seen: list[int] = []
    query = f"?limit={limit}"
    for _ in range(BAD):
        page = (await receiver.get(f"/v1/quarantine{query}")).json
        assert len(page["leaves"]) <= limit
        seen += [leaf["index"] for leaf in page["leaves"]]
        if "next" not in page:
            break
        query = f"?limit={limit}&after={page['next']}"
    assert seen == list(range(BAD))


async def test_quarantine_is_counted_by_log(receiver: Desk) -> None:
    counts = {log["origin"]: log["quarantined"] for log in (await logs(receiver))["logs"]}
    assert counts["jjj.test/tongzhou/licence"] == BAD
    assert sum(counts.values()) == BAD


@pytest.mark.parametrize("path", ["/v1/logs", "/v1/quarantine"])
@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2"])
async def test_a_page_that_cannot_be(desk: Desk, path: str, query: str) -> None:
    assert desk.refused(await desk.get(f"{path}?{query}"), 400, "query.form")["field"] == "limit"


@pytest.mark.parametrize("after", ["x", "1", "2-0", "0-", "-1", "0-x", "0-99999999999999999999", "0-01"])
async def test_an_after_that_we_did_not_give(desk: Desk, after: str) -> None:
    assert desk.refused(await desk.get(f"/v1/quarantine?after={after}"), 400, "query.form")["field"] == "after"
