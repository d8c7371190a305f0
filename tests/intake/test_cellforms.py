"""Days, sums and lists as departments write them; what could be read in two ways is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.intake.cellforms import FORMS


@pytest.mark.parametrize("written",
    [
        *("2019-01-02", "2019/01/02", "2019/1/2", "20190102", "2019-1-2", "2019.01.02", "2019年1月2日"),
        *("2019-01-02 00:00:00", "2019-01-02T00:00:00.000", "2019/1/2 0:00"),
    ],
)
def test_days(written: str) -> None:
    assert FORMS["day"](written) == "2019-01-02"
    assert FORMS["last_day"](written) == "2019-01-02"


@pytest.mark.parametrize(
    "written",
    [
        *("2019-13-01", "2019/02/30", "20190230", "2019013", "43467", "1899-12-31", "x", "19-1-2", "1/2/2019"),
        *("2019-1/2", "2019-01-02 08:00:00", "2019年1月"),
    ],
)
def test_what_is_no_day(written: str) -> None:
    for form in ("day", "last_day"):
        with pytest.raises(Refused, match=r"date\.form"):
            FORMS[form](written)


@pytest.mark.parametrize("written", ["2099/12/31", "2099-12-31", "20991231", "长期", "永久", "无期限"])
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


@pytest.mark.parametrize(
    ("written", "read"),
    [("0.0288", "0.0288"), ("0", "0"), ("1,000.5", "1000.5"), ("20", "20"), ("0.000145", "0.000145")],
)
def test_sums(written: str, read: str) -> None:
    assert FORMS["amount"](written) == read


@pytest.mark.parametrize(
    "written", [".15", "0.15元", "2000元", "0.2万元", "-1", "1e3", "0.0000001", "1,00", "二十", "00.1", "１"]
)
def test_what_is_no_sum(written: str) -> None:
    with pytest.raises(Refused, match=r"amount\.form"):
        FORMS["amount"](written)


def test_texts_in_which_a_sum_lost_its_digits() -> None:
    assert FORMS["sums_text"]("罚款0.15元，没收1.5万元。第.3条") == "罚款0.15元，没收1.5万元。第.3条"
    for text in ("罚款.15元", "没收．5 万元", "共计 .2万元"):
        with pytest.raises(Refused, match=r"amount\.form"):
            FORMS["sums_text"](text)


def test_lists() -> None:
    assert FORMS["list"]("警告; 罚款；没收违法所得;罚款;") == ["警告", "罚款", "没收违法所得"]
    assert FORMS["list"]("其他-责令改正、公示") == ["其他-责令改正、公示"]


@pytest.mark.parametrize("written", [";", "警告、罚款", "警告,罚款", "警告;罚款|没收违法所得"])
def test_lists_that_another_sign_may_join_are_refused(written: str) -> None:
    with pytest.raises(Refused, match=r"list\.form"):
        FORMS["list"](written)


@given(st.text(min_size=1, max_size=20))
def test_any_cell_is_read_or_refused(cell: str) -> None:
    for form in FORMS.values():
        try:
            read = form(cell)
        except Refused as refused:
            read = refused.reason
        assert read is None or read
