"""Inputs made from good ones, always the same for a seed: bytes turned, cut, doubled, swapped, or put in from a list.

    for data in inputs(target.seeds, Random(7), 1000): …

One in ``GROWN_EVERY`` grows by repetition to the largest size, where bounds on time and memory are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

GROWN_EVERY = 100
MOST_KEPT = 64
TOKENS = (
    *(b"", b"\n", b"\n\n", b"\r\n", b" ", b"\t", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80"),
    *("— ".encode(), "长".encode(), b"\xe3\x80\x80", b"\xf0\x9f\x98\x80", b"\xef\xbf\xbe", b"\xe2\x80\xae"),
    *(b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\", b'\\"', b"\\n", b"\\u0000", b"\\ud800", b"{}", b"[]", b'""'),
    *(b"0", b"-0", b"-", b"01", b"1.5", b"1e9", b"9007199254740991", b"9007199254740992", b"9" * 400, b"NaN"),
    *(b"true", b"null", b'"id"', b'"data"', b'{"a":', b"[" * 40, b"[" * 3000, b"=", b"==", b"AAAA", b"+", b"/"),
    *(b"\x00\x00", b"\xff\xff", b"\x01\x00", b"tile/", b".p/", b"x000/", b"index ", b"extra ", b"urn:jjj:"),
)

Change = Callable[[bytes, Random, Sequence[bytes]], bytes]


def _span(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randint(0, len(data))
    return start, min(len(data), start + random.choice((1, 1, 2, 4, 16, 64, 512)))


def _turned(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    if not data:
        return b"\x00"
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _cut(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    start, end = _span(data, random)
    return data[:start] + data[end:]


def _ended(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    return data[: random.randint(0, len(data))]


def _doubled(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    start, end = _span(data, random)
    return data[:end] + data[start:end] * random.choice((1, 1, 2, 8)) + data[end:]


def _moved(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    start, end = _span(data, random)
    rest, at = data[:start] + data[end:], random.randint(0, len(data))
    return rest[:at] + data[start:end] + rest[at:]


def _given(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    start, end = _span(data, random)
    return data[:start] + random.choice(TOKENS) + data[random.choice((start, end)) :]


def _crossed(data: bytes, random: Random, seeds: Sequence[bytes]) -> bytes:
    other = random.choice(seeds)
    return data[: random.randint(0, len(data))] + other[random.randint(0, len(other)) :]


def _counted(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    """Another digit where there is one."""
    digits = [at for at, byte in enumerate(data[:4096]) if 0x30 <= byte <= 0x39]
    if not digits:
        return data + b"7"
    at = random.choice(digits)
    return data[:at] + b"%d" % random.choice((0, 1, 7, 9, 10, 99, 2**53)) + data[at + 1 :]


CHANGES: tuple[Change, ...] = (_turned, _cut, _ended, _doubled, _moved, _given, _given, _crossed, _counted)


def grown(data: bytes, random: Random, largest: int) -> bytes:
    """A part repeated until the largest size is reached exactly."""
    start, end = _span(data, random)
    part = random.choice((data[start:end], data, random.choice(TOKENS))) or b"\x00"
    room = max(0, largest - len(data))
    return (data[:end] + (part * (room // len(part) + 1))[:room] + data[end:])[:largest]


def inputs(seeds: Sequence[bytes], random: Random, count: int, largest: int) -> Iterator[bytes]:
    """``count`` inputs; the first ones are the seeds themselves. Some build on ones made before."""
    yield from seeds[:count]
    pool = list(seeds)
    for turn in range(count - len(seeds)):
        data = random.choice(pool)
        for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
            data = random.choice(CHANGES)(data, random, seeds)
        data = data[:largest]
        if turn % GROWN_EVERY == 0:
            data = grown(data, random, largest)
        elif len(pool) < MOST_KEPT:
            pool.append(data)
        elif turn % 16 == 0:
            pool[random.randrange(len(seeds), MOST_KEPT)] = data
        yield data
