"""WHO appends to the embedded bus? The writer of one jurisdiction, on its own thread, while its claim holds.

The thread takes batches one after the other, so calls that overlap keep their order. Whatever goes wrong ends
the writer before the next batch is looked at: nothing is appended behind a batch that may be missing.

>>> writer = EmbeddedWriter(folder, "jjj.tongzhou.", busy_s=5, advanced=lambda topic, end: None)
>>> await writer.take()
>>> await writer.publish("jjj.tongzhou.licence", batch)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from gateway.bus.embedded_claim import ClaimFile
from gateway.bus.embedded_topic import TopicFile
from gateway.bus.port import BadTopic, BusClosed, BusUnavailable, Message, checked_topic, is_compacted

T = TypeVar("T")
# So many of the newest messages of a checkpoint topic are left alone: about ten minutes of a busy jurisdiction,
# as long as Kafka's `segment.ms` leaves them.
COMPACT_EVERY = 8192


class EmbeddedWriter:
    """As ``BusWriter``. ``below`` begins all topics it may write; ``advanced(topic, end)`` hears of each batch."""

    def __init__(self, folder: Path, below: str, busy_s: float, advanced: Callable[[str, int], None]) -> None:
        self._folder, self._below, self._busy_s, self._advanced = folder, below, busy_s, advanced
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"bus-write-{below}")
        self._ended = ""  # why no more is taken; the event loop's
        self._released: Future[None] | None = None
        self._failed = False  # set by either thread, never unset: what is queued is not appended any more
        self._claim: ClaimFile | None = None  # from here on the writing thread's
        self._epoch = 0
        self._topics: dict[str, TopicFile] = {}

    @property
    def gone(self) -> bool:
        """Whether it has ended and given everything back."""
        return self._released is not None and self._released.done()

    async def take(self) -> None:
        """Claim the jurisdiction: once, before the first ``publish``. Raises ``BusUnavailable``."""
        await self._run(self._take)

    async def publish(self, topic: str, batch: Sequence[Message]) -> None:
        """As ``BusWriter.publish``."""
        end = await self._run(partial(self._append, topic, tuple(batch)))
        if batch:
            self._advanced(topic, end)

    async def close(self) -> None:
        """As ``BusWriter.close``."""
        await asyncio.shield(asyncio.wrap_future(self._end("its owner closed it")))

    async def _run(self, work: Callable[[], T]) -> T:
        if self._ended:
            raise BusClosed(f"this writer has ended: {self._ended}")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except BaseException as error:  # cancellation too: the batch may be there, or not
            self._failed = True
            self._end(str(error) or type(error).__name__)
            raise

    def _end(self, reason: str) -> Future[None]:
        if self._released is None:
            self._ended = reason
            self._released = self._thread.submit(self._release)
            self._thread.shutdown(wait=False)
        return self._released

    def _take(self) -> None:
        self._claim = ClaimFile(self._folder / f"{self._below}claim", self._busy_s)
        self._epoch = self._claim.take()

    def _append(self, topic: str, batch: Sequence[Message]) -> int:
        if self._failed or self._claim is None:
            raise BusClosed("this writer has ended: a batch before this one failed")
        try:
            if not topic.startswith(self._below):
                raise BadTopic(f"{topic[:80]!r} is not below {self._below}")
            with self._claim.held(self._epoch):
                return self._append_to(topic, batch) if batch else 0
        except BaseException:
            self._failed = True
            raise

    def _append_to(self, topic: str, batch: Sequence[Message]) -> int:
        file = self._topics.get(topic)
        if file is None:
            path = self._folder / f"{checked_topic(topic)}.sqlite"
            file = self._topics[topic] = TopicFile.made(path, self._busy_s)
        end = file.append(batch)
        if is_compacted(topic) and end // COMPACT_EVERY > (end - len(batch)) // COMPACT_EVERY:
            file.compact(end - COMPACT_EVERY)
        return end

    def _release(self) -> None:
        for file in (*self._topics.values(), self._claim):
            with suppress(BusUnavailable):  # closed or not, nothing more is asked of it
                if file is not None:
                    file.close()
