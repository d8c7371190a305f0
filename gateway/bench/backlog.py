"""A department's whole history, handed in as one file: how fast, in how much memory, and how soon does a run that was
killed go on?

One real node, and `publish` as anybody runs it, in a process of its own. When half of the rows are logged it is killed
(SIGKILL), and run again. Meanwhile somebody publishes a live record each second and waits for the receipt.

>>> figures = await history(1_000_000, progress=lambda done, total: None)
>>> print(figures.text())
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp

from gateway.bench import workload
from gateway.bench.measure import machine
from gateway.bench.nodes import LOOK_EVERY_S, OWNER, PARTNER, Node, peak_mb, running, set_up, size_of
from gateway.errors import CannotRun
from gateway.ops import handing

PROFILE, AREA = "business-licence", "131082"
ISSUER = {"name": "三河市市场监督管理局（示例）", "uscc": "1113108200EX000143"}  # of that profile, for that area
COLUMNS = ("企业名称", "统一社会信用代码", "注册日期", "企业类型", "注册资金", "经营范围", "注册地址", "归并区划码")
LIVE_EVERY_S = 1.0
STUCK_S = 900
SETTLE_S = 10.0
SURELY = 100
"""More records than live ones can be under way, fewer than a request brings: so many are the file's."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class History:
    """One run. ``read_s``: from the start to the first leaf, in which the file is read once; ``rows_per_s``: from
    then to the kill; ``resume_s``: from the second start to the first leaf that the first run had not brought;
    ``live_*``: a live record meanwhile, from request to receipt.
    """

    rows: int
    file_mb: float
    read_s: float
    rows_per_s: float
    killed_at: int
    resume_s: float
    peak_mb: float
    node_peak_mb: float
    live_records: int
    live_median_ms: float
    live_longest_ms: float
    machine: str

    def to_json(self) -> dict[str, Any]:
        """As ``bench --history N --json`` has it."""
        return {name: round(value, 1) if isinstance(value, float) else value for name, value in asdict(self).items()}

    def text(self) -> str:
        """For people: a line a figure."""
        live = f"median {self.live_median_ms:.0f} ms, longest {self.live_longest_ms:.0f} ms"
        lines = (
            f"{self.machine}; {self.rows:,} 行 rows, {self.file_mb:.0f} MiB",
            f"通读 from the start to the first record: {self.read_s:.1f} s",
            f"批量发布 bulk: {self.rows_per_s:,.0f} 行 rows/s",
            f"中断于 killed at {self.killed_at:,}; 接续 next new record {self.resume_s:.1f} s after the second start",
            f"内存 peak memory: publish {self.peak_mb:.0f} MiB, node {self.node_peak_mb:.0f} MiB",
            f"期间实时发布 live meanwhile: {self.live_records} records, {live}",
        )
        return "\n".join(lines)


async def history(rows: int, *, progress: Progress) -> History:
    """Measure once. Raises ``CannotRun`` "bench.*", also where a record was lost or stands twice."""
    with tempfile.TemporaryDirectory(prefix="jjj-bench-") as made:
        folder = Path(made)
        file = folder / "companies.csv"
        file_mb = write(file, rows)
        ports = set_up(folder, (OWNER, PARTNER), ISSUER)
        async with aiohttp.ClientSession() as session, running(folder, OWNER, ports) as node:
            return await _measured(file, file_mb, _Run(node, session, rows, progress))


async def _measured(file: Path, file_mb: float, run: _Run) -> History:
    rows, node = run.rows, run.node
    async with run.live_records():
        async with _publishing(file, node) as process:
            begun = time.perf_counter()
            first = await run.until(process, SURELY)
            before = time.perf_counter()
            killed_at = await run.until(process, max(rows // 2, first))
            per_s = (killed_at - first) / max(time.perf_counter() - before, 0.001)
        settled = await run.settled()
        async with _publishing(file, node) as process:
            second = time.perf_counter()
            await run.until(process, settled + SURELY)
            resume = time.perf_counter() - second
            await run.until(process, rows)
            if await process.wait() != 0:
                raise CannotRun("bench.refused", f"`publish` ended with {process.returncode}")
    if (held := await run.size()) != rows:
        raise CannotRun("bench.refused", f"{rows} rows made {held} records")
    memory, waited = (run.peak, node.peak_mb()), run.waited
    live = (statistics.median(waited), max(waited))
    read = before - begun
    return History(rows, file_mb, read, per_s, killed_at, resume, *memory, len(waited), *live, machine())


def write(file: Path, rows: int) -> float:
    """A table of companies, every code valid, every name invented; its size, MiB."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(COLUMNS)
        for number in range(rows):
            name, code = f"示例{number}号科技发展有限公司", workload.uscc(number, "91131082")
            place = f"示例市示例区示例路{number}号示例大厦{number % 30}层{number % 900}室"
            table.writerow(
                (name, code, "2019/01/02", "有限责任公司", "100(万元人民币)", workload.SCOPE, place, AREA)
            )
    return file.stat().st_size / 2**20


class _Run:
    """What is looked at while `publish` works: how many of the rows are logged, its memory, and how long live records
    wait for their receipts, ms.
    """

    def __init__(self, node: Node, session: aiohttp.ClientSession, rows: int, progress: Progress) -> None:
        self.node = node
        self.rows = rows
        self.peak = 0.0
        self.waited: list[float] = []
        self._session = session
        self._progress = progress

    async def size(self) -> int:
        """Records of the file that are logged; live ones, whose receipts came, are not."""
        return await size_of(self._session, self.node, 0) - len(self.waited)

    @asynccontextmanager
    async def live_records(self) -> AsyncIterator[None]:
        """Somebody at work meanwhile: a record each second."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._work(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def _work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            data = {**workload.draft(len(self.waited))["data"], "issuer": ISSUER}
            draft = {"type": "jjj.licence.issued", "data": data}
            begun = time.perf_counter()
            [answer] = await handing.publish(self._session, self.node.url, [draft])
            if answer["status"] != "logged":
                raise CannotRun("bench.refused", f"{self.node.url} refused: {answer['reason']}")
            self.waited.append((time.perf_counter() - begun) * 1000)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LIVE_EVERY_S)

    async def settled(self) -> int:
        """What is logged when the requests that were under way are through."""
        before, now = -SURELY, await self.size()
        while now - before >= SURELY:
            await asyncio.sleep(SETTLE_S)
            before, now = now, await self.size()
        return now

    async def until(self, process: asyncio.subprocess.Process, size: int) -> int:
        """Wait until so many are logged."""
        last, changed = 0, time.monotonic()
        ended = False
        while (held := await self.size()) < size:
            if held != last:
                last, changed = held, time.monotonic()
            if ended or time.monotonic() - changed > STUCK_S:
                raise CannotRun("bench.node", f"`publish` stopped at {held} of {self.rows} rows")
            ended = process.returncode is not None
            with contextlib.suppress(OSError, StopIteration):
                self.peak = max(self.peak, peak_mb(process.pid))
            self._progress(max(held, 0), self.rows)
            await asyncio.sleep(LOOK_EVERY_S)
        return held


@asynccontextmanager
async def _publishing(file: Path, node: Node) -> AsyncIterator[asyncio.subprocess.Process]:
    words = (sys.executable, "-m", "gateway", "publish", str(file), "--profile", PROFILE, "--node", node.url)
    process = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
