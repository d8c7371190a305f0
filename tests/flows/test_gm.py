"""A network under the policy gm (国密): the main job, what a node refuses then, and how a network comes to it."""

from __future__ import annotations

import copy
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.audit import auditor, exporter
from gateway.errors import Refused
from gateway.ledger import checkpoint
from gateway.ledger.checkpoint import Checkpoint
from gateway.ops import slips
from gateway.trust import keyfiles, notes, roster
from gateway.trust.notes import Note
from tests.records import builders
from tests.simulator import FAMILIES, NETWORK, Running, World, eventually, names

NUMBER = builders.food_number(1)
ORIGIN = f"{NETWORK}/sanhe/licence"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path, "sanhe", "tongzhou", served=("sanhe",), gm=True) as world:
        yield world


def suites(note: bytes, trust: roster.Roster) -> list[str]:
    """By which suite each line of a note is, verified; all keys are known."""
    parsed: Note = notes.parse(note, 16)
    verified = notes.verify(parsed, trust.verifier_keys)
    assert len(verified) == len(parsed.lines)
    return [line.key.suite.name for line in verified]


async def test_the_main_job_is_done_with_sm2_beside_ed25519_on_everything_that_is_signed(
    world: World, tmp_path: Path
) -> None:
    sanhe, tongzhou = await world.start("sanhe"), await world.start("tongzhou")
    await sanhe.publish(builders.licence(number=NUMBER))
    await tongzhou.mirrored("sanhe", 1)
    await eventually(lambda: tongzhou.verdict(NUMBER) == "recognised", "the licence is recognised")
    trust = tongzhou.node.trust.current.roster
    entry = tongzhou.node.mirrors.read.execute("SELECT entry FROM entries").fetchone()[0]
    assert suites(entry, trust) == ["ed25519", "sm2"]
    both = ["ed25519", "sm2", "ed25519-cosignature", "sm2-cosignature"]
    assert suites(tongzhou.follower("sanhe").newest_note, trust) == both
    for running in (sanhe, tongzhou):
        await running.audited()
    await exporter.export(tmp_path / "export", world.urls["sanhe"])
    report = await auditor.audit(str(tmp_path / "export"))
    assert report.ok, report.findings
    check_slip(tongzhou.verify(NUMBER)["slip"].encode(), world.folder / "tongzhou" / "trust", trust)


def check_slip(slip: bytes, trust: Path, known: roster.Roster) -> None:
    """It verifies offline, and not without its SM2 line."""
    assert suites(slip, known) == ["ed25519", "sm2"]
    assert slips.read(slip, trust).answer["verdict"] == "recognised"
    text, _, lines = slip.rpartition(b"\n\n")
    with pytest.raises(Refused, match=r"suite\.gm_missing"):
        slips.read(text + b"\n\n" + lines.splitlines(keepends=True)[0], trust)


async def test_a_record_with_ed25519_alone_is_quarantined_and_hides_no_bad_news(world: World) -> None:
    log = world.log_of("sanhe")
    data = log.fresh()
    log.add(log.entry(data), log.entry({**data, "state": "02"}, log.keys.record, type="jjj.licence.changed"))
    log.send()
    tongzhou = await world.start("tongzhou")
    await tongzhou.mirrored("sanhe", 2)
    assert [row[:2] for row in tongzhou.quarantine()] == [(1, "suite.gm_missing")]
    assert tongzhou.verdict(data["number"]) == "indeterminate"


async def test_a_checkpoint_with_ed25519_alone_is_no_statement(world: World) -> None:
    log = world.log_of("sanhe")
    log.add(log.entry(log.fresh())).send()
    tongzhou = await world.start("tongzhou")
    await tongzhou.mirrored("sanhe", 1)
    pair, now = log.keys.logs["licence"], int(time.time())
    for root in (bytes(32), log.tree().root()):
        log.publish(checkpoint.sign(Checkpoint(ORIGIN, 1, root), pair.log, pair.heartbeat, now))
    await eventually(lambda: tongzhou.garbage("sanhe", "suite.gm_missing") == 2, "both are passed over")
    assert tongzhou.evidence() == []
    assert tongzhou.follower("sanhe").log.frozen is None


