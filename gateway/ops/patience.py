"""A node that is away for a while: how long is it waited for? With growing pauses, five minutes in all, told each time.

Asking again is safe wherever ids repeat: what the node took without our hearing it comes back as duplicate. Several
requests under way wait for the same return; one of them tells, and the first answer sets the pauses back.

>>> patience = Patience(say=print)
>>> answers = await patience.ask(lambda again: publish(session, url, drafts))
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from gateway.errors import CannotRun

T = TypeVar("T")
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 60.0, 60.0, 60.0)


class NodeAway(CannotRun):
    """The node does not answer, or says that it can't seal now (502, 503, 504): it may by itself be better later."""


class Patience:
    """One node's; ``pauses_s`` in their order, after the last of which its error stands. None: no second try."""

    def __init__(self, *, say: Callable[[str], None], pauses_s: Sequence[float] = PAUSES_S) -> None:
        self._say = say
        self._pauses_s = pauses_s
        self._pausing = asyncio.Lock()
        self._pauses = 0
        self._tried = 0  # of the pauses since the last answer

    async def ask(self, work: Callable[[bool], Awaitable[T]]) -> T:
        """The answer of ``work``, which is told whether it was tried before. Raises what it raises last."""
        again = False
        while True:
            before = self._pauses
            try:
                found = await work(again)
            except NodeAway as error:
                again = True
                await self._pause(error, before)
            else:
                self._tried = 0
                return found

    async def _pause(self, error: NodeAway, before: int) -> None:
        async with self._pausing:
            if self._pauses != before:
                return  # somebody else has waited since this one asked
            if self._tried >= len(self._pauses_s):
                raise error
            pause = self._pauses_s[self._tried]
            told = f"{error.zh or error.message} [{error.reason}]"
            self._say(f"{told}：{pause:g} 秒后重试 · will try again in {pause:g} s")
            await asyncio.sleep(pause)
            self._tried += 1
            self._pauses += 1
