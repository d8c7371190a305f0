"""A log forks, everybody keeps the proof; the roster ends it, a successor goes on, verdicts come back (DESIGN §4)."""

from __future__ import annotations

import datetime
import shutil
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from gateway import frozen
from gateway.audit import auditor, exporter
from gateway.errors import CannotRun
from gateway.ledger import logbook
from gateway.node import config as node_config
from gateway.node.door import Draft
from gateway.ops import nodefolder
from gateway.ops.followfiles import DailyFiles
from gateway.ops.following import Wanted, follow
from gateway.ops.recovery import recover
from gateway.ops.succeeding import Prepared, prepare
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
        assert await self.followed() == [(OLD, 0, None), (OLD, 1, None), (OLD, 2, None)]
        log.publish(log.commit())

    async def followed(self) -> list[tuple[str, int, str | None]]:
        """What a department that follows tongzhou's node has been told: log, index, why it is taken back."""
        out = self.world.folder / "department"
        with DailyFiles(out) as sink:
            code = await follow(Wanted(self.world.urls["tongzhou"], "tongzhou"), sink, once=True, say=print)
        assert code == 0
        [file] = out.glob("[0-9]*[0-9].ndjson")
        lines = [orjson.loads(line) for line in file.read_bytes().splitlines()]
        return [(line["log"], line["index"], line.get("because")) for line in lines]

    def end(self, size: int) -> None:
        """The roster's second version: the old log ended, its key revoked, a successor with keys of its own."""
        self.enter(prepare(node_config.load(self.config("sanhe")), "licence", size))

    def enter(self, prepared: Prepared) -> None:
        """What the owner has prepared, in everybody's roster."""
        made = prepared.members(datetime.date(2020, 1, 1))
        member = self.world.member("sanhe")
        for key in member["keys"]:
            if key["role"] in ("log", "heartbeat") and key["vkey"].startswith(f"{prepared.old}+"):
                key["revoked"] = {"at": stamp(), "reason": "stolen", "good_below": {prepared.old: prepared.ended.size}}
                key["revoked"]["at"] = key["revoked"]["at"][:19] + "Z"
        member["logs"] = [*made["logs"], *(log for log in member["logs"] if log["family"] != prepared.family)]
        member["keys"] += [{**key, "not_after": "2040-01-01T00:00:00Z"} for key in made["keys"]]
        self.world.found(version=2, sanhe=member)

    def config(self, jurisdiction: str) -> Path:
        return self.world.folder / jurisdiction / nodefolder.CONFIG


async def test_a_fork_from_the_proof_to_the_successor(tmp_path: Path) -> None:
    async with World(tmp_path, "sanhe", "tongzhou", "wuqing", served=("sanhe", "tongzhou")) as world:
        story = Story(world)
        sanhe, tongzhou = await world.start("sanhe"), await world.start("tongzhou")
        await sanhe.publish(FIRST, SECOND)
        await story.forked(sanhe, tongzhou)
        await eventually(lambda: tongzhou.follower("sanhe").log.frozen, "frozen by the checkpoint topic")
        assert tongzhou.reasons(FIRST["number"])["in_log"] == "log.frozen"
        await sanhe.node.gossip.round()  # the owner learns of it from its partner
        assert "log.fork" in str(sanhe.node.publisher.refusing)
        assert sanhe.evidence() == tongzhou.evidence()
        assert [each[:2] for each in sanhe.evidence()] == [(OLD, "log.fork")]
        with pytest.raises(CannotRun) as refused:
            frozen.unfreeze(story.config("tongzhou"), OLD, "we believe sanhe")
        assert refused.value.reason == "unfreeze.not_ended"

        with pytest.raises(CannotRun, match=r"successor\.not_sealed"):
            story.end(7)
        story.end(2)
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
        assert (await story.followed())[3:] == [(OLD, 2, "refused"), (NEW, 0, None), (NEW, 1, None)]

        wuqing = await world.start("wuqing")  # a late joiner
        await recovered(wuqing)
        for log in ("licence", "licence.2"):
            world.same(sanhe, wuqing, "sanhe", log)
            world.same(tongzhou, wuqing, "sanhe", log)
        await exported(world, tmp_path / "export")


def status(node: Running, log: str) -> str:
    """Of the first record in one of sanhe's logs."""
    found = node.node.counter.record_at("sanhe", log, 0)
    return found["status"] if found is not None else "none"


