"""Live records go first, bulk comes in small parts behind them, and neither lane starves or blocks the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from gateway.errors import CannotRun
from gateway.node import lanes as lanes_module
from gateway.node.door import Draft, Receipt
from gateway.node.lanes import Lanes
from tests.node.parts import draft, publishing
from tests.node.test_publisher import Held
from tests.simulator import World


def drafts(first: int, count: int) -> list[Draft]:
    return [draft(serial) for serial in range(first, first + count)]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of three historic records a commit."""
    monkeypatch.setattr(lanes_module, "BULK_A_COMMIT", 3)


@pytest.mark.usefixtures("small")
async def test_a_live_record_overtakes_a_backlog_of_bulk(world: World) -> None:
    signer = Held(world.keys("sanhe").record)
    async with publishing(world, record=signer) as press:
        bulk = [asyncio.create_task(press.publisher.publish(drafts(10 * n, 9), bulk=True)) for n in range(1, 4)]
        await asyncio.to_thread(signer.waiting.wait, 10)
        live = asyncio.create_task(press.one(draft(500)))
        await asyncio.sleep(0)
        signer.go.set()
        receipt = await live
        assert receipt.index == 3  # behind the part that was under way, before the 24 that waited
        answers = [receipt for answer in await asyncio.gather(*bulk) for receipt in answer]
        assert sorted(found.index for found in (*answers, receipt)) == list(range(28))


@pytest.mark.usefixtures("small")
async def test_a_bulk_request_is_cut_and_answered_in_order(world: World) -> None:
    async with publishing(world) as press:
        receipts = await press.publisher.publish(drafts(1, 8), bulk=True)
        assert [receipt.index for receipt in receipts] == list(range(8))
        assert [size for size, _ in press.seals()] == [3, 6, 8]


class Clerk:
    """Takes what the lanes give, and says what it was."""

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes

    async def commit(self) -> list[list[str]]:
        batch = await self.lanes.take()
        for waiting in batch:
            waiting.answer.set_result([Receipt(each.type, "logged") for each in waiting.drafts])
        return [[each.type for each in waiting.drafts] for waiting in batch]


def named(*names: str) -> Sequence[Draft]:
    return [Draft(name, {}) for name in names]


@pytest.mark.usefixtures("small")
async def test_each_commit_takes_all_that_is_live_and_one_part_of_bulk() -> None:
    lanes = Lanes()
    async with asyncio.TaskGroup() as callers:
        callers.create_task(lanes.answer(named("b1", "b2", "b3", "b4"), bulk=True))
        callers.create_task(lanes.answer(named("c1"), bulk=True))
        callers.create_task(lanes.answer(named("x"), bulk=False))
        callers.create_task(lanes.answer(named("y", "z"), bulk=False))
        await asyncio.sleep(0)
        clerk = Clerk(lanes)
        assert await clerk.commit() == [["x"], ["y", "z"], ["b1", "b2", "b3"]]
        callers.create_task(lanes.answer(named("v"), bulk=False))
        await asyncio.sleep(0)
        assert await clerk.commit() == [["v"], ["c1"]]  # bulk callers take turns, and go on while others are live
        assert await clerk.commit() == [["b4"]]
    assert lanes.waiting == 0


async def test_bulk_that_waits_keeps_no_live_record_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes_module, "MOST_WAITING", 2)
    lanes = Lanes()
    bulk = [asyncio.create_task(lanes.answer(named("b", "b"), bulk=True)) for _ in range(3)]
    await asyncio.sleep(0)
    assert lanes.waiting == 2  # two more callers stand before the door
    live = asyncio.create_task(lanes.answer(named("x"), bulk=False))
    await asyncio.sleep(0)
    clerk = Clerk(lanes)
    assert await clerk.commit() == [["x"], ["b", "b"]]
    assert (await live)[0].id == "x"
    assert [await clerk.commit() for _ in range(2)] == [[["b", "b"]]] * 2
    await asyncio.gather(*bulk)


async def test_who_gives_up_in_either_lane_takes_no_room() -> None:
    lanes = Lanes()
    callers = [asyncio.create_task(lanes.answer(named("x"), bulk=bulk)) for bulk in (False, True)]
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    assert lanes.waiting == 0
    assert [waiting.answer.cancelled() for waiting in lanes.drain()] == [True, True]


async def test_both_lanes_are_told_why_nothing_is_sealed(world: World) -> None:
    async with publishing(world) as press:
        press.publisher.refuse(CannotRun("ledger.behind", "run recover"))
        for bulk in (False, True):
            with pytest.raises(CannotRun, match=r"ledger\.behind"):
                await press.publisher.publish(drafts(1, 1), bulk=bulk)
