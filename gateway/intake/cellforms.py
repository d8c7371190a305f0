"""How is a cell written, and what does it say? The forms that departments use for days, sums, lists and texts, as one
table.

A form takes the cell without white space around it, never empty, and gives what a record holds, or None for
"nothing". What could be read in two ways is refused, never guessed (law 10).

>>> FORMS["day"]("2019/1/2"), FORMS["last_day"]("2099/12/31"), FORMS["capital"]("1,000(万元人民币)")
('2019-01-02', None, '1,000万元人民币')
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gateway.errors import Refused
from gateway.instants import parse_day

_DAYS = tuple(
    re.compile(pattern)
    for pattern in (
        "([0-9]{4})([/.-])([0-9]{1,2})\\2([0-9]{1,2})(?:[ T]0{1,2}:00(?::00(?:[.]0+)?)?)?",
        "([0-9]{4})([0-9]{2})([0-9]{2})",
        "([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日",
    )
)
_OPEN_ENDS = frozenset({"2099-12-31", "长期", "长期有效", "永久", "无期限"})
_CAPITAL = re.compile(r"([0-9][0-9,.]*) ?[(（]?(万)元?(人民币|美元|欧元|港元|日元)?[)）]?")
_AMOUNT = re.compile("(?:0|[1-9][0-9]{0,7})(?:[.][0-9]{1,6})?")
_THOUSANDS = re.compile("[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:[.][0-9]+)?")
_LOST_DIGITS = re.compile("(?<![0-9０-９])[.．][0-9０-９]+ ?(?:万|亿)?元")
_SEMICOLON = re.compile("[;；]")
_OTHER_SEPARATORS = re.compile("[、,，|/]")
_OTHER = "其他"


def _text(cell: str) -> str:
    return cell


def _day(cell: str) -> str:
    """YYYY-MM-DD of that, YYYY/M/D (as spreadsheets write it), YYYY.M.D, YYYYMMDD or YYYY年M月D日, a midnight behind
    it or not; raises ``Refused`` "date.form".
    """
    found = next((found for pattern in _DAYS if (found := pattern.fullmatch(cell))), None)
    if found is None:
        written = cell
    else:
        year, month, day = (part for part in found.groups() if part.isdigit())
        written = f"{year}-{month:0>2}-{day:0>2}"
    parse_day(written)
    return written


def _last_day(cell: str) -> str | None:
    """As a day; 2099-12-31 in any writing, 长期, 永久 and 无期限 are "without end", which a record leaves out (双公示,
    有效期至).
    """
    if cell in _OPEN_ENDS:
        return None
    written = _day(cell)
    return None if written in _OPEN_ENDS else written


def _capital(cell: str) -> str:
    """注册资金 in one writing (100(万元人民币) and 100万人民币 → 100万元人民币); what it doesn't know it leaves as it
    is.
    """
    found = _CAPITAL.fullmatch(cell)
    return (
        cell
        if found is None
        else f"{found[1]}万{'' if found[3] in ('美元', '欧元', '港元', '日元') else '元'}{found[3] or ''}"
    )


def _amount(cell: str) -> str:
    """A sum in 10,000 yuan as its decimal text, separators of thousands taken out; raises ``Refused`` "amount.form"
    for anything else: a unit behind it, digits that are lost.
    """
    written = cell.replace(",", "") if _THOUSANDS.fullmatch(cell) else cell
    if _AMOUNT.fullmatch(written) is None:
        raise Refused(
            "amount.form",
            "a sum is a number in 10,000 yuan, at most 8 digits before the point and 6 after",
            zh="金额应为以万元为单位的数字，整数最多 8 位，小数最多 6 位，不带单位",
        )
    return written


def _sums_text(cell: str) -> str:
    """A text in which no sum has lost the digits before its point ("罚款.15元"); raises ``Refused`` "amount.form"."""
    if _LOST_DIGITS.search(cell) is not None:
        raise Refused(
            "amount.form",
            "a sum in the text lacks the digits before its point",
            zh="文字中的金额缺少小数点前的数字（如“罚款.15元”），请更正",
        )
    return cell


def _list(cell: str) -> list[str]:
    """Entries joined by semicolons, each once; raises ``Refused`` "list.form" for entries that other signs may join."""
    entries = [entry for part in _SEMICOLON.split(cell) if (entry := part.strip())]
    if not entries or any(_OTHER_SEPARATORS.search(entry) and not entry.startswith(_OTHER) for entry in entries):
        raise Refused("list.form", "several entries are joined by semicolons", zh="多项内容应以分号“;”分隔")
    return list(dict.fromkeys(entries))


FORMS: dict[str, Callable[[str], Any]] = {
    "text": _text,
    "day": _day,
    "last_day": _last_day,
    "capital": _capital,
    "amount": _amount,
    "sums_text": _sums_text,
    "list": _list,
}
NOTES = {
    "text": "文本",
    "day": "日期，如 2024-03-01 或 2024/3/1",
    "last_day": "日期，如 2029-02-28；长期有效填 2099/12/31",
    "capital": "文本，如 100万元人民币",
    "amount": "以万元为单位的数字，小数最多 6 位，如 0.0288",
    "sums_text": "文本；其中金额须完整",
    "list": "多项以分号“;”分隔",
}
"""How a cell of each form is filled in, for the clerk who does."""
