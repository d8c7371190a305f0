"""Every keyword of a schema, found in the document itself, and for each a change that breaks it and nothing else.

An occurrence is a place in the schema as ``jsonschema`` reports it (references and ``if`` left out of the path), with
the place in the data that it speaks of. A keyword that nobody here knows how to break is an error, so that a new one
can't be forgotten.

    for one in occurrences(schema): data = broken(one, "credit", Random(7))
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.records import generated
from tests.records.generated import Path

ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description", "examples"}
EACH = "*"

Schema = dict[str, Any]


@dataclass(frozen=True)
class Occurrence:
    """``path``: schema path with the keyword. ``place``: where in the data. ``name``: the member, for ``required``."""

    path: Path
    place: Path
    keyword: str
    value: Any
    name: str = ""

    @property
    def key(self) -> tuple[Path, str]:
        """What the errors of a validator are counted by."""
        return self.path, self.name


@dataclass(frozen=True)
class Condition:
    """An ``if``: both ways must be taken. ``place``: where in the data it is asked."""

    path: Path
    place: Path
    schema: Schema


def occurrences(document: Schema) -> list[Occurrence]:
    """Every keyword that data can break, at every place where it is used."""
    return [one for one in _walk(document, document, (), ()) if isinstance(one, Occurrence)]


def conditions(document: Schema) -> list[Condition]:
    """Every ``if``."""
    return [one for one in _walk(document, document, (), ()) if isinstance(one, Condition)]


def _walk(root: Schema, node: Schema, path: Path, place: Path) -> Iterator[Occurrence | Condition]:
    for keyword, value in node.items():
        if keyword in ANNOTATIONS or keyword.startswith("x-jjj-"):
            continue
        if keyword == "if":
            yield Condition((*path, "if"), place, value)
        elif keyword == "required":
            yield from (Occurrence((*path, keyword), place, keyword, value, name) for name in value)
        elif keyword in CHANGES:
            yield Occurrence((*path, keyword), place, keyword, value)
        elif keyword in STEPS:
            for steps, further, inner in STEPS[keyword](root, value):
                yield from _walk(root, inner, (*path, *steps), (*place, *further))
        else:
            raise AssertionError(f"{'/'.join(map(str, path))}: nobody knows how to break {keyword!r}")


def _resolve(root: Schema, target: str) -> Schema:
    node = root
    for step in target.removeprefix("#/").split("/"):
        node = node[step]
    return node


# Keywords that lead on to other schemas: steps in the schema, steps in the data, the schema there
STEPS: dict[str, Callable[[Schema, Any], list[tuple[Path, Path, Schema]]]] = {
    "$ref": lambda root, target: [((), (), _resolve(root, target))],
    "properties": lambda _, members: [(("properties", name), (name,), inner) for name, inner in members.items()],
    "items": lambda _, inner: [(("items",), (EACH,), inner)],
    "allOf": lambda _, schemas: [(("allOf", at), (), inner) for at, inner in enumerate(schemas)],
    "then": lambda _, inner: [(("then",), (), inner)],
    "else": lambda _, inner: [(("else",), (), inner)],
}


def error_key(error: Any) -> tuple[Path, str]:
    """The occurrence that a ``ValidationError`` is about."""
    name = ""
    if error.validator == "required":
        name = next(one for one in error.validator_value if error.message.startswith(f"{one!r} "))
    return tuple(error.absolute_schema_path), name


# Breaking one


def broken(one: Occurrence, family: str, random: Random) -> tuple[Any, Path]:
    """Data in which this one keyword is broken, and the place that was changed."""
    place: Path = tuple(0 if step == EACH else step for step in one.place)
    wanted = (*place, one.name) if one.name else place
    data = generated.document(family, random, wanted, **_setting(one, family, place, random))
    if family == "credit" and wanted == ("kind",):
        data.pop(data["kind"], None)  # else its object is broken as well
    if one.keyword == "not":
        return _set(data, place, generated.member(family, place, random)), place
    return _set(data, place, CHANGES[one.keyword](_get(data, place), one, random)), wanted


def _setting(one: Occurrence, family: str, place: Path, random: Random) -> dict[str, Any]:
    """Which branch the data must take for the keyword to be asked at all."""
    if one.path[0] == "then":
        return {"correction": True}
    if family == "credit":
        return _credit_setting(one, place, random)
    if one.keyword == "minProperties":
        return {"kind": "filing"}  # of a permit, more is required
    if one.path[:2] == ("else", "then"):
        return {"kind": "permit"}
    return {"state": "99"} if one.place == ("state",) and "then" in one.path else {}


def _credit_setting(one: Occurrence, place: Path, random: Random) -> dict[str, Any]:
    if one.keyword == "not":
        return {"kind": random.choice([kind for kind in generated.KINDS if kind != place[0]])}
    named = one.name or (str(place[0]) if place else "")
    return {"kind": named} if named in generated.KINDS else {}


def _get(data: Any, place: Path) -> Any:
    for step in place:
        data = data[step]
    return data


def _set(data: Any, place: Path, value: Any) -> Any:
    if not place:
        return value
    *steps, last = place
    changed = copy.deepcopy(data)
    _get(changed, tuple(steps))[last] = value
    return changed


OTHER_TYPES: dict[str, tuple[Any, ...]] = {
    "string": (5, True, [], {}, ["x"]),
    "integer": ("5", True, [], {}, "2025"),
    "array": ("x", {}, 5, False),
    "object": ("x", [], 5, True, [{}]),
}


def _another_type(_: Any, one: Occurrence, random: Random) -> Any:
    return random.choice(OTHER_TYPES[one.value])


def _without(value: Any, one: Occurrence, _: Random) -> Any:
    return {name: inner for name, inner in value.items() if name != one.name}


def _with_another(value: Any, _: Occurrence, random: Random) -> Any:
    return {**value, random.choice(("extra", "名称", "Name", "x-note", "identity")): random.choice(("x", 1, {}, []))}


def _too_long(_: Any, one: Occurrence, random: Random) -> str:
    return "长" * (one.value + random.choice((1, 1, 2, 500)))


def _another_word(_: Any, one: Occurrence, random: Random) -> str:
    words = one.value if isinstance(one.value, list) else [one.value]
    near = random.choice(words)
    return random.choice((near + " ", near.upper() + "X", near[:-1], "", "internal", "其它"))


def _against_pattern(value: str, one: Occurrence, random: Random) -> str:
    """A near miss: one character turned, added or missing; blanks where any text will do."""
    wanted = re.compile(one.value[:-1] + r"\Z" if one.value.endswith("$") else one.value)
    while True:
        at = random.randrange(len(value))
        turned = value[:at] + random.choice("Ioé٣长 \n-.+=IOSVZ") + value[at + 1 :]
        missing, blank = value[:at] + value[at + 1 :], random.choice(" \u3000") * random.randint(1, 8)
        near = random.choice((turned, missing, blank, value + "\n", value.lower(), value + random.choice("0 长")))
        if near and wanted.search(near) is None:
            return near


def _too_many(value: list[Any], one: Occurrence, random: Random) -> list[Any]:
    count = one.value + random.choice((1, 1, 2, 20))
    return [f"第{at}" if isinstance(value[0], str) else value[0] for at in range(count)]


CHANGES: dict[str, Callable[[Any, Occurrence, Random], Any]] = {
    "type": _another_type,
    "required": _without,
    "additionalProperties": _with_another,
    "minLength": lambda *_: "",
    "maxLength": _too_long,
    "pattern": _against_pattern,
    "enum": _another_word,
    "const": _another_word,
    "minItems": lambda *_: [],
    "maxItems": _too_many,
    "uniqueItems": lambda value, _, random: [value[0], *value[1:3], value[0]],
    "minimum": lambda _, one, random: one.value - random.choice((1, 2, 1900)),
    "maximum": lambda _, one, random: one.value + random.choice((1, 2, 2**53)),
    "minProperties": lambda *_: {},
    "not": lambda *_: None,  # the member itself, put where it must not stand
}
