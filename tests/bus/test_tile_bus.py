"""Tiles fulfil the read half of the contract: a real node mirrors a log from its topic and shows it over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from gateway.bus.embedded import EmbeddedBus
from gateway.bus.port import (
    CHECKPOINT,
    BadTopic,
    BusClosed,
    BusUnavailable,
    Message,
    PositionLost,
    Reading,
    Received,
    header,
)
from gateway.bus.tileheads import Sources
from gateway.bus.tilereading import MOST_BYTES, TileBus
from gateway.ledger import tiles
from tests.bus.harness import Features, ReadHarness, need, read_all, take
from tests.bus.read_contract import ReadContract
from tests.handmade import HandMade
from tests.records import builders
from tests.simulator import Running, World, free_port

OWNER, SHOWN_BY = "sanhe", "tongzhou"
TOPIC, NOTES = f"jjj.{OWNER}.licence", f"jjj.{OWNER}.checkpoint"
OFTEN_S = 0.02


READ_HALF = Features(foreign=False, retention=False, outages=False, processes=False)


@dataclass
class TileHarness:
    """Each leaf is sealed by itself, so that its message is the same however many are appended at once."""

    world: World
    node: Running
    log: HandMade
    made: list[Message] = field(default_factory=list)
    appended: int = 0
    began: int = field(default_factory=lambda: int(time.time()))
    features: Features = READ_HALF
    jurisdiction: str = OWNER
    topic: str = TOPIC
    max_batch: int = 10

    @property
    def open(self) -> Callable[[], TileBus]:
        return partial(tile_bus, self.world.urls[SHOWN_BY], max_batch=self.max_batch)

    def messages(self, start: int, count: int) -> list[Message]:
        for index in range(len(self.made), start + count):
            self.log.add(self.log.entry(self.log.fresh()))
            self.made.append(self.log.message(index, self.log.commit(date=self.began)))
        return self.made[start : start + count]

    async def append(self, batch: Sequence[Message]) -> None:
        self.world.append(OWNER, *batch)
        self.appended += len(batch)
        await self.node.mirrored(OWNER, self.appended)

    async def delete_before(self, position: int) -> None:
        need(self.features.retention, "retention")


def tile_bus(*urls: str, partners: Sequence[str] = (), max_batch: int = 512) -> TileBus:
    sources = Sources(urls, tuple(partners), ("licence", "credit"))
    return TileBus(
        lambda jurisdiction: sources if jurisdiction == OWNER else Sources(),
        prefix="jjj",
        every_s=OFTEN_S,
        max_batch=max_batch,
    )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path, OWNER, SHOWN_BY, served=(OWNER, SHOWN_BY)) as world:
        yield world


@pytest.fixture
async def harness(world: World) -> ReadHarness:
    return TileHarness(world, await world.start(SHOWN_BY), world.log_of(OWNER))


class TestTileBus(ReadContract):
    """The read half of the contract suite, unchanged."""


# Beyond the contract: what a log's files show, whoever wrote them


def written(world: World, *commits: int) -> tuple[HandMade, list[Message]]:
    """A log of commits of so many leaves each, and its messages as a relay sends them."""
    log = world.log_of(OWNER)
    sent: list[Message] = []
    for count in commits:
        log.add(*(log.entry(log.fresh()) for _ in range(count)))
        sent += log.messages()
    return log, sent


async def first_of(reading: Reading) -> list[Received]:
    return await asyncio.wait_for(anext(reading), 5)


async def test_messages_are_those_that_the_relay_sends(world: World) -> None:
    """One running node's topic and files, read side by side: the same bytes."""
    owner = await world.start(OWNER)
    for serial in range(3):
        await owner.publish(*(builders.licence(number=builders.food_number(10 * serial + each)) for each in range(2)))
    await owner.sent()
    async with EmbeddedBus(world.folder / "bus") as topics, tile_bus(world.urls[OWNER]) as bus:
        sent = await read_all(topics, TOPIC, 6)
        assert await read_all(bus, TOPIC, 6) == sent
    assert [header(each, CHECKPOINT) is not None for each in sent] == [False, True] * 3


