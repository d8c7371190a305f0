"""Whoever comes late, lost a part or is showered with rubbish ends with exactly the owner's leaves (law 5)."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.bus.embedded import EmbeddedBus
from gateway.bus.port import Message
from gateway.node import mirror as mirror_module
from tests.records import builders
from tests.simulator import Running, World, eventually

TOPIC = "jjj.sanhe.licence"


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Sanhe and wuqing listen; a gap is looked into after 0.2 s."""
    monkeypatch.setattr(mirror_module, "GAP_S", 0.2)
    async with World(tmp_path, "sanhe", "tongzhou", "wuqing", served=("sanhe", "wuqing")) as world:
        yield world


def licences(*serials: int) -> list[dict[str, object]]:
    return [builders.licence(number=builders.food_number(serial)) for serial in serials]


async def published(world: World, *sizes: int) -> Running:
    """Sanhe's node with a seal at each of these sizes, all of it sent."""
    sanhe = await world.start("sanhe")
    done = 0
    for size in sizes:
        await sanhe.publish(*licences(*range(done, size)))
        done = size
    await sanhe.sent()
    return sanhe


def same(one: Running, other: Running) -> None:
    one.world.same(one, other, "sanhe")


async def test_who_joins_late_reads_the_whole_topic(world: World) -> None:
    sanhe = await published(world, 1, 3, 7)
    tongzhou = await world.start("tongzhou")
    await tongzhou.mirrored("sanhe", 7)
    same(sanhe, tongzhou)
    await tongzhou.audited()


async def test_who_joins_late_gets_what_the_topic_has_forgotten_from_tiles(world: World) -> None:
    sanhe = await published(world, 1, 3, 7)
    async with EmbeddedBus(world.folder / "bus") as bus:
        await bus.trim(TOPIC, 5)
    tongzhou = await world.start("tongzhou")
    await tongzhou.mirrored("sanhe", 7)
    await sanhe.publish(*licences(8))
    await tongzhou.mirrored("sanhe", 8)
    same(sanhe, tongzhou)
    await tongzhou.audited()


async def test_a_reader_whose_position_was_deleted_starts_from_tiles_and_joins_the_topic(world: World) -> None:
    sanhe = await published(world, 2)
    tongzhou = await world.start("tongzhou")
    await tongzhou.mirrored("sanhe", 2)
    await tongzhou.stop()
    await sanhe.publish(*licences(2, 3, 4))
    await sanhe.sent()
    async with EmbeddedBus(world.folder / "bus") as bus:
        await bus.trim(TOPIC, 4)
    again = await world.start("tongzhou")
    await again.mirrored("sanhe", 5)
    await sanhe.publish(*licences(5))
    await again.mirrored("sanhe", 6)
    same(sanhe, again)


async def test_a_topic_that_begins_anew_is_followed(world: World) -> None:
    """Its owner's broker was lost; positions that were known lie beyond the end now."""
    sanhe = await published(world, 3)
    tongzhou = await world.start("tongzhou")
    await tongzhou.mirrored("sanhe", 3)
    await tongzhou.stop()
    await sanhe.stop()
    for file in (world.folder / "bus").glob("jjj.sanhe.*"):
        file.unlink()
    sanhe = await world.start("sanhe")
    await sanhe.publish(*licences(3))
    again = await world.start("tongzhou")
    await again.mirrored("sanhe", 4)
    same(sanhe, again)


async def test_a_gap_in_the_topic_is_filled_from_the_owners_tiles(world: World) -> None:
    sanhe = await published(world, 2, 4, 5)
    lose(world, 2, 3)
    tongzhou = await world.start("tongzhou")
    await tongzhou.mirrored("sanhe", 5)
    assert tongzhou.node.measures.fetched.labels("jjj.test/sanhe/licence")._value.get() >= 2
    same(sanhe, tongzhou)
    await tongzhou.audited()


async def test_a_checkpoint_of_leaves_that_never_come_is_a_gap_too(world: World) -> None:
    """Nothing comes on the topic at all; the owner's published checkpoint says that something lacks."""
    sanhe = await published(world, 1, 3)
    lose(world, 0, 1, 2)
    tongzhou = await world.start("tongzhou")
    await tongzhou.mirrored("sanhe", 3)
    same(sanhe, tongzhou)


def lose(world: World, *positions: int) -> None:
    """The bus loses messages that it had taken."""
    with closing(sqlite3.connect(world.folder / "bus" / f"{TOPIC}.sqlite")) as topic, topic:
        topic.executemany("DELETE FROM message WHERE position = ?", [(position,) for position in positions])


