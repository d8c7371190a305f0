"""The bench on which nodes are killed: departments that hand records in, and what is checked after every start."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from gateway.audit import auditor
from gateway.ledger import highwater
from gateway.node.door import Draft
from gateway.ops import nodefolder
from gateway.records.uuid7 import NOISE_BYTES, uuid7
from tests.flows import killed_ledger as ledger
from tests.flows.killed_process import KILLED, Child, Nursery
from tests.records import builders
from tests.simulator import Running, World, eventually

OWNER, PARTNER = "sanhe", "tongzhou"
CLIENTS, MOST_A_REQUEST = 3, 6
MOST_STEPS = 60
RECEIPT = ("id", "status", "log", "index", "size")


@dataclass
class Row:
    """One line of the table of kills."""

    phase: str
    said: str = ""
    kills: int = 0
    starting: int = 0
    acknowledged: int = 0
    again: int = 0
    resent: int = 0
    lost: int = 0
    doubled: int = 0
    audits: int = 0
    unclean: int = 0
    seconds: float = 0.0
    places: Counter[str] = field(default_factory=Counter)

    def text(self) -> str:
        audit = f"{self.audits} clean" if not self.unclean else f"{self.unclean} of {self.audits} unclean"
        counts = f"{self.kills:>6}{self.starting:>10}{self.acknowledged:>14}{self.again:>17}{self.resent:>9}"
        places = ", ".join(f"{place} {count}" for place, count in sorted(self.places.items()))
        phase = self.said + self.phase
        return f"{phase:<36}{counts}{self.lost:>6}{self.doubled:>9}  {audit:<11}{self.seconds:>5.0f} s  {places}"

    @contextmanager
    def timed(self) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds += time.monotonic() - started


HEAD = (
    f"{'killed':<36}{'kills':>6}{'+starting':>10}{'acknowledged':>14}{'handed in again':>17}{'re-sent':>9}"
    f"{'lost':>6}{'doubled':>9}  audits"
)


@dataclass
class Department:
    """Makes drafts with ids, hands them in, keeps receipts; what got none is handed in again, under its id."""

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

    def some(self) -> list[dict[str, Any]]:
        """A request of no certain size."""
        return self.batch(random.randint(1, MOST_A_REQUEST))

    def acknowledged(self, drafts: Sequence[dict[str, Any]], receipts: Sequence[dict[str, Any]]) -> None:
        assert [draft["id"] for draft in drafts] == [receipt["id"] for receipt in receipts]
        for receipt in receipts:
            assert receipt["status"] in ("logged", "duplicate"), receipt
            assert receipt["size"] > receipt["index"], receipt
            self.receipts[receipt["id"]] = receipt

    async def publish(self, http: aiohttp.ClientSession, drafts: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Hand in one request. None, or the problem of a node that refused it all, ``{}`` of one that is gone."""
        problem: dict[str, Any] = {}
        try:
            async with http.post("/v1/records", json=drafts) as answer:
                body = await answer.json(content_type=None)
                if answer.status == 200:
                    self.acknowledged(drafts, body)
                    return None
                problem = body
        except (aiohttp.ClientError, OSError, TimeoutError):
            pass
        self.unsure.extend(drafts)
        return problem

    async def until_killed(self, child: Child) -> None:
        """Several clients at once, until the node is gone."""
        async with aiohttp.ClientSession(child.url) as http, asyncio.TaskGroup() as clients:
            for _ in range(CLIENTS):
                clients.create_task(self._client(http, child))

    async def _client(self, http: aiohttp.ClientSession, child: Child) -> None:
        while not child.ended.done():
            problem = await self.publish(http, self.some())
            assert not problem, problem
            if problem is not None:
                await child.gone()

    async def settle(self, url: str) -> None:
        """Hand in again what never got an answer."""
        async with aiohttp.ClientSession(url) as http:
            while self.unsure:
                assert await self.publish(http, self.batch(min(len(self.unsure), 200))) is None

    async def publish_at(self, owner: Running) -> None:
        """One request to a node of this process."""
        drafts = self.some()
        given = [Draft(each["type"], each["data"], each["id"]) for each in drafts]
        receipts = await owner.node.publisher.publish(given)
        self.acknowledged(drafts, [{name: getattr(receipt, name) for name in RECEIPT} for receipt in receipts])


