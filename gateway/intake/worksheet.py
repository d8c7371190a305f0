"""What stands in the rows of a sheet? Cells as a person would write them, a row at a time (ECMA-376 part 1, 18.3.1).

openpyxl's own reading of rows can't tell a formula that was never computed from an empty cell, rounds numbers of many
digits, drops rows out of order and doesn't list merged cells; so its incremental parser is used, and the cells are
read here. A cell that says nothing certain is no text to be taken: an error (#N/A), a formula without a result, a
number that lost digits. Its row bears that as ``bad``, and the cell keeps what it shows, for the report.

>>> for row in sheet_rows(part, workbook.book, limits, merged):
...     print(row.number, row.cells)
2 ['示例甲食品有限公司', '2024-03-01']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from openpyxl.cell.text import Text
from openpyxl.utils.escape import unescape
from openpyxl.xml.constants import SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from gateway.errors import Refused
from gateway.intake.numberformats import PLAIN, written
from gateway.intake.rows import Limits, refused
from gateway.intake.workbook import Book, Guard, no_form, one_error

_ROW, _CELL, _VALUE, _FORMULA, _INLINE, _MERGED = (
    f"{{{SHEET_MAIN_NS}}}{name}" for name in ("row", "c", "v", "f", "is", "mergeCell")
)
_REFERENCE = re.compile("([A-Z]{1,3})([0-9]{1,7})")
_INDEX = re.compile("[0-9]{1,7}")
_MOST_ROWS = 1_048_576
_MOST_COLUMNS = 16_384
_MOST_MERGED = 100_000
_ROW_DEPTH = 3  # worksheet, sheetData, row; worksheet, mergeCells, mergeCell
_MOST_ELEMENTS = 16 * _MOST_COLUMNS  # of one row: its cells, each with value, formula and the runs of a text
_TRUTH = {"1": "TRUE", "0": "FALSE"}


@dataclass(slots=True)
class SheetRow:
    """A row with its cells from the first column; ``bad``: (column from 0, why it says nothing certain)."""

    number: int
    cells: list[str] = field(default_factory=list)
    bad: tuple[int, Refused] | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """A range of merged cells: as written, and its last row."""

    range: str
    last_row: int


def sheet_rows(part: Guard, book: Book, limits: Limits, merged: list[Merged]) -> Iterator[SheetRow]:
    """Rows in order; what is merged is known at the end of the part, when it stands in ``merged``.

    Raises ``Refused`` "table.form", "table.size".
    """
    cells = _Cells(book, limits)
    before = 0
    for element in _elements(part):
        if element.tag == _ROW:
            row = cells.row(element, before)
            before = row.number
            yield row
        elif element.tag == _MERGED:
            if len(merged) >= _MOST_MERGED:
                raise no_form("more merged cells than any sheet has")
            merged.append(_merged(element.get("ref", "")))


def _elements(part: Guard) -> Iterator[Element]:
    """The elements of the third level, each whole and gone afterwards: memory is that of one row."""
    open_: list[Element] = []
    inside = 0
    events = iterparse(part, events=("start", "end"))
    while True:
        try:
            event, element = next(events)
        except StopIteration:
            return
        except (ParseError, ValueError) as error:
            raise no_form(f"not well-formed XML: {error}") from None
        if event == "start":
            open_.append(element)
            inside = inside + 1 if len(open_) > _ROW_DEPTH else 0
            if inside > _MOST_ELEMENTS:
                raise no_form("more in one row than any sheet has")
            continue
        if len(open_) == _ROW_DEPTH:
            yield element
        open_.pop()
        if open_ and len(open_) < _ROW_DEPTH:
            open_[-1].clear()


class _Cells:
    """Reads the cells of one sheet."""

    def __init__(self, book: Book, limits: Limits) -> None:
        self._book = book
        self._limits = limits
        self._left = limits.cells

    def row(self, element: Element, before: int) -> SheetRow:
        number = element.get("r")
        if number is not None and _INDEX.fullmatch(number) is None:
            raise no_form("a row without a number")
        row = SheetRow(before + 1 if number is None else int(number))
        if not before < row.number <= _MOST_ROWS:
            raise no_form(f"row {row.number} after row {before}")
        column = -1
        for cell in element:
            if cell.tag == _CELL:
                column = self._place(cell, row.number, column)
                self._put(row, column, cell)
        return row

    def _place(self, cell: Element, row: int, before: int) -> int:
        self._left -= 1
        if self._left < 0:
            most = self._limits.cells
            raise refused("table.size", f"over {most} cells: hand it in as CSV", f"超过 {most} 个单元格，请另存为 CSV")
        reference = cell.get("r")
        place = before + 1
        if reference is not None:
            found = _REFERENCE.fullmatch(reference)
            if found is None or int(found[2]) != row:
                raise no_form(f"cell {reference[:40]!r} in row {row}")
            place = _column(found[1])
        if not before < place < _MOST_COLUMNS:
            raise no_form(f"cell {reference} out of its order")
        return place

    def _put(self, row: SheetRow, column: int, cell: Element) -> None:
        value = cell.findtext(_VALUE)
        inline = cell.find(_INLINE)
        formula = cell.find(_FORMULA) is not None
        if value is None and inline is None and not formula:
            return
        try:
            shown = self._shown(cell, value, inline, formula=formula)
        except Refused as fault:
            if not fault.reason.startswith("cell."):
                raise
            shown = (value or "")[: self._limits.cell_characters]
            row.bad = row.bad or (column, fault)
        if shown:
            at = min(column, self._limits.columns)  # one more than a table can have: the row is told to be too wide
            row.cells.extend([""] * (at + 1 - len(row.cells)))
            row.cells[at] = shown

    def _shown(self, cell: Element, value: str | None, inline: Element | None, *, formula: bool) -> str:
        kind, text = cell.get("t", "n"), value or ""
        if kind == "e":
            raise refused("cell.error", f"a cell shows the error {text[:20]}", f"单元格为错误值 {text[:20]}")
        if formula and (value is None or (kind == "n" and not text.strip())):
            zh = "单元格的公式没有计算结果；请用表格软件打开并保存后重新提交"
            raise refused("cell.formula", "a formula that was never computed: open and save the file first", zh)
        if kind == "s":
            return self._string(text)
        if kind == "inlineStr":
            return "" if inline is None else _plain(_content(inline))
        if kind == "str":
            return _plain(text)
        if kind == "b":
            return _TRUTH.get(text, text)
        if kind == "d":
            return text.removesuffix("Z").removesuffix("T00:00:00.000").removesuffix("T00:00:00").replace("T", " ")
        return self._number(cell.get("s", ""), text) if text.strip() else ""

    def _string(self, text: str) -> str:
        strings = self._book.strings
        if _INDEX.fullmatch(text) is None or int(text) >= len(strings):
            raise no_form("a cell names a text that the workbook doesn't have")
        return _plain(strings[int(text)])

    def _number(self, style: str, text: str) -> str:
        forms = self._book.forms
        at = int(style) if _INDEX.fullmatch(style) else 0
        return written(text, forms[at] if at < len(forms) else PLAIN, self._book.epoch)


def _content(inline: Any) -> str:
    with one_error():
        found = Text.from_tree(inline)
        return "" if found is None else str(found.content)


def _plain(text: str) -> str:
    """A text with the characters that XML can't hold put back (ECMA-376 part 1, 22.9.2.19: _x000D_)."""
    return unescape(text).encode(errors="replace").decode() if "_x" in text else text


def _merged(reference: str) -> Merged:
    first, _, last = reference.partition(":")
    found = _REFERENCE.fullmatch((last or first).replace("$", ""))
    if found is None:
        raise no_form(f"merged cells {reference[:40]!r}")
    return Merged(reference, int(found[2]))


def _column(letters: str) -> int:
    """The column of a cell reference, A is 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
