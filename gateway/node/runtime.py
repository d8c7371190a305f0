"""The one place where a node is wired: ledger, mirrors, publisher, relay, followers and guard, under one task group.

>>> async with Node(config, refused_keys=example_public_keys()) as node:
...     await node.run()
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Self

import aiohttp
import structlog

from gateway.bus.port import Bus, record_topic
from gateway.bus.tileheads import Sources
from gateway.errors import CannotRun
from gateway.ledger import cosignatures, logbook
from gateway.ledger.database import Database, faults_named
from gateway.ledger.highwater import HighWater
from gateway.ledger.witnessmarks import MARKS_FILE, WitnessMarks
from gateway.node import guard, index, mirroring, rejudge, trustcopies
from gateway.node.config import Config
from gateway.node.cosigners import Cosigners
from gateway.node.counter import Counter
from gateway.node.custody import Custody
from gateway.node.exhibits import EVIDENCE, Exhibits
from gateway.node.follower import Follower
from gateway.node.freshness import OwnClock
from gateway.node.gossip import Gossip
from gateway.node.keyplace import KeyPlace
from gateway.node.listening import Listener
from gateway.node.measures import Measures
from gateway.node.mirrorparts import MirrorParts
from gateway.node.news import News
from gateway.node.nodekeys import KeyFolder
from gateway.node.opening import lock_data, open_bus, open_trust, sources_in
from gateway.node.ownstate import OwnState
from gateway.node.publisher import Publisher
from gateway.node.relay import Relay
from gateway.node.sealer import OwnLog, Published
from gateway.node.signedtrust import LEDGER
from gateway.node.views import Views
from gateway.node.witness import Witness, WitnessKeys
from gateway.recognition.checks import smallest_budget

SCHEMA = logbook.TABLES + cosignatures.TABLES + index.TABLES + trustcopies.TABLES
TRUST_EVERY_S = 2.0
READERS = 2
PAUSE_S = 1.0

log = structlog.get_logger(__name__)


class Node:
    """One running gateway: speaks for exactly one jurisdiction. ``async with`` opens and closes it, ``run`` runs it."""

    def __init__(
        self, config: Config, *, refused_keys: frozenset[bytes], clock: Callable[[], float] = time.time
    ) -> None:
        self.config = config
        self._clock = clock
        self.measures = Measures()
        self.own_clock = OwnClock()
        self.trust = open_trust(config, self.measures, self.own_clock, refused_keys)
        self.followers: dict[str, Follower] = {}
        self._listened: set[str] = set()
        self.started_at = clock()
        self._refused_keys = refused_keys
        self.exhibits = Exhibits(config.data / EVIDENCE, config.jurisdiction)
        self._stack = AsyncExitStack()
        if self.trust.held:
            self._take_place()

    def _take_place(self) -> None:
        """Find oneself in the roster, and one's keys. Raises ``CannotRun`` ``roster.not_in``, ``key.*``."""
        config = self.config
        own = self.trust.current.roster.jurisdictions.get(config.jurisdiction)
        if own is None:
            raise CannotRun(
                "roster.not_in", f"the roster in {config.trust} has no jurisdiction {config.jurisdiction!r}"
            )
        self.jurisdiction = own
        network = self.trust.current.roster.network
        self._own_logs = {entry.family: entry.origin for entry in own.logs if entry.ended is None}
        place = KeyPlace(config.keys, network, own.id, self._own_logs, config.passphrases)
        self.keys = KeyFolder.open(place, lambda: self.trust.current.roster, self._refused_keys)

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
        self.ledger = await self._stack.enter_async_context(Database(self.config.data / LEDGER, SCHEMA))
        self.mirrors = await self._stack.enter_async_context(Database(self.config.data / "mirrors.sqlite", SCHEMA))
        self.session = await self._stack.enter_async_context(aiohttp.ClientSession())
        await self._open_trust()
        readers = ThreadPoolExecutor(READERS, thread_name_prefix="gate")
        self._stack.callback(readers.shutdown)
        self.bus: Bus = await self._stack.enter_async_context(open_bus(self.config, self.sources))
        await self._judge_again()
        self.publisher = Publisher(
            self.ledger,
            self.trust,
            {family: await self._open_own(family, origin) for family, origin in self._own_logs.items()},
            heartbeat_s=self.config.heartbeat_s,
            replicated=self.config.replicated,
            within_s=self.config.acknowledge_within_s,
            measures=self.measures,
            clock=self._clock,
        )
        self._stack.callback(self.publisher.close)
        prefix, own = self.config.bus.prefix, self.jurisdiction.id
        self._open_witness()
        self.relay = Relay(
            self.ledger,
            self.bus,
            self.publisher,
            jurisdiction=own,
            prefix=prefix,
            measures=self.measures,
            cosigned=self.witness.messages,
        )
        self._open_parts(readers)
        self._stack.push_async_callback(self._keep_heard)
        ended = [await self._open_row(each.origin, each.family) for each in self.jurisdiction.logs if each.ended]
        self.views = Views(self.mirrors, self.publisher, self.followers, self.trust, ended, clock=self._clock)
        self.counter = Counter(
            self.views, self.trust, own, self.keys.verdict.at, self.own_clock, self.measures, clock=self._clock
        )
        self.news = News(self.views, self.trust)

    def _open_parts(self, readers: ThreadPoolExecutor) -> None:
        self.parts = MirrorParts(
            mirrors=self.mirrors,
            bus=self.bus,
            session=self.session,
            readers=readers,
            trust=self.trust,
            measures=self.measures,
            own_clock=self.own_clock,
            exhibits=self.exhibits,
            urls=lambda jurisdiction: self.sources(jurisdiction).urls,
            quiet_s=self.quiet_s,
            prefix=self.config.bus.prefix,
            clock=self._clock,
            witness=self.witness,
        )

        self.custody = Custody(
            self.trust, self.exhibits, self.config.data, self.ledger, self.publisher, self.followers, self._clock
        )
        self.gossip = Gossip(self.custody, self.session, self.jurisdiction.id)
        self.listener = Listener(self.parts, self.followers, self.custody, self.cosigners)

    def _open_witness(self) -> None:
        wake = asyncio.Event()
        marks = WitnessMarks(self.config.data / MARKS_FILE)
        self._stack.callback(marks.close)
        self.cosigners = Cosigners(self.trust, self.measures, wake.set)
        self.witness = Witness(
            WitnessKeys(self.keys.witness.task.name, self.keys.witness.at),
            self.mirrors,
            marks,
            self.followers,
            self.cosigners,
            announce=self.publisher.changed.set,
            wake=wake,
        )
        self._stack.callback(self.witness.close)

    async def _open_row(self, origin: str, family: str) -> logbook.Log:
        return await self.ledger.write(lambda c: logbook.open_log(c, origin, self.jurisdiction.id, family))

    async def _open_trust(self) -> None:
        first = not self.trust.held
        await self.trust.open(self.ledger, self.session)
        if first:
            self._take_place()
        standing, roster = self.trust.standing(), self.trust.current.roster
        log.info("trust.in_force", signed=standing.signed, roster_version=roster.version, **standing.versions)
        if standing.warning is not None:
            log.warning(standing.warning, folder=str(self.config.trust), age_s=standing.age_s)

    async def _open_own(self, family: str, origin: str) -> OwnState:
        own = await self._open_row(origin, family)
        with faults_named(self.ledger.path, "; the node does not start"):
            newest = logbook.newest_checkpoint(self.ledger.read, own.number)
            frontier = logbook.frontier(self.ledger.read, own.number, own.size)
        published = Published(*newest) if newest is not None else None
        highwater = HighWater(self.config.data / f"{own.name}.highwater")
        self._stack.callback(highwater.close)
        own_log = OwnLog(own, frontier, published, partial(self.keys.log, family))
        state = OwnState(own_log, self.keys.record(family).at, highwater, self.keys.authorities)
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
            group.create_task(self.witness.run())
            group.create_task(self.news.run())
            group.create_task(self._begin_sealing())
            group.create_task(self.gossip.run())

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
            held=self.keys.verifiers,
        )
        try:
            self.custody.check_own()
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
                self._group.create_task(self.listener.listen(other.id))

    async def _follow(self, origin: str, jurisdiction: str, family: str) -> None:
        mirrored = await self.mirrors.write(lambda c: logbook.open_log(c, origin, jurisdiction, family))
        with faults_named(self.mirrors.path):
            follower = Follower.open(mirrored, self.parts)
        await self.custody.freeze_again(follower)
        self.followers[origin] = follower
        if follower.ended is None:
            self.measures.listen(record_topic(self.config.bus.prefix, jurisdiction, mirrored.name))
        self._group.create_task(mirroring.keep_following(follower))

    async def _keep_heard(self) -> None:
        with contextlib.suppress(CannotRun):  # going down anyway; the next start hears anew
            await self.cosigners.keep(all_of_it=True)
        for follower in self.followers.values():
            with contextlib.suppress(CannotRun):
                await follower.keep_heartbeat()

    async def _watch_trust(self) -> None:
        due = False
        while True:
            try:
                await self.custody.settle_ends()
                await asyncio.to_thread(self.keys.refresh)
                before = self.trust.current.roster
                if await self.trust.refresh():
                    log.info("trust.taken", version=self.trust.current.roster.version)
                    due = True
                    await self.custody.weigh_again(before)
                if due:
                    await self._judge_again()
                    await self._follow_new()
                    due = False
            except CannotRun as error:
                log.error("trust.not_applied", reason=error.reason, message=error.message)
            except Exception:
                log.exception("trust.crashed")  # what is in force stays so, and its age says how long
            await asyncio.sleep(TRUST_EVERY_S)

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
        """Where a partner's logs may be had; nowhere, if it is this node's own."""
        return sources_in(self.trust.current.roster, jurisdiction, own=self.jurisdiction.id)

    def budget_s(self, jurisdiction: str) -> float:
        """The age at which this node's verdicts on a jurisdiction's records begin to be stale."""
        trust = self.trust.current
        return smallest_budget(trust.agreements, trust.catalogue, jurisdiction, self.jurisdiction.id)

    def quiet_s(self, jurisdiction: str) -> float:
        """Half of it: then the checkpoint is asked for."""
        return self.budget_s(jurisdiction) / 2
