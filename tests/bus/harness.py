"""What an adapter hands to the contract suite: how to open it, reach behind it, and what it can't do."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import pytest

from gateway.bus.port import LOG_INDEX, Bus, BusReader, Message, Reading, Received, header

PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Features:
    """What can be done to the adapter. What is False is skipped, and the skip says so."""

    foreign: bool = True  # somebody else can append past the port
    retention: bool = True  # the beginning of a topic can be deleted
    outages: bool = True  # the bus can be made to fail, and be healed
    processes: bool = True  # several processes can use it; `open` can be pickled


class ReadHarness(Protocol):
    """For the read half. A fresh one for each test: topics of different tests must not meet."""

    @property
    def features(self) -> Features:
        """What can be done to the adapter."""

    @property
    def jurisdiction(self) -> str:
        """Whose topics are used."""

    @property
    def topic(self) -> str:
        """A record topic of ``jurisdiction`` that doesn't exist yet."""

    @property
    def max_batch(self) -> int:
        """How many messages a list read from ``open()`` may hold; at most 1,000."""

    @property
    def open(self) -> Callable[[], BusReader]:
        """Makes another client of the same place, to be entered with ``async with``."""

    def messages(self, start: int, count: int) -> list[Message]:
        """Messages the adapter can carry, for indexes ``start`` on; ``numbered`` unless it is choosy."""

    async def append(self, batch: Sequence[Message]) -> None:
        """Make the batch readable at the end of ``topic``; how is the adapter's business."""

    async def delete_before(self, position: int) -> None:
        """Delete the beginning of ``topic`` as retention would."""


class Harness(ReadHarness, Protocol):
    """For the whole bus."""

    @property
    def other_topic(self) -> str:
        """Another topic of the same jurisdiction."""

    @property
    def stranger(self) -> str:
        """Another jurisdiction."""

    @property
    def open(self) -> Callable[[], Bus]:
        """Makes another client of the same place, to be entered with ``async with``."""

    async def append_foreign(self, message: Message) -> None:
        """Append to ``topic`` as another program would: without a claim, past the port."""

    def outage(self) -> AbstractAsyncContextManager[None]:
        """While entered, nothing can be published on ``topic``, which exists."""


def need(feature: bool, what: str) -> None:
    """Skip the calling test where the adapter can't be put through it."""
    if not feature:
        pytest.skip(f"this adapter has no {what}")


def numbered(start: int, count: int, value: bytes = b"{}") -> list[Message]:
    """Messages that bear their number as the log index."""
    return [Message(b"subject-%d" % n, value, ((LOG_INDEX, b"%d" % n),)) for n in range(start, start + count)]


def numbers(messages: Iterable[Message]) -> list[int]:
    """The inverse of ``numbered``."""
    return [int(header(each, LOG_INDEX) or b"-1") for each in messages]


async def take(reading: Reading, count: int) -> list[Received]:
    """The next ``count`` messages or a few more; fails if they don't come."""
    found: list[Received] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < count:
            found += await anext(reading)
    return found


async def read_all(bus: BusReader, topic: str, count: int, position: int | None = None) -> list[Message]:
    """Exactly ``count`` messages that the topic holds, in order; fails if there are more."""
    reading = bus.read(topic, position)
    found = [each.message for each in await take(reading, count)]
    await reading.aclose()
    return found


@dataclass(frozen=True, slots=True)
class Job:
    """What another process does: claim, then publish batches (None: for ever) of numbered messages."""

    open_bus: Callable[[], Bus]
    jurisdiction: str
    topic: str
    start: int
    size: int
    batches: int | None

    def run(self) -> None:
        """The whole life of that process."""
        asyncio.run(self._publish())

    async def _publish(self) -> None:
        async with self.open_bus() as bus:
            writer = await bus.claim(self.jurisdiction)
            for start in itertools.islice(itertools.count(self.start, self.size), self.batches):
                await writer.publish(self.topic, numbered(start, self.size))


@asynccontextmanager
async def other_process(harness: Harness, start: int, size: int, batches: int | None) -> AsyncIterator[None]:
    """Another process claims and publishes on ``topic``; it is killed with SIGKILL on leaving."""
    job = Job(harness.open, harness.jurisdiction, harness.topic, start, size, batches)
    process = multiprocessing.get_context("spawn").Process(target=job.run, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        await asyncio.to_thread(process.join)
        process.close()
