"""What breaks on a real Kafka: brokers killed and paused, topics deleted, cut off or set wrongly, rubbish in them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from gateway.bus import kafka_topics
from gateway.bus import kafka_wire as wire
from gateway.bus.kafka import KafkaBus
from gateway.bus.kafka_cluster import KafkaCluster
from gateway.bus.kafka_settings import KafkaSettings
from gateway.bus.kafka_writer import KafkaWriter
from gateway.bus.port import (
    BusClosed,
    BusFenced,
    BusUnavailable,
    Message,
    PositionLost,
    Reading,
    TopicSettings,
    checkpoint_topic,
    record_topic,
)  # fmt: skip
from tests.brokers import Kafka
from tests.bus.harness import PATIENCE_S, numbered, numbers, read_all, take
from tests.bus.test_kafka import PREFIXES

JURISDICTION = "tongzhou"
MARK = -7


@pytest.fixture
def prefix() -> str:
    return next(PREFIXES)


@pytest.fixture
def topic(prefix: str) -> str:
    return record_topic(prefix, JURISDICTION, "licence")


@asynccontextmanager
async def admin(kafka: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


def ours(kafka: Kafka) -> Kafka:
    """Skip where the broker is somebody else's."""
    if kafka.cluster is None:
        pytest.skip("JJJ_KAFKA names a broker that these tests may not stop")
    return kafka


def hasty(kafka: Kafka) -> KafkaSettings:
    return replace(kafka.settings, request_s=1.0, publish_s=2.0)


# Brokers killed and paused


async def test_a_broker_killed_amid_batches_has_whole_ones_and_its_readings_go_on(
    kafka: Kafka, prefix: str, topic: str
) -> None:
    size, acknowledged = 300, 0
    async with KafkaBus(ours(kafka).settings, prefix=prefix) as bus:
        writer = await bus.claim(JURISDICTION)

        async def publish() -> None:
            nonlocal acknowledged
            while True:
                await writer.publish(topic, numbered(acknowledged, size, bytes(3000)))
                acknowledged += size

        publishing = asyncio.ensure_future(publish())
        async with aclosing(bus.read(topic, None)) as reading:
            seen = numbers(each.message for each in await take(reading, size))
            async with kafka.killed():
                with pytest.raises(BusUnavailable):
                    await asyncio.wait_for(publishing, PATIENCE_S)
                with pytest.raises(BusUnavailable, match=kafka.bootstrap):
                    await read_on(reading, seen)
                with pytest.raises(BusUnavailable, match=kafka.bootstrap):
                    await bus.end(topic)
            await (await bus.claim(JURISDICTION)).publish(topic, numbered(MARK, 1))
            while MARK not in seen:
                seen += numbers(each.message for each in await take(reading, 1))
    assert seen == [*range(len(seen) - 1), MARK]
    assert (len(seen) - 1) % size == 0
    assert acknowledged <= len(seen) - 1 <= acknowledged + size


async def read_on(reading: Reading, seen: list[int]) -> None:
    """Read what there is into ``seen``, until the reading says why it can't go on."""
    while True:
        seen += numbers(each.message for each in await asyncio.wait_for(anext(reading), PATIENCE_S))


async def test_a_broker_that_stands_still_is_no_broker(kafka: Kafka, prefix: str, topic: str) -> None:
    assert ours(kafka).cluster is not None
    async with KafkaBus(hasty(kafka), prefix=prefix) as bus:
        writer = await bus.claim(JURISDICTION)
        await writer.publish(topic, numbered(0, 1))
        reading = bus.read(topic, 0)
        await take(reading, 1)
        with kafka.paused():
            with pytest.raises(BusUnavailable):
                await writer.publish(topic, numbered(1, 1))
            with pytest.raises(BusClosed):
                await writer.publish(topic, numbered(1, 1))
            with pytest.raises(BusUnavailable):
                await asyncio.wait_for(anext(reading), PATIENCE_S)
            with pytest.raises(BusUnavailable):
                await bus.claim(JURISDICTION)
    async with KafkaBus(kafka.settings, prefix=prefix) as bus:
        await (await bus.claim(JURISDICTION)).publish(topic, numbered(2, 1))
        left = [each.message for each in await take(bus.read(topic, None), 2)]
    assert numbers(left) in ([0, 2], [0, 1, 2])  # what was asked of a broker that stood still may have been done


