"""Which answers wait for the bus, and how much may wait? (DESIGN §6, law 5)

``local``: what is durable here is shown and answered at once; the bus is told afterwards. ``replicated``: nothing of a
commit is shown or answered before the bus has it. Both go one way: an own log has what it has *sealed* and what it
*shows*; an answer waits until all that was sealed when it was made is shown. Commits go on meanwhile, up to
``MOST_LEAVES`` and ``MOST_BYTES`` that nobody has seen. A caller who has waited ``within_s`` is told so and sends again
under the same ids; while nothing goes on for so long, nobody is let in.

>>> acknowledgement.hold(callers, receipts, entries)
>>> acknowledgement.moved_on()
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gateway.errors import CannotRun
from gateway.node.door import Receipt
from gateway.node.lanes import Waiting
from gateway.node.sealer import OwnLog

MOST_LEAVES = 20_000
MOST_BYTES = 64 << 20
LOOK_S = 0.25
"""Seconds between looks while something waits: whether there is room, whether a checkpoint may be published."""


@dataclass(slots=True)
class _Held:
    """The callers of one commit. ``sizes``: what each log must show first, in the order of the logs."""

    callers: list[Waiting]
    receipts: list[list[Receipt]]
    sizes: tuple[int, ...]
    bytes: int
    timer: asyncio.TimerHandle | None = None


class Acknowledgement:
    """The answers under way. ``told``: is given the receipts of each answer that goes out."""

    def __init__(
        self,
        logs: Iterable[OwnLog],
        *,
        replicated: bool,
        within_s: float,
        told: Callable[[Sequence[Receipt]], None],
    ) -> None:
        self.replicated = replicated
        self._logs = tuple(logs)
        self._within_s = within_s
        self._told = told
        self._held: deque[_Held] = deque()
        self._bytes = 0
        self._shown = 0
        self._still_since: float | None = None

    @property
    def unshown(self) -> int:
        """Leaves that are sealed and not shown."""
        return sum(own.unshown for own in self._logs)

    @property
    def room(self) -> bool:
        """Whether another commit may be made."""
        return self.unshown < MOST_LEAVES and self._bytes < MOST_BYTES

    @property
    def overdue(self) -> CannotRun | None:
        """Why nobody is let in now: the bus has taken nothing for ``within_s``, and something waits for it."""
        still_s = 0.0 if self._still_since is None else time.monotonic() - self._still_since
        if still_s <= self._within_s:
            return None
        return CannotRun(
            "publish.bus_away",
            f"the bus has taken nothing for {still_s:.0f} s and {self.unshown} records wait for it;"
            " this request was not looked at",
        )

    def hold(self, callers: list[Waiting], receipts: list[list[Receipt]], size: int) -> None:
        """Answer these callers when all that is sealed now is shown. ``size``: bytes of their entries."""
        held = _Held(callers, receipts, tuple(own.size for own in self._logs), size)
        self._held.append(held)
        self._bytes += size
        self._settle()
        if self._held:
            held.timer = asyncio.get_running_loop().call_later(self._within_s, self._give_up, held)
            self._still_since = self._still_since or time.monotonic()

    def moved_on(self) -> None:
        """A log shows something new, a heartbeat perhaps: answer whom nothing keeps waiting any more."""
        self._settle()
        shown = sum(own.size - own.unshown for own in self._logs)
        if not self.unshown:
            self._still_since = None
        elif shown > self._shown or self._still_since is None:
            self._still_since = time.monotonic()
        self._shown = shown

    def _settle(self) -> None:
        shown = [own.size - own.unshown for own in self._logs]
        while self._held and all(has >= wants for has, wants in zip(shown, self._held[0].sizes, strict=True)):
            held = self._held.popleft()
            self._bytes -= held.bytes
            if held.timer is not None:
                held.timer.cancel()
            for waiting, answers in zip(held.callers, held.receipts, strict=True):
                if not waiting.answer.done():
                    self._told(answers)
                    waiting.answer.set_result(answers)

    def _give_up(self, held: _Held) -> None:
        """Callers who have waited long enough; what they handed in stays, and goes out when the bus is back."""
        error = CannotRun(
            "publish.unacknowledged",
            f"durable here, not yet at the bus after {self._within_s:g} s: send it again with the same ids",
        )
        for waiting in held.callers:
            if not waiting.answer.done():
                waiting.answer.set_exception(error)
        held.callers, held.receipts = [], []

    def cancel(self) -> None:
        """The publisher ends: nobody may wait for an answer that never comes."""
        for held in self._held:
            for waiting in held.callers:
                waiting.answer.cancel()
