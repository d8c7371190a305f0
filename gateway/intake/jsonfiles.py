"""Which rows does a JSON file hold? A list of flat objects, or one such list inside an object: each object is a row,
each member a column.

The columns are all members that any object has, in the order of their first appearance. Numbers are read as they are
written: 0.10 stays 0.10.

>>> JsonTable(Path("licences.json"), Limits(), Wanted(member="licences")).columns
('certType', 'certName', 'organDate')
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.errors import Refused
from gateway.intake.headings import heading
from gateway.intake.rows import Limits, Row, SourceFile, Wanted, refused, under

_SURROGATE = re.compile("[\ud800-\udfff]")
_BARE = {True: "true", False: "false"}


class _Number(str):
    """A number in the characters of the file."""

    __slots__ = ()


class JsonTable:
    """A JSON file of flat objects."""

    def __init__(self, path: Path, limits: Limits, wanted: Wanted) -> None:
        """Raises ``Refused`` "table.size", "table.form", "table.header" and ``CannotRun``."""
        self._file = SourceFile(path, limits.json_bytes)
        self._limits = limits
        self._wanted = wanted
        self.columns = tuple(dict.fromkeys(_whole(name) for found in self._objects() for name in found))
        if not self.columns or len(self.columns) > limits.columns:
            raise refused(
                "table.header",
                f"{len(self.columns)} members; 1 to {limits.columns} are allowed",
                f"共 {len(self.columns)} 个成员，应为 1 至 {limits.columns} 个",
            )

    def rows(self) -> Iterator[Row]:
        """The objects from number 1."""
        self._file.check_unchanged()
        for number, found in enumerate(self._objects(), 1):
            nested = [name for name, value in found.items() if isinstance(value, dict | list)]
            cells = tuple(_cell(found.get(name)) for name in self.columns)
            fault = _nested(nested[0]) if nested else _broken(cells)
            cells = tuple(cell.encode(errors="replace").decode() for cell in cells) if fault else cells
            yield under(self.columns, Row(number, cells, fault), self._limits)
        self._file.check_unchanged()

    def _objects(self) -> list[dict[str, Any]]:
        found = _list_of(_parsed(self._file.path), self._wanted)
        if not all(isinstance(value, dict) for value in found):
            raise _no_form("the list holds something other than objects", "列表中有不是对象的内容")
        return found


def _list_of(document: Any, wanted: Wanted) -> list[Any]:
    """The list that holds the rows: the document, the member that the profile names, or the only list that fits."""
    if isinstance(document, list):
        return document
    lists = {name: value for name, value in document.items() if isinstance(value, list)}
    if wanted.member in lists:
        return lists[wanted.member]
    fitting = {name: value for name, value in lists.items() if _fits(value, wanted.headings)} or lists
    if len(fitting) != 1:
        shown = ", ".join(lists) or "none"
        raise _no_form(f"which list holds the rows? Found: {shown}", f"无法确定数据所在的列表：{shown}")
    return next(iter(fitting.values()))


def _fits(rows: list[Any], headings: frozenset[str]) -> bool:
    first = rows[0] if rows and isinstance(rows[0], dict) else {}
    return sum(heading(name) in headings for name in first) * 2 > len(first)


def _parsed(path: Path) -> Any:
    try:
        document = json.loads(
            path.read_bytes().decode("utf-8-sig"),
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_no_number,
            object_pairs_hook=_unique,
        )
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, nested without end
        raise _no_form(f"not JSON: {str(error)[:200]}", "不是合法的 JSON 文件") from None
    if not isinstance(document, dict | list):
        raise _no_form("neither a list nor an object", "既不是列表也不是对象")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise refused("table.form", "a member name stands twice in one object", "同一对象中有重复的成员名")
    return members


def _no_number(text: str) -> str:
    raise ValueError(f"{text} is no JSON number")


def _whole(name: str) -> str:
    if _SURROGATE.search(name) is not None:
        raise _no_form("a member's name holds half a character", "成员名含有不完整的字符")
    return name


def _broken(cells: tuple[str, ...]) -> Refused | None:
    if not any(_SURROGATE.search(cell) for cell in cells):
        return None
    return refused("form.character", "a text holds half a character (a lone surrogate)", "文本中含有不完整的字符")


def _cell(value: object) -> str:
    """A value as the text of a cell; None and what is missing are empty."""
    if isinstance(value, str):
        return str(value)
    return _BARE[value] if isinstance(value, bool) else "" if value is None else json.dumps(value, ensure_ascii=False)


def _nested(name: str) -> Refused:
    return refused("row.nested", f"{name} holds a list or an object", f"{name} 的内容是列表或对象", field=name)


def _no_form(message: str, zh: str) -> Refused:
    return refused("table.form", message, zh)
