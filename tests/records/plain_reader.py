"""Compact form read the plain way, character by character, straight from the words of the rules: the oracle for the
quick reader.

It shares no code or table with ``gateway.records.compact``; what it does not accept raises ``ValueError``.
"""

from __future__ import annotations

import unicodedata
from typing import Any

FREE = ("content", "remarks", "facts")


def read(line: bytes) -> dict[str, Any]:
    """The object, or ``ValueError``."""
    if len(line) > 60_000:
        raise ValueError("size")
    text = line.decode("utf-8")
    if any(_refused_anywhere(character) for character in text):
        raise ValueError("character")
    value, end = _value(text, 0, "", 0)
    if end != len(text) or not isinstance(value, dict):
        raise ValueError("not one object")
    return value


def _refused_anywhere(character: str) -> bool:
    code = ord(character)
    return (
        unicodedata.category(character) in ("Cf", "Cs", "Cc")
        or 0x13430 <= code <= 0x1343F
        or 0xFDD0 <= code <= 0xFDEF
        or code & 0xFFFF in (0xFFFE, 0xFFFF)
    )


def _value(text: str, at: int, name: str, depth: int) -> tuple[Any, int]:
    first = text[at : at + 1]
    if first == "{":
        return _object(text, at + 1, _deeper(depth))
    if first == "[":
        return _array(text, at + 1, _deeper(depth))
    if first == '"':
        return _string(text, at + 1, name in FREE)
    for word, value in (("true", True), ("false", False)):
        if text.startswith(word, at):
            return value, at + len(word)
    return _integer(text, at)


def _deeper(depth: int) -> int:
    if depth == 32:
        raise ValueError("depth")
    return depth + 1


def _object(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    members: dict[str, Any] = {}
    if text[at : at + 1] == "}":
        return members, at + 1
    while True:
        if text[at : at + 1] != '"':
            raise ValueError("name")
        name, at = _string(text, at + 1, False)
        if name in members or text[at : at + 1] != ":":
            raise ValueError("twice, or no colon")
        members[name], at = _value(text, at + 1, name, depth)
        if text[at : at + 1] == "}":
            return members, at + 1
        if text[at : at + 1] != ",":
            raise ValueError("comma")
        at += 1


def _array(text: str, at: int, depth: int) -> tuple[list[Any], int]:
    values: list[Any] = []
    if text[at : at + 1] == "]":
        return values, at + 1
    while True:
        value, at = _value(text, at, "", depth)
        values.append(value)
        if text[at : at + 1] == "]":
            return values, at + 1
        if text[at : at + 1] != ",":
            raise ValueError("comma")
        at += 1


def _string(text: str, at: int, free: bool) -> tuple[str, int]:
    escapes = {'"': '"', "\\": "\\"} | ({"n": "\n", "t": "\t"} if free else {})
    characters: list[str] = []
    while True:
        character = text[at : at + 1]
        if not character:
            raise ValueError("unterminated")
        if character == '"':
            return "".join(characters), at + 1
        if character == "\\":
            at += 1
            if text[at : at + 1] not in escapes:
                raise ValueError("escape")
            character = escapes[text[at]]
        characters.append(character)
        at += 1


def _integer(text: str, at: int) -> tuple[int, int]:
    end = at + 1 if text[at : at + 1] == "-" else at
    while text[end : end + 1] in set("0123456789"):
        end += 1
    written = text[at:end]
    if not written.lstrip("-") or str(int(written)) != written or abs(int(written)) >= 2**53:
        raise ValueError("number")
    return int(written), end
