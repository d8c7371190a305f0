"""Is what the party presents still what was issued? Recognition on condition that certain fields are unchanged.

An agreement may recognise only what is the same as issued (``unchanged``): a performance approved elsewhere with the
same performers, content and organiser. Its fields are paths in the data (``holder.name``, ``content``, ``items.name``:
the name of every item). What is presented is compared as people read it: without regard to width, case, white space,
kind of bracket, and the order of a list. Nothing is assumed of a field that nobody presented, or that the record
doesn't have: a person looks at it.

>>> performance = {"items": [{"name": "演员甲"}, {"name": "演员乙"}], "content": "示例音乐会"}
>>> compare(performance, ["items.name", "content"], {"items.name": ("演员乙、演员甲",)})
Comparison(changed=(), open=('content',))
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.recognition.facts import Presented
from gateway.records.identifiers import normalise_query

_SEPARATORS = re.compile("[、,，;；\n]")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Fields that differ, and fields that could not be compared."""

    changed: tuple[str, ...]
    open: tuple[str, ...]


def compare(data: Mapping[str, Any], fields: Iterable[str], presented: Presented) -> Comparison:
    """Hold what is presented against the data, field by field."""
    changed, left = [], []
    for field in fields:
        recorded, shown = list(_texts(data, field.split("."))), [each for each in presented.get(field, ()) if each]
        if not (recorded and shown):
            left.append(field)
        elif _read(recorded) != _read(shown) and _read(_split(recorded)) != _read(_split(shown)):
            changed.append(field)
    return Comparison(tuple(changed), tuple(left))


def _texts(node: Any, steps: list[str]) -> Iterator[str]:
    """Every value at a path; a list on the way stands for each of its members."""
    if isinstance(node, list):
        for each in node:
            yield from _texts(each, steps)
    elif steps and isinstance(node, Mapping):
        yield from _texts(node.get(steps[0]), steps[1:])
    elif not steps and isinstance(node, str | int):
        yield str(node)


def _split(texts: Iterable[str]) -> list[str]:
    return [part for text in texts for part in _SEPARATORS.split(text)]


def _read(texts: Iterable[str]) -> list[str]:
    return sorted(filter(None, map(normalise_query, texts)))
