"""An authority's own signature on its records: whose it may be, until when it is good, and where it must stand (the
gate's check 11; DESIGN §3b, §7).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.errors import Refused
from gateway.instants import first_second, shanghai_day
from gateway.ledger.merkle import leaf_hash
from gateway.trust import gate, notes
from gateway.trust.gate import Place, Reading
from gateway.trust.suites import Ed25519Signer, Signer, Sm2Signer
from gateway.trust.trusted import TrustData, load
from tests.handmade import HandMade, stamp
from tests.records import builders
from tests.simulator import FAMILIES, NETWORK, World
from tests.trust.signers import gm_private

NOW = int(time.time())
OTHER = builders.uscc(7, "11110112")
WINDOW = {"not_before": "2020-01-01T00:00:00Z", "not_after": "2040-01-01T00:00:00Z"}


def authority(uscc: str = builders.ISSUER, jurisdiction: str = "sanhe") -> Ed25519Signer:
    return Ed25519Signer(f"{NETWORK}/{jurisdiction}/authority/{uscc}", Ed25519PrivateKey.generate())


@dataclass
class Office:
    """Sanhe's log, its issuing authority's key, and the roster that knows it."""

    world: World
    log: HandMade
    own: Ed25519Signer

    def trust(self, signed: dict[str, str] | None = None, **members: Any) -> TrustData:
        """``signed``: the policy of every type; ``members``: of the key's entry in the roster."""
        self.enter(self.own, **members)
        folder = self.world.folder / "tongzhou" / "trust"
        catalogue = orjson.loads((folder / "catalogue.json").read_bytes())
        catalogue["types"] = [each | ({"authority_signed": signed} if signed else {}) for each in catalogue["types"]]
        (folder / "catalogue.json").write_bytes(orjson.dumps(catalogue))
        return load(folder)

    def enter(self, *signers: Signer, **members: Any) -> None:
        changes = {}
        for place in ("sanhe", "tongzhou"):
            own = [each for each in signers if each.name.startswith(f"{NETWORK}/{place}/")]
            entry = {"role": "authority", "families": list(FAMILIES), **WINDOW, **members}
            keys = [{**entry, "vkey": each.key.text()} for each in own]
            changes[place] = {"keys": [*self.world.member(place)["keys"], *keys]}
        self.world.found(**changes)

    def signed(self, *signers: Any, line: bytes | None = None) -> bytes:
        """A good record with lines of these beside the node's."""
        line = self.log.line(self.log.fresh(), time=stamp(NOW)) if line is None else line
        return notes.sign(line + b"\n", *signers, self.log.keys.record)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    world = World(tmp_path, "sanhe", "tongzhou")
    return Office(world, world.log_of("sanhe"), authority())


def read(entry: bytes, trust: TrustData, *, index: int = 0, logged: int = NOW) -> Reading:
    return gate.read(entry, Place(f"{NETWORK}/sanhe/licence", "sanhe", "licence", index, logged), trust)


def reason(entry: bytes, trust: TrustData, **where: int) -> str:
    with pytest.raises(Refused) as refused:
        read(entry, trust, **where)
    return refused.value.reason


class Nothing:
    """A log without leaves below."""

    def first_index(self, record_id: str) -> None: ...
    def last(self, subject: str) -> None: ...
    def leaf_hash(self, index: int) -> None: ...
    def subject_at(self, index: int) -> None: ...


def test_the_issuers_own_line_is_told_beside_the_nodes(office: Office) -> None:
    trust, entries = office.trust(), {"authority": office.signed(office.own), "node": office.signed()}
    place = Place(f"{NETWORK}/sanhe/licence", "sanhe", "licence", 0, NOW)
    found = {name: gate.admit(entry, place, trust, Nothing()) for name, entry in entries.items()}
    assert {name: verified.signed_by for name, verified in found.items()} == {name: name for name in found}
    assert found["authority"].signers == (f"{NETWORK}/sanhe", office.own.name)


def test_a_nodes_line_is_needed_all_the_same(office: Office) -> None:
    entry = notes.sign(office.log.line(office.log.fresh(), time=stamp(NOW)) + b"\n", office.own)
    assert reason(entry, office.trust()) == "key.unknown"


@pytest.mark.parametrize("stranger", [authority(OTHER), authority(jurisdiction="tongzhou")], ids=["other", "elsewhere"])
def test_no_other_authority_may_sign_nor_the_same_elsewhere(office: Office, stranger: Ed25519Signer) -> None:
    office.enter(office.own, stranger)
    trust = load(office.world.folder / "tongzhou" / "trust")
    assert reason(office.signed(stranger), trust) == "authority.mismatch"
    assert reason(office.signed(office.own, stranger), trust) == "authority.mismatch"


def test_a_line_of_an_authority_that_nobody_knows_proves_nothing(office: Office) -> None:
    assert read(office.signed(authority()), office.trust()).signers == (f"{NETWORK}/sanhe",)


