"""The data dictionary: the same fields in workbook and Markdown, made again the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from gateway.errors import CannotRun
from gateway.ops import dictionary
from gateway.records.schema import SchemaSet

SCHEMAS = SchemaSet.built_in()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    book, text = dictionary.write(tmp_path_factory.mktemp("dictionary") / "字典", SCHEMAS)
    return book, text


def test_both_files_hold_every_field_in_the_same_words(made: tuple[Path, Path]) -> None:
    book, text = made
    sheets = load_workbook(book)
    assert sheets.sheetnames == ["证照记录", "信用记录", "更正记录"]
    lines = text.read_text(encoding="utf-8").splitlines()
    for name, _, rows in dictionary.tables(SCHEMAS):
        cells = [[cell or "" for cell in row] for row in sheets[name].iter_rows(values_only=True)]
        assert cells[1] == list(dictionary.COLUMNS)
        assert cells[2:] == [list(dictionary.row(field)) for field in rows]
        for field in rows:
            assert any(line.startswith(f"| {field.path} | {field.title} |") for line in lines), field.path


def test_a_field_says_all_that_a_developer_needs() -> None:
    rows = {row[0]: row for row in map(dictionary.row, dictionary.tables(SCHEMAS)[0][2])}
    path, title, codes, kind, limits, required, allowed, example, _, since = rows["state.code"]
    assert (path, title, kind, limits, required, since) == ("state.code", "状态代码", "代码", "", "必填", "1.0")
    assert allowed.startswith("01 有效、02 暂扣")
    assert example == "01"
    assert codes == ""
    assert rows["valid_to"][2] == "双公示 XK_YXQZI 有效期至；GB/T 36903 ZZYXQJZRQ 证照有效期截止日期"


def test_the_same_schemas_give_the_same_bytes(made: tuple[Path, Path], tmp_path: Path) -> None:
    again = dictionary.write(tmp_path, SCHEMAS)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in made]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotRun) as error:
        dictionary.write(tmp_path / "file", SCHEMAS)
    assert error.value.reason == "output.io"
