"""Where do agreements contradict one another, name what there is not, or leave something open? Rules of ``lint``.

>>> list(overlapping(network))
[('2026-001, 2026-017', 'sanhe → tongzhou: freshness_s, witnesses')]
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations

from gateway.recognition.checks import DAY_S, VOLATILE_S
from gateway.recognition.credit import ADVERSE
from gateway.recognition.network import Network, is_good, names_type
from gateway.trust.agreements import ANY, RESTRICTED, Agreement

SOON = timedelta(days=60)
TERMS = ("witnesses", "freshness_s", "carried", "unchanged", "credit")
MOST_NAMED = 5
Place = tuple[str, str]
Triple = tuple[str, str, str]


def unknown_jurisdictions(network: Network) -> Iterator[Place]:
    """Jurisdictions that the roster doesn't have."""
    for agreement in network.agreements.agreements:
        for name in sorted((agreement.issued_by | agreement.recognised_by) - network.roster.jurisdictions.keys()):
            yield agreement.id, name


def unknown_types(network: Network) -> Iterator[Place]:
    """Types that the catalogue doesn't have."""
    for agreement in network.agreements.agreements:
        for code in sorted(agreement.types - network.catalogue.types.keys() - {ANY}):
            yield agreement.id, code


def covering_nothing(network: Network) -> Iterator[Place]:
    """Agreements without a type, a purpose, or two different jurisdictions."""
    for agreement in network.agreements.agreements:
        empty = [name for name in ("types", "purposes") if not getattr(agreement, name)]
        if len(agreement.issued_by | agreement.recognised_by) == 1:
            empty.append("issued_by = recognised_by")
        if empty:
            yield agreement.id, ", ".join(empty)


def issuing_none(network: Network) -> Iterator[Place]:
    """Types that none of the issuing jurisdictions issues, and issuing jurisdictions that issue none of the types."""
    for agreement in network.lasting():
        members = sorted(agreement.issued_by & network.roster.jurisdictions.keys())
        idle = [each for each in members if not any(names_type(agreement, code) for code in network.issued(each))]
        issued = {code for member in members for code in network.issued(member)}
        unissued = (agreement.types & network.catalogue.types.keys()) - issued
        if idle or unissued:
            yield agreement.id, ", ".join([*idle, *sorted(unissued)])


def overlapping(network: Network) -> Iterator[Place]:
    """Two agreements that cover the same pair, type, purpose and day, today or later, on different terms."""
    for one, two in combinations(network.lasting(), 2):
        terms = [name for name in TERMS if getattr(one, name) != getattr(two, name)]
        pair = next(_shared_pairs(one, two), None)
        same = all(_share(one, two, name) for name in ("types", "purposes")) and _meet(one, two)
        if terms and pair is not None and same:
            yield f"{one.id}, {two.id}", f"{pair[0]} → {pair[1]}: {', '.join(terms)}"


def _shared_pairs(one: Agreement, two: Agreement) -> Iterator[tuple[str, str]]:
    askers = sorted(one.recognised_by & two.recognised_by)
    issuers = sorted(one.issued_by & two.issued_by)
    return ((issuer, asker) for issuer in issuers for asker in askers if issuer != asker)


def _share(one: Agreement, two: Agreement, name: str) -> bool:
    left, right = getattr(one, name), getattr(two, name)
    return bool(left & right) or (ANY in left and bool(right)) or (ANY in right and bool(left))


def _meet(one: Agreement, two: Agreement) -> bool:
    return (two.until is None or one.since <= two.until) and (one.until is None or two.since <= one.until)


def lapsed(network: Network) -> Iterator[Place]:
    """Agreements that have ended, where nothing covers any longer what they covered."""
    held = _covered(network)
    for agreement in network.agreements.agreements:
        if network.is_over(agreement):
            yield from _told(agreement, sorted(_triples(network, agreement) - held))


def ending(network: Network) -> Iterator[Place]:
    """Agreements that end within 60 days, where nothing goes on to cover what they cover."""
    after = network.day + SOON
    lasting = [each for each in network.agreements.agreements if each.until is None or each.until > after]
    held = {triple for agreement in lasting if agreement.since <= after for triple in _triples(network, agreement)}
    for agreement in network.agreements.agreements:
        if network.in_force(agreement) and agreement not in lasting:
            yield from _told(agreement, sorted(_triples(network, agreement) - held))