async def test_a_network_comes_to_sm2_without_a_pause_and_what_was_signed_before_stays_good(tmp_path: Path) -> None:
    """Keys first, then the policy with an instant ahead: nothing is refused before it, nothing old after it."""
    async with World(tmp_path, "sanhe", "tongzhou") as world:
        sanhe, tongzhou = await world.start("sanhe"), await world.start("tongzhou")
        await sanhe.publish(builders.licence(number=NUMBER))
        await tongzhou.mirrored("sanhe", 1)
        since = int(time.time()) + 6
        enter_gm(world, since)
        await eventually(lambda: tongzhou.node.trust.current.roster.policy, "tongzhou has the policy")
        await eventually(lambda: sanhe.node.trust.current.roster.policy, "sanhe has the policy")
        await sanhe.publish(builders.licence(number=builders.food_number(2)))
        await eventually(lambda: time.time() > since, "the policy is in force")
        await sanhe.publish(builders.licence(number=builders.food_number(3)))
        await tongzhou.mirrored("sanhe", 3)
        assert tongzhou.quarantine() == []
        await eventually(lambda: newest_date(tongzhou) > since, "a heartbeat under the policy")
        for serial in (1, 2, 3):
            assert tongzhou.verdict(builders.food_number(serial)) == "recognised"
        for running in (sanhe, tongzhou):
            await running.audited()


def newest_date(running: Running) -> int:
    return int(running.follower("sanhe").newest[1])


def enter_gm(world: World, since: int) -> None:
    """SM2 keys into every node's folder, and into the roster of all, with the policy from an instant on."""
    found: dict[str, Any] = orjson.loads((world.folder / "sanhe" / "trust" / "roster.json").read_bytes())
    document = copy.deepcopy(found) | {"version": found["version"] + 1}
    for member in document["jurisdictions"]:
        folder = world.folder / member["id"] / "keys"
        for stem, role, family, name in names(NETWORK, member["id"], FAMILIES, ("sm2",)):
            keyfiles.generate(folder / f"{stem}.pem", "sm2")
            make = keyfiles.load_cosigner if role in ("heartbeat", "witness") else keyfiles.load_signer
            families = list(FAMILIES) if family == "*" else [family]
            vkey = make(folder / f"{stem}.pem", name).key.text()
            member["keys"].append({**member["keys"][0], "role": role, "vkey": vkey, "families": families})
    stamp = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    document["policy"] = {"name": "gm", "since": stamp}
    for each in world.jurisdictions:
        (world.folder / each / "trust" / "roster.json").write_bytes(orjson.dumps(document))


async def test_witnesses_cosign_with_both_suites_and_vouch_by_sm2_alone(tmp_path: Path) -> None:
    async with World(tmp_path, "sanhe", "tongzhou", "dachang", gm=True) as world:
        world.agreements = [world.agreement(witnesses=1)]
        world.found()
        sanhe, tongzhou, dachang = await world.start_all()
        await sanhe.publish(builders.licence(number=NUMBER))
        await eventually(lambda: tongzhou.verdict(NUMBER) == "recognised", "another vouches, and so it counts")
        trust = tongzhou.node.trust.current
        given = await eventually(lambda: cosignatures_of(dachang), "dachang has cosigned")
        assert sorted(trust.roster.known_keys[by].vkey.suite.name for by in given) == BOTH_DATED


BOTH_DATED = ["ed25519-cosignature", "sm2-cosignature"]


def cosignatures_of(running: Running) -> set[tuple[str, bytes]]:
    """By whom this node has cosigned the newest checkpoint of sanhe's log: name and key id of each line."""
    note = running.node.witness.newest.get(ORIGIN)
    lines = notes.parse(note, 16).lines if note is not None else ()
    return {(line.name, line.key_id) for line in lines if line.name.endswith("/witness")}
