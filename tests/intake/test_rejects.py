"""The report of refused rows: beside their columns, safe to open, ready to hand in again."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.intake.profile import REPORT_COLUMNS
from gateway.intake.reading import Item, RefusedRow, open_reading
from gateway.intake.rejects import RejectFile, defused

Companies = Callable[..., Path]


def report_of(path: Path, report: Path) -> int:
    reading = open_reading(path)
    with RejectFile(report, reading.columns) as rejects:
        for outcome in reading:
            if isinstance(outcome, RefusedRow):
                rejects.add(outcome)
    return rejects.count


def test_rows_stand_beside_their_columns(companies: Companies, good_row: str, tmp_path: Path) -> None:
    report = tmp_path / "rejected.csv"
    assert report_of(companies(good_row, good_row.replace("2019-01-02", "昨天")), report) == 1
    assert report.read_bytes().startswith(b"\xef\xbb\xbf")
    header, row = csv.reader(report.read_text(encoding="utf-8-sig").splitlines())
    assert header == [*open_reading(companies(good_row)).columns, *REPORT_COLUMNS]
    told = dict(zip(header, row, strict=True))
    assert told["企业名称"] == "示例甲食品有限公司"
    assert told["注册日期"] == "昨天"
    assert [told[name] for name in REPORT_COLUMNS[:3]] == ["3", "date.form", "注册日期"]
    assert "日期" in told["说明"]
    assert told["message"].startswith("not a day")


def test_without_refused_rows_there_is_no_report(companies: Companies, good_row: str, tmp_path: Path) -> None:
    assert report_of(companies(good_row), tmp_path / "rejected.csv") == 0
    assert not (tmp_path / "rejected.csv").exists()


def test_a_corrected_report_can_be_handed_in_again(companies: Companies, good_row: str, tmp_path: Path) -> None:
    report = tmp_path / "rejected.csv"
    bad = good_row.replace("2019-01-02", "昨天").replace("示例甲食品", "=示例甲食品").replace("100(万元人民币)", "-")
    report_of(companies(bad), report)
    assert "'=示例甲食品有限公司" in report.read_text(encoding="utf-8-sig")
    report.write_text(report.read_text(encoding="utf-8-sig").replace("昨天", "2019/1/2"), encoding="utf-8-sig")
    (item,) = open_reading(report)
    assert isinstance(item, Item)
    assert item.data["holder"]["name"] == "=示例甲食品有限公司"
    assert item.data["remarks"] == "企业类型：有限责任公司"


def test_lines_are_reported_and_handed_in_again(write: Callable[..., Path], tmp_path: Path) -> None:
    report = tmp_path / "rejected.csv"
    line = '{"type":"jjj.licence.issued","data":{"number":"1"},"jurisdiction":"sanhe","colour":"red"}'
    report_of(write(line, name="records.ndjson"), report)
    fixed = report.read_text(encoding="utf-8-sig").replace(',""colour"":""red""', "")
    report.write_text(fixed, encoding="utf-8-sig")
    (item,) = open_reading(report)
    assert isinstance(item, Item)
    assert item.data == {"number": "1"}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\tx", "\rx", "＝1", "＋1", "'=1"])
def test_formulas_are_defused(cell: str) -> None:
    assert defused(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "示例", "1-1", "a=b", " 示例"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert defused(cell) == cell


def test_identity_numbers_are_masked_in_a_row_made_elsewhere(tmp_path: Path) -> None:
    row = RefusedRow(2, ("11010519491231002X",), "identity_number", "a", "号码 11010519491231002X", "x")
    with RejectFile(tmp_path / "r.csv", ("a",)) as rejects:
        rejects.add(row)
    assert "19491231" not in (tmp_path / "r.csv").read_text(encoding="utf-8-sig")
