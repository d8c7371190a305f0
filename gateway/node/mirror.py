"""Following a partner's log: from the bus, and from tiles where the bus has a gap or is silent (law 5, DESIGN §5).

A reader without a position, or whose position is gone, starts from tiles (the owner's, else a partner's) and joins the
topic after. A size that a checkpoint shows and that is still lacking after 2 s is fetched; a topic silent for half the
budget is asked about.

>>> await Mirror(follower).run()
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import aclosing
from functools import partial
from itertools import pairwise

import structlog

from gateway.bus.port import BusError, PositionLost, record_topic
from gateway.bus.tileclient import TileClient, Unreachable
from gateway.errors import CannotRun, Refused
from gateway.ledger import cosignatures, logbook, merkle
from gateway.ledger.merkle import Frontier, Node
from gateway.node.follower import GAP_S, Follower, Listening
from gateway.node.statements import Statement

PAUSE_S = 1.0
TICK_S = 0.25
FIRST_KEEP_S = 2.0
KEEP_S = 30.0
LEARN_AFTER_S = 2.0
LEARN_AGAIN_S = 600.0
ENTRIES_A_FETCH = 2_048
SEALS_A_FILE = 256
MOST_A_SEAL = 65_536
"""Leaves fetched at once: many more than any publisher seals in one commit."""

log = structlog.get_logger(__name__)


class Mirror:
    """The loops around one follower."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self._asked_at = time.monotonic()
        self._keep_at = self._asked_at + FIRST_KEEP_S

    async def run(self) -> None:
        """Follow until cancelled; a fault of one round is said and the next begins from what is durable."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_topic())
            group.create_task(self._watch())
            if self.follower.parts.witness is not None:
                group.create_task(self._learn(self.follower.parts.witness))

    async def _follow_topic(self) -> None:
        topic = record_topic(self.follower.parts.prefix, self.follower.log.jurisdiction, self.follower.log.family)
        while True:
            try:
                async with aclosing(self.follower.parts.bus.read(topic, self.follower.tail.position)) as batches:
                    async for batch in batches:
                        self.follower.parts.measures.message(topic)
                        await self.follower.receive(batch)
            except BusError as error:
                log.warning("mirror.bus", origin=self.follower.log.origin, reason=error.reason, message=error.message)
                if isinstance(error, PositionLost):
                    self.follower.tail.position = None
                    await self.catch_up()
                await asyncio.sleep(PAUSE_S)
            except CannotRun as error:
                await self._fault(error)
                await asyncio.sleep(PAUSE_S)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            tick = time.monotonic()
            gap = self.follower.wanted_since is not None and tick - self.follower.wanted_since >= GAP_S
            try:
                if self.follower.log.frozen is None and (gap or self._quiet(tick)):
                    self._asked_at = tick
                    await self.catch_up()
                if tick >= self._keep_at:
                    self._keep_at = tick + KEEP_S
                    await self.follower.keep_heartbeat()
            except CannotRun as error:
                await self._fault(error)

    async def _learn(self, witness: Listening) -> None:
        """The cosignatures of old checkpoints, which a topic has no more, from whoever shows them: soon after the
        start, then now and then, for what was said while a topic could not be read.
        """
        await asyncio.sleep(LEARN_AFTER_S)
        while True:
            try:
                held = await self._learn_history(witness)
            except CannotRun as error:
                log.error("mirror.learn", origin=self.follower.log.origin, reason=error.reason, message=error.message)
                held = False
            await asyncio.sleep(LEARN_AGAIN_S if held else LEARN_AFTER_S)

    async def _learn_history(self, witness: Listening) -> bool:
        """Read the history on from where it was learned; False where this node holds nothing of the log yet."""
        if self.follower.log.size == 0:
            return False
        for url in self.follower.parts.urls(self.follower.log.jurisdiction):
            try:
                await self._learn_from(self._source(url), witness)
                break
            except (Unreachable, Refused) as error:
                log.info("mirror.source", origin=self.follower.log.origin, reason=error.reason, message=error.message)
        return True

    async def _learn_from(self, source: TileClient, witness: Listening) -> None:
        mirrors, number = self.follower.parts.mirrors, self.follower.log.number
        known = cosignatures.learned(mirrors.read, number)
        file = known  # a file that has just filled up is read once more: witnesses still come to its newest seals
        while True:
            try:
                notes = await source.history(file)
            except Unreachable as error:
                if error.reason == "source.missing" and file > 0:
                    return
                raise
            await witness.learn(self.follower, notes)
            if len(notes) < SEALS_A_FILE:
                return
            await mirrors.write(partial(cosignatures.set_learned, log=number, files=file))
            file += 1

    def _quiet(self, tick: float) -> bool:
        """Whether the owner's checkpoint is to be asked for: nobody has said anything of it for long enough."""
        silent_s = tick - max(self.follower.freshness.heard_at or 0.0, self._asked_at)
        return silent_s > self.follower.parts.quiet_s(self.follower.log.jurisdiction)

    async def _fault(self, error: CannotRun) -> None:
        log.error("mirror.fault", origin=self.follower.log.origin, reason=error.reason, message=error.message)
        await self.follower.begin_again()

    async def catch_up(self) -> None:
        """Fetch what the owner, else a partner, holds above what is verified."""
        for url in self.follower.parts.urls(self.follower.log.jurisdiction):
            source = self._source(url)
            try:
                note = await source.checkpoint()
                await self.follower.hear(note)
                statement = self.follower.read(note)
                if statement is None:
                    continue
                await self._fetch(source, statement)
            except (Unreachable, Refused) as error:
                log.info("mirror.source", origin=self.follower.log.origin, reason=error.reason, message=error.message)
                continue
            if self.follower.log.size >= self.follower.newest[0] or self.follower.log.frozen is not None:
                self.follower.wanted, self.follower.wanted_since = 0, None
                return
        if self.follower.wanted_since is not None:
            self.follower.wanted_since = time.monotonic()

    def _source(self, url: str) -> TileClient:
        held = self.follower.log
        return TileClient(self.follower.parts.session, url, held.jurisdiction, held.family)

    async def _fetch(self, source: TileClient, target: Statement) -> None:
        """Fetch and commit all that the source's sealed checkpoints cover above what is verified."""
        if target.size <= self.follower.log.size:
            return
        number, last = await self._first_file(source), -1
        while self.follower.log.size < target.size and self.follower.log.frozen is None:
            notes = await source.history(number)
            seals = [seal for note in notes if (seal := self.follower.read(note)) is not None]
            sizes = [last, *(seal.size for seal in seals)]
            if any(one >= other for one, other in pairwise(sizes)):
                raise Refused("history.order", f"{source.url}: the sizes in history/{number} do not rise")
            for part in _parts([seal for seal in seals if self.follower.log.size < seal.size <= target.size]):
                await self._fetch_part(source, part, target)
            if len(notes) < SEALS_A_FILE and self.follower.log.size < target.size:
                raise Refused("history.short", f"{source.url} shows no sealed checkpoint of {target.size}")
            number, last = number + 1, sizes[-1]

    async def _first_file(self, source: TileClient) -> int:
        """The history file in which to begin: the source may hold other seals below than we do."""
        number = logbook.count_seals(self.follower.parts.mirrors.read, self.follower.log.number) // SEALS_A_FILE
        while number > 0:
            try:
                first = self.follower.read((await source.history(number))[0])
            except Unreachable as error:
                if error.reason != "source.missing":
                    raise
                first = None
            if first is not None and first.size <= self.follower.log.size:
                break
            number -= 1
        return number

    async def _fetch_part(self, source: TileClient, seals: list[Statement], target: Statement) -> None:
        """Fetch the leaves of some seals in one go; nothing waits for the source, so the topic may be quicker."""
        while (start := self.follower.log.size) < seals[-1].size and self.follower.log.frozen is None:
            if seals[-1].size - start > MOST_A_SEAL:
                raise Refused("tail.full", f"{source.url}: a checkpoint seals more than {MOST_A_SEAL} leaves at once")
            entries = await source.entries(start, seals[-1].size, target.size)
            self.follower.parts.measures.fetched.labels(self.follower.log.origin).inc(len(entries))
            if not await self._take(start, entries, seals):
                await self._prove_fork(source, target)
                raise Refused("root.mismatch", f"{source.url}: leaves from {start} on do not give the signed roots")

    async def _take(self, start: int, entries: list[bytes], seals: list[Statement]) -> bool:
        """Put fetched leaves in place of the provisional ones; False where a seal does not cover them."""
        async with self.follower.busy:
            tail = self.follower.tail
            if self.follower.log.size != start:
                return True
            tail.replace(entries[tail.covered - start :])
            for seal in seals:
                if seal.size > tail.covered and not tail.cover(seal, self.follower.now_ms()):
                    await self.follower.commit()
                    return False
            await self.follower.commit()
            return True

    async def _prove_fork(self, source: TileClient, target: Statement) -> None:
        """Freeze if the source proves that the signed tree begins otherwise than ours: it does not extend it."""
        size, number = self.follower.log.size, self.follower.log.number
        seal = logbook.last_seal(self.follower.parts.mirrors.read, number)
        if seal is None:
            return
        root, proof = await source.compute(
            target.size, lambda node: (_root_of(size, node), merkle.consistency_proof(size, target.size, node))
        )
        merkle.verify_consistency(size, target.size, proof, root, target.root)
        if root != logbook.root_at(self.follower.parts.mirrors.read, number, size):
            async with self.follower.busy:
                await self.follower.freeze("log.fork", seal.note, target.note)


def _root_of(size: int, node: Node) -> bytes:
    levels = [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]
    return Frontier(size, [node(level, (size >> level) - 1) for level in levels]).root()


def _parts(seals: list[Statement]) -> Iterator[list[Statement]]:
    """Seals in groups of about ``ENTRIES_A_FETCH`` leaves: a bundle is not fetched for each of its leaves anew."""
    part: list[Statement] = []
    for seal in seals:
        if part and seal.size - part[0].size >= ENTRIES_A_FETCH:
            yield part
            part = []
        part.append(seal)
    if part:
        yield part
