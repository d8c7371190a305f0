"""The Kafka adapter fulfils the contract, on a real broker."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete

from gateway.bus import kafka_topics
from gateway.bus.kafka import KafkaBus
from gateway.bus.port import Message
from tests.brokers import Kafka
from tests.bus.contract import BusContract
from tests.bus.harness import Features, Harness, numbered

PREFIXES = (f"test{number}" for number in itertools.count())


@dataclass(frozen=True, slots=True)
class KafkaHarness:
    """Reaches behind the adapter with another client, and with signals to the broker."""

    kafka: Kafka
    prefix: str
    jurisdiction: str = "tongzhou"
    stranger: str = "sanhe"
    max_batch: int = 100

    @property
    def features(self) -> Features:
        return Features(outages=self.kafka.cluster is not None)

    @property
    def topic(self) -> str:
        return f"{self.prefix}.{self.jurisdiction}.licence"

    @property
    def other_topic(self) -> str:
        return f"{self.prefix}.{self.jurisdiction}.credit"

    @property
    def open(self) -> Callable[[], KafkaBus]:
        return partial(KafkaBus, self.kafka.settings, prefix=self.prefix, max_batch=self.max_batch)

    def messages(self, start: int, count: int) -> list[Message]:
        return numbered(start, count)

    async def append(self, batch: Sequence[Message]) -> None:
        async with self.open() as bus:
            await (await bus.claim(self.jurisdiction)).publish(self.topic, batch)

    async def delete_before(self, position: int) -> None:
        async with self.admin() as admin:
            await admin.delete_records({TopicPartition(self.topic, 0): RecordsToDelete(position)})

    async def append_foreign(self, message: Message) -> None:
        await self.make_topic()
        async with AIOKafkaProducer(bootstrap_servers=self.kafka.bootstrap) as producer:
            await producer.send_and_wait(
                self.topic, message.value, key=message.key, headers=list(message.headers), partition=0
            )

    async def make_topic(self) -> None:
        settings = kafka_topics.wanted(self.topic, self.kafka.settings)
        async with self.admin() as admin:
            await admin.create_topics([NewTopic(self.topic, 1, 1, topic_configs=settings)])

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.bootstrap)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()

    @asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        async with self.kafka.killed():
            yield


@pytest.fixture
def harness(kafka: Kafka) -> Harness:
    return KafkaHarness(kafka, next(PREFIXES))


class TestKafka(BusContract):
    """The contract suite, unchanged."""
