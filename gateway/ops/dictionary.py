"""The data dictionary 数据字典: every field of every record, made from the schemas, as a workbook and as Markdown.

Field path, Chinese title, national codes, type, length, required, allowed values, example, since which version. The
same schemas give the same files, byte for byte.

>>> write(Path("dictionary"), SchemaSet.built_in())
[PosixPath('dictionary/数据字典.xlsx'), PosixPath('dictionary/数据字典.md')]
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path

import xlsxwriter

from gateway.errors import CannotRun
from gateway.records.fields import CORRECTION, Field, fields
from gateway.records.schema import SchemaSet

NAME = "数据字典"
COLUMNS = ("字段路径", "中文名称", "国家标准代码", "类型", "长度", "必填", "允许值", "示例", "规则与说明", "始于版本")
WIDTHS = (30, 28, 34, 14, 12, 24, 40, 32, 56, 8)
MADE = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC).replace(tzinfo=None)
"""A workbook says when it was made; this one says nothing that its schemas don't."""

Table = tuple[str, str, tuple[Field, ...]]
"""Name, what it is about, fields."""


def tables(schemas: SchemaSet) -> list[Table]:
    """Licences, credit facts, and corrections, which both families have alike."""
    return [
        ("证照记录", f"jjj.licence.*，数据模式 {schemas.minors('licence')[-1]}", fields(schemas, "licence")),
        ("信用记录", f"jjj.credit.*，数据模式 {schemas.minors('credit')[-1]}", fields(schemas, "credit")),
        ("更正记录", "jjj.*.retracted（撤回）、jjj.*.erased（抹除）", fields(schemas, "licence", CORRECTION)),
    ]


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
        " ".join(filter(None, (field.rule, field.note))),
        field.since,
    )


def markdown(found: Sequence[Table]) -> str:
    """The dictionary as Markdown."""
    return "\n".join(_lines(found))


def _lines(found: Sequence[Table]) -> Iterator[str]:
    yield f"# {NAME}"
    yield ""
    yield "由数据模式（`schemas/`）生成，请勿手工修改：`jjj-gateway dictionary 文件夹`。"
    yield "`a.b` 为对象的成员，`a[]` 为列表的每一项；日期为北京时间的 YYYY-MM-DD；金额为文本，单位见名称。"
    for name, about, rows in found:
        yield from ("", f"## {name}", "", about, "")
        yield f"| {' | '.join(COLUMNS)} |"
        yield f"|{'---|' * len(COLUMNS)}"
        yield from (f"| {' | '.join(map(_cell, row(field)))} |" for field in rows)
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _write_book(path: Path, found: Sequence[Table]) -> None:
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": NAME, "created": MADE})
        head = book.add_format({"bold": True, "bg_color": "#EAF1DD", "border": 1, "text_wrap": True})
        body = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
        for name, about, rows in found:
            sheet = book.add_worksheet(name)
            sheet.write_string(0, 0, about)
            for at, (column, width) in enumerate(zip(COLUMNS, WIDTHS, strict=True)):
                sheet.set_column(at, at, width)
                sheet.write_string(1, at, column, head)
            for line, field in enumerate(rows, 2):
                for at, cell in enumerate(row(field)):
                    sheet.write_string(line, at, cell, body)
            sheet.freeze_panes(2, 2)
            sheet.autofilter(1, 0, len(rows) + 1, len(COLUMNS) - 1)
