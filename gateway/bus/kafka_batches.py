"""HOW do messages lie in Kafka's record batches? Both ways, in memory only (record format v2, KIP-98).

Anybody may append anything (law 5), so nothing here trusts a batch: one that is damaged, or would unpack to more than
``MOST_UNPACKED`` bytes, is passed over with its name in ``passed_over``, and the reader fetches the gap from tiles.
Aborted transactions and control records are passed over silently when only committed data are wanted.

>>> raw = pack(messages, Producer(id=7, epoch=1, sequence=0))
>>> unpacked = Unpacked(b"".join(raw), position=0, aborted=(), committed=True)
>>> [received.message for received in unpacked], unpacked.position
"""

from __future__ import annotations

import heapq
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cramjam
from aiokafka.codec import snappy_decode
from aiokafka.errors import KafkaError
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from gateway.bus.port import Message, Received

ZSTD = 4
CHUNK_BYTES = 900_000
"""Uncompressed bytes of a batch we make: below the 1 MiB of max.message.bytes that a broker has by default."""
MOST_UNPACKED = 16 << 20
_PER_RECORD = 64  # more than Kafka's own bytes about a record and its headers' lengths, as we send them
# baseOffset, batchLength, partitionLeaderEpoch, magic, crc, attributes, lastOffsetDelta, two timestamps, producerId,
# producerEpoch, baseSequence, count.
_HEADER = struct.Struct(">qiibIhiqqqhii")
_BEFORE_LENGTH = 12
_MAGIC_AT, _ATTRIBUTES_AT = 16, 21
_CODEC, _TRANSACTIONAL, _CONTROL = 0x07, 0x10, 0x20
_ABORT = 0
_DAMAGE = (KafkaError, ValueError, IndexError, MemoryError, struct.error, cramjam.DecompressionError, zlib.error)


@dataclass(frozen=True, slots=True)
class Producer:
    """Who sends: id and epoch as the coordinator gave them, and the number of the next record in its topic."""

    id: int
    epoch: int
    sequence: int


def pack(messages: Sequence[Message], producer: Producer) -> list[tuple[bytes, int]]:
    """Transactional batches of at most about ``CHUNK_BYTES`` (or one message), each with its count of messages."""
    made: list[tuple[bytes, int]] = []
    chunk: list[Message] = []
    size, sequence = 0, producer.sequence
    for message in messages:
        more = _size(message)
        if chunk and size + more > CHUNK_BYTES:
            made.append((_batch(chunk, producer, sequence), len(chunk)))
            sequence = next_sequence(sequence, len(chunk))
            chunk, size = [], 0
        chunk.append(message)
        size += more
    if chunk:
        made.append((_batch(chunk, producer, sequence), len(chunk)))
    return made


def next_sequence(sequence: int, count: int) -> int:
    """Sequence numbers are 31 bits and begin again at 0."""
    return (sequence + count) & 0x7FFFFFFF


def _size(message: Message) -> int:
    headers = sum(len(name) * 3 + len(value) + 10 for name, value in message.headers)
    return len(message.key) + len(message.value) + headers + _PER_RECORD


def _batch(messages: Sequence[Message], producer: Producer, sequence: int) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=ZSTD, is_transactional=1, producer_id=producer.id, producer_epoch=producer.epoch,
        base_sequence=sequence, batch_size=1 << 30,
    )  # fmt: skip
    for number, message in enumerate(messages):
        builder.append(number, None, message.key, message.value, list(message.headers))
    return bytes(builder.build())


