"""Who watches over logs whose owner contradicted itself? Evidence kept, logs frozen, ends by roster and person (law 8).

A log with evidence is frozen, also after a restart and where the mirrors were lost. It goes on when the roster has
ended it and a person has decided here to go by that end (``decisions``). Of an own log with evidence nothing is sealed.

>>> custody = Custody(trust, exhibits, config.data, ledger, publisher, followers)
>>> await custody.settle_ends()
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from gateway.errors import CannotRun, Refused
from gateway.ledger import logbook
from gateway.ledger.database import Database, faults_named
from gateway.ledger.evidencefile import Evidence
from gateway.ledger.logbook import Log
from gateway.node import ending, exhibits, guard, statements
from gateway.node.decisions import FILE, Decisions
from gateway.node.exhibits import Exhibits
from gateway.node.follower import Follower
from gateway.node.inforce import InForce
from gateway.node.ownstate import OwnState
from gateway.node.publisher import Publisher
from gateway.node.statements import Judge, Statement
from gateway.trust.roster import Roster

MOST_KEPT = 16
"""Evidence files about one log that are kept, but for the one that stops it."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Custody:
    """Of one node; ``data``: its data folder."""

    trust: InForce
    exhibits: Exhibits
    data: Path
    ledger: Database
    publisher: Publisher
    followers: Mapping[str, Follower]
    clock: Callable[[], float] = time.time
    _judges: dict[str, Judge] = field(default_factory=dict)

    def own(self, origin: str) -> OwnState | None:
        """The own log of this origin, if this node seals it."""
        return next((each for each in self.publisher.logs.values() if each.own.log.origin == origin), None)

    def check_own(self) -> None:
        """Raise ``CannotRun`` ``log.fork`` if there is evidence against an own log that is not ended."""
        for kept, evidence in self.exhibits.all():
            state = self.own(evidence.origin)
            if state is not None and self._binds_own(state, evidence):
                raise own_fork(evidence.origin, kept)

    async def freeze_again(self, follower: Follower) -> None:
        """Freeze a log of which evidence was kept, should the mirrors not know it any more."""
        for _, evidence in self.exhibits.all():
            if evidence.origin == follower.log.origin:
                await follower.adopt(evidence)

    async def take(self, evidence: Evidence, raw: bytes | None) -> None:
        """Keep evidence that was judged, and stop what it is about. ``raw``: as a partner sent it. A few are enough,
        for who holds a key can make any number; but the one that stops something is always taken.
        """
        if self._count(evidence.origin) >= MOST_KEPT and not self._stops(evidence):
            return
        kept = await asyncio.to_thread(self.exhibits.keep, evidence, raw)
        follower, state = self.followers.get(evidence.origin), self.own(evidence.origin)
        if follower is not None:
            await follower.adopt(evidence)
        elif state is not None and self._binds_own(state, evidence):
            self.stop(own_fork(evidence.origin, kept))

    def _stops(self, evidence: Evidence) -> bool:
        """Whether it would stop a log that goes on as yet."""
        follower, state = self.followers.get(evidence.origin), self.own(evidence.origin)
        if follower is not None:
            return follower.would_freeze(evidence)
        refusing = self.publisher.refusing
        stopped = refusing is not None and refusing.reason == "log.fork"
        return state is not None and not stopped and self._binds_own(state, evidence)

    async def hear_own(self, origin: str, note: bytes, where: str) -> tuple[Log, Statement] | None:
        """A statement by an own key, from anywhere: more, or other, than this node has sealed stops its sealing, and
        what can't both be true is kept. Answers the log as it is held, and the statement, if nothing is wrong with it;
        None also for a log that this node does not seal. Raises ``Refused`` for what the own keys have not signed.
        """
        state = self.own(origin)
        if state is None:
            return None
        trust = self.trust.current
        statement = self._judges.setdefault(origin, Judge()).read(note, state.own.log, trust)
        with faults_named(self.ledger.path):
            held = logbook.find_log(self.ledger.read, origin)
            if held is None:
                return None
            if statement.disowned and statements.is_outlived(statement, self._latest(state)):
                raise Refused("key.revoked", f"{origin}: signed by a key of this node that has been revoked since")
            clash = statements.contradiction(self.ledger.read, held, statement)
            fault = _fault(self.ledger.read, state, where, statement)
        if clash is not None:
            at = int(self.clock() * 1000)
            await self.take(self.exhibits.of(origin, clash, trust, where=where, at=at), None)
        elif fault is not None:
            self.stop(fault)
        return (held, statement) if clash is None and fault is None else None

    def _latest(self, state: OwnState) -> Statement | None:
        """This node's own last word, by the roster in force."""
        own, newest = state.own.log, state.own.newest
        if newest is None:
            return None
        try:
            return statements.read(newest.note, own.origin, own.jurisdiction, own.family, self.trust.current)
        except Refused:
            return None

    def _binds_own(self, state: OwnState, evidence: Evidence) -> bool:
        said = exhibits.binding(evidence, self.trust.current)
        with faults_named(self.ledger.path):
            held = logbook.find_log(self.ledger.read, evidence.origin)
            if not said or held is None:
                return bool(said)
            return not statements.is_a_thiefs(self.ledger.read, held, self._latest(state), said)

    async def weigh_again(self, before: Roster) -> None:
        """Where an owner's keys for statements are other ones now, or the policy, its last words are judged again."""
        now = self.trust.current.roster
        for follower in list(self.followers.values()):
            owner = follower.log.jurisdiction
            others = (before.keys(role, owner) != now.keys(role, owner) for role in ("log", "heartbeat"))
            if before.policy != now.policy or any(others):
                await follower.weigh_again()

    def _count(self, origin: str) -> int:
        return sum(evidence.origin == origin for _, evidence in self.exhibits.all())

    def stop(self, fault: CannotRun) -> None:
        """Seal nothing any more, until a restart."""
        refusing = self.publisher.refusing
        if refusing is None or refusing.reason != fault.reason:
            log.error("node.not_sealing", reason=fault.reason, message=fault.message)
            self.publisher.refuse(fault)

    async def settle_ends(self) -> None:
        """Frozen logs about which a person has decided; own logs that have ended while this node sealed them."""
        try:
            decisions = Decisions(self.data / FILE)
            for follower in self.followers.values():
                ended = follower.ended
                if follower.log.frozen and ended is not None and decisions.stands(follower.log.origin, ended):
                    await follower.unfreeze()
        except CannotRun as error:
            log.error("decisions.unread", reason=error.reason, message=error.message)
        for state in self.publisher.logs.values():
            known = self.trust.current.roster.log(state.own.log.origin)
            if known is not None and known[1].ended is not None:
                self.stop(ending.own_ended(state.own.log.origin))


def _fault(connection: sqlite3.Connection, state: OwnState, where: str, statement: Statement) -> CannotRun | None:
    try:
        guard.compare(connection, state, where, statement)
    except CannotRun as fault:
        return fault
    return None


def own_fork(origin: str, kept: str) -> CannotRun:
    """Why nothing is sealed where the own keys have signed what can't both be true."""
    return CannotRun(
        "log.fork",
        f"{origin}: this node's own keys have signed what can't both be true ({kept}.json); nothing is sealed until the"
        " roster has ended the log and names its successor, and `jjj-gateway recover CONFIG` has been run",
    )
