"""Is this log what its owner signed, from the first byte to the last? One log, read once through, in bounded memory
(laws 2 and 3).

The checkpoint says how large the log is; seals, entries, tiles and file names are held against it, and every leaf
goes through the gate. Fetching, reading in threads and settling in order go on side by side.

>>> report = await LogAudit(log, LogName("jjj.example/sanhe/licence", "sanhe", "licence"), means).run()
>>> report.size, report.findings
(812, ())
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any

from gateway.audit.entries import EntryWalk
from gateway.audit.forms import FormJudge
from gateway.audit.leaves import Batch, Judge, LeafJudge
from gateway.audit.report import MOST_FINDINGS, AuditFinding, LogReport, found, found_error
from gateway.audit.seals import Reader, Seal, SealStream
from gateway.audit.sources import Lacking, LogFiles, Mark, belongs, count_files, tree_files
from gateway.errors import GatewayError
from gateway.ledger.merkle import EMPTY_ROOT
from gateway.ledger.tiles import history_path
from gateway.trust.trusted import TrustData

SLICE = 64
AHEAD = 2
"""Batches that are read while an earlier one is settled."""
MOST_MISSING = 10
CHECKPOINT = "checkpoint"


class Depth(Enum):
    """How much is judged: hashes and forms; also who signed the checkpoints; also every leaf, through the gate."""

    STRUCTURE = 1
    SEALS = 2
    FULL = 3


@dataclass(frozen=True, slots=True)
class LogName:
    """Which log this is, by our own configuration: not by what its bytes say."""

    origin: str
    jurisdiction: str
    family: str


@dataclass(frozen=True, slots=True)
class Means:
    """What the audits of all logs share. ``trust`` is None where there are no keys; ``progress`` takes numbers of
    records done.
    """

    trust: TrustData | None
    depth: Depth
    pool: Executor
    progress: Callable[[int], None]


_Job = tuple[Batch, list[asyncio.Future[list[Any]]]]


class Findings:
    """What is wrong with one log, each with its place, so that the first thing comes first however it was found."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, int, AuditFinding]] = []
        self._count = 0

    def add(self, at: int, finding: AuditFinding) -> None:
        """``at``: index, or size of a seal; -1 for what stands before all. Safe in any thread."""
        self._count += 1
        if len(self._kept) < 2 * MOST_FINDINGS:
            self._kept.append((at, self._count, finding))

    def in_order(self) -> tuple[AuditFinding, ...]:
        """Those that are kept, by place."""
        return tuple(finding for _, _, finding in sorted(self._kept, key=lambda kept: kept[:2])[:MOST_FINDINGS])

    @property
    def more(self) -> int:
        """How many are not kept."""
        return max(0, self._count - MOST_FINDINGS)


