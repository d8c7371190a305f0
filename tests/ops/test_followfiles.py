"""Daily files and their state change together: killed anywhere in between, each line stands once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import CannotRun
from gateway.ops.followed import Gone, Told
from gateway.ops.followfiles import STATE, DailyFiles, Lines
from gateway.ops.followsink import Sink, transaction
from gateway.records.schema import SchemaSet
from tests.audit.auditbuilder import BASE, Written, filing, founded

SCHEMAS = SchemaSet.built_in()
NDJSON, TABLE, ASIDE = "2026-11-23.ndjson", "2026-11-23-licence.csv", "2026-11-23-refused.ndjson"


class Killed(BaseException):
    """Ends a sink where it stands."""


def told(number: int) -> Told:
    log = Written(founded(), "tongzhou", "licence")
    return Told(log.origin, "licence", number, BASE, f"示例:{number}", log.entry(filing(number)))


def opened(folder: Path, now: float = BASE) -> DailyFiles:
    return DailyFiles(folder, lambda: now)


def fail(sink: Sink, *, sync: bool) -> None:
    """A batch that ends before its state is committed; with ``sync``, after its lines were written."""
    with transaction(sink):
        sink.tell(told(2), SCHEMAS)
        if sync:
            sink.sync()
        raise Killed


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("[0-9]*"))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one record and one refused leaf told."""
    with opened(tmp_path / "out") as sink, transaction(sink):
        sink.tell(told(1), SCHEMAS)
        sink.refuse(b"refused 1\n")
    return tmp_path / "out"


def test_a_day_has_its_lines_its_table_and_its_side_file(folder: Path) -> None:
    files = contents(folder)
    assert files.keys() == {NDJSON, TABLE, ASIDE}
    assert files[TABLE].startswith(b"\xef\xbb\xbf" + "日志,序号,记录时间,".encode())
    assert [files[name].count(b"\n") for name in (NDJSON, TABLE, ASIDE)] == [1, 2, 1]


def test_the_next_day_begins_its_own_files_and_leaves_the_others(folder: Path) -> None:
    before = contents(folder)
    with opened(folder, BASE + 86_400) as sink, transaction(sink):
        sink.tell(told(2), SCHEMAS)
    after = contents(folder)
    assert before.items() <= after.items()
    assert after.keys() - before.keys() == {"2026-11-24.ndjson", "2026-11-24-licence.csv"}
    assert after["2026-11-24-licence.csv"].count(b"\n") == 2


def test_a_batch_that_fails_leaves_files_and_state_as_they_were(folder: Path) -> None:
    before = contents(folder)
    with opened(folder) as sink:
        with pytest.raises(Killed):
            fail(sink, sync=True)
        assert contents(folder) == before
        with transaction(sink):
            sink.tell(told(3), SCHEMAS)
    assert contents(folder)[NDJSON].count(b"\n") == 2


def killed(folder: Path, *, written: bool) -> None:
    """A process tells a record and dies: before anything was written, or between files and state."""
    with opened(folder) as sink:
        sink.begin()
        sink.connection.execute("BEGIN IMMEDIATE")
        sink.tell(told(2), SCHEMAS)
        sink.refuse(b"refused 2\n")
        if written:
            sink.sync()


@pytest.mark.parametrize("written", [False, True])
def test_what_a_killed_run_wrote_beyond_its_state_is_cut_off(written: bool, folder: Path) -> None:
    before = contents(folder)
    killed(folder, written=written)
    assert (contents(folder) != before) is written
    with opened(folder):
        assert contents(folder) == before


def test_the_first_lines_of_a_day_that_a_killed_run_wrote_are_cut_off_too(tmp_path: Path) -> None:
    killed(tmp_path / "out", written=True)
    with opened(tmp_path / "out") as sink:
        assert set(contents(tmp_path / "out").values()) == {b""}
        with transaction(sink):
            sink.tell(told(2), SCHEMAS)
    assert contents(tmp_path / "out")[TABLE].startswith(b"\xef\xbb\xbf")


def test_a_file_that_was_moved_away_begins_anew_also_when_the_run_is_killed(folder: Path) -> None:
    for name in (NDJSON, TABLE, ASIDE):
        (folder / name).unlink()
    killed(folder, written=True)
    with opened(folder) as sink, transaction(sink):
        sink.tell(told(2), SCHEMAS)
    files = contents(folder)
    assert files[NDJSON].count(b"\n") == 1
    assert files[TABLE].count(b"\n") == 2


def test_a_file_that_is_moved_away_while_it_is_written_begins_anew_with_its_headings(folder: Path) -> None:
    with opened(folder) as sink:
        for number in (2, 3):
            (folder / TABLE).unlink()
            with transaction(sink):
                sink.tell(told(number), SCHEMAS)
    assert contents(folder)[TABLE].startswith(b"\xef\xbb\xbf")
    assert contents(folder)[TABLE].count(b"\n") == 2


def test_a_file_of_an_earlier_day_is_its_readers_and_is_not_cut(folder: Path) -> None:
    with opened(folder, BASE + 86_400) as sink, transaction(sink):
        sink.tell(told(2), SCHEMAS)
    with (folder / TABLE).open("ab") as file:
        file.write("备注\r\n".encode())
    before = contents(folder)
    with opened(folder, BASE + 86_400):
        pass
    assert contents(folder) == before


def test_a_state_that_is_no_database_is_said(folder: Path) -> None:
    for path in folder.glob(f"{STATE}*"):
        path.write_bytes(b"example" * 1000)
    with pytest.raises(CannotRun) as error, opened(folder):
        pass
    assert error.value.reason == "ledger.damaged"


def test_one_process_at_a_time_follows_into_a_folder(folder: Path) -> None:
    with opened(folder), pytest.raises(CannotRun) as error, opened(folder):
        pass
    assert error.value.reason == "follow.running"


def test_files_without_their_state_are_not_written_over(folder: Path) -> None:
    for path in folder.glob(f"{STATE}*"):
        path.unlink()
    before = contents(folder)
    with pytest.raises(CannotRun) as error, opened(folder):
        pass
    assert error.value.reason == "follow.state"
    assert contents(folder) == before


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(CannotRun) as error, opened(tmp_path / "out"):
        pass
    assert error.value.reason == "output.io"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    os.close(ends[1])


def test_lines_are_written_when_the_batch_is_sure_and_a_reader_that_left_is_said(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    aside: list[bytes] = []
    sink = Lines(lambda lines: os.write(writer, lines), aside.append)
    with pytest.raises(Killed):
        fail(sink, sync=False)
    with transaction(sink):
        sink.tell(Told("示例", "credit", 2, BASE, "示例:2", b"", Gone.NOT_PUBLIC), SCHEMAS)
        sink.refuse(b"refused\n")
    assert os.read(reader, 9999).count(b"\n") == 1
    assert aside == [b"refused\n"]
    os.close(reader)
    with pytest.raises(CannotRun) as error, transaction(sink):
        sink.tell(told(3), SCHEMAS)
    assert error.value.reason == "output.io"