async def test_a_partner_gives_what_the_owner_cannot(world: World) -> None:
    sanhe = await published(world, 2, 4)
    wuqing = await world.start("wuqing")
    await wuqing.mirrored("sanhe", 4)
    await sanhe.stop()
    async with EmbeddedBus(world.folder / "bus") as bus:
        await bus.trim(TOPIC, 3)
    tongzhou = await world.start("tongzhou")
    await tongzhou.mirrored("sanhe", 4)
    same(wuqing, tongzhou)


# Rubbish


def rubbish(world: World, count: int, seed: int) -> list[Message]:
    """Whatever anybody may append: random bytes, huge indexes, good-looking records at wrong and at right indexes."""
    dice, log = random.Random(seed), world.log_of("sanhe")
    looks = [log.entry(log.fresh()) for _ in range(20)]
    stranger = log.stranger()
    looks += [log.entry(log.fresh(), stranger) for _ in range(20)]
    notes = [log.world.log_of("tongzhou").seal(), b"", b"rubbish", os.urandom(40)]

    def one() -> Message:
        kind = dice.randrange(6)
        if kind == 0:
            header = dice.choice(["log-index", "signature", "x"]), dice.randbytes(3)
            return Message(dice.randbytes(9), dice.randbytes(30), (header,))
        entry = dice.choice(looks)
        at = dice.choice([dice.randrange(10**15), dice.randrange(5_000), dice.randrange(12), 1 << 40, 1 << 41])
        note = dice.choice(notes) if kind == 1 else None
        return log.message(0, note, entry=entry, at=at)

    return [one() for _ in range(count)]


async def test_ten_thousand_messages_of_rubbish_cost_only_lines_in_the_metrics(world: World) -> None:
    tongzhou = await world.start("tongzhou")
    sanhe = await published(world, 3)
    await tongzhou.mirrored("sanhe", 3)
    before = tongzhou.state()
    position = tongzhou.follower("sanhe").tail.position
    flood = rubbish(world, 10_000, seed=1)
    begun = time.monotonic()
    for start in range(0, len(flood), 2_000):
        world.append("sanhe", *flood[start : start + 2_000])
    await eventually(lambda: tongzhou.follower("sanhe").tail.position >= position + 10_000, "the flood was read")
    spent = time.monotonic() - begun
    assert tongzhou.state() == before
    assert tongzhou.garbage_count("sanhe") > 1_000
    assert spent < 10
    await sanhe.publish(*licences(3, 4))
    await tongzhou.mirrored("sanhe", 5)
    same(sanhe, tongzhou)
    assert tongzhou.follower("sanhe").log.frozen is None
    assert tongzhou.quarantine() == []
    await tongzhou.audited()


async def test_rubbish_between_all_that_is_genuine_changes_nothing(world: World) -> None:
    """Also in the very places where the next leaves belong; and copies of old messages, headers swapped."""
    tongzhou = await world.start("tongzhou")
    sanhe = await published(world, 1)
    await tongzhou.mirrored("sanhe", 1)
    for size in range(2, 9):
        log = world.log_of("sanhe")
        squatters = [log.message(0, entry=log.entry(log.fresh()), at=at) for at in range(size - 1, size + 2)]
        world.append("sanhe", *squatters, *rubbish(world, 50, seed=size))
        await sanhe.publish(*licences(size))
        await tongzhou.mirrored("sanhe", size)
    same(sanhe, tongzhou)
    assert tongzhou.quarantine() == []
    await tongzhou.audited()


async def test_rubbish_asks_nobody_for_anything(world: World) -> None:
    """No unsigned message may send a node out to fetch."""
    tongzhou = await world.start("tongzhou")
    log = world.log_of("sanhe")
    async with log.served() as asked:
        await eventually(lambda: "jjj.test/sanhe/licence" in tongzhou.node.followers)
        world.append("sanhe", *rubbish(world, 500, seed=3))
        await eventually(lambda: (tongzhou.follower("sanhe").tail.position or 0) >= 500, "the flood was read")
        assert tongzhou.follower("sanhe").wanted_since is None
    assert asked == []


async def test_a_restart_in_the_middle_of_a_flood_goes_on(world: World) -> None:
    sanhe = await published(world, 2)
    world.append("sanhe", *rubbish(world, 300, seed=4))
    tongzhou = await world.start("tongzhou")
    await tongzhou.mirrored("sanhe", 2)
    await tongzhou.stop()
    await sanhe.publish(*licences(2))
    world.append("sanhe", *rubbish(world, 300, seed=5))
    await sanhe.publish(*licences(3))
    again = await world.start("tongzhou")
    await again.mirrored("sanhe", 4)
    same(sanhe, again)
