"""A reader brought to the end that the roster gives a log, whatever it held before, and whoever it asks (DESIGN §4)."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from gateway.ledger import logbook
from gateway.node import ending
from gateway.node.mirror import Mirror
from gateway.trust.members import Ended
from tests.handmade import HandMade
from tests.node.parts import follow, mirror_parts
from tests.simulator import World

NOW = int(time.time())


@pytest.fixture
def served(tmp_path: Path) -> World:
    return World(tmp_path, "sanhe", "tongzhou", "wuqing", served=("sanhe", "wuqing"))


@asynccontextmanager
async def catching(world: World) -> AsyncIterator[Mirror]:
    """Tongzhou's mirror of sanhe's log, which asks sanhe, then wuqing."""
    async with aiohttp.ClientSession() as session, mirror_parts(world, "tongzhou") as parts:
        urls = [world.urls["sanhe"], world.urls["wuqing"]]
        yield Mirror(await follow(replace(parts, session=session, urls=lambda _: urls), "sanhe"))


def written(world: World, *sizes: int, start: list[bytes] | None = None) -> HandMade:
    """A log sealed at these sizes, after a given beginning."""
    log = world.log_of("sanhe")
    log.serial = 50 if start else 0
    log.add(*(start or []))
    for at, size in enumerate(sizes):
        log.add(*(log.entry(log.fresh()) for _ in range(size - len(log.entries))))
        log.commit(date=NOW - 1000 + 100 * at + (50 if start else 0))
    return log


def end(world: World, mirror: Mirror, log: HandMade, size: int) -> Ended:
    """The roster ends sanhe's log as this one is at that size."""
    root = log.tree(size).root()
    member = world.member("sanhe")
    member["logs"][0]["ended"] = {"size": size, "root": base64.b64encode(root).decode()}
    world.found(version=2, sanhe=member)
    assert mirror.follower.parts.trust.read_again()
    return Ended(size, root)


async def caught_up(mirror: Mirror, log: HandMade) -> None:
    async with log.served():
        await mirror.catch_up()
    assert mirror.follower.log.size == len(log.entries)


def whole(mirror: Mirror, log: HandMade, ended: Ended) -> bool:
    held, read = mirror.follower.log, mirror.follower.parts.mirrors.read
    kept = list(logbook.entries(read, held.number, 0, 1 << 20))
    return ending.is_whole(read, held, ended) and kept == log.entries[: ended.size]


def proofs(mirror: Mirror) -> list[str]:
    return [evidence.clash.reason for _, evidence in mirror.follower.parts.exhibits.all()]


def aside(world: World) -> int:
    """How many entries were put aside."""
    found = (world.folder / "tongzhou" / "data").glob("aside-sanhe-licence-*.ndjson")
    return sum(file.read_bytes().count(b"\n") for file in found)


async def test_a_reader_who_begins_takes_it_up_to_its_end_and_no_further(served: World) -> None:
    log = written(served, 2, 4, 7)
    async with catching(served) as mirror:
        ended = end(served, mirror, log, 4)
        async with log.served():
            await mirror.finish(ended)
        assert whole(mirror, log, ended)
        assert (proofs(mirror), aside(served)) == ([], 0)


async def test_what_lies_beyond_is_put_aside(served: World) -> None:
    log = written(served, 2, 4, 7)
    async with catching(served) as mirror:
        await caught_up(mirror, log)
        ended = end(served, mirror, log, 4)
        await mirror.finish(ended)  # nobody needs to be asked
        assert whole(mirror, log, ended)
        assert (proofs(mirror), aside(served)) == ([], 3)


BOTH = {"log.fork", "log.ended"}


@pytest.mark.parametrize(
    ("sizes", "reasons"),
    [((2, 3), {"log.fork"}), ((2, 4), BOTH), ((2, 6), BOTH), ((2, 9), {"log.ended"})],  # the source shows 7
)
async def test_a_reader_of_another_branch_keeps_the_proof_and_comes_over(
    served: World, sizes: tuple[int, ...], reasons: set[str]
) -> None:
    log = written(served, 2, 4, 7)
    other = written(served, *sizes, start=log.entries[:2])
    async with catching(served) as mirror:
        await caught_up(mirror, other)
        ended = end(served, mirror, log, 4)
        async with log.served():
            await mirror.finish(ended)
        assert whole(mirror, log, ended)
        assert ({*proofs(mirror)}, aside(served)) == (reasons, sizes[-1] - 2)


async def test_nothing_is_cut_until_somebody_has_the_tree_that_the_roster_names(served: World) -> None:
    log = written(served, 2, 4)
    other = written(served, 2, 6, start=log.entries[:2])
    async with catching(served) as mirror:
        await caught_up(mirror, other)
        ended = end(served, mirror, log, 4)
        async with other.served():
            await mirror.finish(ended)
        assert (mirror.follower.log.size, aside(served)) == (6, 0)
        async with other.served(), log.served(served.urls["wuqing"]):  # the owner still shows the other branch
            await mirror.finish(ended)
        assert whole(mirror, log, ended)


async def test_a_frozen_log_is_left_alone_until_a_person_decides(served: World) -> None:
    log = written(served, 2, 4)
    async with catching(served) as mirror:
        await caught_up(mirror, log)
        await mirror.follower.parts.mirrors.write(lambda c: logbook.freeze(c, log.origin, "log.fork"))
        mirror.follower.reread()
        ended = end(served, mirror, log, 2)
        assert not mirror._ending.due(ended)
        await mirror.follower.unfreeze()
        await mirror.finish(ended)
        assert whole(mirror, log, ended)


async def test_a_log_that_ended_before_anything_was_in_it_is_whole_at_once(served: World) -> None:
    async with catching(served) as mirror:
        ended = end(served, mirror, served.log_of("sanhe"), 0)
        assert not mirror._ending.due(ended)
