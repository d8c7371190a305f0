"""Six jurisdictions as one another's witnesses: logged, then witnessed; too few; a split view; a late joiner."""

from __future__ import annotations

import asyncio
import os
from contextlib import closing
from pathlib import Path

import pytest

from gateway.bus.embedded_topic import TopicFile
from gateway.ledger import checkpoint, cosignatures, logbook
from gateway.ledger.witnessmarks import MARKS_FILE, WitnessMarks
from gateway.trust import notes
from tests.flows.killed_process import KILLED, nursery
from tests.node.parts import draft
from tests.records.builders import food_number
from tests.simulator import NETWORK, Running, World, eventually

SOAK = os.environ.get("JJJ_SOAK", "") not in ("", "0")
SANHE = f"{NETWORK}/sanhe/licence"


def witness_names(node: Running, size: int, source: str = "sanhe") -> set[str]:
    """Jurisdictions whose cosignature on a size of a log a node keeps."""
    database = node.node.ledger if node.id == source else node.node.mirrors
    held = logbook.find_log(database.read, f"{NETWORK}/{source}/licence")
    assert held is not None
    return {each.name.split("/")[1] for each in cosignatures.at(database.read, held.number, size)}


def status(node: Running, record_id: str) -> tuple[str, list[str]]:
    found = node.node.counter.record_by_id(record_id)
    return ("", []) if found is None else (found["status"], [name.split("/")[1] for name in found["witnesses"]])


async def test_a_record_is_logged_then_witnessed_by_those_who_run(tmp_path: Path) -> None:
    """Three of five witnesses run: enough for three, too few for four."""
    async with World(tmp_path, "sanhe", "tongzhou", "dachang", "binhai", "xiongan", "xianghe") as world:
        world.agreements = [
            world.agreement(id="three", witnesses=3, recognised_by=["tongzhou"]),
            world.agreement(id="four", witnesses=4, recognised_by=["dachang"]),
        ]
        world.found()
        sanhe, tongzhou, dachang, binhai = [
            await world.start(each) for each in ("sanhe", "tongzhou", "dachang", "binhai")
        ]
        (receipt,) = await sanhe.publish(draft(1).data)
        await eventually(lambda: status(sanhe, receipt.id)[0] == "witnessed", "the owner knows of a witness")
        running = ["binhai", "dachang", "tongzhou"]
        for node in (sanhe, tongzhou, dachang, binhai):
            await eventually(lambda n=node: status(n, receipt.id) == ("witnessed", running), f"{node.id} knows all")
        number = food_number(1)
        assert "witnessed" not in tongzhou.reasons(number)
        relied = tongzhou.verify(number)["relied_on"][0]
        assert [name.split("/")[1] for name in relied["witnesses"]] == running
        assert dachang.reasons(number)["witnessed"] == "witnessed.too_few"
        for node in (sanhe, tongzhou):
            await node.audited()


async def test_a_split_view_is_found_through_cosignatures_and_both_freeze(tmp_path: Path) -> None:
    """Sanhe shows one tree on its topic and another over HTTP. Who sees the second when the first was cosigned knows at
    once, and tells: so does the one who has cosigned the first.
    """
    async with World(tmp_path, "sanhe", "tongzhou", "dachang", served=("sanhe",)) as world:
        world.configure("dachang", "bus.at.sanhe", tiles=True)
        on_topic, over_http = world.log_of("sanhe"), world.log_of("sanhe")
        for log in (on_topic, over_http):
            log.add(*(log.entry(log.fresh()) for _ in range(3)))
            log.commit()
        world.append("sanhe", *(on_topic.message(at, on_topic.seals[0] if at == 2 else None) for at in range(3)))
        async with over_http.served():
            tongzhou = await world.start("tongzhou")
            on_topic.publish()
            await eventually(lambda: witness_names(tongzhou, 3) == {"tongzhou"}, "tongzhou cosigns what it sees")
            assert tongzhou.evidence() == []
            dachang = await world.start("dachang")
            for node in (tongzhou, dachang):
                await eventually(lambda n=node: n.follower("sanhe").log.frozen == "log.fork", f"{node.id} freezes")
                ((origin, reason, first, second),) = node.evidence()
                assert (origin, reason) == (SANHE, "log.fork")
                roots = {checkpoint.parse_text(notes.parse(note, 9).text).root for note in (first, second)}
                assert roots == {on_topic.tree().root(), over_http.tree().root()}
            assert tongzhou.reasons(food_number(1))["in_log"] == "log.frozen"
        again = await restarted(tongzhou)
        assert again.follower("sanhe").log.frozen == "log.fork", "no restart forgets it"


