"""Catching up from tiles: the owner's, else a partner's; and what a source that lies can do: nothing (law 5)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.bus import tileclient
from gateway.ledger import logbook, tiles
from gateway.node import mirror as mirror_module
from gateway.node import tail as tail_module
from gateway.node.exhibits import judge
from gateway.node.follower import Follower
from gateway.node.mirror import Mirror
from tests.handmade import HandMade
from tests.node.parts import feed, follow, garbage, mirror_parts
from tests.simulator import World

NOW = int(time.time())


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each test: records are dated when they are made, which may be long after this file was read."""
    monkeypatch.setitem(globals(), "NOW", int(time.time()))


@pytest.fixture
def served(tmp_path: Path) -> World:
    """Sanhe listens; so may wuqing, which mirrors it."""
    return World(tmp_path, "sanhe", "tongzhou", "wuqing", served=("sanhe", "wuqing"))


@asynccontextmanager
async def catching(world: World) -> AsyncIterator[Mirror]:
    """Tongzhou's mirror of sanhe's log, which asks sanhe first, then wuqing; no topic behind it."""
    urls = [world.urls["sanhe"], world.urls["wuqing"]]
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        parts = await stack.enter_async_context(mirror_parts(world, "tongzhou"))
        yield Mirror(await follow(replace(parts, session=session, urls=lambda _: urls), "sanhe"))


def written(world: World, *sizes: int) -> HandMade:
    """A log with a seal at each of these sizes."""
    log = world.log_of("sanhe")
    for number, size in enumerate(sizes):
        log.add(*(log.entry(log.fresh()) for _ in range(size - len(log.entries))))
        log.commit(date=NOW - 1000 + number)
    return log


def entries(follower: Follower) -> list[bytes]:
    return list(logbook.entries(follower.parts.mirrors.read, follower.log.number, 0, 1 << 20))


def sizes(follower: Follower) -> list[int]:
    return [seal.size for seal in logbook.seals(follower.parts.mirrors.read, follower.log.number, 0, 1 << 20)]


async def test_everything_is_fetched_with_every_seal(served: World) -> None:
    log = written(served, 1, 3, 4)
    async with catching(served) as mirror, log.served():
        await mirror.catch_up()
        assert entries(mirror.follower) == log.entries
        assert sizes(mirror.follower) == [1, 3, 4]
        assert mirror.follower.newest_note == log.seals[-1]


async def test_an_empty_log_is_nothing_to_fetch(served: World) -> None:
    log = served.log_of("sanhe")
    log.commit()
    async with catching(served) as mirror, log.served() as asked:
        await mirror.catch_up()
        assert asked == ["checkpoint"]
        assert mirror.follower.freshness.newest.size == 0


async def test_a_gap_is_filled_above_what_is_held(served: World) -> None:
    log = written(served, 2, 5)
    async with catching(served) as mirror, log.served() as asked:
        await feed(mirror.follower, log.message(0), log.message(1, log.seals[0]), log.message(4, log.seals[1]))
        assert mirror.follower.wanted == 5
        await mirror.catch_up()
        assert entries(mirror.follower) == log.entries
        assert (mirror.follower.wanted, mirror.follower.wanted_since) == (0, None)
        assert [path for path in asked if "entries" in path] == ["tile/entries/000.p/5"]


async def test_rubbish_at_the_right_place_gives_way_to_the_owners_leaves(served: World) -> None:
    log = written(served, 3)
    rubbish = log.entry(log.fresh())
    async with catching(served) as mirror, log.served():
        await feed(mirror.follower, log.message(0), log.message(1, entry=rubbish), log.message(2, log.seals[0]))
        assert entries(mirror.follower) == []
        await mirror.catch_up()
        assert entries(mirror.follower) == log.entries


