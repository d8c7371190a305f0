"""What does a row say as a record to be, and how are its members set? A draft, and the paths that profiles write.

A path names members below ``data``: "holder.uscc"; "premises[]" adds to a list; "items[].name" is a member of the
row's one entry in a list.

>>> data = {}
>>> put(data, "items[].name", "建筑装修装饰工程专业承包"); put(data, "items[].grade", "二级"); data
{'items': [{'name': '建筑装修装饰工程专业承包', 'grade': '二级'}]}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

JOINT = "；"


@dataclass(frozen=True, slots=True)
class RowDraft:
    """A record to be: what a row says, and for whom. ``id`` and ``time`` only where the row gives them."""

    jurisdiction: str
    type: str
    data: dict[str, Any]
    id: str | None = None
    time: str | None = None


def put(data: dict[str, Any], member: str, value: Any, label: str = "") -> None:
    """Set a member; "[]" at the end appends, a label joins what several columns say."""
    *parents, name = member.split(".")
    for parent in parents:
        data = _entry(data, parent[:-2]) if parent.endswith("[]") else data.setdefault(parent, {})
    if name.endswith("[]"):
        data.setdefault(name[:-2], []).append(value)
    elif label:
        data[name] = f"{data[name]}{JOINT}{label}：{value}" if name in data else f"{label}：{value}"
    else:
        data[name] = value


def setter(member: str, label: str = "") -> Callable[[dict[str, Any], Any], None]:
    """``put`` for one member, made once and used for every row."""
    *parents, name = member.split(".")
    if label or "[]" in member or len(parents) > 1:
        return lambda data, value: put(data, member, value, label)
    if not parents:
        return lambda data, value: data.__setitem__(name, value)
    (parent,) = parents

    def set_below(data: dict[str, Any], value: Any) -> None:
        inner = data.get(parent)
        if inner is None:
            data[parent] = {name: value}
        else:
            inner[name] = value

    return set_below


def holds(data: dict[str, Any], member: str) -> bool:
    """Whether something stands at this path, which has no lists in it."""
    found: Any = data
    for name in member.split("."):
        if not isinstance(found, dict) or name not in found:
            return False
        found = found[name]
    return True


def copied(value: Any) -> Any:
    """A copy that may be changed: constants belong to the profile."""
    if type(value) is dict:
        return {name: copied(member) for name, member in value.items()}
    return [*map(copied, value)] if type(value) is list else value


def _entry(data: dict[str, Any], name: str) -> dict[str, Any]:
    entries = data.setdefault(name, [])
    if not entries:
        entries.append({})
    entry: dict[str, Any] = entries[0]
    return entry
