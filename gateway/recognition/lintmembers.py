"""What is lacking, contradictory or about to end in the roster, and in the catalogue beside it? Rules of ``lint``.

>>> list(types_not_complete(network))
[('sanhe', '11100000MB0341032Y002 食品经营许可证')]
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from gateway.instants import first_second
from gateway.recognition.checks import DAY_S
from gateway.recognition.network import Network, is_good
from gateway.trust.members import ANY, Authority, Jurisdiction, RosterKey

SOON_S = 60 * DAY_S
CHANGE_S = 90 * DAY_S
REVERSIBLE = {"01": "有效", "02": "暂扣", "99": "其他"}
SOLE_ROLES = ("verdict", "witness")
Place = tuple[str, str]
Need = tuple[str, str, str]
"""Role, key name and family that a node signs with; "*": for no family in particular."""


def keys_missing(network: Network) -> Iterator[Place]:
    """Roles without a key that is good today: a log needs its log and heartbeat keys, a node the others."""
    for member in network.roster.jurisdictions.values():
        for need in _needed(member, network.roster.network):
            if not any(is_good(key, network.at) for key in _keys(member, need)):
                yield member.id, " ".join(need)


def keys_not_gm(network: Network) -> Iterator[Place]:
    """Tasks without an SM2 key that is good when the policy ``gm`` takes effect, or today if it has; and authorities
    that sign with other keys alone.
    """
    policy = network.roster.policy
    if policy is None:
        return
    at = max(policy.since, network.at)
    for member in network.roster.jurisdictions.values():
        for need in _needed(member, network.roster.network):
            if not any(is_good(key, at) and policy.counts(key.vkey, at) for key in _keys(member, need)):
                yield member.id, " ".join(need)
        for name in sorted({key.vkey.name for key in member.keys if key.role == "authority"}):
            good = [key for key in _keys(member, ("authority", name, ANY)) if is_good(key, at)]
            if good and not any(policy.counts(key.vkey, at) for key in good):
                yield member.id, f"authority {name}"


def keys_ending(network: Network) -> Iterator[Place]:
    """Keys whose window ends within 60 days, and that no other key of their suite follows."""
    for member in network.roster.jurisdictions.values():
        for need in _needed(member, network.roster.network):
            for keys in _by_suite(_keys(member, need)):
                good = [key for key in keys if is_good(key, network.at)]
                later = any(is_good(key, network.at + SOON_S) for key in keys)
                if good and not later:
                    days = (max(key.not_after for key in good) - network.at) // DAY_S
                    yield member.id, f"{' '.join(need)}: {days} d"


def keys_overlapping(network: Network) -> Iterator[Place]:
    """Two keys of one suite for one task, both good, today or later, for longer than a change of keys takes."""
    for member in network.roster.jurisdictions.values():
        for need in _needed(member, network.roster.network):
            good = [key for key in _keys(member, need) if key.revoked is None]
            for one, two in combinations(good, 2):
                begun = max(one.not_before, two.not_before, network.at)
                shared = min(one.not_after, two.not_after) - begun
                if shared > CHANGE_S and one.vkey.suite is two.vkey.suite:
                    yield member.id, f"{' '.join(need)}: {shared // DAY_S} d"


def _by_suite(keys: list[RosterKey]) -> list[list[RosterKey]]:
    suites = dict.fromkeys(key.vkey.suite.name for key in keys)
    return [[key for key in keys if key.vkey.suite.name == name] for name in suites]


def _needed(member: Jurisdiction, network: str) -> Iterator[Need]:
    """All that the member's node signs with; a log that has ended signs nothing."""
    for role in SOLE_ROLES:
        yield role, f"{network}/{member.id}/{role}", ANY
    for entry in member.logs:
        if entry.ended is None:
            yield "record", f"{network}/{member.id}", entry.family
            yield "log", entry.origin, ANY
            yield "heartbeat", entry.origin, ANY


def _keys(member: Jurisdiction, need: Need) -> list[RosterKey]:
    role, name, family = need
    named = [key for key in member.keys if (key.role, key.vkey.name) == (role, name)]
    return [key for key in named if family == ANY or family in key.families or ANY in key.families]


def logs_missing(network: Network) -> Iterator[Place]:
    """Members whose authorities issue licences, and that have no licence log."""
    for member in network.roster.jurisdictions.values():
        if network.issued(member.id) and not _has_log(member, "licence"):
            yield member.id, "licence"


def _has_log(member: Jurisdiction, family: str) -> bool:
    return any(entry.family == family and entry.ended is None for entry in member.logs)


def urls_missing(network: Network) -> Iterator[Place]:
    """Members without an address: what a partner lacks, it can't fetch."""
    yield from ((member.id, member.name) for member in network.roster.jurisdictions.values() if not member.urls)