async def recovered(node: Running) -> None:
    """Every verdict rests on both logs, the newest record counts, and what lay beyond the end does not."""
    await eventually(lambda: node.verdict(SECOND["number"]) == "recognised", f"{node.id} recognises again")
    await eventually(lambda: node.verdict(THIRD["number"]) == "recognised", f"{node.id} has what was published anew")
    answer = node.verify(FIRST["number"])
    assert (answer["verdict"], answer["licence"]["remarks"]) == ("recognised", "changed in the successor")
    assert [each["origin"] for each in answer["relied_on"]][:2] == [OLD, NEW]
    assert node.size("sanhe") == 2
    await eventually(lambda: status(node, "licence.2") == "witnessed", "a successor is witnessed like any log")
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
            await sanhe.stop()
        story.end(3)
        await recover(node_config.load(story.config("sanhe")), without=("tongzhou",))
        await world.start("sanhe")
        await eventually(lambda: tongzhou.verdict(THIRD["number"]) == "recognised", "it holds the owner's third record")
        assert "log.ended" in [each[1] for each in tongzhou.evidence()]
        assert tongzhou.size("sanhe") == 3
        assert len(list((tmp_path / "tongzhou" / "data").glob("aside-sanhe-licence-*.ndjson"))) == 1
        await tongzhou.audited()


async def test_a_lost_log_goes_on_in_its_successor(tmp_path: Path) -> None:
    """The disk is gone, and so are the newest records: partners give back what the roster names."""
    async with World(tmp_path, "sanhe", "tongzhou", "wuqing", served=("sanhe", "tongzhou")) as world:
        world.configure("wuqing", "bus", kind="tiles")  # has no route to the bus
        story = Story(world)
        sanhe, tongzhou = await world.start("sanhe"), await world.start("tongzhou")
        await sanhe.publish(FIRST, SECOND)
        await tongzhou.mirrored("sanhe", 2)
        await sanhe.stop()
        prepared = prepare(node_config.load(story.config("sanhe")), "licence", 2)
        data = tmp_path / "sanhe" / "data"
        for file in (*data.glob("*.sqlite*"), data / "licence.highwater"):
            file.unlink()
        story.enter(prepared)
        await recover(node_config.load(story.config("sanhe")), without=("wuqing",))
        sanhe = await (await world.start("sanhe")).sealing()
        await eventually(lambda: sanhe.verdict(FIRST["number"]) == "recognised", "its old licences stand")
        await sanhe.publish(THIRD)
        await eventually(lambda: tongzhou.verdict(THIRD["number"]) == "recognised", "the successor is followed")
        assert tongzhou.verdict(FIRST["number"]) == "recognised", "nobody was frozen: nobody has to decide"
        [again] = await sanhe.node.publisher.publish([Draft("jjj.licence.issued", THIRD)])
        assert again.status == "duplicate"
        wuqing = await world.start("wuqing")
        await eventually(lambda: wuqing.verdict(THIRD["number"]) == "recognised", "by tiles alone")
        assert wuqing.verdict(FIRST["number"]) == "recognised"
        await sanhe.audited()


async def test_a_credit_fact_is_told_by_its_newest_record_whichever_log_holds_it(tmp_path: Path) -> None:
    """Recorded in the log that was retired, repaired in its successor; what nobody repaired still stands."""
    async with World(tmp_path, "sanhe") as world:
        story, holder = Story(world), {"holder": FIRST["holder"]}
        facts = [builders.credit(number=f"示例处罚〔2026〕{serial}号", **holder) for serial in (1, 2)]
        sanhe = await world.start("sanhe")
        await sanhe.publish(FIRST)
        await sanhe.publish(*facts, kind="jjj.credit.recorded")
        assert len(sanhe.verify(FIRST["number"])["credit"]["facts"]) == 2
        config = node_config.load(story.config("sanhe"))
        story.enter(prepare(config, "credit", 2))
        await eventually(lambda: "log.ended" in str(sanhe.node.publisher.refusing), "nothing is sealed beyond the end")
        await sanhe.stop()
        await recover(config)
        sanhe = await world.start("sanhe")
        await sanhe.publish({**facts[0], "state": "repaired"}, kind="jjj.credit.repaired")
        [left] = sanhe.verify(FIRST["number"])["credit"]["facts"]
        assert left["subject"].endswith("2号")
        records = sanhe.node.counter.subject(FIRST["holder"]["uscc"])["records"]
        assert sorted(found["family"] for found in records) == ["credit", "licence"]
        await sanhe.audited()
