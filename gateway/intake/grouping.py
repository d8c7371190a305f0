"""Which rows make one record together? Those of one certificate: each row one entry of its list of items (DESIGN §3).

Rows that differ in anything but their entries contradict each other, and so do entries of one name that differ:
"row.conflict". A certificate of which one row can't be read is refused whole, "row.group": it would travel with an
item less than it has.

>>> merged([first, second], Group("资质证书号", "items", "name")).data["items"]
[{'name': '建筑装修装饰工程专业承包', 'grade': '二级'}, {'name': '防水防腐保温工程专业承包', 'grade': '二级'}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.errors import Refused
from gateway.intake.drafts import RowDraft
from gateway.intake.profile import Group
from gateway.intake.rows import Row


@dataclass(slots=True)
class Gathered:
    """The rows of one record, with what each says."""

    rows: list[Row] = field(default_factory=list)
    drafts: list[RowDraft] = field(default_factory=list)


class Gathering:
    """Holds the rows of each record until its last one has come. ``counts``: rows of each subject that has several."""

    def __init__(self, counts: Mapping[int, int]) -> None:
        self._counts = counts
        self._open: dict[int, Gathered] = {}

    def add(self, subject: int, row: Row, draft: RowDraft) -> Gathered | None:
        """The whole record, once its last row has come."""
        gathered = self._open.setdefault(subject, Gathered())
        gathered.rows.append(row)
        gathered.drafts.append(draft)
        if len(gathered.rows) < self._counts.get(subject, 1):
            return None
        return self._open.pop(subject)


def common(data: Mapping[str, Any], group: Group | None) -> Mapping[str, Any]:
    """What all rows of a record must say alike."""
    return data if group is None else {name: value for name, value in data.items() if name != group.member}


def cells_of(row: Row, known: str | None) -> Sequence[str]:
    """What may be the certificate's number in a row that can't be read: its cell where that is ``known``, else any
    piece of it. One that is taken for a number by mistake costs a certificate that is refused, never half of one.
    """
    if known is not None:
        return [known]
    return [piece for cell in row.cells for part in cell.split(",") if (piece := part.strip().strip('"').strip())]


def merged(drafts: Sequence[RowDraft], group: Group | None) -> RowDraft:
    """The record of all entries, each once, in their order; raises ``Refused`` "row.conflict"."""
    if group is None:
        return drafts[0]
    entries: list[dict[str, Any]] = []
    for draft in drafts:
        for entry in draft.data.get(group.member, ()):
            same = [known for known in entries if known.get(group.key) == entry.get(group.key)]
            if not same:
                entries.append(entry)
            elif same[0] != entry:
                raise conflict(f"data.{group.member}.{group.key}")
    first = drafts[0]
    return replace(first, data=first.data | {group.member: entries}) if entries else first


def repeats(drafts: Sequence[RowDraft], at: int) -> bool:
    """Whether the draft at this place says what one before it says."""
    return any(drafts[at].data == before.data for before in drafts[:at])


def conflict(field: str = "data.number") -> Refused:
    """Rows about one thing that say different things."""
    return Refused(
        "row.conflict",
        "several rows of this file are about the same licence or fact and say different things; none of them was taken",
        field=field,
        zh="本文件中有多行涉及同一证照或同一信用事项但内容不一致，均未采用",
    )


def spoiled() -> Refused:
    """Another row of the record can't be read."""
    return Refused(
        "row.group",
        "another row of the same certificate was refused; a certificate is taken with all its items or not at all",
        field="data.number",
        zh="同一证书的另一行被拒收；证书各行须全部正确才能采用",
    )
