"""HOW FAR does a log reach, by those who show its files? The newest checkpoint over HTTP: its owner's, else a copy.

All readers of a log share what was heard, so that each log is asked about at most once in ``every_s`` however many
read it. Of what a source says its form alone is looked at: the follower judges (law 5).

>>> head = await Heads(session, sources, every_s=1.0).newest("sanhe", "licence")
>>> head.size, head.is_owner
(812, True)
"""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from gateway.bus.port import BusUnavailable
from gateway.bus.tileclient import TileClient, Unreachable
from gateway.errors import GatewayError, Refused
from gateway.ledger import checkpoint
from gateway.trust import notes


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a jurisdiction's logs may be had: URLs of its own node, then of partners'; and which logs it has."""

    owner: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    families: tuple[str, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        """All of them, in the order in which they are asked."""
        return self.owner + self.partners


SourcesOf = Callable[[str], Sources]


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint note as a source shows it. ``place``: of the source among the URLs; ``number``: of this change among
    all that were seen.
    """

    source: TileClient
    place: int
    is_owner: bool
    note: bytes
    origin: str
    size: int
    number: int = -1


@dataclass(slots=True)
class _Watch:
    """What was heard of one log last, and when."""

    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked_at: float = -math.inf
    head: Head | None = None
    fault: str = ""


class Heads:
    """The newest checkpoints of logs, asked for when somebody wants to know."""

    def __init__(self, session: aiohttp.ClientSession, sources: SourcesOf, *, every_s: float) -> None:
        self._session = session
        self._sources = sources
        self._every_s = every_s
        self._watches: dict[tuple[str, str], _Watch] = {}
        self.numbers = itertools.count()

    async def newest(self, jurisdiction: str, family: str, *, anew: bool = False) -> Head | None:
        """What the first source shows that shows anything; at most ``every_s`` old, or asked for now. None: no such log
        (yet), or nobody to ask. Raises ``BusUnavailable``: nobody answered that it is not there either.
        """
        watch = self._watches.setdefault((jurisdiction, family), _Watch())
        async with watch.busy:
            if anew or time.monotonic() - watch.asked_at >= self._every_s:
                await self._ask(watch, jurisdiction, family)
        if watch.fault:
            raise BusUnavailable(watch.fault)
        return watch.head

    async def after(self, head: Head, jurisdiction: str, family: str) -> Head | None:
        """What the next source shows that shows anything: for who can't use the one before."""
        return (await self._first(jurisdiction, family, head.place + 1))[0]

    async def _ask(self, watch: _Watch, jurisdiction: str, family: str) -> None:
        found, faults = await self._first(jurisdiction, family, 0)
        watch.asked_at = time.monotonic()
        unanswered = bool(faults) and all(fault.reason != "source.missing" for fault in faults)
        watch.fault = "; ".join(fault.message for fault in faults) if found is None and unanswered else ""
        if found is None:
            watch.head = None
        elif watch.head is None or (found.note, found.place) != (watch.head.note, watch.head.place):
            watch.head = found

    async def _first(self, jurisdiction: str, family: str, start: int) -> tuple[Head | None, list[GatewayError]]:
        sources, faults = self._sources(jurisdiction), list[GatewayError]()
        for place, url in enumerate(sources.urls[start:], start):
            client = TileClient(self._session, url, jurisdiction, family)
            try:
                note = await client.checkpoint()
                text = notes.parse(note, checkpoint.MAX_LINES, max_size=checkpoint.MAX_NOTE).text
                tree = checkpoint.parse_text(text)
            except (Unreachable, Refused) as fault:
                faults.append(fault)
                continue
            is_owner = place < len(sources.owner)
            return Head(client, place, is_owner, note, tree.origin, tree.size, next(self.numbers)), faults
        return None, faults
