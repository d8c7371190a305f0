"""Each jurisdiction's topics on its own bus, or on none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.bus.embedded import EmbeddedBus
from gateway.bus.port import BadTopic, BusClosed
from gateway.bus.routed import Nowhere, RoutedBus
from tests.bus.harness import numbered, numbers, read_all


async def test_a_topic_lies_where_its_jurisdiction_s_do(tmp_path: Path) -> None:
    usual, theirs = EmbeddedBus(tmp_path / "usual"), EmbeddedBus(tmp_path / "theirs")
    async with RoutedBus(usual, {"xiongan": theirs}, prefix="jjj") as bus:
        for number, jurisdiction in enumerate(("xiongan", "sanhe")):
            topic = f"jjj.{jurisdiction}.licence"
            await (await bus.claim(jurisdiction)).publish(topic, numbered(number, 1))
            assert numbers(await read_all(bus, topic, 1)) == [number]
            assert await bus.end(topic) == 1
            assert await bus.signed_end(topic, lambda _: 1) == numbered(number, 1)[0]
    assert topics(tmp_path) == {"theirs/jjj.xiongan.licence.sqlite", "usual/jjj.sanhe.licence.sqlite"}


def topics(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.glob("*/*.licence.sqlite")}


async def test_where_only_tiles_are_readers_wait_and_writers_go_on(tmp_path: Path) -> None:
    topic = "jjj.binhai.licence"
    async with RoutedBus(EmbeddedBus(tmp_path), {"binhai": Nowhere()}, prefix="jjj") as bus:
        writer = await bus.claim("binhai")
        await writer.publish(topic, numbered(0, 1))
        waiting = asyncio.ensure_future(anext(bus.read(topic, 0)))
        await asyncio.wait([waiting], timeout=0.05)
        assert not waiting.done()
        assert (await bus.end(topic), await bus.signed_end(topic, lambda _: 1)) == (0, None)
        with pytest.raises(BadTopic):
            await bus.claim("bin hai")
    with pytest.raises(BusClosed):
        await waiting
