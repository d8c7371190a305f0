"""Which files of a drop folder are whole, and where do they lie afterwards? The folder as `watch` uses it.

    drop/companies.csv              put here by anybody: copied, or renamed into place
    drop/done/companies.csv         every row is published, or was before
    drop/rejected/companies.csv     some rows were refused: beside it companies.rejected.xlsx; the rest is published
    drop/rejected/scan.pdf          refused as a whole: beside it scan.pdf.txt says why
    drop/.watch.lock, drop/.watch/  held by the one that watches; reports that are not whole yet

A file is whole when looks over some seconds find it the same in size, time and inode; an empty one is given a minute
to get its content. Nothing that another program marks as unfinished is looked at, nor what is hidden, linked, or in
folders below. A name that is taken in `done/` or `rejected/` gets the instant into it: nothing is ever overwritten. A
writer who paused for longer finds his file moved and writes on in it: one that grows in the minute after is put back,
and taken again with all its rows.

>>> with DropFolder(Path("drop")) as folder:
...     for file in folder.ready(): folder.file_away(file, stamp_of(file), rejected=False)
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from stat import S_ISREG
from types import TracebackType
from typing import Self

from gateway.errors import CannotRun
from gateway.intake.rejects import report_beside
from gateway.ops.resuming import note_beside

DONE, REJECTED = "done", "rejected"
SETTLE_S = 3.0
EMPTY_SETTLE_S = 60.0
LOOK_AFTER_S = 60.0
GROWING = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".download", ".swp")
"""Endings of files that another program has not finished."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes when somebody writes on in a file."""

    size: int
    time: int
    inode: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it was at a look, and since when it has been so (monotonic seconds)."""

    stamp: Stamp
    since: float


class DropFolder:
    """One folder, watched by one process at a time."""

    def __init__(
        self, path: Path, *, settle_s: float = SETTLE_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = path
        self.settle_s = settle_s
        self.empty_settle_s = max(settle_s, EMPTY_SETTLE_S)
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._moved: dict[Path, _Seen] = {}
        self._lock = -1

    def __enter__(self) -> Self:
        """Raises ``CannotRun`` "watch.folder", "watch.running"."""
        with self._usable():
            for name in (DONE, REJECTED, ".watch"):
                (self.path / name).mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / ".watch.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            zh = f"已有另一进程在监视 {self.path}"
            raise CannotRun("watch.running", f"another process watches {self.path}", zh=zh) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._lock)

    def ready(self) -> list[Path]:
        """Files that are whole, the oldest first; each call is a look. Raises ``CannotRun`` "watch.folder"."""
        now = self._clock()
        before, self._seen = self._seen, {}
        for file, stamp in self._stamps().items():
            seen = before.get(file.name)
            self._seen[file.name] = seen if seen is not None and seen.stamp == stamp else _Seen(stamp, now)
        whole = [(seen.stamp.time, name) for name, seen in self._seen.items() if self._is_whole(seen, now)]
        return [self.path / name for _, name in sorted(whole)]

    def waiting(self, since: float) -> list[Path]:
        """Files of the last look that lie there, and have been as they are since that instant or longer."""
        return [self.path / name for name, seen in self._seen.items() if seen.since <= since]

    def forget(self, file: Path) -> None:
        """Look at it as if it had just come."""
        self._seen.pop(file.name, None)

    def report_of(self, file: Path) -> Path:
        """Where a report is written until it is whole; what an earlier try left there is gone. Raises ``CannotRun``
        "watch.folder".
        """
        place = self.path / ".watch"
        with self._usable():
            place.mkdir(exist_ok=True)
            for old in place.iterdir():
                old.unlink()
        return place / report_beside(file).name

    def file_away(self, file: Path, stamp: Stamp, *, rejected: bool, told: str = "") -> Path:
        """Move a file that is dealt with, its report or ``told`` before it, so that none lies in ``rejected/`` without
        its reason. ``stamp``: of the file when it was read; what was written since is found by ``put_back``. Raises
        ``OSError``.
        """
        place = _free(self.path / (REJECTED if rejected else DONE) / file.name)
        if told:
            place.with_name(f"{place.name}.txt").write_text(told, encoding="utf-8-sig")
        elif rejected:
            for report in (self.path / ".watch").iterdir():
                report.replace(place.with_name(place.stem + report.name.removeprefix(file.stem)))
        note_beside(file).unlink(missing_ok=True)
        file.replace(place)
        self.forget(file)
        moved = stamp_of(place)
        if moved is not None and moved != stamp:  # written on, or replaced, in between: not read as it is
            stamp = Stamp(-1, 0, moved.inode)
        self._moved[place] = _Seen(stamp, self._clock())
        return place

    def put_back(self) -> list[Path]:
        """Files that somebody went on writing after they were moved, in the folder again. Raises ``CannotRun``
        "watch.folder".
        """
        found = []
        for place, seen in list(self._moved.items()):
            stamp = stamp_of(place)
            if stamp is None or stamp.inode != seen.stamp.inode or self._clock() - seen.since > LOOK_AFTER_S:
                del self._moved[place]
            elif stamp.size > seen.stamp.size:
                back = _free(self.path / place.name)
                with self._usable():
                    place.replace(back)
                del self._moved[place]
                found.append(back)
        return found

    def _stamps(self) -> dict[Path, Stamp]:
        """What somebody has put here to be published."""
        with self._usable():
            entries = list(self.path.iterdir())
        whole = (file for file in entries if file.suffix.lower() not in GROWING)
        wanted = (file for file in whole if not file.name.startswith((".", "~")))
        return {file: stamp for file in wanted if (stamp := stamp_of(file)) is not None}

    def _is_whole(self, seen: _Seen, now: float) -> bool:
        return now - seen.since >= (self.settle_s if seen.stamp.size else self.empty_settle_s)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            zh = f"无法使用文件夹 {self.path}"
            raise CannotRun("watch.folder", f"{self.path}: {error.strerror}", zh=zh) from error


def stamp_of(file: Path) -> Stamp | None:
    """Of a regular file; None for anything else, and for one that has gone."""
    try:
        found = file.lstat()
    except OSError:
        return None
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ino) if S_ISREG(found.st_mode) else None


def _free(place: Path) -> Path:
    """The path, or with the instant in its name where something of that name, or its report, is there already."""
    taken = (place, place.with_name(f"{place.name}.txt"), report_beside(place))
    if not any(path.exists() for path in taken):
        return place
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-%f")
    return place.with_name(f"{place.stem}.{stamp}{place.suffix}")
