"""Which files are whole, and where they lie afterwards: the folder by itself, with a clock of the test's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import CannotRun
from gateway.ops.dropfolder import EMPTY_SETTLE_S, LOOK_AFTER_S, DropFolder, Stamp, stamp_of


class Clock:
    """Seconds as a test sets them."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path, clock: Clock) -> Iterator[DropFolder]:
    with DropFolder(tmp_path / "drop", settle_s=3.0, clock=clock) as opened:
        yield opened


def put(folder: DropFolder, name: str, content: str = "a\n1\n", age_s: int = 0) -> Path:
    file = folder.path / name
    file.write_text(content, encoding="utf-8")
    os.utime(file, (1_795_000_000 - age_s,) * 2)
    return file


def stamp(file: Path) -> Stamp:
    found = stamp_of(file)
    assert found is not None
    return found


def names(folder: DropFolder) -> list[str]:
    return [file.name for file in folder.ready()]


def held(folder: DropFolder) -> dict[str, str]:
    """All files but the lock, by their place."""
    files = (path for path in folder.path.rglob("*") if path.is_file() and path.name != ".watch.lock")
    return {path.relative_to(folder.path).as_posix(): path.read_text(encoding="utf-8-sig") for path in files}


def test_a_file_is_whole_when_it_has_not_changed_for_a_while(folder: DropFolder, clock: Clock) -> None:
    put(folder, "a.csv")
    assert names(folder) == []
    clock.now += 2.9
    assert names(folder) == []
    clock.now += 0.1
    assert names(folder) == ["a.csv"]


def test_a_file_that_grows_is_waited_for(folder: DropFolder, clock: Clock) -> None:
    for length in range(1, 6):
        put(folder, "a.csv", "x" * length)
        assert names(folder) == []
        clock.now += 2.0
    assert names(folder) == []
    clock.now += 3.0
    assert names(folder) == ["a.csv"]


def test_a_file_renamed_over_another_is_another(folder: DropFolder, clock: Clock) -> None:
    put(folder, "a.csv")
    names(folder)
    clock.now += 3.0
    put(folder, "b.part").replace(folder.path / "a.csv")  # same size, same time
    assert names(folder) == []


def test_an_empty_file_has_a_minute_to_get_its_content(folder: DropFolder, clock: Clock) -> None:
    put(folder, "a.csv", "")
    names(folder)
    clock.now += EMPTY_SETTLE_S - 1
    assert names(folder) == []
    clock.now += 1
    assert names(folder) == ["a.csv"]


def test_the_oldest_comes_first(folder: DropFolder, clock: Clock) -> None:
    for name, age in (("new.csv", 0), ("old.csv", 60), ("older.csv", 90)):
        put(folder, name, age_s=age)
    names(folder)
    clock.now += 3.0
    assert names(folder) == ["older.csv", "old.csv", "new.csv"]


def test_what_is_nobodys_business_is_left_alone(folder: DropFolder, clock: Clock) -> None:
    for name in (".hidden.csv", "~$open.xlsx", "a.csv.part", "b.TMP", ".a.csv.publishing"):
        put(folder, name)
    (folder.path / "below").mkdir()
    (folder.path / "below" / "a.csv").write_text("a\n", encoding="utf-8")
    (folder.path / "link.csv").symlink_to(folder.path / "below" / "a.csv")
    names(folder)
    clock.now += EMPTY_SETTLE_S
    assert names(folder) == []


def test_a_second_watcher_is_refused(folder: DropFolder) -> None:
    second = DropFolder(folder.path)
    with pytest.raises(CannotRun, match=r"watch\.running"):
        second.__enter__()


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CannotRun, match=r"watch\.folder"), DropFolder(tmp_path / "file"):
        pass