async def test_no_broker_at_all_is_said_with_its_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        address = f"127.0.0.1:{held.getsockname()[1]}"
    async with KafkaBus(KafkaSettings((address,))) as bus:
        for call in (bus.end("jjj.sanhe.licence"), bus.claim("sanhe"), anext(bus.read("jjj.sanhe.licence", None))):
            with pytest.raises(BusUnavailable, match=address):
                await call


async def test_one_of_several_brokers_is_enough(kafka: Kafka, prefix: str, topic: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        gone = f"127.0.0.1:{held.getsockname()[1]}"
    settings = replace(kafka.settings, bootstrap=(gone, *kafka.settings.bootstrap))
    async with KafkaBus(settings, prefix=prefix) as bus:
        await (await bus.claim(JURISDICTION)).publish(topic, numbered(0, 1))
        assert numbers(await read_all(bus, topic, 1)) == [0]


async def test_what_is_no_kafka_is_said(unused_tcp_port: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read(1)
        writer.close()

    settings = KafkaSettings((f"127.0.0.1:{unused_tcp_port}",), request_s=1.0)
    async with await asyncio.start_server(answer, "127.0.0.1", unused_tcp_port), KafkaBus(settings) as bus:
        with pytest.raises(BusUnavailable, match=f"{unused_tcp_port}"):
            await bus.end("jjj.sanhe.licence")


# Transactions


async def test_what_an_earlier_writer_left_open_is_never_read_but_found_by_who_must_know_all_it_signed(
    kafka: Kafka, prefix: str, topic: str
) -> None:
    async with KafkaBus(kafka.settings, prefix=prefix) as bus:
        await (await bus.claim(JURISDICTION)).publish(topic, numbered(0, 2))
        async with AIOKafkaProducer(
            bootstrap_servers=kafka.bootstrap, transactional_id=f"{prefix}.{JURISDICTION}.writer"
        ) as other:
            await other.begin_transaction()
            await other.send_and_wait(topic, b"{}", key=b"open", headers=[("log-index", b"2")])
            for _ in ("open", "aborted"):
                found = await bus.signed_end(topic, lambda message: 9 if message.key == b"open" else 1)
                assert found is not None
                assert found.key == b"open"
                writer = await bus.claim(JURISDICTION)
        await writer.publish(topic, numbered(2, 1))
        assert numbers(await read_all(bus, topic, 3)) == [0, 1, 2]


async def test_a_writer_fenced_between_two_batches_of_one_transaction_leaves_nothing(
    kafka: Kafka, prefix: str, topic: str
) -> None:
    async with KafkaBus(kafka.settings, prefix=prefix) as bus:
        old = await bus.claim(JURISDICTION)
        await old.publish(topic, numbered(0, 1))
        call = asyncio.ensure_future(old.publish(topic, numbered(1, 2000, bytes(4000))))
        await appended(kafka, topic, beyond=1)
        new = await bus.claim(JURISDICTION)
        with pytest.raises(BusFenced):
            await call
        await new.publish(topic, numbered(1, 1))
        assert numbers(await read_all(bus, topic, 2)) == [0, 1]


async def appended(kafka: Kafka, topic: str, beyond: int) -> None:
    """Wait until something uncommitted lies behind the first message and its marker."""
    cluster = KafkaCluster(kafka.settings)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while (await cluster.offset(topic, wire.LATEST, wire.UNCOMMITTED) or 0) <= beyond + 1:
                pass
    finally:
        cluster.close()


# Topics


@pytest.mark.parametrize("which", ["record", "checkpoint"])
async def test_topics_we_make_are_set_as_the_design_says(kafka: Kafka, prefix: str, which: str) -> None:
    topic = checkpoint_topic(prefix, "sanhe") if which == "checkpoint" else record_topic(prefix, "sanhe", "credit")
    async with KafkaBus(kafka.settings, prefix=prefix) as bus:
        await (await bus.claim("sanhe")).publish(topic, [Message(b"k", b"v")])
    cluster = KafkaCluster(kafka.settings)
    try:
        code, found = await cluster.ask_any(wire.describe_topic(topic))
        assert (code, await cluster.ask_any(wire.partitions(topic))) == (0, 1)
    finally:
        cluster.close()
    wanted = {
        "record": {"cleanup.policy": "delete", "retention.ms": str(400 * 86_400_000)},
        "checkpoint": {"cleanup.policy": "compact", "segment.ms": "600000", "max.compaction.lag.ms": "3600000"},
    }[which]
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("name", "partitions", "changes", "said"),
    [
        ("licence", 2, {}, "has 2 partitions"),
        ("licence", 1, {"cleanup.policy": "compact"}, "cleanup.policy"),
        ("licence", 1, {"retention.ms": "604800000"}, "retention.ms"),
        ("licence", 1, {"retention.bytes": "1000000"}, "retention.bytes"),
        ("licence", 1, {"max.message.bytes": "100000"}, "max.message.bytes"),
        ("licence", 1, {"unclean.leader.election.enable": "true"}, "unclean.leader.election.enable"),
        ("checkpoint", 1, {"cleanup.policy": "compact,delete"}, "cleanup.policy"),
        ("checkpoint", 1, {"segment.ms": "604800000"}, "segment.ms"),
        ("checkpoint", 1, {"max.compaction.lag.ms": "9223372036854775807"}, "max.compaction.lag.ms"),
    ],
)
async def test_a_topic_that_would_lose_records_is_refused_by_the_setting_s_name(
    kafka: Kafka, prefix: str, name: str, partitions: int, changes: Mapping[str, str], said: str
) -> None:
    topic = f"{prefix}.{JURISDICTION}.{name}"
    settings = {**kafka_topics.wanted(topic, kafka.settings), **changes}
    async with admin(kafka) as client:
        await client.create_topics([NewTopic(topic, partitions, 1, topic_configs=settings)])
    async with KafkaBus(kafka.settings, prefix=prefix) as bus:
        writer = await bus.claim(JURISDICTION)
        with pytest.raises(TopicSettings, match=said) as refused:
            await writer.publish(topic, numbered(0, 1))
        assert refused.value.reason == "bus.topic_settings"
        assert topic in refused.value.message
        assert await bus.end(topic) == 0


async def test_more_replicas_than_brokers_are_refused_with_the_number(kafka: Kafka, prefix: str, topic: str) -> None:
    async with KafkaBus(replace(kafka.settings, replication=30), prefix=prefix) as bus:
        with pytest.raises(TopicSettings, match="30 replicas"):
            await (await bus.claim(JURISDICTION)).publish(topic, numbered(0, 1))


async def test_a_deleted_topic_is_waited_for_and_its_positions_are_lost(kafka: Kafka, prefix: str, topic: str) -> None:
    async with KafkaBus(kafka.settings, prefix=prefix) as bus:
        writer = await bus.claim(JURISDICTION)
        await writer.publish(topic, numbered(0, 5))
        at, fresh = bus.read(topic, 5), bus.read(topic, None)
        await take(fresh, 5)
        async with admin(kafka) as client:
            await client.delete_topics([topic])
        waiting = asyncio.ensure_future(anext(at))
        await (await bus.claim(JURISDICTION)).publish(topic, numbered(0, 1))
        with pytest.raises(PositionLost):
            await asyncio.wait_for(waiting, PATIENCE_S)
        assert numbers(await read_all(bus, topic, 1)) == [0]


# Rubbish


async def test_a_small_batch_that_unpacks_to_much_costs_nothing(kafka: Kafka, prefix: str, topic: str) -> None:
    async with KafkaBus(kafka.settings, prefix=prefix) as bus:
        writer = await bus.claim(JURISDICTION)
        await writer.publish(topic, numbered(0, 1))
        async with AIOKafkaProducer(
            bootstrap_servers=kafka.bootstrap, compression_type="zstd", max_request_size=1 << 28, max_batch_size=1 << 28
        ) as other:
            await other.send_and_wait(topic, bytes(64 << 20), key=b"bomb")
        await writer.publish(topic, numbered(1, 1))
        assert numbers(await read_all(bus, topic, 2)) == [0, 1]


async def test_a_stranger_s_open_transaction_holds_no_writer_up(kafka: Kafka, prefix: str, topic: str) -> None:
    async with KafkaBus(kafka.settings, prefix=prefix) as bus:
        writer = await bus.claim(JURISDICTION)
        await writer.publish(topic, numbered(0, 1))
        async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=f"{prefix}.x") as other:
            await other.begin_transaction()
            await other.send_and_wait(topic, b"rubbish", key=b"rubbish")
            await writer.publish(topic, numbered(1, 1))
            await other.abort_transaction()
        assert numbers(await read_all(bus, topic, 2)) == [0, 1]


async def test_a_claim_that_fails_leaves_nothing_behind(kafka: Kafka) -> None:
    settings = replace(kafka.settings, publish_s=100_000.0)  # a longer transaction than brokers allow
    with pytest.raises(BusUnavailable, match="InvalidTransactionTimeout"):
        await KafkaWriter.claimed(settings, "jjj", "sanhe")
