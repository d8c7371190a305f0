"""Acknowledgement ``replicated``: nothing of a batch is shown over HTTP before the bus has it; nothing is lost or
doubled when the bus returns; and a bus that is away stops neither mirroring nor verifying (DESIGN §6, laws 4 and 5).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.bus.embedded import EmbeddedBus
from gateway.ledger import checkpoint
from gateway.node import acknowledgement
from gateway.trust import notes
from tests.records import builders
from tests.simulator import Running, World, eventually

OLD_NAME, NEW_NAME = "示例甲食品有限公司", "示例乙食品有限公司"
IDS = [builders.record_id(number) for number in range(10)]
NUMBERS = [builders.food_number(serial) for serial in range(10)]
NEVER_S = 600.0
TYPE = builders.TYPE_CODES["permit"][0]
ORIGIN, LOG = "jjj.test/sanhe/licence", "/logs/sanhe/licence"


def licence(serial: int, name: str = OLD_NAME, **members: Any) -> dict[str, Any]:
    """A draft; each serial another subject, and another id."""
    data = builders.licence(number=NUMBERS[serial], **members)
    data["holder"] = {**data["holder"], "name": name}
    return {"type": "jjj.licence.issued", "id": IDS[serial], "data": data}


def renamed(serial: int, number: int) -> dict[str, Any]:
    """A later record of a subject, of another id, that gives its holder another name."""
    return {**licence(serial, NEW_NAME), "type": "jjj.licence.changed", "id": IDS[number]}


@dataclass
class Counter:
    """The owner's node over HTTP."""

    world: World
    owner: Running
    http: aiohttp.ClientSession

    @property
    def own(self) -> Any:
        return self.owner.node.publisher.logs["licence"].own

    async def publish(self, *drafts: Mapping[str, Any]) -> Any:
        """The receipts; or status and reason of a problem."""
        async with self.http.post("/v1/records", json=drafts) as answer:
            body = await answer.json(content_type=None)
            return body if answer.status == 200 else (answer.status, body["reason"])

    async def sealed(self, size: int) -> None:
        await eventually(lambda: self.own.size >= size, f"{size} leaves are sealed")

    async def shows(self) -> dict[str, Any]:
        """All that anybody is told of the log, but for what goes on by itself: ages, instants, slips."""
        paths = [f"{LOG}/checkpoint", f"{LOG}/history/0", "/v1/quarantine"]
        paths += [f"{LOG}/tile/{what}.p/{width}" for what in ("0/000", "entries/000") for width in (1, 2, 3)]
        paths += [f"/v1/records/sanhe/licence/{leaf}" for leaf in (0, 1, 2)]
        paths += [f"/v1/records/sanhe/licence/{leaf}/proof" for leaf in (0, 1, 2)]
        paths += [f"/v1/records?id={each}" for each in IDS[:3]]
        paths += [f"/v1/search?q={each}" for each in (*NUMBERS[:3], OLD_NAME, NEW_NAME, "乙食品", builders.HOLDER)]
        paths += [f"/v1/licences?source=sanhe&subject={TYPE}:{each}" for each in NUMBERS[:3]]
        paths += [f"/v1/subjects/{builders.HOLDER}"]
        found: dict[str, Any] = {path: await self._body(path) for path in paths}
        found["verdicts"] = [await self._verdict(number) for number in NUMBERS[:3]]
        logs = (await self._json("/v1/logs"))["logs"]
        found["logs"] = [(log["size"], log["root"], log["checkpoint"]) for log in logs if log["origin"] == ORIGIN]
        network = (await self._json("/v1/network"))["jurisdictions"]
        found["network"] = [(log["origin"], log["size"]) for each in network if each["own"] for log in each["logs"]]
        lines = (await self._body("/metrics"))[1].decode().splitlines()
        sizes = f'jjj_log_size{{origin="{ORIGIN}"}}'
        found["metrics"] = [line for line in lines if line.startswith((sizes, "jjj_receipts_total"))]
        return found

    async def _body(self, path: str) -> tuple[int, bytes]:
        async with self.http.get(path) as answer:
            return answer.status, await answer.read()

    async def _json(self, path: str) -> Any:
        async with self.http.get(path) as answer:
            return await answer.json()

    async def _verdict(self, number: str) -> Any:
        async with self.http.post("/v1/verifications", json={"number": number, "source": "sanhe"}) as answer:
            found = await answer.json()
            reasons = [each["reason"] for each in found["checks"]]
            return found["verdict"], found["subject"], found.get("licence"), reasons

    def checkpoint_size(self) -> int:
        shown = self.own.shown
        return 0 if shown is None else checkpoint.parse_text(notes.parse(shown.note, 9).text).size