def test_same_names_twice_both_stay(folder: DropFolder) -> None:
    for content in ("first", "second", "third"):
        folder.file_away(file := put(folder, "a.csv", content), stamp(file), rejected=False)
    found = held(folder)
    assert sorted(found.values()) == ["first", "second", "third"]
    assert found["done/a.csv"] == "first"
    assert all(place.startswith("done/a.") and place.endswith(".csv") for place in found)


def test_a_rejected_file_lies_beside_its_reports(folder: DropFolder) -> None:
    for content in ("1", "2"):
        file = put(folder, "a.csv", content)
        report = folder.report_of(file)
        report.write_text(f"report {content}", encoding="utf-8")
        report.with_name("a.rejected.2.xlsx").write_text(f"more {content}", encoding="utf-8")
        place = folder.file_away(file, stamp(file), rejected=True)
        assert held(folder)[f"rejected/{place.stem}.rejected.xlsx"] == f"report {content}"
        assert held(folder)[f"rejected/{place.stem}.rejected.2.xlsx"] == f"more {content}"
        assert held(folder)[f"rejected/{place.name}"] == content
    assert len(held(folder)) == 6


def test_a_file_refused_as_a_whole_lies_beside_the_reason(folder: DropFolder) -> None:
    folder.file_away(file := put(folder, "scan.pdf"), stamp(file), rejected=True, told="不支持")
    assert held(folder) == {"rejected/scan.pdf": "a\n1\n", "rejected/scan.pdf.txt": "不支持"}


def test_a_report_of_a_try_that_broke_off_is_none_of_the_next(folder: DropFolder) -> None:
    folder.report_of(put(folder, "a.csv")).write_text("half", encoding="utf-8")
    folder.report_of(put(folder, "b.csv"))
    folder.file_away(folder.path / "b.csv", stamp(folder.path / "b.csv"), rejected=True)
    assert "half" not in held(folder).values()


def test_a_file_written_on_after_it_was_moved_is_put_back(folder: DropFolder, clock: Clock) -> None:
    with (folder.path / "a.csv").open("w", encoding="utf-8") as writer:
        writer.write("a\n1\n")
        writer.flush()
        folder.file_away(folder.path / "a.csv", stamp(folder.path / "a.csv"), rejected=False)
        assert folder.put_back() == []
        writer.write("2\n")
    clock.now += 10
    assert folder.put_back() == [folder.path / "a.csv"]
    assert held(folder) == {"a.csv": "a\n1\n2\n"}
    assert folder.put_back() == []


def test_a_file_written_on_while_its_report_was_put_there_is_put_back(folder: DropFolder) -> None:
    file = put(folder, "a.csv")
    read = stamp(file)
    put(folder, "a.csv", "a\n1\n2\n")
    folder.file_away(file, read, rejected=False)
    assert folder.put_back() == [file]
    assert held(folder) == {"a.csv": "a\n1\n2\n"}


def test_a_file_that_another_replaced_in_between_is_put_back(folder: DropFolder) -> None:
    file = put(folder, "a.csv")
    read = stamp(file)
    put(folder, "b.part", "a\n2\n").replace(file)
    folder.file_away(file, read, rejected=False)
    assert folder.put_back() == [file]
    assert held(folder) == {"a.csv": "a\n2\n"}


def test_who_edits_a_file_later_keeps_it(folder: DropFolder, clock: Clock) -> None:
    place = folder.file_away(file := put(folder, "a.csv"), stamp(file), rejected=False)
    clock.now += LOOK_AFTER_S + 1
    place.write_text("a\n1\n2\n", encoding="utf-8")
    assert folder.put_back() == []


def test_only_what_lay_there_is_waited_for(folder: DropFolder, clock: Clock) -> None:
    put(folder, "a.csv")
    names(folder)
    begun = clock.now
    assert folder.waiting(begun) == [folder.path / "a.csv"]
    clock.now += 1
    put(folder, "late.csv")
    put(folder, "a.csv", "it grows")
    names(folder)
    assert folder.waiting(begun) == []
