"""How is a trust document read, so that nothing in it is overlooked and nothing guessed? Member by member,
strictly (law 10).

Roster, agreements and catalogue are read through ``Fields``: a member that nobody asked for, a wrong type, a
name that stands twice or an impossible date is refused as ``trust.form`` with the path of the field. Whatever
the bytes are, ``Refused`` is the only error.

>>> fields = Fields(parse_document(b'{"version":3,"name":"x"}'), "")
>>> fields.integer("version", least=1)
3
>>> fields.close()
Traceback (most recent call last):
gateway.errors.Refused: trust.form: name: no such member is known
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, NoReturn, TypeVar

from gateway.errors import Refused
from gateway.instants import first_second, parse_day, parse_time
from gateway.records.characters import first_forbidden

T = TypeVar("T")
MAX_DOCUMENT = 16 * 1024 * 1024
MAX_INTEGER = 2**53 - 1
IDENTIFIER = re.compile(r"[a-z][a-z0-9-]{0,63}")
_WHOLE_SECOND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_DAY_S = 86_400


def refuse(path: str, message: str, zh: str, *, rule: str, value: object = "") -> NoReturn:
    """Raise ``Refused`` ``trust.form`` for the field at this path, in both languages, with the rule it broke."""
    raise Refused(
        "trust.form",
        f"{path or 'document'}: {message}",
        field=path,
        rule=rule,
        value=str(value)[:80],
        zh=f"信任文件 {path or '整体'}：{zh}",
    )


def parse_document(document: bytes) -> Mapping[str, Any]:
    """The JSON object in these bytes; white space is welcome (people edit these files), doubled names and
    fractions are not.

    Raises ``Refused`` ``trust.form``.
    """
    if len(document) > MAX_DOCUMENT:
        refuse("", f"larger than {MAX_DOCUMENT} bytes", f"超过 {MAX_DOCUMENT} 字节", rule="size")
    try:
        found = json.loads(
            document.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=_no_integer,
            parse_constant=_no_integer,
        )
    except (ValueError, RecursionError) as error:
        refuse("", f"not JSON in UTF-8: {error}", "不是 UTF-8 编码的 JSON", rule="JSON")
    if not isinstance(found, dict):
        refuse("", "not a JSON object", "不是 JSON 对象", rule="object")
    return found


def _no_integer(text: str) -> NoReturn:
    refuse("", f"{text[:40]} is no integer", f"{text[:40]} 不是整数", rule="integers only")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            told = "the member name stands twice in one object"
            refuse(_printable(name), told, "同一对象中成员名重复", rule="unique names")
        found[name] = value
    return found


def _printable(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()[:80]


def unique(path: str, names: Iterable[object]) -> None:
    """Raise ``Refused`` if one of these names stands twice."""
    seen: set[object] = set()
    for name in names:
        if name in seen:
            refuse(path, f"{name} stands twice", f"{name} 重复", rule="unique", value=name)
        seen.add(name)


class Fields:
    """One JSON object, read member by member; ``close`` refuses what is left over. ``path`` says where it stands."""

    __slots__ = ("_left", "_members", "path")

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            refuse(path, "not a JSON object", "不是 JSON 对象", rule="object")
        self.path = path
        self._members: Mapping[str, Any] = value
        self._left = set(value)

    def at(self, name: str) -> str:
        """The path of a member."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether an optional member stands."""
        return name in self._members

    def close(self) -> None:
        """Refuse members that nobody read."""
        for name in sorted(self._left):
            told = "no such member is known"
            refuse(self.at(_printable(name)), told, "没有这一成员", rule="known members only")

    def _take(self, name: str, kind: type[T]) -> T:
        self._left.discard(name)
        if name not in self._members:
            refuse(self.at(name), "the member is missing", "缺少该成员", rule="required")
        value = self._members[name]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            refuse(self.at(name), f"is no {_KINDS[kind]}", f"应为{_KINDS_ZH[kind]}", rule=_KINDS[kind])
        return value

    def text(self, name: str, pattern: re.Pattern[str] | None = None) -> str:
        """A text without control characters, not empty; with a pattern, one that fits it whole."""
        return _text(self._take(name, str), self.at(name), pattern)

    def integer(self, name: str, least: int = 0, most: int = MAX_INTEGER) -> int:
        """An integer from ``least`` to ``most``."""
        value = self._take(name, int)
        if not least <= value <= most:
            told = f"is not from {least} to {most}"
            refuse(self.at(name), told, f"应为 {least} 至 {most}", rule=f"{least} to {most}", value=value)
        return value

    def flag(self, name: str) -> bool:
        """``true`` or ``false``."""
        return self._take(name, bool)

    def texts(self, name: str, pattern: re.Pattern[str] | None = None) -> tuple[str, ...]:
        """A list of different texts, in order."""
        path = self.at(name)
        found = [_text(value, f"{path}[{place}]", pattern) for place, value in enumerate(self._take(name, list))]
        unique(path, found)
        return tuple(found)

    def each(self, name: str, read: Callable[[Fields], T]) -> tuple[T, ...]:
        """A list of objects, each read by ``read`` and then closed."""
        path = self.at(name)
        values = self._take(name, list)
        return tuple(_read(Fields(value, f"{path}[{place}]"), read) for place, value in enumerate(values))

    def inner(self, name: str, read: Callable[[Fields], T]) -> T:
        """One object, read by ``read`` and then closed."""
        return _read(Fields(self._take(name, dict), self.at(name)), read)

    def table(self, name: str, read: Callable[[Fields, str], T]) -> dict[str, T]:
        """An object whose member names are the document's own, each value read by ``read(fields, member name)``."""
        inner = Fields(self._take(name, dict), self.at(name))
        return {_text(key, inner.path, None): read(inner, key) for key in inner._members}

    def day(self, name: str) -> date:
        """A day ``YYYY-MM-DD`` of Asia/Shanghai."""
        return _day(self._take(name, str), self.at(name))

    def start(self, name: str) -> int:
        """First second of a window: an instant in UTC, or the beginning of a day in Asia/Shanghai."""
        text = self._take(name, str)
        return -(-_instant(text, self.at(name)) // 1000) if "T" in text else first_second(_day(text, self.at(name)))

    def end(self, name: str) -> int:
        """Last second of a window: an instant in UTC, or the last second of a day in Asia/Shanghai."""
        text = self._take(name, str)
        if "T" in text:
            return _instant(text, self.at(name)) // 1000
        return first_second(_day(text, self.at(name))) + _DAY_S - 1


_KINDS: Mapping[type, str] = {str: "text", int: "integer", bool: "true or false", list: "list", dict: "object"}

_KINDS_ZH: Mapping[type, str] = {str: "文本", int: "整数", bool: " true 或 false", list: "列表", dict: "对象"}


def _read(fields: Fields, read: Callable[[Fields], T]) -> T:
    found = read(fields)
    fields.close()
    return found


def _text(value: object, path: str, pattern: re.Pattern[str] | None) -> str:
    if not isinstance(value, str):
        refuse(path, "is no text", "应为文本", rule="text")
    if not value.strip() or first_forbidden(value) is not None or "\n" in value or "\r" in value or "\t" in value:
        told = "is empty, or holds a character that is refused"
        refuse(path, told, "为空，或含有不允许的字符", rule="characters", value=_printable(value))
    if pattern is not None and pattern.fullmatch(value) is None:
        refuse(path, "does not fit", f"应符合 {pattern.pattern}", rule=pattern.pattern, value=value)
    return value


def _day(text: str, path: str) -> date:
    try:
        return parse_day(text)
    except Refused as error:
        refuse(path, error.message, "应为真实日期，写作 YYYY-MM-DD", rule="YYYY-MM-DD", value=_printable(text))


def _instant(text: str, path: str) -> int:
    try:
        return parse_time(f"{text[:-1]}.000Z" if _WHOLE_SECOND.fullmatch(text) else text)
    except Refused as error:
        zh = "应为真实时间（协调世界时），写作 YYYY-MM-DDTHH:MM:SSZ"
        refuse(path, error.message, zh, rule="YYYY-MM-DDTHH:MM:SSZ", value=_printable(text))
