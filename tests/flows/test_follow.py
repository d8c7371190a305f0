"""The command ``follow`` beside real nodes: every partner's records once, wherever it is killed (law 5).

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
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from tests.conftest import REPOSITORY
from tests.records import builders
from tests.simulator import NETWORK, PATIENCE_S, Running, World

KILLS = 100 if os.environ.get("JJJ_SOAK", "") not in ("", "0") else 10
PLACES = ("tongzhou", "sanhe", "dachang", "xianghe", "xiongan", "binhai")
AT_ONCE = 60
MOST_WAIT_S = 0.25
SYNCS = 6  # of lines, a table and the folder, for licences and for facts
KILLED = -signal.SIGKILL


class Department:
    """Follows a node into a folder by the command."""

    def __init__(self, url: str, out: Path) -> None:
        self.url = url
        self.out = out

    async def start(self, *more: str, module: Sequence[str] = ("gateway", "follow")) -> asyncio.subprocess.Process:
        """The command, up to where it begins to read: it says then where its trust data come from."""
        command = (sys.executable, "-m", *module, "--node", self.url, "--out", str(self.out), *more)
        process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stderr=asyncio.subprocess.PIPE)
        assert process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            first = await process.stderr.readline()
        assert b"--trust" in first, first
        return process

    async def printed(self, *more: str) -> list[dict[str, Any]]:
        """The lines that the command prints, to the end."""
        command = (sys.executable, "-m", "gateway", "follow", "--node", self.url, "--once", *more)
        process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE)
        async with asyncio.timeout(PATIENCE_S):
            out, _ = await process.communicate()
        assert process.returncode == 0
        return [orjson.loads(line) for line in out.splitlines()]

    async def killed_somewhere(self) -> None:
        """Follow until a random moment."""
        process = await self.start()
        await asyncio.sleep(random.uniform(0, MOST_WAIT_S))
        process.kill()
        await self._is_killed(process)

    async def killed_before_its_state(self) -> None:
        """Follow until lines stand in a file, and the state that belongs to them does not."""
        number = str(random.randint(1, SYNCS))
        await self._is_killed(await self.start(module=("tests.flows.killed_follower", number)))

    @staticmethod
    async def _is_killed(process: asyncio.subprocess.Process) -> None:
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
            await random.choice([department.killed_somewhere, department.killed_before_its_state])()
        await department.once()
        wanted = Counter({(family, index): 1 for family in ("licence", "credit") for index in range(KILLS * AT_ONCE)})
        assert department.lines() == wanted
        assert department.rows() == wanted
        before = {path: path.read_bytes() for path in department.out.glob("[0-9]*")}
        await department.once()
        assert before == {path: path.read_bytes() for path in department.out.glob("[0-9]*")}


async def test_of_six_nodes_every_record_of_the_five_partners_is_told_once_and_a_second_time_nothing(
    tmp_path: Path,
) -> None:
    async with World(tmp_path, *PLACES, served=("tongzhou",)) as world:
        nodes = {node.id: node for node in await world.start_all()}
        for place, node in nodes.items():
            await node.publish(*[builders.licence(number=builders.food_number(each)) for each in range(3)])
            await node.publish(builders.credit(number=f"示例〔2026〕{place}号"), kind="jjj.credit.recorded")
        partners = [place for place in PLACES if place != "tongzhou"]
        for place in partners:
            await nodes["tongzhou"].mirrored(place, 3)
            await nodes["tongzhou"].mirrored(place, 1, "credit")
        department = Department(world.urls["tongzhou"], tmp_path / "partners")
        found = Counter((line["log"], line["index"]) for line in await department.printed())
        wanted = {(f"{NETWORK}/{place}/licence", index) for place in partners for index in range(3)}
        wanted |= {(f"{NETWORK}/{place}/credit", 0) for place in partners}
        assert found == dict.fromkeys(wanted, 1)
        later = await department.printed("--family", "licence", "--from", "2")
        assert Counter((line["log"], line["index"]) for line in later) == {
            (f"{NETWORK}/{place}/licence", 2): 1 for place in partners
        }
        await department.once()
        assert sum(department.lines().values()) == len(wanted)
        await department.once()
        assert sum(department.lines().values()) == len(wanted)
