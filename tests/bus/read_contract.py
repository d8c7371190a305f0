"""The read half of the contract of ``gateway.bus.port``, as tests: what a follower relies on."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from gateway.bus.port import BadTopic, BusClosed, PositionLost
from tests.bus.harness import PATIENCE_S, ReadHarness, need, take

MOMENT_S = 0.1  # how long a reader is watched to see that it waits


class ReadContract:
    """The read half: what a follower relies on."""

    async def test_messages_come_in_order_as_they_were_sent(self, harness: ReadHarness) -> None:
        sent = harness.messages(0, 12)
        for start in (0, 5, 6):
            await harness.append(sent[start : {0: 5, 5: 6, 6: 12}[start]])
        async with harness.open() as bus, aclosing(bus.read(harness.topic, None)) as reading:
            received = await take(reading, 12)
        assert [each.message for each in received] == sent
        positions = [each.position for each in received]
        assert positions == sorted(set(positions))

    async def test_reading_resumes_at_any_position(self, harness: ReadHarness) -> None:
        await harness.append(harness.messages(0, 9))
        async with harness.open() as bus:
            received = await take(bus.read(harness.topic, None), 9)
            for at in (0, 4, 8):
                assert await take(bus.read(harness.topic, received[at].position), 9 - at) == received[at:]

    async def test_readers_do_not_disturb_one_another(self, harness: ReadHarness) -> None:
        await harness.append(harness.messages(0, 4))
        async with harness.open() as bus, harness.open() as other:
            first, second, third = (each.read(harness.topic, None) for each in (bus, bus, other))
            seen = await take(first, 4)
            await harness.append(harness.messages(4, 4))
            seen += await take(first, 4)
            assert await take(second, 8) == seen
            assert await take(third, 8) == seen

    async def test_lists_are_bounded_and_never_empty(self, harness: ReadHarness) -> None:
        count = harness.max_batch * 2 + 1
        await harness.append(harness.messages(0, count))
        sizes: list[int] = []
        async with harness.open() as bus, aclosing(bus.read(harness.topic, None)) as lists:
            while sum(sizes) < count:
                sizes.append(len(await asyncio.wait_for(anext(lists), PATIENCE_S)))
        assert min(sizes) > 0
        assert max(sizes) <= harness.max_batch

    async def test_a_reader_at_the_end_waits_and_is_woken(self, harness: ReadHarness) -> None:
        await harness.append(harness.messages(0, 2))
        async with harness.open() as bus, aclosing(bus.read(harness.topic, None)) as reading:
            await take(reading, 2)
            waiting = asyncio.ensure_future(take(reading, 1))
            await asyncio.wait([waiting], timeout=MOMENT_S)
            assert not waiting.done()
            await harness.append(harness.messages(2, 1))
            assert [each.message for each in await waiting] == harness.messages(2, 1)

    @pytest.mark.parametrize("position", [None, 0])
    async def test_a_topic_not_made_yet_is_waited_for(self, harness: ReadHarness, position: int | None) -> None:
        async with harness.open() as bus, aclosing(bus.read(harness.topic, position)) as reading:
            waiting = asyncio.ensure_future(take(reading, 2))
            await asyncio.wait([waiting], timeout=MOMENT_S)
            assert not waiting.done()
            await harness.append(harness.messages(0, 2))
            assert [each.message for each in await waiting] == harness.messages(0, 2)

    async def test_a_cancelled_wait_loses_nothing(self, harness: ReadHarness) -> None:
        async with harness.open() as bus, aclosing(bus.read(harness.topic, None)) as reading:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(reading), MOMENT_S)
            await harness.append(harness.messages(0, 3))
            found = await take(reading, 3)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(reading), MOMENT_S)
            await harness.append(harness.messages(3, 3))
            found += await take(reading, 3)
        assert [each.message for each in found] == harness.messages(0, 6)

    async def test_cancelling_one_reader_leaves_another_its_messages(self, harness: ReadHarness) -> None:
        await harness.append(harness.messages(0, 3))
        async with harness.open() as bus:
            hasty, patient = (asyncio.ensure_future(take(bus.read(harness.topic, None), 3)) for _ in range(2))
            await asyncio.sleep(0)  # both have asked
            hasty.cancel()
            assert [each.message for each in await patient] == harness.messages(0, 3)

    async def test_a_late_reader_starts_at_the_earliest_kept(self, harness: ReadHarness) -> None:
        need(harness.features.retention, "retention")
        await harness.append(harness.messages(0, 10))
        async with harness.open() as bus:
            received = await take(bus.read(harness.topic, None), 10)
            await harness.delete_before(received[6].position)
        async with harness.open() as bus:
            assert await take(bus.read(harness.topic, None), 4) == received[6:]
            assert await take(bus.read(harness.topic, received[6].position), 4) == received[6:]

    async def test_a_deleted_position_is_lost(self, harness: ReadHarness) -> None:
        need(harness.features.retention, "retention")
        await harness.append(harness.messages(0, 10))
        async with harness.open() as bus:
            received = await take(bus.read(harness.topic, None), 10)
        await harness.delete_before(received[6].position)
        async with harness.open() as bus:
            with pytest.raises(PositionLost) as lost:
                await take(bus.read(harness.topic, received[5].position), 1)
        assert lost.value.reason == "bus.position_lost"

    async def test_a_topic_whose_messages_are_all_deleted_goes_on(self, harness: ReadHarness) -> None:
        need(harness.features.retention, "retention")
        await harness.append(harness.messages(0, 3))
        async with harness.open() as bus:
            last = (await take(bus.read(harness.topic, None), 3))[-1].position
            end = await bus.end(harness.topic)
        await harness.delete_before(end)
        await harness.append(harness.messages(3, 1))
        async with harness.open() as bus:
            (only,) = await take(bus.read(harness.topic, None), 1)
        assert only.message == harness.messages(3, 1)[0]
        assert only.position > last

    async def test_a_position_beyond_the_end_is_lost(self, harness: ReadHarness) -> None:
        await harness.append(harness.messages(0, 2))
        async with harness.open() as bus:
            beyond = await bus.end(harness.topic) + 1
            with pytest.raises(PositionLost):
                await take(bus.read(harness.topic, beyond), 1)

    async def test_the_end_is_where_the_next_message_goes(self, harness: ReadHarness) -> None:
        async with harness.open() as bus:
            assert await bus.end(harness.topic) == 0
            await harness.append(harness.messages(0, 3))
            end = await bus.end(harness.topic)
            received = await take(bus.read(harness.topic, None), 3)
            assert end > received[-1].position
            waiting = asyncio.ensure_future(take(bus.read(harness.topic, end), 1))
            await harness.append(harness.messages(3, 1))
            (only,) = await waiting
            assert only.position >= end

    async def test_signed_end_is_the_newest_of_the_largest(self, harness: ReadHarness) -> None:
        sent = harness.messages(0, 6)
        sizes = dict(zip(sent, [None, 7, 3, 7, 5, None], strict=True))
        async with harness.open() as bus:
            assert await bus.signed_end(harness.topic, sizes.get) is None
            await harness.append(sent)
            assert await bus.signed_end(harness.topic, sizes.get) == sent[3]
            assert await bus.signed_end(harness.topic, lambda _: None) is None
            assert await bus.signed_end(harness.topic, {sent[0]: 0}.get) == sent[0]

    async def test_signed_end_looks_at_the_whole_topic(self, harness: ReadHarness) -> None:
        count = harness.max_batch * 2 + 1
        sent = harness.messages(0, count)
        await harness.append(sent)
        async with harness.open() as bus:
            for at in (0, harness.max_batch, count - 1):
                assert await bus.signed_end(harness.topic, {sent[at]: 1}.get) == sent[at]

    async def test_closing_the_bus_ends_who_waits(self, harness: ReadHarness) -> None:
        async with harness.open() as bus:
            reading = bus.read(harness.topic, None)
            waiting = asyncio.ensure_future(anext(reading))
            await asyncio.wait([waiting], timeout=MOMENT_S)
        with pytest.raises(BusClosed):
            await asyncio.wait_for(waiting, PATIENCE_S)

    @pytest.mark.parametrize("name", ["", "../x", "jjj.Sanhe.licence", "jjj/x", ".x", "证照", "a" * 201, "a\n"])
    async def test_a_name_that_is_no_topic_is_refused(self, harness: ReadHarness, name: str) -> None:
        async with harness.open() as bus:
            with pytest.raises(BadTopic):
                bus.read(name, None)
            with pytest.raises(BadTopic):
                await bus.end(name)
