"""How far is it, and how long will it take? A line now and then, for logs and for terminals that nobody watches.

>>> advance = Advance("发布 publishing", say=print)
>>> advance(120_000, 1_000_000)
发布 publishing: 120000 / 1000000 (12 %), 约剩 about 3 min 40 s left
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

TELL_EVERY_S = 10.0
LOOK_BACK = 6
"""Steps told that the estimate looks back on: the last minute, so that a quick start does not promise too much."""


class Advance:
    """Tells at most one step in ten seconds; nothing of work that takes no longer. ``total`` 0: nobody knows yet."""

    def __init__(
        self,
        what: str,
        *,
        say: Callable[[str], None],
        every_s: float = TELL_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._say = say
        self._every_s = every_s
        self._clock = clock
        self._told = deque([(clock(), 0)], maxlen=LOOK_BACK)  # instants and how far it was

    def __call__(self, done: int, total: int) -> None:
        """One step."""
        now = self._clock()
        if now - self._told[-1][0] < self._every_s:
            return
        (then, before) = self._told[0]
        self._told.append((now, done))
        if not total:
            self._say(f"{self._what}: {done}")
            return
        about = ""
        if done > before:
            left = (now - then) * (total - done) / (done - before)
            about = f", 约剩 about {duration(left)} left"
        self._say(f"{self._what}: {done} / {total} ({100 * done // total} %){about}")


def duration(seconds: float) -> str:
    """Hours, minutes and seconds, the two largest that are there.

    >>> duration(3725)
    '1 h 2 min'
    """
    hours, rest = divmod(round(seconds), 3600)
    minutes, last = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {last} s" if minutes else f"{last} s"
