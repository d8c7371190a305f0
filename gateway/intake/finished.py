"""Which record does a line of NDJSON hold? Records that a department has finished itself: ``{"type","data",…}``, one
a line.

``source`` ("urn:jjj:sanhe") or ``jurisdiction`` ("sanhe") says for whom, unless the command does; ``id`` and ``time``
may be given.

>>> LineMapping(("record",)).draft(Row(1, ('{"type":"jjj.licence.issued","jurisdiction":"sanhe","data":{}}',)))
RowDraft(jurisdiction='sanhe', type='jjj.licence.issued', data={}, id=None, time=None)
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import orjson

from gateway.errors import Refused
from gateway.intake.drafts import RowDraft
from gateway.intake.linefiles import LineTable
from gateway.intake.profile import REPORT_COLUMNS
from gateway.intake.rows import Row
from gateway.records import compact, faults
from gateway.records.identifiers import mask_resident_numbers

_KINDS: dict[str, type] = {"type": str, "data": dict, "id": str, "time": str, "source": str, "jurisdiction": str}
_REQUIRED = ("type", "data")
_SOURCE = "urn:jjj:"
_SOURCE_FORM = re.compile(f"{_SOURCE}([a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?)")


def holds_lines(columns: Sequence[str]) -> bool:
    """Whether a table with these columns holds finished records: NDJSON, or the report of its refused lines."""
    return [name for name in columns if name not in REPORT_COLUMNS] == list(LineTable.columns)


class LineMapping:
    """Reads the one column of an NDJSON table, or of a report of refused lines. ``own``: the jurisdiction of lines
    that name none.
    """

    def __init__(self, columns: Sequence[str], own: str | None = None) -> None:
        if not holds_lines(columns):
            raise Refused(
                "table.header",
                "finished records stand one a line in a .ndjson file",
                zh="记录文件应为每行一个 JSON 对象的 .ndjson 文件",
            )
        self._own = own

    def draft(self, row: Row) -> RowDraft:
        """What the line says. Raises ``Refused`` "form.json", "form.depth", "form.duplicate_name", "draft.form",
        "source.*".
        """
        value = _parsed(row.cells[0])
        for name in value:
            if name not in _KINDS:
                raise _no_form(
                    f"member {name[:80]!r} is not known; known: {', '.join(_KINDS)}",
                    f"不认识的成员 {name[:80]!r}",
                    name,
                )
        for name, kind in _KINDS.items():
            if name in value and not isinstance(value[name], kind):
                raise _no_form(f"member {name} has the wrong type", f"成员 {name} 的类型不对", name)
            if name in _REQUIRED and name not in value:
                raise _no_form(f"member {name} is missing", f"缺少成员 {name}", name)
        return RowDraft(self._jurisdiction(value), value["type"], value["data"], value.get("id"), value.get("time"))

    def header_of(self, field: str) -> str:
        """The field as it is: a line has no columns."""
        return field

    def hidden(self, cells: Sequence[str]) -> tuple[str, ...]:
        """The cells as a report may show them."""
        return tuple(map(mask_resident_numbers, cells))

    def group_cell(self, row: Row) -> str | None:
        """Nothing: a line is a record by itself."""
        return None

    def _jurisdiction(self, value: dict[str, Any]) -> str:
        sources = {_SOURCE + value["jurisdiction"]} if "jurisdiction" in value else set()
        sources |= {value["source"]} if "source" in value else set()
        if not sources and self._own is None:
            raise Refused("source.missing", "neither line nor command says whose record it is", zh="无法确定所属节点")
        source = _SOURCE_FORM.fullmatch(min(sources, default=f"{_SOURCE}{self._own}"))
        if len(sources) > 1 or source is None:
            message = "source and jurisdiction name no jurisdiction, or two"
            raise Refused("source.form", message, field="source", zh="来源（source）不正确")
        return source[1]


def _parsed(text: str) -> dict[str, Any]:
    """The object that the text says: any JSON, strict where parsers differ (names that stand twice, NaN)."""
    if (at := faults.too_deep(text, compact.MAX_DEPTH)) is not None:
        raise faults.refused("form.depth", text, at)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise faults.refused("form.json", text, error.pos) from None
    if not isinstance(value, dict):
        raise _no_form("a record to publish is a JSON object with type and data", "每行应为一个 JSON 对象", "")
    json.loads(text, object_pairs_hook=_unique)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise Refused("form.duplicate_name", "a member name stands twice in one object", zh="同一对象中有重复的成员名")
    return members


def _no_form(message: str, zh: str, field: str) -> Refused:
    return Refused("draft.form", message, field=field[:80], rule="type, data, id, time, source or jurisdiction", zh=zh)
