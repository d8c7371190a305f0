"""What goes to the bus: whole batches of what every bus takes, each leaf once, each log in its turn."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest

from gateway.bus.embedded import EmbeddedBus
from gateway.bus.port import LOG_INDEX, Message, header
from gateway.node import relay
from tests.records import builders
from tests.simulator import Running, World

COUNT = 10


async def messages(world: World) -> list[Message]:
    """What the record topic of sanhe holds."""
    found: list[Message] = []
    async with EmbeddedBus(world.folder / "bus") as bus, aclosing(bus.read("jjj.sanhe.licence", None)) as batches:
        while len(found) < COUNT:
            found += [received.message for received in await anext(batches)]
    return found


def batches(sanhe: Running) -> float:
    return sanhe.node.measures.registry.get_sample_value("jjj_stage_seconds_count", {"stage": "relay.send"}) or 0.0


@pytest.mark.parametrize(("most", "most_bytes", "expected"), [(2_000, 6 << 20, 1), (4, 6 << 20, 3), (2_000, 1, COUNT)])
async def test_a_batch_is_bounded_in_number_and_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, most_bytes: int, expected: int
) -> None:
    """Even one that is larger than the bound by itself is sent."""
    monkeypatch.setattr(relay, "MOST_A_BATCH", most)
    monkeypatch.setattr(relay, "MOST_BYTES", most_bytes)
    async with World(tmp_path, "sanhe", "tongzhou") as world:
        sanhe = await world.start("sanhe")
        await sanhe.publish(*(builders.licence(number=builders.food_number(serial)) for serial in range(COUNT)))
        await sanhe.sent()
        assert [header(message, LOG_INDEX) for message in await messages(world)] == [b"%d" % n for n in range(COUNT)]
        assert batches(sanhe) == expected
