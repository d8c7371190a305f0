"""A network in processes: real nodes, publishers that never give up, brokers that are killed.

Whoever publishes sends each record under an id of its own until it is acknowledged, whatever the answers are
meanwhile; at the end every node must hold what was acknowledged, once, in the order of its owner.

    async with Network(folder, places, brokers) as network, network.publishing(200):
        brokers.brokers[0].kill()
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
import orjson

from gateway.audit import auditor
from gateway.bench.nodes import Node, peak_mb, running
from gateway.broker.cluster import Cluster
from gateway.ops.nodefolder import OneBroker
from gateway.records.uuid7 import uuid7
from tests.bus.test_kafka import PREFIXES
from tests.records import builders
from tests.simulator import NETWORK, World

PATIENCE_S = 180.0
A_TURN_S = 0.25
A_REQUEST = 500


@dataclass
class Publishing:
    """What one place has published: ids in the order in which they were taken, by the receipts."""

    place: str
    first: int
    made: int = 0
    acknowledged: dict[str, int] = field(default_factory=dict)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    refusals: set[str] = field(default_factory=set)

    def make(self, count: int) -> None:
        """That many more records wait."""
        for _ in range(count):
            number = self.first + self.made
            self.made += 1
            record_id = uuid7(builders.NOW, number.to_bytes(10, "big"))
            data = builders.licence(number=builders.food_number(number))
            self.waiting.append({"type": "jjj.licence.issued", "id": record_id, "data": data})

    async def send(self, http: aiohttp.ClientSession, url: str) -> None:
        """The oldest that wait, once; what has no receipt afterwards waits on, before all others."""
        sent = self.waiting[:A_REQUEST]
        try:
            async with http.post(f"{url}/v1/records", json=sent) as answer:
                told = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            self.refusals.add(type(error).__name__)
            return
        if answer.status != 200:
            self.refusals.add(told["reason"])
            return
        for draft, receipt in zip(sent, told, strict=True):
            assert receipt["status"] in ("logged", "duplicate"), receipt
            self.acknowledged[draft["id"]] = receipt["index"]
        del self.waiting[: len(sent)]


class Network:
    """Nodes in processes of their own over brokers; every place has one."""

    def __init__(
        self, folder: Path, places: Sequence[str], brokers: Cluster, *, acknowledgement: str = "replicated"
    ) -> None:
        copies = len(brokers.brokers)
        self.prefix = next(PREFIXES)
        self.world = World(folder, *places, served=places, kafka=OneBroker(brokers.bootstrap, self.prefix))
        self.folder, self.places, self.brokers = folder, places, brokers
        for place in places:
            self.world.configure(place, acknowledgement=acknowledgement, acknowledge_within_s=2)
            kafka = {"replication": copies, "min_insync": min(2, copies), "request_s": 5, "publish_s": 10}
            self.world.configure(place, "bus.kafka", **kafka)
        self.published = [Publishing(place, 1 + number * 1_000_000) for number, place in enumerate(places)]
        self.nodes: dict[str, Node] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.http = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)))
            self._stack = stack.pop_all()
        await asyncio.gather(*(self.start(place) for place in self.places))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def start(self, place: str) -> None:
        """A place's process, ready to seal."""
        ports = {each: int(url.rpartition(":")[2]) for each, url in self.world.urls.items()}
        self.nodes[place] = await self._stack.enter_async_context(running(self.folder, place, ports))

    @asynccontextmanager
    async def publishing(self, per_s: float) -> AsyncIterator[None]:
        """While entered, every place makes its part of so many records a second; left when all are acknowledged."""
        done = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for each in self.published:
                group.create_task(self._publish(each, per_s / len(self.published), done))
            yield
            done.set()

    async def _publish(self, publishing: Publishing, per_s: float, done: asyncio.Event) -> None:
        begun, before = time.monotonic(), publishing.made
        url = self.world.urls[publishing.place]
        while not done.is_set() or publishing.waiting:
            if not done.is_set():
                publishing.make(before + int((time.monotonic() - begun) * per_s) - publishing.made)
            if publishing.waiting:
                await publishing.send(self.http, url)
            if len(publishing.waiting) < A_REQUEST:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(done.wait(), A_TURN_S)
            if done.is_set() and publishing.waiting:
                await asyncio.sleep(A_TURN_S)  # who is refused asks again in a while

    @property
    def acknowledged(self) -> int:
        return sum(len(each.acknowledged) for each in self.published)

    async def more_acknowledged(self, count: int) -> None:
        """Wait until so many more records of every place are acknowledged."""
        wanted = [(each, len(each.acknowledged) + count) for each in self.published]
        await until(lambda: all(len(each.acknowledged) >= least for each, least in wanted), f"{count} more")

    async def refused_everywhere(self) -> None:
        """Wait until every place was told that nothing can be acknowledged now."""
        for each in self.published:
            each.refusals.clear()
        await until(lambda: all(each.refusals for each in self.published), "every place is refused")

    async def mirrored(self) -> None:
        """Wait until every node shows of every log what its owner shows."""
        owners = {each.place: await self.sizes(each.place) for each in self.published}
        wanted = {origin: owners[origin.split("/")[1]][origin] for sizes in owners.values() for origin in sizes}

        async def agree() -> bool:
            return all([await self.sizes(place) == wanted for place in self.places])

        await until_async(agree, f"every node holds {wanted}")

    async def sizes(self, place: str) -> dict[str, int]:
        """Of each log, as the place's node shows it."""
        return {log["origin"]: log["size"] for log in await self._json(place, "/v1/logs?limit=1000", "logs")}

    async def fresh(self, within_s: float) -> None:
        """Wait until every node has a heartbeat of every log no older than this."""

        async def young() -> bool:
            ages = [each for place in self.places for each in await self.gauge(place, "jjj_log_age_seconds")]
            return len(ages) >= 2 * len(self.places) * (len(self.places) - 1) and max(ages) <= within_s

        await until_async(young, f"heartbeats of the last {within_s} s everywhere")

    async def gauge(self, place: str, name: str) -> list[float]:
        """Every value of a metric at a place."""
        async with self.http.get(f"{self.world.urls[place]}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return [float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name}{{")]

    async def _json(self, place: str, path: str, member: str) -> Any:
        async with self.http.get(f"{self.world.urls[place]}{path}") as answer:
            return orjson.loads(await answer.read())[member]

    # What must be true at the end

    def held_once_in_order(self) -> None:
        """Every node holds every acknowledged record once, where its receipt says, in the same order as its owner."""
        for each in self.published:
            own = self.entries(each.place, each.place)
            assert len(own) == len(set(own)) == len(each.acknowledged) == each.made, each.place
            assert {record_id: index for index, record_id in enumerate(own)} == each.acknowledged, each.place
            for place in self.places:
                assert self.entries(place, each.place) == own, (place, each.place)

    def entries(self, place: str, source: str) -> list[str]:
        """The ids of a log's records, in order, as a place's files have them."""
        file = self.folder / place / "data" / ("ledger.sqlite" if place == source else "mirrors.sqlite")
        query = "SELECT entry FROM entries JOIN logs ON key >> 40 = number WHERE origin = ? ORDER BY key"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            rows = database.execute(query, (f"{NETWORK}/{source}/licence",)).fetchall()
        return [orjson.loads(bytes(entry).partition(b"\n")[0])["id"] for (entry,) in rows]

    async def audited(self) -> None:
        """All that every node holds, and all that the topics hold, replayed from bytes."""
        topics = f"kafka://{self.brokers.bootstrap}/{self.prefix}"
        for source in (topics, *(str(self.folder / place) for place in self.places)):
            report = await auditor.audit(source, trust=self.folder / self.places[0] / "trust")
            assert report.findings == (), (source, [finding.en for finding in report.findings])
            assert report.records == self.acknowledged, source

    def peaks_mb(self) -> dict[str, float]:
        """The most memory that each node's process has held, MiB."""
        return {place: peak_mb(node.process.pid) for place, node in self.nodes.items()}


async def until(condition: Callable[[], Any], what: str) -> None:
    """Wait until it holds."""

    async def asked() -> bool:
        return bool(condition())

    await until_async(asked, what)


async def until_async(condition: Callable[[], Any], what: str) -> None:
    """The same of what must be asked for."""
    end = time.monotonic() + PATIENCE_S
    while not await condition():
        assert time.monotonic() < end, f"did not come true within {PATIENCE_S:g} s: {what}"
        await asyncio.sleep(0.1)
