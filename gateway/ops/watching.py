"""A drop folder: what is put there is published, and lies in `done/` or `rejected/` afterwards (DESIGN §9, `watch`).

Which files are taken, and where they lie then, says ``dropfolder``. A file stays where it is while it is published, so
a crash at any instant leaves it to be found again, and ids that repeat make that harmless; at worst a second report
lies in `rejected/`. Law 6: a file that can't be read is moved and never stops the next. What is the node's fault, or
this machine's, moves nothing: it is told, and tried again after a growing pause, other files first.

>>> with DropFolder(Path("drop")) as folder:
...     await Watcher(folder, hand, say=print).run(stop)
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from gateway.errors import CannotRun, GatewayError, Refused
from gateway.ops.dropfolder import DropFolder, Stamp, stamp_of
from gateway.ops.handing import Tally
from gateway.reasons import sentence

LOOK_EVERY_S = 1.0
PAUSES_S = (5.0, 10.0, 20.0, 40.0, 60.0)
"""Before the node is asked again; the last again and again."""
CHANGED = "table.changed"
FAULTS_OF_A_FILE = ("table.", "profile.no_match", "form.", "row.")
"""How their reasons begin; what else is wrong with a profile is the operator's fault."""

Hand = Callable[[Path, Path], Awaitable[Tally]]
"""Publish a file, with its report at the second path."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file: where it lies now, and its rows; ``tally`` None: refused as a whole."""

    file: Path
    tally: Tally | None

    @property
    def rejected(self) -> bool:
        """Whether somebody has to put something right."""
        return self.tally is None or bool(self.tally.refused)


class Watcher:
    """Takes files one after the other. ``trouble``: why nothing can be published now, or None."""

    def __init__(
        self,
        folder: DropFolder,
        hand: Hand,
        *,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.trouble: GatewayError | None = None
        self._folder = folder
        self._hand = hand
        self._say = say
        self._clock = clock
        self._failed: Counter[str] = Counter()
        self._pauses: Iterator[float] = iter(PAUSES_S)
        self._wait_until = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Look, take, and look again until told to stop; a file under way stays, and is gone on with next time."""
        while not stop.is_set():
            await self.round(stop)
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await stop.wait()
            except TimeoutError:
                continue

    async def drain(self, stop: asyncio.Event) -> list[Taken]:
        """Take what lies there now, and end; what still changes stays, and all of it where nothing can be published."""
        self._folder.empty_settle_s = self._folder.settle_s
        taken = await self.round(stop)
        begun = self._clock()
        while self.trouble is None and not stop.is_set() and self._folder.waiting(begun):
            await asyncio.sleep(self._folder.settle_s / 4)
            taken += await self.round(stop)
        self._put_back()
        return taken

    async def round(self, stop: asyncio.Event) -> list[Taken]:
        """One look at the folder; answers what was taken and moved."""
        self._put_back()
        taken = []
        for file in sorted(self._folder.ready(), key=lambda each: self._failed[each.name]):
            if stop.is_set() or self._clock() < self._wait_until:
                break
            if (found := await self._take(file, stop)) is not None:
                taken.append(found)
        return taken

    def _put_back(self) -> None:
        for back in self._folder.put_back():
            self._say(f"{back.name}: 移走后仍在写入，已放回 · was still being written: put back, to be taken again")

    async def _take(self, file: Path, stop: asyncio.Event) -> Taken | None:
        """Publish one file and move it; None where it stays."""
        stamp = stamp_of(file)
        self._say(f"{file.name}: 发布 publishing …")
        work = asyncio.ensure_future(self._hand(file, self._folder.report_of(file)))
        if not await _ended(work, stop):
            return None
        error = work.exception()
        if stamp is None or stamp_of(file) != stamp or (isinstance(error, GatewayError) and error.reason == CHANGED):
            self._folder.forget(file)
            self._say(f"{file.name}: 处理期间文件被改动，稍后重新处理 · changed meanwhile, will be taken again")
            return None
        if error is not None and not _is_of_the_file(error):
            self._pause(file, error)
            return None
        return self._moved(file, stamp, work.result() if error is None else error)

    def _pause(self, file: Path, error: BaseException) -> None:
        self.trouble = error if isinstance(error, GatewayError) else CannotRun("watch.folder", str(error))
        self._failed[file.name] += 1
        pause = next(self._pauses, PAUSES_S[-1])
        self._wait_until = self._clock() + pause
        told = self.trouble.zh or self.trouble.message
        self._say(f"{file.name}: {told} [{self.trouble.reason}]：{pause:g} 秒后重试 · will try again in {pause:g} s")

    def _moved(self, file: Path, stamp: Stamp, result: Tally | BaseException) -> Taken | None:
        tally = result if isinstance(result, Tally) else None
        rejected = tally is None or bool(tally.refused)
        told = "" if isinstance(result, Tally) else _told(file, result)
        try:
            place = self._folder.file_away(file, stamp, rejected=rejected, told=told)
        except OSError as error:
            self._pause(file, CannotRun("watch.folder", f"{file} can't be moved: {error}", zh=f"无法移动文件 {file}"))
            return None
        self.trouble, self._pauses, self._wait_until = None, iter(PAUSES_S), 0.0
        del self._failed[file.name]
        self._say(f"{file.name}: {_summary(result)} → {place.parent.name}/{place.name}")
        return Taken(place, tally)


async def _ended(work: asyncio.Future[Tally], stop: asyncio.Event) -> bool:
    """Whether the work came to its end before it was told to stop."""
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        if not work.done():
            work.cancel()
            await asyncio.wait((work,))
    return not work.cancelled()


def _is_of_the_file(error: BaseException) -> bool:
    """Whether the file is to blame, and goes to ``rejected/``; a fault of the program with one file counts as such."""
    if isinstance(error, CannotRun):
        return error.reason.startswith(FAULTS_OF_A_FILE)
    if isinstance(error, OSError):
        return False
    if not isinstance(error, Refused):
        log.error("watch.crash", exc_info=error)
    return True


def _summary(result: Tally | BaseException) -> str:
    if not isinstance(result, Tally):
        return f"整个文件被拒收 · refused as a whole [{_reason(result)}]"
    counted = {"行 rows": result.rows, "已发布 published": result.logged, "重复 duplicates": result.duplicates}
    return ", ".join(f"{count} {name}" for name, count in (counted | {"拒收 refused": result.rejected}).items())


def _told(file: Path, error: BaseException) -> str:
    """Why a file as a whole was refused, for the clerk who dropped it."""
    reason, row = _reason(error), sentence(_reason(error))
    zh, en = (error.zh, error.message) if isinstance(error, GatewayError) else ("", "")
    return f"{file.name}\n{zh or row.zh} [{reason}]\n{row.do_zh}\n\n{en or row.en}\n{row.do_en}\n"


def _reason(error: BaseException) -> str:
    return error.reason if isinstance(error, GatewayError) else "internal"
