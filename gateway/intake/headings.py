"""Which row names the columns, and is this header that column? Departments write titles above, codes below, and
brackets of every kind.

A header is compared without white space, brackets, and the marks that forms put on required columns; so
"行政相对人代码_1(统一社会信用代码)" and "*行政相对人代码_1 （统一社会信用代码）" are one, and ``xk_wsh`` is ``XK_WSH``.

>>> heading("*行政相对人代码_1 （统一社会信用代码）") == heading("行政相对人代码_1(统一社会信用代码)")
True
>>> find_header(rows, frozenset({heading("证照编号"), heading("ZZBH")}), 20, 256)
Header(columns=('证照编号', ...), row=3, last=4)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from gateway.intake.rows import Row, refused

_DROPPED = dict.fromkeys(map(ord, "()[]〔〕【】「」《》*＊·:：_-—/、，,。.；;\"'\u200b\ufeff"))


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns, in which row they stand, and the last row that is none of the data."""

    columns: tuple[str, ...]
    row: int
    last: int


@lru_cache(maxsize=4096)
def heading(text: str) -> str:
    """A header as it is compared: NFKC, upper case, without white space, brackets and punctuation."""
    plain = unicodedata.normalize("NFKC", text).upper().translate(_DROPPED)
    return unicodedata.normalize("NFKC", "".join(plain.split()))


def find_header(rows: Iterator[Row], known: frozenset[str], most_rows: int, most_columns: int) -> Header:
    """The first of the top rows that mostly holds names which are known; the first row where there is none such.

    A second line of names right below it (the codes in a template) belongs to the header. Raises ``Refused``
    "table.header".
    """
    top = list(islice(rows, most_rows))
    at = next((at for at, row in enumerate(top) if names_columns(row, known)), 0)
    row = top[at] if top else Row(1, ())
    if row.fault is not None:
        raise refused("table.header", f"row {row.number}: {row.fault.message}", f"第 {row.number} 行{row.fault.zh}")
    columns = _columns(row, most_columns)
    below = top[at + 1] if at + 1 < len(top) else None
    second = below is not None and below.number == row.number + 1 and _all_names(below, known)
    return Header(columns, row.number, row.number + second)


def names_columns(row: Row, known: frozenset[str]) -> bool:
    """Whether at least half of what stands in a row is the name of a column."""
    filled = [cell for cell in row.cells if cell.strip()]
    hits = sum(heading(cell) in known for cell in filled)
    return row.fault is None and hits > 0 and hits * 2 >= len(filled)


def _all_names(row: Row, known: frozenset[str]) -> bool:
    filled = [cell for cell in row.cells if cell.strip()]
    return len(filled) > 1 and all(heading(cell) in known for cell in filled)


def _columns(row: Row, most: int) -> tuple[str, ...]:
    names = [cell.removeprefix("\ufeff").strip() for cell in row.cells]
    while names and not names[-1]:  # spreadsheets export empty columns at the end
        names.pop()
    if not names:
        raise refused("table.header", f"row {row.number} names no columns", f"第 {row.number} 行没有列名")
    if len(names) > most:
        raise refused("table.header", f"more than {most} columns", f"超过 {most} 列")
    twice = _twice(names)
    if twice:
        shown = ", ".join(sorted(twice)) or "(empty)"
        raise refused(
            "table.header", f"column names that stand twice, or are empty: {shown}", f"列名重复或为空：{shown}"
        )
    return tuple(names)


def _twice(names: Iterable[str]) -> set[str]:
    found = list(names)
    return {name for name in found if not name or found.count(name) > 1}
