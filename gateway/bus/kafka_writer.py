"""WHO appends to Kafka? The writer of one jurisdiction: each batch is one transaction, and its epoch is its claim.

``claim`` asks the transaction coordinator for a new epoch of the jurisdiction's transactional id. That aborts what an
earlier writer left open, and from then on the coordinator and every topic's leader refuse the earlier epoch. A batch
is committed as a whole, and readers take only what is committed: it is there whole or not at all.

Nothing is sent twice: any doubt ends the writer, and the next one resumes from the ledger. Only answers that say for
certain that nothing was done are tried again.

>>> writer = await KafkaWriter.claimed(settings, prefix="jjj", jurisdiction="tongzhou")
>>> await writer.publish("jjj.tongzhou.licence", batch)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Self, TypeVar

from gateway.bus import kafka_topics
from gateway.bus import kafka_wire as wire
from gateway.bus.kafka_batches import Producer, next_sequence, pack
from gateway.bus.kafka_cluster import KafkaCluster
from gateway.bus.kafka_settings import KafkaSettings
from gateway.bus.kafka_wire import Address, Ask
from gateway.bus.port import (
    BadTopic,
    BusClosed,
    BusFenced,
    BusUnavailable,
    Message,
    checked_topic,
    topics_below,
)

T = TypeVar("T")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.002, 0.1
SETTLED_S = 1.0
SLACK_S = 30.0
"""The coordinator gives a transaction up so long after we did: until then an answer means what it says."""
_AGAIN = {wire.LOADING, wire.NO_COORDINATOR, wire.NOT_COORDINATOR, wire.BUSY}
_LEADER_MOVED = {wire.NO_TOPIC, wire.NO_LEADER, wire.NOT_LEADER}
_FENCED = {wire.STALE_EPOCH, wire.FENCED}


class KafkaWriter:
    """As ``BusWriter``. It has connections of its own, which end with it."""

    def __init__(self, settings: KafkaSettings, below: str) -> None:
        self._settings, self._below = settings, below
        self._id = f"{below}writer"  # below the prefix too: one access rule for topics and this
        self._cluster = KafkaCluster(settings)
        self._turn = asyncio.Lock()  # first come, first served: batches keep the order of the calls
        self._ended = ""  # why no more is taken
        self._failed = False  # what waits for its turn is not appended any more
        self._producer = (-1, -1)
        self._coordinator: Address | None = None
        self._leaders: dict[str, Address] = {}
        self._sequences: dict[str, int] = {}

    @classmethod
    async def claimed(cls, settings: KafkaSettings, prefix: str, jurisdiction: str) -> Self:
        """As ``Bus.claim``."""
        writer = cls(settings, topics_below(prefix, jurisdiction))
        try:
            async with asyncio.timeout(settings.publish_s):
                await writer._claim()
        except BaseException as error:
            writer._end(error)
            writer._cluster.close()
            if isinstance(error, TimeoutError):
                raise BusUnavailable(f"{writer._id} could not be claimed in {settings.publish_s:g} s") from error
            raise
        return writer

    @property
    def gone(self) -> bool:
        """Whether it has ended and given everything back."""
        return bool(self._ended) and not self._turn.locked()

    async def publish(self, topic: str, batch: Sequence[Message]) -> None:
        """As ``BusWriter.publish``."""
        if self._ended:
            raise BusClosed(f"this writer has ended: {self._ended}")
        messages = tuple(batch)
        try:
            async with self._turn:
                if self._failed:
                    raise BusClosed("this writer has ended: a batch before this one failed")
                await self._append(topic, messages)
        except BaseException as error:  # cancellation too: the batch may be there, or not
            self._end(error)
            raise
        finally:
            if self._failed and not self._turn.locked():  # a batch that another call is sending may still arrive
                self._cluster.close()

    async def close(self) -> None:
        """As ``BusWriter.close``."""
        self._ended = self._ended or "its owner closed it"
        async with self._turn:  # those that were called before have had their turn
            self._cluster.close()

    def _end(self, error: BaseException) -> None:
        self._failed = True
        self._ended = self._ended or str(error) or type(error).__name__

    async def _append(self, topic: str, messages: Sequence[Message]) -> None:
        if not topic.startswith(self._below):
            raise BadTopic(f"{topic[:80]!r} is not below {self._below}")
        checked_topic(topic)
        if not messages:
            return
        try:
            async with asyncio.timeout(self._settings.publish_s):
                await self._commit(topic, messages)
        except TimeoutError as error:
            raise BusUnavailable(f"{topic}: Kafka did not take a batch in {self._settings.publish_s:g} s") from error

    async def _commit(self, topic: str, messages: Sequence[Message]) -> None:
        if topic not in self._sequences:
            await kafka_topics.ready(self._cluster, topic)
            self._sequences[topic] = 0
        packed = await asyncio.to_thread(pack, messages, Producer(*self._producer, self._sequences[topic]))
        await self._coordinated(wire.add_topic(self._id, self._producer, topic), int, _AGAIN | _LEADER_MOVED)
        end = 0
        for data, count in packed:
            end = await self._produced(topic, data) + count
            self._sequences[topic] = next_sequence(self._sequences[topic], count)
        await self._coordinated(wire.end_transaction(self._id, self._producer), int, _AGAIN)
        await self._settled(topic, end)

    async def _claim(self) -> None:
        ask = wire.new_epoch(self._id, self._settings.publish_s + SLACK_S)
        _, number, epoch = await self._coordinated(ask, lambda answer: answer[0], _AGAIN)
        self._producer = number, epoch

    async def _coordinated(self, ask: Ask[T], code_of: Callable[[T], int], again: set[int]) -> T:
        """Ask the coordinator until it answers yes, or with what can't be mended here."""

        async def once() -> tuple[int, T]:
            answer = await self._cluster.ask(await self._coordinator_now(), ask)
            return code_of(answer), answer

        def lost(code: int) -> None:
            if code in (wire.NO_COORDINATOR, wire.NOT_COORDINATOR):
                self._coordinator = None

        return await self._until_done(once, again, lost)

    async def _produced(self, topic: str, data: bytes) -> int:
        """Append one batch; its first offset."""
        ask = wire.produce(self._id, topic, data, self._settings.request_s)

        async def once() -> tuple[int, int]:
            return await self._cluster.ask(await self._leader_now(topic), ask)

        return await self._until_done(once, _LEADER_MOVED, lambda _: self._leaders.pop(topic, None))

    async def _until_done(
        self, once: Callable[[], Awaitable[tuple[int, T]]], again: set[int], lost: Callable[[int], object]
    ) -> T:
        pause = FIRST_PAUSE_S
        while True:
            code, answer = await once()
            if code == 0:
                return answer
            if code in _FENCED:
                raise BusFenced(f"{self._id} was claimed by another writer, which goes on")
            if code not in again:
                raise wire.told(code, self._id)
            lost(code)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _coordinator_now(self) -> Address:
        while self._coordinator is None:
            code, address = await self._cluster.ask_any(wire.coordinator(self._id))
            if code == 0:
                self._coordinator = address
            elif code in (wire.LOADING, wire.NO_COORDINATOR):
                await asyncio.sleep(LONGEST_PAUSE_S)
            else:
                raise wire.told(code, self._id)
        return self._coordinator

    async def _leader_now(self, topic: str) -> Address:
        while topic not in self._leaders:
            found = await self._cluster.leader(topic)
            if found is not None:
                self._leaders[topic] = found
            else:
                await asyncio.sleep(LONGEST_PAUSE_S)
        return self._leaders[topic]

    async def _settled(self, topic: str, end: int) -> None:
        """The batch is durable. Wait a little until readers have it too, and the next may begin: the coordinator
        tells the topic after it has answered us. Another program's open transaction may keep readers waiting longer.
        """
        pause = FIRST_PAUSE_S
        try:
            async with asyncio.timeout(SETTLED_S):
                while True:
                    leader = await self._leader_now(topic)
                    code, stable = await self._cluster.ask(leader, wire.offset(topic, wire.LATEST, wire.COMMITTED))
                    if code or stable > end:
                        return
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_S)
        except (TimeoutError, BusUnavailable):
            return  # it is committed; whoever asks next is told what is wrong
