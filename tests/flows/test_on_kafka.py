"""Nodes over a real Kafka, and over tiles alone: what is published arrives, whatever the broker does meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.bus.kafka import KafkaBus
from gateway.errors import CannotRun
from gateway.node.door import Draft
from gateway.ops import nodefolder
from gateway.ops.nodefolder import OneBroker
from tests.brokers import Kafka
from tests.bus.test_kafka import PREFIXES
from tests.records import builders
from tests.simulator import World, eventually


@pytest.fixture
async def world(tmp_path: Path, kafka: Kafka) -> AsyncIterator[World]:
    """Sanhe and tongzhou, who share nothing but a Kafka."""
    broker = OneBroker(kafka.bootstrap, next(PREFIXES))
    async with World(tmp_path, "sanhe", "tongzhou", kafka=broker) as world:
        yield world


def licences(*serials: int) -> list[dict[str, object]]:
    return [builders.licence(number=builders.food_number(serial)) for serial in serials]


async def test_what_one_publishes_the_other_can_verify(world: World) -> None:
    sanhe, tongzhou = await world.start_all()
    await sanhe.publish(*licences(1, 2, 3))
    await tongzhou.mirrored("sanhe", 3)
    await eventually(lambda: tongzhou.verdict(builders.food_number(2)) == "recognised")
    await tongzhou.audited()


async def test_publishing_goes_on_while_the_broker_is_away_and_nothing_is_lost(world: World, kafka: Kafka) -> None:
    if kafka.cluster is None:
        pytest.skip("JJJ_KAFKA names a broker that these tests may not stop")
    world.configure("sanhe", acknowledgement="local")
    sanhe, tongzhou = await world.start_all()
    await sanhe.publish(*licences(1))
    await tongzhou.mirrored("sanhe", 1)
    async with kafka.killed():
        await sanhe.publish(*licences(2, 3))
        await sanhe.publish(*licences(4))
        await eventually(lambda: sanhe.node.relay.fault is not None, "the relay says that the broker is away")
    await tongzhou.mirrored("sanhe", 4)
    await sanhe.sent()
    await eventually(lambda: sanhe.node.relay.fault is None, "the relay goes on")
    for each in (sanhe, tongzhou):
        await each.audited()


async def test_nothing_is_acknowledged_or_shown_before_the_broker_has_it(world: World, kafka: Kafka) -> None:
    if kafka.cluster is None:
        pytest.skip("JJJ_KAFKA names a broker that these tests may not stop")
    world.configure("sanhe", acknowledge_within_s=600)
    sanhe, tongzhou = await world.start_all()
    assert sanhe.node.config.replicated
    await sanhe.publish(*licences(1))
    own = sanhe.node.publisher.logs["licence"].own
    async with kafka.killed():
        waiting = asyncio.create_task(sanhe.publish(*licences(2, 3)))
        await eventually(lambda: own.size == 3 and sanhe.node.relay.fault is not None, "the batch waits for the broker")
        assert not waiting.done()
        assert sanhe.node.views.log(f"{world.network}/sanhe/licence").size == 1
        assert sanhe.verdict(builders.food_number(2)) == "indeterminate"
    assert [(receipt.index, receipt.size) for receipt in await waiting] == [(1, 3), (2, 3)]
    await tongzhou.mirrored("sanhe", 3)
    await eventually(lambda: sanhe.verdict(builders.food_number(2)) == "recognised")
    for each in (sanhe, tongzhou):
        await each.audited()


async def test_a_broker_away_for_long_is_said_and_the_same_ids_stand_once(world: World, kafka: Kafka) -> None:
    if kafka.cluster is None:
        pytest.skip("JJJ_KAFKA names a broker that these tests may not stop")
    world.configure("sanhe", acknowledge_within_s=1)
    sanhe = await (await world.start("sanhe")).sealing()
    drafts = [Draft("jjj.licence.issued", data, builders.record_id(at)) for at, data in enumerate(licences(1, 2))]
    async with kafka.killed():
        for reason in ("publish.unacknowledged", "publish.bus_away"):
            with pytest.raises(CannotRun) as error:
                await sanhe.node.publisher.publish(drafts)
            assert error.value.reason == reason
    await sanhe.sent()
    receipts = await sanhe.node.publisher.publish(drafts)
    assert [(receipt.status, receipt.index) for receipt in receipts] == [("duplicate", 0), ("duplicate", 1)]
    await sanhe.audited()


async def test_a_node_restarted_goes_on_where_it_was(world: World) -> None:
    sanhe, tongzhou = await world.start_all()
    await sanhe.publish(*licences(1))
    await tongzhou.mirrored("sanhe", 1)
    for running in (sanhe, tongzhou):
        await running.stop()
    tongzhou = await world.start("tongzhou")
    sanhe = await (await world.start("sanhe")).sealing()
    await sanhe.publish(*licences(2))
    await tongzhou.mirrored("sanhe", 2)
    assert tongzhou.garbage_count("sanhe") == 0


async def test_a_partner_without_topics_is_followed_by_tiles_alone(tmp_path: Path) -> None:
    async with World(tmp_path, "sanhe", "tongzhou", served=("sanhe",)) as world:
        for each in world.jurisdictions:
            with (tmp_path / each / nodefolder.CONFIG).open("a", encoding="utf-8") as file:
                file.write("\n[bus.at.sanhe]\ntiles = true\n")
        sanhe, tongzhou = await world.start_all()
        await sanhe.publish(*licences(1, 2))
        await tongzhou.mirrored("sanhe", 2)
        await sanhe.publish(*licences(3))
        await tongzhou.mirrored("sanhe", 3)
        await eventually(lambda: tongzhou.verdict(builders.food_number(3)) == "recognised")
        assert not list((tmp_path / "bus").glob("*.sanhe.*"))


async def test_the_demo_runs_over_it_and_ends_clean(kafka: Kafka) -> None:
    command = [sys.executable, "-m", "gateway", "demo", "--once", "--json", "--kafka", kafka.bootstrap]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=300, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["nodes"], told["published"], told["mirrored"]) == (6, 500, 2500)
    assert told["audit"]["ok"]
    assert "Traceback" not in done.stderr
    if kafka.cluster is not None:  # one that ran before may hold the usual topics already
        async with KafkaBus(kafka.settings) as bus:
            assert await bus.end("jjj.sanhe.licence") > 0
