"""What is wrong with a line that is not in compact form, and where? The slow half of ``compact``: it names
faults, it accepts nothing.

One table gives each fault its sentences; a place is counted in characters from 1, and the last member name
before it stands beside it.

>>> refused("form.null", '{"a":null}', 5).message
'null is not a value here, leave the member out, at character 6 (in member "a")'
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import NoReturn

from gateway.errors import Refused
from gateway.records.identifiers import mask_resident_numbers

MAX_INTEGER = 2**53 - 1
FREE_TEXT = ("content", "remarks", "facts")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One fault in both languages."""

    en: str
    zh: str


SENTENCES = {
    "form.bom": Sentence("a byte order mark stands before the object", "文本开头带有字节顺序标记（BOM）"),
    "form.utf8": Sentence("not valid UTF-8", "不是有效的 UTF-8 文本"),
    "form.depth": Sentence("nested deeper than 32", "嵌套超过 32 层"),
    "form.character": Sentence(
        "a character that is refused everywhere", "含有禁止使用的字符（控制、不可见或方向控制字符）"
    ),
    "form.white_space": Sentence("white space outside a string", "字符串之外出现空白字符"),
    "form.escape": Sentence(
        'an escape other than \\" and \\\\ (in content, remarks, facts also \\n and \\t)',
        '转义只允许 \\" 和 \\\\（content、remarks、facts 中还允许 \\n 和 \\t）',
    ),
    "form.number": Sentence(
        "a number that is no plain integer from -(2^53-1) to 2^53-1",
        "数字只允许绝对值不超过 2^53-1 的普通整数",
    ),
    "form.null": Sentence(
        "null is not a value here, leave the member out", "不允许 null，没有值时应省略该项"
    ),
    "form.json": Sentence("not JSON", "不是合法的 JSON"),
    "form.not_object": Sentence("not a JSON object", "不是 JSON 对象"),
    "form.duplicate_name": Sentence("a member name stands twice in one object", "同一对象中有重复的成员名"),
}

# One way through every token: possessive, so that any line takes linear time. Integers of 15 digits are
# always below 2^53; longer ones are left to ``check_lexicon``, which compares.
LEXICON = re.compile(
    r'(?:"(?:content|remarks|facts)":"[^"\\\x00-\x1f]*+(?:\\["\\nt][^"\\\x00-\x1f]*+)*+"'
    r'|"[^"\\\x00-\x1f]*+(?:\\["\\][^"\\\x00-\x1f]*+)*+"'
    r"|[{}\[\],:]++"
    r"|(?:0|-?[1-9][0-9]*+)(?![0-9.eE])"
    r"|true|false)*+"
)
# Not in the lexicon: Python 3.11.0 to 3.11.4 misjudge a bounded repeat inside a possessive group.
LONG_DIGITS = re.compile("[0-9]{16}")
_STRING_OR_INTEGER = re.compile(r'"(?:[^"\\]|\\.)*+"|-?[0-9]++')
_MOST_DIGITS = len("-9007199254740991")
_NUMBER_LIKE = re.compile(r"[-+.0-9]|NaN|Infinity")
_STRING = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\["\\][^"\\\x00-\x1f]*+)*+')
_FREE_STRING = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\["\\nt][^"\\\x00-\x1f]*+)*+')
_FREE_NAMES = tuple(f'"{name}":' for name in FREE_TEXT)
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_MEMBER_NAME = re.compile(r'"([^"\\]{1,40})"\s*:')


def refused(reason: str, text: str, at: int) -> Refused:
    """The refusal for a fault at this position of the text; ``text`` is empty where there is none (bytes)."""
    sentence = SENTENCES[reason]
    names = _MEMBER_NAME.findall(text, 0, at + 1)
    member = mask_resident_numbers(names[-1]) if names else ""
    where = f", at {'character' if text else 'byte'} {at + 1}" + (
        f' (in member "{member}")' if member else ""
    )
    zh = f"{sentence.zh}：第 {at + 1} 个{'字符' if text else '字节'}" + (
        f"（成员 {member}）" if member else ""
    )
    return Refused(reason, sentence.en + where, field=member, rule=sentence.en, zh=zh)


def too_deep(text: str, limit: int) -> int | None:
    """Position of the bracket that nests deeper than the limit, or None; those in strings don't count."""
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        token = found.group()
        if token in "[{":
            depth += 1
            if depth > limit:
                return found.start()
        elif token in "]}":
            depth -= 1
    return None


def check_lexicon(text: str) -> None:
    """Raise ``Refused`` for the first token that compact form doesn't know."""
    at = _lexed(text, 0)
    if at < len(text):
        _name_token(text, at)


def check_integers(text: str) -> None:
    """Raise ``Refused`` "form.number" for the first integer beyond 2**53 - 1; digits in strings don't count."""
    for found in _STRING_OR_INTEGER.finditer(text):
        token = found.group()
        if token[0] != '"' and (len(token) > _MOST_DIGITS or abs(int(token)) > MAX_INTEGER):
            raise refused("form.number", text, found.start())


def _lexed(text: str, at: int) -> int:
    found = LEXICON.match(text, at)
    return at if found is None else found.end()


def _name_token(text: str, at: int) -> NoReturn:
    character = text[at]
    if character in " \t\n\r":
        raise refused("form.white_space", text, at)
    if character == '"':
        _name_string(text, at)
    if _NUMBER_LIKE.match(text, at):
        raise refused("form.number", text, at)
    if text.startswith("null", at):
        raise refused("form.null", text, at)
    raise refused("form.json", text, at)


def _name_string(text: str, at: int) -> NoReturn:
    pattern = _FREE_STRING if text.endswith(_FREE_NAMES, 0, at) else _STRING
    found = pattern.match(text, at)
    end = len(text) if found is None else found.end()
    if end >= len(text):
        raise refused("form.json", text, at)
    raise refused("form.escape" if text[end] == "\\" else "form.character", text, end)


def duplicate(text: str) -> Refused:
    """The refusal for a line that parses, and says something else when it is written again: a name stands
    twice.
    """
    names: list[str] = []

    def note_twice(pairs: list[tuple[str, object]]) -> None:
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                names.append(name)
            seen.add(name)

    json.loads(text, object_pairs_hook=note_twice)
    if not names:
        return refused("form.json", text, 0)
    name = mask_resident_numbers(names[0])[:40]
    sentence = SENTENCES["form.duplicate_name"]
    return Refused(
        "form.duplicate_name",
        f'the member name "{name}" stands twice in one object',
        field=name,
        rule=sentence.en,
        zh=f"{sentence.zh}：{name}",
    )
