"""What do all followers of a node share, and whom do they tell of what they heard?

>>> Follower.open(log, MirrorParts(mirrors=mirrors, bus=bus, session=session, trust=trust, …, witness=witness))
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

import aiohttp

from gateway.bus.port import Bus
from gateway.ledger.database import Database
from gateway.ledger.logbook import Log
from gateway.node.exhibits import Exhibits
from gateway.node.freshness import Freshness, OwnClock
from gateway.node.inforce import InForce
from gateway.node.measures import Measures
from gateway.node.statements import Statement


class Followed(Protocol):
    """One mirrored log, as who is told of it sees it (``node.follower``)."""

    log: Log
    freshness: Freshness

    def contradicting(self) -> list[bytes]:
        """Notes by its owner that can't both be true, if such are kept."""


class Listening(Protocol):
    """Who is told of a partner's checkpoints, once they are found to contradict nothing (``node.witness``)."""

    def heard(self, follower: Followed, statement: Statement, note: bytes, by: str | None) -> None:
        """A checkpoint that its owner or a witness has published."""

    def moved(self, follower: Followed) -> None:
        """More leaves are held."""

    def frozen(self, follower: Followed) -> None:
        """The log is frozen: two statements that can't both be true are kept."""

    async def learn(self, follower: Followed, history: Sequence[bytes]) -> None:
        """Notes of the log's history, as somebody shows them."""


@dataclass(frozen=True, slots=True)
class MirrorParts:
    """What every follower of a node shares. ``witness``: None where nothing is cosigned (``recover``)."""

    mirrors: Database
    bus: Bus
    session: aiohttp.ClientSession
    readers: Executor
    trust: InForce
    measures: Measures
    own_clock: OwnClock
    exhibits: Exhibits
    urls: Callable[[str], Sequence[str]]
    quiet_s: Callable[[str], float]
    prefix: str
    clock: Callable[[], float] = time.time
    witness: Listening | None = None
