"""WHAT do partners publish on their checkpoint topics? Checkpoints of their own logs, and what they have cosigned of
others' logs, this node's own among them (DESIGN §5).

A jurisdiction writes below its own prefix only, so a witness speaks in its own topic; whom a message is about says the
origin in its key. Nothing is believed for where it came: followers judge partners' checkpoints, and one of an own log
must be one that this ledger has made.

>>> await Listener(parts, followers, publisher, ledger, cosigners).listen("sanhe")
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace

import structlog

from gateway.bus.port import BusError, Message, checkpoint_topic
from gateway.errors import CannotRun, Refused
from gateway.ledger.database import Database, faults_named
from gateway.node import guard, statements
from gateway.node.cosigners import Cosigners
from gateway.node.follower import Follower, MirrorParts
from gateway.node.ownstate import OwnState
from gateway.node.publisher import Publisher

PAUSE_S = 1.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listener:
    """Hears all checkpoint topics of a node's partners."""

    parts: MirrorParts
    followers: Mapping[str, Follower]
    publisher: Publisher
    ledger: Database
    cosigners: Cosigners

    async def listen(self, jurisdiction: str) -> None:
        """Hear one partner's topic until cancelled; what breaks is said, and it is heard anew after a pause."""
        topic, measures = checkpoint_topic(self.parts.prefix, jurisdiction), self.parts.measures
        measures.listen(topic)
        while True:
            try:
                async with aclosing(self.parts.bus.read(topic, None)) as batches:
                    async for batch in batches:
                        measures.message(topic)
                        for received in batch:
                            await self.hear(jurisdiction, received.message)
            except (BusError, CannotRun) as error:
                log.warning("listen.pause", topic=topic, reason=error.reason, message=error.message)
            except Exception:
                log.exception("listen.crashed", topic=topic)
                measures.crashes.labels(topic).inc()
            await asyncio.sleep(PAUSE_S)

    async def hear(self, jurisdiction: str, message: Message) -> None:
        """A message of a jurisdiction's topic."""
        origin = message.key.partition(b" ")[0].decode(errors="replace")
        follower = self.followers.get(origin)
        own = next((state for state in self.publisher.logs.values() if state.own.log.origin == origin), None)
        if follower is not None:
            by = None if follower.log.jurisdiction == jurisdiction else jurisdiction
            with faults_named(self.parts.mirrors.path):
                await follower.hear(message.value, by=by)
        elif own is not None:
            with faults_named(self.ledger.path):
                self._hear_own(own, message.value, jurisdiction)
        else:
            self.parts.measures.cosignatures_refused.labels("", "witness.unknown_log").inc()

    def _hear_own(self, state: OwnState, note: bytes, by: str) -> None:
        """A checkpoint of an own log, cosigned by a partner. One that this ledger did not make ends the sealing."""
        own = state.own.log
        try:
            said = statements.read(note, own.origin, own.jurisdiction, own.family, self.parts.trust.current)
            guard.compare(self.ledger.read, state, f"the topic of {by}", said)
        except Refused as refused:
            self.parts.measures.cosignatures_refused.labels(own.origin, refused.reason).inc()
        except CannotRun as fault:
            log.error("node.not_sealing", reason=fault.reason, message=fault.message)
            self.publisher.refuse(fault)
        else:
            self.cosigners.take(self.ledger, replace(own, size=state.own.size), said, note, by=by)
