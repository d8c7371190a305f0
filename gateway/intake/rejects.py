"""What did a department hand in that was not taken, and why? Refused rows beside their original columns, for a clerk
to put right.

A CSV that spreadsheets open: UTF-8 with BOM, columns of reason behind the original ones. Cells that a spreadsheet
would run as a formula are defused with a leading apostrophe; identity numbers are masked already in ``RefusedRow``. A
corrected report can be handed in again as it is: the added columns are passed over, the apostrophes taken off.

>>> with RejectFile(Path("companies.rejected.csv"), reading.columns) as rejects:
...     rejects.add(row)
"""

from __future__ import annotations

import csv
from pathlib import Path
from types import TracebackType
from typing import IO

from gateway.intake.profile import REPORT_COLUMNS
from gateway.intake.reading import RefusedRow
from gateway.records.identifiers import mask_resident_numbers

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "'")


class RejectFile:
    """A report, written as rows are refused; the file is made with the first one, and replaces an older report."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self.path = path
        self.count = 0
        self._columns = columns
        self._kept = [at for at, name in enumerate(columns) if name not in REPORT_COLUMNS]
        self._file: IO[str] | None = None

    def __enter__(self) -> RejectFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: RefusedRow) -> None:
        """Write one row: its own cells, then row number, reason, field and the sentence in both languages."""
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8-sig", newline="")
            self._write([*(self._columns[at] for at in self._kept), *REPORT_COLUMNS])
        cells = [row.cells[at] if at < len(row.cells) else "" for at in self._kept]
        self._write([*cells, str(row.row), row.reason, row.field, row.zh, row.en])
        self.count += 1

    def _write(self, cells: list[str]) -> None:
        if self._file is not None:
            csv.writer(self._file).writerow([defused(mask_resident_numbers(cell)) for cell in cells])


def defused(cell: str) -> str:
    """The cell as text that no spreadsheet runs: an apostrophe before what starts like a formula, also behind white
    space.
    """
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) or cell[:1] in ("\t", "\r", "\n") else cell
