"""The samples are what they say: accepted one after the other by the gate, or refused for the reason foretold."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from gateway.demo import cast
from gateway.demo.creditfacts import KINDS
from gateway.demo.example import example_trust
from gateway.demo.exampletrust import NETWORK
from gateway.demo.flawed import flawed_samples
from gateway.demo.sample import Sample
from gateway.demo.samples import SEED, samples
from gateway.demo.scenes import scenes, schema_1_1
from gateway.errors import Refused
from gateway.instants import format_time
from gateway.intake.reading import record_id
from gateway.ledger.merkle import leaf_hash
from gateway.records import compact, families
from gateway.records.identifiers import uscc_error
from gateway.records.packaged import data_path
from gateway.records.record import Correction
from gateway.records.schema import SchemaSet
from gateway.trust import gate
from gateway.trust.gate import Last, Place, Reading
from gateway.trust.trusted import TrustData, assemble

NOW = 1_795_400_000
GOOD = tuple(sample for sample in samples() if sample.expected_reason is None)
FLAWED = flawed_samples()


@pytest.fixture(scope="module")
def trust() -> TrustData:
    found = example_trust({})
    return assemble(found["roster.json"], found["agreements.json"], found["catalogue.json"], SchemaSet.built_in())


@dataclass
class Told:
    """One log as the gate sees it, and a door without keys: judge, settle, append."""

    jurisdiction: str
    family: str
    trust: TrustData
    lines: list[bytes] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    present: dict[str, Last] = field(default_factory=dict)

    def first_index(self, record_id: str) -> int | None:
        return self.ids.get(record_id)

    def last(self, subject: str) -> Last | None:
        return self.present.get(subject)

    def leaf_hash(self, index: int) -> bytes | None:
        return leaf_hash(self.lines[index]) if index < len(self.lines) else None

    def subject_at(self, index: int) -> str | None:
        return self.subjects[index] if index < len(self.subjects) else None

    def take(self, record_type: str, data: dict[str, Any]) -> int:
        """Index of the record in this log; raises ``Refused`` and changes nothing."""
        size = len(self.lines)
        if families.is_correction(record_type):
            subject = self.subjects[data["index"]]
        else:
            subject = families.subject_of_data(self.family, data)
        envelope = {
            "specversion": "1.0",
            "id": record_id(self.jurisdiction, record_type, data),
            "source": f"urn:jjj:{self.jurisdiction}",
            "type": record_type,
            "subject": subject,
            "time": format_time(NOW * 1000),
            "datacontenttype": "application/json",
            "dataschema": f"urn:jjj:schema:{self.family}:1.0",
            "data": data,
        }
        line = compact.encode(envelope)
        place = Place(f"{NETWORK}/{self.jurisdiction}/{self.family}", self.jurisdiction, self.family, size, NOW)
        record, warnings = gate.judge_line(line, place, self.trust)
        gate.settle(Reading(record, (), warnings), place, self)
        assert warnings == ()
        self.lines.append(line)
        self.subjects.append(subject)
        self.ids[record.id] = size
        state = "" if isinstance(record.content, Correction) else record.content.state
        self.present[subject] = Last(size, record.time, record_type, state)
        return size


class Network:
    """All logs of the six jurisdictions."""

    def __init__(self, trust: TrustData) -> None:
        self._trust = trust
        self.logs: dict[tuple[str, str], Told] = {}
        self._receipts: dict[int, tuple[Told, int]] = {}

    def take(self, number: int, sample: Sample) -> None:
        family = families.family_of_type(sample.type)
        place = (sample.jurisdiction, family)
        log = self.logs.setdefault(place, Told(sample.jurisdiction, family, self._trust))
        data = sample.data
        if sample.corrects is not None:
            owner, index = self._receipts[sample.corrects]
            assert owner is log
            hashed = leaf_hash(log.lines[index])
            data = data | {"index": index, "leaf_hash": base64.b64encode(hashed).decode()}
        self._receipts[number] = (log, log.take(sample.type, data))


@pytest.fixture(scope="module")
def network(trust: TrustData) -> Network:
    """The network with every good sample taken."""
    taken = Network(trust)
    for number, sample in enumerate(samples()):
        if sample.expected_reason is None:
            taken.take(number, sample)
    return taken


def texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for member in value.values():
            yield from texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from texts(member)
    elif isinstance(value, str):
        yield value


def test_every_good_sample_is_taken(network: Network) -> None:
    assert sum(len(log.lines) for log in network.logs.values()) == len(GOOD)
    assert len(network.logs) == 12
    assert 300 <= len(GOOD) <= 600


@pytest.mark.parametrize("sample", FLAWED, ids=[str(sample.expected_reason) for sample in FLAWED])
def test_every_flawed_sample_is_refused_for_its_reason(network: Network, sample: Sample) -> None:
    before = {place: len(log.lines) for place, log in network.logs.items()}
    with pytest.raises(Refused) as refused:
        network.take(-1, sample)
    assert refused.value.reason == sample.expected_reason
    assert {place: len(log.lines) for place, log in network.logs.items()} == before


def test_a_dozen_and_more_flaws() -> None:
    found = [sample.expected_reason for sample in FLAWED]
    assert len(found) == len(set(found)) >= 12
    assert tuple(samples()[-len(FLAWED) :]) == FLAWED


def test_every_type_state_and_kind_occurs_at_every_jurisdiction() -> None:
    at = Counter((sample.jurisdiction, sample.type) for sample in GOOD)
    wanted = {name for name in families.TYPES if not name.endswith(".erased")}
    assert at.keys() == {(place.id, name) for place in cast.PLACES for name in wanted}
    licences = [sample for sample in GOOD if isinstance(sample.data.get("state"), dict)]
    states = {(sample.type, sample.data["state"]["code"]) for sample in licences}
    assert ("jjj.licence.changed", "99") in states
    assert {code for _, code in states} == families.LICENCE_STATES.keys()
    assert {sample.data["kind"] for sample in GOOD if "kind" in sample.data} == {
        *families.LICENCE_KINDS,
        *families.CREDIT_KINDS,
    }
    assert {sample.data["type"]["code"] for sample in GOOD if "type" in sample.data} == cast.TYPES.keys()
    assert set(KINDS) == families.CREDIT_KINDS.keys()


def test_a_move_names_the_licence_that_was_given_up(network: Network) -> None:
    given_up = {
        (sample.jurisdiction, families.subject_of_data("licence", sample.data))
        for sample in GOOD
        if sample.type == "jjj.licence.transferred_out"
    }
    named = set()
    for sample in GOOD:
        if sample.type == "jjj.licence.transferred_in":
            before = sample.data["predecessor"]
            named.add((before["source"].removeprefix("urn:jjj:"), before["subject"]))
            assert sample.jurisdiction not in before["source"]
    assert named == given_up
    assert len(named) == 6


def test_a_retraction_corrects_the_record_before_it() -> None:
    found = samples()
    for number, sample in enumerate(found):
        assert (sample.corrects is not None) is sample.type.endswith(".retracted")
        if sample.corrects is not None:
            corrected = found[sample.corrects]
            assert sample.corrects == number - 1
            assert (corrected.jurisdiction, corrected.type.split(".")[1]) == (
                sample.jurisdiction,
                sample.type.split(".")[1],
            )


def test_the_same_seed_gives_the_same_samples() -> None:
    assert samples(SEED) == samples()
    assert samples(1) != samples()
    assert [sample.type for sample in samples(1)] == [sample.type for sample in samples()]


def test_another_seed_is_taken_too(trust: TrustData) -> None:
    taken = Network(trust)
    for number, sample in enumerate(samples(7)):
        if sample.expected_reason is None:
            taken.take(number, sample)


def test_names_are_plainly_invented_and_codes_valid() -> None:
    for sample in GOOD:
        for party in ("holder", "issuer", "authority"):
            if party in sample.data:
                assert "示例" in sample.data[party]["name"]
                assert uscc_error(sample.data[party]["uscc"]) is None
                assert sample.data[party]["uscc"][8:12] == "00EX"


def test_no_identity_number_but_the_one_on_purpose() -> None:
    hits = [s for s in samples() for text in texts(s.data) if "身份证" in text]
    assert [sample.expected_reason for sample in hits] == ["identity_number"]


# Scenes


def test_scenes_are_about_records_that_are_published(network: Network) -> None:
    assert scenes().keys() == {"recognised", "revoked", "restricted", "silent", "newer"}
    for scene in scenes().values():
        last = network.logs[scene.source, "licence"].present[scene.subject]
        assert last.state == ("07" if scene.name == "revoked" else "01")
        assert all(record in GOOD for record in scene.records)
        assert scene.source != scene.asking


def test_the_restricted_holder_is_listed_at_the_issuer_without_end() -> None:
    licence, listed = scenes()["restricted"].records
    assert licence.jurisdiction == listed.jurisdiction == "binhai"
    assert licence.data["holder"]["uscc"] == listed.data["holder"]["uscc"]
    assert (listed.data["kind"], "public_until" in listed.data) == ("dishonest_list", False)


def test_no_other_sample_touches_the_holders_of_the_scenes() -> None:
    own = [record for scene in scenes().values() for record in scene.records]
    holders = {record.data["holder"]["uscc"] for record in own}
    others = [sample for sample in samples() if sample not in own and "holder" in sample.data]
    assert not {sample.data["holder"]["uscc"] for sample in others} & holders


def test_the_later_record_needs_schema_1_1_and_the_others_do_not() -> None:
    built_in = (data_path("schemas") / "licence-1.0.schema.json").read_bytes()
    schemas = SchemaSet.of_files({"licence:1.0": built_in, "licence:1.1": schema_1_1()})
    late = scenes()["newer"].late
    assert late is not None
    assert not schemas.fits("licence:1.0", late.data)
    assert schemas.fits("licence:1.1", late.data)
    old = [sample.data for sample in GOOD if families.family_of_type(sample.type) == "licence" and not sample.corrects]
    assert all(schemas.fits("licence:1.1", data) for data in old)


def test_schema_1_1_adds_one_optional_member_to_1_0() -> None:
    new = orjson.loads(schema_1_1())
    old = orjson.loads((data_path("schemas") / "licence-1.0.schema.json").read_bytes())
    added = new["$defs"]["licence"]["properties"].keys() - old["$defs"]["licence"]["properties"].keys()
    (name,) = added
    del new["$defs"]["licence"]["properties"][name]
    assert {key: value for key, value in new.items() if key not in ("$id", "title")} == {
        key: value for key, value in old.items() if key not in ("$id", "title")
    }
