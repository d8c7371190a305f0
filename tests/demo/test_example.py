"""Example keys and trust documents fit together, and are known as what they are."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.demo import cast, exampletrust
from gateway.demo.example import example_keys, example_public_keys, example_trust, make
from gateway.errors import CannotRun
from gateway.intake import profiles
from gateway.node.keyplace import KeyPlace
from gateway.node.nodekeys import KeyFolder
from gateway.records.families import FAMILIES
from gateway.records.identifiers import uscc_error
from gateway.records.packaged import data_path
from gateway.records.schema import SchemaSet
from gateway.trust.agreements import Wanted
from gateway.trust.trusted import TrustData, assemble

NOW = 1_795_400_000
TODAY = date(2026, 11, 23)
IDS = tuple(place.id for place in cast.PLACES)
ADMINISTRATORS_AND_ONLINE = len(IDS) + 1


@pytest.fixture(scope="module")
def trust() -> TrustData:
    found = example_trust({place: f"http://127.0.0.1:{8471 + at}" for at, place in enumerate(IDS)})
    return assemble(found["roster.json"], found["agreements.json"], found["catalogue.json"], SchemaSet.built_in())


def place_keys(folder: Path, jurisdiction: str) -> Path:
    for name, pem in example_keys(jurisdiction).items():
        (folder / name).write_bytes(pem)
        (folder / name).chmod(0o600)
    return folder


def folder_of(folder: Path, jurisdiction: str, trust: TrustData, **given: Any) -> KeyFolder:
    """The keys of a node that was given example keys."""
    place = place_keys(folder, jurisdiction)
    network = given.pop("network", exampletrust.NETWORK)
    origins = {family: f"{network}/{jurisdiction}/{family}" for family in FAMILIES}
    return KeyFolder(KeyPlace(place, network, jurisdiction, origins, **given), lambda: trust.roster)


@pytest.mark.parametrize("jurisdiction", IDS)
def test_keys_of_a_node_are_those_of_the_roster(jurisdiction: str, tmp_path: Path, trust: TrustData) -> None:
    keys = folder_of(tmp_path, jurisdiction, trust)
    assert all(end is not None for _, end in keys.ends(NOW))
    for stem, task in keys.place.tasks():
        (signer,) = keys.held(stem)
        key = trust.roster.known_keys[signer.name, signer.key.key_id]
        assert (key.jurisdiction, key.role, key.vkey) == (jurisdiction, task.role, signer.key)


@pytest.mark.parametrize("network", [exampletrust.NETWORK, "jjj.other"])
def test_a_node_outside_the_demo_refuses_them_whatever_their_network(
    network: str, tmp_path: Path, trust: TrustData
) -> None:
    place = folder_of(tmp_path, "sanhe", trust, network=network).place
    with pytest.raises(CannotRun, match=r"key\.example"):
        KeyFolder.open(place, lambda: trust.roster, example_public_keys())
    assert len(example_public_keys()) == 2 * 7 * len(IDS) + ADMINISTRATORS_AND_ONLINE


@pytest.mark.parametrize("jurisdiction", IDS)
def test_under_gm_every_task_has_a_key_of_each_suite(jurisdiction: str, tmp_path: Path) -> None:
    found = example_trust({}, "gm")
    roster = assemble(
        found["roster.json"], found["agreements.json"], found["catalogue.json"], SchemaSet.built_in()
    ).roster
    assert roster.policy is not None
    for name, pem in example_keys(jurisdiction, "gm").items():
        (tmp_path / name).write_bytes(pem)
        (tmp_path / name).chmod(0o600)
    origins = {family: f"{exampletrust.NETWORK}/{jurisdiction}/{family}" for family in FAMILIES}
    keys = KeyFolder(KeyPlace(tmp_path, exampletrust.NETWORK, jurisdiction, origins), lambda: roster)
    assert keys.faults(NOW, ("record", "log", "heartbeat", "witness", "verdict")) == []
    for stem, _ in keys.place.tasks():
        assert [key.key.suite.gm for key in sorted(keys.held(stem), key=lambda key: key.key.suite.gm)] == [False, True]
    publics = [key.raw for key in roster.verifier_keys.values()]
    assert len(publics) == len(set(publics)) == 84


def test_no_two_roles_share_a_key(trust: TrustData) -> None:
    publics = [key.public for key in trust.roster.verifier_keys.values()]
    assert len(publics) == len(set(publics)) == 42


def test_the_documents_are_those_that_the_keys_make(tmp_path: Path) -> None:
    shipped = data_path("keys/example")
    copy = tmp_path / "example"
    shutil.copytree(shipped, copy)
    make(copy)
    for name in ("roster.json", "roster-gm.json", "agreements.json", "catalogue.json"):
        assert (copy / "trust" / name).read_bytes() == (shipped / "trust" / name).read_bytes()


def test_missing_keys_are_made_and_others_kept(tmp_path: Path) -> None:
    make(tmp_path)
    first = {path: path.read_bytes() for path in tmp_path.rglob("*.pem")}
    (tmp_path / "sanhe/record.pem").unlink()
    make(tmp_path)
    second = {path: path.read_bytes() for path in tmp_path.rglob("*.pem")}
    assert len(first) == 84 + ADMINISTRATORS_AND_ONLINE
    assert [path.name for path in first if first[path] != second[path]] == ["record.pem"]


def test_addresses_are_filled_in(trust: TrustData) -> None:
    assert trust.roster.jurisdictions["tongzhou"].urls == ("http://127.0.0.1:8471",)
    bare = orjson.loads(example_trust({})["roster.json"])
    assert all(member["urls"] == [] for member in bare["jurisdictions"])


def test_regions_and_aliases(trust: TrustData) -> None:
    codes = {place.region: place.id for place in cast.PLACES} | dict.fromkeys(("130629", "130632", "130638"), "xiongan")
    assert codes["133100"] == "xiongan"
    for code, jurisdiction in codes.items():
        member = trust.roster.by_region(code)
        assert member is not None
        assert member.id == jurisdiction


def test_authorities_are_invented_and_can_be_called(trust: TrustData) -> None:
    for member in trust.roster.jurisdictions.values():
        for authority in member.authorities:
            assert "示例" in authority.name
            assert uscc_error(authority.uscc) is None
            assert authority.contact is not None
            assert re.fullmatch("010-0000-[0-9]{4}", authority.contact.phone)


def test_every_issuer_of_the_profile_is_in_the_roster(trust: TrustData) -> None:
    profile = profiles.load("business-licence")
    assert profile.area is not None
    for code, issuer in profile.lookups[0].values.items():
        found = trust.roster.authority(profile.area.jurisdictions[code], issuer["uscc"], cast.BUSINESS, NOW)
        assert found is not None
        assert found.name == issuer["name"]
        assert not found.carried


@pytest.mark.parametrize("asking", IDS)
@pytest.mark.parametrize("source", IDS)
def test_every_direction_is_covered_once(source: str, asking: str, trust: TrustData) -> None:
    for code in trust.catalogue.types:
        wanted = Wanted(source, asking, code, "示例事项", TODAY, carried=True)
        assert len(trust.agreements.covering(wanted)) == (source != asking)


def test_terms_of_the_scenes(trust: TrustData) -> None:
    special = {agreement.id: agreement for agreement in trust.agreements.agreements}
    assert special["demo-dachang-tongzhou"].freshness_s == 5
    term = special["demo-binhai-tongzhou"].term("dishonest_list")
    assert term is not None
    assert term.effect == "restricted"
    assert special["demo-sanhe-tongzhou"].witnesses == exampletrust.WITNESSES == 2
    others = [agreement for name, agreement in special.items() if name.count("-") == 1]
    assert len(others) == 6
    assert all((other.freshness_s, other.credit, other.witnesses) == (86_400, (), 0) for other in others)


def test_the_catalogue_covers_the_types_and_declares_them_complete(trust: TrustData) -> None:
    types = trust.catalogue.types
    assert types.keys() == cast.TYPES.keys()
    assert types[cast.FOOD].number_checks == ("jy",)
    assert types[cast.PRODUCTION].number_checks == ("sc",)
    for entry in types.values():
        assert entry.irreversible == {"03", "04", "05", "07"}
        assert entry.complete.keys() == set(IDS)


def test_the_readme_says_demo_only_in_both_languages() -> None:
    text = (data_path("keys/example") / "README.md").read_text(encoding="utf-8")
    assert "仅供演示和测试" in text
    assert "demo and tests only" in text