async def test_checkpoints_stand_on_the_last_leaves_of_commits(world: World) -> None:
    """Across the borders of bundles too; a position is an index."""
    log, sent = written(world, 1, 254, 3, 300, 1)
    async with log.served(), tile_bus(world.urls[OWNER]) as bus:
        assert await read_all(bus, TOPIC, len(sent)) == sent
        for position in (1, 255, 256, 257, 558):
            assert (await take(bus.read(TOPIC, position), 1))[0] == Received(position, sent[position])


async def test_a_reader_finds_its_place_among_many_history_files(world: World) -> None:
    log, sent = written(world, *[1] * 600)
    async with log.served() as asked, tile_bus(world.urls[OWNER]) as bus:
        for position in (0, 255, 256, 511, 599):
            assert (await take(bus.read(TOPIC, position), 1))[0].message == sent[position]
        asked.clear()
        received = await take(bus.read(TOPIC, None), 600)
        assert [header(each.message, CHECKPOINT) for each in received] == log.seals
        assert sorted(path for path in asked if path.startswith("history")) == ["history/0", "history/1", "history/2"]


async def test_lists_are_bounded_in_bytes(world: World) -> None:
    log = world.log_of(OWNER)
    log.add(*(b'{"subject":"%d"}%b\n\nsignature' % (n, b" " * 60_000) for n in range(100)))
    sent = log.messages()
    async with log.served(), tile_bus(world.urls[OWNER]) as bus, aclosing(bus.read(TOPIC, None)) as reading:
        first = await first_of(reading)
        assert sum(len(each.message.value) for each in first) <= MOST_BYTES
        assert [each.message for each in first + await take(reading, 100 - len(first))] == sent


async def test_entries_that_are_no_records_are_handed_on(world: World) -> None:
    """Whoever may judge them judges them (law 5): only forms of files are looked at here."""
    log = world.log_of(OWNER)
    log.add(b"", b"\xff", b"{}\n\n", b"\n\n\n\n")
    log.commit()
    async with log.served(), tile_bus(world.urls[OWNER]) as bus:
        values = [message.value for message in await read_all(bus, TOPIC, 4)]
    assert values == [b"", b"", b"{}", b"\n\n"]


async def test_a_log_is_asked_about_once_however_many_read_it(world: World) -> None:
    log, _ = written(world, 2)
    async with log.served() as asked, tile_bus(world.urls[OWNER]) as bus:
        bus._heads._every_s = 3600.0
        for topic in (TOPIC, TOPIC, NOTES):
            await first_of(bus.read(topic, None))
    assert asked.count("checkpoint") == 1


async def test_checkpoints_come_whenever_they_change(world: World) -> None:
    log, _ = written(world, 2)
    async with log.served(), tile_bus(world.urls[OWNER]) as bus, aclosing(bus.read(NOTES, None)) as reading:
        (first,) = await first_of(reading)
        assert first.message == Message(
            f"{log.origin} {log.origin}".encode(), log.seals[-1], (("content-type", b"text/plain; charset=utf-8"),)
        )
        waiting = asyncio.ensure_future(anext(reading))
        await asyncio.wait([waiting], timeout=OFTEN_S * 5)
        assert not waiting.done()
        log.commit(date=int(time.time()) + 5)
        (second,) = await waiting
        assert (second.message.value, second.position > first.position) == (log.seals[-1], True)
        assert await bus.signed_end(NOTES, lambda message: len(message.value)) == second.message
        assert await bus.end(NOTES) == second.position + 1
        with pytest.raises(PositionLost):
            await first_of(bus.read(NOTES, second.position + 2))


