"""WHAT do partners publish on their checkpoint topics? Checkpoints of their own logs, and what they have cosigned of
others' logs, this node's own among them (DESIGN §5).

A jurisdiction writes below its own prefix only, so a witness speaks in its own topic; whom a message is about says the
origin in its key. Nothing is believed for where it came: followers judge partners' checkpoints, and one of an own log
must be one that this ledger has made.

>>> await Listener(parts, followers, custody, cosigners).listen("sanhe")
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from gateway.bus.port import BusError, Message, checkpoint_topic
from gateway.errors import CannotRun, Refused
from gateway.ledger.database import faults_named
from gateway.node.cosigners import Cosigners
from gateway.node.custody import Custody
from gateway.node.follower import Follower
from gateway.node.mirrorparts import MirrorParts

PAUSE_S = 1.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listener:
    """Hears all checkpoint topics of a node's partners."""

    parts: MirrorParts
    followers: Mapping[str, Follower]
    custody: Custody
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
        where = f"topic {checkpoint_topic(self.parts.prefix, jurisdiction)}"
        follower = self.followers.get(origin)
        if follower is not None:
            by = None if follower.log.jurisdiction == jurisdiction else jurisdiction
            with faults_named(self.parts.mirrors.path):
                await follower.hear(message.value, where, by=by)
        elif self.custody.own(origin) is not None:
            await self._hear_own(origin, message.value, where, jurisdiction)
        elif self.parts.trust.current.roster.log(origin) is None:
            self.parts.measures.cosignatures_refused.labels("", "witness.unknown_log").inc()

    async def _hear_own(self, origin: str, note: bytes, where: str, by: str) -> None:
        """A checkpoint of an own log, cosigned by a partner. One that this ledger did not make ends the sealing."""
        try:
            heard = await self.custody.hear_own(origin, note, where)
        except Refused as refused:
            self.parts.measures.cosignatures_refused.labels(origin, refused.reason).inc()
            return
        if heard is not None:
            self.cosigners.take(self.custody.ledger, heard[0], heard[1], note, by=by)
