"""Who listens at a partner's node hears what it holds, what it could not read, and what it has given up believing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import CannotRun
from gateway.node import news
from gateway.node.news import Listener, News, Told, Wanted
from tests.handmade import HandMade
from tests.records import builders
from tests.simulator import Running, World

PATIENCE_S = 20.0
ORIGIN = "jjj.test/sanhe/licence"


class Ear:
    """What a listener is told, without the beats."""

    def __init__(self, listener: Listener) -> None:
        self._told = listener.told()

    async def next(self) -> Told:
        async with asyncio.timeout(PATIENCE_S):
            async for told in self._told:
                if told.kind != "beat":
                    return told
        raise AssertionError("it ended")


class Scene:
    """Sanhe's log, made by hand, mirrored at tongzhou."""

    def __init__(self, log: HandMade, tongzhou: Running) -> None:
        self.log = log
        self.tongzhou = tongzhou
        self.data = log.fresh()
        self.subject = f"{self.data['type']['code']}:{self.data['number']}"

    @property
    def news(self) -> News:
        return self.tongzhou.node.news

    async def send(self, *entries: bytes) -> None:
        self.log.add(*entries).send()
        await self.tongzhou.mirrored("sanhe", len(self.log.entries))


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with World(tmp_path, "sanhe", "tongzhou") as world:
        found = Scene(world.log_of("sanhe"), await world.start("tongzhou"))
        await found.send(found.log.entry(found.data))
        yield found


@asynccontextmanager
async def listening(scene: Scene, *subjects: str, after: dict[str, int] | None = None) -> AsyncIterator[Ear]:
    with scene.news.listening(Wanted(subjects=subjects), after or {}) as listener:
        yield Ear(listener)


def newer(scene: Scene, **data: Any) -> bytes:
    return scene.log.entry({**scene.data, **data}, type="jjj.licence.changed", dataschema="urn:jjj:schema:licence:1.1")


async def test_a_leaf_that_cannot_be_read_is_told_with_its_reason_and_so_is_the_log(scene: Scene) -> None:
    async with listening(scene, scene.subject) as ear:
        await scene.send(newer(scene))
        leaf, log = await ear.next(), await ear.next()
    assert (leaf.kind, leaf.data["index"], leaf.data["subject"]) == ("quarantined", 1, scene.subject)
    assert leaf.data["reason"] == "schema.newer"
    assert (log.kind, log.data["log"], log.data["quarantined"]) == ("log", ORIGIN, 1)


async def test_a_log_that_grew_by_others_is_no_news_to_who_asked_for_a_subject(scene: Scene) -> None:
    other = {**scene.data, "number": builders.food_number(77)}
    async with listening(scene, scene.subject) as narrow, listening(scene) as wide:
        await scene.send(scene.log.entry(other))
        assert [(await wide.next()).kind, (await wide.next()).kind] == ["record", "log"]
        await scene.send(newer(scene))
        told = await narrow.next()
    assert (told.kind, told.data["index"]) == ("quarantined", 2)
    assert news.read(told.after)[ORIGIN] == 3


async def test_nobody_stands_beyond_what_is_held(scene: Scene) -> None:
    async with listening(scene, after={ORIGIN: 10**9, "jjj.test/nobody/licence": 3}) as ear:
        await scene.send(newer(scene))
        told = await ear.next()
    assert (told.kind, told.data["index"]) == ("quarantined", 1)
    assert "nobody" not in told.after


async def test_a_long_way_is_gone_in_steps_and_none_is_left_out(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "LEAVES_A_STEP", 2)
    await scene.send(*(scene.log.entry({**scene.data, "number": builders.food_number(80 + n)}) for n in range(6)))
    async with listening(scene, after={ORIGIN: 0}) as ear:
        heard = [(await ear.next()).data["index"] for _ in range(7)]
    assert heard == [*range(7)]


async def test_there_is_room_for_so_many_and_it_is_given_back(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "MOST_LISTENERS", 2)
    async with listening(scene), listening(scene):
        with pytest.raises(CannotRun) as caught:
            async with listening(scene):
                pass
    assert caught.value.reason == "events.full"
    async with listening(scene):
        pass


async def test_a_fault_of_the_disk_ends_nobodys_node(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = iter([CannotRun("ledger.io", "the disk is full")])
    states = scene.news.states

    def failing() -> Any:
        for fault in faults:
            raise fault
        return states()

    async with listening(scene) as ear:
        monkeypatch.setattr(scene.news, "states", failing)
        await scene.send(newer(scene))
        assert (await ear.next()).kind == "quarantined"
