"""A department's file handed to a real node: what goes in, what stays out and why, and that a second run publishes
nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import openpyxl
import orjson
import pytest

from gateway.errors import CannotRun
from gateway.intake.profile import REPORT_COLUMNS
from gateway.ops import nodefolder
from gateway.ops.delivery import Terms, deliver
from gateway.ops.handing import ITEMS_A_REQUEST, Tally
from tests.intake import national
from tests.simulator import TYPES, World, eventually
from tests.web.desk import Desk, opened

SUPERVISION = "11100000000013338W952"
COMMISSION = {"uscc": "11110000000021135M", "name": "北京市住房和城乡建设委员会"}
MINISTRY = {"uscc": "11100000000013338W", "name": "住房和城乡建设部"}


@asynccontextmanager
async def node_of(folder: Path) -> AsyncIterator[Desk]:
    async with World(folder, "tongzhou") as world:
        enter(world)
        async with opened(world, "tongzhou") as desk:
            yield desk


def enter(world: World, *authorities: Mapping[str, str]) -> None:
    """Write trust data with these authorities besides, as carried, and a type that this world doesn't have."""
    own = world.member("tongzhou")["authorities"]
    carried = [own[0] | {"types": [*TYPES, SUPERVISION], "carried": True} | dict(each) for each in authorities]
    world.found(tongzhou={"authorities": own + carried})
    types = [world.catalogue_type(code) for code in (*TYPES, SUPERVISION)]
    catalogue = {"catalogue.json": orjson.dumps({"version": 1, "types": types})}
    nodefolder.write_trust(world.folder / "tongzhou", catalogue)


async def handed(
    desk: Desk, path: Path, profile: str, report: Path | None = None, *, restate: bool = False
) -> Tally:
    async with aiohttp.ClientSession() as session:
        terms = Terms(desk.serving.url, profile, restate=restate)
        return await deliver(path, terms, session, report=report, say=print)


async def licences(desk: Desk) -> list[Any]:
    return [(await desk.get(f"/v1/records/tongzhou/licence/{at}")).json["data"] for at in range(desk.size())]


async def test_a_workbook_in_the_national_form(tmp_path: Path) -> None:
    """31 in, 9 out for nine reasons; the same as GB18030 CSV says the same, and publishes nothing."""
    workbook = national.write_workbook(tmp_path / "permits.xlsx")
    table = national.write_csv(tmp_path / "permits.csv", "gb18030")
    async with node_of(tmp_path / "network") as desk:
        first = await handed(desk, workbook, "shuanggongshi-licence", tmp_path / "r.xlsx")
        assert (first.rows, first.logged, first.rejected) == (40, 31, 9)
        assert first.refused == dict.fromkeys(national.REASONS.values(), 1)
        assert len(first.refused) == 9
        assert reported(tmp_path / "r.xlsx") == {str(row): reason for row, reason in national.REASONS.items()}
        again = await handed(desk, table, "shuanggongshi-licence", tmp_path / "r2.xlsx")
        assert (again.rows, again.logged, again.duplicates) == (40, 0, 31)
        assert again.refused == first.refused
        assert reported(tmp_path / "r2.xlsx") == reported(tmp_path / "r.xlsx")
        assert desk.size() == 31


async def test_what_a_file_says_is_restated_over_a_later_record_only_when_asked(tmp_path: Path) -> None:
    table = national.write_csv(tmp_path / "permits.csv", "utf-8")
    async with node_of(tmp_path / "network") as desk:
        await handed(desk, table, "shuanggongshi-licence")
        data = (await licences(desk))[0]
        later = data | {"state": {"code": "04", "since": "2026-10-01"}}
        assert (await desk.publish({"type": "jjj.licence.cancelled", "data": later})).json["status"] == "logged"
        refused = await handed(desk, table, "shuanggongshi-licence")
        assert (refused.logged, refused.duplicates, refused.refused["record.superseded"]) == (0, 30, 1)
        restated = await handed(desk, table, "shuanggongshi-licence", restate=True)
        assert (restated.logged, restated.duplicates, restated.refused["record.superseded"]) == (1, 30, 0)
        assert (await licences(desk))[-1] == data
        again = await handed(desk, table, "shuanggongshi-licence", restate=True)
        assert (again.logged, again.duplicates) == (0, 31)


async def test_a_large_file_is_not_restated(tmp_path: Path) -> None:
    table = tmp_path / "many.ndjson"
    table.write_text('{"type":"jjj.licence.issued","data":{}}\n' * (ITEMS_A_REQUEST + 1))
    async with node_of(tmp_path / "network") as desk:
        with pytest.raises(CannotRun, match=r"restate\.too_many"):
            await handed(desk, table, "records", restate=True)


def reported(report: Path) -> dict[str, str]:
    """Row → reason, of a report; every row has its sentence."""
    header, *rows = openpyxl.load_workbook(report).active.iter_rows(values_only=True)
    told = [dict(zip(header, row, strict=True)) for row in rows]
    assert all(any("一" <= character <= "鿿" for character in str(row["说明"])) for row in told)
    return {row[REPORT_COLUMNS[0]]: row[REPORT_COLUMNS[1]] for row in told}


async def test_real_qualifications(real_data: Path, tmp_path: Path) -> None:
    """Refused until the roster enters their authorities as carried; then three licences with 2, 4 and 3 items."""
    sample, profile = real_data / "licences_mohurd_sample.json", "mohurd-qualification"
    async with node_of(tmp_path / "network") as desk:
        before = await handed(desk, sample, profile, tmp_path / "r.xlsx")
        assert (before.rows, before.logged, before.refused) == (9, 0, {"issuer.not_in_roster": 9})
        assert set(reported(tmp_path / "r.xlsx").values()) == {"issuer.not_in_roster"}
        enter(desk.world, COMMISSION, MINISTRY)
        roster = desk.node.trust
        await eventually(
            lambda: len(roster.current.roster.jurisdictions["tongzhou"].authorities) == 3, "the roster is read anew"
        )
        first = await handed(desk, sample, profile)
        assert (first.rows, first.logged, first.merged, first.rejected) == (9, 3, 6, 0)
        assert [len(each["items"]) for each in await licences(desk)] == [2, 4, 3]
        second = await handed(desk, sample, profile)
        assert (second.rows, second.logged, second.duplicates, second.merged) == (9, 0, 3, 6)


async def test_real_penalties_lack_what_makes_a_fact(real_data: Path, tmp_path: Path) -> None:
    async with node_of(tmp_path / "network") as desk:
        report = tmp_path / "r.xlsx"
        tally = await handed(desk, real_data / "penalties_sz_2022_sample.csv", "shuanggongshi-penalty", report)
        assert (tally.rows, tally.logged, tally.refused) == (19, 0, {"row.required": 19})
        rows = [*openpyxl.load_workbook(report).active.iter_rows(min_row=2, values_only=True)]
        assert len(rows) == 19
        for row in rows:
            assert "统一社会信用代码" in str(row)
            assert "决定书文号" in str(row)
            assert "表中没有这一列" in str(row)
