"""What strangers and retention do to topics of a real Kafka costs lines in the metrics, and nothing else.

Also two clusters: each jurisdiction's topics lie where its partners' settings say.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from gateway.broker.cluster import Cluster
from gateway.bus.kafka import KafkaBus
from gateway.bus.port import Message, checkpoint_topic, record_topic
from gateway.ops import nodefolder
from gateway.ops.nodefolder import OneBroker
from tests.brokers import Kafka
from tests.bus.test_kafka import PREFIXES
from tests.docs.test_verify_topic import ill_named, send_raw
from tests.records import builders
from tests.simulator import Running, World, eventually

RUBBISH = 10_000


def licences(*serials: int) -> list[dict[str, object]]:
    return [builders.licence(number=builders.food_number(serial)) for serial in serials]


def told(node: Running, *serials: int) -> list[str]:
    return [node.verdict(builders.food_number(serial)) for serial in serials]


@pytest.fixture
def prefix() -> str:
    return next(PREFIXES)


@pytest.fixture
async def world(tmp_path: Path, kafka: Kafka, prefix: str) -> AsyncIterator[World]:
    places = ("sanhe", "tongzhou", "dachang")
    async with World(tmp_path, *places, kafka=OneBroker(kafka.bootstrap, prefix), served=places) as world:
        yield world


def rubbish(real: list[Message], notes: list[Message]) -> list[Message]:
    """Random bytes; records that look right, at wrong indexes and at right ones; huge indexes; headers twice."""
    first = real[0]
    others = tuple(header for header in first.headers if header[0] != "log-index")
    return [
        Message(b"\x00\xff" * 9, bytes(range(256))),
        Message(b"", b""),
        Message(b"k", b"{}", (("log-index", b"9007199254740991"), ("signature", b"x"))),
        Message(b"k", b"{}", (("log-index", b"9" * 400), ("signature", b"\xff"))),
        *(replace(first, headers=(*others, ("log-index", b"%d" % index))) for index in (1, 3, 4, 9, 10**15)),
        *(replace(first, value=first.value.replace(b"jjj.", b"jjk."), headers=each.headers) for each in real),
        replace(first, headers=first.headers * 2),
        replace(first, headers=tuple((name, b"\x80" * 40) for name, _ in first.headers)),
        *(Message(b"k", b"{}", (("checkpoint", note.value), ("checkpoint", note.value))) for note in notes),
        *(Message(b"k", note.value[:-9], (("checkpoint", note.value[:-9]),)) for note in notes),
    ]


async def held(bus: KafkaBus, topic: str, count: int) -> list[Message]:
    reading, found = bus.read(topic, None), []
    async for batch in reading:
        found += [each.message for each in batch]
        if len(found) >= count:
            break
    await reading.aclose()
    return found


async def strew(kafka: Kafka, topic: str, messages: list[Message], count: int) -> None:
    """Append as anybody may, in every compression, with batches of ill-named headers between them."""
    for number, compression in enumerate((None, "gzip", "lz4", "zstd", "snappy")):
        await send_raw(kafka, topic, ill_named())
        async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, compression_type=compression) as producer:
            for at in range(number * count // 5, (number + 1) * count // 5):
                each = messages[at % len(messages)]
                await producer.send(topic, each.value, each.key or None, headers=list(each.headers))
            await producer.flush()
    await send_raw(kafka, topic, ill_named())


async def test_ten_thousand_messages_of_a_stranger_cost_metrics_and_nothing_else(
    world: World, kafka: Kafka, prefix: str
) -> None:
    sanhe, tongzhou = await world.start("sanhe"), await world.start("tongzhou")
    await sanhe.publish(*licences(1, 2, 3))
    await tongzhou.mirrored("sanhe", 3)
    await eventually(lambda: told(tongzhou, 1, 2, 3) == ["recognised"] * 3)
    records, checkpoints = record_topic(prefix, "sanhe", "licence"), checkpoint_topic(prefix, "sanhe")
    async with KafkaBus(kafka.settings, prefix=prefix) as bus:
        junk = rubbish(await held(bus, records, 3), await held(bus, checkpoints, 1))
    await asyncio.gather(strew(kafka, records, junk, RUBBISH), strew(kafka, checkpoints, junk, RUBBISH // 20))
    await sanhe.publish(*licences(4))
    await tongzhou.mirrored("sanhe", 4)
    assert told(tongzhou, 1, 2, 3, 4) == told(sanhe, 1, 2, 3, 4) == ["recognised"] * 4
    await eventually(lambda: tongzhou.garbage_count("sanhe") > RUBBISH // 2, "rubbish is counted")
    assert (tongzhou.evidence(), tongzhou.quarantine()) == ([], [])
    # Nobody's restart is refused: neither the owner's, whose guard reads it all, nor that of one who follows anew.
    await sanhe.stop()
    sanhe, dachang = await world.start("sanhe"), await world.start("dachang")
    await sanhe.publish(*licences(5))
    for each in (tongzhou, dachang):
        await each.mirrored("sanhe", 5)
        await each.audited()
        assert (each.evidence(), each.quarantine()) == ([], [])
        await eventually(lambda node=each: told(node, 1, 5) == ["recognised"] * 2, "its heartbeats are heard")


async def test_a_node_added_after_retention_has_deleted_the_beginning_is_like_the_others(
    world: World, kafka: Kafka, prefix: str
) -> None:
    sanhe, tongzhou = await world.start("sanhe"), await world.start("tongzhou")
    for serial in range(1, 7):
        await sanhe.publish(*licences(serial))
    await tongzhou.mirrored("sanhe", 6)
    await sanhe.sent()
    topic = record_topic(prefix, "sanhe", "licence")
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        async with KafkaBus(kafka.settings, prefix=prefix) as bus:
            deleted = await bus.end(topic) - 3
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=deleted)})
    finally:
        await admin.close()
    dachang = await world.start("dachang")
    await dachang.mirrored("sanhe", 6)
    await sanhe.publish(*licences(7))
    for each in (tongzhou, dachang):
        await each.mirrored("sanhe", 7)
        await each.audited()
        await eventually(lambda node=each: told(node, *range(1, 8)) == ["recognised"] * 7, "all are recognised")
    world.same(tongzhou, dachang, "sanhe")


@pytest.mark.slow
async def test_jurisdictions_on_two_clusters_exchange(
    tmp_path: Path, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory, prefix: str
) -> None:
    async with (
        Cluster(tmp_path_factory.mktemp("another")) as another,
        World(tmp_path, "sanhe", "tongzhou", kafka=OneBroker(kafka.bootstrap, prefix)) as world,
    ):
        for place in world.jurisdictions:
            with (tmp_path / place / nodefolder.CONFIG).open("a", encoding="utf-8") as file:
                file.write(f'\n[bus.at.sanhe]\nbootstrap = ["{another.bootstrap}"]\nreplication = 1\nmin_insync = 1\n')
        sanhe, tongzhou = await world.start_all()
        await sanhe.publish(*licences(1, 2))
        await tongzhou.publish(*licences(3))
        await tongzhou.mirrored("sanhe", 2)
        await sanhe.mirrored("tongzhou", 1)
        await eventually(lambda: told(tongzhou, 1, 2) == ["recognised"] * 2)
        await eventually(lambda: told(sanhe, 3) == ["recognised"])
        for each in (sanhe, tongzhou):
            await each.audited()
        async with KafkaBus(kafka.settings, prefix=prefix) as bus:
            assert await bus.end(record_topic(prefix, "sanhe", "licence")) == 0