def founded(folder: Path, *, within_s: float = NEVER_S, heartbeat_s: float = 3600.0) -> World:
    world = World(folder, "sanhe", "tongzhou", heartbeat_s=heartbeat_s, served=("sanhe", "tongzhou"))
    for each in world.jurisdictions:
        world.configure(each, acknowledgement="replicated", acknowledge_within_s=min(within_s, 600))
    return world


@asynccontextmanager
async def counter(world: World, jurisdiction: str = "sanhe", *, seals: bool = True) -> AsyncIterator[Counter]:
    owner = await world.start(jurisdiction)
    async with aiohttp.ClientSession(world.urls[jurisdiction]) as http:
        if seals:
            await owner.sealing()
        yield Counter(world, owner, http)
    await owner.stop()


def places(receipts: Any) -> list[tuple[Any, ...]]:
    return [(each["status"], each["index"], each["size"]) for each in receipts]


async def still(waiting: asyncio.Task[Any]) -> bool:
    """Whether it goes on waiting while other things get their turn."""
    await asyncio.wait([waiting], timeout=0.2)
    return not waiting.done()


async def test_nothing_of_a_batch_is_shown_before_the_bus_has_it(tmp_path: Path) -> None:
    async with founded(tmp_path) as world, counter(world) as desk:
        (first,) = await desk.publish(licence(0))
        assert (first["status"], first["size"]) == ("logged", 1)
        before = await desk.shows()
        with world.bus_away("sanhe"):
            waiting = asyncio.create_task(desk.publish(renamed(0, 1), licence(2, NEW_NAME)))
            await desk.sealed(3)
            assert await desk.shows() == before
            assert await still(waiting)
        receipts = await waiting
        assert places(receipts) == [("logged", 1, 3), ("logged", 2, 3)]
        after = await desk.shows()
        assert desk.checkpoint_size() == 3
        same = [path for path in before if after[path] == before[path]]
        assert same == [
            "/v1/quarantine",
            f"{LOG}/tile/0/000.p/1",
            f"{LOG}/tile/entries/000.p/1",
            "/v1/records/sanhe/licence/0",
            f"/v1/records?id={IDS[0]}",
            f"/v1/search?q={NUMBERS[1]}",
            f"/v1/licences?source=sanhe&subject={TYPE}:{NUMBERS[1]}",
        ]
        await desk.owner.sent()
        await desk.owner.audited()


async def test_an_answer_that_tells_of_a_batch_waits_for_it_too(tmp_path: Path) -> None:
    """A duplicate, a conflict, a superseded record: each says that something stands."""
    async with founded(tmp_path) as world, counter(world) as desk:
        await desk.publish(licence(0))
        with world.bus_away("sanhe"):
            first = asyncio.create_task(desk.publish(renamed(0, 1)))
            await desk.sealed(2)
            others = [
                asyncio.create_task(desk.publish(draft))
                for draft in (renamed(0, 1), {**licence(1), "id": IDS[1]}, licence(0))
            ]
            assert all([await still(each) for each in (first, *others)])
        (receipt,) = await first
        (again,), (conflict,), (superseded,) = await asyncio.gather(*others)
        assert (again["status"], again["index"], again["size"]) == ("duplicate", receipt["index"], receipt["size"])
        assert (conflict["reason"], superseded["reason"]) == ("id.conflict", "record.superseded")


async def test_what_was_not_sent_before_a_crash_is_not_shown_after_it(tmp_path: Path) -> None:
    async with founded(tmp_path) as world:
        async with counter(world) as desk:
            await desk.publish(licence(0))
            before = await desk.shows()
            away = world.bus_away("sanhe")
            away.__enter__()
            waiting = asyncio.create_task(desk.publish(renamed(0, 1), licence(2, NEW_NAME)))
            await desk.sealed(3)
            waiting.cancel()
        async with counter(world, seals=False) as desk:
            refusing = await eventually(lambda: desk.owner.node.publisher.refusing, "the guard waits for the topics")
            shown = await desk.shows()
            assert {**shown, "metrics": []} | {"verdicts": 0} == {**before, "metrics": []} | {"verdicts": 0}
            assert shown["metrics"] == [f'jjj_log_size{{origin="{ORIGIN}"}} 1.0']
            assert refusing.reason in ("node.starting", "publish.bus_unread")
            away.__exit__(None, None, None)
            await eventually(lambda: desk.checkpoint_size() == 3, "all is sent and shown")
            receipts = await desk.publish(renamed(0, 1), licence(2, NEW_NAME))
            assert places(receipts) == [("duplicate", 1, 3), ("duplicate", 2, 3)]
            await desk.owner.audited()


