"""A node without a route to any bus follows by tiles alone, and knows what the others know (DESIGN §5)."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from gateway.ledger.highwater import HighWater
from tests.records import builders
from tests.simulator import Running, World, eventually

FAR = "tongzhou"
NEAR = ("sanhe", "xianghe")
NUMBERS = {"sanhe": builders.food_number(1), "xianghe": builders.food_number(2), FAR: builders.food_number(3)}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Sanhe and xianghe share a bus that tongzhou does not reach; the three reach one another over HTTP."""
    async with World(tmp_path, *NEAR, FAR, served=(*NEAR, FAR)) as world:
        world.configure(FAR, "bus", kind="tiles")
        world.configure("sanhe", f"bus.at.{FAR}", tiles=True)
        world.configure("xianghe", f"bus.at.{FAR}", tiles=True)
        yield world


async def publish(running: Running, number: str, **members: str) -> None:
    await running.publish(builders.licence(number=number, **members))


async def test_all_reach_the_same_state_freshness_and_verdicts(world: World) -> None:
    nodes = dict(zip((*NEAR, FAR), await world.start_all(), strict=True))
    for source, running in nodes.items():
        await publish(running, NUMBERS[source])
    for round_ in range(3):
        await publish(nodes["sanhe"], builders.food_number(10 + round_))
    sizes = {"sanhe": 4, "xianghe": 1, FAR: 1}
    for running in nodes.values():
        for source, size in sizes.items():
            if source != running.id:
                await running.mirrored(source, size)
                world.same(nodes[source], running, source)
    for running in nodes.values():
        for number in NUMBERS.values():
            await eventually(lambda r=running, n=number: r.verdict(n) == "recognised", f"{running.id} knows {number}")
        assert [view.lacking for view in running.node.views.all()] == [0] * 6
        await running.audited()
    assert not list((world.folder / "bus").glob(f"jjj.{FAR}.*"))
    for running, source in ((nodes[FAR], "sanhe"), (nodes["sanhe"], FAR)):
        for topic in (f"jjj.{source}.licence", f"jjj.{source}.checkpoint"):
            since = running.node.measures.message_s
            await eventually(lambda s=since, t=topic: s(t) is not None, f"{running.id} reads {topic}")


async def test_the_word_of_an_idle_log_stays_fresh(world: World) -> None:
    sanhe, far = await world.start("sanhe"), await world.start(FAR)
    await publish(sanhe, NUMBERS["sanhe"])
    await far.mirrored("sanhe", 1)
    follower = far.follower("sanhe")
    await eventually(lambda: follower.freshness.newest, "a first heartbeat")
    date = follower.freshness.newest.date
    await eventually(lambda: follower.freshness.newest.date >= date + 2, "later heartbeats come")


async def test_a_silent_owner_is_asked_about_at_a_partner(world: World) -> None:
    sanhe, xianghe = await world.start("sanhe"), await world.start("xianghe")
    await publish(sanhe, NUMBERS["sanhe"])
    await xianghe.mirrored("sanhe", 1)
    await sanhe.stop()
    far = await world.start(FAR)
    await far.mirrored("sanhe", 1)
    world.same(xianghe, far, "sanhe")


async def test_what_was_published_without_a_bus_is_not_waited_for(world: World) -> None:
    far = await world.start(FAR)
    await publish(far, NUMBERS[FAR])
    await far.sent()
    async with aiohttp.ClientSession(world.urls[FAR]) as http, http.get("/v1/network") as answer:
        found = await answer.json()
    assert (found["relay"]["ok"], set(found["relay"]["unsent"].values())) == (True, {0})
    assert [each["by_tiles"] for each in found["jurisdictions"]] == [True] * 3


async def test_the_guard_asks_partners_whatever_the_bus(world: World) -> None:
    sanhe, far = await world.start("sanhe"), await world.start(FAR)
    await publish(far, NUMBERS[FAR])
    await sanhe.mirrored(FAR, 1)
    await far.stop()
    data = world.folder / FAR / "data"
    shutil.rmtree(data)
    data.mkdir()
    for family in ("licence", "credit"):
        HighWater.create(data / f"{family}.highwater").close()
    publisher = (await world.start(FAR)).node.publisher
    await eventually(lambda: getattr(publisher.refusing, "reason", "") == "ledger.behind", "the guard says so")


async def test_six_nodes_without_any_bus_know_the_same(tmp_path: Path) -> None:
    everyone = ("tongzhou", "wuqing", "sanhe", "xianghe", "dachang", "xiongan")
    async with World(tmp_path, *everyone, served=everyone) as world:
        for each in everyone:
            world.configure(each, "bus", kind="tiles")
        nodes = await world.start_all()
        for serial, running in enumerate(nodes):
            await publish(running, builders.food_number(1 + serial))
        for running in nodes:
            for owner in nodes:
                if owner is not running:
                    await running.mirrored(owner.id, 1)
                    world.same(owner, running, owner.id)
            verdicts = [running.verdict(builders.food_number(1 + serial)) for serial in range(6)]
            assert verdicts == ["recognised"] * 6
        assert not (tmp_path / "bus").exists()
