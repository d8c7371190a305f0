"""One way to look at any log that a node holds, its own or a partner's: what counter, web and health read.

>>> view = views.log("jjj.example/sanhe/licence")
>>> view.size, view.age_s
(812, 3.2)
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.ledger import logbook
from gateway.ledger.database import Database
from gateway.ledger.logbook import Log
from gateway.node import ending
from gateway.node.follower import Follower
from gateway.node.inforce import InForce
from gateway.node.publisher import Publisher
from gateway.trust.members import Ended


@dataclass(frozen=True, slots=True)
class LogView:
    """A log at one instant. ``age_s``: seconds since the owner's newest usable dated statement, None if there is none;
    ``lacking``: leaves that the owner has signed and this node lacks, ``lacking_long``: for over 5 minutes;
    ``note``: newest checkpoint held whole; ``ended``: how the log ended, by the roster. One that has ended and is held
    whole is of age 0, one that is not lacks leaves and has no age."""

    log: Log
    own: bool
    connection: sqlite3.Connection
    age_s: float | None
    lacking: int
    lacking_long: bool
    note: bytes
    date: int | None
    ended: Ended | None = None

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
        trust: InForce,
        ended: Sequence[Log] = (),
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``ended``: own logs that had ended when the node started."""
        self._ended = ended
        self._trust = trust
        self._clock = clock
        self._mirrors = mirrors
        self._publisher = publisher
        self._followers = followers

    def all(self) -> Iterator[LogView]:
        """Own logs first, then mirrors."""
        for state in self._publisher.logs.values():
            yield self._own(state.own.log.family)
        yield from map(self._own_ended, self._ended)
        for follower in list(self._followers.values()):
            yield self._mirrored(follower)

    def log(self, origin: str) -> LogView | None:
        """The log of an origin."""
        for family, state in self._publisher.logs.items():
            if state.own.log.origin == origin:
                return self._own(family)
        for log in self._ended:
            if log.origin == origin:
                return self._own_ended(log)
        follower = self._followers.get(origin)
        return None if follower is None else self._mirrored(follower)

    def of(self, jurisdiction: str, family: str) -> list[LogView]:
        """The logs of a jurisdiction and family: one, or several when a log was succeeded; newest last."""
        place = (jurisdiction, family)
        states, followers = self._publisher.logs.values(), list(self._followers.values())
        found = [self._own(family) for each in states if (each.own.log.jurisdiction, each.own.log.family) == place]
        found += [self._own_ended(log) for log in self._ended if (log.jurisdiction, log.family) == place]
        found += [self._mirrored(each) for each in followers if (each.log.jurisdiction, each.log.family) == place]
        return sorted(found, key=lambda view: view.log.generation)

    def named(self, jurisdiction: str, name: str) -> LogView | None:
        """The log of a jurisdiction whose origin ends so: ``licence``, ``licence.2``."""
        family = name.partition(".")[0]
        return next((view for view in self.of(jurisdiction, family) if view.log.name == name), None)

    def _end_of(self, origin: str) -> Ended | None:
        known = self._trust.current.roster.log(origin)
        return known[1].ended if known is not None else None

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
        return self._as_ended(LogView(found, True, self._publisher.shown.connection, age, 0, False, note, date))

    def _own_ended(self, log: Log) -> LogView:
        connection = self._publisher.shown.connection
        newest = logbook.newest_checkpoint(connection, log.number)
        note, date = (newest[2], newest[1]) if newest is not None else (b"", None)
        return self._as_ended(LogView(log, True, connection, None, 0, False, note, date))

    def _as_ended(self, view: LogView) -> LogView:
        ended = self._end_of(view.origin)
        if ended is None:
            return view
        if ending.is_whole(view.connection, view.log, ended):
            return replace(view, ended=ended, age_s=0.0, lacking=0, lacking_long=False)
        lacking = max(1, ended.size - view.size)
        return replace(view, ended=ended, age_s=None, lacking=lacking, lacking_long=True)

    def _mirrored(self, follower: Follower) -> LogView:
        beat = follower.freshness.newest
        age = follower.freshness.age(follower.parts.clock(), time.monotonic())
        lacking = max(0, follower.freshness.known_size - follower.log.size)
        date = beat.date if beat is not None else None
        late = follower.freshness.lacking(time.monotonic())
        note = follower.newest_note
        return self._as_ended(LogView(follower.log, False, self._mirrors.read, age, lacking, late, note, date))
