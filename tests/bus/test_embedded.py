"""The embedded bus fulfils the contract, and keeps what it says of its own files."""

from __future__ import annotations

import asyncio
import sqlite3
import struct
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.bus.embedded import EmbeddedBus
from gateway.bus.embedded_claim import ClaimFile
from gateway.bus.embedded_topic import TopicFile, decode_headers, encode_headers
from gateway.bus.embedded_writer import COMPACT_EVERY
from gateway.bus.port import BusUnavailable, Message, PositionLost, checkpoint_topic
from tests.bus.contract import BusContract
from tests.bus.harness import PATIENCE_S, Features, Harness, numbered, numbers, read_all, take

TOPIC = "jjj.tongzhou.licence"
EVERYTHING = Features()


@dataclass(frozen=True, slots=True)
class EmbeddedHarness:
    """Reaches behind the bus through its SQLite files."""

    folder: Path
    features: Features = EVERYTHING
    topic: str = TOPIC
    other_topic: str = "jjj.tongzhou.credit"
    jurisdiction: str = "tongzhou"
    stranger: str = "sanhe"
    max_batch: int = 100

    @property
    def open(self) -> Callable[[], EmbeddedBus]:
        return partial(EmbeddedBus, self.folder, prefix="jjj", max_batch=self.max_batch)

    def messages(self, start: int, count: int) -> list[Message]:
        return numbered(start, count)

    async def append(self, batch: Sequence[Message]) -> None:
        async with self.open() as bus:
            await (await bus.claim(self.jurisdiction)).publish(self.topic, batch)

    async def delete_before(self, position: int) -> None:
        async with self.open() as bus:
            await bus.trim(self.topic, position)

    async def append_foreign(self, message: Message) -> None:
        with closing(TopicFile.made(self.folder / f"{self.topic}.sqlite", busy_s=5)) as file:
            file.append([message])

    @asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        with closing(sqlite3.connect(self.folder / f"{self.topic}.sqlite", isolation_level=None)) as behind:
            behind.execute("ALTER TABLE message RENAME TO away")
            yield
            behind.execute("ALTER TABLE away RENAME TO message")


class TestEmbedded(BusContract):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> Harness:
        return EmbeddedHarness(tmp_path / "bus")


