"""A log forks, everybody keeps the proof; the roster ends it, a successor goes on, verdicts come back (DESIGN §4)."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway import frozen
from gateway.audit import auditor, exporter
from gateway.errors import CannotRun
from gateway.ledger import logbook
from gateway.node import config as node_config
from gateway.node.door import Draft
from gateway.ops import nodefolder
from gateway.ops.recovery import recover
from gateway.trust import keyfiles
from tests.handmade import stamp
from tests.records import builders
from tests.simulator import NETWORK, Running, World, eventually

OLD, NEW = f"{NETWORK}/sanhe/licence", f"{NETWORK}/sanhe/licence.2"
FIRST, SECOND, THIRD = (builders.licence(number=builders.food_number(serial)) for serial in (1, 2, 3))


@dataclass
class Story:
    """Sanhe's licence log, which its stolen keys fork after two records."""

    world: World

    async def forked(self, sanhe: Running, *others: Running) -> None:
        """A thief signs another third record than sanhe does."""
        log = self.world.log_of("sanhe")
        log.add(*logbook.entries(sanhe.node.ledger.read, 1, 0, 2))
        log.serial = 50
        log.add(log.entry(log.fresh()))
        await sanhe.publish(THIRD)
        for each in others:
            await each.mirrored("sanhe", 3)
        log.publish(log.commit())

    def end(self, ended: Mapping[str, Any]) -> None:
        """The roster's second version: the old log ended, its key revoked, a successor with keys of its own."""
        member = self.world.member("sanhe")
        for key in member["keys"]:
            if key["role"] in ("log", "heartbeat") and key["vkey"].startswith(f"{OLD}+"):
                key["revoked"] = {"at": stamp(), "reason": "stolen", "good_below": {OLD: ended["size"]}}
                key["revoked"]["at"] = key["revoked"]["at"][:19] + "Z"
        member["logs"] = [
            {"family": "licence", "origin": OLD, "ended": dict(ended)},
            {"family": "licence", "origin": NEW},
            *(log for log in member["logs"] if log["family"] == "credit"),
        ]
        window = {"not_before": "2020-01-01T00:00:00Z", "not_after": "2040-01-01T00:00:00Z"}
        for role, make in (("log", keyfiles.load_signer), ("heartbeat", keyfiles.load_cosigner)):
            file = self.world.folder / "sanhe" / "keys" / f"{role}-licence.pem"
            file.unlink()
            keyfiles.generate(file)
            vkey = make(file, NEW).key.text()
            member["keys"].append({"role": role, "vkey": vkey, "families": ["licence"], **window})
        self.world.found(version=2, sanhe=member)

    def config(self, jurisdiction: str) -> Path:
        return self.world.folder / jurisdiction / nodefolder.CONFIG


def ended_at(node: Running, size: int) -> dict[str, Any]:
    """What the roster says of sanhe's log, ended with its first leaves."""
    root = logbook.root_at(node.node.ledger.read, 1, size)
    return {"size": size, "root": base64.b64encode(root).decode()}


async def test_a_fork_from_the_proof_to_the_successor(tmp_path: Path) -> None:
    async with World(tmp_path, "sanhe", "tongzhou", "wuqing", served=("sanhe", "tongzhou")) as world:
        story = Story(world)
        sanhe, tongzhou = await world.start("sanhe"), await world.start("tongzhou")
        await sanhe.publish(FIRST, SECOND)
        await story.forked(sanhe, tongzhou)
        await eventually(lambda: tongzhou.follower("sanhe").log.frozen, "frozen by the checkpoint topic")
        assert tongzhou.reasons(FIRST["number"])["in_log"] == "log.frozen"
        await sanhe.node.gossip.round()  # the owner learns of it from its partner
        refusing = sanhe.node.publisher.refusing
        assert refusing is not None
        assert refusing.reason == "log.fork"
        assert sanhe.evidence() == tongzhou.evidence()
        assert [each[:2] for each in sanhe.evidence()] == [(OLD, "log.fork")]
        with pytest.raises(CannotRun) as refused:
            frozen.unfreeze(story.config("tongzhou"), OLD, "we believe sanhe")
        assert refused.value.reason == "unfreeze.not_ended"

        story.end(ended_at(sanhe, 2))
        await sanhe.stop()
        done = await recover(node_config.load(story.config("sanhe")), without=("wuqing",))
        assert [(each.origin, each.size, each.aside) for each in done][:2] == [(OLD, 2, 1), (NEW, 0, 0)]
        sanhe = await world.start("sanhe")
        await sanhe.publish(THIRD)
        await sanhe.publish({**FIRST, "remarks": "changed in the successor"}, kind="jjj.licence.changed")
        assert sanhe.verify(FIRST["number"])["licence"]["remarks"] == "changed in the successor"
        assert sanhe.verdict(SECOND["number"]) == "recognised"

        await tongzhou.mirrored("sanhe", 2, "licence.2")
        assert tongzhou.verdict(SECOND["number"]) == "indeterminate", "until a person decides"
        assert frozen.unfreeze(story.config("tongzhou"), OLD, "roster version 2, council of 2026-11-25") == 0
        await recovered(tongzhou)
        await tongzhou.stop()
        tongzhou = await world.start("tongzhou")
        await recovered(tongzhou)
        await tongzhou.audited()
        await sanhe.audited()

        wuqing = await world.start("wuqing")  # a late joiner
        await recovered(wuqing)
        for log in ("licence", "licence.2"):
            world.same(sanhe, wuqing, "sanhe", log)
            world.same(tongzhou, wuqing, "sanhe", log)
        await exported(world, tmp_path / "export")


