"""An own log rebuilt from what its key has signed and others hold (DESIGN §6, `recover`)."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from aiohttp import web

from gateway.bus.embedded import EmbeddedBus
from gateway.errors import CannotRun
from gateway.ledger import highwater
from gateway.ledger.highwater import HighWater
from gateway.node import config as node_config
from gateway.node.config import Config
from gateway.node.door import Draft
from gateway.ops import nodefolder, recovery
from gateway.ops.recovery import Recovered, recover
from tests.records import builders
from tests.simulator import NETWORK, Running, World, eventually

TOPIC = "jjj.sanhe.licence"


def data(serial: int) -> dict[str, Any]:
    return builders.licence(number=builders.food_number(serial))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path, "sanhe", "tongzhou", served=("sanhe", "tongzhou")) as world:
        yield world


@pytest.fixture
async def tongzhou(world: World) -> Running:
    return await world.start("tongzhou")


def config(world: World) -> Config:
    return node_config.load(world.folder / "sanhe" / nodefolder.CONFIG)


def kept(world: World) -> dict[str, bytes]:
    """Every file of the node's data, but its lock, and evidence, which is kept whatever happens."""
    folder = world.folder / "sanhe" / "data"
    files = (path for path in folder.iterdir() if path.name != "lock" and not path.name.endswith("-shm"))
    return {path.name: path.read_bytes() for path in files if path.is_file()}


def lost(world: World) -> None:
    """The disk is new: only keys, settings and trust data were kept."""
    shutil.rmtree(world.folder / "sanhe" / "data")
    (world.folder / "sanhe" / "data").mkdir()


async def signed(world: World, tongzhou: Running, count: int = 3) -> None:
    """Sanhe has published, tongzhou holds it all, and sanhe is down."""
    sanhe = await world.start("sanhe")
    for serial in range(count):
        await sanhe.publish(data(serial))
    await tongzhou.mirrored("sanhe", count)
    await sanhe.sent()
    await sanhe.stop()


async def seals_again(world: World, size: int) -> Running:
    """The node runs as if nothing had happened."""
    sanhe = await (await world.start("sanhe")).sealing()
    assert sanhe.node.publisher.logs["licence"].own.size == size
    assert (await sanhe.publish(data(90)))[0].size == size + 1
    await sanhe.audited()
    return sanhe


async def test_a_lost_ledger_comes_back_from_topic_and_partners(world: World, tongzhou: Running) -> None:
    await signed(world, tongzhou)
    lost(world)
    done = await recover(config(world))
    assert done == [Recovered(f"{NETWORK}/sanhe/{family}", size, 0) for family, size in (("licence", 3), ("credit", 0))]
    sanhe = await seals_again(world, 3)
    await tongzhou.mirrored("sanhe", 4)
    assert tongzhou.evidence() == []
    assert sanhe.verdict(builders.food_number(1), source="urn:jjj:sanhe") == "recognised"


async def test_a_log_that_two_keys_have_signed_comes_back_whole(world: World, tongzhou: Running) -> None:
    await signed(world, tongzhou, 2)
    world.rotate_log("sanhe")
    sanhe = await world.start("sanhe")
    digest = sanhe.node.trust.current.digest
    await eventually(lambda: tongzhou.node.trust.current.digest == digest, "the roster is taken")
    await sanhe.publish(data(2))
    await tongzhou.mirrored("sanhe", 3)
    await sanhe.stop()
    lost(world)
    assert (await recover(config(world)))[0].size == 3
    await seals_again(world, 3)


async def test_partners_alone_are_enough(world: World, tongzhou: Running) -> None:
    await signed(world, tongzhou)
    lost(world)
    for file in (world.folder / "bus").glob("jjj.sanhe.*"):
        file.unlink()
    assert (await recover(config(world)))[0].size == 3
    await seals_again(world, 3)


