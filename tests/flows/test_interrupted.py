"""`publish` killed halfway through a few thousand rows, and run again: the node holds each record once, and the report
each refused row once (law 5).
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.intake.rejects import report_beside
from gateway.ops.resuming import note_beside
from tests.ops.department import Department, department, good, refused_rows, reported, table
from tests.simulator import eventually

ROWS = 4_000


@pytest.fixture
async def sanhe(tmp_path: Path) -> AsyncIterator[Department]:
    async with department(tmp_path) as opened:
        yield opened


async def publish(sanhe: Department, file: Path, *words: str) -> asyncio.subprocess.Process:
    where = (str(file), "--profile", str(sanhe.profile), "--node", sanhe.url)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "publish", *where, *words), stderr=asyncio.subprocess.PIPE
    )


async def test_publish_is_killed_and_run_again(sanhe: Department, tmp_path: Path) -> None:
    file = table(tmp_path / "companies.csv", ROWS)
    first = await publish(sanhe, file)
    await eventually(lambda: note_beside(file).exists() and sanhe.size() >= 500, "some rows are logged")
    first.kill()
    assert await first.wait() == -signal.SIGKILL
    assert sanhe.size() < len(good(ROWS))

    second = await publish(sanhe, file)
    _, told = await second.communicate()
    assert second.returncode == 1, told.decode()
    assert "going on where an earlier run stopped" in told.decode()
    assert sorted(sanhe.numbers()) == sorted(good(ROWS))
    assert sorted(reported(report_beside(file))) == refused_rows(ROWS)
    assert not note_beside(file).exists()


async def test_publish_interrupted_by_hand_says_how_to_go_on(sanhe: Department, tmp_path: Path) -> None:
    file = table(tmp_path / "companies.csv", ROWS)
    process = await publish(sanhe, file)
    await eventually(lambda: sanhe.size() >= 500, "some rows are logged")
    process.send_signal(signal.SIGINT)
    _, told = await process.communicate()
    assert process.returncode == 130, told
    assert "interrupted: the same command goes on where this one stopped" in told.decode()
    assert note_beside(file).exists()


async def test_a_drop_folder_is_taken_once(sanhe: Department, tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    table(drop / "companies.csv", 30)
    words = ("watch", str(drop), "--once", "--profile", str(sanhe.profile), "--node", sanhe.url)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "gateway", *words)
    assert await process.wait() == 1
    assert sorted(path.name for path in (drop / "rejected").iterdir()) == ["companies.csv", "companies.rejected.xlsx"]
    assert sorted(sanhe.numbers()) == sorted(good(30))
