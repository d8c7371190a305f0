"""Workbooks part by part, as good and hostile programs write them, and what a sheet holds when read plainly.

    workbook(path, sheet(row(1, "<c r='A1'><v>1</v></c>")))
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from gateway.intake.rows import Limits
from gateway.intake.workbook import Workbook
from gateway.intake.worksheet import sheet_rows

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

PARTS: Mapping[str, str] = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{TYPE}.sharedStrings+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{LINKS}"><Relationship Id="r1" Type="{KIND}/officeDocument"'
    ' Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{LINKS}">'
    f'<Relationship Id="s1" Type="{KIND}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="s2" Type="{KIND}/worksheet" Target="/xl/worksheets/sheet2.xml"/>'
    f'<Relationship Id="t" Type="{KIND}/sharedStrings" Target="sharedStrings.xml"/>'
    f'<Relationship Id="f" Type="{KIND}/styles" Target="styles.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{KIND}"><sheets><sheet name="数据" sheetId="1" r:id="s1"/>'
    '<sheet name="其他" sheetId="2" r:id="s2"/></sheets></workbook>',
    "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>证号</t></si><si><t>日期</t></si>'
    '<si><r><t>示例</t></r><r><t>甲</t></r><rPh sb="0" eb="1"><t>shili</t></rPh></si><si><t>a_x000D_b</t></si></sst>',
    "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m"/>'
    '<numFmt numFmtId="165" formatCode="000000"/></numFmts><cellStyleXfs><xf numFmtId="22"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>',
}
HEADER = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'


def sheet(*rows: str, after: str = "") -> str:
    """A sheet with a header of two columns, these rows, and what stands behind them."""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{HEADER}{"".join(rows)}</sheetData>{after}</worksheet>'


def workbook(path: Path, sheet1: str | bytes, **parts: str | bytes) -> Path:
    """An XLSX file; ``parts`` replace parts by the last word of their names without ``.xml``."""
    found: dict[str, str | bytes] = {**PARTS, "xl/worksheets/sheet1.xml": sheet1}
    found["xl/worksheets/sheet2.xml"] = f'<worksheet xmlns="{MAIN}"><sheetData>{HEADER}</sheetData></worksheet>'
    for name, content in parts.items():
        (place,) = [each for each in found if each.rpartition("/")[2] == f"{name}.xml"]
        found[place] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in found.items():
            archive.writestr(name, content)
    return path


def cells_of(path: Path, name: str | None = None) -> list[list[str]]:
    """All rows of a sheet."""
    with Workbook(path, Limits()) as book:
        sheet = next(each for each in book.sheets if name in (None, each.title))
        with book.part(sheet) as part:
            return [row.cells for row in sheet_rows(part, book.book, Limits(), [])]
