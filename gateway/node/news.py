"""What is new in the logs that this node holds? Told to whoever listens, by (log, index), and resumable (DESIGN §9).

Nothing is queued for anybody. A listener is a position in each log that it wants; what is new is read from the index
when it has its turn, so a slow one costs no memory, misses nothing and can go on after a restart, at the same node or
another. One look at all logs, a few times a second and only while somebody listens, wakes them.

>>> with news.listening(Wanted(subjects=(subject,)), {}) as listener:
...     async for told in listener.told():
...         print(told.kind, told.data)
record {'log': 'jjj.example/sanhe/licence', 'index': 812, 'type': 'jjj.licence.revoked', ...}
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from gateway.errors import CannotRun, Refused
from gateway.ledger.logbook import index_of, key_of
from gateway.node import subjects
from gateway.node.inforce import InForce
from gateway.node.views import LogView, Views

LOOK_S = 0.25
BEAT_S = 2.0
"""Seconds after which a listener that heard nothing is told that all is well."""
MOST_LISTENERS = 200
LEAVES_A_STEP = 512
MOST_POSITIONS = 512
_POSITION = re.compile("([!-+\\--<>-~]{1,200})=(0|[1-9][0-9]{0,14})")
_NEWS = (
    "SELECT r.key, s.subject, r.type, NULL FROM records r JOIN subjects s ON s.number = r.subject"
    " WHERE r.key >= ? AND r.key < ? UNION ALL"
    " SELECT q.key, q.subject, NULL, q.reason FROM quarantine q WHERE q.key >= ? AND q.key < ? ORDER BY 1"
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which news: of one family, of one source, of subjects; one that ends in a colon means all that begin so, as the
    credit facts of a holder do.
    """

    family: str | None = None
    source: str | None = None
    subjects: tuple[str, ...] = ()

    def log(self, view: LogView) -> bool:
        """Whether news of this log are wanted."""
        return self.family in (None, view.log.family) and self.source in (None, view.log.jurisdiction)

    def subject(self, subject: str | None) -> bool:
        """Whether news of this subject are wanted; a leaf whose subject can't be read may be about any."""
        if subject is None or not self.subjects:
            return True
        return any(subject == each or (each.endswith(":") and subject.startswith(each)) for each in self.subjects)


@dataclass(frozen=True, slots=True)
class LogState:
    """A log as listeners are told of it. ``lacking``: its owner has signed more, for over 5 minutes."""

    log: str
    size: int
    frozen: str | None
    quarantined: int
    lacking: bool

    def told(self) -> dict[str, Any]:
        """As data of an event."""
        found = {"log": self.log, "size": self.size, "quarantined": self.quarantined, "lacking": self.lacking}
        return found if self.frozen is None else {**found, "frozen": self.frozen}


@dataclass(frozen=True, slots=True)
class Told:
    """One event. ``kind``: record, quarantined, log, trust or beat; ``after``: where to go on when it was heard."""

    kind: str
    data: Mapping[str, Any]
    after: str


class News:
    """The one that looks. ``run`` is a task of the node; without it nobody is told anything."""

    def __init__(self, views: Views, trust: InForce) -> None:
        self._views = views
        self._trust = trust
        self._listeners = 0
        self._wanted = asyncio.Event()
        self.turn = asyncio.Event()
        self.closed = False

    async def run(self) -> None:
        """Look while anybody listens, until cancelled; a fault of the disk is told and looked past."""
        before: object = None
        while True:
            await self._wanted.wait()
            try:
                now = self.states(), self.versions()
                if now != before:
                    before = now
                    self._next_turn()
            except (CannotRun, sqlite3.Error) as error:
                log.warning("news.unread", message=str(error))
            await asyncio.sleep(LOOK_S)

    def close(self) -> None:
        """The server ends: so does every listener."""
        self.closed = True
        self._next_turn()

    def _next_turn(self) -> None:
        waiting, self.turn = self.turn, asyncio.Event()
        waiting.set()

    @contextmanager
    def listening(self, wanted: Wanted, after: Mapping[str, int]) -> Iterator[Listener]:
        """A listener; ``after``: positions to go on from, logs that it does not name from now on. Raises ``CannotRun``
        ``events.full``.
        """
        if self._listeners >= MOST_LISTENERS:
            raise CannotRun("events.full", f"{MOST_LISTENERS} listeners are served, and no more")
        self._listeners += 1
        self._wanted.set()
        try:
            yield Listener(self, self._views, wanted, {**self._sizes(wanted, after)}, self.states(), self.versions())
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._wanted.clear()

    def positions(self, wanted: Wanted) -> str:
        """Where all that is wanted stands now, as ``after`` of an event says it."""
        return written(self._sizes(wanted, {}))

    def _sizes(self, wanted: Wanted, after: Mapping[str, int]) -> dict[str, int]:
        """Nobody stands beyond what is held: an index that comes later is news."""
        views = (view for view in self._views.all() if wanted.log(view))
        return {view.origin: min(view.size, after.get(view.origin, view.size)) for view in views}

    def states(self) -> dict[str, LogState]:
        """Every log as it is now."""
        return {view.origin: _state(view) for view in self._views.all()}

    def versions(self) -> dict[str, Any]:
        """Of the trust data in force."""
        trust = self._trust.current
        return {
            "roster": trust.roster.version,
            "agreements": trust.agreements.version,
            "catalogue": trust.catalogue.version,
        }


