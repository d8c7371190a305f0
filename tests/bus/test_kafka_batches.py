"""Kafka's record batches, both ways: exact bytes, whole batches, and rubbish passed over."""

from __future__ import annotations

import gzip
import struct

import cramjam
import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from gateway.bus.kafka_batches import CHUNK_BYTES, MOST_UNPACKED, Producer, Unpacked, next_sequence, pack
from gateway.bus.port import Message
from tests.bus.harness import numbered, numbers

PRODUCER = Producer(7, 1, 0)
NAMES = st.text(st.characters(codec="utf-8"), max_size=20)
HEADERS = st.lists(st.tuples(NAMES, st.binary(max_size=40)), max_size=4).map(tuple)
MESSAGES = st.lists(st.builds(Message, st.binary(max_size=40), st.binary(max_size=200), HEADERS), max_size=12)
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def placed(batches: list[tuple[bytes, int]], offset: int = 0) -> bytes:
    """As a broker stores them: each with its first offset, which no checksum covers."""
    made = b""
    for raw, count in batches:
        made += struct.pack(">q", offset) + raw[8:]
        offset += count
    return made


def batch(messages: list[Message], codec: int = 0, *, transactional: bool = False, producer: int = -1) -> bytes:
    """Somebody else's batch."""
    builder = DefaultRecordBatchBuilder(2, codec, transactional, producer, 0, 0, 1 << 30)
    for number, message in enumerate(messages):
        builder.append(number, 1, message.key, message.value, list(message.headers))
    return bytes(builder.build())


def marker(producer: int, *, commit: bool) -> bytes:
    """What a coordinator writes at the end of a transaction."""
    builder = DefaultRecordBatchBuilder(2, 0, 1, producer, 0, -1, 1 << 30)
    builder.append(0, 1, struct.pack(">hh", 0, int(commit)), struct.pack(">hi", 0, 0), [])
    raw = bytearray(builder.build())
    raw[21:23] = (0x30).to_bytes(2, "big")
    return bytes(raw)


def unpacked(data: bytes, position: int = 0, *aborted: tuple[int, int]) -> tuple[list[int], Unpacked]:
    found = Unpacked(data, position, aborted, committed=True)
    return [received.position for received in found], found


@given(MESSAGES)
def test_what_is_packed_is_unpacked_exactly(messages: list[Message]) -> None:
    found = Unpacked(placed(pack(messages, PRODUCER)), 0, (), committed=True)
    assert [received.message for received in found] == messages
    assert (found.position, found.passed_over) == (len(messages), [])


