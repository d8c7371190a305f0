"""Rows with their numbers, within limits; one bad row never hides the others, an unreadable file says so at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import CannotRun, Refused
from gateway.intake.rows import Limits, Row
from gateway.intake.tables import open_table

Write = Callable[..., Path]


def rows(path: Path, limits: Limits | None = None) -> list[Row]:
    return list(open_table(path, limits or Limits()).rows())


def reason(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(Refused) as refused:
        rows(path, limits)
    assert refused.value.zh
    assert refused.value.message
    return refused.value.reason


def test_numbers_are_those_of_a_spreadsheet(write: Write) -> None:
    found = rows(write('a,b\r\n1,2\r\n\r\n"x\ny",4\r\n5,6\r\n'))
    assert found == [Row(2, ("1", "2")), Row(4, ("x\ny", "4")), Row(5, ("5", "6"))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_same_rows_in_any_encoding(write: Write, encoding: str) -> None:
    table = open_table(write("企业名称,区域\n示例甲公司,三河市\n", encoding=encoding))
    assert table.columns == ("企业名称", "区域")
    assert list(table.rows()) == [Row(2, ("示例甲公司", "三河市"))]


def test_rows_can_be_read_again(write: Write) -> None:
    table = open_table(write("a\n1\n2\n"))
    assert list(table.rows()) == list(table.rows())


def test_empty_columns_at_the_end_are_the_spreadsheets(write: Write) -> None:
    table = open_table(write("a,b,,\n1,2,,\n"))
    assert table.columns == ("a", "b")
    assert [*table.rows()] == [Row(2, ("1", "2"))]


@pytest.mark.parametrize("header", ["", "\n1,2", "a,b,a", "a,,b", ",,", '"a"b,c'])
def test_headers_that_name_nothing_or_twice(write: Write, header: str) -> None:
    assert reason(write(header + "\n")) == "table.header"


def test_rows_of_another_width_are_faults_of_their_own(write: Write) -> None:
    found = rows(write("a,b\n1\n1,2,3\n1,2,\n1,2\n"))
    assert [row.fault.reason if row.fault else None for row in found] == ["row.width", "row.width", None, None]
    assert [row.cells for row in found[:2]] == [("1", ""), ("1", "2,3")]


def test_a_bad_quote_in_one_line_is_a_fault_of_that_row(write: Write) -> None:
    found = rows(write('a,b\n"x"y,2\n3,4\n'))
    assert found[0].fault is not None
    assert (found[0].fault.reason, found[0].cells) == ("row.quote", ('"x"y,2',))
    assert found[1] == Row(3, ("3", "4"))


@pytest.mark.parametrize("text", ['a,b\n"open,2\n3,4\n5,6\n', 'a,b\n"open,2\n3,"4"\n'])
def test_a_quote_that_swallows_rows_refuses_the_file(write: Write, text: str) -> None:
    assert reason(write(text)) == "table.quote"


def test_limits(write: Write) -> None:
    path = write("a,b\n1,22222\n3,4\n")
    assert reason(path, Limits(file_bytes=10)) == "table.size"
    assert reason(path, Limits(line_characters=5)) == "table.line_too_long"
    assert reason(path, Limits(columns=1)) == "table.header"
    too_long, good = rows(path, Limits(cell_characters=4))
    assert too_long.fault is not None
    assert (too_long.fault.reason, too_long.fault.field) == ("table.cell_too_long", "b")
    assert good.fault is None


def test_a_cell_over_many_lines_is_bounded(write: Write) -> None:
    text = 'a\n"' + "x\n" * 80_000 + '"\n'
    assert reason(write(text)) == "table.quote"


def test_other_files(write: Write, tmp_path: Path) -> None:
    assert reason(write("a\n", name="table.docx")) == "table.kind"
    assert reason(write("a\n\0\n")) == "table.form"
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    for name in ("none.csv", "pipe.csv", "folder.csv"):
        with pytest.raises(CannotRun, match=r"table\.missing"):
            open_table(tmp_path / name)


def test_a_file_that_changes_under_the_reader_is_refused(write: Write) -> None:
    path = write("a\n1\n2\n")
    table = open_table(path)
    reading = table.rows()
    assert next(reading).cells == ("1",)
    path.write_text("a\n1\n2\n3\n")
    os.utime(path, ns=(0, 0))
    with pytest.raises(Refused, match=r"table\.changed"):
        list(reading)
    with pytest.raises(Refused, match=r"table\.changed"):
        next(table.rows())


def test_lines(write: Write) -> None:
    content = b'\xef\xbb\xbf{"a":1}\n\n{"b":2}\r\n\xff\n{"c":3}'
    found = rows(write(content, name="records.ndjson"))
    assert [(row.number, row.cells) for row in found] == [
        (1, ('{"a":1}',)),
        (3, ('{"b":2}',)),
        (4, ("\ufffd",)),
        (5, ('{"c":3}',)),
    ]
    assert [row.fault.reason if row.fault else None for row in found] == [None, None, "form.utf8", None]


def test_a_line_too_long_is_one_fault(write: Write) -> None:
    text = "x" * 200_000 + "\n{}\n" + "y" * 11
    found = rows(write(text, name="records.jsonl"), Limits(line_characters=10))
    assert [(row.number, row.fault.reason if row.fault else None) for row in found] == [
        (1, "table.line_too_long"),
        (2, None),
        (3, "table.line_too_long"),
    ]
    assert all(len(cell) <= 80 for row in found for cell in row.cells)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(content=st.binary(max_size=120) | st.text(alphabet="a,\"\n\r\t\0示'", max_size=60).map(str.encode))
def test_any_bytes_are_rows_or_refused(write: Write, content: bytes) -> None:
    for name in ("any.csv", "any.ndjson", "any.json", "any.xlsx"):
        try:
            table = open_table(write(content, name=name), Limits(line_characters=40, cell_characters=9, columns=4))
            found = list(table.rows())
        except Refused:
            continue
        assert all(row.fault or len(row.cells) == len(table.columns) for row in found)
        assert [row.number for row in found] == sorted({row.number for row in found})


def test_what_is_not_read_says_which_kinds_are(write: Write) -> None:
    for name in ("permits.xls", "permits.doc", "permits"):
        with pytest.raises(Refused, match=r"table\.kind") as refused:
            open_table(write("x", name=name))
        assert ".xlsx" in refused.value.zh
