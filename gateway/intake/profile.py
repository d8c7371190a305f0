"""Which column means what? The nouns of a profile: columns, area, look-ups, constants, as frozen values.

``profilefile`` reads them from TOML, ``profiles`` finds them by name or by headers, ``mapping`` applies them to rows.

>>> Column(names=("注册日期",), into=("valid_from", "state.since"), form="day", required=True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.records import families

# What ``rejects`` adds to a row: a corrected report is read again as if these were not there.
REPORT_COLUMNS = ("行号 row", "原因代码 reason", "字段 field", "说明", "message")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``names``: headers it goes by. ``into``: members of ``data`` ("holder.uscc", "premises[]"), or none.

    ``form``: how the cell is written (``cellforms.FORMS``). ``label``: where several columns share one member,
    each stands there as "label：value", joined by "；".
    """

    names: tuple[str, ...]
    into: tuple[str, ...] = ()
    form: str = "text"
    label: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """Which column names a row's area, and whose an area code is; any other code is refused, "area.no_node"."""

    column: str
    jurisdictions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A table: the value of ``column`` gives the object that stands at ``into``."""

    column: str
    into: str
    values: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Profile:
    """How rows become records of one type. ``area`` None: all rows belong to the jurisdiction they are handed in at.

    ``events``: lines are finished records in their order, so several may be about one subject.
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
    events: bool = False

    @property
    def family(self) -> str:
        """The family of its records; raises ``Refused`` for a profile of finished records, which has none."""
        return families.family_of_type(self.record_type)

    def fits(self, headers: Sequence[str]) -> bool:
        """Whether a table with these headers can be read through this profile."""
        return not self.missing(headers) and not self.unknown(headers)

    def missing(self, headers: Sequence[str]) -> list[str]:
        """Required columns that the headers lack."""
        return [column.names[0] for column in self.columns if column.required and not set(column.names) & set(headers)]

    def unknown(self, headers: Sequence[str]) -> list[str]:
        """Headers that the profile doesn't know, where it wants to know all."""
        if self.other_columns == "ignore":
            return []
        known = {name for column in self.columns for name in column.names} | set(REPORT_COLUMNS)
        return [header for header in headers if header not in known]
