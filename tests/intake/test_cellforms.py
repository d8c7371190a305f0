"""Days and sums as departments write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.intake.cellforms import FORMS


@pytest.mark.parametrize("written", ["2019-01-02", "2019/01/02", "2019/1/2", "20190102"])
def test_days(written: str) -> None:
    assert FORMS["day"](written) == "2019-01-02"
    assert FORMS["last_day"](written) == "2019-01-02"


@pytest.mark.parametrize(
    "written", ["2019-13-01", "2019/02/30", "20190230", "2019-1-2", "2019013", "2019.01.02", "43467", "1899-12-31", "x"]
)
def test_what_is_no_day(written: str) -> None:
    for form in ("day", "last_day"):
        with pytest.raises(Refused, match=r"date\.form"):
            FORMS[form](written)


@pytest.mark.parametrize("written", ["2099/12/31", "2099-12-31", "20991231", "长期", "无期限"])
def test_without_end_is_nothing(written: str) -> None:
    assert FORMS["last_day"](written) is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("100(万元人民币)", "100万元人民币"),
        ("100万人民币", "100万元人民币"),
        ("100万元人民币", "100万元人民币"),
        ("1,000.5（万元）", "1,000.5万元"),
        ("50万美元", "50万美元"),
        ("壹佰万元整", "壹佰万元整"),
    ],
)
def test_capital(written: str, read: str) -> None:
    assert FORMS["capital"](written) == read


@given(st.text(min_size=1, max_size=20))
def test_any_cell_is_read_or_refused(cell: str) -> None:
    for form in FORMS.values():
        try:
            read = form(cell)
        except Refused as refused:
            read = refused.reason
        assert read is None or read
