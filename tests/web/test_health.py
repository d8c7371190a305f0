"""/healthz, /readyz, /metrics: alive is not ready, and figures are those of now."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.bus.port import BusUnavailable
from gateway.errors import CannotRun
from gateway.instants import format_time
from tests.records import builders
from tests.simulator import World, eventually
from tests.web.desk import Desk, draft, founded

pytestmark = pytest.mark.asyncio(loop_scope="module")


def seconds() -> int:
    return int(time.time())


async def samples(desk: Desk) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    reply = await desk.get("/metrics")
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(reply.body.decode())
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def of(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


async def test_a_node_that_seals_and_sends_is_ready(desk: Desk) -> None:
    reply = await desk.get("/readyz")
    assert (reply.status, reply.json) == (200, {"ready": True})


async def test_each_fault_is_a_reason_and_the_process_lives(desk: Desk) -> None:
    desk.node.publisher.refuse(CannotRun("ledger.behind", "run recover"))
    desk.node.relay.fault = BusUnavailable("the broker is away")
    try:
        found = desk.refused(await desk.get("/readyz"), 503, "node.not_ready")
        assert (await desk.get("/healthz")).status == 200
    finally:
        desk.node.publisher.open()
        desk.node.relay.fault = None
    assert found["ready"] is False
    assert [fault["reason"] for fault in found["reasons"]] == ["ledger.behind", "bus.unavailable"]
    assert "run recover" in found["detail"]


async def test_either_fault_alone_is_enough(desk: Desk) -> None:
    desk.node.relay.fault = BusUnavailable("the broker is away")
    try:
        desk.refused(await desk.get("/readyz"), 503, "node.not_ready")
    finally:
        desk.node.relay.fault = None
    assert (await desk.get("/readyz")).status == 200


async def test_sizes_ages_and_lags_are_those_of_now(desk: Desk) -> None:
    origin = "jjj.test/sanhe/licence"
    before = (await samples(desk))[of("jjj_log_size", origin=origin)]
    await desk.publish([draft(1), draft(2)])
    after = await samples(desk)
    assert after[of("jjj_log_size", origin=origin)] == before + 2
    assert 0 <= after[of("jjj_log_age_seconds", origin=origin)] < 60
    assert after[of("jjj_log_age_seconds", origin="jjj.test/tongzhou/licence")] == float("inf")
    assert after[of("jjj_log_lag_leaves", origin="jjj.test/tongzhou/licence")] == 0
    assert of("jjj_unsent_leaves", origin=origin) in after
    assert after[of("jjj_log_budget_seconds", origin=origin)] == 86_400
    assert after[of("jjj_log_budget_left_seconds", origin=origin)] > 86_000
    assert after[of("jjj_log_budget_left_seconds", origin="jjj.test/tongzhou/licence")] == 0
    assert after[of("jjj_topic_age_seconds", topic="jjj.tongzhou.licence")] == float("inf")
    assert after[of("jjj_bus_taken_age_seconds")] >= 0
    assert after[of("jjj_acknowledgement", mode="local")] == 1


async def test_requests_are_counted_and_timed_by_route(desk: Desk) -> None:
    await desk.get("/logs/nowhere/licence/checkpoint")
    await desk.get("/logs/elsewhere/credit/checkpoint")
    await desk.get("/no/such/path")
    found = await samples(desk)
    route = "GET /logs/{jurisdiction}/{family}/checkpoint"
    assert found[of("jjj_http_requests_total", route=route, status="404")] == 2
    assert found[of("jjj_http_requests_total", route="unknown", status="404")] == 1
    assert found[of("jjj_stage_seconds_count", stage=f"http {route}")] == 2


async def test_callers_cannot_make_metrics_grow(desk: Desk) -> None:
    await desk.ask("TRACE", "/v1/logs")
    await desk.ask("TRACE", "/coffee")
    labels = {dict(labels).get("route", "") for _, labels in await samples(desk)}
    assert not [label for label in labels if "TRACE" in label or "coffee" in label]


def keys_of(world: World, ends: Callable[[dict[str, Any]], bool]) -> None:
    """A roster in which the keys that are meant end in ten days; what is said of the others is as it was."""
    end = format_time((seconds() + 10 * 86_400) * 1000).replace(".000Z", "Z")
    keys = [{**key, "not_after": end} if ends(key) else key for key in world.member("sanhe")["keys"]]
    world.found(sanhe={"keys": keys})


def without(world: World, lacks: Callable[[dict[str, Any]], bool]) -> None:
    """A roster that does not name the keys that are meant."""
    world.found(sanhe={"keys": [key for key in world.member("sanhe")["keys"] if not lacks(key)]})


async def test_a_log_without_a_good_key_stops_and_the_others_go_on(tmp_path: Path) -> None:
    credit = {"type": "jjj.credit.recorded", "data": builders.credit()}
    async with founded(tmp_path, "sanhe", "tongzhou") as desk:
        without(desk.world, lambda key: key["role"] == "log" and key["families"] == ["credit"])
        await eventually(lambda: desk.node.keys.faults(seconds(), ["log"]), "the roster is in force")
        found = desk.refused(await desk.get("/readyz"), 503, "node.not_ready")
        assert [fault["reason"] for fault in found["reasons"]] == ["key.none_good"]
        for part in ("log jjj.test/sanhe/credit", "is not in the roster", "keys new DIR --role log --family credit"):
            assert part in found["detail"]
        size = desk.node.publisher.logs["credit"].own.size
        desk.refused(await desk.publish(credit), 503, "key.none_good")
        assert desk.node.publisher.logs["credit"].own.size == size
        assert (await desk.publish(draft(1))).lines[0]["status"] == "logged"
        desk.world.found()
        await eventually(lambda: not desk.node.keys.faults(seconds(), ["log"]), "the key is entered again")
        assert (await desk.publish(credit)).lines[0]["status"] == "logged"


async def test_no_answer_is_given_that_nobody_could_check_later(tmp_path: Path) -> None:
    async with founded(tmp_path, "sanhe", "tongzhou") as desk:
        without(desk.world, lambda key: key["role"] == "verdict")
        await eventually(lambda: desk.node.keys.warnings(seconds()), "the roster is in force")
        desk.refused(await desk.ask("POST", "/v1/verifications", {"number": "x"}), 503, "key.none_good")
        ready = await desk.get("/readyz")
        assert (ready.status, [each["reason"] for each in ready.json["warnings"]]) == (200, ["key.none_good"])


async def test_the_end_of_the_last_key_is_warned_of_and_measured(tmp_path: Path) -> None:
    async with founded(tmp_path, "sanhe", "tongzhou") as desk:
        keys_of(desk.world, lambda key: key["role"] == "witness")
        await eventually(lambda: desk.node.keys.warnings(seconds()), "the roster is in force")
        ready = await desk.get("/readyz")
        assert (ready.status, [each["reason"] for each in ready.json["warnings"]]) == (200, ["key.ending"])
        assert "--role witness" in ready.json["warnings"][0]["message"]
        found = await samples(desk)
        assert 9 * 86_400 < found[of("jjj_key_left_seconds", role="witness", family="*")] <= 10 * 86_400
        assert found[of("jjj_key_left_seconds", role="record", family="licence")] > 365 * 86_400
