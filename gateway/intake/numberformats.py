"""What does a number in a cell stand for? A day, an instant, a number with zeros before it: its number format says.

What openpyxl doesn't do: the date formats that Chinese spreadsheets use by number alone (ECMA-376 part 1, 18.8.30),
zeros that a format puts before a number, and numbers of over 15 digits, which a spreadsheet has rounded: they are
refused, never guessed.

>>> written("45352", form_of(14, None), WINDOWS_EPOCH), written("0.28799999999999998", PLAIN, WINDOWS_EPOCH)
('2024-03-01', '0.288')
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from openpyxl.styles.numbers import is_date_format
from openpyxl.utils.datetime import WINDOWS_EPOCH

from gateway.errors import Refused
from gateway.intake.rows import refused

_BUILT_IN_DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_ONLY_ZEROS = re.compile("0{2,15}")
_DIGITS = 15
_FIRST_SURE_DAY, _LAST_DAY = 61, 2_958_465  # 1900-03-01, 9999-12-31


@dataclass(frozen=True, slots=True)
class NumberForm:
    """How a number is meant. ``zeros``: filled up with zeros to so many digits."""

    date: bool = False
    zeros: int = 0


PLAIN = NumberForm()


def form_of(number: int, code: str | None) -> NumberForm:
    """The form of a number format: a built-in one by its number, a workbook's own by its code."""
    if code is None:
        return NumberForm(date=number in _BUILT_IN_DATES)
    first = code.split(";")[0]
    if _ONLY_ZEROS.fullmatch(first):
        return NumberForm(zeros=len(first))
    return NumberForm(date=first.lower() != "general" and bool(is_date_format(first)))


def written(text: str, form: NumberForm, epoch: datetime) -> str:
    """A number as a person would write it. Raises ``Refused`` "cell.number", "cell.digits", "cell.day"."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > 300:
        raise refused("cell.number", "a cell holds a number that is none", "单元格中的数字不正确")
    if form.date:
        return _day(float(number), epoch)
    if number == number.to_integral_value() and abs(number) >= 10**_DIGITS:
        raise refused(
            "cell.digits",
            "a spreadsheet keeps 15 digits of a number, and this one had more: make the cell text and enter it anew",
            "数字超过 15 位，表格软件已丢失末尾数字；请将单元格设为文本格式后重新填写",
        )
    plain = f"{Decimal(format(float(number), f'.{_DIGITS}g')):f}"
    return plain.zfill(form.zeros)


def _day(days: float, epoch: datetime) -> str:
    """YYYY-MM-DD, with HH:MM:SS where it is no midnight."""
    if not (_FIRST_SURE_DAY if epoch == WINDOWS_EPOCH else 0) <= days < _LAST_DAY + 1:
        raise _no_day()
    seconds = round(days * 86_400)
    try:
        when = epoch + timedelta(seconds=seconds)
    except OverflowError:
        raise _no_day() from None
    return when.strftime("%Y-%m-%d" if seconds % 86_400 == 0 else "%Y-%m-%d %H:%M:%S")


def _no_day() -> Refused:
    return refused("cell.day", "a cell with a date format holds no day since March 1900", "日期单元格中的日期不正确")
