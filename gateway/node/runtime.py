"""The one place where a node is wired: ledger, mirrors, publisher, relay, followers and guard, under one task group.

>>> async with Node(config, refused_keys=example_public_keys()) as node:
...     await node.run()
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, aclosing
from types import TracebackType
from typing import Self

import aiohttp
import structlog

from gateway.bus.embedded import EmbeddedBus
from gateway.bus.kafka import KafkaBus
from gateway.bus.kafka_settings import KafkaSettings
from gateway.bus.port import Bus, BusError, Message, checkpoint_topic, record_topic
from gateway.bus.routed import RoutedBus
from gateway.bus.tileheads import Sources, SourcesOf
from gateway.bus.tilereading import TileBus
from gateway.errors import CannotRun
from gateway.ledger import logbook
from gateway.ledger.database import Database, faults_named
from gateway.ledger.highwater import HighWater
from gateway.node import guard, index, nodekeys, rejudge
from gateway.node.config import EMBEDDED, Config
from gateway.node.counter import Counter
from gateway.node.follower import Follower, MirrorParts
from gateway.node.freshness import OwnClock
from gateway.node.measures import Measures
from gateway.node.mirror import Mirror
from gateway.node.news import News
from gateway.node.publisher import OwnState, Publisher
from gateway.node.relay import Relay
from gateway.node.sealer import OwnLog, Published
from gateway.node.trustfolder import TrustFolder
from gateway.node.views import Views
from gateway.recognition.checks import smallest_budget

SCHEMA = logbook.TABLES + index.TABLES
TRUST_EVERY_S = 2.0
READERS = 2
PAUSE_S = 1.0

log = structlog.get_logger(__name__)


class Node:
    """One running gateway: speaks for exactly one jurisdiction. ``async with`` opens and closes it, ``run`` runs it."""

    def __init__(self, config: Config, *, refused_keys: frozenset[bytes]) -> None:
        self.config = config
        self.measures = Measures()
        self.trust = TrustFolder(config.trust, config.schemas)
        self.own_clock = OwnClock()
        self.followers: dict[str, Follower] = {}
        self._listened: set[str] = set()
        self.started_at = time.time()
        own = self.trust.current.roster.jurisdictions.get(config.jurisdiction)
        if own is None:
            raise CannotRun(
                "roster.not_in", f"the roster in {config.trust} has no jurisdiction {config.jurisdiction!r}"
            )
        self.jurisdiction = own
        network = self.trust.current.roster.network
        self._own_logs = {entry.family: entry.origin for entry in own.logs if entry.ended is None}
        self.keys = nodekeys.load(config.keys, network, own.id, tuple(self._own_logs), refused_keys)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _open(self) -> None:
        self._stack.callback(os.close, lock_data(self.config))
        self.ledger = await self._stack.enter_async_context(Database(self.config.data / "ledger.sqlite", SCHEMA))
        self.mirrors = await self._stack.enter_async_context(Database(self.config.data / "mirrors.sqlite", SCHEMA))
        readers = ThreadPoolExecutor(READERS, thread_name_prefix="gate")
        self._stack.callback(readers.shutdown)
        self.bus: Bus = await self._stack.enter_async_context(open_bus(self.config, self.sources))
        self.session = await self._stack.enter_async_context(aiohttp.ClientSession())
        await self._judge_again()
        self.publisher = Publisher(
            self.ledger,
            self.trust,
            {family: await self._open_own(family, origin) for family, origin in self._own_logs.items()},
            heartbeat_s=self.config.heartbeat_s,
            replicated=self.config.replicated,
            within_s=self.config.acknowledge_within_s,
            measures=self.measures,
        )
        self._stack.callback(self.publisher.close)
        prefix, own = self.config.bus.prefix, self.jurisdiction.id
        self.relay = Relay(
            self.ledger, self.bus, self.publisher, jurisdiction=own, prefix=prefix, measures=self.measures
        )
        self.parts = MirrorParts(
            mirrors=self.mirrors,
            bus=self.bus,
            session=self.session,
            readers=readers,
            trust=self.trust,
            measures=self.measures,
            own_clock=self.own_clock,
            urls=lambda jurisdiction: self.sources(jurisdiction).urls,
            quiet_s=self.quiet_s,
            prefix=prefix,
        )
        self._stack.push_async_callback(self._keep_heartbeats)
        self.views = Views(self.mirrors, self.publisher, self.followers)
        self.counter = Counter(self.views, self.trust, own, self.keys.verdict, self.own_clock, self.measures)
        self.news = News(self.views, self.trust)

    async def _open_own(self, family: str, origin: str) -> OwnState:
        own = await self.ledger.write(lambda c: logbook.open_log(c, origin, self.jurisdiction.id, family))
        with faults_named(self.ledger.path, "; the node does not start"):
            newest = logbook.newest_checkpoint(self.ledger.read, own.number)
            frontier = logbook.frontier(self.ledger.read, own.number, own.size)
        pair = self.keys.logs[family]
        published = Published(*newest) if newest is not None else None
        highwater = HighWater(self.config.data / f"{family}.highwater")
        self._stack.callback(highwater.close)
        state = OwnState(OwnLog(own, frontier, published, pair.log, pair.heartbeat), self.keys.record, highwater)
        with faults_named(self.ledger.path, "; the node does not start"):
            guard.bring_up(self.ledger.read, state)
        return state

    async def run(self) -> None:
        """Run every part until cancelled. What a part can't go on with, it says; the others go on."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await self._follow_new()
            group.create_task(self._watch_trust())
            group.create_task(self.publisher.run())
            group.create_task(self.news.run())
            group.create_task(self._begin_sealing())

    async def _begin_sealing(self) -> None:
        while (fault := await self._fault_found()) is not None:
            log.error("node.not_sealing", reason=fault.reason, message=fault.message)
            self.publisher.refuse(fault)
            if fault.reason != guard.UNREAD:
                return
            await asyncio.sleep(PAUSE_S)
        self.publisher.open()
        await self.relay.run()

    async def _fault_found(self) -> CannotRun | None:
        """What the guard has against sealing now."""
        reach = guard.Reach(
            self.bus,
            self.session,
            self.trust.current,
            self.config.bus.prefix,
            self.jurisdiction.id,
            bus_needed=self.config.replicated,
        )
        try:
            with faults_named(self.ledger.path, "; nothing is sealed"):
                await guard.check(self.ledger.read, self.publisher.logs, reach)
        except CannotRun as error:
            return error
        return None

    async def _follow_new(self) -> None:
        """Follow every log of every other rostered jurisdiction that is not followed yet."""
        for other in self.trust.current.roster.jurisdictions.values():
            if other.id == self.jurisdiction.id:
                continue
            for entry in other.logs:
                if entry.origin not in self.followers:
                    await self._follow(entry.origin, other.id, entry.family)
            if other.id not in self._listened:
                self._listened.add(other.id)
                self._group.create_task(self._listen(other.id))

    async def _follow(self, origin: str, jurisdiction: str, family: str) -> None:
        mirrored = await self.mirrors.write(lambda c: logbook.open_log(c, origin, jurisdiction, family))
        with faults_named(self.mirrors.path):
            follower = self.followers[origin] = Follower.open(mirrored, self.parts)
        self.measures.listen(record_topic(self.config.bus.prefix, jurisdiction, family))
        self._group.create_task(self._keep_following(follower))

    async def _keep_following(self, follower: Follower) -> None:
        """Whatever one partner's log does to this program, the others go on, and so does this one after a pause."""
        while True:
            try:
                await Mirror(follower).run()
            except Exception:
                log.exception("mirror.crashed", origin=follower.log.origin)
                self.measures.crashes.labels(follower.log.origin).inc()
            await asyncio.sleep(PAUSE_S)
            await self._begin_again(follower)

    async def _begin_again(self, follower: Follower) -> None:
        """Go back to what is durable, once it can be read."""
        while True:
            try:
                with faults_named(self.mirrors.path):
                    await follower.begin_again()
                return
            except CannotRun as error:
                log.error("mirror.fault", origin=follower.log.origin, reason=error.reason, message=error.message)
                await asyncio.sleep(PAUSE_S)

    async def _listen(self, jurisdiction: str) -> None:
        """A partner's checkpoint topic: heartbeats and published checkpoints of all its logs."""
        topic = checkpoint_topic(self.config.bus.prefix, jurisdiction)
        self.measures.listen(topic)
        while True:
            try:
                async with aclosing(self.bus.read(topic, None)) as batches:
                    async for batch in batches:
                        self.measures.message(topic)
                        for received in batch:
                            await self._hear(jurisdiction, received.message)
            except (BusError, CannotRun) as error:
                log.warning("listen.pause", topic=topic, reason=error.reason, message=error.message)
            except Exception:
                log.exception("listen.crashed", topic=topic)
                self.measures.crashes.labels(topic).inc()
            await asyncio.sleep(PAUSE_S)

    async def _hear(self, jurisdiction: str, message: Message) -> None:
        follower = self.followers.get(message.key.partition(b" ")[0].decode(errors="replace"))
        if follower is not None and follower.log.jurisdiction == jurisdiction:
            with faults_named(self.mirrors.path):
                await follower.hear(message.value)

    async def _keep_heartbeats(self) -> None:
        for follower in self.followers.values():
            with contextlib.suppress(CannotRun):  # going down anyway; the next start hears anew
                await follower.keep_heartbeat()

    async def _watch_trust(self) -> None:
        due = False
        while True:
            await asyncio.sleep(TRUST_EVERY_S)
            if self.trust.refresh():
                log.info("trust.taken", version=self.trust.current.roster.version)
                due = True
            if not due:
                continue
            try:
                await self._judge_again()
                await self._follow_new()
                due = False
            except CannotRun as error:
                log.error("trust.not_applied", reason=error.reason, message=error.message)

    async def _judge_again(self) -> None:
        trust = self.trust.current
        for database in (self.ledger, self.mirrors):
            with faults_named(database.path):
                due = rejudge.due(database.read, trust)
            if due:
                done = await database.write(lambda connection: rejudge.rejudge(connection, trust))
                if done.subjects:
                    log.info(
                        "quarantine.judged_again", subjects=done.subjects, accepted=done.accepted, kept=done.quarantined
                    )

    def sources(self, jurisdiction: str) -> Sources:
        """Where a partner's logs may be had: at its own node, else at others'. Nowhere, if it is this node's own or not
        in the roster.
        """
        everyone = self.trust.current.roster.jurisdictions
        found = everyone.get(jurisdiction)
        if found is None or jurisdiction == self.jurisdiction.id:
            return Sources()
        others = (each for each in everyone.values() if each.id not in (jurisdiction, self.jurisdiction.id))
        return Sources(
            tuple(found.urls),
            tuple(url for other in others for url in other.urls),
            tuple(entry.family for entry in found.logs),
        )

    def budget_s(self, jurisdiction: str) -> float:
        """The age at which this node's verdicts on a jurisdiction's records begin to be stale."""
        trust = self.trust.current
        return smallest_budget(trust.agreements, trust.catalogue, jurisdiction, self.jurisdiction.id)

    def quiet_s(self, jurisdiction: str) -> float:
        """Half of it: then the checkpoint is asked for."""
        return self.budget_s(jurisdiction) / 2



def open_bus(config: Config, sources: SourcesOf) -> Bus:
    """The bus that the settings name, and what they say of certain jurisdictions' topics."""
    settings = config.bus
    usual = EmbeddedBus(settings.folder, prefix=settings.prefix) if settings.kind == EMBEDDED else None
    elsewhere = {each: _cluster(cluster, settings.prefix, sources) for each, cluster in settings.at.items()}
    bus = usual or _cluster(settings.kafka, settings.prefix, sources)
    return RoutedBus(bus, elsewhere, prefix=settings.prefix) if elsewhere else bus


def _cluster(cluster: KafkaSettings | None, prefix: str, sources: SourcesOf) -> Bus:
    return TileBus(sources, prefix=prefix) if cluster is None else KafkaBus(cluster, prefix=prefix)


def lock_data(config: Config) -> int:
    """Hold the data folder for this process alone."""
    try:
        descriptor = os.open(config.data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotRun(
            "ledger.io", f"{config.data}: {error.strerror}; run `jjj-gateway init` to make a node's folder"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise CannotRun("node.running", f"another process runs the node in {config.data}") from error
    return descriptor