@dataclass
class Bench:
    """A network of owner and partner, one of whom is killed."""

    world: World
    nursery: Nursery
    row: Row
    department: Department = field(default_factory=Department)
    replicated: bool = False

    def data(self, jurisdiction: str) -> Path:
        return self.world.folder / jurisdiction / "data"

    async def start(self, jurisdiction: str, place: str = "", times: int = 1) -> Child:
        """Start a node that dies at a place, or lives."""
        config = self.world.folder / jurisdiction / nodefolder.CONFIG
        return await self.nursery.bear(config, place, times, random.randint(1, MOST_STEPS))

    async def serving(self, jurisdiction: str) -> Child:
        """Start a node that lives, and wait until it seals."""
        child = await self.start(jurisdiction)
        assert await child.settled(), self.nursery.last_words()
        assert child.refusing is None
        return child

    async def victim(self, jurisdiction: str, place: str, times: int) -> Child | None:
        """Start a node that dies at a place; None if it died of what its predecessor left, before anybody published.

        When it serves and the partner has everything, all is checked.
        """
        child = await self.start(jurisdiction, place, times)
        if await child.settled() and await self.check(child, jurisdiction):
            return child
        self.died(child)
        self.row.starting += 1
        return None

    def check_acknowledged(self) -> None:
        """Under ``replicated`` the bus has whatever was acknowledged, at any instant."""
        for receipt in self.department.receipts.values() if self.replicated else ():
            assert receipt["index"] in self.sent(receipt["log"]), receipt

    def died(self, child: Child, place: str = "from outside") -> None:
        assert child.ended.result() == KILLED, self.nursery.last_words()
        self.row.places[child.died.get("died", place)] += 1

    async def check(self, child: Child, *audited: str) -> bool:
        """All from bytes: the owner's logs, the receipts, what the partner mirrors, what was sent; then an audit.

        False if the node dies before the partner has everything.
        """
        own = ledger.standing(self.data(OWNER), OWNER)
        sizes = {origin: log.size for origin, log in own.items()}
        await eventually(lambda: self.mirrored() == sizes or child.ended.done(), "the partner has all")
        if child.ended.done():
            return False
        mirrored = ledger.standing(self.data(PARTNER), OWNER, ledger.MIRRORS)
        self._check_records(own, mirrored)
        assert [fault for logs in (own, mirrored) for log in logs.values() for fault in ledger.tree_faults(log)] == []
        for origin, log in own.items():
            mark = highwater.read(self.data(OWNER) / f"{origin.rpartition('/')[2]}.highwater")
            assert mark == (log.size, log.root), "what is shown is not marked"
            assert mirrored[origin].entries == log.entries
            assert [seal.note for seal in mirrored[origin].seals] == [seal.note for seal in log.seals]
            assert list(ledger.sending_faults(log, self.sent(origin))) == []
        for jurisdiction in audited or (OWNER, PARTNER):
            await self._audit(jurisdiction)
        return True

    def _check_records(self, *copies: dict[str, ledger.Standing]) -> None:
        lost = {line for logs in copies for line in ledger.lost(logs, self.department.receipts)}
        doubled = {line for logs in copies for line in ledger.doubled(logs)}
        self.row.lost += len(lost)
        self.row.doubled += len(doubled)
        assert (lost, doubled) == (set(), set())

    async def _audit(self, jurisdiction: str) -> None:
        report = await auditor.audit(str(self.world.folder / jurisdiction))
        self.row.audits += 1
        self.row.unclean += report.exit_code != 0
        assert report.exit_code == 0, report.findings

    def whole(self) -> None:
        """In the end everything that was ever handed in stands, once."""
        own = ledger.standing(self.data(OWNER), OWNER)
        assert sum(log.size for log in own.values()) == self.department.made == len(self.department.receipts)
        self.row.acknowledged += len(self.department.receipts)
        self.row.again += self.department.again
        self.row.resent += sum(sum(map(len, self.sent(origin).values())) - log.size for origin, log in own.items())

    def mirrored(self) -> dict[str, int]:
        """How much the partner holds of each of the owner's logs."""
        return ledger.sizes(self.data(PARTNER), OWNER, ledger.MIRRORS)

    def sent(self, origin: str) -> dict[int, list[Any]]:
        """The messages that the bus holds of a log, by index."""
        return ledger.sent(self.world.folder / "bus", OWNER, origin.rpartition("/")[2])


@asynccontextmanager
async def living(world: World, jurisdiction: str) -> AsyncIterator[Running]:
    """A node that lives on in this process."""
    running = await world.start(jurisdiction)
    try:
        yield await running.sealing()
    finally:
        await running.stop()


def garbage(reader: Running) -> dict[str, float]:
    """What a node threw away from its partners' topics, by reason: leaves that it has are skipped, and are none."""
    samples = [sample for metric in reader.node.measures.registry.collect() for sample in metric.samples]
    return {each.labels["reason"]: each.value for each in samples if each.name == "jjj_transport_garbage_total"}
