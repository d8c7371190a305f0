"""One way to look at any log that a node holds, its own or a partner's: what counter, web and health read.

>>> view = views.log("jjj.example/sanhe/licence")
>>> view.size, view.age_s
(812, 3.2)
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from gateway.ledger.database import Database
from gateway.ledger.logbook import Log
from gateway.node.follower import Follower
from gateway.node.publisher import Publisher


@dataclass(frozen=True, slots=True)
class LogView:
    """A log at one instant. ``age_s``: seconds since the owner's newest usable dated statement, None if there is none;
    ``lacking``: leaves that the owner has signed and this node lacks, ``lacking_long``: for over 5 minutes;
    ``note``: newest checkpoint held whole."""

    log: Log
    own: bool
    connection: sqlite3.Connection
    age_s: float | None
    lacking: int
    lacking_long: bool
    note: bytes
    date: int | None

    @property
    def origin(self) -> str:
        """The log's origin."""
        return self.log.origin

    @property
    def size(self) -> int:
        """Leaves under a verified checkpoint."""
        return self.log.size


class Views:
    """Looks at the publisher's own logs and the followers' mirrors."""

    def __init__(
        self,
        mirrors: Database,
        publisher: Publisher,
        followers: Mapping[str, Follower],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._mirrors = mirrors
        self._publisher = publisher
        self._followers = followers

    def all(self) -> Iterator[LogView]:
        """Own logs first, then mirrors."""
        for state in self._publisher.logs.values():
            yield self._own(state.own.log.family)
        for follower in list(self._followers.values()):
            yield self._mirrored(follower)

    def log(self, origin: str) -> LogView | None:
        """The log of an origin."""
        for family, state in self._publisher.logs.items():
            if state.own.log.origin == origin:
                return self._own(family)
        follower = self._followers.get(origin)
        return None if follower is None else self._mirrored(follower)

    def of(self, jurisdiction: str, family: str) -> list[LogView]:
        """The logs of a jurisdiction and family: one, or several when a log was succeeded; newest last."""
        own = [state.own.log for state in self._publisher.logs.values()]
        found = [self._own(log.family) for log in own if (log.jurisdiction, log.family) == (jurisdiction, family)]
        mirrored = [each for each in self._followers.values() if each.log.jurisdiction == jurisdiction]
        return found + [self._mirrored(each) for each in mirrored if each.log.family == family]

    def connections(self) -> tuple[sqlite3.Connection, sqlite3.Connection]:
        """Where subjects are looked up: the own ledger as far as it is shown, and the mirrors."""
        return self._publisher.shown.connection, self._mirrors.read

    def _own(self, family: str) -> LogView:
        state = self._publisher.logs[family]
        shown, newest = state.own.shown, state.own.newest
        found = replace(state.own.log, size=state.own.size - state.own.unshown)
        known = shown if state.own.unshown else newest  # nobody knows better than the owner that nothing is newer
        sealing = self._publisher.refusing is None and known is not None
        age = max(0.0, self._clock() - known.date) if known is not None and sealing else None
        note, date = (shown.note, shown.date) if shown is not None else (b"", None)
        return LogView(found, True, self._publisher.shown.connection, age, 0, False, note, date)

    def _mirrored(self, follower: Follower) -> LogView:
        beat = follower.freshness.newest
        age = follower.freshness.age(follower.parts.clock(), time.monotonic())
        lacking = max(0, follower.freshness.known_size - follower.log.size)
        date = beat.date if beat is not None else None
        late = follower.freshness.lacking(time.monotonic())
        return LogView(follower.log, False, self._mirrors.read, age, lacking, late, follower.newest_note, date)
