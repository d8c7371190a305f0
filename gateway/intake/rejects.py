"""What did a department hand in that was not taken, and why? Refused rows beside their original columns, for a clerk
to put right.

An XLSX workbook with columns of reason behind the original ones, written a row at a time: memory doesn't grow with
it. Every cell is text, so nothing runs as a formula and no number loses digits; identity numbers are masked already in
``RefusedRow``. A corrected report can be handed in again as it is: the added columns are passed over.

>>> with RejectFile(report_beside(Path("companies.csv")), reading.columns) as rejects:
...     rejects.add(row)
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import IO, Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from gateway.errors import CannotRun
from gateway.intake.outcomes import RefusedRow
from gateway.intake.profile import REPORT_COLUMNS
from gateway.intake.refusals import reasons
from gateway.records.identifiers import mask_resident_numbers

ROWS_A_FILE = 1_000_000  # a sheet holds 1,048,576
LONGEST = 32_767  # characters that a cell of a workbook holds
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "'")
_CUT = "…（过长，已截断）"
_WIDTHS = (10, 22, 30, 60, 60)
_ILLEGAL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF), "\ufffd")  # of XML 1.0


def report_beside(file: Path) -> Path:
    """Where the report of a file stands: ``companies.csv`` → ``companies.rejected.xlsx``."""
    return file.with_name(f"{file.stem}.rejected.xlsx")


class RejectFile:
    """A report, written as rows are refused; made with the first one, it replaces an older report at the end. More
    rows than a sheet holds go on in ``….2.xlsx``. ``paths``: the files that were written.
    """

    def __init__(self, path: Path, columns: tuple[str, ...], rows_a_file: int = ROWS_A_FILE) -> None:
        self.paths: list[Path] = []
        self.count = 0
        self._path = path
        self._columns = columns
        self._kept = [at for at, name in enumerate(columns) if name not in REPORT_COLUMNS]
        self._most = rows_a_file
        self._file: IO[bytes] | None = None
        self._book: Any = None
        self._sheet: Any = None
        self._next = 0

    def __enter__(self) -> RejectFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def add(self, row: RefusedRow) -> None:
        """Write one row: its own cells, then row number, reasons, columns and the sentence in both languages. Raises
        ``CannotRun`` "report.io".
        """
        if self._book is None or self._next > self._most:
            self._close()
            self._open()
        cells = [row.cells[at] if at < len(row.cells) else "" for at in self._kept]
        told = reasons(row.findings) or row.reason
        self._write([*cells, str(row.row), told, row.field, row.zh, row.en])
        self.count += 1

    def _open(self) -> None:
        number = len(self.paths) + 1
        path = self._path if number == 1 else self._path.with_name(f"{self._path.stem}.{number}{self._path.suffix}")
        try:
            self._file = _new(path).open("wb")  # whole under its name, or not at all
        except OSError as error:
            raise _failed(path, error) from error
        self.paths.append(path)
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(self._file, options)
        text = self._book.add_format({"num_format": "@"})
        self._sheet = self._book.add_worksheet("拒收行")
        self._sheet.set_column(0, len(self._kept) - 1, 20, text)
        for at, width in enumerate(_WIDTHS, len(self._kept)):
            self._sheet.set_column(at, at, width, text)
        self._sheet.freeze_panes(1, 0)
        self._next = 0
        self._write([*(self._columns[at] for at in self._kept), *REPORT_COLUMNS])

    def _write(self, cells: list[str]) -> None:
        try:
            for at, cell in enumerate(cells):
                self._sheet.write_string(self._next, at, _shown(cell))
        except OSError as error:
            raise _failed(self.paths[-1], error) from error
        self._next += 1

    def _close(self) -> None:
        book, file, self._book, self._file = self._book, self._file, None, None
        if book is None or file is None:
            return
        path = self.paths[-1]
        try:
            with file:
                book.close()
            _new(path).replace(path)
        except (OSError, XlsxWriterException) as error:
            raise _failed(path, error) from error
        finally:
            _new(path).unlink(missing_ok=True)


def _new(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _shown(cell: str) -> str:
    text = mask_resident_numbers(cell).translate(_ILLEGAL).encode(errors="replace").decode()
    units = len(text) + sum(character > "\uffff" for character in text)  # spreadsheets count UTF-16
    return text if units <= LONGEST else text[: LONGEST // 2 - len(_CUT)] + _CUT


def _failed(path: Path, error: Exception) -> CannotRun:
    return CannotRun("report.io", f"{path}: {error}", zh=f"无法写入拒收清单 {path}")


def defused(cell: str) -> str:
    """The cell as text that no spreadsheet runs when it opens a CSV: an apostrophe before what starts like a formula,
    also behind white space.
    """
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) or cell[:1] in ("\t", "\r", "\n") else cell
