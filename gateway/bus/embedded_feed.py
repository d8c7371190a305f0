"""WHEN is there something to read? A feed is one topic as all its readers on one bus share it.

One connection, one reading for a position however many ask for it, the newest page at hand, one place to wait:
ninety readers of eighteen topics cost eighteen connections. The event loop owns the state here; the file belongs
to the bus's reading thread. Who waits is woken by a writer of the same bus at once, else by the bus's poller.

>>> feed = Feed(folder / "jjj.tongzhou.licence.sqlite", thread, limits)
>>> async for batch in FeedReading(feed, position=None):
...     ...
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Self

from gateway.bus.embedded_topic import TopicFile
from gateway.bus.port import BusClosed, BusUnavailable, Received

_MISSING = -1  # the end of a topic whose file is not there


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one list of messages, and seconds to wait for another process's lock."""

    max_batch: int
    max_batch_bytes: int
    busy_s: float


class Feed:
    """One topic on one bus. ``waiting``: how many readers wait for something new."""

    def __init__(self, path: Path, thread: ThreadPoolExecutor, limits: Limits) -> None:
        self.waiting = 0
        self._path, self._thread, self._limits = path, thread, limits
        self._end = _MISSING
        self._closed = False
        self._stirred = asyncio.Event()
        self._jobs: dict[int | None, asyncio.Future[tuple[int, list[Received]]]] = {}
        self._newest: tuple[int, list[Received]] = (0, [])  # position asked for, and what was read from there
        self._file: TopicFile | None = None

    async def page(self, position: int | None) -> list[Received]:
        """What lies from ``position``, as soon as there is anything. Raises what ``Reading`` does."""
        if position == self._end:
            await self._beyond(self._end)
        while True:
            end = self._end
            page = await self.load(position)
            if page:
                return page
            await self._beyond(end)

    async def load(self, position: int | None) -> list[Received]:
        """What lies from ``position`` now, perhaps nothing. A reading under way from there is shared."""
        if self._closed:
            raise BusClosed("the bus is closed")
        start, newest = self._newest
        if position is not None and newest and start <= position <= newest[-1].position:
            return newest[bisect_left(newest, position, key=attrgetter("position")) :]
        job = self._jobs.get(position)
        if job is None:
            job = asyncio.get_running_loop().run_in_executor(self._thread, self._read, position)
            self._jobs[position] = job
            job.add_done_callback(partial(self._loaded, position))
        # One reader's cancellation must not take the page from the others.
        return list((await asyncio.shield(job))[1])

    def advance(self, end: int) -> None:
        """The topic is known to reach to ``end``: wake who waits."""
        if end > self._end:
            self._end = end
            self.stir()

    def stir(self) -> None:
        """Wake who waits, to look again: there is something new, or something is wrong."""
        self._stirred.set()
        self._stirred = asyncio.Event()

    def forget(self) -> None:
        """Drop the page at hand: the topic's beginning was deleted."""
        self._newest = (0, [])

    def close(self) -> None:
        """Who waits or reads from now on gets ``BusClosed``."""
        self._closed = True
        self.stir()

    def measure(self) -> int:
        """On the reading thread: the end of the topic by its file. Raises ``BusUnavailable``."""
        try:
            file = self._opened()
            return _MISSING if file is None else file.end()
        except BusUnavailable:
            self.close_file()
            raise

    def close_file(self) -> None:
        """On the reading thread: close the connection; the next reading opens another."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _read(self, position: int | None) -> tuple[int, list[Received]]:
        try:
            file = self._opened()
            if file is None:
                return _MISSING, []
            return file.page(position, self._limits.max_batch, self._limits.max_batch_bytes)
        except BusUnavailable:
            self.close_file()
            raise

    def _opened(self) -> TopicFile | None:
        if self._file is None and self._path.exists():
            self._file = TopicFile(self._path, self._limits.busy_s)
        return self._file

    def _loaded(self, position: int | None, job: asyncio.Future[tuple[int, list[Received]]]) -> None:
        self._jobs.pop(position, None)
        if job.cancelled() or job.exception() is not None:
            return
        end, page = job.result()
        if page:
            self._newest = (page[0].position if position is None else position, page)
        self.advance(end)

    async def _beyond(self, end: int) -> None:
        if self._end != end or self._closed:
            return
        self.waiting += 1
        try:
            await self._stirred.wait()
        finally:
            self.waiting -= 1


class FeedReading:
    """A ``Reading`` of one feed. Its position moves only when a list is handed out: cancelling loses nothing."""

    def __init__(self, feed: Feed, position: int | None) -> None:
        self._feed = feed
        self._position = position
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Received]:
        if self._closed:
            raise StopAsyncIteration
        page = await self._feed.page(self._position)
        self._position = page[-1].position + 1
        return page

    async def aclose(self) -> None:
        """End the reading; it holds nothing that would have to be given back."""
        self._closed = True