async def test_the_topic_alone_is_enough_where_the_partner_was_asked(world: World, tongzhou: Running) -> None:
    await signed(world, tongzhou, 1)
    tongzhou_ledger = world.folder / "tongzhou" / "data"
    await tongzhou.stop()
    for end in ("", "-wal", "-shm"):
        (tongzhou_ledger / f"mirrors.sqlite{end}").unlink(missing_ok=True)
    lost(world)
    bus = world.folder / "bus"
    bus.rename(world.folder / "bus.kept")
    forgetful = await world.start("tongzhou")
    shutil.rmtree(bus, ignore_errors=True)
    (world.folder / "bus.kept").rename(bus)
    assert forgetful.size("sanhe") == 0
    assert (await recover(config(world)))[0].size == 1
    await seals_again(world, 1)


async def test_a_topic_whose_beginning_or_whole_is_gone_is_no_obstacle(
    world: World, tongzhou: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "QUIET_S", 0.3)
    await signed(world, tongzhou)
    for before in (2, 99):
        async with EmbeddedBus(world.folder / "bus") as bus:
            await bus.trim(TOPIC, before)
        lost(world)
        assert (await recover(config(world)))[0].size == 3
    await seals_again(world, 3)


async def test_what_nobody_holds_is_moved_aside_and_can_be_published_anew(world: World, tongzhou: Running) -> None:
    """Signed and acknowledged here only: the recovered tree goes on from what others have seen."""
    await signed(world, tongzhou, 2)
    folder = world.folder / "sanhe" / "data"
    (world.folder / "bus").rename(world.folder / "bus.kept")
    world.found(sanhe={"urls": []})
    sanhe = await (await world.start("sanhe")).sealing()
    await sanhe.publish(data(10), data(11))
    await sanhe.stop()
    shutil.rmtree(world.folder / "bus")
    (world.folder / "bus.kept").rename(world.folder / "bus")
    done = await recover(config(world))
    assert done[0] == Recovered(f"{NETWORK}/sanhe/licence", 2, 2)
    [aside] = folder.glob("aside-licence-*.ndjson")
    drafts = [Draft.parse(orjson.loads(line)) for line in aside.read_bytes().splitlines()]
    assert [draft.data for draft in drafts] == [data(10), data(11)]
    assert len(list(folder.glob("ledger-*.sqlite"))) == 1
    sanhe = await (await world.start("sanhe")).sealing()
    receipts = await sanhe.node.publisher.publish(drafts)
    assert [(receipt.status, receipt.index) for receipt in receipts] == [("logged", 2), ("logged", 3)]
    await tongzhou.mirrored("sanhe", 4)
    assert tongzhou.evidence() == []


async def test_a_missing_mark_is_set_again_and_nothing_is_lost(world: World, tongzhou: Running) -> None:
    await signed(world, tongzhou)
    mark = world.folder / "sanhe" / "data" / "licence.highwater"
    mark.unlink()
    assert (await recover(config(world)))[0] == Recovered(f"{NETWORK}/sanhe/licence", 3, 0)
    assert highwater.read(mark)[0] == 3
    await seals_again(world, 3)


async def test_a_ledger_that_cannot_be_read_any_more_is_no_obstacle(world: World, tongzhou: Running) -> None:
    await signed(world, tongzhou)
    for end in ("-wal", "-shm"):
        (world.folder / "sanhe" / "data" / f"ledger.sqlite{end}").unlink(missing_ok=True)
    (world.folder / "sanhe" / "data" / "ledger.sqlite").write_bytes(b"\xff" * 40_960)
    assert (await recover(config(world)))[0].size == 3
    await seals_again(world, 3)


async def test_dates_do_not_go_back_behind_what_partners_have_seen(world: World, tongzhou: Running) -> None:
    await signed(world, tongzhou)
    ahead = world.log_of("sanhe")
    ahead.entries = [row[0] for row in tongzhou.node.mirrors.read.execute("SELECT entry FROM entries ORDER BY key")]
    date = tongzhou.follower("sanhe").held[1] + 25
    ahead.publish(ahead.seal(date=date))
    await eventually(lambda: tongzhou.follower("sanhe").held[1] == date, "the later heartbeat was heard")
    lost(world)
    await recover(config(world))
    sanhe = await seals_again(world, 3)
    assert sanhe.node.publisher.logs["licence"].own.newest.date >= date
    await tongzhou.mirrored("sanhe", 4)
    assert tongzhou.evidence() == []