class LogAudit:
    """The audit of one log; ``run`` once."""

    def __init__(self, log: LogFiles, name: LogName, means: Means) -> None:
        self._log = log
        self._name = name
        self._means = means
        self._findings = Findings()
        self._find = self._findings.add
        self._records = 0
        self._size = 0
        self._root = EMPTY_ROOT
        self._judge: Judge[Any] | None = None

    async def run(self) -> LogReport:
        """Read everything; whatever the bytes are, the answer is a report."""
        try:
            head = await self._read_checkpoint()
            if head is not None:
                await self._read_log(head)
        except Lacking as error:
            self._find(
                self._records,
                found(error.reason, self._name.origin, file=error.field, detail=error.message, lacking=True),
            )
        except GatewayError as error:
            self._find(self._records, found_error(error, self._name.origin, file=error.field))
        judge = self._judge
        return LogReport(
            self._name.origin,
            self._size,
            self._root,
            self._records,
            judge.newer if judge is not None else 0,
            judge.erased if judge is not None else 0,
            tuple(judge.listed) if judge is not None else (),
            self._findings.in_order(),
            self._findings.more,
        )

    async def _read_checkpoint(self) -> Seal | None:
        label = self._log.label(CHECKPOINT)
        note = await self._log.file(CHECKPOINT)
        if note is None:
            names = await self._log.names()
            if not self._log.unborn or names:
                self._find(-1, found("file.missing", self._name.origin, file=label))
            return None
        head = self._reader().read(note, label)
        if head.fault is not None:
            self._find(-1, found_error(head.fault, self._name.origin, file=label))
        self._size = head.statement.size
        return head

    def _reader(self) -> Reader:
        trust = self._means.trust if self._means.depth is not Depth.STRUCTURE else None
        return Reader(self._name.origin, self._name.jurisdiction, self._name.family, trust)

    async def _read_log(self, head: Seal) -> None:
        reader, pool = self._reader(), self._means.pool
        seals = SealStream(self._log, reader, pool, self._find, up_to=self._size)
        walk = EntryWalk(self._log, self._name.origin, self._size, seals, await self._marks(), self._find)
        try:
            await self._judge_leaves(walk)
            while await seals.next() is not None:
                pass  # those that lie beyond where the entries end are judged all the same
        finally:
            self._root = walk.tree.root()
        self._check_head(head, seals.newest, walk)
        await self._check_names(walk.missing, seals.files)

    async def _marks(self) -> Sequence[Mark]:
        marks = list(await self._log.marks())
        known = self._means.trust.roster.log(self._name.origin) if self._means.trust is not None else None
        if known is not None and known[1].ended is not None:
            marks.append(Mark(known[1].ended.size, known[1].ended.root, "roster.json", "root.mismatch", ""))
        return marks

    # Leaves: read in threads, settled in order

    async def _judge_leaves(self, walk: EntryWalk) -> None:
        queue: asyncio.Queue[_Job | None] = asyncio.Queue(AHEAD)
        with self._new_judge() as judge:
            self._judge = judge
            async with asyncio.TaskGroup() as group:
                group.create_task(self._settle(queue, judge))
                fault = await self._feed(walk, queue, judge)
                await queue.put(None)
            judge.close()
        if fault is not None:
            raise fault

    def _new_judge(self) -> Judge[Any]:
        trust, name = self._means.trust, self._name
        if trust is None or self._means.depth is not Depth.FULL:
            return FormJudge(name.origin, self._find)
        place = (name.origin, name.jurisdiction, name.family)
        return LeafJudge(place, trust, self._find, self._log.beside)

    async def _feed(self, walk: EntryWalk, queue: asyncio.Queue[_Job | None], judge: Judge[Any]) -> GatewayError | None:
        """Hand each batch to the reading threads and queue it; answers what stopped the source, if anything did."""
        loop = asyncio.get_running_loop()
        try:
            async for batch in walk.batches():
                slices = [batch.leaves[start : start + SLICE] for start in range(0, len(batch.leaves), SLICE)]
                reading = [loop.run_in_executor(self._means.pool, judge.read, part) for part in slices]
                await queue.put((batch, reading))
        except GatewayError as error:
            return error
        return None

    async def _settle(self, queue: asyncio.Queue[_Job | None], judge: Judge[Any]) -> None:
        while (job := await queue.get()) is not None:
            batch, reading = job
            readings = [one for part in await asyncio.gather(*reading) for one in part]
            await asyncio.to_thread(judge.settle, batch, readings)
            self._records += batch.entries
            self._means.progress(batch.entries)

    # What must agree at the end

    def _check_head(self, head: Seal, newest: Seal | None, walk: EntryWalk) -> None:
        origin, said = self._name.origin, head.statement
        if walk.tree.size == said.size and self._root != said.root:
            walk.wrong_root(said.size, head.file)
        size = newest.statement.size if newest is not None else 0
        if size != said.size:
            self._find(
                said.size,
                found("history.newest", origin, index=said.size, file=self._log.label("history"), detail=size),
            )
        if newest is not None and head.fault is None and newest.fault is None and said.date < newest.statement.date:
            self._find(said.size, found("checkpoint.date", origin, file=head.file))
        if self._log.beside is not None and said.date:
            self._log.beside.statement(said, sealed=False)

    async def _check_names(self, said: set[str], history_files: int) -> None:
        """Every file there is belongs here, and every file that belongs here is there."""
        names = await self._log.names()
        if names is None:
            return
        kept = {CHECKPOINT, *(history_path(number) for number in range(history_files))}
        for name in sorted(names - kept):
            if not belongs(name, self._size):
                self._say_file("file.unexpected", name)
        there = sum(belongs(name, self._size) for name in names) + len(said)
        if there < count_files(self._size):
            missing = (tile.path for tile in tree_files(self._size) if tile.path not in names and tile.path not in said)
            for name in islice(missing, MOST_MISSING):
                self._say_file("file.missing", name)

    def _say_file(self, reason: str, name: str) -> None:
        self._find(self._size, found(reason, self._name.origin, file=self._log.label(name)))
