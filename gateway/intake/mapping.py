"""Which record does a row make? A profile applied to the cells of one row.

Nothing of the record's own rules is judged here (``judging`` does). Refused here is what leaves no record to judge: no
jurisdiction, a required cell that is empty, a day that is none, a code that the profile doesn't know. All that is
wrong is said at once.

>>> RowMapping(load("business-licence"), table.columns).draft(row)
RowDraft(jurisdiction='sanhe', type='jjj.licence.issued', data={...})
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.errors import Finding, Refused
from gateway.intake.cellforms import FORMS
from gateway.intake.drafts import RowDraft, copied, holds, put, setter
from gateway.intake.headings import heading
from gateway.intake.profile import Column, Lookup, Profile, StateMap
from gateway.intake.refusals import finding, lacking, several
from gateway.intake.rows import Row
from gateway.records.identifiers import mask_resident_numbers
from gateway.records.rules import PERSON, check_holder

HIDDEN = "（已隐去）"
_CATEGORY = "holder.category"
_LOST_DIGITS = re.compile("[0-9](?:[.][0-9]+)?E[+][0-9]{2,3}")
_LOST = (
    "长数字被表格软件改写，末尾数字已丢失；请将单元格设为文本格式后重新填写",
    "a spreadsheet has written a long number in short and lost its end: make the cell text and enter it anew",
)
_PLACE = re.compile("[.][0-9]+(?=[.]|$)")

Set = Callable[[dict[str, Any], Any], None]


@dataclass(frozen=True, slots=True)
class _Cell:
    """One column of this table: its header, where it stands, how it is read, and where its value goes."""

    name: str
    header: str
    place: int
    column: Column
    required: bool
    read: Callable[[str], Any] | None
    set: tuple[Set, ...]


class RowMapping:
    """A profile bound to the columns of one table; raises ``Refused`` "table.header" where they don't fit.

    ``own``: the jurisdiction of all rows, for profiles that have no area column. Columns that are needed and missing
    are a fault of every row, which is told beside it.
    """

    def __init__(self, profile: Profile, columns: Sequence[str], own: str | None = None) -> None:
        _check_headers(profile, columns)
        self._profile = profile
        self._own = own
        self._constants = orjson.dumps(dict(profile.constants))
        self._form = profile.form_of(columns)
        self._lacking = tuple(lacking(column.name) for column in profile.missing(columns, self._form))
        self._cells = _bound(profile, columns, self._form)
        self._headers = {cell.name: cell.header for cell in self._cells}
        self._otherwise = [(cell.name, path) for cell in self._cells for path in cell.column.otherwise]
        self._looked_up = list(dict.fromkeys(lookup.into for lookup in profile.lookups))
        self._of_person = [cell.name for cell in self._cells if cell.column.of_person]
        self._secret = [cell.place for cell in self._cells if cell.column.secret]
        self._places = {cell.name: cell.place for cell in self._cells}

    def draft(self, row: Row) -> RowDraft:
        """What the row says. Raises ``Refused`` with all findings: "row.required", "row.lookup", "date.form",
        "amount.form", "list.form", "area.no_node"; "holder.person" speaks before them.
        """
        findings = [*self._lacking]
        data = orjson.loads(self._constants)  # a copy of its own, the quickest way
        found = self._read(row, data, findings)
        for name, path in self._otherwise:
            if (value := found.get(name)) is not None and not holds(data, path):
                put(data, path, value)
        self._check_person(found, data)
        jurisdiction = self._jurisdiction(found, findings)
        if self._profile.lookups:
            self._look_up(found, data, findings)
        record_type = self._state(found, data, findings)
        if findings:
            raise several(findings)
        return RowDraft(jurisdiction, record_type, data)

    def header_of(self, field: str) -> str:
        """The column of a record's member ("data.holder.uscc" → "统一社会信用代码"), or the field as it is."""
        member = _PLACE.sub("", field.removeprefix("data."))
        for cell in self._cells:
            paths = (*cell.column.into, *cell.column.otherwise, cell.column.ending_into)
            if member in {path.replace("[]", "") for path in paths}:
                return cell.header
        return self._asked_for(member) or field

    def hidden(self, cells: Sequence[str]) -> tuple[str, ...]:
        """The cells as a report may show them: numbers of persons' documents are left out."""
        shown = [mask_resident_numbers(cell) for cell in cells]
        for place in self._secret:
            if place < len(shown) and shown[place].strip():
                shown[place] = HIDDEN
        return tuple(shown)

    def group_cell(self, row: Row) -> str | None:
        """What tells the certificate of a row, as it is written; None where it can't be told."""
        group = self._profile.group
        place = None if group is None else self._places.get(group.column)
        if place is None or row.fault is not None or place >= len(row.cells):
            return None
        return row.cells[place].strip() or None

    def _read(self, row: Row, data: dict[str, Any], findings: list[Finding]) -> dict[str, Any]:
        """Every filled cell by its column's name, set in the data too."""
        found: dict[str, Any] = {}
        absent = self._profile.absent
        cells = row.cells
        for cell in self._cells:
            written = cells[cell.place].strip()
            if not written or written in absent:
                if cell.required:
                    findings.append(finding("row.required", cell.header, "必填项为空", "the cell is empty"))
                continue
            if "E+" in written and _LOST_DIGITS.fullmatch(written) is not None:
                findings.append(finding("cell.digits", cell.header, *_LOST, written))
                continue
            value = written
            if cell.read is not None:
                try:
                    value = cell.read(written)
                except Refused as refused:
                    findings.append(finding(refused.reason, cell.header, refused.zh, refused.message, written))
                    continue
                if value is None:
                    continue
            found[cell.name] = value
            for set_member in cell.set:
                set_member(data, value)
        return found

    def _check_person(self, found: Mapping[str, Any], data: dict[str, Any]) -> None:
        """Natural persons are refused before anything else is said of their row."""
        if self._of_person and not holds(data, _CATEGORY) and any(name in found for name in self._of_person):
            put(data, _CATEGORY, PERSON)
        holder = data.get("holder")
        if isinstance(holder, dict) and holder.get("category") == PERSON:
            check_holder(data)

    def _jurisdiction(self, found: Mapping[str, Any], findings: list[Finding]) -> str:
        area = self._profile.area
        if area is None:
            if self._own is None:
                raise Refused(
                    "source.missing", "neither row nor command says whose record this is", zh="无法确定记录所属节点"
                )
            return self._own
        code = found.get(area.column, "")
        if code not in area.jurisdictions and not self._told(findings, area.column):
            header = self._headers.get(area.column, area.column)
            zh, en = f"地区 {code} 没有接入节点", f"no node speaks for area {code}"
            findings.append(finding("area.no_node", header, zh, en, code))
        return area.jurisdictions.get(code, "")

    def _look_up(self, found: Mapping[str, Any], data: dict[str, Any], findings: list[Finding]) -> None:
        """Fill what tables give. An empty cell asks nothing; where no table fills a member, that is a finding."""
        wanting: dict[str, Lookup] = {}
        for lookup in self._profile.lookups:
            if lookup.only_if_absent and (lookup.into in wanting or holds(data, lookup.into)):
                continue
            value = found.get(lookup.column)
            if value is None:
                continue
            meant = lookup.values.get(value[: lookup.characters] if lookup.characters else value, lookup.fallback)
            if meant is not None:
                put(data, lookup.into, copied(meant))
                continue
            wanting[lookup.into] = lookup
            if not self._told(findings, lookup.column):
                findings.append(self._unlisted(lookup, value, found))
        for path in self._looked_up:
            if path not in wanting and not holds(data, path):
                self._unfilled(path, findings)

    def _unlisted(self, lookup: Lookup, value: str, found: Mapping[str, Any]) -> Finding:
        """A value that the table lacks; where a better column is empty, that is the cure."""
        zh, en = f"导入方案的对照表中没有 {value!r}", f"the profile's table for {lookup.into} has no {value!r}"
        names = [each.column for each in self._profile.lookups if each.into == lookup.into]
        if names[0] not in found:
            zh, en = f"{zh}；请填写“{names[0]}”", f"{en}; fill in {names[0]}"
        return finding("row.lookup", self._headers[lookup.column], zh, en, value)

    def _unfilled(self, path: str, findings: list[Finding]) -> None:
        """No cell that any table for this member is asked by is filled in."""
        names = [lookup.column for lookup in self._profile.lookups if lookup.into == path]
        if any(self._told(findings, name) for name in names):
            return
        header = self._headers.get(names[0], names[0])
        zh, en = "未填写，无法确定所需内容", f"empty, so that {path} is unknown"
        findings.append(finding("row.required", header, zh, en))

    def _told(self, findings: Sequence[Finding], name: str) -> bool:
        """Whether something is said of this column already."""
        headers = (name, self._headers.get(name, name))
        return any(each.field in headers for each in findings)

    def _state(self, found: Mapping[str, Any], data: dict[str, Any], findings: list[Finding]) -> str:
        """The type of the record; its state is set where a map gives one."""
        states = self._profile.states
        if states is None:
            return self._profile.record_type
        code, header = found.get(states.column, ""), self._headers.get(states.column, states.column)
        chosen: StateMap | None = states.map_for(self._form, found.get(states.source, ""))
        meant = None if chosen is None else chosen.values.get(code)
        if meant is None:
            if not self._told(findings, states.column):
                zh = f"状态代码 {code!r} 在本来源、本版本的对照表中没有含义"
                en = f"the code {code!r} of the state has no meaning for this source and form"
                findings.append(finding("row.lookup", header, zh, en, code))
            return self._profile.record_type
        for path, value in meant.items():
            if path != "type":
                put(data, path, value)
        return meant["type"]

    def _asked_for(self, member: str) -> str | None:
        """The column whose value a table or a map turned into this member, or into what holds it."""
        for lookup in self._profile.lookups:
            if member == lookup.into or member.startswith(f"{lookup.into}."):
                return self._headers.get(lookup.column)
        states = self._profile.states
        if states is not None and member.partition(".")[0] == "state":
            return self._headers.get(states.column)
        return None


