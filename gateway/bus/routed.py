"""WHERE do a jurisdiction's topics lie? On the usual bus, on another cluster, or nowhere: then tiles alone carry its
records (DESIGN §5).

>>> async with RoutedBus(usual, {"xiongan": KafkaBus(theirs), "binhai": Nowhere()}, prefix="jjj") as bus:
...     batches = bus.read("jjj.xiongan.licence", None)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from gateway.bus.port import Bus, BusClosed, BusWriter, Message, Reading, Received, checked_topic, topics_below


class RoutedBus:
    """As ``Bus``: each topic by its jurisdiction, on one of several buses, which are opened and closed with it."""

    def __init__(self, usual: Bus, elsewhere: Mapping[str, Bus], *, prefix: str) -> None:
        self._usual = usual
        self._elsewhere = {topics_below(prefix, each): bus for each, bus in elsewhere.items()}
        self._stack = AsyncExitStack()
        self._prefix = prefix

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            for bus in (self._usual, *self._elsewhere.values()):
                await opening.enter_async_context(bus)
            self._stack = opening.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def read(self, topic: str, position: int | None) -> Reading:
        """As ``BusReader.read``."""
        return self._of(topic).read(topic, position)

    async def end(self, topic: str) -> int:
        """As ``BusReader.end``."""
        return await self._of(topic).end(topic)

    async def signed_end(self, topic: str, size_of: Callable[[Message], int | None]) -> Message | None:
        """As ``BusReader.signed_end``."""
        return await self._of(topic).signed_end(topic, size_of)

    async def claim(self, jurisdiction: str) -> BusWriter:
        """As ``Bus.claim``."""
        return await self._of(topics_below(self._prefix, jurisdiction)).claim(jurisdiction)

    def _of(self, topic: str) -> Bus:
        return next((bus for below, bus in self._elsewhere.items() if topic.startswith(below)), self._usual)


class Nowhere:
    """The bus of those who have none: readers wait, and what is published is for tiles to carry."""

    def __init__(self) -> None:
        self._closed = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()

    def read(self, topic: str, position: int | None) -> Silence:
        """Waits until this bus is closed."""
        checked_topic(topic)
        return Silence(self._closed)

    async def end(self, topic: str) -> int:
        """Nothing lies here."""
        checked_topic(topic)
        return 0

    async def signed_end(self, topic: str, size_of: Callable[[Message], int | None]) -> Message | None:
        """Nothing lies here."""
        checked_topic(topic)
        return None

    async def claim(self, jurisdiction: str) -> TakesNothing:
        """A writer for whom there is nothing to do."""
        topics_below("x", jurisdiction)
        return TakesNothing()


class Silence:
    """A ``Reading`` of a topic that will never be."""

    def __init__(self, closed: asyncio.Event) -> None:
        self._closed = closed

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Received]:
        await self._closed.wait()
        raise BusClosed("the bus is closed")

    async def aclose(self) -> None:
        """Nothing is held."""


class TakesNothing:
    """A ``BusWriter`` of topics that lie nowhere: nobody waits for what it is given."""

    async def publish(self, topic: str, batch: Sequence[Message]) -> None:
        """The log's tiles have it."""

    async def close(self) -> None:
        """Nothing is held."""
