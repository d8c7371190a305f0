"""Publishing: drafts in, receipts out, one durable commit for all that wait (laws 4 and 5).

One loop serves every caller. It takes what is queued, judges and signs it outside any transaction, commits entries,
tree, seal and index in one, syncs the high-water file, and only then wakes the relay and answers: at once, or when the
bus has it (``acknowledgement``), while further commits are made. Callers who come while it works share the next
commit; a caller who comes while it is idle waits for nobody; who comes with historic records stands in a lane of their
own (``lanes``). The same loop signs heartbeats, so dates never cross.

>>> receipts = await publisher.publish([Draft("jjj.licence.issued", data)])
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import structlog

from gateway.errors import CannotRun
from gateway.ledger import logbook
from gateway.ledger.database import Database, faults_named
from gateway.node.acknowledgement import LOOK_S, Acknowledgement
from gateway.node.door import Door, Draft, Receipt
from gateway.node.lanes import Lanes, Waiting
from gateway.node.measures import Measures
from gateway.node.ownstate import OwnState
from gateway.node.sealer import OwnLog, Published
from gateway.node.shown import Shown
from gateway.node.trustfolder import TrustFolder
from gateway.node.work import Work, family_of, take, write, write_beats

PUBLISH_EVERY_S = 1.0
STARTING = "node.starting"
OPEN_S = 0.02
"""Seconds between looks at a starting node: its first heartbeats follow at once when it may seal."""

log = structlog.get_logger(__name__)


class Publisher:
    """Owner of the own logs. ``changed`` is set whenever the relay has something new to send; ``shown`` is the ledger
    for whoever answers questions.
    """

    def __init__(
        self,
        ledger: Database,
        trust: TrustFolder,
        logs: Mapping[str, OwnState],
        *,
        heartbeat_s: float,
        replicated: bool,
        within_s: float,
        measures: Measures,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``replicated``, ``within_s``: as ``Acknowledgement`` has them."""
        self.logs = logs
        self.shown = Shown(ledger)
        owns = [state.own for state in logs.values()]
        self.acknowledgement = Acknowledgement(owns, replicated=replicated, within_s=within_s, told=measures.receipts)
        for own in owns:
            self._begin_to_show(own, ledger)
        self.changed = asyncio.Event()
        self._ledger = ledger
        self._trust = trust
        self._heartbeat_s = heartbeat_s
        self._measures = measures
        self._clock = clock
        self._lanes = Lanes()
        self._reader = ledger.reader()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="door")
        self._refusing: CannotRun | None = CannotRun(STARTING, "the node is starting")

    def _begin_to_show(self, own: OwnLog, ledger: Database) -> None:
        """What others may see at the start: all that is durable or, if that is wanted, all that the bus has taken."""
        first = own.newest
        if self.acknowledgement.replicated:
            with faults_named(ledger.path, "; the node does not start"):
                seal = logbook.seal_below(ledger.read, own.log.number, own.log.sent + 1)
            first = Published(seal.size, seal.date, seal.note) if seal is not None else None
        if first is not None:
            own.show(first)
        self.shown.reach(own.log.number, own.size - own.unshown)

    def open(self) -> None:
        """Begin to seal: the fork guard has found nothing against it."""
        self._refusing = None
        self.acknowledgement.moved_on()

    def close(self) -> None:
        """Give back what answers questions; the ledger is closed after it."""
        self.shown.close()

    def refuse(self, error: CannotRun) -> None:
        """Stop sealing and say why to every caller."""
        self._refusing = error

    @property
    def refusing(self) -> CannotRun | None:
        """Why nothing is sealed now, or None."""
        return self._refusing

    def _refusal(self) -> CannotRun | None:
        """Why nobody is let in now, or None."""
        return self._refusing or self.acknowledgement.overdue

    async def publish(self, drafts: Sequence[Draft], *, bulk: bool = False) -> list[Receipt]:
        """One receipt a draft, in order, when all that was let in is durable. ``bulk``: historic records, behind all
        live ones. Raises ``CannotRun`` when nothing can be sealed.
        """
        if (refusal := self._refusal()) is not None:
            raise refusal
        return await self._lanes.answer(drafts, bulk=bulk)

    async def run(self) -> None:
        """Serve callers and sign heartbeats until cancelled."""
        try:
            while True:
                batch = await self._next_batch()
                if batch:
                    await self._serve(batch)
                await self._publish_checkpoints()
        finally:
            self._thread.shutdown(wait=True)
            self._reader.close()
            self.acknowledgement.cancel()
            for waiting in self._lanes.drain():
                waiting.answer.cancel()

    async def _next_batch(self) -> list[Waiting]:
        try:
            async with asyncio.timeout(self._until_next_checkpoint()):
                if self.acknowledgement.room:
                    return await self._lanes.take()
                await asyncio.Event().wait()  # for the time given: what waits goes on waiting
        except TimeoutError:
            pass
        return self._lanes.drain() if self.acknowledgement.overdue is not None else []

    def _until_next_checkpoint(self) -> float:
        if self._refusing is not None:
            return OPEN_S if self._refusing.reason == STARTING else PUBLISH_EVERY_S
        now = time.monotonic()
        until_s = min((self._checkpoint_due(state) - now for state in self.logs.values()), default=PUBLISH_EVERY_S)
        return max(0.01, min(until_s, LOOK_S) if self.acknowledgement.unshown else until_s)

    def _checkpoint_due(self, state: OwnState) -> float:
        shown, published = state.own.shown, state.published
        if shown is not None and (published is None or shown.size > published.size):
            return state.published_at + PUBLISH_EVERY_S
        # No heartbeat says that nothing is newer while a larger seal is on its way (DESIGN §4).
        pause_s = self._heartbeat_s if state.unsigned is None else PUBLISH_EVERY_S
        return state.published_at + pause_s if not state.own.unshown else math.inf

    async def _serve(self, batch: list[Waiting]) -> None:
        if (refusal := self._refusal()) is not None:
            _fail(batch, refusal)
            return
        loop = asyncio.get_running_loop()
        try:
            batch = self._with_keys(batch)
            with self._measures.stage("publish.judge_sign"):
                works, receipts = await loop.run_in_executor(self._thread, self._judge, [w.drafts for w in batch])
            await self._commit(works)
        except CannotRun as error:
            log.error("publish.failed", reason=error.reason, message=error.message)
            self._reload()
            _fail(batch, error)
            return
        except BaseException:  # the publisher ends: nobody may wait for an answer that never comes
            for waiting in batch:
                waiting.answer.cancel()
            raise
        finished = [[self._with_size(answer) for answer in answers] for answers in receipts]
        self.acknowledgement.hold(batch, finished, sum(len(entry) for work in works for entry in work.taken.entries))

    def _with_keys(self, batch: list[Waiting]) -> list[Waiting]:
        """Those whose families have good keys; the others are told what is lacking, and may hand the same in again."""
        now = int(self._clock())
        found = ((family, state.fault(now)) for family, state in self.logs.items())
        faults = {family: fault for family, fault in found if fault is not None}
        if not faults:
            return batch
        kept = []
        for waiting in batch:
            lacking = faults.keys() & {family_of(draft) for draft in waiting.drafts}
            if not lacking:
                kept.append(waiting)
                continue
            log.error("publish.no_key", families=sorted(lacking), message=faults[min(lacking)].message)
            _fail([waiting], faults[min(lacking)])
        return kept

    def _judge(self, batches: list[Sequence[Draft]]) -> tuple[list[Work], list[list[Receipt]]]:
        with faults_named(self._ledger.path, "; nothing of this batch was kept"):
            return self._prepare(batches)

    def _prepare(self, batches: list[Sequence[Draft]]) -> tuple[list[Work], list[list[Receipt]]]:
        now = self._clock()
        trust = self._trust.current
        touched = {family_of(draft) for drafts in batches for draft in drafts}
        doors = {
            family: Door(
                self._reader,
                trust,
                state.own.log,
                state.own.size,
                state.record(state.own.date(int(now))),
                now=int(now * 1000),
                date=state.own.date(int(now)),
            )
            for family, state in self.logs.items()
            if family in touched
        }
        receipts = [[take(doors, draft) for draft in drafts] for drafts in batches]
        works = []
        for family, door in doors.items():
            if door.taken.entries:
                own = self.logs[family].own
                sealed = own.seal(door.taken.hashes, int(now), int(now * 1000))
                works.append(Work(own, door.taken, sealed))
        return works, receipts

    async def _commit(self, works: list[Work]) -> None:
        if not works:
            return
        with self._measures.stage("publish.commit"):
            await self._ledger.write(lambda connection: write(connection, works))
        for work in works:
            if work.sealed is None:
                continue
            state = self.logs[work.own.log.family]
            with self._measures.stage("publish.highwater"):
                await asyncio.get_running_loop().run_in_executor(
                    self._thread, state.highwater.write, work.sealed.seal.size, work.sealed.seal.root
                )
            work.own.advance(work.sealed)
            if not self.acknowledgement.replicated and work.own.newest is not None:
                self.show(work.own, work.own.newest)
        self.changed.set()

    def show(self, own: OwnLog, published: Published) -> None:
        """Others may see this of an own log from now on: it is durable here or, if that is wanted, at the bus."""
        own.show(published)
        self.shown.reach(own.log.number, own.size - own.unshown)
        self.acknowledgement.moved_on()

    def _with_size(self, receipt: Receipt) -> Receipt:
        if receipt.size is not None or receipt.index is None:
            return receipt
        sizes = {state.own.log.origin: state.own.size for state in self.logs.values()}
        return replace(receipt, size=sizes[receipt.log])

    def _reload(self) -> None:
        """After a fault any doubt is fatal: what the disk says is what stands."""
        try:
            for state in self.logs.values():
                found = logbook.find_log(self._ledger.read, state.own.log.origin)
                size = found.size if found is not None else -1
                if size != state.own.size:
                    self._refusing = CannotRun(
                        "ledger.doubt",
                        f"{state.own.log.origin}: the ledger holds {size} leaves,"
                        f" {state.own.size} were acknowledged; restart the node",
                    )
        except sqlite3.Error as error:
            self._refusing = CannotRun("ledger.doubt", f"{self._ledger.path} can't be read: {error}; restart the node")

    def _next_checkpoint(self, state: OwnState) -> Published:
        """A seal that partners have not seen, as committed; else, and first after a start, a heartbeat of now."""
        shown, published = state.own.shown, state.published
        if shown is not None and (state.own.unshown or (published is not None and shown.size > published.size)):
            return shown
        return state.own.heartbeat(int(self._clock()))

    def _signed(self, state: OwnState, now: float) -> Published | None:
        """The checkpoint due; None if no key of this log is good now: tried again after a second, the others go on."""
        try:
            beat, state.unsigned = self._next_checkpoint(state), None
        except CannotRun as error:
            if state.unsigned is None or state.unsigned.message != error.message:
                log.error("heartbeat.unsigned", reason=error.reason, message=error.message)
            state.unsigned, state.published_at = error, now
            return None
        return beat

    async def _publish_checkpoints(self) -> None:
        if self._refusing is not None:
            return
        now = time.monotonic()
        due = [state for state in self.logs.values() if self._checkpoint_due(state) <= now]
        if not due:
            return
        try:
            beats = [(state, beat) for state in due if (beat := self._signed(state, now)) is not None]
            await self._ledger.write(lambda connection: write_beats(connection, beats))
        except CannotRun as error:
            log.error("heartbeat.failed", reason=error.reason, message=error.message)
            await asyncio.sleep(PUBLISH_EVERY_S)
            return
        for state, beat in beats:
            if state.own.unshown == 0:
                state.own.beat(beat)
            state.published, state.published_at = beat, now
            if not self.acknowledgement.replicated:
                self.show(state.own, beat)
        self.changed.set()


def _fail(batch: list[Waiting], error: CannotRun) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
