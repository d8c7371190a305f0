"""Cells as people would write them; what says nothing certain is told, not taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import Refused
from gateway.intake.rows import Limits, Row, Wanted
from gateway.intake.sheetfiles import XlsxTable
from tests.intake.sheets import PARTS, sheet, workbook


def table(path: Path, *rows: str, after: str = "", limits: Limits | None = None, **parts: str) -> XlsxTable:
    return XlsxTable(workbook(path / "t.xlsx", sheet(*rows, after=after), **parts), limits or Limits(), Wanted())


def first(path: Path, cell: str, **parts: str) -> Row:
    return next(table(path, f'<row r="2"><c r="A2" t="s"><v>2</v></c>{cell}</row>', **parts).rows())


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ('<c r="B2" t="s"><v>2</v></c>', "示例甲"),  # runs of rich text, without the phonetic guide
        ('<c r="B2" t="s"><v>3</v></c>', "a\rb"),
        ('<c r="B2" t="inlineStr"><is><r><t>x </t></r><r><t>z</t></r></is></c>', "x z"),
        ('<c r="B2" t="str"><f>A1</f><v>=x</v></c>', "=x"),
        ('<c r="B2" t="str"><f>A1</f><v></v></c>', ""),
        ('<c r="B2" t="b"><v>1</v></c>', "TRUE"),
        ('<c r="B2" t="d"><v>2024-03-01T00:00:00Z</v></c>', "2024-03-01"),
        ('<c r="B2"><f>1+1</f><v>2</v></c>', "2"),
        ('<c r="B2"><v>0.28799999999999998</v></c>', "0.288"),
        ('<c r="B2"><v>1.5E-05</v></c>', "0.000015"),
        ('<c r="B2"><v>999999999999999</v></c>', "999999999999999"),
        ('<c r="B2"><v>-7</v></c>', "-7"),
        ('<c r="B2" s="1"><v>45352</v></c>', "2024-03-01"),
        ('<c r="B2" s="2"><v>45352.5</v></c>', "2024-03-01 12:00:00"),
        ('<c r="B2" s="3"><v>123</v></c>', "000123"),
        ('<c r="B2" s="99"><v>45352</v></c>', "45352"),
        ('<c r="B2" s="1"/>', ""),
        ("<c><v>5</v></c>", "5"),  # no reference: the next column
        ("<x:c xmlns:x='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><x:v>5</x:v></x:c>", "5"),
    ],
)
def test_cells(tmp_path: Path, cell: str, shown: str) -> None:
    assert first(tmp_path, cell) == Row(2, ("示例甲", shown))


@pytest.mark.parametrize(
    ("cell", "reason", "shown"),
    [
        ('<c r="B2" t="e"><v>#N/A</v></c>', "cell.error", "#N/A"),
        ('<c r="B2"><f>1+1</f></c>', "cell.formula", ""),
        ('<c r="B2"><f>1+1</f><v/></c>', "cell.formula", ""),
        ('<c r="B2"><v>911101120000000000</v></c>', "cell.digits", "911101120000000000"),
        ('<c r="B2"><v>1E+400</v></c>', "cell.number", "1E+400"),
        ('<c r="B2"><v>x</v></c>', "cell.number", "x"),
        ('<c r="B2" s="1"><v>60</v></c>', "cell.day", "60"),
        ('<c r="B2" s="1"><v>2958466</v></c>', "cell.day", "2958466"),
        ('<c r="B2" s="1"><v>-1</v></c>', "cell.day", "-1"),
    ],
)
def test_cells_that_say_nothing_certain(tmp_path: Path, cell: str, reason: str, shown: str) -> None:
    row = first(tmp_path, cell)
    assert row.cells == ("示例甲", shown)
    assert row.fault is not None
    assert (row.fault.reason, row.fault.field) == (reason, "日期")
    assert row.fault.zh


def test_one_bad_cell_is_a_fault_of_its_row_alone(tmp_path: Path) -> None:
    bad = '<row r="2"><c r="A2" t="e"><v>#REF!</v></c></row>'
    rows = list(table(tmp_path, bad, '<row r="3"><c r="A3"><v>1</v></c></row>').rows())
    assert [(row.number, row.fault is None) for row in rows] == [(2, False), (3, True)]


def test_days_since_1904(tmp_path: Path) -> None:
    index = PARTS["xl/workbook.xml"].replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    assert first(tmp_path, '<c r="B2" s="1"><v>43890</v></c>', workbook=index).cells[1] == "2024-03-01"


def test_rows_keep_their_numbers_and_empty_ones_are_passed_over(tmp_path: Path) -> None:
    empty, one = '<row r="3"><c r="A3" s="1"/></row>', '<row r="5"><c r="B5"><v>1</v></c></row>'
    given = (empty, one, "<row><c><v>2</v></c></row>")
    rows = list(table(tmp_path, *given).rows())
    assert rows == [Row(5, ("", "1")), Row(6, ("2", ""))]


def test_cells_beyond_the_columns(tmp_path: Path) -> None:
    far = '<row r="2"><c r="A2"><v>1</v></c><c r="XFD2"><v>9</v></c></row>'
    empty = '<row r="3"><c r="A3"><v>1</v></c><c r="XFD3" s="1"/></row>'
    wide, fine = table(tmp_path, far, empty).rows()
    assert wide.fault is not None
    assert wide.fault.reason == "row.width"
    assert fine == Row(3, ("1", ""))


@pytest.mark.parametrize("reference", ["A1:B3", "A2:A3", "$A$2:$B$2", "B2"])
def test_merged_cells_are_refused_from_the_header_down(tmp_path: Path, reference: str) -> None:
    merged = f'<mergeCells><mergeCell ref="{reference}"/></mergeCells>'
    given = table(tmp_path, '<row r="2"><c r="A2"><v>1</v></c></row>', after=merged)
    with pytest.raises(Refused, match=r"table\.merged") as refused:
        list(given.rows())
    assert reference in refused.value.zh


@pytest.mark.parametrize(
    "row",
    [
        '<row r="0"/>',
        '<row r="1"/>',
        '<row r="x"/>',
        '<row r="1048577"/>',
        '<row r="2"><c r="B2"/><c r="A2"/></row>',
        '<row r="2"><c r="ZZZ2"/></row>',
        '<row r="2"><c r="?"/></row>',
        '<row r="2"><c t="s"><v>9</v></c></row>',
        '<row r="2"><c t="s"><v>x</v></c></row>',
        "<row",
        "<row></c>",
    ],
)
def test_what_no_spreadsheet_writes(tmp_path: Path, row: str) -> None:
    with pytest.raises(Refused, match=r"table\.form"):
        list(table(tmp_path, row).rows())


def test_limits(tmp_path: Path) -> None:
    cells = "".join(f'<row r="{at}"><c r="A{at}"><v>1</v></c></row>' for at in range(2, 9))
    assert len(list(table(tmp_path, cells, limits=Limits(cells=9)).rows())) == 7
    with pytest.raises(Refused, match=r"table\.size"):
        list(table(tmp_path, cells, limits=Limits(cells=8)).rows())
    long = '<row r="2"><c r="A2" t="inlineStr"><is><t>' + "x" * 50_000 + "</t></is></c></row>"
    (row,) = table(tmp_path, long).rows()
    assert row.fault is not None
    assert (row.fault.reason, len(row.cells[0])) == ("table.cell_too_long", 80)
