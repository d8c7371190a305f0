"""Who issues what, and who recognises it, on one day? Roster, agreements and catalogue looked at together.

A cell of the matrix is one type of licence that one jurisdiction issues and another is asked about. Its agreements are
those that cover it on the day for some purpose, by id; none: it is not recognised.

>>> network = Network(trust.roster, trust.agreements, trust.catalogue, fields_of(trust.schemas), at=1795400000)
>>> [(cell.issuer, cell.asker, cell.agreements) for cell in network.matrix()]
[('sanhe', 'tongzhou', ('2026-017',)), ...]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from gateway.instants import shanghai_day
from gateway.records.schema import SchemaSet
from gateway.trust.agreements import ANY, Agreement, Agreements
from gateway.trust.catalogue import Catalogue
from gateway.trust.members import RosterKey
from gateway.trust.roster import Roster


@dataclass(frozen=True, slots=True)
class Cell:
    """Whether ``asker`` recognises this type from ``issuer``; ``carried``: by authorities outside only."""

    issuer: str
    asker: str
    type_code: str
    carried: bool
    agreements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """The three documents on one instant (s). ``fields``: paths of the data that a licence may have."""

    roster: Roster
    agreements: Agreements
    catalogue: Catalogue
    fields: frozenset[str]
    at: int

    @property
    def day(self) -> date:
        """The day in Asia/Shanghai."""
        return shanghai_day(self.at)

    def issued(self, jurisdiction: str) -> dict[str, bool]:
        """Types of the catalogue that some authority of the jurisdiction stands for, and whether all of these are only
        carried.
        """
        member = self.roster.jurisdictions[jurisdiction]
        standing = [entry for entry in member.authorities if entry.stands(None, self.at)]
        by_type = {code: [each for each in standing if each.stands(code, self.at)] for code in self.catalogue.types}
        return {code: all(each.carried for each in entries) for code, entries in by_type.items() if entries}

    def covers(self, agreement: Agreement, issuer: str, asker: str, type_code: str, *, carried: bool) -> bool:
        """Whether the agreement covers this on the day, for some purpose."""
        return (
            issuer in agreement.issued_by
            and asker in agreement.recognised_by
            and names_type(agreement, type_code)
            and bool(agreement.purposes)
            and self.in_force(agreement)
            and (agreement.carried or not carried)
        )

    def in_force(self, agreement: Agreement) -> bool:
        """Whether the day lies in the agreement's term."""
        return agreement.since <= self.day and not self.is_over(agreement)

    def is_over(self, agreement: Agreement) -> bool:
        """Whether the agreement's term has ended before the day."""
        return agreement.until is not None and agreement.until < self.day

    def lasting(self) -> list[Agreement]:
        """Agreements in force on the day or later."""
        return [agreement for agreement in self.agreements.agreements if not self.is_over(agreement)]

    def matrix(self) -> Iterator[Cell]:
        """Every type that somebody issues, for every other jurisdiction."""
        for issuer in self.roster.jurisdictions:
            for code, carried in self.issued(issuer).items():
                for asker in self.roster.jurisdictions:
                    if asker != issuer:
                        yield Cell(issuer, asker, code, carried, self._covering(issuer, asker, code, carried=carried))

    def _covering(self, issuer: str, asker: str, type_code: str, *, carried: bool) -> tuple[str, ...]:
        found = self.agreements.agreements
        return tuple(each.id for each in found if self.covers(each, issuer, asker, type_code, carried=carried))


def names_type(agreement: Agreement, type_code: str) -> bool:
    """Whether the agreement is about this type."""
    return ANY in agreement.types or type_code in agreement.types


def is_good(key: RosterKey, at: int) -> bool:
    """Whether the key may sign at this instant (s)."""
    return key.not_before <= at <= key.not_after and key.revoked is None


def fields_of(schemas: SchemaSet) -> frozenset[str]:
    """Paths of every field that some known version of a licence has, lists left out: ``items.name``."""
    paths = (path for name in schemas.minors("licence") for path in schemas.schemas[name].titles)
    return frozenset(".".join(step for step in path if step != "*") for path in paths)