class Unpacked:
    """The messages of a fetch answer from ``position`` on, made one by one. ``position`` moves along, past all that
    is passed over. ``aborted``: producer id and first offset of each aborted transaction that begins in the answer.
    """

    def __init__(self, data: bytes, position: int, aborted: Iterable[tuple[int, int]], *, committed: bool) -> None:
        self.position = position
        self.passed_over: list[str] = []
        self._begun_at = position
        self._data = data
        self._committed = committed
        self._beginning = [(first, producer) for producer, first in aborted]
        heapq.heapify(self._beginning)
        self._aborting: set[int] = set()
        self._received = self._all()

    def __iter__(self) -> Iterator[Received]:
        return self._received

    @property
    def is_stuck(self) -> bool:
        """Whether, all being handed on, there was something and not one whole batch in it."""
        return bool(self._data) and self.position == self._begun_at

    def _all(self) -> Iterator[Received]:
        for raw in self._batches():
            base, after, attributes, producer = _about(raw)
            if after <= self.position:
                continue
            try:
                if not self._is_aborted(raw, base, attributes, producer) and not attributes & _CONTROL:
                    yield from self._messages(raw, attributes)
            except _DAMAGE as error:
                self.passed_over.append(f"offsets {max(base, self.position)} to {after - 1}: {error}")
            self.position = after

    def _batches(self) -> Iterator[memoryview]:
        """The whole batches; the last one may be cut off."""
        view, start = memoryview(self._data), 0
        while len(view) - start >= _HEADER.size:
            length = int.from_bytes(view[start + 8 : start + _BEFORE_LENGTH], "big", signed=True)
            stop = start + _BEFORE_LENGTH + length
            if length < _HEADER.size - _BEFORE_LENGTH or stop > len(view) or view[start + _MAGIC_AT] != 2:
                return
            yield view[start:stop]
            start = stop

    def _is_aborted(self, raw: memoryview, base: int, attributes: int, producer: int) -> bool:
        if not self._committed or not attributes & _TRANSACTIONAL:
            return False
        while self._beginning and self._beginning[0][0] <= base:
            self._aborting.add(heapq.heappop(self._beginning)[1])
        if attributes & _CONTROL and _ends_in_abort(raw):
            self._aborting.discard(producer)
        return producer in self._aborting

    def _messages(self, raw: memoryview, attributes: int) -> Iterator[Received]:
        batch = DefaultRecordBatch(bytes(raw))
        if not batch.validate_crc():
            raise ValueError("its checksum does not fit")
        if attributes & _CODEC:
            batch = DefaultRecordBatch(_unpacked(raw, attributes))
        for record in batch:
            if record.offset >= self.position:
                self.position = record.offset + 1
                yield Received(record.offset, _message(record))


def _about(raw: memoryview) -> tuple[int, int, int, int]:
    """First offset, the offset after the last, attributes, producer id."""
    base, _, _, _, _, attributes, delta, _, _, producer, _, _, _ = _HEADER.unpack_from(raw)
    return base, base + delta + 1, attributes, producer


def _ends_in_abort(raw: memoryview) -> bool:
    for record in DefaultRecordBatch(bytes(raw)):
        return bool(record.key is not None and struct.unpack(">hh", record.key[:4])[1] == _ABORT)
    return False


def _message(record: Any) -> Message:
    headers = tuple((name, value if value is not None else b"") for name, value in record.headers)
    return Message(record.key or b"", record.value or b"", headers)


def _unpacked(raw: memoryview, attributes: int) -> bytes:
    """The same batch without compression, for the decoder; its checksum was looked at before."""
    body = _UNPACK[attributes & _CODEC](bytes(raw[_HEADER.size :]))
    made = bytearray(raw[: _HEADER.size]) + body
    made[8:_BEFORE_LENGTH] = (len(made) - _BEFORE_LENGTH).to_bytes(4, "big")
    made[_ATTRIBUTES_AT : _ATTRIBUTES_AT + 2] = (attributes & ~_CODEC).to_bytes(2, "big", signed=True)
    return bytes(made)


def _into(decompress: Callable[[bytes, bytearray], int], data: bytes) -> bytes:
    """Into a buffer that grows up to the limit: a small batch can claim to be gigabytes."""
    room = min(MOST_UNPACKED, max(1 << 16, len(data) * 8))
    while True:
        buffer = bytearray(room)
        try:
            return bytes(buffer[: decompress(data, buffer)])
        except cramjam.DecompressionError:
            if room >= MOST_UNPACKED:
                raise
            room = min(MOST_UNPACKED, room * 4)


def _gzip(data: bytes) -> bytes:
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, MOST_UNPACKED)


def _snappy(data: bytes) -> bytes:
    return bytes(snappy_decode(data))  # its ratio is at most 21


def _lz4(data: bytes) -> bytes:
    return _into(cramjam.lz4.decompress_into, data)


def _zstd(data: bytes) -> bytes:
    return _into(cramjam.zstd.decompress_into, data)


def _unknown(_: bytes) -> bytes:
    raise ValueError("its compression is not known")


_UNPACK: dict[int, Callable[[bytes], bytes]] = {
    **dict.fromkeys(range(8), _unknown), 1: _gzip, 2: _snappy, 3: _lz4, ZSTD: _zstd,
}  # fmt: skip
