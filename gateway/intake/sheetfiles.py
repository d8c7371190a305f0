"""Which rows does a workbook hold? One sheet of an XLSX file as rows with the numbers that the spreadsheet shows.

Law 10: where several sheets that are shown hold such rows, none is chosen for the clerk. Merged cells are refused from
the header down, since nobody can say which row a merged value belongs to; a title merged above the header hurts nobody.

>>> table = XlsxTable(Path("permits.xlsx"), Limits(), Wanted())
>>> next(table.rows())
Row(number=3, cells=('示例甲食品有限公司', '9111…'), fault=None)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.errors import Refused
from gateway.intake.headings import Header, find_header, names_columns
from gateway.intake.rows import Limits, Row, SourceFile, Wanted, refused, under
from gateway.intake.workbook import Sheet, Workbook
from gateway.intake.worksheet import Merged, SheetRow, sheet_rows


class XlsxTable:
    """A sheet of an XLSX file; its texts are held while it is read, rows are read as they are asked for."""

    def __init__(self, path: Path, limits: Limits, wanted: Wanted) -> None:
        """Raises ``Refused`` "table.size", "table.kind", "table.form", "table.sheet", "table.header"."""
        self._file = SourceFile(path, limits.packed_bytes)
        self._limits = limits
        with Workbook(path, limits) as workbook:
            self._sheet = self._chosen(workbook, wanted)
            header = self._header_of(workbook, self._sheet, wanted)
        self.columns = header.columns
        self._header = header

    def rows(self) -> Iterator[Row]:
        """Rows after the header; empty ones are skipped and counted. "table.merged" is raised at the end."""
        self._file.check_unchanged()
        merged: list[Merged] = []
        with Workbook(self._file.path, self._limits) as workbook, workbook.part(self._sheet) as part:
            for row in sheet_rows(part, workbook.book, self._limits, merged):
                if row.number > self._header.last and (row.bad or any(row.cells)):
                    yield self._judged(row)
        inside = [found.range for found in merged if found.last_row >= self._header.row]
        if inside:
            shown = ", ".join(inside[:5])
            zh = f"含有合并单元格 {shown}，请取消合并并逐行填写"
            raise refused("table.merged", f"merged cells: {shown}; unmerge them and fill in every row", zh)
        self._file.check_unchanged()

    def _chosen(self, workbook: Workbook, wanted: Wanted) -> Sheet:
        """The named sheet, else the only one shown that has such columns, else the first one shown."""
        titles = "、".join(sheet.title for sheet in workbook.sheets)
        if wanted.sheet is not None:
            named = [sheet for sheet in workbook.sheets if sheet.title == wanted.sheet]
            if not named:
                zh, en = f"没有该工作表，现有：{titles}", f"no sheet {wanted.sheet}; found: {titles}"
                raise refused("table.sheet", en, zh)
            return named[0]
        shown = [sheet for sheet in workbook.sheets if sheet.visible]
        if not shown:
            raise refused("table.sheet", f"no sheet is shown; found: {titles}", f"没有可见的工作表，现有：{titles}")
        fitting = [sheet for sheet in shown if len(shown) > 1 and self._fits(workbook, sheet, wanted)]
        if len(fitting) > 1:
            names = "、".join(sheet.title for sheet in fitting)
            zh = f"多个工作表都有数据：{names}；请每次提交一个（--sheet 名称），或删除其余"
            raise refused("table.sheet", f"several sheets hold such rows: {names}; name one with --sheet", zh)
        return fitting[0] if fitting else shown[0]

    def _fits(self, workbook: Workbook, sheet: Sheet, wanted: Wanted) -> bool:
        return any(names_columns(row, wanted.headings) for row in self._top(workbook, sheet))

    def _header_of(self, workbook: Workbook, sheet: Sheet, wanted: Wanted) -> Header:
        top = iter(self._top(workbook, sheet))
        return find_header(top, wanted.headings, self._limits.header_rows, self._limits.columns)

    def _top(self, workbook: Workbook, sheet: Sheet) -> list[Row]:
        """The rows among which the header is looked for."""
        found: list[Row] = []
        with workbook.part(sheet) as part:
            for row in sheet_rows(part, workbook.book, self._limits, []):
                found.append(Row(row.number, tuple(row.cells), None if row.bad is None else row.bad[1]))
                if len(found) >= self._limits.header_rows:
                    break
        return found

    def _judged(self, row: SheetRow) -> Row:
        width = len(self.columns)
        cells = tuple(row.cells) + ("",) * (width - len(row.cells))
        found = under(self.columns, Row(row.number, cells), self._limits)
        if found.fault is not None or row.bad is None or row.bad[0] >= width:
            return found
        column, fault = row.bad
        told = Refused(fault.reason, fault.message, zh=fault.zh, field=self.columns[column])
        return Row(row.number, found.cells, told)
