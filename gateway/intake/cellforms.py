"""How is a cell written, and what does it say? The forms that departments use for days, sums and texts, as one table.

A form takes the cell without white space around it, never empty, and gives the text that a record holds, or None for
"nothing".

>>> FORMS["day"]("2019/01/02"), FORMS["last_day"]("2099/12/31"), FORMS["capital"]("1,000(万元人民币)")
('2019-01-02', None, '1,000万元人民币')
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.instants import parse_day

_DAYS = tuple(
    re.compile(pattern) for pattern in ("([0-9]{4})([0-9]{2})([0-9]{2})", "([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})")
)
_OPEN_ENDS = frozenset({"2099-12-31", "长期", "无期限"})
_CAPITAL = re.compile(r"([0-9][0-9,.]*) ?[(（]?(万)元?(人民币|美元|欧元|港元|日元)?[)）]?")


def _text(cell: str) -> str:
    return cell


def _day(cell: str) -> str:
    """YYYY-MM-DD of YYYY-MM-DD, YYYY/MM/DD, YYYY/M/D (as spreadsheets write it) or YYYYMMDD; raises ``Refused``
    "date.form".
    """
    found = next((found for pattern in _DAYS if (found := pattern.fullmatch(cell))), None)
    written = cell if found is None else f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}"
    parse_day(written)
    return written


def _last_day(cell: str) -> str | None:
    """As a day; 2099-12-31 in any writing, 长期 and 无期限 are "without end", which a record leaves out (双公示,
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


FORMS: dict[str, Callable[[str], str | None]] = {"text": _text, "day": _day, "last_day": _last_day, "capital": _capital}
