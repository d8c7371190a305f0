"""SIGKILL anywhere: no acknowledged record is lost, none counts twice, every audit is clean (laws 4 and 5, DESIGN §10).

A node in a process of its own publishes what clients send over HTTP, kills itself at a random moment of the phase under test, and
is started again on what it left; clients send again, with the same ids, what was not acknowledged. A partner that lives on in this
process follows its bus. In the last phase it is the partner that dies, and the owner that lives on. After every start all is checked
from bytes. ``JJJ_SOAK=1`` kills ten times as often.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from gateway.node import auditor
from gateway.node.door import Draft
from gateway.ops import nodefolder
from gateway.records.uuid7 import NOISE_BYTES, uuid7
from tests.flows import killed_ledger as ledger
from tests.flows.killed_process import KILLED, Child, Nursery, nursery
from tests.records import builders
from tests.simulator import Running, World, eventually

KILLS = 10
ROUNDS = 10 if os.environ.get("JJJ_SOAK") else 1
OWNER, PARTNER = "sanhe", "tongzhou"
CLIENTS, MOST_A_REQUEST = 3, 6
MOST_TIMES, MOST_STEPS = 6, 60

PHASES = {
    "before commit": ("ledger.transaction",),
    "while sealing": ("sign.before", "sign.after", "cosign.before", "cosign.after"),
    "between commit and send": ("mark.before", "mark.after", "send.before", "bus.transaction"),
    "between send and position": ("send.after", "position.transaction"),
}
MIRROR_PHASE = "in a mirror's transaction"


@dataclass
class Row:
    """One line of the table."""

    phase: str
    kills: int = 0
    recovering: int = 0
    acknowledged: int = 0
    again: int = 0
    lost: int = 0
    doubled: int = 0
    audits: int = 0
    unclean: int = 0
    seconds: float = 0.0
    places: Counter[str] = field(default_factory=Counter)

    def text(self) -> str:
        audit = f"{self.audits} clean" if not self.unclean else f"{self.unclean} of {self.audits} unclean"
        return (
            f"{self.phase:<27}{self.kills:>6}{self.recovering:>12}{self.acknowledged:>14}{self.again:>12}{self.lost:>6}"
            f"{self.doubled:>9}  {audit:<10}{self.seconds:>6.1f} s  "
            + ", ".join(f"{place} {count}" for place, count in sorted(self.places.items()))
        )


HEAD = (
    f"{'killed':<27}{'kills':>6}{'+restarting':>12}{'acknowledged':>14}{'sent again':>12}{'lost':>6}{'doubled':>9}  {'audits':<10}"
)


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[list[Row]]:
    """Rows to print when all phases are through."""
    rows: list[Row] = []
    yield rows
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    if terminal is None or capture is None:
        return
    with capture.global_and_fixture_disabled():
        terminal.ensure_newline()
        for line in (HEAD, *(row.text() for row in rows)):
            terminal.write_line(line)


@dataclass
class Department:
    """Makes drafts with ids, hands them in, and keeps every receipt. What got no answer is handed in again, under its id."""

    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    unsure: list[dict[str, Any]] = field(default_factory=list)
    made: int = 0
    again: int = 0

    def draft(self) -> dict[str, Any]:
        self.made += 1
        if self.made % 3:
            kind, data = "jjj.licence.issued", builders.licence(number=builders.food_number(self.made))
        else:
            kind, data = "jjj.credit.recorded", builders.credit(number=f"示三市监处罚〔2026〕{self.made}号")
        return {"type": kind, "data": data, "id": uuid7(int(time.time() * 1000), secrets.token_bytes(NOISE_BYTES))}

    def batch(self, count: int) -> list[dict[str, Any]]:
        """The next drafts to hand in: first what got no answer."""
        taken, self.unsure = self.unsure[:count], self.unsure[count:]
        self.again += len(taken)
        return taken + [self.draft() for _ in range(count - len(taken))]

    def acknowledged(self, drafts: list[dict[str, Any]], receipts: list[dict[str, Any]]) -> None:
        assert [draft["id"] for draft in drafts] == [receipt["id"] for receipt in receipts]
        for receipt in receipts:
            assert receipt["status"] in ("logged", "duplicate"), receipt
            assert receipt["size"] > receipt["index"], receipt
            self.receipts[receipt["id"]] = receipt

    async def publish(self, http: aiohttp.ClientSession, drafts: list[dict[str, Any]]) -> bool:
        """Hand in one request; False when the node went away before it answered."""
        try:
            async with http.post("/v1/records", json=drafts) as answer:
                body = await answer.json()
                assert answer.status == 200, body
        except (aiohttp.ClientError, OSError, TimeoutError):
            self.unsure.extend(drafts)
            return False
        self.acknowledged(drafts, body)
        return True

    async def until_killed(self, child: Child) -> None:
        """Several clients at once, until the node is gone."""
        async with aiohttp.ClientSession(child.url) as http, asyncio.TaskGroup() as clients:
            for _ in range(CLIENTS):
                clients.create_task(self._client(http, child))
        await child.gone()

    async def _client(self, http: aiohttp.ClientSession, child: Child) -> None:
        while not child.ended.done():
            if not await self.publish(http, self.batch(random.randint(1, MOST_A_REQUEST))):
                await child.gone()

    async def settle(self, url: str) -> None:
        """Hand in again what never got an answer."""
        async with aiohttp.ClientSession(url) as http:
            while self.unsure:
                assert await self.publish(http, self.batch(min(len(self.unsure), 200)))


@dataclass
class Bench:
    """The network of one round: who is killed, and what is to be checked."""

    world: World
    nursery: Nursery
    row: Row
    department: Department = field(default_factory=Department)

    def data(self, jurisdiction: str) -> Path:
        return self.world.folder / jurisdiction / "data"

    def config(self, jurisdiction: str) -> Path:
        return self.world.folder / jurisdiction / nodefolder.CONFIG

    async def victim(self, jurisdiction: str, places: tuple[str, ...]) -> Child | None:
        """Start the node that dies at one of these places; None if it died of it before it served."""
        place = random.choice(places)
        step = random.randint(1, MOST_STEPS)
        child = await self.nursery.bear(self.config(jurisdiction), place, random.randint(1, MOST_TIMES), step)
        if await child.settled():
            assert child.refusing is None
            return child
        self.died(child)
        self.row.recovering += 1
        return None

    def died(self, child: Child) -> None:
        assert child.ended.result() == KILLED, f"{child}; see {self.nursery.said}"
        self.row.places[child.died["place"] if "place" in child.died else child.died["died"]] += 1

    async def check(self, owner: Path, partner: Path) -> None:
        """All from bytes: the owner's logs, the receipts, what the partner mirrors, what was sent, both audits."""
        own = ledger.standing(owner, OWNER)
        await eventually(lambda: _sizes(ledger.standing(partner, OWNER, ledger.MIRRORS)) == _sizes(own), "the mirror is whole")
        mirrored = ledger.standing(partner, OWNER, ledger.MIRRORS)
        missing = {line for logs in (own, mirrored) for line in ledger.lost(logs, self.department.receipts)}
        twice = {line for logs in (own, mirrored) for line in ledger.doubled(logs)}
        self.row.lost += len(missing)
        self.row.doubled += len(twice)
        assert (missing, twice) == (set(), set())
        assert [fault for logs in (own, mirrored) for log in logs.values() for fault in ledger.tree_faults(log)] == []
        for origin, log in own.items():
            assert mirrored[origin].entries == log.entries
            assert [seal.note for seal in mirrored[origin].seals] == [seal.note for seal in log.seals]
            messages = ledger.sent(self.world.folder / "bus", OWNER, origin.rpartition("/")[2])
            assert list(ledger.sending_faults(log, messages)) == []
        for folder in (owner.parent, partner.parent):
            report = await auditor.audit(str(folder))
            self.row.audits += 1
            self.row.unclean += report.exit_code != 0
            assert report.exit_code == 0, report.text()

    def whole(self) -> None:
        """In the end everything ever handed in stands, once."""
        own = ledger.standing(self.data(OWNER), OWNER)
        assert sum(log.size for log in own.values()) == self.department.made == len(self.department.receipts)
        self.row.acknowledged += len(self.department.receipts)
        self.row.again += self.department.again


