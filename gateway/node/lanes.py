"""Whose drafts come into the next commit? Live ones first; bulk waits behind them and comes in small parts.

A department's million historic rows and a clerk's one record meet at the same door. Every commit takes what waits in
the live lane, then at most one part of the bulk lane; so who comes while bulk is under way waits for one commit of at
most ``BULK_A_COMMIT`` historic records, and bulk goes on, slowly, however busy the live lane is. Each lane has its own
room: bulk that waits keeps nobody out.

>>> receipts = await lanes.answer(drafts, bulk=True)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.node.door import Draft, Receipt

MOST_A_COMMIT = 2_000
BULK_A_COMMIT = 500
MOST_WAITING = 20_000


@dataclass(slots=True)
class Waiting:
    """A caller's drafts, and where the answer goes."""

    drafts: Sequence[Draft]
    answer: asyncio.Future[list[Receipt]]


@dataclass(slots=True)
class _Lane:
    """Callers in their order. ``waiting``: drafts that are queued or under way."""

    queue: deque[Waiting] = field(default_factory=deque)
    waiting: int = 0
    room: asyncio.Condition = field(default_factory=asyncio.Condition)


class Lanes:
    """The publisher's queue."""

    def __init__(self) -> None:
        self._live, self._bulk = _Lane(), _Lane()
        self._arrived = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Drafts of both lanes that wait for their answer."""
        return self._live.waiting + self._bulk.waiting

    async def answer(self, drafts: Sequence[Draft], *, bulk: bool) -> list[Receipt]:
        """Queue drafts, in parts that fit a commit, and wait for all receipts; raises what the publisher answers."""
        lane, most = (self._bulk, BULK_A_COMMIT) if bulk else (self._live, MOST_A_COMMIT)
        answers: list[Receipt] = []
        for start in range(0, len(drafts), most):
            answers.extend(await self._part(lane, drafts[start : start + most]))
        return answers

    async def take(self) -> list[Waiting]:
        """What comes into the next commit; waits until there is something."""
        while not (batch := self._ready()):
            self._arrived.clear()
            await self._arrived.wait()
        return batch

    def drain(self) -> list[Waiting]:
        """Everybody who still waits in a queue."""
        found = [*self._live.queue, *self._bulk.queue]
        self._live.queue.clear()
        self._bulk.queue.clear()
        return found

    async def _part(self, lane: _Lane, drafts: Sequence[Draft]) -> list[Receipt]:
        async with lane.room:
            await lane.room.wait_for(lambda: lane.waiting < MOST_WAITING)
            lane.waiting += len(drafts)
        try:
            waiting = Waiting(drafts, asyncio.get_running_loop().create_future())
            lane.queue.append(waiting)
            self._arrived.set()
            return await waiting.answer
        finally:
            async with lane.room:
                lane.waiting -= len(drafts)
                lane.room.notify_all()

    def _ready(self) -> list[Waiting]:
        batch: list[Waiting] = []
        count = 0
        while count < MOST_A_COMMIT and self._live.queue:
            batch.append(self._live.queue.popleft())
            count += len(batch[-1].drafts)
        if self._bulk.queue:
            batch.append(self._bulk.queue.popleft())
        return batch
