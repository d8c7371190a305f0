"""A partner's log as this node holds it: provisional leaves, what is verified, how fresh it is (laws 3, 5, 6, 8).

Leaves are provisional until a checkpoint of the log's own key covers them. What is covered goes in one transaction:
leaves, seals, records or quarantine, and where the topic goes on. A log that forks is frozen with its evidence; rubbish
costs a metrics line. ``node.mirror`` feeds it from the bus and from tiles.

>>> follower = Follower.open(log, parts)
>>> await follower.receive(batch)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from gateway.bus import messages
from gateway.bus.port import CHECKPOINT, Received, header, record_topic
from gateway.errors import Refused
from gateway.ledger import logbook
from gateway.ledger.evidencefile import Clash, Evidence
from gateway.ledger.logbook import Log
from gateway.node import admission, exhibits, rejudge, statements
from gateway.node.freshness import Freshness
from gateway.node.mirrorparts import MirrorParts
from gateway.node.statements import Heard, Judge, Statement
from gateway.node.tail import Run, Tail
from gateway.trust import gate
from gateway.trust.members import Ended

GAP_S = 2.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Follower:
    """One mirrored log. Others read ``freshness`` and ``log``; ``receive``, ``hear`` and ``commit`` change them."""

    log: Log
    parts: MirrorParts
    tail: Tail
    freshness: Freshness = field(default_factory=Freshness)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    heard: Heard = field(default_factory=Heard)
    held: tuple[int, int, bytes] = (-1, -1, b"")
    newest: tuple[int, int] = (-1, -1)
    kept: tuple[int, int, bytes] = (-1, -1, b"")
    wanted: int = 0
    wanted_since: float | None = None
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    where: str = ""
    _judge: Judge = field(default_factory=Judge)

    @classmethod
    def open(cls, log: Log, parts: MirrorParts) -> Follower:
        """From what the mirror holds of the log."""
        frontier = logbook.frontier(parts.mirrors.read, log.number, log.size)
        follower = cls(log, parts, Tail(frontier, log.position))
        follower.freshness.verified(log.size)
        newest = logbook.newest_checkpoint(parts.mirrors.read, log.number)
        if newest is not None:
            follower.held = follower.kept = newest
            follower._begin_with_held()
        return follower

    def _begin_with_held(self) -> None:
        """The newest checkpoint held is the owner's latest word, unless its key has been revoked since."""
        latest = self.read(self.held[2])
        if latest is not None:
            self.newest = (latest.size, latest.date)
            self.freshness.heard(latest.size, latest.date, self.parts.clock(), time.monotonic())
            self.heard.keep(latest, self.log.size)

    async def weigh_again(self) -> None:
        """A key of the owner is another, or revoked: what was heard and is not verified yet counts no more, nor does
        the last word if a thief may have said it.
        """
        async with self.busy:
            self.freshness, self.heard, self.newest = Freshness(), Heard(), (-1, -1)
            self.freshness.verified(self.log.size)
            self.wanted, self.wanted_since = 0, None
            if self.held[0] >= 0:
                self._begin_with_held()
            self.changed.set()

    @property
    def ended(self) -> Ended | None:
        """How the log ended, by the roster in force; then its owner's statements change nothing any more."""
        known = self.parts.trust.current.roster.log(self.log.origin)
        return known[1].ended if known is not None else None

    @property
    def _is_closed(self) -> bool:
        return self.log.frozen is not None or self.ended is not None

    @property
    def newest_note(self) -> bytes:
        """The newest checkpoint whose tree is held whole."""
        return self.held[2]

    async def keep_heartbeat(self) -> None:
        """Make the newest checkpoint held durable, so that the word of an idle log outlives this process."""
        if self.held == self.kept or self.held[0] < 0:
            return
        number, (size, date, note) = self.log.number, self.held
        await self.parts.mirrors.write(lambda c: logbook.set_heartbeat(c, number, size, date, note))
        self.kept = (size, date, note)

    def restart(self) -> None:
        """Go on from a log that was cut off; the lock is held."""
        self.reread()
        anew = Follower.open(self.log, self.parts)
        self.tail, self.freshness, self.heard = anew.tail, anew.freshness, anew.heard
        self.held, self.kept, self.newest = anew.held, anew.kept, anew.newest
        self.wanted, self.wanted_since = 0, None
        self.changed.set()

    async def begin_again(self) -> None:
        """After a fault of the disk: only what is durable counts."""
        async with self.busy:
            self.reread()
            frontier = logbook.frontier(self.parts.mirrors.read, self.log.number, self.log.size)
            self.tail = Tail(frontier, self.log.position)

    async def receive(self, batch: Sequence[Received]) -> None:
        async with self.busy:
            if self._is_closed:
                return
            self.where = f"topic {record_topic(self.parts.prefix, self.log.jurisdiction, self.log.name)}"
            for received in batch:
                await self._take_message(received)
            self.tail.position = batch[-1].position + 1
            await self.commit()

    async def _take_message(self, received: Received) -> None:
        leaf = messages.leaf_of(received.message)
        if leaf is None:
            self._garbage("message.form")
            return
        at, entry = leaf
        fault = self.tail.add(at, entry, received.position)
        if fault == "tail.full":
            await self.commit()
            fault = self.tail.add(at, entry, received.position)
        if fault is not None:
            self._garbage(fault)
        note = header(received.message, CHECKPOINT)
        if note is not None:
            await self._take_seal(note)

    async def _take_seal(self, note: bytes) -> None:
        statement = self.read(note)
        if statement is None or await self._contradicts(statement):
            return
        self._heard(statement)
        if statement.size <= self.log.size:
            await self._keep_late_seal(statement)
        elif statement.size <= self.tail.covered:
            await self.commit()
            await self._take_seal(note)
        elif statement.size > self.tail.end:
            self._want(statement.size)
        elif not self.tail.cover(statement, self.now_ms()):
            self._garbage("root.mismatch")
            self._want(statement.size, at_once=True)

    async def _keep_late_seal(self, statement: Statement) -> None:
        """A seal of leaves that a larger one covered before is their logged time all the same, on every machine."""
        if not rejudge.is_first(self.parts.mirrors.read, self.log.number, statement):
            return
        trust = self.parts.trust.current
        await self.parts.mirrors.write(lambda c: rejudge.take_late_seal(c, self.log, statement, trust))
        self.changed.set()

    async def hear(self, note: bytes, where: str = "", *, by: str | None = None) -> None:
        """A checkpoint from a checkpoint topic or over HTTP: freshness, gaps, forks, cosignatures, but no seal.
        ``where``: it came from; ``by``: the witness in whose own topic it came, instead of the owner's.
        """
        async with self.busy:
            try:
                statement = self._judged(note)
            except Refused as refused:
                counted = self.parts.measures.garbage if by is None else self.parts.measures.cosignatures_refused
                counted.labels(self.log.origin, refused.reason).inc()
                return
            self.where = where
            if self._is_closed or await self._contradicts(statement):
                return
            if statement.size > self.log.size:
                self._want(statement.size)
            self._heard(statement)
            if self.parts.witness is not None:
                self.parts.witness.heard(self, statement, note, by)

    def read(self, note: bytes) -> Statement | None:
        try:
            return self._judged(note)
        except Refused as refused:
            self._garbage(refused.reason)
            return None

    def _judged(self, note: bytes) -> Statement:
        return self._judge.read(note, self.log, self.parts.trust.current)

    async def _contradicts(self, statement: Statement) -> bool:
        """Hold a statement against what is verified and what was heard; True when it proves a fork."""
        self.heard.outlive(statement)
        found = statements.contradiction(self.parts.mirrors.read, self.log, statement)
        found = found or self.heard.contradiction(statement)
        if found is None:
            return False
        if statements.is_outlived(statement, self.heard.latest):
            self._garbage("key.revoked")
        else:
            await self.freeze(found)
        return True

    async def freeze(self, clash: Clash) -> None:
        """Keep the evidence, on the disk, then stop; the lock is held."""
        await self.keep(clash)
        await self._freeze(clash.reason)

    async def keep(self, clash: Clash) -> None:
        """Write an evidence file."""
        trust, at = self.parts.trust.current, self.now_ms()
        evidence = self.parts.exhibits.of(self.log.origin, clash, trust, where=self.where, at=at)
        if self.parts.exhibits.raw(evidence.id) is not None:
            return
        kept = await asyncio.to_thread(self.parts.exhibits.keep, evidence)
        self.parts.measures.forks.labels(self.log.origin).inc()
        log.error("evidence.kept", origin=self.log.origin, reason=clash.reason, id=kept)

    def contradicting(self) -> list[bytes]:
        """The notes of the newest evidence about the log."""
        kept = [evidence.clash for _, evidence in self.parts.exhibits.all() if evidence.origin == self.log.origin]
        return [note for clash in kept[:1] for note in (clash.first, clash.second) if note]

    def would_freeze(self, evidence: Evidence) -> bool:
        """Whether evidence binds here, and the log goes on as yet."""
        said = exhibits.binding(evidence, self.parts.trust.current)
        if self._is_closed or not said:
            return False
        return not statements.is_a_thiefs(self.parts.mirrors.read, self.log, self.heard.latest, said)

    async def adopt(self, evidence: Evidence) -> None:
        """Stop for evidence that is kept already, if it binds here: somebody else has shown it, or the mirrors were
        lost.
        """
        async with self.busy:
            if self.would_freeze(evidence):
                self.parts.measures.forks.labels(self.log.origin).inc()
                await self._freeze(evidence.clash.reason)

    async def _freeze(self, reason: str | None) -> None:
        await self.parts.mirrors.write(lambda c: logbook.freeze(c, self.log.origin, reason))
        self.reread()
        if reason is not None:
            log.error("log.frozen", origin=self.log.origin, reason=reason)
            if self.parts.witness is not None:
                self.parts.witness.frozen(self)
        self.changed.set()

    async def unfreeze(self) -> None:
        """A person has decided (``decisions``), and the roster says how the log ended."""
        async with self.busy:
            await self._freeze(None)

    def _heard(self, statement: Statement) -> None:
        now, tick = self.parts.clock(), time.monotonic()
        self.freshness.heard(statement.size, statement.date, now, tick)
        if (statement.size, statement.date) > self.newest:
            if statement.date > self.newest[1]:
                self.parts.own_clock.heard(self.log.jurisdiction, statement.date, now, tick)
            self.newest = (statement.size, statement.date)
        self.heard.keep(statement, self.log.size)
        self._hold(statement.size, statement.date, statement.note)
        self.changed.set()

    def _hold(self, size: int, date: int, note: bytes) -> None:
        if size <= self.log.size and (size, date) > self.held[:2]:
            self.held = (size, date, note)

    def now_ms(self) -> int:
        return int(self.parts.clock() * 1000)

    def _garbage(self, reason: str) -> None:
        self.parts.measures.garbage.labels(self.log.origin, reason).inc()

    def _want(self, size: int, *, at_once: bool = False) -> None:
        self.wanted = max(self.wanted, size)
        if self.wanted_since is None:
            self.wanted_since = time.monotonic() - (GAP_S if at_once else 0.0)

    async def commit(self) -> None:
        run = self.tail.take()
        if run is None:
            return
        readings = await self._read_all(run)
        with self.parts.measures.stage("mirror.commit"):
            refused = await self.parts.mirrors.write(lambda c: admission.write(c, self.log, run, readings))
        self.tail.settled(run)
        self.reread()
        self.freshness.verified(self.log.size)
        self._count(run, refused)
        if self.log.size >= self.wanted:
            self.wanted, self.wanted_since = 0, None
        seal = run.seals[-1]
        self._hold(seal.size, seal.date, seal.note)
        self.changed.set()
        await self._judge_due()
        if self.parts.witness is not None:
            self.parts.witness.moved(self)

    async def _read_all(self, run: Run) -> list[gate.Reading | Refused]:
        """Judge a run by the trust data in force when it is written: else what came in meanwhile would be missed by the
        round of judging again that new trust data bring (law 6).
        """
        while True:
            trust = self.parts.trust.current
            with self.parts.measures.stage("mirror.read"):
                readings = await admission.read_all(self.parts.readers, self.log, run, trust)
            if trust is self.parts.trust.current:
                return readings

    async def _judge_due(self) -> None:
        """Hold what was said of these leaves before they came against the tree that they make."""
        for statement in self.heard.due(self.log.size):
            self._hold(statement.size, statement.date, statement.note)
            if self.log.frozen is None:
                await self._contradicts(statement)

    def _count(self, run: Run, refused: Sequence[Refused]) -> None:
        measures = self.parts.measures
        measures.mirrored.labels(self.log.origin).inc(len(run.entries))
        measures.size.labels(self.log.origin).set(self.log.size)
        for refusal in refused:
            measures.quarantined.labels(self.log.origin, refusal.reason).inc()
            log.warning("mirror.quarantined", origin=self.log.origin, reason=refusal.reason, field=refusal.field)

    def reread(self) -> None:
        found = logbook.find_log(self.parts.mirrors.read, self.log.origin)
        if found is not None:
            self.log = found
