"""Do roster, agreements and catalogue fit together? All rules in one table; each finds what its reason says.

The readers refuse what is wrong in one document; what contradicts another, what is left open, and what will end soon
is found here. A *fault* can't be meant: it contradicts something, or can never take effect. A *note* may be meant (no
agreement in one direction, an agreement that ends next month) and waits for a person's yes. Pure: the instant is an
argument (law 9).

>>> [(found.weight.value, found.reason, found.where) for found in lint(network)]
[('note', 'lint.uncovered', 'sanhe → tongzhou')]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from gateway.recognition import lintagreements, lintmembers
from gateway.recognition.network import Network

Place = tuple[str, str]
"""Where something was found, and which particulars."""


class Weight(StrEnum):
    """Whether what was found can be meant."""

    FAULT = "fault"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Found:
    """One finding. ``document``: which of the three is to be mended; ``where``: entry; ``detail``: particulars."""

    weight: Weight
    reason: str
    document: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table."""

    weight: Weight
    reason: str
    document: str
    find: Callable[[Network], Iterator[Place]]


ROSTER, AGREEMENTS, CATALOGUE = "roster.json", "agreements.json", "catalogue.json"
FAULT, NOTE = Weight.FAULT, Weight.NOTE

RULES = (
    Rule(FAULT, "lint.key_missing", ROSTER, lintmembers.keys_missing),
    Rule(FAULT, "lint.gm_missing", ROSTER, lintmembers.keys_not_gm),
    Rule(NOTE, "lint.key_ending", ROSTER, lintmembers.keys_ending),
    Rule(NOTE, "lint.keys_overlap", ROSTER, lintmembers.keys_overlapping),
    Rule(FAULT, "lint.log_missing", ROSTER, lintmembers.logs_missing),
    Rule(NOTE, "lint.no_url", ROSTER, lintmembers.urls_missing),
    Rule(FAULT, "lint.authority_types", ROSTER, lintmembers.authorities_without_types),
    Rule(FAULT, "lint.authority_unknown_type", ROSTER, lintmembers.authorities_of_unknown_types),
    Rule(FAULT, "lint.authority_contact", ROSTER, lintmembers.authorities_without_contact),
    Rule(FAULT, "lint.authority_contradicts", ROSTER, lintmembers.authorities_that_contradict),
    Rule(NOTE, "lint.authority_region", ROSTER, lintmembers.authorities_from_elsewhere),
    Rule(NOTE, "lint.type_unissued", CATALOGUE, lintmembers.types_unissued),
    Rule(FAULT, "lint.irreversible", CATALOGUE, lintmembers.states_that_can_be_undone),
    Rule(NOTE, "lint.not_complete", CATALOGUE, lintmembers.types_not_complete),
    Rule(FAULT, "lint.complete_unknown", CATALOGUE, lintmembers.completeness_of_unknown),
    Rule(FAULT, "lint.signing_unknown", CATALOGUE, lintmembers.signing_of_unknown),
    Rule(FAULT, "lint.signing_key", ROSTER, lintmembers.authority_keys_missing),
    Rule(FAULT, "lint.unknown_jurisdiction", AGREEMENTS, lintagreements.unknown_jurisdictions),
    Rule(FAULT, "lint.unknown_type", AGREEMENTS, lintagreements.unknown_types),
    Rule(FAULT, "lint.covers_nothing", AGREEMENTS, lintagreements.covering_nothing),
    Rule(FAULT, "lint.issues_none", AGREEMENTS, lintagreements.issuing_none),
    Rule(FAULT, "lint.overlap", AGREEMENTS, lintagreements.overlapping),
    Rule(NOTE, "lint.lapsed", AGREEMENTS, lintagreements.lapsed),
    Rule(NOTE, "lint.ending", AGREEMENTS, lintagreements.ending),
    Rule(NOTE, "lint.uncovered", AGREEMENTS, lintagreements.uncovered),
    Rule(FAULT, "lint.carried", AGREEMENTS, lintagreements.only_carried),
    Rule(FAULT, "lint.freshness", AGREEMENTS, lintagreements.longer_than_a_day),
    Rule(NOTE, "lint.freshness_volatile", AGREEMENTS, lintagreements.longer_than_volatile_types_allow),
    Rule(FAULT, "lint.witnesses", AGREEMENTS, lintagreements.more_witnesses_than_there_are),
    Rule(FAULT, "lint.unchanged_field", AGREEMENTS, lintagreements.unknown_fields),
    Rule(FAULT, "lint.credit_kind", AGREEMENTS, lintagreements.credit_that_speaks_for_a_holder),
    Rule(FAULT, "lint.credit_log", AGREEMENTS, lintagreements.credit_without_log),
)


def lint(network: Network) -> tuple[Found, ...]:
    """Everything found, in the order of the table."""
    return tuple(
        Found(rule.weight, rule.reason, rule.document, where, detail)
        for rule in RULES
        for where, detail in rule.find(network)
    )
