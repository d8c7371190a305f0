"""Small tables for the intake tests: written to a temporary folder, all names invented."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

HEADER = "企业名称,统一社会信用代码,注册日期,企业类型,注册资金,经营范围,登记机关区划码,归并区划码,区域,注册地址"
GOOD = (
    "示例甲食品有限公司,9113108200EX00073X,2019-01-02,有限责任公司,100(万元人民币),食品销售,"
    "131082,131082,三河市,示例路1号"
)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes text (in an encoding) or bytes to a file and gives its path."""

    def write_file(content: str | bytes, name: str = "table.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write_file


@pytest.fixture
def companies(write: Write) -> Callable[..., Path]:
    """A table with the columns of the profile business-licence, and these rows."""

    def table(*rows: str, encoding: str = "utf-8") -> Path:
        return write("\n".join((HEADER, *rows)) + "\n", encoding=encoding)

    return table


@pytest.fixture
def good_row() -> str:
    """A row of which nothing is wrong."""
    return GOOD
