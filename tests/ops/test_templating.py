"""An empty workbook says what a profile wants, and is read by it when it is filled in."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from gateway.errors import CannotRun
from gateway.intake import profiles
from gateway.intake.outcomes import Item
from gateway.intake.reading import open_reading
from gateway.ops.templating import Guide, guides, write
from gateway.records.schema import SchemaSet

SCHEMAS = SchemaSet.built_in()
TABLES = [name for name in profiles.names() if name != profiles.RECORDS]
TYPED = {
    "有效期至": datetime.date(2029, 2, 28),
    "证书有效期": "2029/2/28",
    "当前状态": "1",
    "归并区划码": "131082",
    "资质类别": "建筑业企业资质",
    "发证机关": "北京市住房和城乡建设委员会",
    "企业名称": "示例甲食品有限公司",
    "统一社会信用代码": "91131082MA00EXA02U",
}


def template(name: str, folder: Path) -> tuple[Path, Any, list[Guide]]:
    path = folder / f"{name}.xlsx"
    write(profiles.load(name), path, SCHEMAS)
    return path, openpyxl.load_workbook(path), guides(profiles.load(name), SCHEMAS)


def example(guide: Guide) -> object:
    if guide.name in TYPED:
        return TYPED[guide.name]
    if guide.choices:
        return guide.choices[0]
    return guide.example or ("2024-03-01" if guide.form.startswith("日期") else "示例")


@pytest.mark.parametrize("name", TABLES)
def test_a_template_filled_with_its_own_examples_is_taken(name: str, tmp_path: Path) -> None:
    path, book, found = template(name, tmp_path)
    sheet = book["数据"]
    first = 3 if any(guide.code for guide in found) else 2
    for at, guide in enumerate(found, 1):
        if guide.required or guide.choices:
            sheet.cell(first, at, example(guide))
    book.save(path)
    reading = open_reading(path, own="sanhe")
    assert reading.profile.name == name
    (item,) = reading
    assert isinstance(item, Item), item
    assert item.row == first


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_template_holds_no_rows(name: str, tmp_path: Path) -> None:
    assert list(open_reading(template(name, tmp_path)[0], name, own="sanhe")) == []


@pytest.mark.parametrize("name", TABLES)
def test_what_stands_on_every_header(name: str, tmp_path: Path) -> None:
    _, book, found = template(name, tmp_path)
    sheet = book["数据"]
    for at, guide in enumerate(found, 1):
        assert sheet.cell(1, at).value == guide.name
        assert sheet.cell(1, at).comment.text.startswith("【必填】" if guide.required else "【选填】")
    assert [row[0].value for row in book["填写说明"].iter_rows(min_row=5)] == [
        f"{at}. {guide.name}" for at, guide in enumerate(found, 1)
    ]


def test_no_column_asks_for_a_persons_document(tmp_path: Path) -> None:
    for name in TABLES:
        assert not [guide.name for guide in template(name, tmp_path)[2] if "证件" in guide.name]


def test_closed_lists_are_drop_downs(tmp_path: Path) -> None:
    _, book, found = template("shuanggongshi-licence", tmp_path)
    lists = {guide.name: guide.choices for guide in found if guide.choices}
    assert lists["许可类别"] == ("普通", "特许", "认可", "核准", "登记", "其他")
    assert lists["当前状态"] == ("1", "有效", "2", "无效")
    assert "食品经营许可证" in lists["许可证书名称"]
    assert "自然人" not in str(lists)
    assert len(book["数据"].data_validations.dataValidation) == len(lists)


def test_nothing_is_written_over_and_lines_have_no_template(tmp_path: Path) -> None:
    path, _, _ = template(TABLES[0], tmp_path)
    with pytest.raises(CannotRun, match=r"template\.exists"):
        write(profiles.load(TABLES[0]), path, SCHEMAS)
    with pytest.raises(CannotRun, match=r"profile\.no_table"):
        write(profiles.load(profiles.RECORDS), tmp_path / "r.xlsx", SCHEMAS)
    with pytest.raises(CannotRun, match=r"report\.io"):
        write(profiles.load(TABLES[0]), tmp_path / "nowhere" / "r.xlsx", SCHEMAS)
