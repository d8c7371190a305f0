"""WHEN does this node vouch for a partner's log? The witness: it cosigns published checkpoints that extend all that it
has seen (DESIGN §4, C2SP tlog-witness).

Published ones only, so that several witnesses meet on one. A checkpoint waits until its tree is held whole; then, for
all logs that are due together: sign; the high-water file, synced; one transaction that recomputes the root from the
mirror, moves the largest size cosigned, and keeps the cosignature; only then may it leave. Equal size and root may be
cosigned again, dated later; a smaller size never, nor another root. A log that is frozen, or that this node once knew
larger or otherwise, is not cosigned.

>>> witness.published(follower, statement)
>>> await witness.step()
>>> witness.newest["jjj.example/sanhe/licence"]
b'jjj.example/sanhe/licence\\n812\\n...'
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog

from gateway.bus.messages import of_cosignature
from gateway.bus.port import Message
from gateway.errors import CannotRun
from gateway.ledger import cosignatures, logbook
from gateway.ledger.cosignatures import Cosignature
from gateway.ledger.database import Database, faults_named
from gateway.ledger.logbook import Log
from gateway.ledger.witnessmarks import WitnessMarks
from gateway.node.cosigners import Cosigners
from gateway.node.follower import Follower
from gateway.node.mirrorparts import Followed
from gateway.node.statements import Statement
from gateway.trust.suites import Cosigner

EVERY_S = 1.0
"""Seconds between two cosignatures on one log, at least."""
TICK_S = 0.1
"""Seconds in which logs gather for one transaction."""
IDLE_S = 10.0
PAUSE_S = 1.0
MOST_WAITING = 64

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WitnessKeys:
    """The name of this node's cosignatures. ``at``: whose keys date one at that second; ``CannotRun``: nobody does."""

    name: str
    at: Callable[[int], Sequence[Cosigner]]


@dataclass(slots=True)
class _Watched:
    """One partner's log as its witness sees it: published checkpoints not cosigned yet, by size; the owner's size and
    date cosigned last; this node's own last date; when the next may be cosigned; whether the mirror was found to hold
    what was cosigned before.
    """

    waiting: dict[int, Statement] = field(default_factory=dict)
    done: tuple[int, int] = (-1, -1)
    date: int = 0
    due_at: float = 0.0
    proven: bool = False


@dataclass(frozen=True, slots=True)
class _Work:
    """What is cosigned on its way: a cosignature of each suite."""

    origin: str
    statement: Statement
    cosignatures: tuple[Cosignature, ...]


