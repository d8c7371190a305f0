"""Each jurisdiction's topics on its own bus."""

from __future__ import annotations

from pathlib import Path

from gateway.bus.embedded import EmbeddedBus
from gateway.bus.routed import RoutedBus
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
