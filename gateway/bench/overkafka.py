"""How fast is the exchange over Kafka? One owner publishes, five partners mirror and verify: six node processes and a
broker on this machine, beside bare aiokafka that produces and consumes the same bytes.

The broker's own work is in every figure. Arrival is what the partner's file holds, committed; it is looked at every
5 ms, so a latency is at most so much too long.

>>> figures = await over_kafka(5_000, progress=lambda done, total: None)
>>> figures.per_s, figures.p99_ms
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from gateway.bench import workload
from gateway.bench.bare import Bare
from gateway.bench.measure import Progress, machine, publish
from gateway.bench.nodes import NETWORK, OWNER, PATIENCE_S, Node, running, set_up
from gateway.broker.cluster import Cluster
from gateway.bus.kafka_cluster import KafkaCluster
from gateway.bus.kafka_settings import KafkaSettings
from gateway.bus.kafka_whole import whole
from gateway.bus.port import Message, record_topic
from gateway.errors import CannotRun
from gateway.ops import handing
from gateway.ops.nodefolder import OneBroker

PLACES = (OWNER, "tongzhou", "dachang", "xianghe", "xiongan", "binhai")
WARM_UP = 500
LOOK_S = 0.005
STEADY_PER_S = 200
STEADY_S = 15
A_REQUEST = 10
"""Records of a request at the steady rate: 20 requests a second."""
QUERY = "SELECT size FROM logs WHERE origin = ?"
ORIGIN = f"{NETWORK}/{OWNER}/licence"


@dataclass(frozen=True, slots=True)
class KafkaFigures:
    """Records a second from the first request until the last partner holds all, and bare aiokafka's; milliseconds
    from a request to its records at the last partner, at ``STEADY_PER_S``; ``cpu_ms``: processor time that a record
    costs in all six nodes, whatever else the machine does; MiB of the largest node.
    """

    per_s: float
    bare_per_s: float
    median_ms: float
    p99_ms: float
    bare_median_ms: float
    bare_p99_ms: float
    cpu_ms: float
    rss_mb: float
    records: int
    load: float
    machine: str

    def to_json(self) -> dict[str, Any]:
        """As ``bench --bus kafka --json`` has it."""
        rounded = {name: round(value, 1) if isinstance(value, float) else value for name, value in asdict(self).items()}
        rounded["ratio"] = round(self.per_s / self.bare_per_s, 3)
        return {**rounded, "ratio_p99": round(self.p99_ms / self.bare_p99_ms, 1)}

    def text(self) -> str:
        """For people: a line a figure."""
        rate = f"{self.per_s:,.0f}/s of {self.records:,}; bare aiokafka {self.bare_per_s:,.0f}/s"
        late = f"median {self.median_ms:.0f} ms, p99 {self.p99_ms:.0f} ms"
        bare = f"bare aiokafka {self.bare_median_ms:.0f} ms, p99 {self.bare_p99_ms:.0f} ms"
        return "\n".join(
            (
                f"{self.machine}, load {self.load:.1f}; six nodes and one broker",
                f"发布至五方核验 publish to verified at five: {rate} (×{self.per_s / self.bare_per_s:.2f})",
                f"每秒 {STEADY_PER_S} 条时的时延 latency at {STEADY_PER_S}/s, to the last of five: {late}; {bare}",
                f"处理器时间 processor time of a record in all six: {self.cpu_ms:.2f} ms",
                f"内存 peak memory of the largest node: {self.rss_mb:.0f} MiB",
            )
        )


async def over_kafka(records: int, *, progress: Progress) -> KafkaFigures:
    """Measure everything once. Raises ``CannotRun``: ``broker.*``, ``bench.*``."""
    with tempfile.TemporaryDirectory(prefix="jjj-bench-") as made:
        async with Cluster(Path(made) / "kafka") as broker, _six(Path(made), broker.bootstrap) as (session, nodes):
            owner, partners = nodes[0], nodes[1:]
            with contextlib.ExitStack() as stack:
                held = Held(partners, stack)
                await publish(session, owner, WARM_UP, 0, progress)
                await held.reach(WARM_UP)
                begun, used = time.perf_counter(), sum(node.cpu_s() for node in nodes)
                await publish(session, owner, records, WARM_UP, progress)
                await held.reach(WARM_UP + records)
                per_s = records / (time.perf_counter() - begun)
                cpu_ms = (sum(node.cpu_s() for node in nodes) - used) / records * 1000
                took = sorted(await _steady(session, owner, held, WARM_UP + records))
            peak = max(node.peak_mb() for node in nodes)
            messages = await _bytes(broker.bootstrap, WARM_UP + records)
            plain = Bare(broker.bootstrap, messages[WARM_UP:])
            bare_per_s, bare = await plain.measured(len(PLACES) - 1, STEADY_PER_S, STEADY_S)
    return KafkaFigures(
        per_s, bare_per_s, *_median_p99(took), *_median_p99(sorted(bare)), cpu_ms, peak, records, os.getloadavg()[0],
        machine(),
    )  # fmt: skip


@asynccontextmanager
async def _six(folder: Path, bootstrap: str) -> AsyncIterator[tuple[aiohttp.ClientSession, list[Node]]]:
    ports = set_up(folder, PLACES, workload.ISSUER, OneBroker(bootstrap))
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        nodes = [await stack.enter_async_context(running(folder, place, ports)) for place in PLACES]
        yield session, nodes


class Held:
    """How much of the owner's log the partners' files hold."""

    def __init__(self, partners: Sequence[Node], stack: contextlib.ExitStack) -> None:
        files = (node.folder / "data" / "mirrors.sqlite" for node in partners)
        self._databases = [
            stack.enter_context(contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True))) for file in files
        ]

    def least(self) -> int:
        """What all of them hold."""
        rows = (database.execute(QUERY, (ORIGIN,)).fetchone() for database in self._databases)
        return min(0 if row is None else int(row[0]) for row in rows)

    async def reach(self, size: int) -> float:
        """Wait until all of them hold so much; the instant."""
        end = time.perf_counter() + PATIENCE_S
        while self.least() < size:
            if time.perf_counter() > end:
                raise CannotRun("bench.node", f"the partners do not reach {size} records")
            await asyncio.sleep(LOOK_S)
        return time.perf_counter()


async def _steady(session: aiohttp.ClientSession, owner: Node, held: Held, start: int) -> list[float]:
    """Milliseconds from each request to the instant when the last partner holds its records."""
    requests = STEADY_PER_S * STEADY_S // A_REQUEST
    bodies = [
        b"".join(orjson.dumps(each) + b"\n" for each in part)
        for part in workload.batches(requests * A_REQUEST, A_REQUEST, start)
    ]
    sent: list[float] = []

    async def send(body: bytes) -> None:
        async with session.post(f"{owner.url}/v1/records", data=body, headers=handing.LINES) as answer:
            if answer.status != 200:
                raise CannotRun("bench.refused", f"{owner.url} refused: {(await answer.read())[:300]!r}")

    async def all_of_them() -> None:
        begun = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number, body in enumerate(bodies):
                await asyncio.sleep(begun + number * A_REQUEST / STEADY_PER_S - time.perf_counter())
                sent.append(time.perf_counter())
                group.create_task(send(body))

    sending = asyncio.create_task(all_of_them())
    arrived = [await held.reach(start + (number + 1) * A_REQUEST) for number in range(requests)]
    await sending
    return [(there - begun) * 1000 for begun, there in zip(sent, arrived, strict=True)]


async def _bytes(bootstrap: str, count: int) -> list[Message]:
    """What the owner has sent."""
    cluster = KafkaCluster(KafkaSettings((bootstrap,)))
    found: list[Message] = []
    try:
        async for received in whole(cluster, record_topic("jjj", OWNER, "licence")):
            found.append(received.message)
            if len(found) == count:
                break
    finally:
        cluster.close()
    return found


def _median_p99(took: Sequence[float]) -> tuple[float, float]:
    return statistics.median(took), took[len(took) * 99 // 100]