def authorities_without_types(network: Network) -> Iterator[Place]:
    """Entries that stand for no type and name no contact; with a contact they say who runs the node."""
    for member, entry in _standing(network):
        if not entry.types and entry.contact is None:
            yield f"{member.id} {entry.uscc}", entry.name


def authorities_of_unknown_types(network: Network) -> Iterator[Place]:
    """Types that an authority stands for and the catalogue doesn't have."""
    for member, entry in _standing(network):
        for code in sorted(entry.types - network.catalogue.types.keys() - {ANY}):
            yield f"{member.id} {entry.uscc}", code


def authorities_without_contact(network: Network) -> Iterator[Place]:
    """Issuing authorities that no clerk can call."""
    for member, entry in _standing(network):
        if entry.types and entry.contact is None:
            yield f"{member.id} {entry.uscc}", entry.name


def authorities_that_contradict(network: Network) -> Iterator[Place]:
    """One authority entered as the jurisdiction's own and as carried for the same type, or as the own of two."""
    for (member, one), (other, two) in combinations(_standing(network), 2):
        if one.uscc != two.uscc or not _share_type(one, two):
            continue
        if one.carried != two.carried if member is other else not (one.carried or two.carried):
            yield one.uscc, f"{one.name}: {member.id}, {other.id}"


def authorities_from_elsewhere(network: Network) -> Iterator[Place]:
    """Own authorities whose code was given out for another area: a ministry or a province is only carried."""
    for member, entry in _standing(network):
        region = entry.uscc[2:8]
        if entry.types and not entry.carried and region not in (member.region, *member.aliases):
            yield f"{member.id} {entry.uscc}", f"{entry.name}: {region}"


def _share_type(one: Authority, two: Authority) -> bool:
    anything = bool(one.types and two.types) and ANY in one.types | two.types
    return anything or bool(one.types & two.types)


def _standing(network: Network) -> Iterator[tuple[Jurisdiction, Authority]]:
    for member in network.roster.jurisdictions.values():
        yield from ((member, entry) for entry in member.authorities if entry.stands(None, network.at))


def types_unissued(network: Network) -> Iterator[Place]:
    """Types of the catalogue that no authority stands for."""
    issued = {code for member in network.roster.jurisdictions for code in network.issued(member)}
    yield from ((code, entry.name) for code, entry in network.catalogue.types.items() if code not in issued)


def states_that_can_be_undone(network: Network) -> Iterator[Place]:
    """States declared irreversible that aren't: a suspension ends, and 99 may mean anything."""
    for code, entry in network.catalogue.types.items():
        named = sorted(entry.irreversible & REVERSIBLE.keys())
        if named:
            yield f"{code} {entry.name}", ", ".join(f"{state} {REVERSIBLE[state]}" for state in named)


def types_not_complete(network: Network) -> Iterator[Place]:
    """Types that a member issues without declaring a day from which all of them stand in its log."""
    for member in network.roster.jurisdictions:
        for code in network.issued(member):
            if member not in network.catalogue.types[code].complete:
                yield member, f"{code} {network.catalogue.types[code].name}"


def signing_of_unknown(network: Network) -> Iterator[Place]:
    """Authority signatures wanted of a jurisdiction that the roster doesn't have, or that doesn't issue the type."""
    for code, entry in network.catalogue.types.items():
        for jurisdiction in sorted(entry.authority_signed):
            known = jurisdiction in network.roster.jurisdictions
            if not known or code not in network.issued(jurisdiction):
                yield f"{code} {entry.name}", jurisdiction


def authority_keys_missing(network: Network) -> Iterator[Place]:
    """Authorities whose own signature is wanted from a day on, and that have no key that is good then: none of their
    records would be taken.
    """
    for code, entry in network.catalogue.types.items():
        for jurisdiction, day in sorted(entry.authority_signed.items()):
            member = network.roster.jurisdictions.get(jurisdiction)
            at = max(network.at, first_second(day))
            for authority in member.authorities if member is not None else ():
                name = f"{network.roster.network}/{jurisdiction}/authority/{authority.uscc}"
                keys = _keys(member, ("authority", name, "licence")) if member is not None else []
                if authority.stands(code, at) and not any(
                    is_good(key, at) and network.roster.counts(key.vkey, at) for key in keys
                ):
                    yield f"{jurisdiction} {authority.uscc}", f"{authority.name}: {code}, {day.isoformat()}"


def completeness_of_unknown(network: Network) -> Iterator[Place]:
    """Completeness declared for a jurisdiction that the roster doesn't have, or that doesn't issue the type."""
    for code, entry in network.catalogue.types.items():
        for jurisdiction in sorted(entry.complete):
            known = jurisdiction in network.roster.jurisdictions
            if not known or code not in network.issued(jurisdiction):
                yield f"{code} {entry.name}", jurisdiction
