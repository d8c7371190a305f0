"""Which kind of table is this file? By its ending, opened by the module that reads its kind.

Law 10: nothing is guessed from the content. A further kind of file is one more class with ``columns`` and ``rows()``
and one more line in ``KINDS``.

>>> table = open_table(Path("companies.csv"))
>>> table.columns
('企业名称', '统一社会信用代码')
>>> next(table.rows())
Row(number=2, cells=('示例甲食品有限公司', '9111…'), fault=None)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gateway.intake.csvfiles import CsvTable
from gateway.intake.jsonfiles import JsonTable
from gateway.intake.linefiles import LineTable
from gateway.intake.rows import Limits, Table, Wanted, refused
from gateway.intake.sheetfiles import XlsxTable

KINDS: dict[str, Callable[[Path, Limits, Wanted], Table]] = {
    ".csv": CsvTable,
    ".json": JsonTable,
    ".xlsx": XlsxTable,
    ".ndjson": LineTable,
    ".jsonl": LineTable,
}
_LIMITS, _ANYTHING = Limits(), Wanted()


def open_table(path: Path, limits: Limits = _LIMITS, wanted: Wanted = _ANYTHING) -> Table:
    """The table in a file, by its ending.

    Raises ``CannotRun`` "table.missing" and ``Refused`` "table.kind", "table.size", "table.encoding", "table.header",
    "table.form", "table.sheet".
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        message = f"{path.name}: known endings are {', '.join(KINDS)}"
        raise refused("table.kind", message, f"不支持的文件类型，可用：{'、'.join(KINDS)}")
    return kind(path, limits, wanted)
