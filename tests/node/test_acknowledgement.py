"""A publisher under ``replicated`` by itself: what it shows, answers and lets in while nobody takes what it seals."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.errors import CannotRun
from gateway.ledger import logbook
from gateway.node import acknowledgement
from gateway.node.door import Receipt
from gateway.node.sealer import Published
from tests.node.parts import Press, draft, publishing
from tests.simulator import World, eventually

WITHIN_S = 0.05
NEVER_S = 600.0


def take(press: Press, size: int) -> None:
    """The bus has so many leaves now."""
    seal = logbook.seal_at(press.ledger.read, press.log.number, size)
    press.publisher.show(press.own, Published(seal.size, seal.date, seal.note))


async def waits(press: Press, *serials: int) -> asyncio.Task[Any]:
    """A call under way whose records are sealed."""
    size = press.own.size + len(serials)
    task = asyncio.create_task(press.publish(*(draft(serial) for serial in serials)))
    await eventually(lambda: press.own.size == size)
    return task


def shown(press: Press) -> tuple[int, int]:
    return press.own.size, press.own.size - press.own.unshown


async def test_each_answer_waits_for_its_own_seal(world: World) -> None:
    async with publishing(world, replicated=True, within_s=NEVER_S) as press:
        first, second = await waits(press, 1, 2), await waits(press, 3)
        assert shown(press) == (3, 0)
        take(press, 2)
        assert [(each.index, each.size) for each in await first] == [(0, 2), (1, 2)]
        assert not second.done()
        take(press, 3)
        assert [(each.index, each.size) for each in await second] == [(2, 3)]


async def test_what_was_not_taken_is_not_shown_after_a_start(world: World) -> None:
    async with publishing(world, replicated=True, within_s=NEVER_S) as press:
        (await waits(press, 1)).cancel()
        await press.ledger.write(lambda c: logbook.set_sent(c, press.log.number, 1))
        (await waits(press, 2, 3)).cancel()
    async with publishing(world, replicated=True) as press:
        assert shown(press) == (3, 1)
        assert press.own.shown.note == logbook.seal_at(press.ledger.read, press.log.number, 1).note


async def test_a_part_of_a_seal_that_was_taken_is_not_shown(world: World) -> None:
    async with publishing(world, replicated=True, within_s=NEVER_S) as press:
        (await waits(press, 1, 2)).cancel()
        await press.ledger.write(lambda c: logbook.set_sent(c, press.log.number, 1))
    async with publishing(world, replicated=True) as press:
        assert shown(press) == (2, 0)
        assert press.own.shown is None


async def test_who_has_waited_long_enough_is_told_and_the_next_is_not_let_in(world: World) -> None:
    async with publishing(world, replicated=True, within_s=WITHIN_S) as press:
        with pytest.raises(CannotRun, match=r"publish\.unacknowledged"):
            await press.publish(draft(1))
        with pytest.raises(CannotRun, match=r"publish\.bus_away"):
            await press.publish(draft(2))
        assert shown(press) == (1, 0)
        take(press, 1)
        again = await waits_and_takes(press, 1)
        assert (again.status, again.index) == ("duplicate", 0)


async def waits_and_takes(press: Press, serial: int) -> Receipt:
    return (await press.publish(draft(serial)))[0]


async def test_who_queues_behind_a_bus_that_is_away_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no room for another commit, so that nobody looks at the queue."""
    monkeypatch.setattr(acknowledgement, "MOST_LEAVES", 1)
    async with publishing(world, replicated=True, within_s=0.3) as press:
        first = await waits(press, 1)
        second = asyncio.create_task(press.publish(draft(2)))
        for task, reason in ((first, "publish.unacknowledged"), (second, "publish.bus_away")):
            with pytest.raises(CannotRun) as error:
                await task
            assert error.value.reason == reason
        assert shown(press) == (1, 0)


async def test_bytes_that_wait_are_bounded_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acknowledgement, "MOST_BYTES", 1)
    async with publishing(world, replicated=True, within_s=NEVER_S) as press:
        first = await waits(press, 1)
        assert not press.publisher.acknowledgement.room
        second = asyncio.create_task(press.publish(draft(2)))
        await asyncio.wait([second], timeout=0.1)
        assert press.own.size == 1
        take(press, 1)
        await first
        await eventually(lambda: press.own.size == 2, "there is room again")
        take(press, 2)
        await second


async def test_a_bus_that_takes_a_little_is_not_away(world: World) -> None:
    async with publishing(world, replicated=True, within_s=0.4) as press:
        first, second = await waits(press, 1), await waits(press, 2)
        await asyncio.wait([first], timeout=0.25)
        take(press, 1)
        with pytest.raises(CannotRun, match=r"publish\.unacknowledged"):
            await second
        assert press.publisher.acknowledgement.overdue is None
        await first


async def test_a_bus_that_takes_nothing_but_heartbeats_is_away(world: World) -> None:
    async with publishing(world, replicated=True, within_s=0.2) as press:
        first = await waits(press, 1)
        take(press, 1)
        await first
        second = await waits(press, 2)
        while not second.done():
            press.publisher.show(press.own, press.own.shown)
            await asyncio.wait([second], timeout=0.02)
        assert press.publisher.acknowledgement.overdue is not None
        assert str(second.exception()).startswith("publish.unacknowledged")


async def test_under_local_all_is_shown_and_answered_at_once(world: World) -> None:
    async with publishing(world, within_s=WITHIN_S) as press:
        assert (await press.one(draft(1))).size == 1
        assert shown(press) == (1, 1)
        assert press.own.shown == press.own.newest


async def test_a_publisher_that_ends_leaves_nobody_waiting(world: World) -> None:
    async with publishing(world, replicated=True, within_s=NEVER_S) as press:
        task = await waits(press, 1)
    with pytest.raises(asyncio.CancelledError):
        await task
