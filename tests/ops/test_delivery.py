"""A file handed in whole, whatever comes between: the node restarts, forgets, or says that it can't seal now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.errors import CannotRun
from gateway.intake.reading import open_reading
from gateway.ops import delivery, handing
from gateway.ops.delivery import deliver
from gateway.ops.handing import hand_in
from gateway.ops.resuming import Journal, note_beside
from tests.ops.department import Department, department, good, refused_rows, reported, table
from tests.records import builders
from tests.simulator import eventually

ROWS = 1_600


@pytest.fixture
async def sanhe(tmp_path: Path) -> AsyncIterator[Department]:
    async with department(tmp_path) as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return table(tmp_path / "companies.csv", ROWS)


class Told(list[str]):
    """What the user is told."""

    def __call__(self, line: str) -> None:
        self.append(line)

    def has(self, text: str) -> bool:
        return any(text in line for line in self)


async def test_every_row_ends_somewhere_and_again_publishes_nothing(sanhe: Department, file: Path) -> None:
    report = file.with_name("report.xlsx")
    steps: list[tuple[int, int]] = []
    tally = await deliver(
        file, sanhe.terms(), sanhe.session, report=report, say=Told(), progress=lambda *step: steps.append(step)
    )
    assert sorted(sanhe.numbers()) == sorted(good(ROWS))
    assert sorted(reported(report)) == refused_rows(ROWS)
    assert tally.rows == ROWS == tally.logged + tally.rejected
    assert set(tally.refused) == {"uscc.check", "issuer.not_in_roster"}
    assert steps[0] == (1_000, 0)  # nobody knows yet how many there are
    assert steps[-1] == (ROWS, ROWS)
    assert not note_beside(file).exists()
    again = await deliver(file, sanhe.terms(), sanhe.session, say=Told())
    assert (again.logged, again.duplicates, again.refused) == (0, tally.logged, tally.refused)
    assert sanhe.size() == len(good(ROWS))


async def test_a_node_that_restarts_is_waited_for(sanhe: Department, file: Path) -> None:
    told = Told()
    work = asyncio.create_task(deliver(file, sanhe.terms(), sanhe.session, say=told))
    await eventually(lambda: sanhe.size() > 0, "some are logged")
    await sanhe.node.stop()
    await eventually(lambda: work.done() or told.has("will try again"), "the user is told")
    sanhe.node = await sanhe.world.start("sanhe")
    tally = await work
    assert tally.logged + tally.duplicates == len(good(ROWS))
    assert sorted(sanhe.numbers()) == sorted(good(ROWS))


async def test_a_node_that_cannot_seal_is_waited_for_until_patience_ends(sanhe: Department, tmp_path: Path) -> None:
    file = table(tmp_path / "few.csv", 5)
    publisher = sanhe.node.node.publisher
    publisher.refuse(CannotRun("ledger.io", "the disk is full"))
    told = Told()
    with pytest.raises(CannotRun, match=r"ledger\.io"):
        await deliver(file, sanhe.terms(pauses_s=(0.0, 0.0)), sanhe.session, say=told)
    assert len(told) == 2
    work = asyncio.create_task(deliver(file, sanhe.terms(), sanhe.session, say=told))
    await eventually(lambda: len(told) > 2, "it waits")
    publisher.open()
    assert (await work).logged == 5


async def test_no_node_at_all_is_said_at_once(sanhe: Department, file: Path) -> None:
    await sanhe.node.stop()
    told = Told()
    with pytest.raises(CannotRun, match=r"node\.unreachable"):
        await deliver(file, sanhe.terms(), sanhe.session, say=told)
    assert told == []


async def interrupted(sanhe: Department, file: Path, requests: int, *, reach: bool) -> None:
    """A run that was cut off after so many answers. ``reach``: whether the node has what they acknowledge."""
    reading = open_reading(file, str(sanhe.profile), own="sanhe", nodes=["sanhe"])
    post = handing.posting(sanhe.session, {"sanhe": sanhe.url})
    answered = 0

    async def cut(jurisdiction: str, body: bytes) -> list[dict[str, Any]]:
        nonlocal answered
        if answered == requests:
            raise CannotRun("node.refused", "cut off")
        answered += 1
        if reach:
            return await post(jurisdiction, body)
        log = "jjj.test/sanhe/licence"
        return [{"id": "x", "status": "logged", "log": log, "index": 0, "size": 1} for _ in body.splitlines()]

    with Journal(file, sanhe.url, say=Told()) as journal, pytest.raises(CannotRun, match="cut off"):
        await hand_in(reading, cut, journal=journal)


async def test_it_goes_on_where_it_stopped(sanhe: Department, tmp_path: Path) -> None:
    rows = 3_000
    file, report, told = table(tmp_path / "many.csv", rows), tmp_path / "report.xlsx", Told()
    await interrupted(sanhe, file, 5, reach=True)
    asked = sanhe.node.node.measures.registry.get_sample_value("jjj_receipts_total", {"status": "logged", "reason": ""})
    assert asked == sanhe.size() > 0
    tally = await deliver(file, sanhe.terms(), sanhe.session, report=report, say=told)
    assert told.has("going on where an earlier run stopped")
    assert not told.has("lost records")
    assert sorted(sanhe.numbers()) == sorted(good(rows))
    assert sorted(reported(report)) == refused_rows(rows)
    assert tally.rows == rows == tally.logged + tally.duplicates + tally.rejected


async def test_what_is_noted_is_not_sent_again_but_for_the_last(sanhe: Department, tmp_path: Path) -> None:
    file = table(tmp_path / "many.csv", 3_000)
    await interrupted(sanhe, file, 5, reach=True)
    bodies: list[int] = []
    original = sanhe.node.node.publisher.publish

    async def seen(drafts: Any, **given: Any) -> Any:
        bodies.append(len(drafts))
        return await original(drafts, **given)

    sanhe.node.node.publisher.publish = seen  # type: ignore[method-assign]
    await deliver(file, sanhe.terms(), sanhe.session, say=Told())
    assert len(bodies) == 6 - 5 + 4  # of six requests five were answered, the last four of them are probed


async def test_a_node_that_lost_what_it_acknowledged_gets_everything(sanhe: Department, tmp_path: Path) -> None:
    rows = 3_000
    file, report, told = table(tmp_path / "many.csv", rows), tmp_path / "report.xlsx", Told()
    await interrupted(sanhe, file, 4, reach=False)
    assert sanhe.size() == 0
    tally = await deliver(file, sanhe.terms(), sanhe.session, report=report, say=told)
    assert told.has("the node lost records")
    assert sorted(sanhe.numbers()) == sorted(good(rows))
    assert sorted(reported(report)) == refused_rows(rows)
    assert tally.rows == rows == tally.logged + tally.duplicates + tally.rejected


async def test_a_file_of_more_rows_than_a_commit_takes_goes_behind_live_records(
    sanhe: Department, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes: set[bool] = set()
    original = sanhe.node.node.publisher.publish

    async def seen(drafts: Any, *, bulk: bool) -> Any:
        lanes.add(bulk)
        return await original(drafts, bulk=bulk)

    sanhe.node.node.publisher.publish = seen  # type: ignore[method-assign]
    monkeypatch.setattr(delivery, "BULK_ABOVE", ROWS - 1)
    for given, expected in (({}, True), ({"bulk": False}, False)):
        lanes.clear()
        await deliver(file, sanhe.terms(**given), sanhe.session, say=Told())
        assert lanes == {expected}
    lanes.clear()
    await deliver(table(tmp_path / "fewer.csv", 10), sanhe.terms(), sanhe.session, say=Told())
    assert lanes == {False}


async def test_events_of_one_subject_are_taken_in_their_order(sanhe: Department, tmp_path: Path) -> None:
    suspended = {"code": "02", "since": "2024-05-01"}
    kinds = {"jjj.licence.issued": {}, "jjj.licence.suspended": {"state": suspended}}
    file = tmp_path / "events.ndjson"
    with file.open("wb") as opened:
        for kind, members in kinds.items():
            for number in range(700):
                data = builders.licence(number=builders.food_number(number), **members)
                opened.write(orjson.dumps({"type": kind, "data": data}) + b"\n")
    tally = await deliver(file, sanhe.terms(profile=None), sanhe.session, say=Told())
    assert (tally.logged, tally.refused) == (1_400, {})


async def test_a_request_holds_no_more_bytes_than_a_node_takes(
    sanhe: Department, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing, "BYTES_A_REQUEST", 20_000)
    longest = 0
    post = handing.posting(sanhe.session, {"sanhe": sanhe.url})

    async def seen(jurisdiction: str, body: bytes) -> list[dict[str, Any]]:
        nonlocal longest
        longest = max(longest, len(body))
        return await post(jurisdiction, body)

    reading = open_reading(file, str(sanhe.profile), own="sanhe", nodes=["sanhe"])
    await hand_in(reading, seen)
    assert 10_000 < longest <= 20_000
    assert sanhe.size() == len(good(ROWS))