async def test_where_the_owner_is_silent_a_partner_s_copy_is_read(world: World) -> None:
    log, sent = written(world, 3)
    partner = f"http://127.0.0.1:{free_port()}"
    async with log.served(partner), tile_bus(world.urls[OWNER], partners=[partner]) as bus:
        assert await read_all(bus, TOPIC, 3) == sent
        beyond = asyncio.ensure_future(anext(bus.read(TOPIC, 5)))
        await asyncio.wait([beyond], timeout=OFTEN_S * 5)
        assert not beyond.done(), "a partner may hold less than the owner showed"
        log.add(*(log.entry(log.fresh()) for _ in range(4)))
        more = log.messages()
        assert [each.message for each in await beyond] == more[2:]


@pytest.mark.parametrize("broken", ["checkpoint", "history/0", "tile/entries/000.p/3"])
async def test_an_owner_whose_files_are_broken_is_passed_over(
    world: World, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, sent = written(world, 3)
    liar, partner = world.log_of(OWNER), f"http://127.0.0.1:{free_port()}"
    liar.entries, liar.seals = log.entries, log.seals
    monkeypatch.setattr(liar, "file", lambda path: b"\xff\xff" if path == broken else log.file(path))
    async with liar.served(), log.served(partner):
        async with tile_bus(world.urls[OWNER], partners=[partner]) as bus:
            assert await read_all(bus, TOPIC, 3) == sent
        async with tile_bus(world.urls[OWNER]) as bus:
            with pytest.raises(BusUnavailable):
                await first_of(bus.read(TOPIC, None))


@pytest.mark.parametrize("order", [(1, 0), (0, 0), (0,)])
async def test_history_that_does_not_rise_or_ends_too_early_is_refused(world: World, order: tuple[int, ...]) -> None:
    log, _ = written(world, 2, 2)
    checkpoint = log.seals[-1]
    log.seals = [log.seals[at] for at in order]
    history = tiles.encode_history(log.seals)
    files = {"checkpoint": checkpoint, "history/0": history}
    honest = log.file
    log.file = lambda path: files.get(path) or honest(path)  # type: ignore[method-assign]
    async with log.served(), tile_bus(world.urls[OWNER]) as bus:
        with pytest.raises(BusUnavailable, match=r"history/0 do not rise|no sealed checkpoint of 4"):
            await first_of(bus.read(TOPIC, None))


async def test_where_nobody_answers_the_bus_is_unavailable(world: World) -> None:
    async with tile_bus(world.urls[OWNER]) as bus:
        for topic in (TOPIC, NOTES):
            with pytest.raises(BusUnavailable, match=world.urls[OWNER]):
                await first_of(bus.read(topic, None))
            with pytest.raises(BusUnavailable):
                await bus.end(topic)


async def test_a_node_s_own_topics_lie_nowhere(world: World) -> None:
    async with tile_bus(world.urls[OWNER]) as bus:
        writer = await bus.claim("binhai")
        await writer.publish("jjj.binhai.licence", [Message(b"", b"")])
        await writer.close()
        waiting = asyncio.ensure_future(anext(bus.read("jjj.binhai.licence", 0)))
        await asyncio.wait([waiting], timeout=OFTEN_S * 3)
        assert not waiting.done()
        for topic in ("jjj.binhai.licence", "jjj.binhai.checkpoint"):
            assert (await bus.end(topic), await bus.signed_end(topic, lambda _: 1)) == (0, None)
        with pytest.raises(BadTopic):
            await bus.claim("bin hai")
    with pytest.raises(BusClosed):
        await waiting


async def test_a_closed_reading_reads_no_more(world: World) -> None:
    log, _ = written(world, 2)
    async with log.served(), tile_bus(world.urls[OWNER]) as bus:
        reading = bus.read(TOPIC, None)
        await reading.aclose()
        with pytest.raises(BusClosed):
            await anext(reading)
        for name in ("other.sanhe.licence", "jjj.sanhe", "xjjj.sanhe.licence"):
            with pytest.raises(BadTopic):
                bus.read(name, None)
