"""Where do two JSON documents differ? Compared by what their parts are, not by where in a list they stand.

Entries of a list are matched by the member that names them (a jurisdiction by its id, a key by its name and id, a log
by its origin); texts in a list are a set. Order and white space mean nothing in trust documents, so they are no
difference; everything else is one.

>>> list(compare({"a": [{"id": "x", "n": 1}]}, {"a": [{"id": "x", "n": 2}]}))
[Change(path=('a', 'x', 'n'), old=1, new=2)]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final


class Absent:
    """What stands on the side where a member is not there."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()
NAMING = ("id", "origin", "vkey", "uscc", "code", "kind")
"""Members that name an entry of a list, the first that it has."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: ``path`` of names from the top; ``old`` or ``new`` is ``ABSENT`` where the part is not there."""

    path: tuple[str, ...]
    old: Any
    new: Any


def compare(old: Any, new: Any, path: tuple[str, ...] = ()) -> Iterator[Change]:
    """Every difference, in the order of the newer document; what is gone comes after what stands."""
    left, right = parts(old), parts(new)
    if left is None or right is None:
        if _differs(old, new):
            yield Change(path, old, new)
        return
    for name, value in right.items():
        if name not in left:
            yield Change((*path, name), ABSENT, value)
        else:
            yield from compare(left[name], value, (*path, name))
    for name, value in left.items():
        if name not in right:
            yield Change((*path, name), value, ABSENT)


def _differs(old: Any, new: Any) -> bool:
    return type(old) is not type(new) or bool(old != new)


def parts(value: Any) -> Mapping[str, Any] | None:
    """The named parts of an object or a list; None of anything else."""
    if isinstance(value, dict):
        return value
    return _named(value) if isinstance(value, list) else None


def _named(entries: Sequence[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in entries:
        name = base = _name(entry)
        number = 1
        while name in found:
            number += 1
            name = f"{base} ({number})"
        found[name] = entry
    return found


def _name(entry: Any) -> str:
    if isinstance(entry, dict):
        if "uscc" in entry and "since" in entry:  # an authority has an entry for each time and each set of types
            return f"{entry['uscc']} {entry['since']}"
        return next((str(entry[member]) for member in NAMING if member in entry), "")
    return str(entry)
