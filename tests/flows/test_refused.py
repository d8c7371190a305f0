"""What nobody may take, sent to a real partner: a leaf that its owner logged stays and is quarantined by its reason;
what was altered or forged on the way costs a line in the metrics. Neither touches the index (laws 5 and 6).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.bus.port import Message
from gateway.ledger import checkpoint
from gateway.ledger.checkpoint import Checkpoint
from gateway.node import runtime
from gateway.node.door import Draft
from gateway.records import compact
from gateway.records.identifiers import mask_resident_numbers
from gateway.trust.suites import CosignatureSigner, Ed25519Signer
from tests.flows.refusals import TRAVELLING, Case
from tests.handmade import HandMade
from tests.records import builders
from tests.simulator import Running, World, eventually


@dataclass
class Logged:
    """What a partner made of a log in which every case stands as a leaf, with good leaves between."""

    entries: list[bytes]
    place: dict[str, int]
    quarantine: dict[int, tuple[str, str | None]]
    indexed: set[int]
    subjects: set[str]
    messages: list[str]
    frozen: str | None
    rubbish: float


async def logged(folder: Path) -> Logged:
    async with World(folder, "sanhe", "tongzhou") as world:
        log, place = world.log_of("sanhe"), {}
        for case in TRAVELLING:
            bad = case.make(log)
            place[case.name] = len(log.entries)
            log.add(bad)
        log.add(log.entry(log.fresh())).send()
        tongzhou = await world.start("tongzhou")
        await tongzhou.mirrored("sanhe", len(log.entries))
        read = tongzhou.node.mirrors.read
        kept = [row[0] for row in read.execute("SELECT entry FROM entries ORDER BY key")]
        assert kept == log.entries
        return Logged(
            kept,
            place,
            {index: (reason, subject) for index, reason, subject in tongzhou.quarantine()},
            {row[0] for row in read.execute("SELECT key & 1099511627775 FROM records")},
            {row[0] for row in read.execute("SELECT subject FROM subjects")},
            [row[0] for row in read.execute("SELECT message FROM quarantine")],
            tongzhou.follower("sanhe").log.frozen,
            tongzhou.garbage_count("sanhe"),
        )


@pytest.fixture(scope="module")
def partner(tmp_path_factory: pytest.TempPathFactory) -> Logged:
    return asyncio.run(logged(tmp_path_factory.mktemp("refused")))


@pytest.mark.parametrize("case", TRAVELLING, ids=str)
def test_a_logged_leaf_is_quarantined_by_its_reason_and_not_indexed(case: Case, partner: Logged) -> None:
    at = partner.place[case.name]
    claimed = compact.peek(partner.entries[at].rpartition(b"\n\n")[0])[0]
    assert partner.quarantine[at] == (case.reason, claimed)
    assert at not in partner.indexed


def test_every_other_leaf_is_indexed_and_none_is_silent(partner: Logged) -> None:
    bad = set(partner.place.values())
    assert set(partner.quarantine) == bad
    assert partner.indexed == set(range(len(partner.entries))) - bad
    assert partner.frozen is None
    assert partner.rubbish == 0


def test_no_identity_number_is_shown_by_a_quarantine(partner: Logged) -> None:
    assert all(message == mask_resident_numbers(message) for message in partner.messages)


# On the way


@pytest.fixture
async def road(tmp_path: Path) -> Any:
    """Two good leaves of sanhe at tongzhou, and sanhe's log in hand to go on with."""
    async with World(tmp_path, "sanhe", "tongzhou") as world:
        log = world.log_of("sanhe")
        log.add(log.entry(log.fresh()), log.entry(log.fresh())).send()
        tongzhou = await world.start("tongzhou")
        await tongzhou.mirrored("sanhe", 2)
        yield log, tongzhou


Road = tuple[HandMade, Running]


def header(message: Message, name: str, alter: Callable[[bytes], bytes]) -> Message:
    headers = tuple((each, alter(value) if each == name else value) for each, value in message.headers)
    return Message(message.key, message.value, headers)


def flipped(value: bytes) -> bytes:
    return value[:-20] + bytes([value[-20] ^ 1]) + value[-19:]


def next_leaf(log: HandMade) -> Message:
    log.add(log.entry(log.fresh()))
    return log.message(len(log.entries) - 1, log.seal())