# What stops a recovery, and changes nothing


async def stopped(world: World, reason: str, *words: str, **given: Any) -> None:
    before = kept(world)
    with pytest.raises(CannotRun) as error:
        await recover(config(world), **given)
    assert error.value.reason == reason
    assert all(word in error.value.message for word in words), error.value.message
    assert kept(world) == before


async def test_a_partner_who_cannot_be_asked_stops_it_unless_named(world: World, tongzhou: Running) -> None:
    await signed(world, tongzhou)
    await tongzhou.stop()
    await stopped(world, "recover.unasked", "tongzhou", "--without tongzhou")
    assert (await recover(config(world), without=("tongzhou",)))[0].size == 3
    await seals_again(world, 3)


@asynccontextmanager
async def answering(url: str, status: int) -> AsyncIterator[None]:
    """Somebody who answers everything with this status."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with AsyncExitStack() as stack:
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, urlsplit(url).hostname, urlsplit(url).port).start()
        yield


@pytest.mark.parametrize(("status", "asked"), [(500, False), (503, False), (403, False), (302, False), (404, True)])
async def test_only_a_partner_that_says_so_has_nothing(
    world: World, tongzhou: Running, status: int, asked: bool
) -> None:
    await signed(world, tongzhou)
    await tongzhou.stop()
    async with answering(world.urls["tongzhou"], status):
        if asked:
            assert (await recover(config(world)))[0].size == 3
        else:
            await stopped(world, "recover.unasked", "tongzhou")


async def test_a_partner_without_address_cannot_be_asked(world: World, tongzhou: Running) -> None:
    await signed(world, tongzhou)
    world.found(tongzhou={"urls": []})
    await stopped(world, "recover.unasked", "no URL in the roster")


async def test_a_statement_whose_leaves_nobody_has_stops_it(world: World, tongzhou: Running) -> None:
    await signed(world, tongzhou)
    more = world.log_of("sanhe")
    more.entries = [row[0] for row in tongzhou.node.mirrors.read.execute("SELECT entry FROM entries ORDER BY key")]
    more.add(more.entry(more.fresh()))
    world.append("sanhe", more.message(0, more.seal()))
    await stopped(world, "recover.incomplete", "4 records", "only 3")


async def test_a_statement_on_the_checkpoint_topic_counts_too(world: World, tongzhou: Running) -> None:
    await signed(world, tongzhou)
    more = world.log_of("sanhe")
    more.add(*(more.entry(more.fresh()) for _ in range(7)))
    more.publish(more.seal())
    await stopped(world, "recover.incomplete", "7 records", "only 3")


async def test_two_trees_by_ones_own_key_need_a_successor(world: World, tongzhou: Running) -> None:
    await signed(world, tongzhou)
    fork = world.log_of("sanhe")
    fork.add(*(fork.entry(fork.fresh()) for _ in range(3)))
    world.append("sanhe", fork.message(2, fork.seal()))
    await stopped(world, "log.fork", "successor")
    assert len(list((world.folder / "sanhe" / "data" / "evidence").glob("sanhe-licence-*.json"))) == 1


async def test_a_running_node_is_not_recovered(world: World, tongzhou: Running) -> None:
    sanhe = await world.start("sanhe")
    await sanhe.publish(data(1))
    with pytest.raises(CannotRun, match=r"node\.running"):
        await recover(config(world))
    assert (await sanhe.publish(data(2)))[0].size == 2


async def test_a_mark_survives_a_recovery_that_stops(world: World, tongzhou: Running) -> None:
    await signed(world, tongzhou)
    await tongzhou.stop()
    await stopped(world, "recover.unasked")
    mark = HighWater(world.folder / "sanhe" / "data" / "licence.highwater")
    assert mark.read()[0] == 3
    mark.close()
