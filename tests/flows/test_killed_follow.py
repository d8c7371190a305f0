"""SIGKILL at any instant of a followed stream: the daily files hold each record once (law 5).

A node publishes, its partner mirrors, and a process of its own follows the partner into daily files until it is killed
at a random moment; the next one goes on where the state says. ``JJJ_SOAK=1`` kills ten times as often.
"""

from __future__ import annotations

import asyncio
import csv
import io
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import orjson

from tests.conftest import REPOSITORY
from tests.records import builders
from tests.simulator import PATIENCE_S, Running, World

KILLS = 100 if os.environ.get("JJJ_SOAK", "") not in ("", "0") else 10
AT_ONCE = 60
MOST_WAIT_S = 0.25
KILLED = -signal.SIGKILL


class Department:
    """Follows a node into a folder by the command."""

    def __init__(self, url: str, out: Path) -> None:
        self.url = url
        self.out = out

    async def start(self, *more: str) -> asyncio.subprocess.Process:
        """The command, up to where it begins to read: it says then where its trust data come from."""
        command = (sys.executable, "-m", "gateway", "follow", "--node", self.url, "--out", str(self.out), *more)
        process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stderr=asyncio.subprocess.PIPE)
        assert process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            first = await process.stderr.readline()
        assert b"--trust" in first, first
        return process

    async def killed(self) -> None:
        """Follow until a random moment."""
        process = await self.start()
        await asyncio.sleep(random.uniform(0, MOST_WAIT_S))
        process.kill()
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == KILLED

    async def once(self) -> None:
        """Follow to the end, cleanly."""
        process = await self.start("--once")
        async with asyncio.timeout(PATIENCE_S):
            _, said = await process.communicate()
        assert (process.returncode, said) == (0, b"")

    def lines(self) -> Counter[tuple[str, int]]:
        """(family, index) of every line of the daily files."""
        files = sorted(self.out.glob("[0-9]*.ndjson"))
        found = [orjson.loads(line) for file in files for line in file.read_bytes().splitlines()]
        return Counter((line["log"].rpartition("/")[2], line["index"]) for line in found)

    def rows(self) -> Counter[tuple[str, int]]:
        """The same of every row of the tables."""
        texts = [file.read_bytes().decode("utf-8-sig") for file in sorted(self.out.glob("[0-9]*.csv"))]
        found = [row for text in texts for row in list(csv.reader(io.StringIO(text)))[1:]]
        return Counter((row[0].rpartition("/")[2], int(row[1])) for row in found)


async def more(sanhe: Running, tongzhou: Running, number: int) -> None:
    """Licences and credit facts that nobody has seen yet, mirrored."""
    serials = range(number * AT_ONCE, (number + 1) * AT_ONCE)
    await sanhe.publish(*[builders.licence(number=builders.food_number(serial)) for serial in serials])
    facts = [builders.credit(number=f"示例〔2026〕{serial}号") for serial in serials]
    await sanhe.publish(*facts, kind="jjj.credit.recorded")
    for family in ("licence", "credit"):
        await tongzhou.mirrored("sanhe", (number + 1) * AT_ONCE, family)


async def test_daily_files_hold_each_record_once_wherever_the_follower_was_killed(tmp_path: Path) -> None:
    async with World(tmp_path, "sanhe", "tongzhou", served=("tongzhou",)) as world:
        sanhe, tongzhou = await world.start_all()
        department = Department(world.urls["tongzhou"], tmp_path / "partners")
        for number in range(KILLS):
            await more(sanhe, tongzhou, number)
            await department.killed()
        await department.once()
        wanted = Counter({(family, index): 1 for family in ("licence", "credit") for index in range(KILLS * AT_ONCE)})
        assert department.lines() == wanted
        assert department.rows() == wanted
        before = {path: path.read_bytes() for path in department.out.glob("[0-9]*")}
        await department.once()
        assert before == {path: path.read_bytes() for path in department.out.glob("[0-9]*")}
