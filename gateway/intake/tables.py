"""Which rows does a file hold? CSV and NDJSON as rows with numbers, a line at a time, within limits.

Law 10 (refuse to guess) and law 6 (bad never blocks good): what makes the whole file unreadable is raised before the
first row is used; what is wrong with one row stands on that row as its ``fault``, and the rest goes on. A further
kind of file (XLSX) is one more class with ``columns`` and ``rows()`` and one more line in ``KINDS``.

>>> table = open_table(Path("companies.csv"))
>>> table.columns
('企业名称', '统一社会信用代码')
>>> next(table.rows())
Row(number=2, cells=('示例甲食品有限公司', '9111…'), fault=None)
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import IO, Protocol

from gateway.errors import CannotRun, Refused
from gateway.intake import encodings


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may hold. ``line_characters`` stays below the 131,072 at which the CSV parser gives up on a cell."""

    file_bytes: int = 1 << 30
    line_characters: int = 120_000
    cell_characters: int = 32_767  # what a spreadsheet can hold
    columns: int = 256


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands. ``number``: as a spreadsheet shows it, the header is row 1. ``fault``: why it's no use."""

    number: int
    cells: tuple[str, ...]
    fault: Refused | None = None


class Table(Protocol):
    """A file with named columns that can be read more than once."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""

    def rows(self) -> Iterator[Row]:
        """All rows from the first, each call anew; raises ``Refused`` "table.*" where the file as a whole fails."""


def open_table(path: Path, limits: Limits = Limits()) -> Table:
    """The table in a file, by its ending; nothing but header and encoding has been read.

    Raises ``CannotRun`` "table.missing" and ``Refused`` "table.kind", "table.size", "table.encoding", "table.header".
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise _refused(
            "table.kind",
            f"{path.name}: known endings are {', '.join(KINDS)}",
            f"不支持的文件类型，可用：{'、'.join(KINDS)}",
        )
    return kind(path, limits)


class _File:
    """A file that must stay as it was first seen: rows are counted in one pass and used in another."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self._stamp = self._look()
        if self._stamp[1] > limits.file_bytes:
            raise _refused(
                "table.size",
                f"{path.name} has {self._stamp[1]} bytes; {limits.file_bytes} are allowed: split it",
                f"文件共 {self._stamp[1]} 字节，超过上限 {limits.file_bytes} 字节，请拆分",
            )

    def check_unchanged(self) -> None:
        if self._look() != self._stamp:
            raise _refused(
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


class CsvTable:
    """Comma-separated values, RFC 4180, in UTF-8 (with or without BOM) or GB18030; the first row names the columns."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._file = _File(path, limits)
        self._limits = limits
        self.encoding = encodings.detect(path)
        with self._open() as file:
            self.columns = self._header(next(self._records(file), Row(1, ())))

    def rows(self) -> Iterator[Row]:
        """Rows after the header, empty lines skipped and counted; as many cells as columns, unless there is a fault."""
        self._file.check_unchanged()
        with self._open() as file:
            records = self._records(file)
            next(records, None)
            for row in records:
                if row.cells or row.fault:
                    yield row if row.fault else self._judged(row)
        self._file.check_unchanged()

    def _open(self) -> IO[str]:
        return self._file.path.open(encoding=self.encoding, newline="")

    def _records(self, file: IO[str]) -> Iterator[Row]:
        """Header and rows. A record of one line that can't be parsed is a row with a fault; of several lines, nobody
        knows which rows a stray quote has swallowed, so the file is refused.
        """
        lines = _Lines(file, self._limits.line_characters)
        reader = csv.reader(lines, strict=True)
        number = 0
        while True:
            number += 1
            before = reader.line_num
            try:
                yield Row(number, tuple(next(reader)))
            except StopIteration:
                return
            except csv.Error as error:
                if reader.line_num - before != 1 or "end of data" in str(error):
                    raise _refused(
                        "table.quote",
                        f"lines {before + 1} to {reader.line_num}: a quotation mark is opened and not closed ({error})",
                        f"第 {before + 1} 至 {reader.line_num} 行：引号未成对",
                    ) from None
                fault = _refused("row.quote", f"quotation marks don't fit ({error})", "引号使用不正确")
                yield Row(number, (lines.last.rstrip("\r\n"),), fault)

    def _header(self, row: Row) -> tuple[str, ...]:
        if row.fault is not None:
            raise _refused("table.header", f"first row: {row.fault.message}", f"首行{row.fault.zh}")
        names = [cell.removeprefix("\ufeff").strip() for cell in row.cells]
        while names and not names[-1]:  # spreadsheets export empty columns at the end
            names.pop()
        if not names:
            raise _refused("table.header", "the first row names no columns", "首行没有列名")
        if len(names) > self._limits.columns:
            raise _refused(
                "table.header", f"more than {self._limits.columns} columns", f"超过 {self._limits.columns} 列"
            )
        twice = {name for name in names if not name or names.count(name) > 1}
        if twice:
            shown = ", ".join(sorted(twice)) or "(empty)"
            raise _refused(
                "table.header", f"column names that stand twice, or are empty: {shown}", f"列名重复或为空：{shown}"
            )
        return tuple(names)

    def _judged(self, row: Row) -> Row:
        width, limit = len(self.columns), self._limits.cell_characters
        cells = row.cells[:width]
        fault = None
        if len(row.cells) < width or any(row.cells[width:]):
            cells = (*row.cells[: width - 1], ",".join(row.cells[width - 1 :]))  # nothing is lost in the report
            zh = f"本行 {len(row.cells)} 个单元格，应为 {width} 个"
            fault = _refused("row.width", f"{len(row.cells)} cells under {width} columns", zh)
        elif (at := next((at for at, cell in enumerate(cells) if len(cell) > limit), None)) is not None:
            name = self.columns[at]
            cells = (*cells[:at], cells[at][:80], *cells[at + 1 :])  # the report of a refused row stays readable
            fault = _refused(
                "table.cell_too_long", f"a cell is over {limit} characters", f"单元格超过 {limit} 个字符", field=name
            )
        return Row(row.number, cells, fault)