def _sizes(logs: dict[str, ledger.Standing]) -> dict[str, int]:
    return {origin: log.size for origin, log in logs.items()}


@pytest_asyncio.fixture
async def bearer(tmp_path: Path) -> AsyncIterator[Nursery]:
    async with nursery(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def living(world: World, jurisdiction: str) -> AsyncIterator[Running]:
    """A node that lives on in this process."""
    running = await world.start(jurisdiction)
    try:
        yield await running.sealing()
    finally:
        await running.stop()


@contextmanager
def timed(row: Row) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    finally:
        row.seconds += time.monotonic() - started


@pytest.mark.parametrize("phase", PHASES)
async def test_a_publishing_node_killed_and_started_again_loses_nothing_and_doubles_nothing(
    phase: str, tmp_path: Path, bearer: Nursery, table: list[Row]
) -> None:
    table.append(row := Row(phase))
    with timed(row):
        for round_ in range(ROUNDS):
            await kill_owner(World(tmp_path / str(round_), OWNER, PARTNER), bearer, row)
    assert row.kills == KILLS * ROUNDS
    assert row.acknowledged > 0
    assert set(row.places) <= set(PHASES[phase])


async def kill_owner(world: World, bearer: Nursery, row: Row) -> None:
    """Ten kills of the owner while clients publish, each followed by a start and a check."""
    bench = Bench(world, bearer, row)
    async with world, living(world, PARTNER):
        before = row.kills
        while row.kills < before + KILLS:
            child = await bench.victim(OWNER, PHASES[row.phase])
            if child is None:
                continue
            await bench.check(bench.data(OWNER), bench.data(PARTNER))
            await bench.department.until_killed(child)
            bench.died(child)
            row.kills += 1
        child = await bearer.bear(bench.config(OWNER))
        assert await child.settled()
        await bench.check(bench.data(OWNER), bench.data(PARTNER))
        await bench.department.settle(child.url)
        await bench.check(bench.data(OWNER), bench.data(PARTNER))
        bench.whole()
        assert await child.end() == 0


async def test_a_mirroring_node_killed_in_its_transaction_ends_with_the_owners_log(
    tmp_path: Path, bearer: Nursery, table: list[Row]
) -> None:
    table.append(row := Row(MIRROR_PHASE))
    with timed(row):
        for round_ in range(ROUNDS):
            await kill_partner(World(tmp_path / str(round_), OWNER, PARTNER), bearer, row)
    assert row.kills == KILLS * ROUNDS


async def kill_partner(world: World, bearer: Nursery, row: Row) -> None:
    """Ten kills of the partner while the owner publishes, each followed by a start and a check."""
    bench = Bench(world, bearer, row)
    async with world, living(world, OWNER) as owner:
        before = row.kills
        while row.kills < before + KILLS:
            child = await bench.victim(PARTNER, ("mirror.transaction",))
            if child is None:
                continue
            while not child.ended.done():
                await publish_here(owner, bench.department)
            bench.died(child)
            row.kills += 1
            child = await bearer.bear(bench.config(PARTNER))
            assert await child.settled()
            await bench.check(bench.data(OWNER), bench.data(PARTNER))
            assert await child.end() == 0
        bench.whole()


async def publish_here(owner: Running, department: Department) -> None:
    """One request to the node of this process."""
    drafts = department.batch(random.randint(1, MOST_A_REQUEST))
    receipts = await owner.node.publisher.publish([Draft(each["type"], each["data"], each["id"]) for each in drafts])
    names = ("id", "status", "log", "index", "size")
    department.acknowledged(drafts, [{name: getattr(receipt, name) for name in names} for receipt in receipts])
