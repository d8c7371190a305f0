"""Trust documents made up for tests: valid as they come, each part open to change. All names are plainly invented.

roster()                                  two jurisdictions, tongzhou and sanhe, every role of key
changed(roster(), {"jurisdictions.0.keys.0.not_after": GONE})
written(document)                         its bytes
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.errors import Refused
from gateway.trust.suites import COSIGNATURE, ED25519, VerifierKey
from tests.records.builders import ISSUER, TYPE_CODES, change, uscc
from tests.trust.signers import gm_cosigner, gm_signer

NETWORK = "jjj.example"
FAMILIES = ("licence", "credit")
TYPE = TYPE_CODES["permit"][0]
MINISTRY = uscc(9, "11100000")
WINDOW = {"not_before": "2026-01-01T00:00:00Z", "not_after": "2028-12-31T23:59:59Z"}


def vkey(name: str, algorithm: int = ED25519, seed: str = "") -> VerifierKey:
    """A verifier key that is the same in every run."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"{name}{algorithm}{seed}".encode()).digest())
    return VerifierKey.of(name, algorithm, private.public_key().public_bytes_raw())


def key(role: str, name: str, families: tuple[str, ...], algorithm: int = ED25519) -> dict[str, Any]:
    """A key's entry."""
    return {"role": role, "vkey": vkey(name, algorithm).text(), "families": list(families), **WINDOW}


def gm_key(entry: dict[str, Any]) -> dict[str, Any]:
    """The same entry with an SM2 key, dated or not as the role is."""
    name, _, encoded = entry["vkey"].split("+", 2)
    make = gm_cosigner if b64decode(encoded)[0] == COSIGNATURE else gm_signer
    return {**entry, "vkey": make(name).key.text()}


def under_gm(document: dict[str, Any], since: str = WINDOW["not_before"]) -> dict[str, Any]:
    """A roster with an SM2 key beside every key, and the policy ``gm`` from an instant on."""
    members = [each | {"keys": [*each["keys"], *map(gm_key, each["keys"])]} for each in document["jurisdictions"]]
    return document | {"jurisdictions": members, "policy": {"name": "gm", "since": since}}


def member(jurisdiction: str, region: str, name: str) -> dict[str, Any]:
    """A jurisdiction's entry with logs, a key of every role, an authority of its own and a ministry that it
    carries.
    """
    own = f"{NETWORK}/{jurisdiction}"
    keys = [
        key("record", own, FAMILIES),
        key("witness", f"{own}/witness", FAMILIES, COSIGNATURE),
        key("verdict", f"{own}/verdict", ("*",)),
        key("authority", f"{own}/authority/{ISSUER}", ("licence",)),
    ]
    for family in FAMILIES:
        keys.append(key("log", f"{own}/{family}", (family,)))
        keys.append(key("heartbeat", f"{own}/{family}", (family,), COSIGNATURE))
    contact = {"phone": "010-00000000", "hours": "工作日 9:00-17:00"}
    own_authority = {"uscc": ISSUER, "name": "示例市场监督管理局", "types": [TYPE], "carried": False}
    carried = {"uscc": MINISTRY, "name": "示例部委", "types": ["*"], "carried": True}
    return {
        "id": jurisdiction,
        "name": name,
        "region": region,
        "aliases": [],
        "urls": ["https://node.example"],
        "logs": [{"family": family, "origin": f"{own}/{family}"} for family in FAMILIES],
        "keys": keys,
        "authorities": [
            {**own_authority, "since": "2026-01-01", "until": "2026-12-31", "contact": contact},
            {**carried, "since": "2026-01-01"},
        ],
    }


def roster(**changes: Any) -> dict[str, Any]:
    """A roster of two."""
    members = [member("tongzhou", "110112", "北京市通州区"), member("sanhe", "131082", "河北省三河市")]
    return {"version": 3, "network": NETWORK, "jurisdictions": members} | changes


def agreement(**changes: Any) -> dict[str, Any]:
    """An agreement: tongzhou recognises sanhe's food permits for every purpose, from 2026 to 2028."""
    return {
        "id": "2026-017",
        "title": "示例互认协议",
        "issued_by": ["sanhe"],
        "recognised_by": ["tongzhou"],
        "types": [TYPE],
        "purposes": ["*"],
        "since": "2026-01-01",
        "until": "2028-12-31",
        "witnesses": 0,
        "freshness_s": 86400,
        "carried": False,
        "unchanged": [],
        "credit": [{"kind": "dishonest_list", "effect": "restricted", "ground": "示例协议第六条"}],
        "otherwise": "按本地一般程序办理",
    } | changes


def agreements(*members: dict[str, Any]) -> dict[str, Any]:
    """An agreements document."""
    return {"version": 2, "agreements": list(members) or [agreement()]}


def catalogue(**changes: Any) -> dict[str, Any]:
    """A catalogue of one type."""
    entry = {
        "code": TYPE,
        "name": "食品经营许可证",
        "kind": "permit",
        "number_checks": ["jy"],
        "volatile": False,
        "irreversible": ["03", "04", "05", "07"],
        "complete": {"sanhe": "2026-01-01"},
    }
    return {"version": 1, "types": [entry | changes]}


def changed(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with members at dotted paths set, or removed where the value is ``GONE``."""
    return change(document, changes)


def written(document: Any) -> bytes:
    """As a person would save it: indented."""
    return json.dumps(document, ensure_ascii=False, indent=2).encode()


def reason_of(read: Callable[[], object]) -> str | None:
    """The reason of a refusal, or None where what was read is good; any other exception passes through."""
    try:
        read()
    except Refused as refused:
        return refused.reason
    return None
