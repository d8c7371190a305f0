"""What does a profile file say? TOML into a frozen ``Profile``; a setting that is not known is an error (law 10).

>>> profile = parse({"type": "jjj.licence.issued", "columns": [{"names": ["证照编号"], "into": ["number"]}]}, "mine")
>>> profile.columns[0].into
('number',)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from gateway.errors import GatewayError
from gateway.intake import cellforms
from gateway.intake.headings import heading
from gateway.intake.profile import ANY_FORM, Area, Column, Group, Lookup, Profile, StateMap, States
from gateway.intake.settings import Settings
from gateway.records import families

_TOP = {
    *("title", "type", "columns", "area", "lookups", "constants", "absent", "other_columns"),
    *("form", "forms", "states", "group", "list_in"),
}
_COLUMN = {
    *("names", "into", "otherwise", "form", "label", "required", "endings", "ending_into"),
    *("secret", "of_person", "choices", "example", "in_template"),
}
_LOOKUP = {"column", "into", "values", "only_if_absent", "characters", "fallback"}
_STATES = {"column", "source", "expected", "maps"}
_MAP = {"sources", "forms", "values"}


def parse(found: Mapping[str, Any], name: str) -> Profile:
    """A profile from parsed TOML; raises ``CannotRun`` "profile.form" naming the setting."""
    read = Settings(name)
    read.known(found, _TOP, "")
    record_type = read.text(found, "type", "")
    _check_type(read, record_type, "type")
    profile = Profile(
        name=name,
        title=read.text(found, "title", "", name),
        record_type=record_type,
        columns=tuple(
            _column(read, table, f"columns[{at}]") for at, table in enumerate(read.tables(found, "columns"))
        ),
        area=_area(read, found["area"]) if "area" in found else None,
        lookups=tuple(
            _lookup(read, table, f"lookups[{at}]") for at, table in enumerate(read.tables(found, "lookups"))
        ),
        constants=MappingProxyType(read.constants(found.get("constants", {}), "constants")),
        absent=frozenset(read.texts(found, "absent", "", ())),
        other_columns=read.one_of(found, "other_columns", "", ("refuse", "ignore"), "refuse"),
        form=read.text(found, "form", "", ""),
        forms=_forms(read, found.get("forms", {})),
        states=_states(read, found["states"]) if "states" in found else None,
        group=_group(read, found["group"]) if "group" in found else None,
        list_in=read.text(found, "list_in", "", "") or None,
    )
    _check_columns(read, profile)
    _check_forms(read, profile)
    _check_members(read, profile)
    return profile


def _check_type(read: Settings, record_type: str, setting: str) -> None:
    try:
        families.family_of_type(record_type)
    except GatewayError as error:
        raise read.wrong(setting, f"{record_type!r} is no type of record") from error


def _column(read: Settings, table: Mapping[str, Any], where: str) -> Column:
    read.known(table, _COLUMN, where)
    column = Column(
        names=read.texts(table, "names", where),
        into=read.texts(table, "into", where, ()),
        otherwise=read.texts(table, "otherwise", where, ()),
        form=read.one_of(table, "form", where, tuple(cellforms.FORMS), "text"),
        label=read.text(table, "label", where, ""),
        required=_required(read, table, where),
        endings=tuple(sorted(read.texts(table, "endings", where, ()), key=len, reverse=True)),
        ending_into=read.text(table, "ending_into", where, ""),
        secret=read.flag(table, "secret", where),
        of_person=read.flag(table, "of_person", where),
        choices=read.texts(table, "choices", where, ()),
        example=read.text(table, "example", where, ""),
        in_template=read.flag(table, "in_template", where, default=True),
    )
    if column.secret and (column.into or column.otherwise):
        raise read.wrong(where, "is secret and goes into the record")
    if bool(column.endings) != bool(column.ending_into):
        raise read.wrong(where, "has endings or ending_into alone")
    return column


def _required(read: Settings, table: Mapping[str, Any], where: str) -> frozenset[str]:
    """True or false, or the forms of the table in which the column is required."""
    if isinstance(table.get("required"), list):
        return frozenset(read.texts(table, "required", where))
    return frozenset({ANY_FORM} if read.flag(table, "required", where) else ())


def _area(read: Settings, found: object) -> Area:
    table = read.table(found, "area", {"column", "jurisdictions"})
    return Area(read.text(table, "column", "area"), MappingProxyType(_texts_of(read, table, "jurisdictions", "area")))


def _texts_of(read: Settings, table: Mapping[str, Any], name: str, where: str) -> Mapping[str, str]:
    values = table.get(name)
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise read.wrong(f"{where}.{name}", "is a table of texts")
    return values


def _lookup(read: Settings, table: Mapping[str, Any], where: str) -> Lookup:
    read.known(table, _LOOKUP, where)
    characters = table.get("characters", 0)
    if type(characters) is not int or characters < 0:
        raise read.wrong(f"{where}.characters", "is a number of characters")
    given = {"fallback": table["fallback"]} if "fallback" in table else {}
    return Lookup(
        column=read.text(table, "column", where),
        into=read.text(table, "into", where),
        values=MappingProxyType(read.constants(table.get("values"), f"{where}.values")),
        only_if_absent=read.flag(table, "only_if_absent", where),
        characters=characters,
        fallback=read.constants(given, where).get("fallback"),
    )


def _forms(read: Settings, found: object) -> Mapping[str, frozenset[str]]:
    if not isinstance(found, dict):
        raise read.wrong("forms", "is a table of form = headers")
    return MappingProxyType({form: frozenset(map(heading, read.texts(found, form, "forms"))) for form in found})


def _states(read: Settings, found: object) -> States:
    table = read.table(found, "states", _STATES)
    maps = read.tables(table, "maps")
    return States(
        column=read.text(table, "column", "states"),
        source=read.text(table, "source", "states"),
        maps=tuple(_state_map(read, each, f"states.maps[{at}]") for at, each in enumerate(maps)),
        expected=frozenset(read.texts(table, "expected", "states", ())),
    )


def _state_map(read: Settings, table: Mapping[str, Any], where: str) -> StateMap:
    read.known(table, _MAP, where)
    values = table.get("values")
    if not isinstance(values, dict) or not values:
        raise read.wrong(f"{where}.values", "is a table of code = what it means")
    for code in values:
        meaning = _texts_of(read, values, code, f"{where}.values") if isinstance(values[code], dict) else {}
        _check_type(read, meaning.get("type", ""), f"{where}.values.{code}")
    return StateMap(
        MappingProxyType(values),
        sources=frozenset(read.texts(table, "sources", where, ())),
        forms=frozenset(read.texts(table, "forms", where, ())),
    )


def _group(read: Settings, found: object) -> Group:
    table = read.table(found, "group", {"column", "member", "key"})
    return Group(*(read.text(table, name, "group") for name in ("column", "member", "key")))


def _check_columns(read: Settings, profile: Profile) -> None:
    """Headers once each; the columns that area, states, look-ups and group name exist."""
    headers = Counter(each for column in profile.columns for each in set(map(heading, column.names)))
    for header, count in headers.items():
        if count > 1 or not header:
            raise read.wrong("columns", f"name {header!r} twice" if header else "have an empty name")
    known = {column.name for column in profile.columns}
    wanted = [lookup.column for lookup in profile.lookups]
    wanted += [profile.area.column] if profile.area else []
    wanted += [profile.group.column] if profile.group else []
    wanted += [profile.states.column, profile.states.source] if profile.states else []
    for name in wanted:
        if name not in known:
            raise read.wrong("columns", f"lack {name!r}, which area, states, lookups or group name")


def _check_forms(read: Settings, profile: Profile) -> None:
    """Forms that columns and states name are told apart by headers of theirs, which columns have."""
    named = {form for column in profile.columns for form in column.required} - {ANY_FORM}
    named |= {profile.form} - {ANY_FORM}
    if profile.states is not None:
        named |= profile.states.expected | {form for each in profile.states.maps for form in each.forms}
    for form in sorted(named - profile.forms.keys()):
        raise read.wrong("forms", f"lack {form!r}")
    for form, markers in profile.forms.items():
        if strange := markers - profile.headings:
            raise read.wrong(f"forms.{form}", f"names {min(strange)!r}, which no column has")
    if sum(map(len, profile.forms.values())) > len(frozenset().union(*profile.forms.values())):
        raise read.wrong("forms", "name one header in two forms")


def _check_members(read: Settings, profile: Profile) -> None:
    """A member filled twice has labels or is a list; nothing fills a member and members of it."""
    fillings = [(into, column.label) for column in profile.columns for into in column.into]
    fillings += [(column.ending_into, "") for column in profile.columns if column.ending_into]
    fillings += [(lookup.into, "") for lookup in profile.lookups if not lookup.only_if_absent]
    fillings += [(path, "") for path in _leaves(profile.constants)]
    members = [member for member, _ in fillings]
    for member, label in fillings:
        if members.count(member) > 1 and not label and not member.endswith("[]"):
            raise read.wrong("columns", f"fill {member!r} twice without labels")
        if any(other.startswith(f"{member}.") for other in members):
            raise read.wrong("columns", f"fill {member!r} and members of it")


def _leaves(table: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield f"{before}{name}"
