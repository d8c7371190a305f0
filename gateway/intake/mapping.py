"""Which record does a row make? A profile applied to the cells of one row.

Nothing of the record's own rules is judged here: that is the gate's, at the node's door. Refused here is what leaves
no record to judge: no jurisdiction, a required cell that is empty, a day that is none.

>>> RowMapping(load("business-licence"), table.columns).draft(row)
RowDraft(jurisdiction='sanhe', type='jjj.licence.issued', data={...})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.errors import Refused
from gateway.intake.cellforms import FORMS
from gateway.intake.profile import REPORT_COLUMNS, Column, Profile
from gateway.intake.tables import Row
from gateway.records.identifiers import mask_resident_numbers

JOINT = "；"


@dataclass(frozen=True, slots=True)
class RowDraft:
    """A record to be: what a row says, and for whom. ``id`` and ``time`` only where the row gives them."""

    jurisdiction: str
    type: str
    data: dict[str, Any]
    id: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True)
class _Cell:
    """One column of this table: its header, where it stands, how it is read and where its value goes."""

    header: str
    place: int
    column: Column
    read: Callable[[str], str | None]


class RowMapping:
    """A profile bound to the columns of one table; raises ``Refused`` "table.header" where they don't fit.

    ``own``: the jurisdiction of all rows, for profiles that have no area column.
    """

    def __init__(self, profile: Profile, columns: Sequence[str], own: str | None = None) -> None:
        _check_headers(profile, columns)
        self._profile = profile
        self._own = own
        self._constants = dict(profile.constants)
        self._cells = tuple(_bound(column, columns) for column in profile.columns if set(column.names) & set(columns))
        self._is_report = set(REPORT_COLUMNS) <= set(columns)

    def draft(self, row: Row) -> RowDraft:
        """What the row says. Raises ``Refused`` "row.required", "row.lookup", "date.form", "area.no_node"."""
        found = {cell.column.names[0]: self._value(cell, row) for cell in self._cells}
        jurisdiction = self._jurisdiction(found)
        data = _copy(self._constants)
        for cell in self._cells:
            value = found[cell.column.names[0]]
            for member in cell.column.into if value is not None else ():
                _put(data, member, value, cell.column.label)
        for lookup in self._profile.lookups:
            value = found.get(lookup.column) or ""
            if value not in lookup.values:
                raise _refused(
                    "row.lookup",
                    lookup.column,
                    value,
                    f"the profile's table for {lookup.into} has no {value!r}",
                    f"导入方案的对照表中没有 {value!r}",
                )
            _put(data, lookup.into, _copy(lookup.values[value]), "")
        return RowDraft(jurisdiction, self._profile.record_type, data)

    def header_of(self, field: str) -> str:
        """The column of a record's member ("data.holder.uscc" → "统一社会信用代码"), or the field as it is."""
        member = ".".join(part for part in field.removeprefix("data.").split(".") if not part.isdigit())
        cells = (cell for cell in self._cells if member in {into.removesuffix("[]") for into in cell.column.into})
        return next((cell.header for cell in cells), field)

    def _value(self, cell: _Cell, row: Row) -> str | None:
        written = row.cells[cell.place].strip()
        if self._is_report and written[:1] == "'":
            written = written[1:].strip()  # a formula that the report defused
        if not written or written in self._profile.absent:
            if cell.column.required:
                raise _refused("row.required", cell.header, written, "the cell is empty", "必填项为空")
            return None
        try:
            return cell.read(written)
        except Refused as refused:
            raise _refused(refused.reason, cell.header, written, refused.message, refused.zh) from None

    def _jurisdiction(self, found: Mapping[str, str | None]) -> str:
        area = self._profile.area
        if area is None:
            if self._own is None:
                raise Refused(
                    "source.missing", "neither row nor command says whose record this is", zh="无法确定记录所属节点"
                )
            return self._own
        code = found.get(area.column) or ""
        if code not in area.jurisdictions:
            raise _refused(
                "area.no_node", area.column, code, f"no node speaks for area {code}", f"地区 {code} 没有接入节点"
            )
        return area.jurisdictions[code]


def _check_headers(profile: Profile, columns: Sequence[str]) -> None:
    missing, unknown = profile.missing(columns), profile.unknown(columns)
    twice = [column.names[0] for column in profile.columns if len(set(column.names) & set(columns)) > 1]
    for names, what, zh in (
        (missing, "lacks the columns", "缺少列"),
        (unknown, "has columns that the profile doesn't know", "含有导入方案不认识的列"),
        (twice, "has a column under two of its names", "同一列以不同名称出现两次"),
    ):
        if names:
            shown = ", ".join(names)
            raise Refused(
                "table.header",
                f"profile {profile.name}: the table {what}: {shown}",
                field=names[0],
                zh=f"{zh}：{shown}",
            )


def _bound(column: Column, columns: Sequence[str]) -> _Cell:
    place = next(at for at, header in enumerate(columns) if header in column.names)
    return _Cell(columns[place], place, column, FORMS[column.form])


def _put(data: dict[str, Any], member: str, value: Any, label: str) -> None:
    """Set a member given as a path; "[]" appends to a list, a label joins what several columns say."""
    *parents, name = member.split(".")
    for parent in parents:
        data = data.setdefault(parent, {})
    if name.endswith("[]"):
        data.setdefault(name[:-2], []).append(value)
    elif label:
        data[name] = f"{data[name]}{JOINT}{label}：{value}" if name in data else f"{label}：{value}"
    else:
        data[name] = value


def _copy(value: Any) -> Any:
    """A copy that may be changed: constants belong to the profile."""
    if type(value) is dict:
        return {name: _copy(member) for name, member in value.items()}
    return [*map(_copy, value)] if type(value) is list else value


def _refused(reason: str, header: str, value: str, message: str, zh: str) -> Refused:
    return Refused(reason, message, field=header, value=mask_resident_numbers(value)[:80], zh=zh)
