"""Every key of two nodes is rotated while records are published: nobody stops, nothing is refused, all of it verifies.

Each round makes the next key of every role with the command that administrators use, enters it in the roster with a
window that overlaps the old one's, and goes on until the old key has ended. `JJJ_SOAK=1` turns the keys eight times.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.audit import auditor, exporter
from gateway.errors import CannotRun
from gateway.instants import format_time
from gateway.ledger import logbook
from gateway.node import config as node_config
from gateway.node.door import Draft
from gateway.ops import keying, nodefolder, slips
from gateway.trust import notes
from tests.records import builders
from tests.simulator import FAMILIES, Running, World, eventually

ROUNDS = 8 if os.environ.get("JJJ_SOAK") else 1
NODES = ("sanhe", "tongzhou")
AUTHORITY = {"role": "authority", "uscc": builders.ISSUER}
ROLES = [{"role": role} for role in ("record", "witness", "verdict")] + [AUTHORITY]
ROLES += [{"role": role, "family": family} for role in ("log", "heartbeat") for family in FAMILIES]
AHEAD_S, OVERLAP_S = 4, 1
"""The new keys begin so long after the roster is given out, and the old ones end so long after that."""


@dataclass
class Rotation:
    """A network whose keys are turned. ``members``: as the roster names them now; ``ends``: of the old keys, s."""

    world: World
    members: dict[str, dict[str, Any]]
    version: int = 1
    ends: int = 0
    published: int = 0
    slips: list[str] = field(default_factory=list)

    def make_keys(self) -> dict[str, list[dict[str, Any]]]:
        """The next key of every role of every node; they wait in their folders."""
        now, made = int(time.time()), {}
        for each in NODES:
            config = node_config.load(self.world.folder / each / nodefolder.CONFIG)
            made[each] = [keying.new(config, at=now, **role).entry for role in ROLES]
        return made

    def enter(self, made: Mapping[str, list[dict[str, Any]]]) -> None:
        """The administrators end the old keys and enter the new ones, overlapping; every node gets the roster."""
        begins = int(time.time()) + AHEAD_S
        self.ends, self.version = begins + OVERLAP_S, self.version + 1
        for each, entries in made.items():
            for old in self.members[each]["keys"]:
                old["not_after"] = min(old["not_after"], instant(self.ends))
            new = [{**entry, "not_before": instant(begins), "not_after": "2040-01-01T00:00:00Z"} for entry in entries]
            self.members[each]["keys"] += new
        roster = {"version": self.version, "network": self.world.network, "jurisdictions": list(self.members.values())}
        for each in NODES:
            written = self.world.folder / each / "trust" / "roster.new"
            written.write_bytes(orjson.dumps(roster))
            written.replace(written.with_name("roster.json"))

    def begin(self) -> None:
        """The issuing authority of each node leaves its signing to it, from the start."""
        for each in NODES:
            config = node_config.load(self.world.folder / each / nodefolder.CONFIG)
            entry = keying.new(config, at=int(time.time()), **AUTHORITY).entry
            self.members[each]["keys"].append({**entry, "not_after": "2040-01-01T00:00:00Z"})
        self.world.found(**self.members)

    async def publish(self, sanhe: Running, stop: asyncio.Event) -> None:
        """Records without a pause, until told to stop; every one of them must be logged."""
        while not stop.is_set():
            serials = range(self.published + 1, self.published + 6)
            await sanhe.publish(*(builders.licence(number=builders.food_number(serial)) for serial in serials))
            self.published += len(serials)
            await asyncio.sleep(0.02)

    async def ask(self, tongzhou: Running, serial: int) -> None:
        """A verdict is asked at the counter, and its slip kept."""
        number = builders.food_number(serial)
        await eventually(lambda: tongzhou.verdict(number) == "recognised", f"{number} is recognised")
        self.slips.append(tongzhou.verify(number)["slip"])


def instant(seconds: int) -> str:
    return format_time(seconds * 1000).replace(".000Z", "Z")


def key_ids(node: Running) -> set[bytes]:
    """Ids of the keys that a node signs with now."""
    now, keys = int(time.time()), node.node.keys
    rings = (*(keys.record(family) for family in FAMILIES), keys.witness, keys.verdict)
    logs = [key for pair in (keys.log(family, now) for family in FAMILIES) for key in (pair.log, pair.heartbeat)]
    chosen: list[Any] = [*keys.authorities(now).values(), *(ring.at(now) for ring in rings), logs]
    return {signer.key.key_id for each in chosen for signer in each}


def signers_of(note: bytes) -> set[bytes]:
    return {line.key_id for line in notes.parse(note, 128).lines}


@asynccontextmanager
async def under_load(rotation: Rotation, sanhe: Running) -> AsyncIterator[None]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(rotation.publish(sanhe, stop))
        yield
        stop.set()


async def turn(rotation: Rotation, sanhe: Running, tongzhou: Running) -> None:
    """One rotation of every key of both nodes."""
    await rotation.ask(tongzhou, rotation.published)
    before = [key_ids(node) for node in (sanhe, tongzhou)]
    made = rotation.make_keys()
    await eventually(lambda: len(sanhe.node.keys.held("record")) == rotation.version + 1, "the new file is taken up")
    assert [key_ids(node) for node in (sanhe, tongzhou)] == before, "a key that no roster names has signed"
    rotation.enter(made)
    await eventually(lambda: time.time() > rotation.ends + 1, "the old keys have ended")
    after = [key_ids(node) for node in (sanhe, tongzhou)]
    assert not any(old & new for old, new in zip(before, after, strict=True))
    await rotation.ask(tongzhou, rotation.published)
    cosigner, origin = tongzhou.node.keys.witness.at(int(time.time()))[0].key.key_id, "jjj.test/sanhe/licence"
    await eventually(lambda: cosigner in signers_of(tongzhou.node.witness.newest[origin]), "the new key cosigns")


async def test_every_key_is_rotated_under_load_and_nothing_is_lost(tmp_path: Path) -> None:
    async with World(tmp_path, *NODES) as world:
        rotation = Rotation(world, {each: world.member(each) for each in NODES})
        rotation.begin()
        sanhe, tongzhou = await world.start_all()
        await sanhe.sealing()
        async with under_load(rotation, sanhe):
            await eventually(lambda: rotation.published, "something is published")
            for _ in range(ROUNDS):
                await turn(rotation, sanhe, tongzhou)
        await sanhe.sent()
        await tongzhou.mirrored("sanhe", rotation.published)
        world.same(sanhe, tongzhou, "sanhe")
        nothing_was_refused(tongzhou)
        every_key_has_signed(rotation, sanhe)
        every_slip_verifies(rotation, world)
        for node in (sanhe, tongzhou):
            await node.audited()
        await an_export_audits_clean(rotation, tmp_path)


def nothing_was_refused(tongzhou: Running) -> None:
    assert tongzhou.quarantine() == []
    assert tongzhou.evidence() == []
    assert [tongzhou.garbage("sanhe", f"key.{fault}") for fault in ("unknown", "early", "expired")] == [0, 0, 0]


def every_key_has_signed(rotation: Rotation, sanhe: Running) -> None:
    """Seals and records of the one log bear the signatures of all its keys, one after the other."""
    connection, number = sanhe.node.ledger.read, sanhe.node.publisher.logs["licence"].own.log.number
    seals = [signers_of(seal.note) for seal in logbook.seals(connection, number, 0, 1 << 20)]
    entries = [signers_of(entry) for entry in logbook.entries(connection, number, 0, 1 << 20)]
    assert len(set.union(*seals)) == 2 * (ROUNDS + 1), "a log and a heartbeat key each"
    assert len(set.union(*entries)) == 2 * (ROUNDS + 1), "a record key and an authority's each"
    assert all(len(each) == 2 for each in entries)
    assert all(len(each) == 2 for each in seals)
    assert rotation.published == len(entries)


def every_slip_verifies(rotation: Rotation, world: World) -> None:
    trust = world.folder / "sanhe" / "trust"
    found = [slips.read(slip.encode(), trust).answer["verdict"] for slip in rotation.slips]
    assert found == ["recognised"] * 2 * ROUNDS
    assert len({key_id for slip in rotation.slips for key_id in signers_of(slip.encode())}) == ROUNDS + 1


async def an_export_audits_clean(rotation: Rotation, folder: Path) -> None:
    exported = folder / "export"
    await exporter.export(exported, str(folder / "tongzhou"))
    lines = (exported / "vkeys.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(NODES) * len(ROLES) * (ROUNDS + 1), "a line for every key ever used"
    report = await auditor.audit(str(exported))
    assert (report.findings, report.records) == ((), rotation.published)


async def test_a_node_without_good_keys_goes_on_mirroring_and_publishes_again_by_a_roster_alone(tmp_path: Path) -> None:
    async with World(tmp_path, *NODES) as world:
        sanhe, tongzhou = await world.start_all()
        await tongzhou.publish(builders.licence())
        await sanhe.mirrored("tongzhou", 1)
        ended = [{**key, "not_after": "2026-01-01T00:00:00Z"} for key in world.member("tongzhou")["keys"]]
        world.found(tongzhou={"keys": ended})
        await eventually(lambda: tongzhou.node.keys.faults(int(time.time()), ["record"]), "the roster is in force")
        with pytest.raises(CannotRun, match=r"key\.none_good.* to 2026-01-01.*keys new DIR --role record"):
            await tongzhou.node.publisher.publish([Draft("jjj.licence.issued", builders.licence())])
        await sanhe.publish(builders.licence(number=builders.food_number(2)))
        await tongzhou.mirrored("sanhe", 1)
        beats = tongzhou.node.publisher.logs["licence"].own.newest
        world.found()
        await eventually(lambda: not tongzhou.node.keys.faults(int(time.time()), ["record"]), "good keys again")
        await tongzhou.publish(builders.licence(number=builders.food_number(3)))
        assert beats.size == 1
        await eventually(lambda: sanhe.verdict(builders.food_number(3)) == "recognised", "and partners rely on it")
        await tongzhou.audited()
