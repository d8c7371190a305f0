"""HOW do records travel to a node without a route to a bus? By the logs' files over HTTP, read as if they were topics
(DESIGN §5).

A record topic's messages are made of bundles and history: the very bytes that the relay sends, each at its index as
position. A checkpoint topic has the newest notes of the jurisdiction's logs, and of those that it has cosigned,
numbered as this bus saw them change. The owner is asked, else partners. Nothing from there is believed: leaves are
provisional until a checkpoint of the log's own key covers them, as on any bus (law 5).

>>> async with TileBus(sources, prefix="jjj") as bus, aclosing(bus.read("jjj.sanhe.licence", 812)) as batches:
...     async for batch in batches:
...         resume_at = batch[-1].position + 1
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from gateway.bus import messages
from gateway.bus.port import (
    BadTopic,
    BusClosed,
    BusUnavailable,
    Message,
    PositionLost,
    Reading,
    Received,
    checked_topic,
    is_compacted,
    topics_below,
)
from gateway.bus.tileclient import Unreachable
from gateway.bus.tileheads import Head, Heads, SourcesOf
from gateway.bus.tileseals import SealFiles
from gateway.bus.tilevouched import Vouch, Vouched
from gateway.errors import GatewayError, Refused
from gateway.ledger.tiles import WIDTH

T = TypeVar("T")
MOST_BYTES = 4 << 20
"""Of one list, unless it is one message."""


class TileBus:
    """As ``Bus``. What is published on it is for the log's own files to carry.

    ``sources``: by jurisdiction, where its logs may be had; none for the node's own. ``every_s``: how often a log is
    asked about; ``max_batch``: messages of one list.
    """

    def __init__(self, sources: SourcesOf, *, prefix: str, every_s: float = 1.0, max_batch: int = 512) -> None:
        self._sources = sources
        self._prefix = prefix
        self._every_s = every_s
        self._max_batch = max_batch
        self._closed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        self._heads = Heads(self._session, self._sources, every_s=self._every_s)
        self._vouched = Vouched(self._session, self._sources, self._heads.numbers)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        await self._session.close()

    def read(self, topic: str, position: int | None) -> Reading:
        """As ``BusReader.read``."""
        jurisdiction, family = self._split(topic)
        if is_compacted(topic):
            return NoteReading(self, jurisdiction, position)
        return RecordReading(self, jurisdiction, family, position)

    async def end(self, topic: str) -> int:
        """As ``BusReader.end``: what the newest checkpoint covers."""
        jurisdiction, family = self._split(topic)
        if is_compacted(topic):
            numbers = [head.number for head in await self.newest_of(jurisdiction, anew=True)]
            numbers += [vouch.number for vouch in await self.vouched_by(jurisdiction)]
            return max(numbers, default=-1) + 1
        head = await self.newest(jurisdiction, family, anew=True)
        return head.size if head is not None else 0

    async def signed_end(self, topic: str, size_of: Callable[[Message], int | None]) -> Message | None:
        """As ``BusReader.signed_end``."""
        best: tuple[int, Message] | None = None
        at, end = 0, await self.end(topic)
        async with aclosing(self.read(topic, None)) as reading:
            while at < end:
                for received in await anext(reading):
                    size = size_of(received.message)
                    if size is not None and (best is None or size >= best[0]):
                        best = size, received.message
                    at = received.position + 1
        return best[1] if best is not None else None

    async def claim(self, jurisdiction: str) -> TakesNothing:
        """A writer for whom there is nothing to do."""
        topics_below(self._prefix, jurisdiction)
        return TakesNothing()

    async def newest(self, jurisdiction: str, family: str, *, anew: bool = False) -> Head | None:
        """The newest checkpoint of a log, or None. Raises ``BusUnavailable``, ``BusClosed``."""
        return await self.until_closed(self._heads.newest(jurisdiction, family, anew=anew))

    async def newest_of(self, jurisdiction: str, *, anew: bool = False) -> list[Head]:
        """Those of all logs of a jurisdiction that are to be had. Raises ``BusUnavailable`` where none is."""
        found: list[Head] = []
        fault: BusUnavailable | None = None
        for family in self._sources(jurisdiction).families:
            try:
                head = await self.newest(jurisdiction, family, anew=anew)
            except BusUnavailable as error:
                fault = error
                continue
            found += [head] if head is not None else []
        if fault is not None and not found:
            raise fault
        return sorted(found, key=lambda head: head.number)

    async def vouched_by(self, jurisdiction: str) -> list[Vouch]:
        """What a jurisdiction's node has cosigned of others' logs, as it shows it."""
        return await self.until_closed(self._vouched.newest(jurisdiction))

    async def after(self, head: Head, jurisdiction: str, family: str) -> Head | None:
        """The checkpoint at the next source that shows one."""
        return await self._heads.after(head, jurisdiction, family)

    async def pause(self) -> None:
        """Until it is time to ask again."""
        await self.until_closed(asyncio.sleep(self._every_s))

    async def until_closed(self, work: Coroutine[Any, Any, T]) -> T:
        """What ``work`` gives; ``BusClosed`` as soon as the bus is closed."""
        tasks = task, closed = asyncio.ensure_future(work), asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if closed.done():
                raise BusClosed("the bus is closed")
            return task.result()
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def max_batch(self) -> int:
        """How many messages a list may hold."""
        return self._max_batch

    def _split(self, topic: str) -> tuple[str, str]:
        below, _, rest = checked_topic(topic).partition(f"{self._prefix}.")
        jurisdiction, _, family = rest.partition(".")
        if below or not jurisdiction or not family:
            raise BadTopic(f"{topic!r} is no topic below {self._prefix}.")
        return jurisdiction, family


class _TileReading(ABC):
    """A ``Reading`` that asks now and then. ``_found`` changes nothing that a cancelled wait would lose."""

    def __init__(self, bus: TileBus, position: int | None) -> None:
        self._bus = bus
        self._position = position or 0
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Received]:
        while not self._closed:
            found = await self._bus.until_closed(self._found())
            if found:
                self._position = found[-1].position + 1
                return found
            await self._bus.pause()
        raise BusClosed("this reading is closed")

    async def aclose(self) -> None:
        """Nothing is read after."""
        self._closed = True

    @abstractmethod
    async def _found(self) -> list[Received]:
        """What there is from the position on, or nothing yet."""


class RecordReading(_TileReading):
    """The leaves of one log from an index on, bundle by bundle."""

    def __init__(self, bus: TileBus, jurisdiction: str, family: str, position: int | None) -> None:
        super().__init__(bus, position)
        self._log = jurisdiction, family
        self._bundle: list[Received] = []
        self._seals: SealFiles | None = None

    async def _found(self) -> list[Received]:
        held = [each for each in self._bundle if each.position >= self._position]
        if not held:
            held = self._bundle = await self._fetched()
        return _bounded(held, self._bus.max_batch)

    async def _fetched(self) -> list[Received]:
        """What the first source has from the position on that has anything there, and all that belongs to it."""
        fault: GatewayError | None = None
        head = await self._bus.newest(*self._log)
        while head is not None:
            try:
                if head.size > self._position:
                    return await self._bundle_of(head)
            except (Unreachable, Refused) as error:
                fault = error
            else:
                self._check_end(head)
                if head.is_owner:
                    return []
            head = await self._bus.after(head, *self._log)
        if fault is not None:
            raise BusUnavailable(fault.message)
        return []

    def _check_end(self, head: Head) -> None:
        """A partner may hold less than we do; what the owner doesn't show is not there."""
        if head.is_owner and head.size < self._position:
            raise PositionLost(f"{head.source.url} has {head.size} leaves, and not position {self._position}")

    async def _bundle_of(self, head: Head) -> list[Received]:
        start = self._position
        stop = min(head.size, (start // WIDTH + 1) * WIDTH)
        if self._seals is None or self._seals.source.url != head.source.url:
            self._seals = SealFiles(head.source)
        seals = await self._seals.between(start, stop)
        entries = await head.source.entries(start, stop, head.size)
        return [
            Received(index, messages.of_record(index, entry, seals.get(index + 1)))
            for index, entry in enumerate(entries, start)
        ]


class NoteReading(_TileReading):
    """The newest checkpoint notes of a jurisdiction's logs, and those of others that it has cosigned, whenever one is
    another than before.
    """

    def __init__(self, bus: TileBus, jurisdiction: str, position: int | None) -> None:
        super().__init__(bus, position)
        self._jurisdiction = jurisdiction
        self._begun = position is None

    async def _found(self) -> list[Received]:
        heads = await self._bus.newest_of(self._jurisdiction)
        found = {head.number: messages.of_checkpoint(head.origin, head.note) for head in heads}
        for vouch in await self._bus.vouched_by(self._jurisdiction):
            found[vouch.number] = messages.of_cosignature(vouch.origin, vouch.witness, vouch.note)
        if not self._begun and self._position > max(found, default=-1) + 1:
            raise PositionLost(f"no checkpoint of {self._jurisdiction} has the number {self._position}")
        self._begun = True
        return [Received(number, found[number]) for number in sorted(found) if number >= self._position]


class TakesNothing:
    """A ``BusWriter`` of topics that lie nowhere: the log's files have what it is given."""

    async def publish(self, topic: str, batch: Sequence[Message]) -> None:
        """Nobody waits for it here."""

    async def close(self) -> None:
        """Nothing is held."""


def _bounded(found: list[Received], most: int) -> list[Received]:
    room = MOST_BYTES
    for at, received in enumerate(found[:most]):
        message = received.message
        room -= len(message.key) + len(message.value) + sum(len(value) for _, value in message.headers)
        if at and room < 0:
            return found[:at]
    return found[:most]