def test_a_line_that_fails_refuses_the_record(office: Office) -> None:
    trust, line = office.trust(), office.log.line(office.log.fresh(), time=stamp(NOW))
    forged = notes.line(office.own.name, office.own.key.key_id, office.own.sign(b"something else\n"))
    assert reason(office.signed(line=line) + forged, trust) == "signature.invalid"


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"families": ["credit"]}, "key.family"),
        ({"not_after": "2021-01-01"}, "key.expired"),
        ({"not_before": "2039-01-01"}, "key.early"),
    ],
)
def test_a_key_that_is_not_good_refuses_the_record(office: Office, members: dict[str, Any], fault: str) -> None:
    assert reason(office.signed(office.own), office.trust(**members)) == fault


def test_a_second_line_by_a_key_that_is_good_makes_up_for_one_that_is_not(office: Office) -> None:
    renewed = authority()
    office.enter(office.own, renewed, revoked={"at": "2020-01-01", "reason": "示例", "good_below": {}})
    raw = orjson.loads((office.world.folder / "tongzhou" / "trust" / "roster.json").read_bytes())
    del raw["jurisdictions"][0]["keys"][-1]["revoked"]
    (office.world.folder / "tongzhou" / "trust" / "roster.json").write_bytes(orjson.dumps(raw))
    trust = load(office.world.folder / "tongzhou" / "trust")
    assert reason(office.signed(office.own), trust) == "key.revoked"
    assert read(office.signed(office.own, renewed), trust).signers == (f"{NETWORK}/sanhe", renewed.name)


def test_a_stolen_authority_key_is_judged_like_a_stolen_record_key(office: Office) -> None:
    origin = f"{NETWORK}/sanhe/licence"
    trust = office.trust(revoked={"at": stamp(NOW), "reason": "示例", "good_below": {origin: 5}})
    entry = office.signed(office.own)
    assert read(entry, trust, index=4, logged=NOW + 9).signers[-1] == office.own.name
    assert reason(entry, trust, index=5) == "key.in_doubt"
    assert reason(entry, trust, index=5, logged=NOW + 2) == "key.revoked"


# Where it must stand


def test_from_its_day_on_a_record_of_the_type_needs_its_issuers_line(office: Office) -> None:
    day = shanghai_day(NOW)
    trust, first = office.trust(signed={"sanhe": day.isoformat()}), first_second(day)
    unsigned = office.log.entry(office.log.fresh(), time=stamp(first - 1))
    assert read(unsigned, trust, logged=first - 1).signers == (f"{NETWORK}/sanhe",)
    assert reason(unsigned, trust, logged=first) == "authority.unsigned"
    assert read(office.signed(office.own), trust).signers[-1] == office.own.name


def test_the_policy_of_one_jurisdiction_binds_no_other(office: Office) -> None:
    assert read(office.signed(), office.trust(signed={"tongzhou": "2020-01-01"})).signers == (f"{NETWORK}/sanhe",)


def test_who_takes_a_record_back_signs_as_who_made_it(office: Office) -> None:
    """Else whoever holds the node's key alone could undo what an authority has signed."""
    trust, data = office.trust(signed={"sanhe": "2020-01-01"}), office.log.fresh()
    subject = f"{data['type']['code']}:{data['number']}"
    correction = builders.correction(0, leaf_hash(b"x"))
    line = office.log.line(correction, type="jjj.licence.retracted", subject=subject, time=stamp(NOW))
    assert reason(office.log.sign(line), trust) == "authority.unsigned"
    assert read(office.signed(office.own, line=line), trust).record.type == "jjj.licence.retracted"


def test_credit_facts_know_no_types_and_no_policy(office: Office) -> None:
    log, trust = office.world.log_of("sanhe", "credit"), office.trust(signed={"sanhe": "2020-01-01"})
    entry = log.entry(log.fresh(), time=stamp(NOW))
    assert gate.read(entry, Place(log.origin, "sanhe", "credit", 0, NOW), trust).signers == (f"{NETWORK}/sanhe",)


def test_under_the_policy_gm_an_authoritys_ed25519_line_alone_is_refused(tmp_path: Path) -> None:
    """Else who could forge Ed25519 would speak for the authority, beside a node's line of any suite."""
    world = World(tmp_path, "sanhe", "tongzhou", gm=True)
    office = Office(world, world.log_of("sanhe"), authority())
    of_gm = Sm2Signer(office.own.name, gm_private("authority"))
    office.enter(office.own, of_gm)
    trust, beside = load(world.folder / "tongzhou" / "trust"), office.log.keys.also
    assert reason(office.signed(office.own, *beside), trust) == "suite.gm_missing"
    for signers in ((), (of_gm,), (office.own, of_gm)):
        assert len(read(office.signed(*signers, *beside), trust).signers) == 2 + len(signers)