ALTERED: dict[str, tuple[Callable[[HandMade], Message], str]] = {
    "a byte of the line": (
        lambda log: replace(next_leaf(log), value=flipped(log.entries[-1].rpartition(b"\n\n")[0])),
        "root.mismatch",
    ),
    "a byte of the signature": (lambda log: header(next_leaf(log), "signature", flipped), "root.mismatch"),
    "a byte of the checkpoint": (
        lambda log: header(next_leaf(log), "checkpoint", lambda note: note.replace(b"\n3\n", b"\n2\n")),
        "signature.invalid",
    ),
    "the index, to a taken one": (lambda log: header(next_leaf(log), "log-index", lambda _: b"1"), ""),
    "the index, to one ahead": (lambda log: header(next_leaf(log), "log-index", lambda _: b"3"), ""),
    "the index, to no number": (lambda log: header(next_leaf(log), "log-index", lambda _: b"x"), "message.form"),
    "a checkpoint of another log": (
        lambda log: header(next_leaf(log), "checkpoint", lambda _: log.world.log_of("sanhe", "credit").seal()),
        "checkpoint.origin",
    ),
    "a checkpoint of a partner": (
        lambda log: header(next_leaf(log), "checkpoint", lambda _: log.world.log_of("tongzhou").seal()),
        "checkpoint.origin",
    ),
    "a checkpoint by another key under this origin": (
        lambda log: header(next_leaf(log), "checkpoint", lambda _: by_another_key(log)),
        "key.unknown",
    ),
    "a checkpoint without date": (
        lambda log: header(next_leaf(log), "checkpoint", lambda note: note[: note.rindex("—".encode())]),
        "checkpoint.no_date",
    ),
}


def by_another_key(log: HandMade) -> bytes:
    """This log's tree, stated under its name by a key that is a record's."""
    tree = Checkpoint(log.origin, len(log.entries), log.tree().root())
    key, now = log.stranger()._private, int(time.time())
    return checkpoint.sign(tree, Ed25519Signer(log.origin, key), CosignatureSigner(log.origin, key), now)


@pytest.mark.parametrize("what", ALTERED)
async def test_what_was_altered_on_the_way_changes_nothing(road: Road, what: str) -> None:
    log, tongzhou = road
    make, reason = ALTERED[what]
    message, before, thrown = make(log), tongzhou.state(), tongzhou.garbage_count("sanhe")
    position = tongzhou.follower("sanhe").tail.position
    log.world.append("sanhe", message)
    await eventually(lambda: tongzhou.follower("sanhe").tail.position > position, "the message was read")
    assert tongzhou.state() == before
    assert tongzhou.garbage_count("sanhe") == thrown + bool(reason)
    assert not reason or tongzhou.garbage("sanhe", reason) == 1
    log.world.append("sanhe", log.message(2, log.seal()))
    await tongzhou.mirrored("sanhe", 3)
    assert tongzhou.quarantine() == []


async def test_a_gap_is_not_jumped(road: Road) -> None:
    """What comes after is held back, and counts when the leaf between has come."""
    log, tongzhou = road
    log.add(log.entry(log.fresh()), log.entry(log.fresh()))
    before = tongzhou.state()
    log.world.append("sanhe", log.message(3, log.seal()))
    await eventually(lambda: tongzhou.follower("sanhe").wanted == 4, "the gap is seen")
    assert tongzhou.state() == before
    log.world.append("sanhe", log.message(2), log.message(3, log.seal()))
    await tongzhou.mirrored("sanhe", 4)


async def test_leaves_of_another_family_on_the_topic_are_no_leaves_of_this_log(road: Road) -> None:
    log, tongzhou = road
    credit = log.world.log_of("sanhe", "credit")
    credit.add(*(credit.entry(credit.fresh()) for _ in range(3)))
    before = tongzhou.state()
    log.world.append("sanhe", credit.message(2, credit.seal()))
    await eventually(lambda: tongzhou.garbage("sanhe", "checkpoint.origin") == 1)
    assert tongzhou.state() == before


async def test_a_newer_schema_is_accepted_when_its_file_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "TRUST_EVERY_S", 0.1)
    async with World(tmp_path, "sanhe", "tongzhou") as world:
        log = world.log_of("sanhe")
        number = builders.food_number(1)
        log.add(log.entry(log.fresh(note="since 1.1"), dataschema="urn:jjj:schema:licence:1.1")).send()
        tongzhou = await world.start("tongzhou")
        await tongzhou.mirrored("sanhe", 1)
        assert [(index, reason) for index, reason, _ in tongzhou.quarantine()] == [(0, "schema.newer")]
        assert tongzhou.verdict(number) == "indeterminate"
        world.give_schema("tongzhou")
        await eventually(lambda: not tongzhou.quarantine(), "the leaf was judged again")
        log.publish(log.seal())
        await eventually(lambda: tongzhou.verdict(number) == "recognised", "it is found")
        await tongzhou.audited()


async def test_a_node_publishes_nothing_that_partners_would_refuse(tmp_path: Path) -> None:
    """The door is the same gate: a draft is refused by the reason by which a partner would, and nothing is logged."""
    async with World(tmp_path, "sanhe", "tongzhou") as world:
        sanhe = await (await world.start("sanhe")).sealing()
        log = world.log_of("sanhe")
        drafts, reasons = [], []
        for case in (case for case in TRAVELLING if case.reason.startswith(("uscc.", "holder.", "date.", "issuer."))):
            record = orjson.loads(case.make(log).rpartition(b"\n\n")[0])
            drafts.append(Draft(record["type"], record["data"]))
            reasons.append(case.reason)
        receipts = await sanhe.node.publisher.publish(drafts)
        assert [receipt.reason for receipt in receipts] == reasons
        assert sanhe.node.publisher.logs["licence"].own.size == 0
