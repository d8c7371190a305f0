"""The run: two real nodes in processes of their own, fed and asked over HTTP; baselines beside them.

>>> figures = await bench(5_000, 200_000, progress=lambda done, total: None)
>>> figures.publish.per_s
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import orjson

from gateway.audit import auditor, exporter
from gateway.bench import workload
from gateway.bench.baselines import Plain
from gateway.bench.figures import Figures, Latency, Outage, Rate
from gateway.bench.nodes import OWNER, PARTNER, Node, running, set_up, size_of
from gateway.bus.port import record_topic
from gateway.errors import CannotRun
from gateway.ops import asking, handing

A_REQUEST = 500
IN_FLIGHT = 4
QUESTIONS = 2_000
BASELINE_RECORDS = 1_000

Progress = Callable[[int, int], None]


async def bench(records: int, licences: int, *, progress: Progress, gm: bool = False) -> Figures:
    """Measure everything once. ``gm``: under the policy ``gm``, with SM2 signatures beside the others."""
    with tempfile.TemporaryDirectory(prefix="jjj-bench-") as made:
        folder = Path(made)
        ports = set_up(folder, (OWNER, PARTNER), workload.ISSUER, gm=gm)
        plain = Plain(folder)
        drafts = workload.drafts(min(records, BASELINE_RECORDS))
        async with aiohttp.ClientSession() as session, running(folder, OWNER, ports) as owner:
            published = await publish(session, owner, records, 0, progress)
            written = Rate(published, plain.publish(drafts, 1), plain.publish(drafts, A_REQUEST))
            async with running(folder, PARTNER, ports) as partner:
                mirrored = await _mirrored(session, partner, records)
                mirror = Rate(mirrored, plain.mirror(1), plain.mirror(A_REQUEST))
                audits = await _audits(folder / "export", owner, records, plain)
                outage = await _outage(session, owner, partner, records, licences, progress)
                latency = await _verify(session, partner, max(licences, records), plain)
                peak = max(owner.peak_mb(), partner.peak_mb())
    size = len(orjson.dumps(workload.draft(1)))
    return Figures(written, mirror, *audits, latency, outage, peak, records, size, machine())


def machine() -> str:
    """Processors and memory of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    version = ".".join(map(str, sys.version_info[:3]))
    return f"{len(os.sched_getaffinity(0))} processors, {memory:.0f} GiB, Python {version}"


async def publish(session: aiohttp.ClientSession, node: Node, count: int, start: int, progress: Progress) -> float:
    """Publish in batches, four requests in flight; records a second. Bodies are made before the clock runs."""
    bodies = [
        b"".join(orjson.dumps(each) + b"\n" for each in part) for part in workload.batches(count, A_REQUEST, start)
    ]
    if not bodies:
        return 0.0
    waiting = iter(bodies)
    done = 0

    async def client() -> None:
        nonlocal done
        for body in waiting:
            async with session.post(f"{node.url}/v1/records", data=body, headers=handing.LINES) as answer:
                found = await answer.read()
            if answer.status != 200 or found.count(b'"status":"logged"') != body.count(b"\n"):
                raise CannotRun("bench.refused", f"{node.url} refused: {found[:300]!r}")
            done += body.count(b"\n")
            progress(start + done, start + count)

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(IN_FLIGHT)))
    return count / (time.perf_counter() - begun)


async def _outage(
    session: aiohttp.ClientSession, owner: Node, partner: Node, held: int, licences: int, progress: Progress
) -> Outage:
    """Publish the rest of the licences while the bus takes nothing; then wait until the partner has all."""
    count = max(licences - held, 0)
    topic = owner.folder.parent / "bus" / f"{record_topic('jjj', OWNER, 'licence')}.sqlite"
    with contextlib.closing(sqlite3.connect(topic, isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        per_s = await publish(session, owner, count, held, progress)
        rss_mb = owner.peak_mb()
        lock.execute("ROLLBACK")
    begun = time.perf_counter()
    await size_of(session, partner, held + count)
    return Outage(count, per_s, count / (time.perf_counter() - begun), rss_mb)


async def _mirrored(session: aiohttp.ClientSession, node: Node, records: int) -> float:
    """From the first leaves that the partner holds to the last; records a second."""
    first = await size_of(session, node, 1)
    begun = time.perf_counter()
    last = await size_of(session, node, records)
    took = time.perf_counter() - begun
    return (last - first) / took if last > first else records / max(took, 0.001)


async def _audits(folder: Path, owner: Node, records: int, plain: Plain) -> tuple[Rate, Rate]:
    await exporter.export(folder, owner.url)
    rates = []
    for structure_only in (False, True):
        begun = time.perf_counter()
        report = await auditor.audit(str(folder), structure_only=structure_only)
        if not report.ok:
            raise CannotRun("bench.audit", f"the export does not audit clean: {report.findings[:1]}")
        rates.append(records / (time.perf_counter() - begun))
    return Rate(rates[0], plain.audit()), Rate(rates[1], plain.structure())


async def _verify(session: aiohttp.ClientSession, node: Node, licences: int, plain: Plain) -> Latency:
    draw = random.Random(1)  # noqa: S311 (which licences are asked about)
    took = []
    for _ in range(QUESTIONS):
        question = {"number": workload.uscc(draw.randrange(licences)), "purpose": "bench"}
        begun = time.perf_counter()
        answer = (await asking.ask(session, node.url, [question]))[0]
        took.append((time.perf_counter() - begun) * 1000)
        if answer["verdict"] != "recognised":
            raise CannotRun("bench.verdict", f"{answer['verdict']}: {answer['headline']}")
    took.sort()
    return Latency(statistics.median(took), took[len(took) * 99 // 100], licences, plain.verify_ms())
