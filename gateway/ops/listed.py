"""Which licences stand in a list? A file of questions for ``verify --file``: one number a line, or a table.

A file whose first line names a column that is known (``number``, 证照编号 …) is a table in CSV; any other holds one
number a line. UTF-8 or GB18030. What can't be read is refused with its line; nothing is skipped but empty lines.

>>> read(Path("cases.csv"))
[{'number': 'JY11310820000017', 'holder': '示例甲食品有限公司', 'purpose': '开办分店', 'case': '通政务〔2026〕88号'}]
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.errors import CannotRun, Refused
from gateway.intake import encodings

MOST_BYTES = 16 << 20
MOST_QUESTIONS = 100_000
COLUMNS: Mapping[str, str] = {
    "number": "number",
    "holder": "holder",
    "type": "type",
    "source": "source",
    "purpose": "purpose",
    "case": "case",
    "as_of": "as_of",
    "证照编号": "number",
    "持证主体": "holder",
    "证照类型": "type",
    "颁发地区": "source",
    "用途": "purpose",
    "办件编号": "case",
    "核验日期": "as_of",
}
"""Heading → member of a question."""


def read(file: Path) -> list[dict[str, str]]:
    """Every question of the list, in order. Raises ``CannotRun`` ``file.unreadable``, ``question.form``."""
    text = _text(file)
    headings = next(csv.reader([text.partition("\n")[0]]), [])
    tabular = any(heading.strip() in COLUMNS for heading in headings)
    found = list(_table(file, text) if tabular else _plain(text))
    if not found:
        raise _refused(f"{file}：没有要核验的编号", f"{file} holds no number: one a line, or a column number")
    if len(found) > MOST_QUESTIONS:
        raise _refused(f"{file}：一次最多 {MOST_QUESTIONS} 条", f"{file} holds more than {MOST_QUESTIONS} questions")
    return found


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise CannotRun("file.unreadable", f"{file} is larger than {MOST_BYTES} bytes")
        return file.read_text(encoding=encodings.detect(file))
    except Refused as refused:
        raise CannotRun("file.unreadable", f"{file}: {refused.message}", zh=f"{file}：{refused.zh}") from refused
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRun("file.unreadable", f"{file}: {error}") from error


def _plain(text: str) -> Iterator[dict[str, str]]:
    yield from ({"number": line.strip()} for line in text.splitlines() if line.strip())


def _table(file: Path, text: str) -> Iterator[dict[str, str]]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        headings = [cell.strip() for cell in next(rows)]
        members = _checked(file, headings)
        for row in rows:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield _question(file, rows.line_num, members, cells)
    except csv.Error as error:
        raise _refused(f"{file} 第 {rows.line_num} 行不是 CSV", f"{file}, line {rows.line_num}: {error}") from error


def _checked(file: Path, headings: list[str]) -> list[str]:
    for heading in headings:
        if heading not in COLUMNS:
            known = "、".join(COLUMNS)
            raise _refused(f"{file}：没有“{heading}”这一列；可用：{known}", f"{file}: {heading!r} is none of {known}")
    members = [COLUMNS[heading] for heading in headings]
    if "number" not in members:
        raise _refused(f"{file}：缺少“证照编号”（number）列", f"{file}: the column number is missing")
    if len(set(members)) != len(members):
        raise _refused(f"{file}：有两列含义相同", f"{file}: two columns say the same")
    return members


def _question(file: Path, line: int, members: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) > len(members):
        raise _refused(f"{file} 第 {line} 行的单元格多于列", f"{file}, line {line}: more cells than columns")
    found = {member: cell for member, cell in zip(members, cells, strict=False) if cell}
    if "number" not in found:
        raise _refused(f"{file} 第 {line} 行没有证照编号", f"{file}, line {line}: number is missing")
    return found


def _refused(zh: str, en: str) -> CannotRun:
    return CannotRun("question.form", en, zh=zh)
