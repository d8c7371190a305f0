"""HOW do records travel without a broker? Through a folder that the nodes of one machine share.

``EmbeddedBus`` fulfils ``gateway.bus.port.Bus``: one SQLite file a topic, durable when ``publish`` returns (law 4).
Each writer has a thread and all readers share one, so the event loop never waits for a disk. Several processes
may use one folder; what another one writes is noticed within ``poll_s``, a little later under load. Records are
kept until ``trim``; checkpoint topics are compacted now and then. For several machines there is Kafka.

>>> async with EmbeddedBus(Path("bus"), prefix="jjj") as bus:
...     writer = await bus.claim("tongzhou")
...     await writer.publish("jjj.tongzhou.licence", batch)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from gateway.bus.embedded_feed import Feed, FeedReading, Limits
from gateway.bus.embedded_topic import TopicFile
from gateway.bus.embedded_writer import EmbeddedWriter
from gateway.bus.port import BusClosed, BusUnavailable, Message, checked_topic, topics_below

T = TypeVar("T")


class EmbeddedBus:
    """A folder of topics. A list read holds ``max_batch`` messages and ``max_batch_bytes`` at most, or just one.

    ``poll_s``: seconds between looks for what others wrote. ``busy_s``: how long to wait for their locks.
    """

    def __init__(
        self,
        folder: Path,
        *,
        prefix: str = "jjj",
        max_batch: int = 512,
        max_batch_bytes: int = 1 << 20,
        poll_s: float = 0.04,
        busy_s: float = 5.0,
    ) -> None:
        self._folder, self._prefix, self._poll_s = folder, prefix, poll_s
        self._limits = Limits(max_batch, max_batch_bytes, busy_s)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bus-read")
        self._feeds: dict[str, Feed] = {}
        self._writers: list[EmbeddedWriter] = []
        self._poller: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._poller = asyncio.create_task(self._poll(), name="embedded-bus-poll")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.wait([self._poller])
        for writer in self._writers:
            await writer.close()
        for feed in self._feeds.values():
            feed.close()
            await self._in_thread(feed.close_file)
        self._thread.shutdown(wait=False)

    def read(self, topic: str, position: int | None) -> FeedReading:
        """As ``BusReader.read``."""
        return FeedReading(self._feed(topic), position)

    async def end(self, topic: str) -> int:
        """As ``BusReader.end``."""
        return max(0, await self._in_thread(self._feed(topic).measure))

    async def signed_end(self, topic: str, size_of: Callable[[Message], int | None]) -> Message | None:
        """As ``BusReader.signed_end``."""
        feed = self._feed(topic)
        end = await self.end(topic)
        found: tuple[int, Message] | None = None
        position: int | None = None
        while (position is None or position < end) and (page := await feed.load(position)):
            for received in page:
                size = size_of(received.message)
                if size is not None and (found is None or size >= found[0]):
                    found = size, received.message
            position = page[-1].position + 1
        return None if found is None else found[1]

    async def claim(self, jurisdiction: str) -> EmbeddedWriter:
        """As ``Bus.claim``."""
        self._check_open()
        below = topics_below(self._prefix, jurisdiction)
        writer = EmbeddedWriter(self._folder, below, self._limits.busy_s, self._advanced)
        self._writers = [each for each in self._writers if not each.gone]
        self._writers.append(writer)
        await writer.take()
        return writer

    async def trim(self, topic: str, before: int) -> None:
        """Delete what lies before a position, as a broker's retention does. Raises ``BusUnavailable``."""
        feed = self._feed(topic)
        await self._in_thread(partial(_trim, self._file(topic), before, self._limits.busy_s))
        feed.forget()

    def _file(self, topic: str) -> Path:
        return self._folder / f"{checked_topic(topic)}.sqlite"

    def _feed(self, topic: str) -> Feed:
        self._check_open()
        feed = self._feeds.get(topic)
        if feed is None:
            feed = self._feeds[topic] = Feed(self._file(topic), self._thread, self._limits)
        return feed

    def _check_open(self) -> None:
        if self._poller is None or self._poller.done():
            raise BusClosed("the bus is not open")

    def _advanced(self, topic: str, end: int) -> None:
        if topic in self._feeds:
            self._feeds[topic].advance(end)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _poll(self) -> None:
        """Look for what others wrote while anybody waits. Whatever ends this, no reader waits for ever."""
        try:
            while True:
                await asyncio.sleep(self._poll_s)
                waited = [feed for feed in self._feeds.values() if feed.waiting]
                if waited:
                    for feed, end in zip(waited, await self._in_thread(partial(_ends, waited)), strict=True):
                        if end is None:
                            feed.stir()
                        else:
                            feed.advance(end)
        finally:
            for feed in self._feeds.values():
                feed.close()


def _ends(feeds: Sequence[Feed]) -> list[int | None]:
    return [_end(feed) for feed in feeds]


def _end(feed: Feed) -> int | None:
    """None where the file can't be read: who waits for it then reads for himself and is told why."""
    try:
        return feed.measure()
    except BusUnavailable:
        return None


def _trim(path: Path, before: int, busy_s: float) -> None:
    file = TopicFile(path, busy_s)
    try:
        file.trim(before)
    finally:
        file.close()
