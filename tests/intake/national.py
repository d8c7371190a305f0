"""A workbook in the national form: forty permits, 31 that a node takes and nine that it doesn't, each for a reason of
its own. All names are invented, all codes valid.

    write_workbook(path)                the workbook, dates and numbers as cells
    write_csv(path, "gb18030")          the same as CSV
    REASONS                             row → reason
"""

from __future__ import annotations

import csv
import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from tests.records import builders

COLUMNS = (
    *("行政相对人名称", "行政相对人类别", "行政相对人代码_1(统一社会信用代码)", "行政相对人代码_2(工商注册号)"),
    *("法定代表人", "法定代表人证件类型", "法定代表人证件号码", "证件类型", "证件号码"),
    *("行政许可决定文书名称", "行政许可决定文书号", "许可类别", "许可证书名称", "许可编号", "许可内容"),
    *("许可决定日期", "有效期自", "有效期至", "许可机关", "许可机关统一社会信用代码", "当前状态"),
    *("数据来源单位", "数据来源单位统一社会信用代码", "备注"),
)
CODES = (
    *("XK_XDR_MC", "XK_XDR_LB", "XK_XDR_SHXYM", "XK_XDR_GSZC", "XK_FRDB", "XK_FR_ZJLX", "XK_FR_ZJHM", "XK_XDR_ZJLX"),
    *("XK_XDR_ZJHM", "XK_XKWS", "XK_WSH", "XK_XKLB", "XK_XKZS", "XK_XKBH", "XK_NR", "XK_JDRQ", "XK_YXQZ", "XK_YXQZI"),
    *("XK_XKJG", "XK_XKJGDM", "XK_ZT", "XK_LYDW", "XK_LYDWDM", "BZ"),
)
FIRST_ROW = 3  # below a title and the header
PERSONS_NUMBER = builders.PERSONS_NUMBER
PASSPORT = "E12345678"

Cell = str | int | datetime.date

_WRONG: dict[int, tuple[str, dict[str, Cell]]] = {
    4: (
        "holder.person",
        {
            "行政相对人名称": "示例人乙",
            "行政相对人类别": "自然人",
            "行政相对人代码_1(统一社会信用代码)": "",
            "法定代表人": "",
            "证件类型": "身份证",
            "证件号码": PERSONS_NUMBER,
        },
    ),
    7: (
        "holder.no_code",
        {"行政相对人类别": "个体工商户", "行政相对人代码_1(统一社会信用代码)": builders.PLACEHOLDER},
    ),
    11: ("uscc.check", {"行政相对人代码_1(统一社会信用代码)": builders.uscc(90)[:-1] + "0"}),
    15: ("date.form", {"许可决定日期": "2024-02-30"}),
    18: ("row.required", {"许可内容": ""}),
    23: ("row.lookup", {"当前状态": "0"}),
    28: ("date.order", {"有效期至": "2020/01/01"}),
    33: ("identity_number", {"备注": f"联系人证件 {PERSONS_NUMBER}"}),
    39: ("issuer.not_in_roster", {"许可机关统一社会信用代码": builders.uscc(77, "11110112")}),
}
REASONS = {FIRST_ROW + at: reason for at, (reason, _) in _WRONG.items()}


def rows() -> list[list[Cell]]:
    """Forty rows of cells; dates as dates, the state as a number."""
    found = []
    for at in range(40):
        row = _row(at) | _WRONG.get(at, ("", {}))[1]
        found.append([row[name] for name in COLUMNS])
    return found


def _row(at: int) -> dict[str, Cell]:
    trader = at % 5 == 2
    return {
        "行政相对人名称": f"示例{at}号食品{'商店' if trader else '有限公司'}",
        "行政相对人类别": "个体工商户" if trader else "法人及非法人组织",
        "行政相对人代码_1(统一社会信用代码)": builders.uscc(100 + at, "92110112" if trader else "91110112"),
        "行政相对人代码_2(工商注册号)": "",
        "法定代表人": "示例人甲",
        "法定代表人证件类型": "护照号" if at == 0 else "",
        "法定代表人证件号码": PASSPORT if at in (0, 15) else "",
        "证件类型": "",
        "证件号码": "",
        "行政许可决定文书名称": "准予食品经营许可决定书",
        "行政许可决定文书号": f"示通市监许〔2024〕{at + 1}号",
        "许可类别": "普通",
        "许可证书名称": "食品经营许可证",
        "许可编号": "" if at == 20 else builders.food_number(1000 + at),
        "许可内容": "预包装食品销售\n散装食品销售" if at == 1 else "预包装食品销售",
        "许可决定日期": datetime.date(2024, 3, 1),
        "有效期自": datetime.date(2024, 3, 1) if at % 2 else "2024-03-01",
        "有效期至": "2099/12/31" if at % 4 == 0 else datetime.date(2029, 2, 28),
        "许可机关": "示例通州区市场监督管理局",
        "许可机关统一社会信用代码": builders.ISSUER,
        "当前状态": 1,
        "数据来源单位": "示例通州区政务数据中心",
        "数据来源单位统一社会信用代码": builders.SUPPLIER,
        "备注": "=1+1" if at == 39 else "",
    }


def write_workbook(path: Path, header: tuple[str, ...] = COLUMNS) -> Path:
    """The workbook: a merged title, the header, forty rows."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False})
    sheet = book.add_worksheet("许可公示")
    sheet.merge_range(0, 0, 0, len(header) - 1, "行政许可信息公示表（示例）")
    day = book.add_format({"num_format": "yyyy/m/d"})
    sheet.write_row(1, 0, header)
    for number, row in enumerate(rows(), FIRST_ROW - 1):
        for at, cell in enumerate(row):
            _write(sheet, number, at, cell, day)
    book.close()
    return path


def write_csv(path: Path, encoding: str, header: tuple[str, ...] = COLUMNS) -> Path:
    """The same as a spreadsheet saves it: dates as it shows them."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["行政许可信息公示表（示例）", *[""] * (len(header) - 1)])
        writer.writerow(header)
        writer.writerows([_shown(cell) for cell in row] for row in rows())
    return path


def _write(sheet: Any, row: int, at: int, cell: Cell, day: Any) -> None:
    if isinstance(cell, datetime.date):
        sheet.write_datetime(row, at, cell, day)
    elif isinstance(cell, int):
        sheet.write_number(row, at, cell)
    elif cell:
        sheet.write_string(row, at, cell)


def _shown(cell: Cell) -> str:
    return f"{cell.year}/{cell.month}/{cell.day}" if isinstance(cell, datetime.date) else str(cell)
