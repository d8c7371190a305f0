"""The contract of ``gateway.bus.port``, as tests. An adapter subclasses it and gives a ``harness``.

class TestEmbedded(BusContract):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> Harness: ...
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from gateway.bus.port import LOG_INDEX, BadTopic, Bus, BusClosed, BusFenced, BusUnavailable, Message, header
from tests.bus.harness import Harness, need, numbered, numbers, other_process, read_all, take
from tests.bus.read_contract import ReadContract

ANY_MESSAGES = [
    Message(b"", b""),
    Message(bytes(range(256)), bytes(range(255, -1, -1)) * 9),
    Message(b"\x00", b"\n\n\xe2\x80\x94 jjj.example/x AAAA\n", (("signature", b"\xff\x00\n"),)),
    Message(b"k", b"v", (("twice", b"1"), ("log-index", b""), ("twice", b"2"), ("twice", b"1"))),
    Message("许可证".encode(), b"v", (("名", "值".encode()), ("Log-Index", b"1"), ("log-index", b"2"))),
    Message(b"large", bytes(256) * 1024, (("checkpoint", bytes(range(256)) * 64),)),
]


class BusContract(ReadContract):
    """The whole bus: the read half, and one writer a jurisdiction."""

    async def test_any_bytes_arrive_exactly(self, harness: Harness) -> None:
        async with harness.open() as bus:
            writer = await bus.claim(harness.jurisdiction)
            await writer.publish(harness.topic, ANY_MESSAGES)
        async with harness.open() as bus:
            assert await read_all(bus, harness.topic, len(ANY_MESSAGES)) == ANY_MESSAGES

    async def test_an_empty_batch_is_nothing(self, harness: Harness) -> None:
        async with harness.open() as bus:
            writer = await bus.claim(harness.jurisdiction)
            await writer.publish(harness.topic, [])
            assert await bus.end(harness.topic) == 0
            await writer.publish(harness.topic, numbered(0, 1))
            await writer.publish(harness.topic, [])
            assert numbers(await read_all(bus, harness.topic, 1)) == [0]

    async def test_large_batches_fit(self, harness: Harness) -> None:
        batch = numbered(0, 2000, bytes(4000))
        async with harness.open() as bus:
            writer = await bus.claim(harness.jurisdiction)
            await writer.publish(harness.topic, batch)
            assert await read_all(bus, harness.topic, 2000) == batch

    async def test_overlapping_calls_keep_their_order(self, harness: Harness) -> None:
        async with harness.open() as bus:
            writer = await bus.claim(harness.jurisdiction)
            topics = (harness.topic, harness.other_topic)
            calls = [writer.publish(topic, numbered(n, 3)) for n in range(0, 60, 3) for topic in topics]
            await asyncio.gather(*calls)
            for topic in topics:
                assert numbers(await read_all(bus, topic, 60)) == list(range(60))

    async def test_what_is_published_is_there_for_others_at_once(self, harness: Harness) -> None:
        async with harness.open() as bus, harness.open() as other:
            writer = await bus.claim(harness.jurisdiction)
            for n in range(5):
                await writer.publish(harness.topic, numbered(n, 1))
                assert numbers(await read_all(other, harness.topic, n + 1)) == list(range(n + 1))

    async def test_a_stream_is_read_while_it_is_written(self, harness: Harness) -> None:
        async with harness.open() as bus, harness.open() as other:
            readings = [asyncio.ensure_future(read_all(it, harness.topic, 2000)) for it in (bus, other, other)]
            writer = await bus.claim(harness.jurisdiction)
            for start in range(0, 2000, 50):
                await writer.publish(harness.topic, numbered(start, 50))
            for reading in readings:
                assert numbers(await reading) == list(range(2000))

    async def test_a_claim_fences_the_writer_before(self, harness: Harness) -> None:
        async with harness.open() as bus, harness.open() as other:
            old = await bus.claim(harness.jurisdiction)
            await old.publish(harness.topic, numbered(0, 2))
            new = await other.claim(harness.jurisdiction)
            with pytest.raises(BusFenced) as fenced:
                await old.publish(harness.topic, numbered(100, 2))
            assert fenced.value.reason == "bus.fenced"
            with pytest.raises(BusClosed):
                await old.publish(harness.topic, numbered(100, 2))
            await new.publish(harness.topic, numbered(2, 2))
            assert numbers(await read_all(other, harness.topic, 4)) == [0, 1, 2, 3]

    async def test_a_fenced_writer_cannot_begin_a_topic(self, harness: Harness) -> None:
        async with harness.open() as bus:
            old = await bus.claim(harness.jurisdiction)
            new = await bus.claim(harness.jurisdiction)
            with pytest.raises(BusFenced):
                await old.publish(harness.topic, numbered(100, 1))
            await new.publish(harness.topic, numbered(0, 1))
            assert numbers(await read_all(bus, harness.topic, 1)) == [0]

    async def test_a_claim_leaves_other_jurisdictions_alone(self, harness: Harness) -> None:
        async with harness.open() as bus:
            writer = await bus.claim(harness.jurisdiction)
            await bus.claim(harness.stranger)
            await writer.publish(harness.topic, numbered(0, 1))
            assert numbers(await read_all(bus, harness.topic, 1)) == [0]

    async def test_a_claim_in_another_process_fences_too(self, harness: Harness) -> None:
        need(harness.features.processes, "use by several processes")
        async with harness.open() as bus:
            old = await bus.claim(harness.jurisdiction)
            await old.publish(harness.topic, numbered(0, 1))
            reading = bus.read(harness.topic, None)
            assert numbers(each.message for each in await take(reading, 1)) == [0]
            async with other_process(harness, start=1, size=3, batches=1):
                assert numbers(each.message for each in await take(reading, 3)) == [1, 2, 3]
                with pytest.raises(BusFenced):
                    await old.publish(harness.topic, numbered(100, 1))
            new = await bus.claim(harness.jurisdiction)
            await new.publish(harness.topic, numbered(4, 1))
            assert numbers(await read_all(bus, harness.topic, 5)) == [0, 1, 2, 3, 4]

    async def test_a_killed_writer_leaves_whole_batches(self, harness: Harness) -> None:
        need(harness.features.processes, "use by several processes")
        size = 40
        async with harness.open() as bus, aclosing(bus.read(harness.topic, None)) as reading:
            async with other_process(harness, start=0, size=size, batches=None):
                seen = numbers(each.message for each in await take(reading, size * 5))
            left = await self.left_behind(bus, harness)
        assert left == [*range(len(left))]
        assert left[: len(seen)] == seen
        assert len(left) % size == 0

    async def test_an_outage_closes_the_writer_and_the_next_one_goes_on(self, harness: Harness) -> None:
        need(harness.features.outages, "outages on demand")
        async with harness.open() as bus:
            writer = await bus.claim(harness.jurisdiction)
            await writer.publish(harness.topic, numbered(0, 2))
            async with harness.outage():
                calls = [writer.publish(harness.topic, numbered(n, 2)) for n in (2, 4, 6)]
                failed = await asyncio.gather(*calls, return_exceptions=True)
            assert isinstance(failed[0], BusUnavailable)
            assert all(isinstance(each, BusUnavailable | BusClosed) for each in failed)
            with pytest.raises(BusClosed):
                await writer.publish(harness.topic, numbered(8, 2))
            await writer.close()
            # Whole or not at all, and nothing behind it.
            assert await self.left_behind(bus, harness) in ([0, 1], [0, 1, 2, 3])

    async def test_a_cancelled_publish_closes_the_writer(self, harness: Harness) -> None:
        async with harness.open() as bus:
            writer = await bus.claim(harness.jurisdiction)
            batches = [numbered(start, 500) for start in (0, 500, 1000)]
            calls = [asyncio.ensure_future(writer.publish(harness.topic, batch)) for batch in batches]
            await asyncio.sleep(0)  # they have been called
            calls[1].cancel()
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert isinstance(ended[1], asyncio.CancelledError)
            with pytest.raises(BusClosed):
                await writer.publish(harness.topic, numbered(1500, 1))
            await writer.close()
            seen = await self.left_behind(bus, harness)
            assert seen in ([], [*range(500)], [*range(1000)], [*range(1500)])

    async def test_nothing_is_appended_behind_a_failure(self, harness: Harness) -> None:
        async with harness.open() as bus:
            writer = await bus.claim(harness.jurisdiction)
            calls = [writer.publish(topic, numbered(0, 1)) for topic in ("no topic", harness.topic)]
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert [type(each) for each in ended] == [BadTopic, BusClosed]
            assert await self.left_behind(bus, harness) == []

    async def left_behind(self, bus: Bus, harness: Harness) -> list[int]:
        """What a writer that has ended left in the topic."""
        mark = -7
        await (await bus.claim(harness.jurisdiction)).publish(harness.topic, numbered(mark, 1))
        seen: list[int] = []
        async with aclosing(bus.read(harness.topic, None)) as reading:
            while mark not in seen:
                seen += numbers(each.message for each in await take(reading, 1))
        assert seen[-1] == mark
        return seen[:-1]

    async def test_a_writer_stays_below_its_jurisdiction(self, harness: Harness) -> None:
        async with harness.open() as bus:
            writer = await bus.claim(harness.stranger)
            with pytest.raises(BadTopic):
                await writer.publish(harness.topic, numbered(0, 1))
            with pytest.raises(BusClosed):
                await writer.publish(harness.topic, numbered(0, 1))
            assert await bus.end(harness.topic) == 0

    @pytest.mark.parametrize("name", ["", "../x", "Tongzhou", "tong.zhou", "通州"])
    async def test_only_a_jurisdiction_can_be_claimed(self, harness: Harness, name: str) -> None:
        async with harness.open() as bus:
            with pytest.raises(BadTopic):
                await bus.claim(name)

    async def test_a_closed_writer_takes_nothing(self, harness: Harness) -> None:
        async with harness.open() as bus:
            writer = await bus.claim(harness.jurisdiction)
            call = asyncio.ensure_future(writer.publish(harness.topic, numbered(0, 2)))
            await asyncio.sleep(0)  # it has been called
            await writer.close()
            await call
            await writer.close()
            with pytest.raises(BusClosed):
                await writer.publish(harness.topic, numbered(2, 2))
            assert numbers(await read_all(bus, harness.topic, 2)) == [0, 1]

    async def test_a_closed_bus_serves_nothing(self, harness: Harness) -> None:
        async with harness.open() as bus:
            writer = await bus.claim(harness.jurisdiction)
        with pytest.raises(BusClosed):
            await writer.publish(harness.topic, numbered(0, 1))
        with pytest.raises(BusClosed):
            await bus.claim(harness.jurisdiction)
        with pytest.raises(BusClosed):
            await bus.end(harness.topic)

    async def test_foreign_messages_are_handed_on_in_their_place(self, harness: Harness) -> None:
        need(harness.features.foreign, "foreign writers")
        rubbish = Message(b"\xff", b"rubbish", ((LOG_INDEX, b"9" * 400), (LOG_INDEX, b"0")))
        sent: list[Message] = []
        async with harness.open() as bus:
            writer = await bus.claim(harness.jurisdiction)
            for n in range(3):
                await writer.publish(harness.topic, numbered(n * 2, 2))
                await harness.append_foreign(rubbish)
                sent += [*numbered(n * 2, 2), rubbish]
            assert await read_all(bus, harness.topic, 9) == sent

    async def test_signed_end_is_found_amid_rubbish(self, harness: Harness) -> None:
        need(harness.features.foreign, "foreign writers")

        def own(message: Message) -> int | None:
            return int(header(message, "own") or b"-1") if message.key == b"own" else None

        async with harness.open() as bus:
            writer = await bus.claim(harness.jurisdiction)
            for size in (3, 8, 5):
                await harness.append_foreign(Message(b"not own", b"", (("own", b"99"),)))
                await writer.publish(harness.topic, [Message(b"own", b"", (("own", b"%d" % size),))])
            await harness.append_foreign(Message(b"", b""))
            found = await bus.signed_end(harness.topic, own)
        assert found == Message(b"own", b"", (("own", b"8"),))
