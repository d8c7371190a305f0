"""What becomes of a row before any node has seen it? An item, part of one, a repetition, or a refusal with its reason.

>>> match outcome:
...     case Item(): publish(outcome)
...     case RefusedRow(): report(outcome)
...     case RepeatedRow() | PartRow(): ...
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.errors import Finding
from gateway.intake.rows import Row


@dataclass(frozen=True, slots=True)
class Item:
    """A record to publish at a jurisdiction's node. ``cells``: the row as it stood, should the node refuse it.

    ``parts``: the rows before it that are part of the same record; ``row`` is the last of all.
    """

    row: int
    jurisdiction: str
    type: str
    data: dict[str, Any]
    id: str
    time: str | None
    cells: tuple[str, ...]
    parts: tuple[Row, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row that the record is made of, in order."""
        return (*self.parts, Row(self.row, self.cells))


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that makes no record, or whose record was refused. Identity numbers are masked in every text of it.

    ``reason`` is the first finding's; ``field``, ``zh`` and ``en`` say all ``findings``.
    """

    row: int
    cells: tuple[str, ...]
    reason: str
    field: str
    zh: str
    en: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class RepeatedRow:
    """A row that says word for word what an earlier row of the file says."""

    row: int


@dataclass(frozen=True, slots=True)
class PartRow:
    """A row whose record comes with a later row."""

    row: int


Outcome = Item | RefusedRow | RepeatedRow | PartRow
