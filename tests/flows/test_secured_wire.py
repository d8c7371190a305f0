"""Two nodes over a Kafka that asks for certificate and password and lets each write only below its own prefix."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.broker.secured import table_for
from gateway.ops import nodefolder
from gateway.ops.nodefolder import OneBroker
from tests.brokers import SecuredKafka
from tests.records import builders
from tests.simulator import World, eventually


@pytest.fixture
async def world(tmp_path: Path, secured_kafka: SecuredKafka) -> AsyncIterator[World]:
    """Sanhe and tongzhou, with the settings that ``make kafka SECURE=…`` prints."""
    plain = OneBroker(secured_kafka.cluster.bootstrap)
    async with World(tmp_path, "sanhe", "tongzhou", kafka=plain) as world:
        for each in world.jurisdictions:
            file = tmp_path / each / nodefolder.CONFIG
            table = table_for(secured_kafka.folder, secured_kafka.cluster, each)
            text = file.read_text(encoding="utf-8")
            assert plain.lines() in text
            file.write_text(text.replace(plain.lines(), f"\n{table}"), encoding="utf-8")
        yield world


async def test_what_one_publishes_the_other_can_verify(world: World) -> None:
    sanhe, tongzhou = await world.start_all()
    await sanhe.publish(*(builders.licence(number=builders.food_number(serial)) for serial in (1, 2, 3)))
    await tongzhou.publish(builders.licence(number=builders.food_number(4)))
    await tongzhou.mirrored("sanhe", 3)
    await sanhe.mirrored("tongzhou", 1)
    await eventually(lambda: tongzhou.verdict(builders.food_number(2)) == "recognised")
    for each in (sanhe, tongzhou):
        await each.sent()
        assert each.node.relay.fault is None
        await each.audited()


async def test_with_a_wrong_password_a_node_goes_on_for_itself_and_says_why(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.bus.kafka_cluster.LONGEST_PAUSE_S", 0.1)
    file = tmp_path / "sanhe" / nodefolder.CONFIG
    wrong = tmp_path / "wrong.password"
    wrong.write_text("not-the-password-of-sanhe", encoding="utf-8")
    right = next(line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("password = "))
    text = file.read_text(encoding="utf-8").replace(right, f'password = "{wrong}"')
    file.write_text(text.replace("[node]\n", '[node]\nacknowledgement = "local"\n'), encoding="utf-8")
    sanhe = await world.start("sanhe")
    await sanhe.publish(builders.licence(number=builders.food_number(5)))
    fault = await eventually(lambda: sanhe.node.relay.fault, "the relay says why")
    assert fault.reason == "bus.login"
    assert "does not take user 'sanhe'" in fault.message
