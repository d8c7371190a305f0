"""Which columns does a department fill in, and how? An empty workbook for a profile (DESIGN §9, `template`).

First row the names, second the codes where the profile has any; a note on every header says whether it must be filled,
how, at most how long, and gives an example; closed lists are drop-downs; all cells are text, so that a spreadsheet
turns no code into a number. A second sheet says the same as a table. Titles, lengths and lists come from the schema
that judges the rows, so they can't differ from it.

>>> write(load("shuanggongshi-licence"), Path("permits.xlsx"), SchemaSet.built_in())
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.utility import xl_rowcol_to_cell

from gateway.errors import CannotRun
from gateway.intake.cellforms import NOTES
from gateway.intake.profile import Column, Profile
from gateway.records.schema import SchemaSet

ROWS = 10_000
_CODE = re.compile("[A-Za-z][A-Za-z0-9_]*")
_LONGEST_LIST = 255  # of a drop-down that is written into its cells
_GUIDE_COLUMNS = ("列名", "代码", "必填", "格式", "最多字符", "可选值", "示例", "对应数据项")
_GUIDE_WIDTHS = (36, 16, 8, 44, 10, 44, 32, 36)


@dataclass(frozen=True, slots=True)
class Guide:
    """What a clerk must know of one column. ``longest``: characters, 0: as many as a cell holds."""

    name: str
    code: str
    required: bool
    form: str
    longest: int
    choices: tuple[str, ...]
    example: str
    title: str

    @property
    def note(self) -> str:
        """The note on the header."""
        lines = ["【必填】" if self.required else "【选填】", f"格式：{self.form}"]
        lines += [f"最多 {self.longest} 个字符"] if self.longest else []
        lines += [f"可选：{'、'.join(self.choices)}"] if self.choices else []
        lines += [f"示例：{self.example}"] if self.example else []
        return "\n".join(lines)


def guides(profile: Profile, schemas: SchemaSet) -> list[Guide]:
    """The columns of the template, in order. Raises ``CannotRun`` "profile.no_table" for finished records."""
    if profile.events:
        raise CannotRun(
            "profile.no_table",
            f"profile {profile.name} reads finished records, one JSON object a line: there is no table to fill in",
            zh=f"导入方案 {profile.name} 读取每行一个 JSON 对象的文件，没有表格模板",
        )
    document = schemas.schemas[schemas.minors(profile.family)[-1]].document
    used = _used(profile)
    return [
        _guide(column, profile, document) for column in profile.columns if column.in_template and column.name in used
    ]


def write(profile: Profile, path: Path, schemas: SchemaSet) -> None:
    """Write the template. Raises ``CannotRun`` "template.exists", "report.io"."""
    found = guides(profile, schemas)
    if path.exists():
        raise CannotRun(
            "template.exists", f"{path} exists and is left as it is: give another name", zh=f"{path} 已存在，未作改动"
        )
    try:
        with path.open("xb") as file:
            book = xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False})
            _write_form(book, found)
            _write_guide(book, profile, found)
            book.close()
    except (OSError, XlsxWriterException) as error:
        raise CannotRun("report.io", f"{path}: {error}", zh=f"无法写入 {path}") from error


def _write_form(book: Any, found: Sequence[Guide]) -> None:
    sheet = book.add_worksheet("数据")
    text = book.add_format({"num_format": "@"})
    head = {"num_format": "@", "text_wrap": True, "valign": "vcenter", "border": 1}
    required = book.add_format({**head, "bold": True, "bg_color": "#FDE9D9"})
    optional = book.add_format({**head, "bg_color": "#EAF1DD"})
    code = book.add_format({**head, "font_color": "#7F7F7F", "font_size": 9})
    has_codes = any(guide.code for guide in found)
    first = 2 if has_codes else 1
    for at, guide in enumerate(found):
        sheet.set_column(at, at, max(14, min(40, 2 * len(guide.name) + 2)), text)
        sheet.write_string(0, at, guide.name, required if guide.required else optional)
        sheet.write_comment(0, at, guide.note, {"x_scale": 2, "y_scale": 1.5})
        if has_codes:
            sheet.write_string(1, at, guide.code, code)
        if guide.choices:
            _drop_down(book, sheet, at, first, guide)
    sheet.freeze_panes(first, 1)


def _drop_down(book: Any, sheet: Any, at: int, first: int, guide: Guide) -> None:
    listed = ",".join(guide.choices)
    plain = len(listed) <= _LONGEST_LIST and not any("," in choice for choice in guide.choices)
    sheet.data_validation(
        first,
        at,
        first + ROWS - 1,
        at,
        {
            "validate": "list",
            "source": list(guide.choices) if plain else _kept_list(book, at, guide.choices),
            "error_type": "warning",
            "error_title": guide.name[:32],
            "error_message": "不在可选值中，提交时可能被拒收",
        },
    )


def _kept_list(book: Any, at: int, choices: Sequence[str]) -> str:
    """A long list, in a hidden sheet of its own column."""
    sheet = book.get_worksheet_by_name("选项")
    if sheet is None:
        sheet = book.add_worksheet("选项")
        sheet.hide()
    for row, choice in enumerate(choices):
        sheet.write_string(row, at, choice)
    first, last = (xl_rowcol_to_cell(row, at, True, True) for row in (0, len(choices) - 1))
    return f"='选项'!{first}:{last}"


def _write_guide(book: Any, profile: Profile, found: Sequence[Guide]) -> None:
    sheet = book.add_worksheet("填写说明")
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet.write_string(0, 0, profile.title, bold)
    sheet.write_string(1, 0, "在“数据”页表头之下逐行填写；请勿合并单元格、改动表头或填写自然人信息。")
    for at, (name, width) in enumerate(zip(_GUIDE_COLUMNS, _GUIDE_WIDTHS, strict=True)):
        sheet.set_column(at, at, width, wrapped)
        sheet.write_string(3, at, name, bold)
    for row, guide in enumerate(found, 4):
        longest = str(guide.longest) if guide.longest else ""
        cells = (f"{row - 3}. {guide.name}", guide.code, "必填" if guide.required else "", guide.form, longest)
        for at, cell in enumerate((*cells, "、".join(guide.choices), guide.example, guide.title)):
            sheet.write_string(row, at, cell, wrapped)


def _guide(column: Column, profile: Profile, document: Mapping[str, Any]) -> Guide:
    paths = (*column.into, *column.otherwise)
    member = next(_members(document, profile.family, paths[:1]), {})
    code = next((name for name in column.names if _CODE.fullmatch(name)), "")
    return Guide(
        name=column.name,
        code=code,
        required=column.needed(profile.form),
        form=NOTES[column.form],
        longest=member.get("maxLength", 0) if column.form in ("text", "sums_text") and not column.label else 0,
        choices=_choices(column, profile, member),
        example=column.example or next(iter(map(str, member.get("examples", ()))), ""),
        title="、".join(found.get("title", "") for found in _members(document, profile.family, paths)),
    )


def _choices(column: Column, profile: Profile, member: Mapping[str, Any]) -> tuple[str, ...]:
    """The closed list that a cell is from: the profile's own, one of its tables, or the schema's."""
    if column.choices:
        return column.choices
    strict = (found for found in profile.lookups if not found.only_if_absent and found.fallback is None)
    tables = [found.values for found in strict if found.column == column.name and not found.characters]
    if profile.area is not None and profile.area.column == column.name:
        tables.append(profile.area.jurisdictions)
    if profile.states is not None and profile.states.column == column.name:
        chosen = profile.states.map_for(profile.form, "")
        tables += [chosen.values] if chosen is not None else []
    return tuple(key for key in tables[0] if key) if tables else tuple(member.get("enum", ()))


def _used(profile: Profile) -> set[str]:
    """Columns that say something: those that fill a member, and those that tables are asked by."""
    used = {column.name for column in profile.columns if column.into or column.otherwise or column.required}
    used |= {lookup.column for lookup in profile.lookups}
    used |= {profile.area.column} if profile.area is not None else set()
    return used | ({profile.states.column, profile.states.source} if profile.states is not None else set())


def _members(document: Mapping[str, Any], family: str, paths: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """What the schema says of the members at these paths."""
    for path in paths:
        node: Mapping[str, Any] = document["$defs"][family]
        for step in path.split("."):
            node = _resolved(document, node.get("properties", {}).get(step.removesuffix("[]"), {}))
            if step.endswith("[]"):
                node = _resolved(document, node.get("items", {}))
        yield node


def _resolved(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node with what its reference says, its own words first."""
    target = node.get("$ref", "")
    return {**document["$defs"].get(target.rpartition("/")[2], {}), **node} if target else node
