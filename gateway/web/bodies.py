"""What came in the request's body? Its bytes, within the limits of size and time, and the JSON values in them.

Law 6 (bad never blocks good): where a request holds many values, each is read by itself, and one that can't be read
is refused by itself. Nothing is repaired in silence: a doubled name, a −0 or a NaN is refused, not read in some way.
White space between tokens and any valid escape are welcome here; the record that is made of it is written in compact
form by the node.

The quick path is one parse and a round trip beside it: what says the same again, strings and white space aside, holds
nothing twice and nothing repaired. All else is read exactly.

>>> split(b'[{"a":1}, {"a":NaN}]', lines=False)
Values(shape=<Shape.ARRAY: 'array'>, found=({'a': 1}, Refused('form.number: ...')))
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any, NoReturn, TypeVar

import orjson
from aiohttp import web

from gateway.errors import Refused
from gateway.node.config import HttpConfig
from gateway.records import compact, faults
from gateway.records.identifiers import mask_resident_numbers

T = TypeVar("T")
LARGE = 65_536
BLANK_LINES = 1_000
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
_BLANK = b" \t\r\n"
_NEXT_OBJECT = re.compile(rb"\}[ \t\r]*\n[ \t\r\n]*\{")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)
OPENING, CLOSING = (b"[", b"{"), (b"]", b"}")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_INEXACT = object()


class Shape(Enum):
    """How many values a body holds, and in which form the answer goes back."""

    ONE = "one"
    ARRAY = "array"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a body in order; a ``Refused`` in the place of one that can't be read."""

    shape: Shape
    found: tuple[Any, ...]


async def read(request: web.Request, limits: HttpConfig) -> bytes:
    """The whole body. Raises ``Refused`` ``body.encoding``, ``body.too_large``, ``body.slow``, naming the limit."""
    coding = request.headers.get("Content-Encoding", "identity")
    if coding.lower() != "identity":
        raise Refused("body.encoding", f"Content-Encoding {coding[:40]!r} is not taken: send the body as it is")
    if (request.content_length or 0) > limits.body_bytes:
        _too_large(limits)
    try:
        async with asyncio.timeout(limits.request_s):
            return await request.read()
    except TimeoutError:
        raise Refused("body.slow", f"the body did not arrive within {limits.request_s} s") from None
    except web.HTTPRequestEntityTooLarge:
        _too_large(limits)


def _too_large(limits: HttpConfig) -> NoReturn:
    raise Refused("body.too_large", f"a body may have {limits.body_bytes} bytes; send it in parts")


async def off_loop(body: bytes, work: Callable[[], T]) -> T:
    """Do what reads a body: at once for a small one, in a thread for a large one; others are answered meanwhile."""
    return await asyncio.to_thread(work) if len(body) > LARGE else work()


def split(body: bytes, *, lines: bool, most: int) -> Values:
    """The values of a body: one JSON value, an array of values, or lines of them (``lines``: the media type says so).

    Raises ``Refused`` ``body.empty``, ``body.too_many`` (over ``most``), ``body.json`` (a single value, or an
    array, that is no JSON; a line that is none is refused by itself).
    """
    shape = _shape(body, lines)
    return Values(shape, _READERS[shape](body, most))


def _one(body: bytes, most: int) -> tuple[Any, ...]:
    value = _read(body)
    if isinstance(value, Refused) and not body.removeprefix(compact.BOM).lstrip(_BLANK).startswith(b"{"):
        raise Refused("body.json", value.message, zh=value.zh)
    return (_part_of_json(value),)


def _array(body: bytes, most: int) -> tuple[Any, ...]:
    values = _quick(body)
    if values is _INEXACT:
        if body.startswith(compact.BOM):
            raise Refused("body.json", faults.SENTENCES["form.bom"].en, zh=faults.SENTENCES["form.bom"].zh)
        parts = list(islice(_elements(body), most + 1))
        _check_count(len(parts), most)
        return tuple(_part_of_json(_read(part)) for part in parts)
    _check_count(len(values), most)
    return tuple(values)


def _lines(body: bytes, most: int) -> tuple[Any, ...]:
    if (breaks := body.count(b"\n")) > 2 * most + BLANK_LINES:  # before it is split
        _check_count(breaks, most)
    parts = [line for line in body.split(b"\n") if line.strip(_BLANK)]
    _check_count(len(parts), most)
    return tuple(map(_read, parts))


