"""Which rows does a CSV file hold? Comma-separated values, RFC 4180, in UTF-8 (BOM or none) or GB18030, a line at a
time.

>>> table = CsvTable(Path("companies.csv"), Limits(), Wanted())
>>> table.columns
('企业名称', '统一社会信用代码')
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from gateway.intake import encodings
from gateway.intake.headings import find_header
from gateway.intake.rows import Limits, Row, SourceFile, Wanted, refused, under


class CsvTable:
    """A CSV file; the first of its rows that does so names the columns."""

    def __init__(self, path: Path, limits: Limits, wanted: Wanted) -> None:
        """Raises ``Refused`` "table.size", "table.encoding", "table.header", "table.quote" and ``CannotRun``."""
        self._file = SourceFile(path, limits.file_bytes)
        self._limits = limits
        self.encoding = encodings.detect(path)
        with self._open() as file:
            header = find_header(self._records(file), wanted.headings, limits.header_rows, limits.columns)
        self.columns = header.columns
        self._last = header.last

    def rows(self) -> Iterator[Row]:
        """Rows after the header, empty lines skipped and counted; as many cells as columns, unless there is a fault."""
        self._file.check_unchanged()
        with self._open() as file:
            for row in self._records(file):
                if row.number > self._last and (row.cells or row.fault):
                    yield row if row.fault else under(self.columns, row, self._limits)
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
                    raise refused(
                        "table.quote",
                        f"lines {before + 1} to {reader.line_num}: a quotation mark is opened and not closed ({error})",
                        f"第 {before + 1} 至 {reader.line_num} 行：引号未成对",
                    ) from None
                fault = refused("row.quote", f"quotation marks don't fit ({error})", "引号使用不正确")
                yield Row(number, (lines.last.rstrip("\r\n"),), fault)


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
            raise refused("table.line_too_long", f"line {self._number} is over {self._limit} characters", zh)
        if "\0" in self.last:
            zh = f"第 {self._number} 行含有 NUL 字符，不是文本文件"
            raise refused("table.form", f"line {self._number} holds a NUL character: this is no text", zh)
        return self.last
