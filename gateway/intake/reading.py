"""Which records does this file hand in, and which of its rows hold none? One file read through one profile.

Law 6: a row that can't be used is an outcome with its reason and never holds up the others. Rows of one file that
give one subject and contradict each other are refused together (DESIGN §3, "row.conflict"), which needs a first pass
over all rows; the same row again is one item. Ids repeat: the same row gives the same id in every run, so a node
answers "duplicate" the second time.

>>> reading = open_reading(Path("companies.csv"))
>>> for outcome in reading:
...     match outcome:
...         case Item(): publish(outcome)
...         case RefusedRow(): report(outcome)
...         case RepeatedRow(): ...
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from gateway.errors import Refused
from gateway.instants import parse_day
from gateway.intake import profiles
from gateway.intake.finished import LineMapping
from gateway.intake.mapping import RowDraft, RowMapping
from gateway.intake.profile import Profile
from gateway.intake.tables import Limits, Row, Table, open_table
from gateway.records import families
from gateway.records.identifiers import mask_resident_numbers
from gateway.records.uuid7 import NOISE_BYTES, uuid7

_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Item:
    """A record to publish at a jurisdiction's node. ``cells``: the row as it stood, should the node refuse it."""

    row: int
    jurisdiction: str
    type: str
    data: dict[str, Any]
    id: str
    time: str | None
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that makes no record, or whose record was refused. Identity numbers are masked in every text of it."""

    row: int
    cells: tuple[str, ...]
    reason: str
    field: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class RepeatedRow:
    """A row that says word for word what an earlier row of the file says."""

    row: int


Outcome = Item | RefusedRow | RepeatedRow


class Reading:
    """All outcomes of one file, a row at a time; iterate as often as needed. ``rows``: how many there are.

    Made by a first pass over the whole file, so that a fault of the file as a whole (``Refused`` "table.*") comes
    before the first item. ``own``: the jurisdiction of rows that don't name theirs. ``nodes``: if given, rows of any
    other are "area.no_node". Memory: two numbers a subject during the first pass, then only the subjects that stand
    twice.
    """

    def __init__(
        self, table: Table, profile: Profile, *, own: str | None = None, nodes: Collection[str] | None = None
    ) -> None:
        self.columns = table.columns
        self.profile = profile
        self._table = table
        self._nodes = nodes
        self._mapping = LineMapping(table.columns, own) if profile.events else RowMapping(profile, table.columns, own)
        self.rows, self._repeated, self._conflicting = self._survey()

    def __iter__(self) -> Iterator[Outcome]:
        seen: set[int | None] = set()
        for row in self._table.rows():
            yield self._outcome(row, seen)

    def refuse(self, row: Item | Row, refused: Refused) -> RefusedRow:
        """The refusal of a row, or of an item that a node refused, with the name of the column where there is one."""
        number = row.row if isinstance(row, Item) else row.number
        field = self._mapping.header_of(refused.field)
        texts = (mask_resident_numbers(text) for text in (field, refused.zh or refused.message, refused.message))
        return RefusedRow(number, tuple(map(mask_resident_numbers, row.cells)), refused.reason, *texts)

    def _outcome(self, row: Row, seen: set[int | None]) -> Outcome:
        try:
            draft = self._draft(row)
            key = None if self.profile.events else _subject_key(draft)
            if key in self._conflicting:
                raise _conflict()
        except Refused as refused:
            return self.refuse(row, refused)
        if key in self._repeated:
            if key in seen:
                return RepeatedRow(row.number)
            seen.add(key)
        made = draft.id or record_id(draft.jurisdiction, draft.type, draft.data, draft.time)
        return Item(row.number, draft.jurisdiction, draft.type, draft.data, made, draft.time, row.cells)

    def _draft(self, row: Row) -> RowDraft:
        if row.fault is not None:
            raise row.fault
        draft = self._mapping.draft(row)
        if self._nodes is not None and draft.jurisdiction not in self._nodes:
            name = draft.jurisdiction
            raise Refused("area.no_node", f"no node here speaks for {name}", zh=f"{name} 没有接入节点", field="source")
        return draft

    def _survey(self) -> tuple[int, frozenset[int], frozenset[int]]:
        """Number of rows; keys of subjects that stand more than once; of those, the ones whose rows differ."""
        rows = 0
        first: dict[int, int] = {}
        repeated: set[int] = set()
        conflicting: set[int] = set()
        for row in self._table.rows():
            rows += 1
            if self.profile.events:
                continue
            try:
                draft = self._draft(row)
                key = _subject_key(draft)
            except Refused:
                continue  # the second pass says why
            content = _number(_canonical(draft.type, draft.data))
            if key in first:
                repeated.add(key)
                if first[key] != content:
                    conflicting.add(key)
            first.setdefault(key, content)
        return rows, frozenset(repeated), frozenset(conflicting)


def open_reading(
    path: Path,
    profile: str | None = None,
    *,
    own: str | None = None,
    nodes: Collection[str] | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
) -> Reading:
    """The reading of a file through a profile (name or path of a .toml), or through the one that its columns fit.

    Raises ``CannotRun`` "table.missing", "profile.*" and ``Refused`` "table.*".
    """
    table = open_table(path, limits)
    return Reading(table, profiles.load(profile) if profile else profiles.guess(table.columns), own=own, nodes=nodes)


def record_id(jurisdiction: str, record_type: str, data: dict[str, Any], time: str | None = None) -> str:
    """A UUIDv7 that is the same whenever the same is handed in: its time the day the record is about, the rest a
    SHA-256.

    The day is ``valid_from`` or ``decided_on``, midnight UTC, never before 1970; the hash covers jurisdiction, type,
    data with sorted names, and the stated time where one is given.
    """
    noise = hashlib.sha256(_canonical(jurisdiction, record_type, time or "", data)).digest()[:NOISE_BYTES]
    return uuid7(_milliseconds(data.get("valid_from", data.get("decided_on"))), noise)


def _milliseconds(day: object) -> int:
    try:
        return max(0, (parse_day(day) - _EPOCH).days * _DAY_MS) if isinstance(day, str) else 0
    except Refused:
        return 0  # the gate will say what is wrong with the day


def _subject_key(draft: RowDraft) -> int:
    return _number(
        _canonical(draft.jurisdiction, families.subject_of_data(families.family_of_type(draft.type), draft.data))
    )


def _canonical(*parts: object) -> bytes:
    return orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)


def _number(text: bytes) -> int:
    """64 bits of hash: among a million subjects of one file two share a number once in thirty million files."""
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


def _conflict() -> Refused:
    return Refused(
        "row.conflict",
        "several rows of this file are about the same licence or fact and say different things; none of them was taken",
        field="data.number",
        zh="本文件中有多行涉及同一证照或同一信用事项但内容不一致，均未采用",
    )