async def test_a_late_joiner_learns_old_cosignatures(tmp_path: Path) -> None:
    """Who joins when a witness has long gone finds its line in the owner's history, and exports and audits carry it."""
    async with World(tmp_path, "sanhe", "tongzhou", "dachang", served=("sanhe",)) as world:
        sanhe, tongzhou = await world.start("sanhe"), await world.start("tongzhou")
        await sanhe.publish(draft(1).data)
        await eventually(lambda: "tongzhou" in witness_names(sanhe, 1), "the owner knows of the witness")
        await tongzhou.stop()
        await sanhe.publish(draft(2).data)
        (world.folder / "bus" / "jjj.tongzhou.checkpoint.sqlite").unlink()
        dachang = await world.start("dachang")
        await dachang.mirrored("sanhe", 2)
        await eventually(lambda: "tongzhou" in witness_names(dachang, 1), "the late joiner knows of it")
        assert witness_names(dachang, 2) <= {"dachang"}
        for node in (sanhe, dachang):
            await node.audited()
        world.same(sanhe, dachang, "sanhe")


async def test_a_witness_without_a_bus_is_heard_and_hears(tmp_path: Path) -> None:
    """Tongzhou follows by tiles and is followed so: its cosignatures count elsewhere, and others' count there."""
    async with World(tmp_path, "sanhe", "tongzhou", "dachang", served=("sanhe", "tongzhou", "dachang")) as world:
        world.configure("tongzhou", "bus", kind="tiles")
        world.configure("sanhe", "bus.at.tongzhou", tiles=True)
        world.configure("dachang", "bus.at.tongzhou", tiles=True)
        nodes = await world.start_all()
        (receipt,) = await nodes[0].publish(draft(1).data)
        for node in nodes:
            await eventually(lambda n=node: len(status(n, receipt.id)[1]) == 2, f"{node.id} knows both witnesses")


async def restarted(running: Running) -> Running:
    await running.stop()
    return await running.world.start(running.id)


PLACES = (
    "witness.mark.before",
    "witness.mark.after",
    "witness.transaction",
    "witness.send.before",
    "witness.send.after",
)
"""``send.before`` lies between the transaction and the sending; the others are for JJJ_SOAK."""


@pytest.mark.parametrize("place", PLACES if SOAK else PLACES[3:4])
async def test_a_witness_killed_at_any_step_never_goes_back(tmp_path: Path, place: str) -> None:
    async with World(tmp_path, "sanhe", "tongzhou") as world, nursery(tmp_path) as nodes:
        sanhe = await world.start("sanhe")
        (receipt,) = await sanhe.publish(draft(1).data)
        config = world.folder / "tongzhou" / "node.toml"
        child = await nodes.bear(config, place, times=2)
        serial = 1
        while not child.ended.done():
            serial += 1
            await sanhe.publish(draft(serial).data)
            await _a_while(child.ended)
        assert (await child.gone(), child.died["died"]) == (KILLED, place)
        size = sanhe.node.publisher.logs["licence"].own.size
        left = WitnessMarks(world.folder / "tongzhou" / "data" / MARKS_FILE)
        mark = left.of(SANHE)
        left.close()
        child = await nodes.bear(config)
        assert await child.settled()
        await eventually(lambda: "tongzhou" in witness_names(sanhe, size), "it goes on")
        assert status(sanhe, receipt.id) == ("witnessed", ["tongzhou"])
        assert await child.end() == 0
        said = cosigned_sizes(world, "tongzhou")
        assert said == sorted(said)
        assert mark is None or mark[1] == logbook.root_at(sanhe.node.ledger.read, 1, mark[0])
        assert mark is None or mark[0] <= said[-1]
        assert WitnessMarks(world.folder / "tongzhou" / "data" / MARKS_FILE).of(SANHE) is not None
        await sanhe.audited()
        assert sanhe.node.publisher.refusing is None


async def _a_while(ended: asyncio.Future[int]) -> None:
    """Until a node has ended, or long enough for one more checkpoint to be published and cosigned."""
    await asyncio.wait([ended], timeout=1.0)


def cosigned_sizes(world: World, witness: str) -> list[int]:
    """The sizes of sanhe's log that a witness has sent to its own topic, in the order in which it sent them."""
    key = f"{SANHE} {NETWORK}/{witness}/witness".encode()
    with closing(TopicFile.made(world.folder / "bus" / f"jjj.{witness}.checkpoint.sqlite", busy_s=5)) as file:
        found = [received.message.value for received in file.page(0, 10_000, 1 << 24)[1] if received.message.key == key]
    return [checkpoint.parse_text(notes.parse(note, 9).text).size for note in found]
