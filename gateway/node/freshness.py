"""How fresh a log is: the age of its owner's newest dated statement about a tree that this node holds whole (DESIGN
§4).

Pure: instants come in as arguments, ``now`` in seconds of the wall clock, ``tick`` in seconds of a clock that never
jumps.

>>> freshness.heard(size=812, date=1795400000, now=1795400001.2, tick=17.0)
>>> freshness.verified(812)
>>> freshness.age(now=1795400004.2, tick=20.0)
4.2
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

MOST_AHEAD_S = 30
LACKING_S = 300
SKEW_WINDOW_S = 600
MOST_PENDING = 64


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One dated statement of the owner: tree size, date in seconds, and the tick when it came."""

    size: int
    date: int
    tick: float


@dataclass(slots=True)
class _Pending:
    """A size that the reader lacks: when it was first shown, and its newest heartbeat that can be used."""

    since: float
    newest: Heartbeat | None = None


@dataclass(slots=True)
class Freshness:
    """Of one log, as one reader sees it."""

    newest: Heartbeat | None = None
    heard_at: float | None = None
    from_future: int = 0
    _size: int = 0
    _pending: dict[int, _Pending] = field(default_factory=dict)

    def heard(self, size: int, date: int, now: float, tick: float) -> None:
        """A valid dated statement came. One dated over 30 s ahead is not used."""
        self.heard_at = tick
        if date - now > MOST_AHEAD_S:
            self.from_future += 1
            return
        beat = Heartbeat(size, date, tick)
        if size <= self._size:
            self._use(beat)
            return
        pending = self._pending_of(size, tick)
        if pending.newest is None or date > pending.newest.date:
            pending.newest = beat

    def shown(self, size: int, tick: float) -> None:
        """A valid cosignature shows that the log has this size, whatever its owner shows to this reader, and however it
        dates it.
        """
        if size > self._size:
            self._pending_of(size, tick)

    def _pending_of(self, size: int, tick: float) -> _Pending:
        pending = self._pending.setdefault(size, _Pending(tick))
        if len(self._pending) > MOST_PENDING:
            del self._pending[max(each for each in self._pending if each != size)]
        return pending

    def verified(self, size: int) -> None:
        """The reader holds the tree of this size whole now."""
        self._size = size
        for ready in [pending for pending in self._pending if pending <= size]:
            self._use(self._pending.pop(ready).newest)

    def _use(self, beat: Heartbeat | None) -> None:
        if beat is None:
            return
        if self.newest is None or (beat.date, beat.size) > (self.newest.date, self.newest.size):
            self.newest = beat

    def age(self, now: float, tick: float) -> float | None:
        """Age in seconds: the larger of wall clock and steady clock; None when nothing usable was heard, or a size is
        lacking.
        """
        if self.newest is None or self.lacking(tick):
            return None
        return max(now - self.newest.date, tick - self.newest.tick)

    def lacking(self, tick: float) -> bool:
        """Whether owner or witnesses have shown, for over 5 minutes, a size that this reader still lacks."""
        return any(tick - pending.since > LACKING_S for pending in self._pending.values())

    @property
    def known_size(self) -> int:
        """Largest size that the owner has signed, held or not."""
        return max(self._pending, default=self._size)


class OwnClock:
    """Whether the partners' dates say that this node's own clock is slow."""

    def __init__(self) -> None:
        self._ahead: dict[str, deque[tuple[float, float]]] = {}

    def heard(self, partner: str, date: int, now: float, tick: float) -> None:
        """A partner's new dated statement, at receipt."""
        seen = self._ahead.setdefault(partner, deque(maxlen=600))
        seen.append((tick, date - now))

    def slow(self, tick: float) -> bool:
        """Whether the median over partners of (their date - own clock), last 10 minutes, exceeds +30 s."""
        each = []
        for seen in self._ahead.values():
            recent = [ahead for at, ahead in seen if tick - at <= SKEW_WINDOW_S]
            if recent:
                each.append(median(recent))
        return bool(each) and median(each) > MOST_AHEAD_S
