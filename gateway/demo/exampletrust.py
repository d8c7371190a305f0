"""What do the example roster, agreements and catalogue say? The three trust documents of the demo, made from ``cast``
and the keys.

In exactly the shape of DESIGN §7. Every direction between two jurisdictions is recognised for every type of the
samples. Three agreements are their own, for the scenes: licences of binhai asked about at tongzhou mind the list of
seriously dishonest, those of dachang want news every five seconds, those of sanhe two witnesses.

>>> agreements()["agreements"][0]["id"]
'demo-binhai'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from gateway.demo import cast
from gateway.demo.cast import Office, Place
from gateway.node import keyplace
from gateway.records.families import FAMILIES

NETWORK = "jjj.example"
SUITES: Mapping[str, Sequence[str]] = {"ed25519": ("ed25519",), "gm": ("ed25519", "sm2")}
"""What ``--suite`` means: which suites sign."""
_SINCE = "2019-01-01"
_NOT_BEFORE, _NOT_AFTER = "2019-01-01T00:00:00.000Z", "2099-12-31T23:59:59.000Z"
_DAY_S = 86_400
WITNESSES = 2
"""Jurisdictions other than sanhe that must have cosigned before tongzhou relies on a licence of sanhe's."""
_IRREVERSIBLE = ["03", "04", "05", "07"]
_DISHONEST = {"kind": "dishonest_list", "effect": "restricted", "ground": "示例协议第三条：严重失信主体的证照不予互认"}


def documents(vkeys: Mapping[str, Mapping[str, str]]) -> dict[str, bytes]:
    """File name → bytes of all three, and of the roster under the policy ``gm``. ``vkeys``: jurisdiction → key file
    stem → verifier key text.
    """
    made = {"roster.json": roster(vkeys), "agreements.json": agreements(), "catalogue.json": catalogue()}
    made["roster-gm.json"] = roster(vkeys, SUITES["gm"]) | {"policy": {"name": "gm", "since": _SINCE}}
    return {name: dumped(document) for name, document in made.items()}


def dumped(document: Mapping[str, Any]) -> bytes:
    """A trust document as it lies in the file: indented, so that changes can be read."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


# Roster


def roster(vkeys: Mapping[str, Mapping[str, str]], suites: Sequence[str] = ("ed25519",)) -> dict[str, Any]:
    """Who holds which key, log and authority; the addresses are filled in when nodes run."""
    members = [_jurisdiction(place, vkeys[place.id], suites) for place in cast.PLACES]
    return {"version": 1, "network": NETWORK, "jurisdictions": members}


def _jurisdiction(place: Place, vkeys: Mapping[str, str], suites: Sequence[str]) -> dict[str, Any]:
    offices = [office for group in cast.offices(place.id).values() for office in group]
    return {
        "id": place.id,
        "name": place.name,
        "region": place.region,
        "aliases": list(place.aliases),
        "urls": [],
        "logs": [{"family": family, "origin": f"{NETWORK}/{place.id}/{family}"} for family in FAMILIES],
        "keys": list(_keys(place, vkeys, suites)),
        "authorities": [_authority(office, number) for number, office in enumerate(offices, 1)],
    }


def _keys(place: Place, vkeys: Mapping[str, str], suites: Sequence[str]) -> Iterator[dict[str, Any]]:
    for stem, role, family, _ in keyplace.names(NETWORK, place.id, FAMILIES, suites):
        families = [family] if family in FAMILIES else list(FAMILIES)
        window = {"not_before": _NOT_BEFORE, "not_after": _NOT_AFTER}
        yield {"role": role, "vkey": vkeys[stem], "families": families, **window}


def _authority(office: Office, number: int) -> dict[str, Any]:
    return {
        "uscc": office.uscc,
        "name": office.name,
        "types": list(office.types),
        "carried": office.carried,
        "since": _SINCE,
        "contact": {"phone": f"010-0000-{number:04d}", "hours": "工作日 9:00–17:00（示例）"},
    }


# Agreements


def agreements() -> dict[str, Any]:
    """One agreement an issuer with all its neighbours, and three for single directions."""
    found = [_agreement(place.id, place.name, _others(place.id)) for place in cast.PLACES]
    found += [
        _agreement("binhai", "滨海新区（含严重失信限制）", ["tongzhou"], credit=[_DISHONEST]),
        _agreement("dachang", "大厂回族自治县（时效 5 秒）", ["tongzhou"], freshness_s=5),
        _agreement("sanhe", "三河市（两方见证）", ["tongzhou"], witnesses=WITNESSES),
    ]
    return {"version": 1, "agreements": sorted(found, key=lambda agreement: str(agreement["id"]))}


_SINGLE = {("binhai", "tongzhou"), ("dachang", "tongzhou"), ("sanhe", "tongzhou")}


def _others(issuer: str) -> list[str]:
    return [place.id for place in cast.PLACES if place.id != issuer and (issuer, place.id) not in _SINGLE]


def _agreement(issuer: str, title: str, asking: list[str], **terms: Any) -> dict[str, Any]:
    single = len(asking) == 1
    common = {
        "id": f"demo-{issuer}-{asking[0]}" if single else f"demo-{issuer}",
        "title": f"证照互认协议（示例）：{title}签发",
        "issued_by": [issuer],
        "recognised_by": asking,
        "types": list(cast.TYPES),
        "purposes": ["*"],
        "since": _SINCE,
        "witnesses": 0,
        "freshness_s": _DAY_S,
        "carried": True,
        "unchanged": [],
        "credit": [],
        "otherwise": "按本地流程核验原件（示例）",
    }
    return common | terms


# Catalogue


def catalogue() -> dict[str, Any]:
    """The types of the samples; every jurisdiction declares all of them complete."""
    complete = {place.id: _SINCE for place in cast.PLACES}
    types = [
        {
            "code": entry.code,
            "name": entry.name,
            "kind": entry.kind,
            "number_checks": list(entry.number_checks),
            "volatile": False,
            "irreversible": _IRREVERSIBLE,
            "complete": complete,
        }
        for entry in cast.TYPES.values()
    ]
    return {"version": 1, "types": types}