def _told(agreement: Agreement, triples: list[Triple]) -> Iterator[Place]:
    if triples:
        named = [f"{issuer} → {asker} {code}" for issuer, asker, code in triples[:MOST_NAMED]]
        more = [f"+ {len(triples) - MOST_NAMED}"] if len(triples) > MOST_NAMED else []
        yield agreement.id, f"{agreement.until}: {', '.join(named + more)}"


def _triples(network: Network, agreement: Agreement) -> set[Triple]:
    """(issuer, asker, type) that the agreement covers for some purpose, whatever the day, and that somebody issues."""
    return {
        (issuer, asker, code)
        for issuer in agreement.issued_by & network.roster.jurisdictions.keys()
        for code, carried in network.issued(issuer).items()
        for asker in agreement.recognised_by & network.roster.jurisdictions.keys() - {issuer}
        if names_type(agreement, code) and agreement.purposes and (agreement.carried or not carried)
    }


def _covered(network: Network) -> set[Triple]:
    in_force = [agreement for agreement in network.agreements.agreements if network.in_force(agreement)]
    return {triple for agreement in in_force for triple in _triples(network, agreement)}


def uncovered(network: Network) -> Iterator[Place]:
    """For each pair, the types issued that are not recognised today."""
    open_types: dict[tuple[str, str], list[str]] = {}
    for cell in network.matrix():
        if not cell.agreements:
            open_types.setdefault((cell.issuer, cell.asker), []).append(cell.type_code)
    for (issuer, asker), codes in open_types.items():
        yield f"{issuer} → {asker}", ", ".join(f"{code} {network.catalogue.types[code].name}" for code in codes)


def only_carried(network: Network) -> Iterator[Place]:
    """Types that an agreement names and never recognises: they are only carried, and it isn't about carried ones."""
    for agreement in network.agreements.agreements:
        if agreement.carried or not network.in_force(agreement):
            continue
        for issuer in sorted(agreement.issued_by & network.roster.jurisdictions.keys()):
            codes = [code for code, carried in network.issued(issuer).items() if carried and code in agreement.types]
            if codes:
                yield agreement.id, f"{issuer}: {', '.join(codes)}"


def longer_than_a_day(network: Network) -> Iterator[Place]:
    """A ``freshness_s`` that never counts: over a day."""
    for agreement in network.lasting():
        if agreement.freshness_s > DAY_S:
            yield agreement.id, f"{agreement.freshness_s} > {DAY_S}"


def longer_than_volatile_types_allow(network: Network) -> Iterator[Place]:
    """A ``freshness_s`` over an hour, where some types it names are volatile: for these an hour counts."""
    volatile = [code for code, entry in network.catalogue.types.items() if entry.volatile]
    for agreement in network.lasting():
        named = [code for code in volatile if names_type(agreement, code)]
        if named and agreement.freshness_s > VOLATILE_S:
            yield agreement.id, f"{agreement.freshness_s} > {VOLATILE_S}: {', '.join(named)}"


def more_witnesses_than_there_are(network: Network) -> Iterator[Place]:
    """More witnesses than other jurisdictions have good witness keys."""
    keys = network.roster.known_keys.values()
    able = {key.jurisdiction for key in keys if key.role == "witness" and is_good(key, network.at)}
    for agreement in network.lasting():
        for issuer in sorted(agreement.issued_by):
            others = len(able - {issuer})
            if agreement.witnesses > others:
                yield agreement.id, f"{issuer}: {agreement.witnesses} > {others}"


def unknown_fields(network: Network) -> Iterator[Place]:
    """Fields that must be unchanged and that no licence has."""
    for agreement in network.agreements.agreements:
        yield from ((agreement.id, name) for name in agreement.unchanged if name not in network.fields)


def credit_that_speaks_for_a_holder(network: Network) -> Iterator[Place]:
    """Refusals for ratings, commitments or honours: whoever has one, whatever it says, would be refused."""
    for agreement in network.lasting():
        for term in agreement.credit:
            if term.effect == RESTRICTED and term.kind not in ADVERSE:
                yield agreement.id, term.kind


def credit_without_log(network: Network) -> Iterator[Place]:
    """Credit terms that can't be looked up: issuer or asker has no credit log, so every answer stays open."""
    logged = {
        member.id
        for member in network.roster.jurisdictions.values()
        if any(entry.family == "credit" and entry.ended is None for entry in member.logs)
    }
    for agreement in network.lasting():
        members = (agreement.issued_by | agreement.recognised_by) & network.roster.jurisdictions.keys()
        if agreement.credit and members - logged:
            yield agreement.id, ", ".join(sorted(members - logged))
