"""Which records does this file hand in, and which of its rows hold none? One file read through one profile.

Law 6: a row that can't be used is an outcome with its reason and never holds up the others. Rows of one file that
give one subject and contradict each other are refused together (DESIGN §3, "row.conflict"), which needs a first pass
over all rows; the same row again is one item. Rows of one certificate are one item (``grouping``). What no node would
take is refused here (``judging``). Ids repeat: the same content gives the same id in every run, so a node answers
"duplicate" the second time.

>>> reading = open_reading(Path("companies.csv"))
>>> for outcome in reading:
...     match outcome:
...         case Item(): publish(outcome)
...         case RefusedRow(): report(outcome)
...         case RepeatedRow() | PartRow(): ...
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from gateway.errors import Refused
from gateway.instants import parse_day
from gateway.intake import profiles
from gateway.intake.drafts import RowDraft
from gateway.intake.finished import LineMapping
from gateway.intake.grouping import Gathered, Gathering, cells_of, common, conflict, merged, repeats, spoiled
from gateway.intake.judging import judge
from gateway.intake.mapping import RowMapping
from gateway.intake.outcomes import Item, Outcome, PartRow, RefusedRow, RepeatedRow
from gateway.intake.profile import Profile
from gateway.intake.refusals import fields, of_refused, renamed, told
from gateway.intake.rows import Limits, Row, Table, Wanted
from gateway.intake.sameness import Sameness, Standing, number
from gateway.intake.tables import open_table
from gateway.records import families
from gateway.records.identifiers import mask_resident_numbers
from gateway.records.schema import SchemaSet
from gateway.records.uuid7 import NOISE_BYTES, uuid7

_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1)
_TELL_EVERY = 1_000

Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class _Survey:
    """What the first pass found: how many rows, which subjects stand more than once, which certificates have a row
    that can't be read.
    """

    rows: int
    standing: Standing
    spoiled: frozenset[int]


class Reading:
    """All outcomes of one file, each row's as soon as it is known; iterate as often as needed. ``rows``: how many there
    are; every row has one outcome.

    Made by a first pass over the whole file, so that a fault of the file as a whole (``Refused`` "table.*") comes
    before the first item. ``own``: the jurisdiction of rows that don't name theirs. ``nodes``: if given, rows of any
    other are "area.no_node". ``tell``: how many rows the first pass has seen, now and then. Memory: only the subjects
    that stand more than once, and the rows of certificates that are not whole yet.
    """

    def __init__(
        self,
        table: Table,
        profile: Profile,
        *,
        own: str | None = None,
        nodes: Collection[str] | None = None,
        tell: Tell = lambda rows: None,
    ) -> None:
        self.columns = table.columns
        self.profile = profile
        self._table = table
        self._nodes = nodes
        self._schemas = SchemaSet.built_in()
        self._mapping = LineMapping(table.columns, own) if profile.events else RowMapping(profile, table.columns, own)
        self._survey = self._first_pass(tell)
        self.rows = self._survey.rows

    def __iter__(self) -> Iterator[Outcome]:
        seen: set[int] = set()
        gathering = Gathering(self._survey.standing.counts)
        for row in self._table.rows():
            try:
                draft = self._draft(row)
                self._check_whole(row)
                key = None if self.profile.events else _subject_key(draft)
                if key in self._survey.standing.conflicting:
                    raise conflict()
            except Refused as refused:
                yield self._refusal(row, refused)
                continue
            if key is None or key not in self._survey.standing.counts:
                yield self._made(Gathered([row], [draft]))
            elif self.profile.group is not None:
                if (whole := gathering.add(key, row, draft)) is not None:
                    yield from self._grouped(whole)
            elif key in seen:
                yield RepeatedRow(row.number)
            else:
                seen.add(key)
                yield self._made(Gathered([row], [draft]))

    def refusals(self, item: Item, refused: Refused) -> list[RefusedRow]:
        """The refusal of an item by a node, for each of its rows, under the columns' own names."""
        return [self._refusal(row, refused) for row in item.rows]

    def _refusal(self, row: Row, refused: Refused) -> RefusedRow:
        findings = renamed(of_refused(refused), self._mapping.header_of)
        zh, en = map(mask_resident_numbers, told(findings))
        cells = self._mapping.hidden(row.cells)
        field = mask_resident_numbers(fields(findings))
        return RefusedRow(row.number, cells, refused.reason, field, zh, en, findings)

    def _grouped(self, gathered: Gathered) -> Iterator[Outcome]:
        """The outcomes of all rows of one certificate, in their order; the record comes with the last."""
        rows, drafts = gathered.rows, gathered.drafts
        try:
            record = self._item(rows, merged(drafts, self.profile.group))
        except Refused as refused:
            yield from (self._refusal(row, refused) for row in rows)
            return
        for at, row in enumerate(rows[:-1]):
            yield RepeatedRow(row.number) if repeats(drafts, at) else PartRow(row.number)
        yield record

    def _made(self, gathered: Gathered) -> Outcome:
        (row,), (draft,) = gathered.rows, gathered.drafts
        try:
            return self._item([row], draft)
        except Refused as refused:
            return self._refusal(row, refused)

    def _item(self, rows: list[Row], draft: RowDraft) -> Item:
        judge(draft, self._schemas)
        made = draft.id or record_id(draft.jurisdiction, draft.type, draft.data, draft.time)
        last = rows[-1]
        return Item(
            last.number, draft.jurisdiction, draft.type, draft.data, made, draft.time, last.cells, tuple(rows[:-1])
        )

    def _draft(self, row: Row) -> RowDraft:
        if row.fault is not None:
            raise row.fault
        draft = self._mapping.draft(row)
        if self._nodes is not None and draft.jurisdiction not in self._nodes:
            name = draft.jurisdiction
            where = "source" if self.profile.area is None else self.profile.area.column
            raise Refused("area.no_node", f"no node here speaks for {name}", zh=f"{name} 没有接入节点", field=where)
        return draft

    def _check_whole(self, row: Row) -> None:
        cell = self._mapping.group_cell(row) if self._survey.spoiled else None
        if cell is not None and _group_key(cell) in self._survey.spoiled:
            raise spoiled()

    def _first_pass(self, tell: Tell) -> _Survey:
        rows = 0
        broken: set[int] = set()
        with Sameness() as seen:
            for row in self._table.rows():
                rows += 1
                if rows % _TELL_EVERY == 0:
                    tell(rows)
                if self.profile.events:
                    continue
                try:
                    draft = self._draft(row)
                    key = _subject_key(draft)
                except Refused:  # the second pass says why
                    if self.profile.group is not None:
                        broken.update(map(_group_key, cells_of(row, self._mapping.group_cell(row))))
                    continue
                content = draft.type, common(draft.data, self.profile.group)
                seen.add(key, number(_canonical(*content)))
            return _Survey(rows, seen.result(), frozenset(broken))


def open_reading(
    path: Path,
    profile: str | None = None,
    *,
    own: str | None = None,
    nodes: Collection[str] | None = None,
    sheet: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    tell: Tell = lambda rows: None,
) -> Reading:
    """The reading of a file through a profile (name or path of a .toml), or through the one that its columns fit.

    ``sheet``: of a workbook, where several sheets hold such rows. Raises ``CannotRun`` "table.missing", "profile.*",
    "scratch.io" and ``Refused`` "table.*".
    """
    chosen = profiles.load(profile) if profile else None
    headings = profiles.all_headings() if chosen is None else chosen.headings
    table = open_table(path, limits, Wanted(headings, sheet, None if chosen is None else chosen.list_in))
    return Reading(table, chosen or profiles.guess(table.columns), own=own, nodes=nodes, tell=tell)


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
    subject = families.subject_of_data(families.family_of_type(draft.type), draft.data)
    return number(_canonical(draft.jurisdiction, subject))


def _group_key(cell: str) -> int:
    """Of a certificate's number, however it is written."""
    try:
        return number(families.licence_subject("", cell).encode())
    except Refused:
        return number(cell.encode(errors="replace"))


def _canonical(*parts: object) -> bytes:
    return orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