def _state(view: LogView) -> LogState:
    quarantined = subjects.count_quarantined(view.connection, view.log)
    return LogState(view.origin, view.size, view.log.frozen, quarantined, view.lacking_long)


@dataclass(slots=True)
class Listener:
    """One who listens: positions by origin, and what was told of each log and of trust data last."""

    news: News
    views: Views
    wanted: Wanted
    positions: dict[str, int]
    states: dict[str, LogState]
    versions: dict[str, Any] = field(default_factory=dict)

    async def told(self) -> AsyncIterator[Told]:
        """First that all is well, then what is new, as it comes; ends when the server does."""
        yield self._say("beat", {})
        while not self.news.closed:
            turn = self.news.turn
            async for told in self._due():
                yield told
            try:
                async with asyncio.timeout(BEAT_S):
                    await turn.wait()
            except TimeoutError:
                yield self._say("beat", {})

    async def _due(self) -> AsyncIterator[Told]:
        for view in list(self.views.all()):
            if not self.wanted.log(view):
                continue
            at = self.positions.setdefault(view.origin, 0)
            while at < view.size:
                end = min(at + LEAVES_A_STEP, view.size)
                for told in self._leaves(view, at, end):
                    yield told
                at = self.positions[view.origin] = end
                await asyncio.sleep(0)  # others have their turn between the steps of a long way
            for told in self._state_of(view):
                yield told
        if (versions := self.news.versions()) != self.versions:
            self.versions = versions
            yield self._say("trust", versions)

    def _leaves(self, view: LogView, start: int, end: int) -> Iterator[Told]:
        span = (key_of(view.log.number, start), key_of(view.log.number, end))
        for key, subject, kind, reason in view.connection.execute(_NEWS, span * 2).fetchall():
            if not self.wanted.subject(subject):
                continue
            index = index_of(key)
            self.positions[view.origin] = index + 1
            place = {"log": view.origin, "index": index, "source": f"urn:jjj:{view.log.jurisdiction}"}
            about = {} if subject is None else {"subject": subject}
            if reason is None:
                yield self._say("record", place | about | {"type": kind})
            else:
                yield self._say("quarantined", place | about | {"reason": reason})

    def _state_of(self, view: LogView) -> Iterator[Told]:
        """Who asked for subjects is not told that a log has grown by others."""
        now, before = _state(view), self.states.get(view.origin)
        self.states[view.origin] = now
        if now == before:
            return
        grown_only = before is not None and (now.frozen, now.quarantined, now.lacking) == (
            before.frozen,
            before.quarantined,
            before.lacking,
        )
        if not (grown_only and self.wanted.subjects):
            yield self._say("log", now.told())

    def _say(self, kind: str, data: Mapping[str, Any]) -> Told:
        return Told(kind, data, written(self.positions))


def written(positions: Mapping[str, int]) -> str:
    """Positions as they travel: ``origin=size`` joined by commas, each the index of the next leaf."""
    return ",".join(f"{origin}={position}" for origin, position in positions.items())


def read(text: str) -> dict[str, int]:
    """The inverse of ``written``. Raises ``Refused`` ``query.form``."""
    if not text:
        return {}
    found = [_POSITION.fullmatch(part) for part in text.split(",", MOST_POSITIONS)]
    if None in found:
        raise Refused("query.form", "a position is origin=index, several are joined by commas", field="after")
    return {each[1]: int(each[2]) for each in found if each is not None}
