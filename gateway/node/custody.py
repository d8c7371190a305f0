"""Who watches over logs whose owner contradicted itself? Evidence kept, logs frozen, ends by roster and person (law 8).

A log with evidence is frozen, also after a restart and where the mirrors were lost. It goes on when the roster has
ended it and a person has decided here to go by that end (``decisions``). Of an own log with evidence nothing is sealed.

>>> custody = Custody(trust, exhibits, config.data, publisher, followers)
>>> await custody.settle_ends()
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from gateway.errors import CannotRun
from gateway.ledger.evidencefile import Evidence
from gateway.node import ending, exhibits
from gateway.node.decisions import FILE, Decisions
from gateway.node.exhibits import Exhibits
from gateway.node.follower import Follower
from gateway.node.publisher import OwnState, Publisher
from gateway.node.trustfolder import TrustFolder

MOST_KEPT = 16
"""Evidence files about one log that are taken from partners."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Custody:
    """Of one node; ``data``: its data folder."""

    trust: TrustFolder
    exhibits: Exhibits
    data: Path
    publisher: Publisher
    followers: Mapping[str, Follower]

    def own(self, origin: str) -> OwnState | None:
        """The own log of this origin, if this node seals it."""
        return next((each for each in self.publisher.logs.values() if each.own.log.origin == origin), None)

    def check_own(self) -> None:
        """Raise ``CannotRun`` ``log.fork`` if there is evidence against an own log that is not ended."""
        for kept, evidence in self.exhibits.all():
            if self.own(evidence.origin) is not None and exhibits.binds(evidence, self.trust.current):
                raise own_fork(evidence.origin, kept)

    async def freeze_again(self, follower: Follower) -> None:
        """Freeze a log of which evidence was kept, should the mirrors not know it any more."""
        for _, evidence in self.exhibits.all():
            if evidence.origin == follower.log.origin and exhibits.binds(evidence, self.trust.current):
                await follower.adopt(evidence)

    async def take(self, evidence: Evidence, raw: bytes | None) -> None:
        """Keep evidence that was judged, and stop what it is about. ``raw``: as a partner sent it; of these a few are
        enough, for who holds a key can make any number.
        """
        if raw is not None and self._count(evidence.origin) >= MOST_KEPT:
            return
        kept = await asyncio.to_thread(self.exhibits.keep, evidence, raw)
        if not exhibits.binds(evidence, self.trust.current):
            return
        follower = self.followers.get(evidence.origin)
        if follower is not None:
            await follower.adopt(evidence)
        elif self.own(evidence.origin) is not None:
            self.stop(own_fork(evidence.origin, kept))

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


def own_fork(origin: str, kept: str) -> CannotRun:
    """Why nothing is sealed where the own keys have signed what can't both be true."""
    return CannotRun(
        "log.fork",
        f"{origin}: this node's own keys have signed what can't both be true ({kept}.json); nothing is sealed until the"
        " roster has ended the log and names its successor, and `jjj-gateway recover CONFIG` has been run",
    )
