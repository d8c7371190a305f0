"""What does a profile file say? TOML into a frozen ``Profile``; a setting that is not known is an error (law 10).

>>> profile = parse({"type": "jjj.licence.issued", "columns": [{"names": ["证照编号"], "into": ["number"]}]}, "mine")
>>> profile.columns[0].into
('number',)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from gateway.errors import CannotRun, GatewayError
from gateway.intake import cellforms
from gateway.intake.profile import Area, Column, Lookup, Profile
from gateway.records import families

_TOP = {"title", "type", "columns", "area", "lookups", "constants", "absent", "other_columns"}
_AREA = {"column", "jurisdictions"}
_COLUMN = {"names", "into", "form", "label", "required"}
_LOOKUP = {"column", "into", "values"}


def parse(found: Mapping[str, Any], name: str) -> Profile:
    """A profile from parsed TOML; raises ``CannotRun`` "profile.form" naming the setting."""
    read = _Settings(name)
    read.known(found, _TOP, "")
    record_type = read.text(found, "type", "")
    try:
        families.family_of_type(record_type)
    except GatewayError as error:
        raise read.wrong("type", f"{record_type!r} is no type of record") from error
    columns = tuple(read.column(table, f"columns[{at}]") for at, table in enumerate(read.tables(found, "columns")))
    profile = Profile(
        name=name,
        title=read.text(found, "title", "", name),
        record_type=record_type,
        columns=columns,
        area=read.area(found["area"]) if "area" in found else None,
        lookups=tuple(read.lookup(table, f"lookups[{at}]") for at, table in enumerate(read.tables(found, "lookups"))),
        constants=MappingProxyType(read.constants(found.get("constants", {}), "constants")),
        absent=frozenset(read.texts(found, "absent", "", ())),
        other_columns=read.one_of(found, "other_columns", "", ("refuse", "ignore"), "refuse"),
    )
    read.check_columns(profile)
    return profile


class _Settings:
    """Reads each setting with its kind, and says profile and setting of what is wrong."""

    def __init__(self, name: str) -> None:
        self._name = name

    def column(self, table: Mapping[str, Any], where: str) -> Column:
        self.known(table, _COLUMN, where)
        if not isinstance(table.get("required", False), bool):
            raise self.wrong(f"{where}.required", "is true or false")
        return Column(
            names=self.texts(table, "names", where),
            into=self.texts(table, "into", where, ()),
            form=self.one_of(table, "form", where, tuple(cellforms.FORMS), "text"),
            label=self.text(table, "label", where, ""),
            required=table.get("required", False),
        )

    def area(self, table: object) -> Area:
        if not isinstance(table, dict):
            raise self.wrong("area", "is a table")
        self.known(table, _AREA, "area")
        jurisdictions = table.get("jurisdictions")
        if not isinstance(jurisdictions, dict) or not all(isinstance(value, str) for value in jurisdictions.values()):
            raise self.wrong("area.jurisdictions", "is a table of area code = jurisdiction")
        return Area(self.text(table, "column", "area"), MappingProxyType(jurisdictions))

    def lookup(self, table: Mapping[str, Any], where: str) -> Lookup:
        self.known(table, _LOOKUP, where)
        values = table.get("values")
        if not isinstance(values, dict) or not all(isinstance(value, dict) for value in values.values()):
            raise self.wrong(f"{where}.values", "is a table of value = table")
        return Lookup(
            column=self.text(table, "column", where),
            into=self.text(table, "into", where),
            values=MappingProxyType(self.constants(values, f"{where}.values")),
        )

    def constants(self, table: object, where: str) -> dict[str, Any]:
        """Text, whole numbers, true, false, lists and tables of them: what a record can hold."""
        if not isinstance(table, dict):
            raise self.wrong(where, "is a table")
        for name, value in table.items():
            if isinstance(value, dict):
                self.constants(value, f"{where}.{name}")
            elif not _is_value(value):
                raise self.wrong(f"{where}.{name}", "is text, a whole number, true, false or a list")
        return table

    def check_columns(self, profile: Profile) -> None:
        """Names once each; what area and look-ups name exists; a member filled twice has labels or is a list."""
        headers = [name for column in profile.columns for name in column.names]
        wanted = [lookup.column for lookup in profile.lookups] + ([profile.area.column] if profile.area else [])
        for header in headers:
            if headers.count(header) > 1:
                raise self.wrong("columns", f"name {header!r} twice")
        for header in wanted:
            if header not in headers:
                raise self.wrong("columns", f"lack {header!r}, which area or lookups name")
        self._check_members(profile)

    def _check_members(self, profile: Profile) -> None:
        fillings = [(into, column.label) for column in profile.columns for into in column.into]
        fillings += [(lookup.into, "") for lookup in profile.lookups] + [
            (path, "") for path in _leaves(profile.constants)
        ]
        members = [member for member, _ in fillings]
        for member, label in fillings:
            if members.count(member) > 1 and not label and not member.endswith("[]"):
                raise self.wrong("columns", f"fill {member!r} twice without labels")
            if any(other.startswith(f"{member}.") for other in members):
                raise self.wrong("columns", f"fill {member!r} and members of it")

    def known(self, table: Mapping[str, Any], settings: set[str], where: str) -> None:
        for name in table:
            if name not in settings:
                raise self.wrong(
                    f"{where}.{name}".lstrip("."), f"is not a setting; known: {', '.join(sorted(settings))}"
                )

    def text(self, table: Mapping[str, Any], name: str, where: str, default: str | None = None) -> str:
        value = table.get(name, default)
        if not isinstance(value, str):
            raise self.wrong(f"{where}.{name}".lstrip("."), "is text, and must be given")
        return value

    def one_of(self, table: Mapping[str, Any], name: str, where: str, values: tuple[str, ...], default: str) -> str:
        value = self.text(table, name, where, default)
        if value not in values:
            raise self.wrong(f"{where}.{name}".lstrip("."), f"is {value!r}; it can be {', '.join(values)}")
        return value

    def texts(
        self, table: Mapping[str, Any], name: str, where: str, default: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        value = table.get(name, default)
        if (
            not isinstance(value, list | tuple)
            or not all(isinstance(item, str) for item in value)
            or (default is None and not value)
        ):
            raise self.wrong(f"{where}.{name}".lstrip("."), "is a list of texts, and must be given")
        return tuple(value)

    def tables(self, table: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
        value = table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(name, f"is a list of tables: [[{name}]]")
        return value

    def wrong(self, setting: str, what: str) -> CannotRun:
        return CannotRun(
            "profile.form",
            f"profile {self._name}: {setting} {what}",
            field=setting,
            zh=f"导入方案 {self._name} 的设置 {setting} 有误",
        )


def _leaves(table: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def _is_value(value: object) -> bool:
    if isinstance(value, list):
        return all(map(_is_value, value))
    return isinstance(value, str) or (isinstance(value, int) and abs(value) < 1 << 53)
