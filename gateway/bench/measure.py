"""The run: two real nodes in processes of their own, fed and asked over HTTP; baselines beside them.

>>> figures = await bench(5_000, 200_000, progress=lambda done, total: None)
>>> figures.publish.per_s
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from gateway.audit import auditor, exporter
from gateway.bench import workload
from gateway.bench.baselines import Plain
from gateway.bench.figures import Backlog, Figures, Latency, Rate
from gateway.bus.port import record_topic
from gateway.errors import CannotRun
from gateway.ops import asking, handing, nodefolder

NETWORK = "jjj.bench"
OWNER, PARTNER = "sanhe", "tongzhou"
A_REQUEST = 500
IN_FLIGHT = 4
QUESTIONS = 2_000
BASELINE_RECORDS = 1_000
PATIENCE_S = 900
LOOK_EVERY_S = 0.1

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Node:
    url: str
    folder: Path
    process: asyncio.subprocess.Process

    def peak_mb(self) -> float:
        """Peak resident memory of the process, MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024


async def bench(records: int, licences: int, *, progress: Progress) -> Figures:
    """Measure everything once."""
    with tempfile.TemporaryDirectory(prefix="jjj-bench-") as made:
        folder = Path(made)
        ports = _set_up(folder)
        plain = Plain(folder)
        drafts = workload.drafts(min(records, BASELINE_RECORDS))
        async with aiohttp.ClientSession() as session, _running(folder, OWNER, ports) as owner:
            published = await _publish(session, owner, records, 0, progress)
            publish = Rate(published, plain.publish(drafts, 1), plain.publish(drafts, A_REQUEST))
            async with _running(folder, PARTNER, ports) as partner:
                mirrored = await _mirrored(session, partner, records)
                mirror = Rate(mirrored, plain.mirror(1), plain.mirror(A_REQUEST))
                audits = await _audits(folder / "export", owner, records, plain)
                backlog = await _backlog(session, owner, partner, records, licences, progress)
                latency = await _verify(session, partner, max(licences, records), plain)
                peak = max(owner.peak_mb(), partner.peak_mb())
    size = len(orjson.dumps(workload.draft(1)))
    return Figures(publish, mirror, *audits, latency, backlog, peak, records, size, machine())


def machine() -> str:
    """Processors and memory of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    version = ".".join(map(str, sys.version_info[:3]))
    return f"{len(os.sched_getaffinity(0))} processors, {memory:.0f} GiB, Python {version}"


def _set_up(folder: Path) -> dict[str, int]:
    """Two nodes' folders with fresh keys and one roster."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        ports = {place: each.getsockname()[1] for place, each in zip((OWNER, PARTNER), held, strict=True)}
    members = []
    for place, port in ports.items():
        nodefolder.make(folder / place, place, network=NETWORK, port=port)
        member = orjson.loads((folder / place / "trust" / "roster.json").read_bytes())["jurisdictions"][0]
        authority = {**workload.ISSUER, "types": [workload.TYPE["code"]], "carried": False, "since": "2000-01-01"}
        authority["contact"] = {"phone": "010-0000-0000", "hours": "9:00-17:00"}
        members.append({**member, "urls": [f"http://127.0.0.1:{port}"], "authorities": [authority]})
    trust = {name: orjson.dumps(body) for name, body in _trust(members).items()}
    for place in ports:
        nodefolder.write_trust(folder / place, trust)
    return ports


def _trust(members: list[dict[str, Any]]) -> dict[str, Any]:
    members = [{**member, "region": f"99000{number}"} for number, member in enumerate(members)]
    agreement = {
        "id": "bench",
        "title": "bench",
        "issued_by": [OWNER],
        "recognised_by": [PARTNER],
        "types": ["*"],
        "purposes": ["*"],
        "since": "2020-01-01",
        "until": "2099-12-31",
        "witnesses": 0,
        "freshness_s": 86_400,
        "carried": False,
        "unchanged": [],
        "credit": [],
        "otherwise": "bench",
    }
    kind = {**workload.TYPE, "kind": "registration", "number_checks": [], "volatile": False}
    kind |= {"irreversible": ["03", "04", "05", "07"], "complete": {}}
    return {
        "roster.json": {"version": 1, "network": NETWORK, "jurisdictions": members},
        "agreements.json": {"version": 1, "agreements": [agreement]},
        "catalogue.json": {"version": 1, "types": [kind]},
    }