class Witness:
    """This node as a witness of its partners' logs. ``newest``: by origin, the note to send; ``faults``: by origin, why
    a log is not cosigned. ``run`` also has ``cosigners`` keep what was heard of other witnesses.
    """

    def __init__(
        self,
        keys: WitnessKeys,
        mirrors: Database,
        marks: WitnessMarks,
        followers: Mapping[str, Follower],
        cosigners: Cosigners,
        *,
        announce: Callable[[], None],
        wake: asyncio.Event,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.newest: dict[str, bytes] = {}
        self.faults: dict[str, CannotRun] = {}
        self.name = keys.name
        self._signers = keys.at
        self._mirrors = mirrors
        self._marks = marks
        self._followers = followers
        self._cosigners = cosigners
        self._announce = announce
        self._wake = wake
        self._clock = clock
        self._watched: dict[str, _Watched] = {}
        self._forks: dict[str, list[bytes]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="witness")

    @property
    def fault(self) -> CannotRun | None:
        """Why nothing at all is cosigned, or None."""
        return self._marks.fault

    @property
    def holding_back(self) -> list[CannotRun]:
        """Why logs are not cosigned now: one fault for all, or one each."""
        return [self.fault] if self.fault is not None else list(self.faults.values())

    def close(self) -> None:
        """Give the thread back."""
        self._thread.shutdown(wait=True)

    def messages(self) -> Iterator[Message]:
        """What there is to send: the newest cosignature on each log; and of forks, what can't both be true."""
        for origin, note in self.newest.items():
            yield of_cosignature(origin, self.name, note)
        for origin, said in self._forks.items():
            for place, note in enumerate(said, 1):
                yield of_cosignature(origin, f"{self.name} {place}", note)

    # What comes

    def heard(self, follower: Followed, statement: Statement, note: bytes, by: str | None) -> None:
        """A checkpoint of a partner's log, published or cosigned, that contradicts nothing; ``by``: the witness in
        whose topic it came, None elsewhere.
        """
        for each in self._cosigners.take(self._mirrors, follower.log, statement, note, by=by):
            follower.freshness.shown(each.size, time.monotonic())
        self.published(follower, statement)

    def frozen(self, follower: Followed) -> None:
        """Tell the others, who may have been shown one of the two trees only: the owner's own notes, not cosigned."""
        self._forks[follower.log.origin] = follower.contradicting()
        self._announce()

    async def learn(self, follower: Followed, history: Sequence[bytes]) -> None:
        """Notes of a log's history, with the cosignatures of others."""
        await self._cosigners.learn(self._mirrors, follower.log, history)

    def published(self, follower: Followed, statement: Statement) -> None:
        """A checkpoint that its owner has published, found to contradict nothing."""
        watched = self._watch(follower.log)
        if (statement.size, statement.date) <= watched.done:
            return
        before = watched.waiting.get(statement.size)
        if before is None or statement.date > before.date:
            watched.waiting[statement.size] = statement
        if len(watched.waiting) > MOST_WAITING:
            del watched.waiting[sorted(watched.waiting)[-2]]
        if statement.size <= follower.log.size:
            self._wake.set()

    def moved(self, follower: Followed) -> None:
        """A mirrored tree has grown."""
        self._cosigners.moved(follower.log.origin)
        if self._watch(follower.log).waiting:
            self._wake.set()

    def _watch(self, held: Log) -> _Watched:
        """How far a log was cosigned, as the mirror remembers; what was cosigned last is sent again after a start."""
        watched = self._watched.get(held.origin)
        if watched is not None:
            return watched
        watched = self._watched[held.origin] = _Watched()
        with faults_named(self._mirrors.path):
            reached = cosignatures.cosigned(self._mirrors.read, held.number)
            if reached is None:
                return watched
            size = reached[0]
            own = [each for each in cosignatures.at(self._mirrors.read, held.number, size) if each.name == self.name]
            note = logbook.note_of(self._mirrors.read, held.number, size)
        watched.done = (size, -1)
        if own and note is not None:
            watched.date = max(each.date for each in own)
            self.newest[held.origin] = note + b"".join(each.line() for each in own if each.date == watched.date)
        return watched

    # The loop

    async def run(self) -> None:
        """Cosign what is due, keep what was heard; until cancelled."""
        for follower in list(self._followers.values()):
            self._watch(follower.log)
            if follower.log.frozen is not None:
                self.frozen(follower)
        self._announce()
        while True:
            try:
                await self.step()
                await self._cosigners.keep()
            except CannotRun as error:
                log.error("witness.fault", reason=error.reason, message=error.message)
                await asyncio.sleep(PAUSE_S)
            except Exception:  # whatever it is, the node goes on, and so does its witness after a pause
                log.exception("witness.crashed")
                self._cosigners.measures.crashes.labels("witness").inc()
                await asyncio.sleep(PAUSE_S)
            await asyncio.sleep(TICK_S)
            try:
                async with asyncio.timeout(self._until_due()):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    def _until_due(self) -> float:
        """Seconds until a log may be cosigned again for which a checkpoint waits."""
        tick = time.monotonic()
        due = [w.due_at - tick for origin, w in self._watched.items() if self._ready(origin, w) is not None]
        return max(0.0, min(due, default=IDLE_S))

    def _ready(self, origin: str, watched: _Watched) -> Statement | None:
        """The largest published checkpoint whose tree is held, where there is a new one."""
        follower = self._followers.get(origin)
        if follower is None or follower.log.frozen is not None or origin in self.faults or self.fault is not None:
            return None
        ended, most = follower.ended, follower.log.size
        if ended is not None:  # nothing beyond its end, and nothing while it is not known what was cosigned before
            most = min(most, ended.size) if watched.proven else -1
        held = [size for size in watched.waiting if size <= most]
        return watched.waiting[max(held)] if held else None

    async def step(self) -> None:
        """Cosign every log that is due, all in one transaction."""
        tick = time.monotonic()
        self._judge_marks()
        due = [
            (origin, watched, statement)
            for origin, watched in self._watched.items()
            if watched.due_at <= tick
            and (statement := self._ready(origin, watched)) is not None
            and self._is_held(origin, watched, statement)
        ]
        if not due:
            return
        now = int(self._clock())
        dated = [(origin, statement, max(now, watched.date)) for origin, watched, statement in due]
        works = await asyncio.get_running_loop().run_in_executor(self._thread, self._sign_and_mark, dated)
        done = await self._mirrors.write(lambda c: [work for work in works if _write(c, work)])
        for _, watched, statement in due:
            watched.due_at = tick + EVERY_S
            watched.done = max(watched.done, (statement.size, statement.date))
            watched.waiting = {size: each for size, each in watched.waiting.items() if size > statement.size}
        for work in done:
            self._watched[work.origin].date = work.cosignatures[0].date
            self.newest[work.origin] = work.statement.note + b"".join(each.line() for each in work.cosignatures)
            self._cosigners.measures.cosignatures_made.labels(work.origin).inc()
        self._announce()

    def _is_held(self, origin: str, watched: _Watched, statement: Statement) -> bool:
        """Whether the tree held is the one stated; what a thief said before the key was revoked waits no longer."""
        root = logbook.root_at(self._mirrors.read, self._followers[origin].log.number, statement.size)
        if root != statement.root:
            del watched.waiting[statement.size]
        return root == statement.root

    def _judge_marks(self) -> None:
        """Hold each mirror against what this node has cosigned of it; where it is behind, until it has caught up."""
        for origin, watched in self._watched.items():
            if watched.proven or not watched.waiting:
                continue
            follower = self._followers[origin]
            fault = self._mark_fault(follower.log)
            if fault is None:
                self._go_on(origin, watched)
            elif follower.ended is not None:
                self.faults.pop(origin, None)  # what was cosigned beyond its end is not caught up with any more
            elif origin not in self.faults or self.faults[origin].reason != fault.reason:
                self.faults[origin] = fault
                log.error("witness.holds_back", origin=origin, reason=fault.reason, message=fault.message)

    def _go_on(self, origin: str, watched: _Watched) -> None:
        """The mirror holds what was cosigned: go on above it, whatever the mirror itself remembers."""
        watched.proven = True
        self.faults.pop(origin, None)
        mark = self._marks.of(origin)
        if mark is not None:
            watched.done = max(watched.done, (mark[0], -1))
            watched.waiting = {size: each for size, each in watched.waiting.items() if size >= mark[0]}

    def _mark_fault(self, held: Log) -> CannotRun | None:
        mark = self._marks.of(held.origin)
        if mark is None:
            return None
        size, root = mark
        if size > held.size:
            return CannotRun(
                "witness.behind",
                f"{held.origin}: this node has cosigned {size} leaves ({self._marks.path}) and holds {held.size}: it"
                " cosigns again when it has caught up",
            )
        with faults_named(self._mirrors.path):
            if root == logbook.root_at(self._mirrors.read, held.number, size):
                return None
        return CannotRun(
            "witness.other",
            f"{held.origin}: the tree of {size} leaves held here is not the one that this node has cosigned"
            f" ({self._marks.path}): its owner shows another than before",
        )

    def _sign_and_mark(self, dated: list[tuple[str, Statement, int]]) -> list[_Work]:
        """Sign, and make durable that it was signed. In the witness's thread: a slow signer stops nobody else."""
        works = [_Work(origin, statement, self._sign(statement, date)) for origin, statement, date in dated]
        marks = {work.origin: (work.statement.size, work.statement.root) for work in works}
        grown = {origin: mark for origin, mark in marks.items() if mark[0] > (self._marks.of(origin) or (-1,))[0]}
        if grown:
            self._marks.write(grown)
        return works

    def _sign(self, statement: Statement, date: int) -> tuple[Cosignature, ...]:
        """One by each suite that has a good key. Raises ``CannotRun`` ``key.none_good``."""
        text = statement.note[: statement.note.rfind(b"\n\n") + 1]
        return tuple(
            Cosignature(statement.size, signer.name, signer.key.key_id, date, signer.cosign(text, date))
            for signer in self._signers(date)
        )


def _write(connection: sqlite3.Connection, work: _Work) -> bool:
    """The one step: this very tree is held and not frozen, nothing goes back, and the cosignature is kept."""
    held = logbook.find_log(connection, work.origin)
    size, root = work.statement.size, work.statement.root
    if held is None or held.frozen is not None or size > held.size:
        return False
    if logbook.root_at(connection, held.number, size) != root:
        return False
    if not cosignatures.advance(connection, held.number, size, root):
        return False
    cosignatures.keep(connection, held.number, work.cosignatures)
    return True
