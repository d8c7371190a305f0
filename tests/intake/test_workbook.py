"""Which sheet, and what hostile files cost: never more than the limits say, and never another error."""

from __future__ import annotations

import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.intake.headings import heading
from gateway.intake.rows import Limits, Wanted
from gateway.intake.sheetfiles import XlsxTable
from tests.intake.sheets import HEADER, MAIN, PARTS, sheet, workbook

ROW = '<row r="2"><c r="A2"><v>1</v></c></row>'


def reason(path: Path, limits: Limits | None = None, name: str | None = None) -> str:
    with pytest.raises(Refused) as refused:
        list(XlsxTable(path, limits or Limits(), Wanted(sheet=name)).rows())
    assert refused.value.zh
    return refused.value.reason


def rows(path: Path, name: str | None = None) -> int:
    return len(list(XlsxTable(path, Limits(), Wanted(sheet=name)).rows()))


def test_the_first_visible_sheet_or_the_named_one(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", sheet(ROW))
    assert (rows(path), rows(path, "数据"), rows(path, "其他")) == (1, 1, 0)
    assert reason(path, name="没有") == "table.sheet"
    hidden = PARTS["xl/workbook.xml"].replace('name="数据"', 'name="数据" state="hidden"')
    assert rows(workbook(tmp_path / "b.xlsx", sheet(ROW), workbook=hidden)) == 0
    all_hidden = hidden.replace('name="其他"', 'name="其他" state="veryHidden"')
    assert reason(workbook(tmp_path / "c.xlsx", sheet(ROW), workbook=all_hidden)) == "table.sheet"


def test_what_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    for content, expected in (
        (b"", "table.kind"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 600, "table.kind"),  # an old .xls, or one with a password
        (b"PK\x05\x06" + b"\0" * 18, "table.form"),  # an archive of nothing
        ("证号,日期\n".encode(), "table.kind"),
    ):
        path.write_bytes(content)
        assert reason(path) == expected
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        for name, part in PARTS.items():
            archive.writestr(name, part)
    assert reason(path) == "table.form"


def test_a_part_that_unpacks_to_more_than_it_may(tmp_path: Path) -> None:
    bomb = f'<worksheet xmlns="{MAIN}"><sheetData>' + " " * (64 << 20) + "</sheetData></worksheet>"
    path = workbook(tmp_path / "bomb.xlsx", bomb)
    assert path.stat().st_size < 1 << 20
    tracemalloc.start()
    assert reason(path, Limits(sheet_bytes=8 << 20)) == "table.size"
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_sheet_strings_and_file_each_have_their_limit(tmp_path: Path) -> None:
    many = "".join(f'<row r="{at}"><c r="A{at}"><v>{at}</v></c></row>' for at in range(2, 9_000))
    path = workbook(tmp_path / "a.xlsx", sheet(many))
    assert reason(path, Limits(sheet_bytes=100_000)) == "table.size"
    assert reason(path, Limits(strings_bytes=100)) == "table.size"
    assert reason(path, Limits(packed_bytes=1_000)) == "table.size"


def test_the_sizes_that_the_archive_states_are_not_believed(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", sheet(ROW + " " * 100_000))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        true = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    at = content.rfind(true.to_bytes(4, "little"))
    content[at : at + 4] = (10).to_bytes(4, "little")
    path.write_bytes(content)
    assert reason(path) == "table.form"


def test_a_directory_longer_than_any_workbook_has(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for at in range(15_000):
            archive.writestr(f"xl/{at:060}", b"")
    assert reason(path) == "table.form"


@pytest.mark.parametrize("name", ["workbook", "sharedStrings", "styles"])
def test_document_types_and_entities_are_refused(tmp_path: Path, name: str) -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    (part,) = [each for place, each in PARTS.items() if place.endswith(f"{name}.xml")]
    assert reason(workbook(tmp_path / "a.xlsx", sheet(ROW), **{name: laughs + part})) == "table.form"
    assert reason(workbook(tmp_path / "b.xlsx", laughs + sheet(ROW))) == "table.form"


def test_one_token_without_end(tmp_path: Path) -> None:
    long = f'<worksheet xmlns="{MAIN}" x="' + "y" * (3 << 19) + '"/>'
    assert reason(workbook(tmp_path / "a.xlsx", long)) == "table.form"


def test_other_encodings_of_xml(tmp_path: Path) -> None:
    """A document type could hide in them from whoever looks at bytes; spreadsheets write UTF-8."""
    for encoding, content in (("UTF-16", "utf-16"), ("UTF-16", "utf-16-le"), ("cp037", "utf-8"), ("x-none", "utf-8")):
        part = (f'<?xml version="1.0" encoding="{encoding}"?>' + sheet(ROW)).encode(content)
        assert reason(workbook(tmp_path / "a.xlsx", part)) == "table.form"
    assert rows(workbook(tmp_path / "b.xlsx", "<?xml version='1.0' encoding='utf-8'?>" + sheet(ROW))) == 1


@pytest.mark.parametrize("flood", ["<a/>", "<row/>", "<c/>", "<mergeCells/>", "<a>", "row>"])
def test_a_flood_of_elements_costs_no_more_than_the_limit(tmp_path: Path, flood: str) -> None:
    content = f'<worksheet xmlns="{MAIN}"><sheetData>{HEADER}' + flood * 1_000_000
    path = workbook(tmp_path / "flood.xlsx", content)
    assert path.stat().st_size < 1 << 20
    tracemalloc.start()
    assert reason(path, Limits(cells=20_000)) in ("table.size", "table.form")
    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("flood", ["<c/>", "<c><f/><v/></c>"])
def test_a_row_without_end_costs_no_more_than_a_row(tmp_path: Path, flood: str) -> None:
    row = f'<worksheet xmlns="{MAIN}"><sheetData>{HEADER}<row r="2">' + flood * 1_000_000
    path = workbook(tmp_path / "row.xlsx", f"{row}</row></sheetData></worksheet>")
    tracemalloc.start()
    assert reason(path) == "table.form"
    assert tracemalloc.get_traced_memory()[1] < 48 << 20
    tracemalloc.stop()


def test_a_flood_in_the_other_parts(tmp_path: Path) -> None:
    texts = f'<sst xmlns="{MAIN}">' + "<si/>" * 3_000_000 + "</sst>"
    assert reason(workbook(tmp_path / "a.xlsx", sheet(), sharedStrings=texts), Limits(cells=1_000)) == "table.size"
    styles = PARTS["xl/styles.xml"] + " " * (17 << 20)
    assert reason(workbook(tmp_path / "b.xlsx", sheet(), styles=styles)) == "table.size"


def test_columns_and_rows_beyond_any_sheet(tmp_path: Path) -> None:
    for row in ('<row r="2"><c r="ZZZZZZ2"><v>1</v></c></row>', '<row r="99999999999"/>', "<row>" + "<c/>" * 16_385):
        assert reason(workbook(tmp_path / "a.xlsx", sheet(row))) == "table.form"


def test_parts_under_names_that_were_not_looked_at(tmp_path: Path) -> None:
    types = PARTS["[Content_Types].xml"].replace("/xl/sharedStrings.xml", "/xl/sharedStrings.bin")
    assert reason(workbook(tmp_path / "a.xlsx", sheet(ROW), **{"[Content_Types]": types})) == "table.form"


def test_two_sheets_with_such_rows_are_not_chosen_between(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", sheet(ROW))
    known = frozenset({heading("证号")})
    with pytest.raises(Refused, match=r"table\.sheet") as refused:
        XlsxTable(path, Limits(), Wanted(known))
    assert "数据、其他" in refused.value.zh
    assert len(list(XlsxTable(path, Limits(), Wanted(known, sheet="数据")).rows())) == 1
    guide = f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"/></sheetData></worksheet>'
    assert rows_of(workbook(tmp_path / "b.xlsx", sheet(ROW), sheet2=guide), known) == 1


def rows_of(path: Path, known: frozenset[str]) -> int:
    return len(list(XlsxTable(path, Limits(), Wanted(known)).rows()))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_any_damage_is_rows_or_a_refusal(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(workbook(tmp_path / "a.xlsx", sheet(ROW)).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    path = tmp_path / "damaged.xlsx"
    path.write_bytes(content)
    try:
        found = list(XlsxTable(path, Limits(), Wanted()).rows())
    except Refused:
        return
    assert len(found) <= 1


XML = st.text(alphabet="<>/=\"' crvtfABs12&;#x!-[]?\u793a", max_size=80)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(rows_=XML, strings=XML, styles=XML)
def test_any_parts_are_rows_or_a_refusal(tmp_path: Path, rows_: str, strings: str, styles: str) -> None:
    parts = {
        "sharedStrings": PARTS["xl/sharedStrings.xml"].replace("</sst>", strings + "</sst>"),
        "styles": PARTS["xl/styles.xml"].replace("<cellXfs>", styles + "<cellXfs>"),
    }
    try:
        table = XlsxTable(workbook(tmp_path / "a.xlsx", sheet(rows_), **parts), Limits(), Wanted())
        found = list(table.rows())
    except Refused:
        return
    assert all(row.fault or len(row.cells) == len(table.columns) for row in found)