async def test_many_small_seals_cost_no_bundle_each(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    log = written(served, *range(1, 31))
    monkeypatch.setattr(mirror_module, "ENTRIES_A_FETCH", 10)
    async with catching(served) as mirror, log.served() as asked:
        await mirror.catch_up()
        assert sizes(mirror.follower) == list(range(1, 31))
        assert sum("entries" in path for path in asked) <= 4


async def test_seals_over_several_history_files_are_all_fetched(
    served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((mirror_module, "SEALS_A_FILE"), (tiles, "HISTORY_WIDTH")):
        monkeypatch.setattr(module, name, 4)
    log = written(served, *range(1, 12))
    async with catching(served) as mirror, log.served():
        await mirror.catch_up()
        assert sizes(mirror.follower) == list(range(1, 12))


async def test_a_source_with_fewer_seals_than_we_hold_helps_all_the_same(
    served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which file a seal stands in differs from node to node where one of them lacks some."""
    for module, name in ((mirror_module, "SEALS_A_FILE"), (tiles, "HISTORY_WIDTH")):
        monkeypatch.setattr(module, name, 2)
    log = written(served, 1, 2, 3, 4, 5, 6)
    async with catching(served) as mirror, log.served():
        await mirror.catch_up()
        log.add(log.entry(log.fresh()), log.entry(log.fresh()))
        log.seals = [log.seals[0], log.seal(size=7), log.seal(size=8)]
        await mirror.catch_up()
        assert entries(mirror.follower) == log.entries
        assert sizes(mirror.follower) == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_a_partner_helps_when_the_owner_is_down(served: World) -> None:
    log = written(served, 2)
    async with catching(served) as mirror, log.served(served.urls["wuqing"]) as asked:
        await mirror.follower.hear(log.seals[0])
        await mirror.catch_up()
        assert entries(mirror.follower) == log.entries
        assert asked


async def test_a_partner_helps_when_the_owner_shows_less_than_it_signed(served: World) -> None:
    log = written(served, 2, 3)
    behind = written(served, 2)
    behind.entries, behind.seals = log.entries[:2], log.seals[:1]
    async with catching(served) as mirror, behind.served(), log.served(served.urls["wuqing"]):
        await mirror.follower.hear(log.seals[1])
        await mirror.catch_up()
        assert entries(mirror.follower) == log.entries
        assert mirror.follower.log.frozen is None


async def test_nobody_to_ask_is_no_fault_and_is_tried_again(served: World) -> None:
    log = written(served, 2)
    async with catching(served) as mirror:
        await mirror.follower.hear(log.seals[0])
        before = mirror.follower.wanted_since
        await mirror.catch_up()
        assert mirror.follower.wanted_since > before
        assert entries(mirror.follower) == []


# Sources that lie


class Lying(HandMade):
    """A source that shows something else under some paths."""

    lies: dict[str, Any]

    def file(self, path: str) -> bytes | None:
        for name, lie in self.lies.items():
            if path.startswith(name):
                return lie(path) if callable(lie) else lie
        return super().file(path)


def lying(log: HandMade, **lies: Any) -> Lying:
    liar = Lying(log.world, log.jurisdiction, log.family, log.entries, log.seals)
    liar.lies = {name.replace("_", "/"): lie for name, lie in lies.items()}
    return liar


@pytest.mark.parametrize(
    "lies",
    [
        {"checkpoint": b"rubbish"},
        {"checkpoint": b""},
        {"history": b"rubbish"},
        {"history": None},
        {"tile_entries": b"rubbish"},
        {"tile_entries": None},
        {"tile_entries": lambda _: tiles.encode_entries([b"one", b"two", b"three", b"four"])},
        {"tile_entries": lambda _: tiles.encode_entries([b"", b"", b"", b""])},
        {"tile_entries": lambda _: tiles.encode_entries([b"one"])},
        {"tile_entries": b"*" * (1 << 25)},
    ],
    ids=lambda lies: f"{next(iter(lies))} {next(iter(lies.values()))!r:.20}",
)
async def test_a_partner_who_shows_rubbish_is_passed_over(served: World, lies: dict[str, Any]) -> None:
    """Owner's turn first: here the rubbish stands at the owner's address, and the partner has the log."""
    log = written(served, 2, 4)
    async with catching(served) as mirror, lying(log, **lies).served(), log.served(served.urls["wuqing"]):
        await asyncio.wait_for(mirror.catch_up(), 10)
        assert entries(mirror.follower) == log.entries
        assert mirror.follower.log.frozen is None


async def test_a_history_that_does_not_rise_ends(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full files of old seals for ever: nobody may be kept busy with that."""
    monkeypatch.setattr(mirror_module, "SEALS_A_FILE", 2)
    log = written(served, 1, 2, 3)
    liar = lying(log, history=lambda _: tiles.encode_history(log.seals[:2]))
    async with catching(served) as mirror, liar.served(), log.served(served.urls["wuqing"]):
        await asyncio.wait_for(mirror.catch_up(), 10)
        assert entries(mirror.follower) == log.entries


async def test_a_slow_source_does_not_keep_the_topic_from_going_on(served: World) -> None:
    log = written(served, 2, 4)
    reached, go = asyncio.Event(), asyncio.Event()

    async with catching(served) as mirror, log.served():
        source = mirror._source(served.urls["sanhe"])
        real = source.entries

        async def entries_later(*span: int, **named: int) -> list[bytes]:
            reached.set()
            await go.wait()
            return await real(*span, **named)

        source.entries = entries_later  # type: ignore[method-assign]
        statement = mirror.follower.read(log.seals[-1])
        fetching = asyncio.create_task(mirror._fetch(source, statement))
        await reached.wait()
        await asyncio.wait_for(feed(mirror.follower, log.message(0), log.message(1, log.seals[0])), 5)
        assert mirror.follower.log.size == 2
        go.set()
        await fetching
        assert entries(mirror.follower) == log.entries
        assert sizes(mirror.follower) == [2, 4]


# Forks


async def test_a_tree_that_does_not_extend_ours_is_a_fork_with_evidence(served: World) -> None:
    log = written(served, 3)
    fork = served.log_of("sanhe").add(*log.entries[:2])
    fork.add(fork.entry(fork.fresh()), fork.entry(fork.fresh()))
    fork.seals = [fork.seal(size=2, date=NOW - 2000), fork.seal(date=NOW)]
    async with catching(served) as mirror:
        async with log.served():
            await mirror.catch_up()
        async with fork.served():
            await mirror.catch_up()
        assert mirror.follower.log.frozen == "log.fork"
        assert entries(mirror.follower) == log.entries
        [(_, found)] = mirror.follower.parts.exhibits.all()
        assert (found.clash.reason, found.clash.first, found.clash.second) == ("log.fork", log.seals[0], fork.seals[1])
        told = judge(found, mirror.follower.parts.trust.current).told
        assert told == "the tree of 4 leaves does not extend the one of 3"


async def test_a_fork_of_a_large_log_is_proven_from_a_few_tiles(served: World) -> None:
    log = written(served, 700)
    fork = served.log_of("sanhe").add(*log.entries[:650])
    fork.add(*(fork.entry(fork.fresh()) for _ in range(150))).commit(date=NOW)
    async with catching(served) as mirror:
        async with log.served():
            await mirror.catch_up()
        async with fork.served() as asked:
            await mirror.catch_up()
        assert mirror.follower.log.frozen == "log.fork"
        assert len([path for path in asked if path.startswith(("tile/0", "tile/1"))]) <= 4


async def test_a_partner_cannot_make_an_owner_look_forked(served: World) -> None:
    """Only what the owner signed is evidence: other leaves under its checkpoint are a lie of the source."""
    log = written(served, 3)
    more = written(served, 3)
    more.entries, more.seals = [*log.entries], [*log.seals]
    more.add(more.entry(more.fresh())).commit()
    wrong = [*more.entries[:3], b"x"]
    liar = lying(
        more,
        tile_entries=lambda _: tiles.encode_entries(wrong),
        tile_0=lambda path: b"".join([bytes(32)] * 4),
    )
    async with catching(served) as mirror:
        async with log.served():
            await mirror.catch_up()
        async with liar.served(served.urls["wuqing"]):
            await mirror.catch_up()
        assert mirror.follower.log.frozen is None
        assert entries(mirror.follower) == log.entries
        async with more.served():
            await mirror.catch_up()
        assert entries(mirror.follower) == more.entries


# Bounds


async def test_a_seal_over_more_than_a_tail_holds_is_fetched_from_tiles(
    served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a topic gives is bounded, for anybody may append; under a signed seal the leaves are wanted all the same."""
    monkeypatch.setattr(tail_module, "MOST_BYTES", 3_000)
    log = written(served, 6)
    async with catching(served) as mirror, log.served():
        await feed(mirror.follower, *(log.message(index) for index in range(5)), log.message(5, log.seals[0]))
        assert garbage(mirror.follower)["tail.full"] > 0
        await mirror.catch_up()
        assert entries(mirror.follower) == log.entries


async def test_a_seal_over_more_leaves_than_any_node_commits_is_not_fetched(
    served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner could fill the memory of every partner."""
    monkeypatch.setattr(mirror_module, "MOST_A_SEAL", 3)
    monkeypatch.setattr(mirror_module, "ENTRIES_A_FETCH", 2)
    log = written(served, 3, 7)
    async with catching(served) as mirror, log.served() as asked:
        await mirror.catch_up()
        assert entries(mirror.follower) == log.entries[:3]
        assert sum("entries" in path for path in asked) == 1


async def test_entries_of_more_bytes_than_any_commit_are_not_taken(
    served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tileclient, "MOST_ENTRIES", 2_000)
    log = written(served, 4)
    async with catching(served) as mirror, log.served():
        with pytest.raises(tileclient.Unreachable, match=r"source\.too_large"):
            await mirror._source(served.urls["sanhe"]).entries(0, 4, 4)
        assert entries(mirror.follower) == []
