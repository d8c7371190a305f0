"""The data dictionary: the same fields in workbook and Markdown, made again the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from gateway.errors import CannotRun
from gateway.ops import dictionary, glossary
from gateway.records import families
from gateway.records.fields import CORRECTION, fields
from gateway.records.schema import SchemaSet

SCHEMAS = SchemaSet.built_in()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    book, text = dictionary.write(tmp_path_factory.mktemp("dictionary") / "字典", SCHEMAS)
    return book, text


def test_both_files_hold_every_field_in_the_same_words(made: tuple[Path, Path]) -> None:
    book, text = made
    sheets = load_workbook(book)
    assert sheets.sheetnames == ["记录类型", "证照记录", "信用记录", "更正记录"]
    lines = text.read_text(encoding="utf-8").splitlines()
    for table in dictionary.tables(SCHEMAS):
        cells = [[cell or "" for cell in row] for row in sheets[table.name].iter_rows(values_only=True)]
        assert cells[1] == list(table.columns)
        assert cells[2:] == [list(row) for row in table.rows]
        for row in table.rows:
            assert f"| {' | '.join(row)} |" in lines, row[0]


def test_the_dictionary_in_the_manual_is_what_the_schemas_give(made: tuple[Path, Path], repository: Path) -> None:
    kept = repository / "docs" / "zh" / "数据字典.md"
    assert kept.read_bytes() == made[1].read_bytes(), "jjj-gateway dictionary makes it anew"


def test_every_note_of_a_schema_has_its_chinese_and_there_is_no_other() -> None:
    told = {
        field.note
        for family in ("licence", "credit")
        for part in (None, CORRECTION)
        for field in fields(SCHEMAS, family, part)
        if field.note
    }
    assert told == glossary.NOTES.keys()


def test_every_type_of_record_is_told_with_its_meaning_and_its_states() -> None:
    rows = {row[0]: row for row in dictionary.tables(SCHEMAS)[0].rows}
    assert rows.keys() == families.TYPES.keys()
    assert all(row[1] for row in rows.values())
    assert {name.rpartition(".")[2] for name in families.TYPES} == glossary.VERBS.keys()
    assert rows["jjj.licence.suspended"][1:] == ("暂扣", "02 暂扣")
    assert rows["jjj.licence.retracted"][2] == ""


def test_a_field_says_all_that_a_developer_needs() -> None:
    rows = {row[0]: row for row in dictionary.tables(SCHEMAS)[1].rows}
    path, title, codes, kind, limits, required, allowed, example, _, since, _ = rows["state.code"]
    assert (path, title, kind, limits, required, since) == ("state.code", "状态代码", "代码", "", "必填", "1.0")
    assert allowed.startswith("01 有效、02 暂扣")
    assert example == "01"
    assert codes == ""
    assert rows["valid_to"][8].endswith("长期有效的省略该项（双公示报送中的 2099/12/31）")
    assert rows["valid_to"][2] == "双公示 XK_YXQZI 有效期至；GB/T 36903 ZZYXQJZRQ 证照有效期截止日期"


def test_the_same_schemas_give_the_same_bytes(made: tuple[Path, Path], tmp_path: Path) -> None:
    again = dictionary.write(tmp_path, SCHEMAS)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in made]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotRun) as error:
        dictionary.write(tmp_path / "file", SCHEMAS)
    assert error.value.reason == "output.io"
