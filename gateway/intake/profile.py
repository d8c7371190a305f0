"""Which column means what? The nouns of a profile: columns, area, states, look-ups, constants, as frozen values.

``profilefile`` reads them from TOML, ``profiles`` finds them by name or by headers, ``mapping`` applies them to rows.

>>> Column(names=("注册日期",), into=("valid_from", "state.since"), form="day", required=frozenset({""}))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import Refused
from gateway.intake.headings import heading
from gateway.records import families

# What ``rejects`` adds to a row: a corrected report is read again as if these were not there.
REPORT_COLUMNS = ("行号 row", "原因代码 reason", "字段 field", "说明", "message")
ANY_FORM = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``names``: headers it goes by. ``into``: members of ``data`` ("holder.uscc", "premises[]"), or none;
    ``otherwise``: members that it fills where nothing else does.

    ``form``: how the cell is written (``cellforms.FORMS``). ``label``: where several columns share one member, each
    stands there as "label：value", joined by "；". ``endings``: words at the end of the cell that go to
    ``ending_into``. ``required``: the forms of the table in which a cell must be filled; ``ANY_FORM`` is each.
    ``secret``: what stands in it goes into no report. ``of_person``: filled in, it tells of a natural person, unless a
    category is stated. ``choices``, ``example``, ``in_template``: for the empty workbook.
    """

    names: tuple[str, ...]
    into: tuple[str, ...] = ()
    otherwise: tuple[str, ...] = ()
    form: str = "text"
    label: str = ""
    required: frozenset[str] = frozenset()
    endings: tuple[str, ...] = ()
    ending_into: str = ""
    secret: bool = False
    of_person: bool = False
    choices: tuple[str, ...] = ()
    example: str = ""
    in_template: bool = True

    @property
    def name(self) -> str:
        """The name that look-ups and people use."""
        return self.names[0]

    def needed(self, form: str) -> bool:
        """Whether a cell must be filled in this form of the table."""
        return ANY_FORM in self.required or form in self.required


@dataclass(frozen=True, slots=True)
class Area:
    """Which column names a row's area, and whose an area code is; any other code is refused, "area.no_node"."""

    column: str
    jurisdictions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A table: the value of ``column``, or its first ``characters``, gives what stands at ``into``.

    ``only_if_absent``: it is not asked where something stands there. ``fallback``: for values that the table lacks;
    without one they refuse the row.
    """

    column: str
    into: str
    values: Mapping[str, Any]
    only_if_absent: bool = False
    characters: int = 0
    fallback: Any = None


@dataclass(frozen=True, slots=True)
class StateMap:
    """What codes of a state mean at these sources, in these forms of the table (empty: all): a code gives ``type`` and
    members of ``data``; the code "" is an empty cell.
    """

    values: Mapping[str, Mapping[str, str]]
    sources: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class States:
    """Which column states the present state, which one says whose codes they are, and the maps, the first that fits
    counting. ``expected``: forms of the table that have the column; without it their rows are refused.
    """

    column: str
    source: str
    maps: tuple[StateMap, ...]
    expected: frozenset[str] = frozenset()

    def map_for(self, form: str, source: str) -> StateMap | None:
        """The first map that fits."""
        fitting = (
            each
            for each in self.maps
            if (not each.forms or form in each.forms) and (not each.sources or source in each.sources)
        )
        return next(fitting, None)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one certificate make one record: ``column`` tells the certificate, ``member`` is the list that each row
    adds an entry to, ``key`` tells its entries apart.
    """

    column: str
    member: str
    key: str


@dataclass(frozen=True, slots=True)
class Profile:
    """How rows become records. ``area`` None: all rows belong to the jurisdiction they are handed in at.

    ``form``: which form the table has where no header says so; ``forms``: headers that only one form has. ``list_in``:
    of a JSON file, the member that holds the rows. ``events``: lines are finished records in their order, so several
    may be about one subject.
    """

    name: str
    title: str
    record_type: str = ""
    columns: tuple[Column, ...] = ()
    area: Area | None = None
    lookups: tuple[Lookup, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    other_columns: str = "refuse"
    form: str = ""
    forms: Mapping[str, frozenset[str]] = field(default_factory=dict)
    states: States | None = None
    group: Group | None = None
    list_in: str | None = None
    events: bool = False

    @property
    def family(self) -> str:
        """The family of its records; raises ``Refused`` for a profile of finished records, which has none."""
        return families.family_of_type(self.record_type)

    @property
    def headings(self) -> frozenset[str]:
        """All that its columns are called, as headers are compared."""
        return frozenset(heading(name) for column in self.columns for name in column.names)

    def fits(self, headers: Sequence[str]) -> bool:
        """Whether a table with these headers can be read through this profile."""
        try:
            form = self.form_of(headers)
        except Refused:
            return False
        return bool(self.columns) and not self.missing(headers, form) and not self.unknown(headers)

    def form_of(self, headers: Sequence[str]) -> str:
        """Which form the table has; raises ``Refused`` "table.header" where headers of two stand in it (law 10)."""
        found = {heading(header): header for header in headers}
        told = {form: sorted(found.keys() & markers) for form, markers in self.forms.items()}
        forms = [form for form, markers in told.items() if markers]
        if len(forms) > 1:
            shown = "、".join(f"{found[told[form][0]]} ({form})" for form in forms)
            raise Refused(
                "table.header",
                f"profile {self.name}: columns of several forms of the table stand together: {shown}",
                field=found[told[forms[0]][0]],
                zh=f"表中混有不同版本的列，无法确定按哪一版读取：{shown}",
            )
        return forms[0] if forms else self.form

    def missing(self, headers: Sequence[str], form: str) -> list[Column]:
        """Columns that this form of the table needs and the headers lack."""
        found = set(map(heading, headers))
        expected = self.states.column if self.states is not None and form in self.states.expected else None
        return [
            column
            for column in self.columns
            if (column.needed(form) or column.name == expected) and found.isdisjoint(map(heading, column.names))
        ]

    def unknown(self, headers: Sequence[str]) -> list[str]:
        """Headers that the profile doesn't know, where it wants to know all."""
        if self.other_columns == "ignore":
            return []
        known = self.headings
        return [header for header in headers if heading(header) not in known and header not in REPORT_COLUMNS]

    def twice(self, headers: Sequence[str]) -> list[str]:
        """Columns that stand under two of their names."""
        found = list(map(heading, headers))
        return [
            column.name
            for column in self.columns
            if sum(found.count(each) for each in set(map(heading, column.names))) > 1
        ]
