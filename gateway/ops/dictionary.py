"""The data dictionary 数据字典: every field of every record, made from the schemas, as a workbook and as Markdown.

Field path, Chinese title, national codes, type, length, required, allowed values, example, rules, since which version;
what the schemas say in English only is told in Chinese by ``glossary``. The same schemas give the same files, byte for
byte.

>>> write(Path("dictionary"), SchemaSet.built_in())
[PosixPath('dictionary/数据字典.xlsx'), PosixPath('dictionary/数据字典.md')]
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

from gateway.errors import CannotRun
from gateway.ops import glossary
from gateway.records import families
from gateway.records.fields import CORRECTION, Field, fields
from gateway.records.schema import SchemaSet

NAME = "数据字典"
WIDTH_OF_COLUMN = {
    "字段路径": 30,
    "中文名称": 28,
    "国家标准代码": 34,
    "类型": 16,
    "长度": 12,
    "必填": 24,
    "允许值": 40,
    "示例": 32,
    "规则与说明": 56,
    "始于版本": 10,
    "英文说明": 48,
}
TYPE_COLUMNS = ("记录类型", "含义", "数据中的状态")
TYPE_WIDTHS = (34, 28, 60)
MADE = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC).replace(tzinfo=None)
"""A workbook says when it was made; this one says nothing that its schemas don't."""
STATES = {**families.LICENCE_STATES, **families.CREDIT_STATES}


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its name, what it is about, headings with their widths in characters, and rows of text."""

    name: str
    about: str
    columns: tuple[str, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(schemas: SchemaSet) -> list[Table]:
    """Types of record; then the data of licences, of credit facts, and of corrections, which both families have."""
    licence, credit = (schemas.minors(family)[-1] for family in ("licence", "credit"))
    types = tuple(_type_row(name, states) for name, (_, states) in families.TYPES.items())
    return [
        Table("记录类型", "随每条记录报送的 type", TYPE_COLUMNS, TYPE_WIDTHS, types),
        _table("证照记录", f"jjj.licence.*，数据模式 {licence}", fields(schemas, "licence")),
        _table("信用记录", f"jjj.credit.*，数据模式 {credit}", fields(schemas, "credit")),
        _table("更正记录", "jjj.*.retracted（收回）、jjj.*.erased（抹除）", fields(schemas, "licence", CORRECTION)),
    ]


def _table(name: str, about: str, found: Sequence[Field]) -> Table:
    return Table(name, about, tuple(WIDTH_OF_COLUMN), tuple(WIDTH_OF_COLUMN.values()), tuple(map(row, found)))


def _type_row(name: str, states: frozenset[str]) -> tuple[str, ...]:
    verb = name.rpartition(".")[2]
    told = "、".join(f"{state} {STATES[state]}" for state in STATES if state in states)
    if verb.startswith("objec"):
        told = f"与前一条记录相同（{told}）"
    return (name, glossary.VERBS.get(verb, ""), told)


def write(folder: Path, schemas: SchemaSet) -> list[Path]:
    """Write both files into a folder, in place of older ones. Raises ``CannotRun`` ``output.io``."""
    found = tables(schemas)
    book, text = folder / f"{NAME}.xlsx", folder / f"{NAME}.md"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_book(book, found)
        text.write_text(markdown(found), encoding="utf-8")
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise CannotRun("output.io", f"{folder}: {error}", zh=f"无法写入 {folder}") from error
    return [book, text]


def row(field: Field) -> tuple[str, ...]:
    """One field as it stands in the dictionary, a text a column."""
    return (
        field.path,
        field.title,
        "；".join(" ".join(each) for each in field.codes),
        field.kind,
        field.limits,
        "必填" if field.required else field.condition,
        "、".join(f"{value} {label}".strip() for value, label in field.choices),
        field.example,
        "；".join(filter(None, (field.rule, glossary.NOTES.get(field.note, "")))),
        field.since,
        field.note,
    )


def markdown(found: Sequence[Table]) -> str:
    """The dictionary as Markdown."""
    return "\n".join(_lines(found))


def _lines(found: Sequence[Table]) -> Iterator[str]:
    yield f"# {NAME}"
    yield ""
    yield "由数据模式（`schemas/`）生成，请勿手工修改：`jjj-gateway dictionary 文件夹`。"
    yield "“必填”为空的是可选项，没有内容时省略；"
    yield "`a.b` 为对象的成员，`a[]` 为列表的每一项；日期为北京时间的 YYYY-MM-DD；金额为文本，单位见名称。"
    for table in found:
        yield from ("", f"## {table.name}", "", table.about, "")
        yield f"| {' | '.join(table.columns)} |"
        yield f"|{'---|' * len(table.columns)}"
        yield from (f"| {' | '.join(map(_cell, cells))} |" for cells in table.rows)
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _write_book(path: Path, found: Sequence[Table]) -> None:
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": NAME, "created": MADE})
        head = book.add_format({"bold": True, "bg_color": "#EAF1DD", "border": 1, "text_wrap": True})
        body = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
        for table in found:
            sheet = book.add_worksheet(table.name)
            sheet.write_string(0, 0, table.about)
            for at, (column, width) in enumerate(zip(table.columns, table.widths, strict=True)):
                sheet.set_column(at, at, width)
                sheet.write_string(1, at, column, head)
            for line, cells in enumerate(table.rows, 2):
                for at, cell in enumerate(cells):
                    sheet.write_string(line, at, cell, body)
            sheet.freeze_panes(2, 2)
            sheet.autofilter(1, 0, len(table.rows) + 1, len(table.columns) - 1)