async def test_no_heartbeat_is_signed_or_shown_while_a_larger_seal_is_on_its_way(tmp_path: Path) -> None:
    async with founded(tmp_path, heartbeat_s=1.0) as world, counter(world) as desk:
        await desk.publish(licence(0))
        date = desk.own.shown.date
        await eventually(lambda: desk.own.shown.date > date, "an idle log's heartbeat is shown when the bus has it")
        with world.bus_away("sanhe"):
            waiting = asyncio.create_task(desk.publish(licence(1)))
            await desk.sealed(2)
            shown, newest = desk.own.shown, desk.own.newest
            credit = desk.owner.node.publisher.logs["credit"].own
            signed = credit.newest.date
            await eventually(lambda: credit.newest.date >= signed + 2, "the other log's heartbeats go on")
            assert (desk.own.shown, desk.own.newest) == (shown, newest)
            assert newest.size == 2
            assert (shown.size, credit.shown.date <= signed + 1) == (1, True)
        await waiting
        await eventually(lambda: desk.own.shown.date > newest.date, "a heartbeat of the larger tree follows")


async def test_publishing_goes_on_while_earlier_batches_wait_for_the_bus(tmp_path: Path) -> None:
    async with founded(tmp_path) as world, counter(world) as desk:
        with world.bus_away("sanhe"):
            waiting = []
            for serial in range(3):
                waiting.append(asyncio.create_task(desk.publish(licence(serial))))
                await desk.sealed(serial + 1)
            assert all([await still(each) for each in waiting])
        answers = [(await each)[0] for each in waiting]
        assert [(each["index"], each["size"]) for each in answers] == [(0, 1), (1, 2), (2, 3)]


async def test_what_waits_for_the_bus_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acknowledgement, "MOST_LEAVES", 2)
    async with founded(tmp_path) as world, counter(world) as desk:
        with world.bus_away("sanhe"):
            waiting = [asyncio.create_task(desk.publish(licence(0)))]
            await desk.sealed(1)
            waiting.append(asyncio.create_task(desk.publish(licence(1))))
            await desk.sealed(2)
            waiting.append(asyncio.create_task(desk.publish(licence(2))))
            assert await still(waiting[2])
            assert desk.own.size == 2
        assert [(await each)[0]["size"] for each in waiting] == [1, 2, 3]


async def test_a_bus_away_for_long_is_said_and_nothing_is_lost_or_doubled_when_it_returns(tmp_path: Path) -> None:
    async with founded(tmp_path, within_s=0.5) as world, counter(world) as desk:
        with world.bus_away("sanhe"):
            assert await desk.publish(licence(0), licence(1)) == (503, "publish.unacknowledged")
            assert await desk.publish(licence(0), licence(2)) == (503, "publish.bus_away")
            assert desk.own.size == 2
        await eventually(lambda: desk.own.unshown == 0, "the bus has it")
        receipts = await desk.publish(licence(0), licence(1), licence(2))
        assert [(each["status"], each["index"]) for each in receipts] == [
            ("duplicate", 0),
            ("duplicate", 1),
            ("logged", 2),
        ]
        assert desk.own.size == 3
        await desk.owner.audited()


async def test_a_bus_that_is_away_stops_neither_mirroring_nor_verifying(tmp_path: Path) -> None:
    async with founded(tmp_path, within_s=0.5) as world, counter(world) as desk:
        tongzhou = await (await world.start("tongzhou")).sealing()
        with world.bus_away("tongzhou"):
            draft = licence(1)
            data = {**draft["data"], "number": builders.food_number(77)}
            async with (
                aiohttp.ClientSession(world.urls["tongzhou"]) as http,
                http.post("/v1/records", json={**draft, "data": data}) as answer,
            ):
                assert (await answer.json(content_type=None))["reason"] == "publish.unacknowledged"
            await desk.publish(licence(0))
            await tongzhou.mirrored("sanhe", 1)
            await eventually(lambda: tongzhou.verdict(NUMBERS[0]) == "recognised", "the record is recognised")


async def test_a_writer_that_was_fenced_has_shown_nothing_and_goes_on_after_its_next_claim(tmp_path: Path) -> None:
    async with founded(tmp_path) as world, counter(world) as desk:
        await desk.publish(licence(0))
        async with EmbeddedBus(world.folder / "bus") as bus:
            other = await bus.claim("sanhe")
            receipts = await desk.publish(licence(1))
            assert (receipts[0]["status"], receipts[0]["size"]) == ("logged", 2)
            await other.close()
        async with EmbeddedBus(world.folder / "bus") as bus, aclosing(bus.read("jjj.sanhe.licence", None)) as batches:
            assert len(await anext(batches)) == 2