@asynccontextmanager
async def _running(folder: Path, place: str, ports: dict[str, int]) -> AsyncIterator[_Node]:
    config = folder / place / nodefolder.CONFIG
    words = (sys.executable, "-m", "gateway", "--log-level", "error", "run", str(config))
    process = await asyncio.create_subprocess_exec(*words)
    node = _Node(f"http://127.0.0.1:{ports[place]}", folder / place, process)
    try:
        async with aiohttp.ClientSession() as session:
            await _ready(session, node)
        yield node
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _ready(session: aiohttp.ClientSession, node: _Node) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and node.process.returncode is None:
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get(f"{node.url}/readyz") as answer:
                if answer.status == 200:
                    return
        await asyncio.sleep(0.05)
    raise CannotRun("bench.node", f"{node.folder} did not become ready")


async def _publish(session: aiohttp.ClientSession, node: _Node, count: int, start: int, progress: Progress) -> float:
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


async def _backlog(
    session: aiohttp.ClientSession, owner: _Node, partner: _Node, held: int, licences: int, progress: Progress
) -> Backlog:
    """Publish the rest of the licences while the bus takes nothing; then wait until the partner has all."""
    count = max(licences - held, 0)
    topic = owner.folder.parent / "bus" / f"{record_topic('jjj', OWNER, 'licence')}.sqlite"
    with contextlib.closing(sqlite3.connect(topic, isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        per_s = await _publish(session, owner, count, held, progress)
        rss_mb = owner.peak_mb()
        lock.execute("ROLLBACK")
    begun = time.perf_counter()
    await _size(session, partner, held + count)
    return Backlog(count, per_s, count / (time.perf_counter() - begun), rss_mb)


async def _mirrored(session: aiohttp.ClientSession, node: _Node, records: int) -> float:
    """From the first leaves that the partner holds to the last; records a second."""
    first = await _size(session, node, 1)
    begun = time.perf_counter()
    last = await _size(session, node, records)
    took = time.perf_counter() - begun
    return (last - first) / took if last > first else records / max(took, 0.001)


async def _size(session: aiohttp.ClientSession, node: _Node, size: int) -> int:
    """Wait until the node holds that many leaves of the owner's log."""
    end = time.monotonic() + PATIENCE_S
    origin = f"{NETWORK}/{OWNER}/licence"
    while time.monotonic() < end:
        async with session.get(f"{node.url}/v1/logs") as answer:
            logs = orjson.loads(await answer.read())["logs"]
        held = next((int(log["size"]) for log in logs if log["origin"] == origin), 0)
        if held >= size:
            return held
        await asyncio.sleep(LOOK_EVERY_S)
    raise CannotRun("bench.node", f"{node.folder} does not reach {size} records")


async def _audits(folder: Path, owner: _Node, records: int, plain: Plain) -> tuple[Rate, Rate]:
    await exporter.export(folder, owner.url)
    rates = []
    for structure_only in (False, True):
        begun = time.perf_counter()
        report = await auditor.audit(str(folder), structure_only=structure_only)
        if not report.ok:
            raise CannotRun("bench.audit", f"the export does not audit clean: {report.findings[:1]}")
        rates.append(records / (time.perf_counter() - begun))
    return Rate(rates[0], plain.audit()), Rate(rates[1], plain.structure())


async def _verify(session: aiohttp.ClientSession, node: _Node, licences: int, plain: Plain) -> Latency:
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
