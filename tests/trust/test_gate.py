"""The gate: what each refusal is called, what it lets out, and that any bytes give one or the other (laws 2 and 9)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.instants import parse_time
from gateway.ledger.merkle import leaf_hash
from gateway.records import compact
from gateway.records.record import Correction
from gateway.trust import gate
from gateway.trust.gate import Last, Place, VerifiedRecord
from gateway.trust.trusted import TrustData, load
from tests.flows.refusals import CASES, Case
from tests.handmade import HandMade, stamp
from tests.records import builders
from tests.simulator import World


@dataclass
class Reader:
    """A reader of one log that remembers, in memory, what the gate asks about the leaves below."""

    log: HandMade
    trust: TrustData
    logged: int = field(default_factory=lambda: int(time.time()))
    hashes: list[bytes] = field(default_factory=list)
    subjects: list[str | None] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    newest: dict[str, Last] = field(default_factory=dict)

    def first_index(self, record_id: str) -> int | None:
        return self.ids.get(record_id)

    def last(self, subject: str) -> Last | None:
        return self.newest.get(subject)

    def leaf_hash(self, index: int) -> bytes | None:
        return self.hashes[index] if 0 <= index < len(self.hashes) else None

    def subject_at(self, index: int) -> str | None:
        return self.subjects[index] if 0 <= index < len(self.subjects) else None

    @property
    def place(self) -> Place:
        return Place(self.log.origin, self.log.jurisdiction, self.log.family, len(self.hashes), self.logged)

    def admit(self, entry: bytes) -> VerifiedRecord:
        return gate.admit(entry, self.place, self.trust, self)

    def take(self, entry: bytes) -> None:
        """Read the next leaf as a mirror does: accepted or not, it stands."""
        subject, record_id = compact.peek(entry.rpartition(b"\n\n")[0])
        try:
            record = self.admit(entry).record
            state = "" if isinstance(record.content, Correction) else record.content.state
            self.newest[record.subject] = Last(len(self.hashes), record.time, record.type, state)
        except Refused:
            pass
        self.hashes.append(leaf_hash(entry))
        self.subjects.append(subject)
        if record_id is not None:
            self.ids.setdefault(record_id, len(self.hashes) - 1)

    def snapshot(self) -> object:
        return (*self.hashes,), (*self.subjects,), dict(self.ids), dict(self.newest)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("gate"), "sanhe", "tongzhou")


@pytest.fixture(scope="module")
def trust(world: World) -> TrustData:
    return load(world.folder / "tongzhou" / "trust")


@pytest.fixture
def log(world: World) -> HandMade:
    return world.log_of("sanhe")


@pytest.fixture
def reader(log: HandMade, trust: TrustData) -> Reader:
    return Reader(log, trust)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_fault_is_refused_by_its_name_and_leaves_nothing_behind(case: Case, reader: Reader) -> None:
    bad = case.make(reader.log)
    for entry in reader.log.entries:
        reader.take(entry)
    before = reader.snapshot()
    with pytest.raises(Refused) as refused:
        reader.admit(bad)
    assert refused.value.reason == case.reason, refused.value
    assert reader.snapshot() == before
    assert (compact.peek(bad.rpartition(b"\n\n")[0])[0] is not None) is case.subject


def test_a_good_record_comes_out_with_its_place_and_signer(reader: Reader) -> None:
    data = reader.log.fresh()
    verified = reader.admit(reader.log.entry(data))
    assert verified.place == reader.place
    assert verified.signers == ("jjj.test/sanhe",)
    assert verified.record.data == data


def test_lines_of_unknown_keys_beside_the_right_one_change_nothing(reader: Reader) -> None:
    line = reader.log.line(reader.log.fresh())
    ours, theirs = reader.log.sign(line), reader.log.sign(line, reader.log.stranger())
    assert reader.admit(ours + theirs.rpartition(b"\n\n")[2]).signers == ("jjj.test/sanhe",)


def test_a_known_key_that_fails_refuses_the_note_though_another_holds(reader: Reader) -> None:
    line = reader.log.line(reader.log.fresh())
    other = reader.log.entry(reader.log.fresh()).rpartition(b"\n\n")[2]
    with pytest.raises(Refused, match=r"signature\.invalid"):
        reader.admit(reader.log.sign(line) + other)


def test_sixteen_signature_lines_are_not_too_many(reader: Reader) -> None:
    entry = reader.log.entry(reader.log.fresh())
    assert reader.admit(entry + entry.rpartition(b"\n\n")[2] * 15).record


def test_a_line_of_exactly_60_000_bytes_of_depth_32_is_taken(reader: Reader) -> None:
    line = reader.log.line(reader.log.fresh(remarks="*"))
    padded = line.replace(b'"*"', b'"' + b"*" * (60_000 - len(line) + 1) + b'"')
    assert len(padded) == 60_000
    with pytest.raises(Refused, match=r"schema\.maxLength"):  # long, and of good form
        reader.admit(reader.log.sign(padded))
    with pytest.raises(Refused, match=r"schema\.type"):
        reader.admit(reader.log.sign(line.replace(b'"*"', b"[" * 30 + b"]" * 30)))


@pytest.mark.parametrize(
    ("logged", "reason"),
    [("2019-12-31T23:59:59.000Z", "key.early"), ("2040-01-01T00:00:01.000Z", "key.expired")],
)
def test_a_key_is_judged_at_the_logged_time(reader: Reader, logged: str, reason: str) -> None:
    entry = reader.log.entry(reader.log.fresh(), time=logged)
    place = replace(reader.place, logged=parse_time(logged) // 1000)
    with pytest.raises(Refused) as refused:
        gate.admit(entry, place, reader.trust, reader)
    assert refused.value.reason == reason


@pytest.mark.parametrize(("ahead_s", "taken"), [(300, True), (301, False)])
def test_stated_time_may_lie_five_minutes_after_logged(reader: Reader, ahead_s: int, taken: bool) -> None:
    entry = reader.log.entry(reader.log.fresh(), time=stamp(reader.logged + ahead_s))
    if taken:
        assert reader.admit(entry).record.time == (reader.logged + ahead_s) * 1000
    else:
        with pytest.raises(Refused, match=r"time\.future"):
            reader.admit(entry)


def test_the_same_time_as_the_last_record_is_not_backwards(reader: Reader) -> None:
    data, now = reader.log.fresh(), stamp()
    reader.take(reader.log.entry(data, time=now))
    assert reader.admit(reader.log.entry({**data, "remarks": "二"}, time=now, type="jjj.licence.changed"))


def test_an_id_of_a_quarantined_leaf_counts_as_used(reader: Reader) -> None:
    bad = reader.log.entry(builders.change(reader.log.fresh(), {"note": "x"}))
    reader.take(bad)
    used = orjson.loads(bad.partition(b"\n\n")[0])["id"]
    with pytest.raises(Refused, match=r"record\.replayed"):
        reader.admit(reader.log.entry(reader.log.fresh(), id=used))


def test_a_record_refused_before_says_nothing_about_the_order_of_times(reader: Reader) -> None:
    data = reader.log.fresh()
    reader.take(reader.log.entry({**data, "note": "x"}, time=stamp(reader.logged + 100)))
    assert reader.admit(reader.log.entry(data, time=stamp(reader.logged)))


# Any bytes


@pytest.fixture(scope="module")
def samples(world: World, trust: TrustData) -> tuple[Reader, list[bytes]]:
    log = world.log_of("sanhe")
    entries = [log.entry(log.fresh()), log.entry(builders.whole_licence(number=builders.food_number(77)))]
    reader = Reader(log, trust)
    for entry in entries:
        assert reader.admit(entry)
    return reader, entries


def verified_or_refused(reader: Reader, entry: bytes) -> bool:
    """True for a verified record, False for a refusal with a reason; any other exception fails the test."""
    try:
        return isinstance(reader.admit(entry), VerifiedRecord)
    except Refused:
        return False


@settings(max_examples=200)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused(samples: tuple[Reader, list[bytes]], data: bytes) -> None:
    assert not verified_or_refused(samples[0], data)


@settings(max_examples=200)
@given(line=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_signed_bytes_are_refused(samples: tuple[Reader, list[bytes]], line: bytes) -> None:
    reader, _ = samples
    assert not verified_or_refused(reader, reader.log.sign(line))


@settings(max_examples=200)
@given(data=st.data())
def test_a_mutated_entry_is_never_a_record(samples: tuple[Reader, list[bytes]], data: st.DataObject) -> None:
    """Every byte counts: of the line by the signature, of the signature by its one spelling."""
    reader, entries = samples
    entry = data.draw(st.sampled_from(entries))
    start = data.draw(st.integers(0, len(entry)))
    stop = data.draw(st.integers(start, min(len(entry), start + 4)))
    mutated = entry[:start] + data.draw(st.binary(max_size=4)) + entry[stop:]
    assert verified_or_refused(reader, mutated) is (mutated == entry)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))


def paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where something stands in a record."""
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from paths(member, (*path, key))


@settings(max_examples=200)
@given(data=st.data())
def test_a_record_with_any_member_replaced_gives_a_record_or_a_refusal(
    samples: tuple[Reader, list[bytes]], data: st.DataObject
) -> None:
    """Signed by the right key, so that every check behind the signature meets values that nobody expects."""
    reader, entries = samples
    record = orjson.loads(data.draw(st.sampled_from(entries)).partition(b"\n\n")[0])
    *steps, last = data.draw(st.sampled_from([path for path in paths(record) if path]))
    place = record
    for step in steps:
        place = place[step]
    place[last] = data.draw(VALUES)
    try:
        line = orjson.dumps(record)
    except TypeError:  # integers of over 64 bits, lone surrogates
        line = repr(record).encode("utf-8", "surrogatepass")
    verified_or_refused(reader, reader.log.sign(line))
