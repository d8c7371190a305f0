"""Which lines does an NDJSON file hold? One JSON object a line, UTF-8, in one column, ``record``, that holds the line.

>>> next(LineTable(Path("records.ndjson"), Limits(), Wanted()).rows())
Row(number=1, cells=('{"type":"jjj.licence.issued",…}',), fault=None)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from gateway.errors import Refused
from gateway.intake.rows import Limits, Row, SourceFile, Wanted, refused


class LineTable:
    """An NDJSON file; empty lines are skipped and counted."""

    columns = ("record",)

    def __init__(self, path: Path, limits: Limits, wanted: Wanted) -> None:
        """Raises ``Refused`` "table.size" and ``CannotRun``; what is ``wanted`` of other tables has no meaning here."""
        self._file = SourceFile(path, limits.file_bytes)
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
                    yield _row(number, line.rstrip(b"\r\n"))
        self._file.check_unchanged()

    def _too_long(self) -> Refused:
        return refused("table.line_too_long", f"the line is over {self._limit} bytes", f"本行超过 {self._limit} 字节")


def _row(number: int, line: bytes) -> Row:
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        at = error.start + 1
        fault = refused("form.utf8", f"byte {at} of the line is not UTF-8", f"本行第 {at} 个字节不是 UTF-8")
        return Row(number, (line.decode(errors="replace"),), fault)
    return Row(number, (text,))


def _skip_line(file: IO[bytes], line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(1 << 16)