def _check_headers(profile: Profile, columns: Sequence[str]) -> None:
    found = {heading(name) for name in columns}
    none = [] if profile.headings & found else [column.name for column in profile.columns[:3]]
    for names, what, zh in (
        (none, "has none of the profile's columns, such as", "没有导入方案的任何一列，例如"),
        (profile.unknown(columns), "has columns that the profile doesn't know", "含有导入方案不认识的列"),
        (profile.twice(columns), "has a column under two of its names", "同一列以不同名称出现两次"),
    ):
        if names:
            shown = ", ".join(names)
            message = f"profile {profile.name}: the table {what}: {shown}"
            raise Refused("table.header", message, field=names[0], zh=f"{zh}：{shown}")


def _bound(profile: Profile, columns: Sequence[str], form: str) -> tuple[_Cell, ...]:
    """The columns of the profile that the table has, in the profile's order."""
    places = {heading(header): place for place, header in reversed([*enumerate(columns)])}
    found = []
    for column in profile.columns:
        place = next((places[each] for each in map(heading, column.names) if each in places), None)
        if place is not None:
            plain = tuple(setter(path, column.label) for path in column.into)
            members = (_with_ending(column),) if column.endings else plain
            read = None if column.form == "text" else FORMS[column.form]
            found.append(_Cell(column.name, columns[place], place, column, column.needed(form), read, members))
    return tuple(found)


def _with_ending(column: Column) -> Set:
    """Sets what stands before the ending, and the ending where it goes; a cell that is nothing else stays whole."""

    def set_both(data: dict[str, Any], value: str) -> None:
        ending = next((each for each in column.endings if value.endswith(each) and value != each), "")
        for path in column.into:
            put(data, path, value.removesuffix(ending).strip())
        if ending:
            put(data, column.ending_into, ending)

    return set_both

