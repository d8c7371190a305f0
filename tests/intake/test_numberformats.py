"""Number formats: days in the formats that Chinese spreadsheets use, and numbers that are none."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from gateway.errors import Refused
from gateway.intake.numberformats import PLAIN, NumberForm, form_of, written


@pytest.mark.parametrize("number", [14, 15, 22, 31, 57])
def test_built_in_dates(number: int) -> None:
    assert form_of(number, None).date


@pytest.mark.parametrize("number", [0, 1, 2, 4, 9, 11, 37, 44, 49, 59])
def test_built_in_numbers(number: int) -> None:
    assert form_of(number, None) == PLAIN


@pytest.mark.parametrize(
    "code",
    [
        "yyyy/m/d;@",
        "[$-F800]dddd, mmmm dd, yyyy",
        'yyyy"年"m"月"d"日"',
        "[DBNum1][$-804]yyyy年m月d日",
        "e/m/d",
        "[h]:mm:ss",
        "h:mm AM/PM",
        "YYYY-MM-DD",
    ],
)
def test_formats_of_days(code: str) -> None:
    assert form_of(164, code).date


@pytest.mark.parametrize(
    "code",
    [
        *("General", "@", "0.00", "#,##0", "0.00E+00", '0.00"day"', "[Red]0", '#,##0\\ "元";[Red]-0', "_ * #,##0_ "),
        *("0%", ""),
    ],
)
def test_formats_of_numbers(code: str) -> None:
    assert not form_of(164, code).date


def test_zeros_before_a_number() -> None:
    assert written("42", form_of(164, "000000"), WINDOWS_EPOCH) == "000042"
    assert form_of(164, "0") == PLAIN


@given(
    st.text(max_size=12),
    st.sampled_from([PLAIN, NumberForm(date=True), NumberForm(zeros=6)]),
    st.sampled_from([WINDOWS_EPOCH, MAC_EPOCH]),
)
def test_any_text_is_a_number_or_refused(text: str, form: NumberForm, epoch: datetime.datetime) -> None:
    try:
        found = written(text, form, epoch)
    except Refused as refused:
        found = refused.reason
    assert found


@given(st.decimals(min_value=0, max_value=99_999_999, places=6))
def test_sums_come_back_as_they_were_typed(amount: Decimal) -> None:
    shown = written(repr(float(amount)), PLAIN, WINDOWS_EPOCH)
    assert Decimal(shown) == amount
    assert "E" not in shown


@given(st.dates(min_value=datetime.date(1900, 3, 1)))
def test_every_day_since_march_1900(day: datetime.date) -> None:
    serial = (day - datetime.date(1899, 12, 30)).days
    assert written(str(serial), NumberForm(date=True), WINDOWS_EPOCH) == day.isoformat()