_READERS: Mapping[Shape, Callable[[bytes, int], tuple[Any, ...]]] = {
    Shape.ONE: _one,
    Shape.ARRAY: _array,
    Shape.LINES: _lines,
}


def _shape(body: bytes, lines: bool) -> Shape:
    start = body.removeprefix(compact.BOM).lstrip(_BLANK)[:1]
    if not start:
        raise Refused("body.empty", "the body is empty")
    if lines:
        return Shape.LINES
    if start == b"[":
        return Shape.ARRAY
    # An object that ends and another that begins on a later line stand in no single JSON value.
    return Shape.LINES if start == b"{" and _NEXT_OBJECT.search(body) else Shape.ONE


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise Refused("body.too_many", f"{count} values in one request; {most} are allowed: send them in parts")


def _part_of_json(value: Any) -> Any:
    """A value of a single JSON document: where it is no JSON, neither is the document."""
    if isinstance(value, Refused) and value.reason == "form.json":
        raise Refused("body.json", value.message, zh=value.zh)
    return value


def _read(part: bytes) -> Any:
    """One value, or the ``Refused`` that says why there is none."""
    value = _quick(part)
    if value is not _INEXACT:
        return value
    try:
        return _exact(part)
    except Refused as refused:
        return refused


def _quick(part: bytes) -> Any:
    try:
        value = orjson.loads(part)
        again = orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _INEXACT
    same = again == part.strip(_BLANK) or _skeleton(again) == _skeleton(part)
    return value if same else _INEXACT


def _skeleton(text: bytes) -> bytes:
    """Valid JSON without strings and white space: a doubled name leaves a member more, a repaired number another."""
    return _STRING.sub(b"", text).translate(None, _BLANK)


def _exact(part: bytes) -> Any:
    if part.lstrip(_BLANK).startswith(compact.BOM):
        raise faults.refused("form.bom", "", 0)
    try:
        text = part.decode()
    except UnicodeDecodeError as error:
        raise faults.refused("form.utf8", "", error.start) from None
    if (deep := faults.too_deep(text, compact.MAX_DEPTH)) is not None:
        raise faults.refused("form.depth", text, deep)
    try:
        # Not strict here means: a raw control character in a string is not the end; it gets its own name below.
        value = json.loads(text, strict=False, object_pairs_hook=_unique, parse_int=_integer, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise faults.refused("form.json", text, error.pos) from None
    try:
        orjson.loads(part)
    except orjson.JSONDecodeError as error:  # a control character, or half of a surrogate pair
        raise faults.refused("form.character", text, error.pos) from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter(name for name, _ in pairs)
        twice = next(name for name, count in times.items() if count > 1)
        name = mask_resident_numbers(twice.encode(errors="replace").decode())[:40]
        raise Refused(
            "form.duplicate_name",
            f'the member name "{name}" stands twice in one object',
            field=name,
            zh=f"{faults.SENTENCES['form.duplicate_name'].zh}：{name}",
        )
    return found


def _integer(digits: str) -> int:
    if digits == "-0" or len(digits) > 20:
        _no_number(digits)
    return int(digits)


def _no_number(token: str) -> NoReturn:
    raise Refused(
        "form.number", f"{token[:40]} is no number here", rule="a plain integer", zh=faults.SENTENCES["form.number"].zh
    )


def _elements(body: bytes) -> Iterator[bytes]:
    """The elements of an array, each as its bytes. Raises ``Refused`` ``body.json`` where the array itself is none."""
    start = depth = count = 0
    for found in _TOKEN.finditer(body):
        token = found.group()
        if token in OPENING:
            depth += 1
            start = start or found.end()
        elif token in CLOSING:
            depth -= 1
        if (depth == 0 and token in CLOSING) or (depth == 1 and token == b","):
            last = body[start : found.start()]
            if depth or count or last.strip(_BLANK):
                yield last
            start, count = found.end(), count + 1
        if depth == 0:
            depth = 0 if token == b"]" else -1
            break
    if depth or body[start:].strip(_BLANK):
        raise Refused("body.json", "the array is not closed, or something stands behind it")
