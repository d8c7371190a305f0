"""What keeps one partner's log followed, whatever it does to this program? (Law 6.)

>>> group.create_task(keep_following(follower))
"""

from __future__ import annotations

import asyncio

import structlog

from gateway.errors import CannotRun
from gateway.ledger.database import faults_named
from gateway.node.follower import Follower
from gateway.node.mirror import Mirror

PAUSE_S = 1.0

log = structlog.get_logger(__name__)


async def keep_following(follower: Follower) -> None:
    """Follow it until cancelled. Whatever goes wrong, the other logs go on, and so does this one after a pause."""
    while True:
        try:
            await Mirror(follower).run()
        except Exception:
            log.exception("mirror.crashed", origin=follower.log.origin)
            follower.parts.measures.crashes.labels(follower.log.origin).inc()
        await asyncio.sleep(PAUSE_S)
        await _begin_again(follower)


async def _begin_again(follower: Follower) -> None:
    """Go back to what is durable, once it can be read."""
    while True:
        try:
            with faults_named(follower.parts.mirrors.path):
                await follower.begin_again()
            return
        except CannotRun as error:
            log.error("mirror.fault", origin=follower.log.origin, reason=error.reason, message=error.message)
            await asyncio.sleep(PAUSE_S)