@given(MESSAGES.filter(bool), st.data())
def test_damage_is_passed_over_or_harmless_never_raised(messages: list[Message], data: st.DataObject) -> None:
    raw = bytearray(placed(pack(messages, PRODUCER)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    found = Unpacked(bytes(raw), 0, (), committed=True)
    read = [received.message for received in found]
    assert read == messages or found.passed_over or found.position != len(messages) or not read


def test_a_marker_whose_key_says_nothing_is_passed_over() -> None:
    raw = bytearray(placed([(batch([Message(b"", b"")], transactional=True), 1)]))
    raw[22] |= 0x20  # a control batch, and its record has no key to tell how the transaction ended
    found = Unpacked(bytes(raw), 0, (), committed=True)
    assert list(found) == []
    assert len(found.passed_over) == 1


@given(st.binary(max_size=300))
def test_no_bytes_at_all_pass_for_messages(data: bytes) -> None:
    assert list(Unpacked(data, 0, (), committed=True)) == []


def test_large_batches_are_cut_below_what_a_topic_takes() -> None:
    messages = [*numbered(0, 600, bytes(4000)), *numbered(600, 1, bytes(1 << 18)), *numbered(601, 5)]
    batches = pack(messages, PRODUCER)
    assert sum(count for _, count in batches) == len(messages)
    assert len(batches) == 4
    assert max(len(batch([*messages[:count]])) for _, count in batches) < CHUNK_BYTES
    found = Unpacked(placed(batches), 0, (), committed=True)
    assert [received.message for received in found] == messages


def test_sequence_numbers_begin_again_where_kafka_s_do() -> None:
    assert next_sequence(2**31 - 2, 3) == 1


def test_a_batch_cut_off_by_the_end_of_the_answer_is_left_for_the_next() -> None:
    data = placed([(batch(numbered(0, 3)), 3), (batch(numbered(3, 3)), 3)])
    positions, found = unpacked(data[:-1])
    assert (positions, found.position, found.passed_over) == ([0, 1, 2], 3, [])


@pytest.mark.parametrize(("data", "stuck"), [(b"", False), (b"no batch", True), (b"\0" * 100, True)])
def test_an_answer_without_a_single_batch_is_told_from_an_empty_one(data: bytes, stuck: bool) -> None:
    positions, found = unpacked(data)
    assert (positions, found.is_stuck) == ([], stuck)


def test_reading_begins_within_a_batch() -> None:
    positions, found = unpacked(placed([(batch(numbered(0, 5)), 5)]), 3)
    assert (positions, found.position) == ([3, 4], 5)


@pytest.mark.parametrize("codec", CODECS)
def test_every_compression_is_read(codec: str) -> None:
    messages = numbered(0, 50, b"x" * 300)
    found = Unpacked(placed([(batch(messages, CODECS[codec]), 50)]), 0, (), committed=True)
    assert numbers(received.message for received in found) == [*range(50)]


@pytest.mark.parametrize("codec", ["gzip", "lz4", "zstd"])
def test_a_small_batch_that_would_fill_the_memory_is_passed_over(codec: str) -> None:
    bomb = {"gzip": gzip.compress, "lz4": cramjam.lz4.compress, "zstd": cramjam.zstd.compress}[codec]
    head = bytearray(batch(numbered(0, 1))[:61])
    head[22] |= CODECS[codec]
    raw = bytes(head) + bytes(bomb(bytes(MOST_UNPACKED * 4)))
    raw = raw[:8] + struct.pack(">i", len(raw) - 12) + raw[12:]
    raw = raw[:17] + struct.pack(">I", crc32c(raw[21:])) + raw[21:]
    positions, found = unpacked(placed([(raw, 1), (batch(numbered(1, 1)), 1)]))
    assert positions == [1]
    assert len(found.passed_over) == 1


def crc32c(data: bytes) -> int:
    from aiokafka.record.util import calc_crc32c

    return int(calc_crc32c(data))


def test_an_unknown_compression_is_passed_over_by_name() -> None:
    raw = bytearray(batch(numbered(0, 2)))
    raw[22] |= 5
    raw[17:21] = struct.pack(">I", crc32c(bytes(raw[21:])))
    positions, found = unpacked(placed([(bytes(raw), 2)]))
    assert (positions, found.position) == ([], 2)
    assert found.passed_over == ["offsets 0 to 1: its compression is not known"]


def test_only_committed_transactions_are_handed_on() -> None:
    data = placed([
        (batch(numbered(0, 2), transactional=True, producer=1), 2),  # aborted below
        (batch(numbered(2, 1), transactional=True, producer=2), 1),  # committed below
        (batch(numbered(3, 1)), 1),  # of none
        (marker(1, commit=False), 1),
        (batch(numbered(5, 1), transactional=True, producer=1), 1),  # the same producer's next one
        (marker(2, commit=True), 1),
        (marker(1, commit=True), 1),
    ])  # fmt: skip
    positions, found = unpacked(data, 0, (1, 0))
    assert (positions, found.position) == ([2, 3, 5], 8)
    everything = Unpacked(data, 0, [(1, 0)], committed=False)
    assert [received.position for received in everything] == [0, 1, 2, 3, 5]


def test_an_abort_that_began_before_the_answer_hides_nothing_else() -> None:
    data = placed([(marker(1, commit=False), 1), (batch(numbered(1, 1), transactional=True, producer=1), 1)])
    assert unpacked(data)[0] == [1]
