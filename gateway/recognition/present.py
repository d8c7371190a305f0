"""Which record of a subject speaks for a day? The choice that every verdict begins with (DESIGN §3, four
times).

Of all that is known by ``known_at``, the record of greatest ``state.since`` up to the day, then of greatest
index; 撤销 (03) covers every day, back to the start. A retraction says that a record should never have been
published: what it names is left out for every day, and while it is itself the newest, nothing is found.
Erased bytes are not skipped over: an older record must not speak instead.

>>> choose(rows, as_of=date(2026, 11, 23))
Choice(fate=<Fate.PRESENT: 'present'>, index=7, objected=False, arrived=False)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

ANNULLED = "03"


class LightRow(Protocol):
    """One accepted record of a subject, as light as the choice needs it.

    ``known``: ms, when this node first verified a checkpoint that covers it. ``retracts``: for a retraction,
    the index that it names (None: the nearest record below). ``erased``: the record's own bytes are gone.
    """

    @property
    def index(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def since(self) -> date: ...
    @property
    def known(self) -> int: ...
    @property
    def erased(self) -> bool: ...
    @property
    def retracts(self) -> int | None: ...


class Fate(StrEnum):
    """What became of the choice."""

    NONE = "none"
    PRESENT = "present"
    RETRACTED = "retracted"
    ERASED = "erased"
    NOT_ON_DAY = "not_on_day"


@dataclass(frozen=True, slots=True)
class Choice:
    """The record chosen, by index. ``objected``: an objection is open; ``arrived``: the licence came by
    ``transferred_in``.
    """

    fate: Fate
    index: int | None = None
    objected: bool = False
    arrived: bool = False


def choose(rows: Iterable[LightRow], as_of: date, known_at: int | None = None) -> Choice:
    """The record of a licence that speaks for the day; for a retracted subject, the retraction."""
    live, retraction = _live(rows, known_at)
    if retraction is not None:
        return Choice(Fate.RETRACTED, retraction.index)
    if not live:
        return Choice(Fate.NONE)
    candidates = [row for row in live if row.since <= as_of or row.state == ANNULLED]
    if not candidates:
        return Choice(Fate.NOT_ON_DAY)
    return _chosen(live, max(candidates, key=lambda row: (min(row.since, as_of), row.index)))


def newest(rows: Iterable[LightRow], known_at: int | None = None) -> Choice:
    """The newest record of a subject, whatever day it speaks of: the present of a credit fact."""
    live, retraction = _live(rows, known_at)
    if retraction is not None:
        return Choice(Fate.RETRACTED, retraction.index)
    return _chosen(live, live[-1]) if live else Choice(Fate.NONE)


def _chosen(live: list[LightRow], row: LightRow) -> Choice:
    objections = [_verb(other) for other in live if _verb(other) in ("objected", "objection_closed")]
    return Choice(
        Fate.ERASED if row.erased else Fate.PRESENT,
        row.index,
        objected=objections[-1:] == ["objected"],
        arrived=any(_verb(other) == "transferred_in" for other in live),
    )


def _live(rows: Iterable[LightRow], known_at: int | None) -> tuple[list[LightRow], LightRow | None]:
    """Records that no retraction names, rising by index, and the retraction if it is the newest of all."""
    live: list[LightRow] = []
    retraction: LightRow | None = None
    for row in sorted(rows, key=lambda row: row.index):
        if (known_at is not None and row.known > known_at) or _verb(row) == "erased":
            continue
        retraction = row if _verb(row) == "retracted" else None
        if retraction is None:
            live.append(row)
        elif live:
            named = live[-1].index if row.retracts is None else row.retracts
            live = [other for other in live if other.index != named]
    return live, retraction


def _verb(row: LightRow) -> str:
    return row.type.rpartition(".")[2]
