"""Which licence types exist, and what does each one's law say? The catalogue, read strictly (DESIGN §7).

For each type: which number checks warn, whether its state changes by the hour (``volatile``), which states
can't be undone (``irreversible``, the only ones that stay a refusal when read from a stale log, law 7),
from which day on a jurisdiction declares that every such licence of its own stands in its log (``complete``), and
from which day on its records of the type need the issuing authority's own signature (``authority_signed``).

>>> catalogue = parse(Path("trust/catalogue.json").read_bytes())
>>> catalogue.type("11100000MB0341032Y002").name
'食品经营许可证'
>>> catalogue.complete("tongzhou", "11100000MB0341032Y002", date(2026, 11, 23))
True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from gateway.records.families import LICENCE_KINDS, LICENCE_STATES, TYPE_CODE
from gateway.trust.documents import IDENTIFIER, Fields, parse_document, refuse, unique

NUMBER_CHECKS = frozenset({"jy", "sc"})


@dataclass(frozen=True, slots=True)
class CatalogueType:
    """One licence type. ``complete``: jurisdiction → first day for which its log holds every licence of this
    type. ``authority_signed``: jurisdiction → first day (as logged) on which a record of this type bears its issuer's
    own line.
    """

    code: str
    name: str
    kind: str
    number_checks: tuple[str, ...]
    volatile: bool
    irreversible: frozenset[str]
    complete: Mapping[str, date]
    authority_signed: Mapping[str, date]


@dataclass(frozen=True)
class Catalogue:
    """All types by code. (No slots: ``cached_property`` needs a dictionary.)"""

    version: int
    types: Mapping[str, CatalogueType]

    def type(self, code: str) -> CatalogueType | None:
        """The type of this code."""
        return self.types.get(code)

    @cached_property
    def number_checks(self) -> Mapping[str, tuple[str, ...]]:
        """Type code → number checks that warn, for types that have any."""
        return {code: entry.number_checks for code, entry in self.types.items() if entry.number_checks}

    def complete(self, jurisdiction: str, code: str | None, day: date) -> bool:
        """Whether the jurisdiction declares its licences of this type complete for that day; None: of every type."""
        wanted = list(self.types.values()) if code is None else [self.types[code]] if code in self.types else []
        first = [entry.complete.get(jurisdiction) for entry in wanted]
        return bool(first) and all(since is not None and since <= day for since in first)

    def authority_signed(self, jurisdiction: str, code: str, day: date) -> bool:
        """Whether a record of the jurisdiction about a licence of this type, logged on this day, needs its issuer's own
        signature.
        """
        entry = self.types.get(code)
        since = entry.authority_signed.get(jurisdiction) if entry is not None else None
        return since is not None and since <= day


def parse(document: bytes) -> Catalogue:
    """Read a catalogue (DESIGN §7). Optional member: ``authority_signed``.

    Raises ``Refused`` ``trust.form`` with the field's path.
    """
    fields = Fields(parse_document(document), "")
    version = fields.integer("version", least=1)
    types = fields.each("types", _type)
    fields.close()
    unique("types.code", (entry.code for entry in types))
    return Catalogue(version, {entry.code: entry for entry in types})


def _type(fields: Fields) -> CatalogueType:
    return CatalogueType(
        code=fields.text("code", TYPE_CODE),
        name=fields.text("name"),
        kind=_one_of(fields.text("kind"), LICENCE_KINDS, fields.at("kind")),
        number_checks=_all_of(fields, "number_checks", NUMBER_CHECKS),
        volatile=fields.flag("volatile"),
        irreversible=frozenset(_all_of(fields, "irreversible", LICENCE_STATES)),
        complete=fields.table("complete", _first_day),
        authority_signed=fields.table("authority_signed", _first_day) if fields.has("authority_signed") else {},
    )


def _first_day(fields: Fields, jurisdiction: str) -> date:
    if IDENTIFIER.fullmatch(jurisdiction) is None:
        told = f"{jurisdiction} is no id of a jurisdiction"
        refuse(fields.path, told, f"{jurisdiction} 不是地区标识", rule=IDENTIFIER.pattern, value=jurisdiction)
    return fields.day(jurisdiction)


def _all_of(fields: Fields, name: str, allowed: Mapping[str, str] | frozenset[str]) -> tuple[str, ...]:
    return tuple(_one_of(value, allowed, fields.at(name)) for value in fields.texts(name))


def _one_of(value: str, allowed: Mapping[str, str] | frozenset[str], path: str) -> str:
    if value not in allowed:
        rule = ", ".join(sorted(allowed))
        refuse(path, f"{value} is none of {rule}", f"{value} 不在允许值之内：{rule}", rule=rule, value=value)
    return value
