"""A drop folder before a real node: good and bad files, a node that is away, a crash between publishing and moving."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
import structlog

from gateway.errors import CannotRun
from gateway.ops import watching
from gateway.ops.delivery import deliver
from gateway.ops.dropfolder import DropFolder
from gateway.ops.handing import Tally
from gateway.ops.resuming import note_beside
from gateway.ops.watching import Hand, Watcher
from tests.ops.department import Department, department, good, refused_rows, reported, table
from tests.simulator import eventually

GOOD_ROWS = 7  # the first rows of a table, before the first that is refused


@pytest.fixture
async def sanhe(tmp_path: Path) -> AsyncIterator[Department]:
    async with department(tmp_path) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DropFolder]:
    with DropFolder(tmp_path / "drop", settle_s=0.02) as opened:
        yield opened


def hand(sanhe: Department, told: list[str], **terms: object) -> Hand:
    given = partial(deliver, terms=sanhe.terms(**terms), session=sanhe.session, say=told.append)
    return lambda file, report: given(file, report=report)


def lying(folder: DropFolder) -> list[str]:
    """Everything that a person sees in the folder."""
    files = (path.relative_to(folder.path) for path in folder.path.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in files if not any(part.startswith(".") for part in path.parts))


async def drained(folder: DropFolder, given: Hand, told: list[str]) -> Watcher:
    watcher = Watcher(folder, given, say=told.append)
    await watcher.drain(asyncio.Event())
    return watcher


async def test_each_file_goes_where_it_belongs(sanhe: Department, folder: DropFolder) -> None:
    told: list[str] = []
    table(folder.path / "good.csv", GOOD_ROWS)
    table(folder.path / "some.csv", 30)
    (folder.path / "scan.pdf").write_bytes(b"%PDF")
    (folder.path / "empty.csv").write_bytes(b"")
    (folder.path / "other.csv").write_text("甲,乙\n1,2\n", encoding="utf-8")
    watcher = await drained(folder, hand(sanhe, told), told)
    assert watcher.trouble is None
    assert lying(folder) == [
        "done/good.csv",
        "rejected/empty.csv",
        "rejected/empty.csv.txt",
        "rejected/other.csv",
        "rejected/other.csv.txt",
        "rejected/scan.pdf",
        "rejected/scan.pdf.txt",
        "rejected/some.csv",
        "rejected/some.rejected.xlsx",
    ]
    assert sorted(reported(folder.path / "rejected" / "some.rejected.xlsx")) == refused_rows(30)
    assert sorted(sanhe.numbers()) == sorted(good(30))
    reason = (folder.path / "rejected" / "scan.pdf.txt").read_text(encoding="utf-8-sig")
    assert "[table.kind]" in reason
    assert "不支持的文件类型" in reason


async def test_files_are_taken_as_they_come_until_it_is_stopped(sanhe: Department, folder: DropFolder) -> None:
    told: list[str] = []
    stop = asyncio.Event()
    work = asyncio.create_task(Watcher(folder, hand(sanhe, told), say=told.append).run(stop))
    for number, name in enumerate(("a.csv", "b.csv")):
        table(folder.path / f"{name}.part", 3, first=20 + 3 * number).replace(folder.path / name)
        await eventually((folder.path / "done" / name).exists, f"{name} is taken")
    stop.set()
    await work
    assert sanhe.size() == 6


async def test_a_file_under_way_stays_when_it_is_stopped(folder: DropFolder) -> None:
    begun, stop = asyncio.Event(), asyncio.Event()

    async def endless(file: Path, report: Path) -> Tally:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    table(folder.path / "a.csv", 3)
    work = asyncio.create_task(Watcher(folder, endless, say=lambda _: None).run(stop))
    await begun.wait()
    stop.set()
    await work
    assert lying(folder) == ["a.csv"]


async def test_while_the_node_is_away_nothing_moves(
    sanhe: Department, folder: DropFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "PAUSES_S", (0.05,))
    monkeypatch.setattr(watching, "LOOK_EVERY_S", 0.02)
    told: list[str] = []
    table(folder.path / "a.csv", 3)
    await sanhe.node.stop()
    once = await drained(folder, hand(sanhe, told), told)
    assert once.trouble is not None
    assert once.trouble.reason == "node.unreachable"
    stop = asyncio.Event()
    work = asyncio.create_task(Watcher(folder, hand(sanhe, told), say=told.append).run(stop))
    await eventually(lambda: sum("will try again" in line for line in told) > 3, "it is tried again")
    assert lying(folder) == ["a.csv"]
    sanhe.node = await (await sanhe.world.start("sanhe")).sealing()
    await eventually((folder.path / "done" / "a.csv").exists, "the file is taken")
    stop.set()
    await work
    assert sanhe.size() == 3


@pytest.mark.parametrize("reason", ["report.io", "scratch.io", "profile.form", "access.token", "file.busy"])
async def test_what_is_no_fault_of_the_file_moves_nothing(folder: DropFolder, reason: str) -> None:
    async def full(file: Path, report: Path) -> Tally:
        raise CannotRun(reason, "no space left on device")

    told: list[str] = []
    table(folder.path / "a.csv", 3)
    watcher = await drained(folder, full, told)
    assert watcher.trouble is not None
    assert watcher.trouble.reason == reason
    assert lying(folder) == ["a.csv"]


async def test_a_crash_over_one_file_does_not_stop_the_next(sanhe: Department, folder: DropFolder) -> None:
    told: list[str] = []
    given = hand(sanhe, told)

    async def breaks(file: Path, report: Path) -> Tally:
        if file.name == "a.csv":
            raise ZeroDivisionError
        return await given(file, report)

    table(folder.path / "a.csv", 3)
    table(folder.path / "b.csv", 3)
    with structlog.testing.capture_logs() as logged:
        await drained(folder, breaks, told)
    assert lying(folder) == ["done/b.csv", "rejected/a.csv", "rejected/a.csv.txt"]
    assert [event["event"] for event in logged if event["log_level"] == "error"] == ["watch.crash"]


async def test_a_file_that_changes_meanwhile_is_taken_again_whole(sanhe: Department, folder: DropFolder) -> None:
    told: list[str] = []
    given = hand(sanhe, told)
    times = 0

    async def grown(file: Path, report: Path) -> Tally:
        nonlocal times
        times += 1
        tally = await given(file, report)
        if times == 1:
            table(file, GOOD_ROWS)
        return tally

    table(folder.path / "a.csv", 3)
    watcher = Watcher(folder, grown, say=told.append)
    stop = asyncio.Event()
    while lying(folder) == ["a.csv"]:
        await watcher.round(stop)
        await asyncio.sleep(0.01)
    assert lying(folder) == ["done/a.csv"]
    assert sanhe.size() == GOOD_ROWS


async def test_a_crash_between_publishing_and_moving_loses_and_doubles_nothing(
    sanhe: Department, folder: DropFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    table(folder.path / "a.csv", 30)

    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> Path:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(folder, "file_away", killed)
        with pytest.raises(Killed):
            await drained(folder, hand(sanhe, told), told)
    assert lying(folder) == ["a.csv"]
    await drained(folder, hand(sanhe, told), told)
    assert lying(folder) == ["rejected/a.csv", "rejected/a.rejected.xlsx"]
    assert sorted(reported(folder.path / "rejected" / "a.rejected.xlsx")) == refused_rows(30)
    assert sorted(sanhe.numbers()) == sorted(good(30))


async def test_a_file_that_is_moved_leaves_no_note(sanhe: Department, folder: DropFolder) -> None:
    told: list[str] = []
    file = table(folder.path / "a.csv", 3)
    note_beside(file).write_bytes(b"of an earlier try")
    await drained(folder, hand(sanhe, told), told)
    assert not note_beside(file).exists()


async def test_a_file_nobody_may_read_is_rejected_and_stays_what_it_is(
    sanhe: Department, folder: DropFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    original = Path.open

    def forbidden(self: Path, *args: object, **given: object) -> object:
        if self.name == "secret.csv":
            raise PermissionError(13, "Permission denied")
        return original(self, *args, **given)  # type: ignore[call-overload]

    table(folder.path / "secret.csv", 3)
    monkeypatch.setattr(Path, "open", forbidden)  # root may read whatever the mode says
    await drained(folder, hand(sanhe, told), told)
    monkeypatch.undo()
    assert lying(folder) == ["rejected/secret.csv", "rejected/secret.csv.txt"]
