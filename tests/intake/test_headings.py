"""The row that names the columns is found below titles, and a header is the same however it is decorated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.intake.headings import Header, find_header, heading
from gateway.intake.rows import Limits, Row, Wanted
from gateway.intake.tables import open_table

KNOWN = frozenset(map(heading, ("证照编号", "ZZBH", "持证主体", "CZZT", "备注")))


@pytest.mark.parametrize(
    "written",
    [
        "行政相对人代码_1(统一社会信用代码)",
        "行政相对人代码_1（统一社会信用代码）",
        "*行政相对人代码_1 （统一社会信用代码）",
        "行政相对人代码_1\n(统一社会信用代码)＊",
        "\ufeff行政相对人代码1【统一社会信用代码】：",
    ],
)
def test_one_header_in_many_writings(written: str) -> None:
    assert heading(written) == heading("行政相对人代码_1(统一社会信用代码)")


def test_codes_in_any_case() -> None:
    assert heading("xk_wsh") == heading("XK_WSH") == heading("ＸＫ＿ＷＳＨ") != heading("CF_WSH")


@given(st.text(max_size=30))
def test_a_heading_is_its_own_heading(text: str) -> None:
    assert heading(heading(text)) == heading(text)


def found(*rows: tuple[str, ...]) -> Header:
    return find_header((Row(at, row) for at, row in enumerate(rows, 1)), KNOWN, 20, 9)


def test_a_title_above() -> None:
    names = ("证照编号", "持证主体")
    assert found(("证照公示表", ""), ("", ""), names, ("1", "2")) == Header(names, 3, 3)


def test_codes_below() -> None:
    assert found(("证照编号", "持证主体"), ("ZZBH", "CZZT"), ("1", "2")) == Header(("证照编号", "持证主体"), 1, 2)
    assert found(("证照编号", "持证主体"), ("1", "CZZT")).last == 1


def test_where_no_name_is_known_the_first_row_is_the_header() -> None:
    assert found(("甲", "乙"), ("1", "2")) == Header(("甲", "乙"), 1, 1)


def test_names_that_are_unknown_do_not_hide_those_that_are_known() -> None:
    assert found(("表", "", ""), ("证照编号", "持证主体", "心情", "天气")).row == 2


@pytest.mark.parametrize("row", [(), ("", ""), ("证照编号", "证照编号"), ("证照编号", "", "备注"), ("x",) * 10])
def test_headers_that_name_nothing_or_twice_or_too_much(row: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match=r"table\.header"):
        found(row)


def test_a_csv_with_a_title_keeps_the_numbers_of_its_rows(write: Callable[..., Path]) -> None:
    path = write("公示表,\n证照编号,持证主体\nZZBH,CZZT\n1,甲\n")
    table = open_table(path, Limits(), Wanted(KNOWN))
    assert table.columns == ("证照编号", "持证主体")
    assert list(table.rows()) == [Row(4, ("1", "甲"))]