async def recovered(node: Running) -> None:
    """Every verdict rests on both logs, the newest record counts, and what lay beyond the end does not."""
    await eventually(lambda: node.verdict(SECOND["number"]) == "recognised", f"{node.id} recognises again")
    await eventually(lambda: node.verdict(THIRD["number"]) == "recognised", f"{node.id} has what was published anew")
    answer = node.verify(FIRST["number"])
    assert (answer["verdict"], answer["licence"]["remarks"]) == ("recognised", "changed in the successor")
    assert [each["origin"] for each in answer["relied_on"]][:2] == [OLD, NEW]
    assert node.size("sanhe") == 2
    history = node.node.counter.licence("sanhe", answer["subject"])
    assert history is not None
    assert [(each["log"], each["index"]) for each in history["history"]] == [(OLD, 0), (NEW, 1)]
    assert history["present"]["log"] == NEW


async def exported(world: World, folder: Path) -> None:
    """An export of a node that saw it audits clean, and names the evidence."""
    await exporter.export(folder, world.urls["tongzhou"])
    report = await auditor.audit(str(folder))
    assert report.ok, [finding.en for finding in report.findings]
    assert [each for each in report.notices if "log.fork" in each]
    [file] = (folder / "evidence").glob("*.json")
    assert frozen.check(file, folder / "trust", as_json=False) == 0
    shutil.copy(file, folder / "evidence" / "another.json")
    assert not (await auditor.audit(str(folder))).ok, "a file that the sums do not name"


async def test_a_reader_of_the_other_branch_keeps_the_proof_and_comes_over(tmp_path: Path) -> None:
    """It was shown the thief's records alone; the roster then names the owner's tree as the one that counts."""
    async with World(tmp_path, "sanhe", "tongzhou", served=("sanhe",)) as world:
        story = Story(world)
        sanhe = await world.start("sanhe")
        await sanhe.publish(FIRST, SECOND)
        tongzhou = await world.start("tongzhou")
        await tongzhou.mirrored("sanhe", 2)
        thief = world.log_of("sanhe")
        thief.add(*logbook.entries(sanhe.node.ledger.read, 1, 0, 2))
        thief.serial, thief.sent = 50, 2
        thief.add(thief.entry(thief.fresh()), thief.entry(thief.fresh())).send()
        await tongzhou.mirrored("sanhe", 4)
        await sanhe.stop()
        with world.bus_away("sanhe"):
            sanhe = await world.start("sanhe")
            await sanhe.publish(THIRD)
            ended = ended_at(sanhe, 3)
            await sanhe.stop()
        story.end(ended)
        await recover(node_config.load(story.config("sanhe")), without=("tongzhou",))
        await world.start("sanhe")
        await eventually(lambda: tongzhou.verdict(THIRD["number"]) == "recognised", "it holds the owner's third record")
        assert [each[1] for each in tongzhou.evidence()] == ["log.ended"]
        assert tongzhou.size("sanhe") == 3
        assert len(list((tmp_path / "tongzhou" / "data").glob("aside-sanhe-licence-*.ndjson"))) == 1
        await tongzhou.audited()


async def test_a_lost_log_goes_on_in_its_successor(tmp_path: Path) -> None:
    """The disk is gone, and so are the newest records: partners give back what the roster names."""
    async with World(tmp_path, "sanhe", "tongzhou", served=("sanhe", "tongzhou")) as world:
        story = Story(world)
        sanhe, tongzhou = await world.start("sanhe"), await world.start("tongzhou")
        await sanhe.publish(FIRST, SECOND)
        await tongzhou.mirrored("sanhe", 2)
        ended = ended_at(sanhe, 2)
        await sanhe.stop()
        data = tmp_path / "sanhe" / "data"
        for file in (*data.glob("*.sqlite*"), data / "licence.highwater"):
            file.unlink()
        story.end(ended)
        await recover(node_config.load(story.config("sanhe")))
        sanhe = await (await world.start("sanhe")).sealing()
        await eventually(lambda: sanhe.verdict(FIRST["number"]) == "recognised", "its old licences stand")
        await sanhe.publish(THIRD)
        await eventually(lambda: tongzhou.verdict(THIRD["number"]) == "recognised", "the successor is followed")
        assert tongzhou.verdict(FIRST["number"]) == "recognised", "nobody was frozen: nobody has to decide"
        [again] = await sanhe.node.publisher.publish([Draft("jjj.licence.issued", THIRD)])
        assert again.status == "duplicate"
        await sanhe.audited()
