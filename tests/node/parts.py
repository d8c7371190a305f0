"""Parts of a node by themselves: a follower that is fed by hand, a publisher with a clock and a signer of the test's.

    async with following(world, "sanhe") as follower:
        await feed(follower, log.message(0, log.commit()))
    async with publishing(world, clock=lambda: 1_795_400_000.0) as press:
        await press.publish(draft(1), draft(2))
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway.bus.port import Message, Received
from gateway.ledger import logbook
from gateway.ledger.database import Database
from gateway.ledger.highwater import HighWater
from gateway.ledger.logbook import Log
from gateway.node.door import Draft, Receipt
from gateway.node.exhibits import Exhibits
from gateway.node.follower import Follower
from gateway.node.freshness import OwnClock
from gateway.node.measures import Measures
from gateway.node.mirrorparts import MirrorParts
from gateway.node.nodekeys import LogKeys
from gateway.node.ownstate import OwnState
from gateway.node.plaintrust import PlainTrust
from gateway.node.publisher import Publisher
from gateway.node.runtime import SCHEMA
from gateway.node.sealer import OwnLog, Published
from gateway.trust.suites import Signer
from tests.records import builders
from tests.simulator import NETWORK, World

Clock = Callable[[], float]


def draft(serial: int = 1, kind: str = "jjj.licence.issued", **members: Any) -> Draft:
    """A licence to publish; each serial another subject."""
    about = {name: members.pop(name) for name in ("id", "time") if name in members}
    return Draft(kind, builders.licence(**{"number": builders.food_number(serial), **members}), **about)


@asynccontextmanager
async def mirror_parts(
    world: World, reader: str, *, clock: Clock = time.time, readers: Executor | None = None, witness: Any = None
) -> AsyncIterator[MirrorParts]:
    """What the followers of a node share; there is neither bus nor network behind it. ``witness``: made of these."""
    with ThreadPoolExecutor(2) as pool:
        async with Database(world.folder / reader / "data" / "mirrors.sqlite", SCHEMA) as mirrors:
            parts = MirrorParts(
                mirrors=mirrors,
                bus=None,  # type: ignore[arg-type]
                session=None,  # type: ignore[arg-type]
                readers=readers or pool,
                trust=PlainTrust(world.folder / reader / "trust", (world.folder / reader / "schemas",)),
                measures=Measures(),
                own_clock=OwnClock(),
                exhibits=Exhibits(world.folder / reader / "data" / "evidence", reader),
                urls=lambda _: (),
                quiet_s=lambda _: 3600.0,
                prefix="jjj",
                clock=clock,
            )
            yield parts if witness is None else replace(parts, witness=witness(parts))


async def follow(parts: MirrorParts, owner: str, family: str = "licence") -> Follower:
    """A follower of one log, from what the mirror holds."""
    origin = f"{NETWORK}/{owner}/{family}"
    log = await parts.mirrors.write(lambda connection: logbook.open_log(connection, origin, owner, family))
    return Follower.open(log, parts)


@asynccontextmanager
async def following(world: World, owner: str, reader: str = "tongzhou", **given: Any) -> AsyncIterator[Follower]:
    """One follower by itself."""
    async with mirror_parts(world, reader, **given) as parts:
        yield await follow(parts, owner)


async def feed(follower: Follower, *messages: Message) -> None:
    """Hand messages to a follower as its topic would."""
    start = follower.tail.position or 0
    await follower.receive([Received(start + offset, message) for offset, message in enumerate(messages)])


def garbage(follower: Follower) -> dict[str, float]:
    """How many messages were thrown away, by reason."""
    return {
        sample.labels["reason"]: sample.value
        for metric in follower.parts.measures.registry.collect()
        for sample in metric.samples
        if sample.name == "jjj_transport_garbage_total" and sample.labels["origin"] == follower.log.origin
    }


class Counted(Database):
    """A database that counts its transactions."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA)
        self.commits = 0

    async def write(self, change: Callable[[Any], Any]) -> Any:
        self.commits += 1
        return await super().write(change)


@dataclass
class Press:
    """A publisher by itself, with what a test looks at."""

    publisher: Publisher
    ledger: Counted
    log: Log

    @property
    def own(self) -> OwnLog:
        return self.publisher.logs["licence"].own

    async def publish(self, *drafts: Draft) -> list[Receipt]:
        return await self.publisher.publish(drafts)

    async def one(self, given: Draft) -> Receipt:
        return (await self.publisher.publish([given]))[0]

    def entries(self) -> list[bytes]:
        return list(logbook.entries(self.ledger.read, self.log.number, 0, 1 << 20))

    def seals(self) -> list[tuple[int, int]]:
        """(size, date) of every sealed checkpoint."""
        return [(seal.size, seal.date) for seal in logbook.seals(self.ledger.read, self.log.number, 0, 1 << 20)]

    def state(self) -> list[Any]:
        """All that the ledger says, for "leaves state unchanged"."""
        tables = ("entries", "tiles", "seals", "subjects", "records", "ids", "terms", "quarantine")
        return [self.ledger.read.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables]


@asynccontextmanager
async def publishing(
    world: World,
    jurisdiction: str = "sanhe",
    *,
    clock: Clock = time.time,
    heartbeat_s: float = 3600.0,
    replicated: bool = False,
    within_s: float = 20.0,
    **signers: Any,
) -> AsyncIterator[Press]:
    """A publisher of one licence log, open to seal; ``signers``: another for ``record``, ``log`` or ``heartbeat``, and
    ``authorities``, by USCC, that it signs for.
    """
    folder = world.folder / jurisdiction
    keys = world.keys(jurisdiction)
    pair = keys.logs["licence"]
    origin = f"{NETWORK}/{jurisdiction}/licence"
    async with Counted(folder / "data" / "ledger.sqlite") as ledger:
        log = await ledger.write(lambda connection: logbook.open_log(connection, origin, jurisdiction, "licence"))
        newest = logbook.newest_checkpoint(ledger.read, log.number)
        own = OwnLog(
            log,
            logbook.frontier(ledger.read, log.number, log.size),
            None if newest is None else Published(*newest),
            lambda at: LogKeys(signers.get("log", pair.log), signers.get("heartbeat", pair.heartbeat)),
        )

        def authorities(at: int) -> Mapping[str, Sequence[Signer]]:
            return signers.get("authorities", {})

        highwater = HighWater(folder / "data" / "licence.highwater")
        publisher = Publisher(
            ledger,
            PlainTrust(folder / "trust", (folder / "schemas",)),
            {"licence": OwnState(own, lambda at: [signers.get("record", keys.record)], highwater, authorities)},
            heartbeat_s=heartbeat_s,
            replicated=replicated,
            within_s=within_s,
            measures=Measures(),
            clock=clock,
        )
        task = asyncio.create_task(publisher.run())
        publisher.open()
        ledger.commits = 0
        try:
            yield Press(publisher, ledger, log)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            publisher.close()
            highwater.close()
