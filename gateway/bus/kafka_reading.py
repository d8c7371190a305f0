"""WHAT has a topic for a reader? Its committed messages from a position on, list by list, over a connection of its own.

The wait for more is one long request that the broker answers as soon as there is something. It goes on while its
reader is away: a cancelled ``anext`` loses nothing.

>>> reading = KafkaReading(cluster, "jjj.sanhe.licence", None, Bounds(512, 1 << 20))
>>> batch = await anext(reading)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import structlog

from gateway.bus import kafka_wire as wire
from gateway.bus.kafka_batches import Unpacked
from gateway.bus.kafka_cluster import KafkaCluster
from gateway.bus.kafka_wire import Connection
from gateway.bus.port import BusClosed, BusUnavailable, Message, PositionLost, Received

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0
_NOT_HERE = {wire.NO_TOPIC, wire.NO_LEADER, wire.NOT_LEADER}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one list: how many messages, and how many bytes unless it is one message."""

    messages: int
    size: int


class Pages:
    """Fetches one topic's messages in order. ``position``: the next offset wanted, None for the earliest kept.
    ``wait_s``: how long the broker may wait for anything to come.
    """

    def __init__(
        self, cluster: KafkaCluster, topic: str, position: int | None, isolation: int, *, wait_s: float
    ) -> None:
        self.position = position
        self._cluster, self._topic, self._isolation = cluster, topic, isolation
        self._earliest = position is None  # as long as nothing was read, "the earliest" may move on
        self._connection: Connection | None = None
        self._pause = FIRST_PAUSE_S
        self._wait_s = wait_s

    async def fetch(self) -> Unpacked | None:
        """What lies from the position, perhaps nothing yet; None without a topic. Raises what ``Reading`` does."""
        connection = await self._connected()
        if connection is None:
            return None
        try:
            return await self._fetched(connection)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back; the next fetch opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _connected(self) -> Connection | None:
        if self._connection is not None and self._connection.usable:
            return self._connection
        leader = await self._cluster.leader(self._topic)
        if leader is None:
            await self._wait()
            return None
        self._connection = await self._cluster.connect(leader)
        return self._connection

    async def _fetched(self, connection: Connection) -> Unpacked | None:
        if self.position is None:
            code, position = await connection.ask(wire.offset(self._topic, wire.EARLIEST, wire.UNCOMMITTED))
        else:
            code, position = 0, self.position
        if code:
            await self._other(code)
            return None
        most = self._cluster.settings.most_fetched
        found = await connection.ask(wire.fetch(self._topic, position, self._isolation, most=most, wait_s=self._wait_s))
        if found.fault:
            await self._other(found.fault)
            return None
        self.position = position
        self._pause = FIRST_PAUSE_S
        return Unpacked(found.data, position, found.aborted, committed=self._isolation == wire.COMMITTED)

    async def _other(self, code: int) -> None:
        """The topic is not here (any more), or does not reach to the position."""
        if code == wire.OUT_OF_RANGE:
            if not self._earliest:
                raise PositionLost(f"{self._topic} does not hold position {self.position} (any more)")
            self.position = None
        elif code not in _NOT_HERE:
            raise wire.told(code, self._topic)
        self.close()
        await self._wait()

    async def _wait(self) -> None:
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 1.5, LONGEST_PAUSE_S)

    def through(self, unpacked: Unpacked) -> None:
        """What was fetched was handed on so far. Raises ``BusUnavailable`` where it holds nothing to hand on."""
        self._earliest &= unpacked.position == self.position
        self.position = unpacked.position
        if unpacked.is_stuck:
            raise BusUnavailable(f"{self._topic}: what Kafka has at position {self.position} is no record batch")
        for fault in unpacked.passed_over:
            log.warning("bus.passed_over", topic=self._topic, message=fault)
        unpacked.passed_over.clear()


class KafkaReading:
    """As ``Reading``."""

    def __init__(
        self, cluster: KafkaCluster, topic: str, position: int | None, bounds: Bounds
    ) -> None:
        self._topic, self._bounds = topic, bounds
        self._pages = Pages(cluster, topic, position, wire.COMMITTED, wait_s=cluster.settings.request_s / 2)
        self._unpacked: Unpacked | None = None
        self._next: asyncio.Task[list[Received]] | None = None
        self._closed, self._bus_closed = False, False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Received]:
        if self._bus_closed:
            raise BusClosed("the bus is closed")
        if self._closed:
            raise StopAsyncIteration
        if self._next is None:
            self._next = asyncio.create_task(self._list(), name=f"read {self._topic}")
            self._next.add_done_callback(_looked_at)
        task = self._next
        await asyncio.wait([task])  # cancelled here, the task goes on for the next who asks
        self._next = None
        if task.cancelled():
            raise BusClosed("the bus is closed")
        return task.result()

    async def aclose(self) -> None:
        """As ``Reading.aclose``."""
        self._closed = True
        await self._stop()

    async def bus_closed(self) -> None:
        """The bus is left: who waits is told."""
        self._bus_closed = True
        await self._stop()

    @property
    def gone(self) -> bool:
        """Whether it was closed."""
        return self._closed

    async def _stop(self) -> None:
        self._pages.close()
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait([self._next])

    async def _list(self) -> list[Received]:
        while True:
            unpacked = self._unpacked
            if unpacked is not None:
                found = self._take(unpacked)
                if not found:
                    self._unpacked = None
                self._pages.through(unpacked)
                if found:
                    return found
            self._unpacked = await self._pages.fetch()

    def _take(self, unpacked: Unpacked) -> list[Received]:
        found: list[Received] = []
        size = 0
        for received in unpacked:
            found.append(received)
            size += _size(received.message)
            if len(found) >= self._bounds.messages or size >= self._bounds.size:
                break
        return found


def _looked_at(task: asyncio.Task[list[Received]]) -> None:
    """A fault that nobody waits for any more is no news."""
    if not task.cancelled():
        task.exception()


def _size(message: Message) -> int:
    return len(message.key) + len(message.value) + sum(len(value) for _, value in message.headers)


async def greatest(
    cluster: KafkaCluster, topic: str, size_of: Callable[[Message], int | None]
) -> Message | None:
    """As ``BusReader.signed_end``: the whole topic as it stands, what is aborted or still open too."""
    end = await cluster.offset(topic, wire.LATEST, wire.UNCOMMITTED)
    found: tuple[int, Message] | None = None
    pages = Pages(cluster, topic, None, wire.UNCOMMITTED, wait_s=0)  # it is all there, or nothing is
    try:
        while end is not None and (pages.position is None or pages.position < end):
            unpacked = await pages.fetch()
            if unpacked is None:
                end = await cluster.offset(topic, wire.LATEST, wire.UNCOMMITTED)
                continue
            for received in unpacked:
                size = size_of(received.message)
                if size is not None and (found is None or size >= found[0]):
                    found = size, received.message
            pages.through(unpacked)
    finally:
        pages.close()
    return None if found is None else found[1]
