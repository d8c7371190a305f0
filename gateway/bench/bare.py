"""What do the same bytes cost through Kafka without any gateway? aiokafka's producer and consumers in one process.

It does far less: nothing is signed, checked, logged, indexed, or durable at a reader.

>>> per_s, milliseconds = await Bare(bootstrap, messages).measured(consumers=5, steady_per_s=200, steady_s=15)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from gateway.bus.port import Message

TOPIC = "bench.bare"
LOOK_S = 0.005
PATIENCE_S = 300
A_TURN = 10
"""Messages sent together at the steady rate."""


class Bare:
    """One producer, some consumers, one topic; ``_at``: when each consumer was handed each message."""

    def __init__(self, bootstrap: str, messages: Sequence[Message]) -> None:
        self._bootstrap = bootstrap
        self._messages = messages
        self._at: list[list[float]] = []

    async def measured(self, consumers: int, steady_per_s: int, steady_s: int) -> tuple[float, list[float]]:
        """Messages a second until the last consumer has all; then milliseconds to the last one at a steady rate."""
        await self._make_topic()
        self._at = [[] for _ in range(consumers)]
        async with AsyncExitStack() as stack:
            for times in self._at:
                consumer = AIOKafkaConsumer(
                    TOPIC, bootstrap_servers=self._bootstrap, auto_offset_reset="earliest"
                )
                task = asyncio.create_task(_consume(await stack.enter_async_context(consumer), times))
                stack.callback(task.cancel)
            producer = await stack.enter_async_context(
                AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap, enable_idempotence=True, compression_type="zstd", linger_ms=5
                )
            )
            await self._send(producer, self._messages[:1])
            await self._reach(1)
            begun = time.perf_counter()
            await self._send(producer, self._messages)
            await self._reach(1 + len(self._messages))
            per_s = len(self._messages) / (max(times[len(self._messages)] for times in self._at) - begun)
            return per_s, await self._steady(producer, steady_per_s, steady_s)

    async def _make_topic(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(TOPIC, 1, 1)])
        finally:
            await admin.close()

    async def _steady(self, producer: AIOKafkaProducer, per_s: int, seconds: int) -> list[float]:
        before, sent = len(self._messages) + 1, []
        begun = time.perf_counter()
        for number in range(per_s * seconds // A_TURN):
            await asyncio.sleep(begun + number * A_TURN / per_s - time.perf_counter())
            sent.append(time.perf_counter())
            for offset in range(A_TURN):
                await self._give(producer, self._messages[(number * A_TURN + offset) % len(self._messages)])
        await self._reach(before + len(sent) * A_TURN)
        last = [max(times[before + (turn + 1) * A_TURN - 1] for times in self._at) for turn in range(len(sent))]
        return [(there - then) * 1000 for then, there in zip(sent, last, strict=True)]

    async def _send(self, producer: AIOKafkaProducer, messages: Sequence[Message]) -> None:
        for each in messages:
            await self._give(producer, each)
        await producer.flush()

    async def _give(self, producer: AIOKafkaProducer, message: Message) -> None:
        await producer.send(TOPIC, message.value, message.key, headers=list(message.headers))

    async def _reach(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while min(map(len, self._at)) < count:  # noqa: ASYNC110 - other tasks' lists
                await asyncio.sleep(LOOK_S)


async def _consume(consumer: AIOKafkaConsumer, times: list[float]) -> None:
    async for _ in consumer:
        times.append(time.perf_counter())  # noqa: PERF401 - what stands there is looked at meanwhile
