"""/healthz, /readyz, /metrics: alive is not ready, and figures are those of now."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.bus.port import BusUnavailable
from gateway.errors import CannotRun
from tests.web.desk import Desk, draft

pytestmark = pytest.mark.asyncio(loop_scope="module")


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


async def test_a_log_that_is_not_cosigned_is_said_and_the_node_is_ready(desk: Desk) -> None:
    desk.node.witness.faults["jjj.test/tongzhou/licence"] = CannotRun("witness.behind", "it catches up")
    try:
        reply = await desk.get("/readyz")
    finally:
        desk.node.witness.faults.clear()
    assert (reply.status, reply.json["ready"]) == (200, True)
    assert [fault["reason"] for fault in reply.json["witness"]] == ["witness.behind"]


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
