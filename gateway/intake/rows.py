"""What is a row, what may a file hold, and which file is being read? The nouns that every kind of table shares.

Law 10 (refuse to guess) and law 6 (bad never blocks good): what makes the whole file unreadable is raised before the
first row is used; what is wrong with one row stands on that row as its ``fault``, and the rest goes on.

>>> Row(number=2, cells=("示例甲食品有限公司", "9111…"))
Row(number=2, cells=('示例甲食品有限公司', '9111…'), fault=None)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Protocol

from gateway.errors import CannotRun, Refused

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may hold. Text is read a line at a time, so it may be long; what must be unpacked or held is short.

    ``line_characters`` stays below the 131,072 at which the CSV parser gives up on a cell. ``packed_bytes``: an XLSX
    as it lies on disk; ``sheet_bytes``, ``strings_bytes``: its sheet, and each of its other parts, unpacked.
    """

    file_bytes: int = 8192 * MIB
    line_characters: int = 120_000
    cell_characters: int = 32_767  # what a spreadsheet can hold
    columns: int = 256
    header_rows: int = 20
    json_bytes: int = 64 * MIB
    packed_bytes: int = 64 * MIB
    sheet_bytes: int = 512 * MIB
    strings_bytes: int = 128 * MIB
    cells: int = 3_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands. ``number``: as a spreadsheet shows it, the header is row 1. ``fault``: why it's no use."""

    number: int
    cells: tuple[str, ...]
    fault: Refused | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for in a file. ``headings``: how its columns may be called (``headings.heading``), to find the
    row that names them; ``sheet``: of a workbook, its first visible one where None; ``member``: the list in a JSON
    object.
    """

    headings: frozenset[str] = frozenset()
    sheet: str | None = None
    member: str | None = None


class Table(Protocol):
    """A file with named columns that can be read more than once."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""

    def rows(self) -> Iterator[Row]:
        """All rows from the first, each call anew; raises ``Refused`` "table.*" where the file as a whole fails."""


class SourceFile:
    """A file that must stay as it was first seen: rows are counted in one pass and used in another."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        """Raises ``CannotRun`` "table.missing" and ``Refused`` "table.size"."""
        self.path = path
        self._stamp = self._look()
        if self._stamp[1] > most_bytes:
            raise refused(
                "table.size",
                f"{path.name} has {self._stamp[1]} bytes; {most_bytes} are allowed: split it, or hand it in as CSV",
                f"文件共 {self._stamp[1]} 字节，超过上限 {most_bytes} 字节，请拆分或另存为 CSV",
            )

    def check_unchanged(self) -> None:
        """Raise ``Refused`` "table.changed" unless the file is the one that was first seen."""
        if self._look() != self._stamp:
            raise refused(
                "table.changed", f"{self.path.name} was changed while it was read", "读取期间文件被改动，请重新提交"
            )

    def _look(self) -> tuple[int, int, int]:
        try:
            found = self.path.stat()
            if not S_ISREG(found.st_mode):
                raise _missing(self.path, "is no regular file")  # a pipe can't be read twice
            with self.path.open("rb"):
                return found.st_mtime_ns, found.st_size, found.st_ino
        except OSError as error:
            raise _missing(self.path, str(error.strerror)) from error


def under(columns: tuple[str, ...], row: Row, limits: Limits) -> Row:
    """The row with as many cells as columns; a fault "row.width" or "table.cell_too_long" where it doesn't fit."""
    width, limit = len(columns), limits.cell_characters
    cells = row.cells[:width]
    if len(row.cells) < width or any(row.cells[width:]):
        cells = (*row.cells[: width - 1], ",".join(row.cells[width - 1 :]))  # nothing is lost in the report
        zh = f"本行 {len(row.cells)} 个单元格，应为 {width} 个"
        return Row(row.number, cells, refused("row.width", f"{len(row.cells)} cells under {width} columns", zh))
    if max(map(len, cells), default=0) <= limit:
        return Row(row.number, cells, row.fault)
    at = next(at for at, cell in enumerate(cells) if len(cell) > limit)
    cells = (*cells[:at], cells[at][:80], *cells[at + 1 :])  # the report of a refused row stays readable
    zh, en = f"单元格超过 {limit} 个字符", f"a cell is over {limit} characters"
    return Row(row.number, cells, refused("table.cell_too_long", en, zh, field=columns[at]))


def refused(reason: str, message: str, zh: str, field: str = "") -> Refused:
    """A refusal in both languages."""
    return Refused(reason, message, zh=zh, field=field)


def _missing(path: Path, what: str) -> CannotRun:
    return CannotRun("table.missing", f"{path}: {what}", zh=f"无法打开文件 {path}")
