"""The national form read whole: what goes in, what stays out, why, and the same from any kind of file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway.intake.outcomes import Item, Outcome, RefusedRow
from gateway.intake.reading import open_reading
from gateway.intake.rejects import RejectFile
from tests.intake import national
from tests.intake.sheets import cells_of
from tests.records import builders

PROFILE = "shuanggongshi-licence"
HERE = {row: reason for row, reason in national.REASONS.items() if reason != "issuer.not_in_roster"}


def outcomes(path: Path, profile: str | None = PROFILE) -> list[Outcome]:
    return list(open_reading(path, profile, own="sanhe"))


def told(found: list[Outcome]) -> list[Any]:
    """Row and id, or row, reason, columns and sentence."""
    return [
        (each.row, each.id) if isinstance(each, Item) else (each.row, each.reason, each.field, each.zh)
        for each in found
        if isinstance(each, Item | RefusedRow)
    ]


def test_all_but_what_only_a_node_can_know(tmp_path: Path) -> None:
    found = outcomes(national.write_workbook(tmp_path / "permits.xlsx"))
    assert len(found) == 40
    assert {each.row: each.reason for each in found if isinstance(each, RefusedRow)} == HERE


def test_the_same_as_csv(tmp_path: Path) -> None:
    workbook = told(outcomes(national.write_workbook(tmp_path / "permits.xlsx")))
    assert told(outcomes(national.write_csv(tmp_path / "permits.csv", "gb18030"))) == workbook
    assert told(outcomes(national.write_csv(tmp_path / "again.csv", "utf-8-sig"))) == workbook


def test_the_same_under_codes_instead_of_names(tmp_path: Path) -> None:
    names = told(outcomes(national.write_workbook(tmp_path / "permits.xlsx")))
    codes = told(outcomes(national.write_workbook(tmp_path / "codes.xlsx", national.CODES)))
    assert [each[:2] for each in codes] == [each[:2] for each in names]


def test_the_profile_is_found_by_the_columns(tmp_path: Path) -> None:
    path = national.write_workbook(tmp_path / "permits.xlsx")
    assert open_reading(path, own="sanhe").profile.name == PROFILE


def test_a_row_as_a_record(tmp_path: Path) -> None:
    found = outcomes(national.write_workbook(tmp_path / "p.xlsx"))
    items = {each.row: each for each in found if isinstance(each, Item)}
    assert items[4].type == "jjj.licence.issued"
    assert items[4].data == {
        "number": builders.food_number(1001),
        "type": {"code": "11100000MB0341032Y002", "name": "食品经营许可证"},
        "kind": "permit",
        "holder": {"name": "示例1号食品有限公司", "uscc": builders.uscc(101), "category": "法人及非法人组织"},
        "legal_representative": "示例人甲",
        "issuer": {"name": "示例通州区市场监督管理局", "uscc": builders.ISSUER},
        "decision": {
            "title": "准予食品经营许可决定书",
            "number": "示通市监许〔2024〕2号",
            "date": "2024-03-01",
            "category": "普通",
        },
        "content": "预包装食品销售\n散装食品销售",
        "valid_from": "2024-03-01",
        "valid_to": "2029-02-28",
        "state": {"code": "01", "since": "2024-03-01"},
        "supplied_by": {"name": "示例通州区政务数据中心", "uscc": builders.SUPPLIER},
        "disclosure": "public",
    }
    assert "valid_to" not in items[3].data  # 2099/12/31 is 长期
    assert items[23].data["number"] == "示通市监许〔2024〕21号"  # no licence number: that of the decision


def test_no_number_of_a_persons_document_is_ever_written(tmp_path: Path) -> None:
    reading = open_reading(national.write_workbook(tmp_path / "permits.xlsx"), PROFILE, own="sanhe")
    refused = [each for each in reading if isinstance(each, RefusedRow)]
    report = tmp_path / "report.xlsx"
    with RejectFile(report, reading.columns) as rejects:
        for each in refused:
            rejects.add(each)
    written = repr(refused) + repr(cells_of(report))
    for number in (national.PERSONS_NUMBER, national.PERSONS_NUMBER[6:14], national.PASSPORT):
        assert number not in written


def test_the_report_stands_beside_the_columns_and_is_read_again(tmp_path: Path) -> None:
    reading = open_reading(national.write_workbook(tmp_path / "permits.xlsx"), PROFILE, own="sanhe")
    report = tmp_path / "permits.rejected.xlsx"
    with RejectFile(report, reading.columns) as rejects:
        for each in reading:
            if isinstance(each, RefusedRow):
                rejects.add(each)
    header, *rows = cells_of(report)
    assert header[: len(national.COLUMNS)] == list(national.COLUMNS)
    assert [row[len(national.COLUMNS) : len(national.COLUMNS) + 2] for row in rows] == [
        [str(row), reason] for row, reason in HERE.items()
    ]
    again = {each.row - 1: each for each in open_reading(report, PROFILE, own="sanhe")}
    expected = [reason for reason in HERE.values() if reason != "identity_number"]  # masked, it is none any more
    assert [each.reason for each in again.values() if isinstance(each, RefusedRow)] == expected
