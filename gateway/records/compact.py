"""Is this line in the one byte form? The compact form of DESIGN §3, exactly, and nothing else.

Law 1 (one byte form): what is signed, sent, stored and shown are the same bytes, so a line is accepted only
as it stands and is never rewritten. The accepting path is one pass of one pattern over the text, one parse,
and a round trip beside them that proves unique names; what it does not accept goes to ``faults``, which only
finds the name of the fault.

>>> parse(b'{"a":1}')
{'a': 1}
>>> parse(b'{"a": 1}')
Traceback (most recent call last):
gateway.errors.Refused: form.white_space: white space outside a string, at character 6 (in member "a")
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from gateway.errors import Refused
from gateway.records import faults
from gateway.records.characters import first_forbidden

MAX_LINE = 60_000
MAX_DEPTH = 32
BOM = b"\xef\xbb\xbf"

_REFUSED_BY_ENCODER = (
    ("not valid UTF-8", "form.character", "a lone surrogate cannot be written"),
    ("Integer exceeds", "form.number", "an integer lies outside -(2^53-1) to 2^53-1"),
    ("Recursion limit", "form.depth", f"nested deeper than {MAX_DEPTH}"),
)
_ENCODING = (
    orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
)


def parse(line: bytes) -> dict[str, Any]:
    """The object that a line in compact form says: str, int, bool, list and dict only.

    Raises ``Refused``: form.size, form.bom, form.utf8, form.depth, form.character, form.white_space,
    form.escape, form.number, form.null, form.json, form.not_object, form.duplicate_name; the message names
    the place. The order of these is the order of the checks, so depth is counted before anything parses.
    """
    text = _text(line)
    if text.count("{") + text.count("[") > MAX_DEPTH and (at := faults.too_deep(text, MAX_DEPTH)) is not None:
        raise faults.refused("form.depth", text, at)
    if (at := first_forbidden(text)) is not None:
        raise faults.refused("form.character", text, at)
    if faults.LEXICON.fullmatch(text) is None:
        faults.check_lexicon(text)
    if faults.LONG_DIGITS.search(text) is not None:
        faults.check_integers(text)
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise faults.refused("form.json", text, error.pos) from None
    if type(value) is not dict:
        raise faults.refused("form.not_object", text, 0)
    if orjson.dumps(value) != line:
        raise faults.duplicate(text)
    return value


def _text(line: bytes) -> str:
    if len(line) > MAX_LINE:
        raise Refused(
            "form.size",
            f"the line has {len(line)} bytes; {MAX_LINE} are allowed",
            rule=f"at most {MAX_LINE} bytes",
            zh=f"记录共 {len(line)} 字节，超过上限 {MAX_LINE} 字节",
        )
    if line.startswith(BOM):
        raise faults.refused("form.bom", "", 0)
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise faults.refused("form.utf8", "", error.start) from None


def encode(value: Mapping[str, Any]) -> bytes:
    """The line in compact form that says this object, members in the order given. Raises ``Refused`` as
    ``parse`` does.
    """
    try:
        line = orjson.dumps(value, option=_ENCODING)
    except (TypeError, orjson.JSONEncodeError) as error:
        raise _not_encodable(error) from None
    parse(line)
    return line


def _not_encodable(error: Exception) -> Refused:
    text = str(error)
    for words, reason, message in _REFUSED_BY_ENCODER:
        if words in text:
            return Refused(reason, message, zh=faults.SENTENCES[reason].zh)
    return Refused(
        "form.json", f"a value that JSON does not have: {text}", zh=faults.SENTENCES["form.json"].zh
    )


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}:,]|[^\s"\[\]{}:,]++', re.DOTALL)


def peek(line: bytes) -> tuple[str | None, str | None]:
    """Subject and id that unread bytes claim (law 6): what stands as the one top-level string of that name in
    parseable JSON.

    For leaves that the gate refused, whatever the reason; None where the line is no JSON object, or names the
    member twice, or gives it another value. Never raises.
    """
    try:
        parsed = orjson.loads(line)
        text = line.decode()
    except ValueError:
        return None, None
    if not isinstance(parsed, dict):
        return None, None
    members = _top_members(text)
    return _only_string(members, "subject"), _only_string(members, "id")


def _top_members(text: str) -> list[tuple[str, str]]:
    """Names (as values) and first value tokens of the members of a valid JSON object, twins included."""
    members: list[tuple[str, str]] = []
    tokens = [found.group() for found in _TOKEN.finditer(text)]
    depth = 0
    for place, token in enumerate(tokens):
        if token in "[{":
            depth += 1
        elif token in "]}":
            depth -= 1
        elif token == ":" and depth == 1:
            members.append((orjson.loads(tokens[place - 1]), tokens[place + 1]))
    return members


def _only_string(members: list[tuple[str, str]], name: str) -> str | None:
    values = [value for member, value in members if member == name]
    if len(values) != 1 or not values[0].startswith('"'):
        return None
    return str(orjson.loads(values[0]))
