"""A department of Sanhe with its node, and the tables that it hands in: most rows good, some that no node would take,
some that only the node refuses, for it knows the roster.

    async with department(tmp_path) as sanhe:
        file = table(tmp_path / "companies.csv", 1_000)
"""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from openpyxl import load_workbook

from gateway.bench.backlog import AREA, COLUMNS, ISSUER
from gateway.intake import profiles
from gateway.intake.profile import REPORT_COLUMNS
from gateway.ledger import logbook
from gateway.ops.delivery import Terms
from tests.records import builders
from tests.simulator import Running, World

UNKNOWN_AREA = "131024"  # its issuer stands in the profile, and in no roster
BAD_EVERY, UNKNOWN_EVERY = 100, 150


@dataclass
class Department:
    """Its node, and a session to it."""

    world: World
    node: Running
    session: aiohttp.ClientSession
    profile: Path

    @property
    def url(self) -> str:
        return self.world.urls["sanhe"]

    def terms(self, **given: Any) -> Terms:
        return Terms(self.url, **({"profile": str(self.profile), "pauses_s": (0.05,) * 200} | given))

    def size(self) -> int:
        return self.node.node.publisher.logs["licence"].own.size

    def numbers(self) -> list[str]:
        """The licence numbers of all that is logged, in order."""
        log = self.node.node.publisher.logs["licence"].own.log
        entries = logbook.entries(self.node.node.ledger.read, log.number, 0, 1 << 20)
        return [orjson.loads(entry.split(b"\n")[0])["data"]["number"] for entry in entries]


@asynccontextmanager
async def department(folder: Path) -> AsyncIterator[Department]:
    """The node seals, and knows one issuer."""
    async with World(folder / "network", "sanhe", served=("sanhe",)) as world, aiohttp.ClientSession() as session:
        authority = world.member("sanhe")["authorities"][0] | ISSUER
        world.found(sanhe={"authorities": [authority, world.member("sanhe")["authorities"][0]]})
        node = await (await world.start("sanhe")).sealing()
        yield Department(world, node, session, profile(folder / "companies.toml"))


def profile(file: Path) -> Path:
    """The profile of business licences, with an area more that this node speaks for."""
    text = (profiles.FOLDER / "business-licence.toml").read_text(encoding="utf-8")
    file.write_text(text.replace(f'{UNKNOWN_AREA} = "xianghe"', f'{UNKNOWN_AREA} = "sanhe"'), encoding="utf-8")
    return file


def table(file: Path, rows: int, first: int = 0) -> Path:
    """Companies; each hundredth has a code that fails its check, each 150th an issuer of no roster."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS)
        for number in range(first, first + rows):
            code = builders.uscc(number)
            if is_bad(number):
                code = code[:-1] + ("0" if code[-1] != "0" else "1")
            area = UNKNOWN_AREA if is_unknown(number) else AREA
            name, place = f"示例{number}号有限公司", f"示例路{number}号"
            writer.writerow((name, code, "2019/01/02", "有限责任公司", "100(万元人民币)", "示例", place, area))
    return file


def is_bad(number: int) -> bool:
    return number % BAD_EVERY == 7


def is_unknown(number: int) -> bool:
    return number % UNKNOWN_EVERY == 11 and not is_bad(number)


def good(rows: int) -> list[str]:
    """The codes of the rows that are taken."""
    return [builders.uscc(number) for number in range(rows) if not is_bad(number) and not is_unknown(number)]


def refused_rows(rows: int) -> list[int]:
    """Numbers of the rows that are refused, as a spreadsheet shows them."""
    return [number + 2 for number in range(rows) if is_bad(number) or is_unknown(number)]


def reported(report: Path) -> list[int]:
    """The row numbers in a report, in order."""
    _, *rows = load_workbook(report).worksheets[0].iter_rows(values_only=True)
    return [int(str(row[-len(REPORT_COLUMNS)])) for row in rows]