def open_files(folder: Path) -> list[str]:
    """The topic files that this process holds open; the calling test is skipped where that can't be seen."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("this system doesn't list open files in /proc")
    found = []
    for handle in Path("/proc/self/fd").iterdir():
        try:
            target = handle.readlink()
        except FileNotFoundError:
            continue  # the handle of this very listing
        if target.parent == folder and target.suffix == ".sqlite":
            found.append(target.name)
    return found


async def test_a_batch_that_fails_at_its_end_leaves_nothing(tmp_path: Path) -> None:
    async with EmbeddedBus(tmp_path) as bus:
        writer = await bus.claim("tongzhou")
        await writer.publish(TOPIC, numbered(0, 1))
        broken = Message(b"", None)  # type: ignore[arg-type]
        with pytest.raises(BusUnavailable):
            await writer.publish(TOPIC, [*numbered(1, 400), broken])
        assert await bus.end(TOPIC) == 1


async def test_a_lock_held_too_long_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / f"{TOPIC}.sqlite"
    async with EmbeddedBus(tmp_path, busy_s=0.05) as bus:
        writer = await bus.claim("tongzhou")
        await writer.publish(TOPIC, numbered(0, 1))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(BusUnavailable, match="locked") as locked:
                await writer.publish(TOPIC, numbered(1, 1))
    assert str(path) in locked.value.message


async def test_the_event_loop_goes_on_while_a_writer_waits_for_a_lock(tmp_path: Path) -> None:
    async with EmbeddedBus(tmp_path) as bus:
        writer = await bus.claim("tongzhou")
        await writer.publish(TOPIC, numbered(0, 1))
        with closing(sqlite3.connect(tmp_path / f"{TOPIC}.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            call = asyncio.ensure_future(writer.publish(TOPIC, numbered(1, 1)))
            await asyncio.sleep(0)  # it has been called
            stranger = await bus.claim("sanhe")
            await stranger.publish("jjj.sanhe.licence", numbered(0, 1))
            assert numbers(await read_all(bus, TOPIC, 1)) == [0]
            assert not call.done()
            other.execute("ROLLBACK")
        await call
        assert numbers(await read_all(bus, TOPIC, 2)) == [0, 1]


@pytest.fixture(params=[b"no database", b""])
def damaged(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"{TOPIC}.sqlite"
    path.write_bytes(request.param)
    return path


async def test_a_file_that_is_no_topic_is_named(tmp_path: Path, damaged: Path) -> None:
    async with EmbeddedBus(tmp_path) as bus:
        with pytest.raises(BusUnavailable, match=str(damaged)):
            await anext(bus.read(TOPIC, None))
        with pytest.raises(BusUnavailable, match=str(damaged)):
            await bus.end(TOPIC)
        writer = await bus.claim("tongzhou")
        with pytest.raises(BusUnavailable, match=str(damaged)):
            await writer.publish(TOPIC, numbered(0, 1))


async def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    harness = EmbeddedHarness(tmp_path)
    await harness.append(numbered(0, 1))
    with closing(sqlite3.connect(tmp_path / f"{TOPIC}.sqlite")) as other:
        other.execute("PRAGMA user_version=2")
    async with EmbeddedBus(tmp_path) as bus:
        with pytest.raises(BusUnavailable, match="format 2"):
            await anext(bus.read(TOPIC, None))


async def test_a_waiting_reader_hears_that_its_file_broke_and_that_it_healed(tmp_path: Path) -> None:
    harness = EmbeddedHarness(tmp_path)
    await harness.append(numbered(0, 1))
    async with EmbeddedBus(tmp_path) as bus:
        reading = bus.read(TOPIC, None)
        await take(reading, 1)
        waiting = asyncio.ensure_future(anext(reading))
        await asyncio.sleep(0)  # it waits
        async with harness.outage():
            with pytest.raises(BusUnavailable, match=TOPIC):
                await asyncio.wait_for(waiting, PATIENCE_S)
        await harness.append(numbered(1, 1))
        assert numbers(each.message for each in await take(reading, 1)) == [1]


async def test_readers_of_a_topic_share_one_connection_and_leaving_closes_it(tmp_path: Path) -> None:
    await EmbeddedHarness(tmp_path).append(numbered(0, 3))
    assert open_files(tmp_path) == []
    async with EmbeddedBus(tmp_path) as bus:
        await asyncio.gather(*(read_all(bus, TOPIC, 3) for _ in range(5)))
        assert open_files(tmp_path) == [f"{TOPIC}.sqlite"]
    assert open_files(tmp_path) == []


async def test_lists_are_bounded_in_bytes_but_one_large_message_passes(tmp_path: Path) -> None:
    batch = [*numbered(0, 10, bytes(300)), *numbered(10, 1, bytes(5000)), *numbered(11, 1)]
    await EmbeddedHarness(tmp_path).append(batch)
    async with EmbeddedBus(tmp_path, max_batch_bytes=1000) as bus, asyncio.timeout(PATIENCE_S):
        reading = bus.read(TOPIC, None)
        sizes = [len(await anext(reading)) for _ in range(6)]
    assert sizes == [3, 3, 3, 1, 1, 1]


async def test_a_checkpoint_topic_keeps_the_newest_of_each_key(tmp_path: Path) -> None:
    topic = checkpoint_topic("jjj", "tongzhou")
    rare = Message(b"rare", b"kept")
    async with EmbeddedBus(tmp_path, max_batch=2 * COMPACT_EVERY) as bus:
        writer = await bus.claim("tongzhou")
        await writer.publish(topic, [Message(b"rare", b"replaced"), rare])
        for start in range(2, 2 * COMPACT_EVERY, COMPACT_EVERY // 2 - 1):
            batch = [Message(b"often", b"%d" % n) for n in range(start, start + COMPACT_EVERY // 2 - 1)]
            await writer.publish(topic, batch)
        end = await bus.end(topic)
        left = await anext(bus.read(topic, 0))  # what was compacted away is passed over, not lost
    assert left[0].message == rare
    assert left[-1].position == end - 1
    assert COMPACT_EVERY <= len(left) < 2 * COMPACT_EVERY


async def test_a_reader_on_the_same_bus_is_woken_without_the_poller(tmp_path: Path) -> None:
    async with EmbeddedBus(tmp_path, poll_s=PATIENCE_S * 2) as bus:
        writer = await bus.claim("tongzhou")
        await writer.publish(TOPIC, numbered(0, 1))
        reading = bus.read(TOPIC, None)
        await take(reading, 1)
        waiting = asyncio.ensure_future(take(reading, 1))
        await asyncio.sleep(0)  # it waits
        await writer.publish(TOPIC, numbered(1, 1))
        assert numbers(each.message for each in await waiting) == [1]


async def test_what_was_trimmed_is_not_served_from_memory(tmp_path: Path) -> None:
    await EmbeddedHarness(tmp_path).append(numbered(0, 4))
    async with EmbeddedBus(tmp_path) as bus:
        await take(bus.read(TOPIC, 0), 4)
        await bus.trim(TOPIC, 2)
        with pytest.raises(PositionLost):
            await take(bus.read(TOPIC, 0), 1)


@pytest.mark.parametrize("attempt", range(3))
def test_claims_made_at_once_on_a_new_folder_all_differ(tmp_path: Path, attempt: int) -> None:
    makers = 8
    together = threading.Barrier(makers)

    def claim(_: int) -> int:
        together.wait(PATIENCE_S)
        with closing(ClaimFile(tmp_path / f"{attempt}.claim", busy_s=5)) as file:
            return file.take()

    with ThreadPoolExecutor(makers) as threads:
        assert sorted(threads.map(claim, range(makers))) == [*range(1, makers + 1)]
    assert not list(tmp_path.glob(".new-*"))


NAMES = st.text(st.characters(codec="utf-8"), max_size=40)
HEADERS = st.lists(st.tuples(NAMES, st.binary(max_size=300)), max_size=6)


@given(HEADERS)
def test_headers_are_kept_exactly(headers: list[tuple[str, bytes]]) -> None:
    assert decode_headers(encode_headers(headers)) == tuple(headers)


@given(st.binary(max_size=60) | HEADERS.map(lambda headers: encode_headers(headers)[:-1]))
def test_damaged_headers_never_pass_for_others(data: bytes) -> None:
    try:
        headers = decode_headers(data)
    except (ValueError, struct.error):
        return
    assert encode_headers(headers) == data
