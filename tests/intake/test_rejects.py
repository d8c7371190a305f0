"""The report of refused rows: beside their columns, all text, safe to open, ready to hand in again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest

from gateway.errors import CannotRun
from gateway.intake.outcomes import Item, RefusedRow
from gateway.intake.profile import REPORT_COLUMNS
from gateway.intake.reading import open_reading
from gateway.intake.rejects import LONGEST, RejectFile, defused, report_beside
from tests.records import builders

Companies = Callable[..., Path]


def report_of(path: Path, report: Path) -> int:
    reading = open_reading(path)
    with RejectFile(report, reading.columns) as rejects:
        for outcome in reading:
            if isinstance(outcome, RefusedRow):
                rejects.add(outcome)
    return rejects.count


def cells(report: Path) -> Iterator[list[object]]:
    book = openpyxl.load_workbook(report)
    for row in book.active.iter_rows():
        assert all(isinstance(cell.value, str | None) and cell.data_type != "f" for cell in row)
        yield ["" if cell.value is None else cell.value for cell in row]


def test_rows_stand_beside_their_columns(companies: Companies, good_row: str, tmp_path: Path) -> None:
    report = tmp_path / "rejected.xlsx"
    assert report_of(companies(good_row, good_row.replace("2019-01-02", "昨天")), report) == 1
    header, row = cells(report)
    assert header == [*open_reading(companies(good_row)).columns, *REPORT_COLUMNS]
    told = dict(zip(header, row, strict=True))
    assert told["企业名称"] == "示例甲食品有限公司"
    assert told["注册日期"] == "昨天"
    assert [told[name] for name in REPORT_COLUMNS[:3]] == ["3", "date.form", "注册日期"]
    assert "日期" in str(told["说明"])
    assert str(told["message"]).startswith("not a day")


def test_a_corrected_report_can_be_handed_in_again(companies: Companies, good_row: str, tmp_path: Path) -> None:
    report = tmp_path / "companies.rejected.xlsx"
    report_of(companies(good_row.replace("2019-01-02", "昨天").replace("示例甲食品", "=示例甲食品")), report)
    book = openpyxl.load_workbook(report)
    book.active["C2"] = "2019/1/2"
    book.save(report)
    (item,) = open_reading(report)
    assert isinstance(item, Item)
    assert item.data["holder"]["name"] == "=示例甲食品有限公司"
    assert item.data["valid_from"] == "2019-01-02"


def test_lines_are_reported_and_handed_in_again(write: Callable[..., Path], tmp_path: Path) -> None:
    report = tmp_path / "records.rejected.xlsx"
    line = {"type": "jjj.licence.issued", "data": builders.licence(), "jurisdiction": "sanhe", "colour": "red"}
    report_of(write(json.dumps(line, ensure_ascii=False), name="records.ndjson"), report)
    book = openpyxl.load_workbook(report)
    book.active["A2"] = book.active["A2"].value.replace(', "colour": "red"', "")
    book.save(report)
    (item,) = open_reading(report)
    assert isinstance(item, Item)
    assert item.data == builders.licence()


def test_every_reason_is_named(companies: Companies, good_row: str, tmp_path: Path) -> None:
    bad = good_row.replace("2019-01-02", "昨天").replace("131082,三河市", "120114,武清")
    report_of(companies(bad), tmp_path / "r.xlsx")
    header, row = cells(tmp_path / "r.xlsx")
    told = dict(zip(header, row, strict=True))
    assert [told[name] for name in REPORT_COLUMNS[1:3]] == ["date.form area.no_node", "注册日期、归并区划码"]


def test_without_refused_rows_there_is_no_report(companies: Companies, good_row: str, tmp_path: Path) -> None:
    assert report_of(companies(good_row), tmp_path / "rejected.xlsx") == 0
    assert not (tmp_path / "rejected.xlsx").exists()


def test_where_a_report_stands() -> None:
    assert report_beside(Path("a/companies.csv")) == Path("a/companies.rejected.xlsx")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "{=1}", "00123", "1e5", "http://a.example"])
def test_cells_are_text_as_they_were(cell: str, tmp_path: Path) -> None:
    write(tmp_path / "r.xlsx", cell)
    assert [*cells(tmp_path / "r.xlsx")][1][0] == cell


def test_what_no_workbook_can_hold_is_shown_not_lost(tmp_path: Path) -> None:
    write(tmp_path / "r.xlsx", "a\x00b\x0b\ud800", "x" * 40_000, "😀" * 20_000)
    row = [*cells(tmp_path / "r.xlsx")][1]
    assert row[0] == "a\ufffdb\ufffd?"
    assert str(row[1]).endswith("已截断）")
    assert str(row[2]).endswith("已截断）")
    assert len(str(row[1])) < LONGEST


def test_identity_numbers_are_masked_in_a_row_made_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "r.xlsx", "11010519491231002X")
    assert "19491231" not in str([*cells(tmp_path / "r.xlsx")])


def test_more_rows_than_a_sheet_holds_go_on_in_a_second_file(tmp_path: Path) -> None:
    with RejectFile(tmp_path / "r.xlsx", ("a",), rows_a_file=2) as rejects:
        for at in range(5):
            rejects.add(row(str(at)))
    assert [path.name for path in rejects.paths] == ["r.xlsx", "r.2.xlsx", "r.3.xlsx"]
    assert [[each[0] for each in cells(path)][1:] for path in rejects.paths] == [["0", "1"], ["2", "3"], ["4"]]


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"report\.io"), RejectFile(tmp_path / "nowhere" / "r.xlsx", ("a",)) as rejects:
        rejects.add(row("x"))


def test_an_older_report_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    write(tmp_path / "r.xlsx", "old")
    with RejectFile(tmp_path / "r.xlsx", ("a",)) as rejects:
        rejects.add(row("new"))
        assert [*cells(tmp_path / "r.xlsx")][1][0] == "old"
    assert [*cells(tmp_path / "r.xlsx")][1][0] == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["r.xlsx"]


def write(path: Path, *cells_: str) -> None:
    with RejectFile(path, tuple("abcdef"[: len(cells_)])) as rejects:
        rejects.add(row(*cells_))


def row(*cells_: str) -> RefusedRow:
    return RefusedRow(2, cells_, "date.form", "a", "说明 11010519491231002X", "x")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\tx", "\rx", "＝1", "＋1", "'=1"])
def test_formulas_are_defused(cell: str) -> None:
    assert defused(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "示例", "1-1", "a=b", " 示例"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert defused(cell) == cell
