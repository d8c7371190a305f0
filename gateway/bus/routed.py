"""WHERE do a jurisdiction's topics lie? On the usual bus, on another cluster, or nowhere: then tiles are read as if
they were topics (DESIGN §5).

>>> elsewhere = {"xiongan": KafkaBus(theirs), "binhai": TileBus(sources, prefix="jjj")}
>>> async with RoutedBus(usual, elsewhere, prefix="jjj") as bus:
...     batches = bus.read("jjj.xiongan.licence", None)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from gateway.bus.port import Bus, BusWriter, Message, Reading, topics_below


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