class _Lines:
    """Lines of a text file, bounded; ``last`` is the one handed out."""

    def __init__(self, file: IO[str], limit: int) -> None:
        self.last = ""
        self._file = file
        self._limit = limit
        self._number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        self.last = self._file.readline(self._limit + 1)
        self._number += 1
        if not self.last:
            raise StopIteration
        if len(self.last) > self._limit:
            zh = f"第 {self._number} 行超过 {self._limit} 个字符"
            raise _refused("table.line_too_long", f"line {self._number} is over {self._limit} characters", zh)
        if "\0" in self.last:
            zh = f"第 {self._number} 行含有 NUL 字符，不是文本文件"
            raise _refused("table.form", f"line {self._number} holds a NUL character: this is no text", zh)
        return self.last


class LineTable:
    """NDJSON: one JSON object a line, UTF-8. One column, ``record``, that holds the line; empty lines are skipped and
    counted.
    """

    columns = ("record",)

    def __init__(self, path: Path, limits: Limits) -> None:
        self._file = _File(path, limits)
        self._limit = limits.line_characters

    def rows(self) -> Iterator[Row]:
        """Lines from number 1, without their ends."""
        self._file.check_unchanged()
        with self._file.path.open("rb") as file:
            number = 0
            while line := file.readline(self._limit + 1):
                number += 1
                if len(line) > self._limit:
                    yield Row(number, (line[:80].decode(errors="replace"),), self._too_long())
                    _skip_line(file, line)
                elif line.strip():
                    yield self._row(number, line.rstrip(b"\r\n"))
        self._file.check_unchanged()

    def _row(self, number: int, line: bytes) -> Row:
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            fault = _refused(
                "form.utf8",
                f"byte {error.start + 1} of the line is not UTF-8",
                f"本行第 {error.start + 1} 个字节不是 UTF-8",
            )
            return Row(number, (line.decode(errors="replace"),), fault)
        return Row(number, (text,))

    def _too_long(self) -> Refused:
        return _refused("table.line_too_long", f"the line is over {self._limit} bytes", f"本行超过 {self._limit} 字节")


def _skip_line(file: IO[bytes], line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(1 << 16)


def _missing(path: Path, what: str) -> CannotRun:
    return CannotRun("table.missing", f"{path}: {what}", zh=f"无法打开文件 {path}")


def _refused(reason: str, message: str, zh: str, field: str = "") -> Refused:
    return Refused(reason, message, zh=zh, field=field)


KINDS: dict[str, Callable[[Path, Limits], Table]] = {".csv": CsvTable, ".ndjson": LineTable, ".jsonl": LineTable}
