"""Rows of one certificate are one record with items, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import Refused
from gateway.intake.outcomes import Item, Outcome, PartRow, RefusedRow, RepeatedRow
from gateway.intake.reading import open_reading
from tests.records import builders

PROFILE = "mohurd-qualification"
Write = Callable[..., Path]
ROW = {
    "certType": "建筑业企业资质",
    "certName": "建筑装修装饰工程专业承包二级",
    "organDate": "2022-10-21",
    "endDate": "2027-10-20",
    "organName": "北京市住房和城乡建设委员会",
    "certId": "D311000017",
    "corpName": "示例乙建设工程有限公司",
    "corpCode": builders.uscc(2, "91131082"),
}
NAMES = {"certName": "防水防腐保温工程专业承包一级"}


def outcomes(write: Write, *rows: dict[str, str]) -> list[Outcome]:
    path = write(json.dumps([ROW | row for row in rows]), name="certificates.json")
    return list(open_reading(path, PROFILE, own="tongzhou"))


def said(found: list[Outcome]) -> list[str]:
    return [each.reason if isinstance(each, RefusedRow) else type(each).__name__ for each in found]


def test_rows_become_items_in_their_order(write: Write) -> None:
    part, item = outcomes(write, {}, NAMES)
    assert part == PartRow(1)
    assert isinstance(item, Item)
    assert (item.row, [row.number for row in item.rows]) == (2, [1, 2])
    assert item.data["items"] == [
        {"name": "建筑装修装饰工程专业承包", "grade": "二级", "valid_to": "2027-10-20"},
        {"name": "防水防腐保温工程专业承包", "grade": "一级", "valid_to": "2027-10-20"},
    ]
    assert item.data["issuer"] == {"name": "北京市住房和城乡建设委员会", "uscc": "11110000000021135M"}
    assert (item.data["valid_to"], item.data["kind"]) == ("2027-10-20", "qualification")


def test_rows_of_several_certificates_may_be_mixed(write: Write) -> None:
    other = {"certId": "D311000018"}
    found = outcomes(write, {}, other, NAMES, other | NAMES, {"certId": "D311000019"})
    assert said(found) == ["PartRow", "Item", "PartRow", "Item", "Item"]
    assert [each.row for each in found] == [1, 3, 2, 4, 5]
    assert [len(each.data["items"]) for each in found if isinstance(each, Item)] == [2, 2, 1]


def test_a_name_without_a_grade_stays_whole(write: Write) -> None:
    (item,) = outcomes(write, {"certName": "示例专项"})
    assert isinstance(item, Item)
    assert item.data["items"][0] == {"name": "示例专项", "valid_to": "2027-10-20"}


def test_the_same_row_again_is_one_item(write: Write) -> None:
    found = outcomes(write, {}, {}, NAMES)
    assert said(found) == ["PartRow", "RepeatedRow", "Item"]
    assert found[1] == RepeatedRow(2)
    assert isinstance(found[2], Item)
    assert len(found[2].data["items"]) == 2


def test_rows_that_contradict_each_other(write: Write) -> None:
    for change in ({"endDate": "2028-10-20"}, {"corpName": "示例丙公司"}, {"corpCode": builders.uscc(3)}):
        found = outcomes(write, {}, NAMES | change, {"certId": "D311000018"})
        assert sorted(said(found)) == ["Item", "row.conflict", "row.conflict"]
    two_grades = {"certName": "建筑装修装饰工程专业承包一级"}
    assert said(outcomes(write, {}, two_grades)) == ["row.conflict", "row.conflict"]


def test_a_certificate_is_whole_or_refused(write: Write) -> None:
    found = outcomes(write, {}, NAMES | {"endDate": "2027-02-30"}, {"certId": "D311000018"})
    assert said(found) == ["row.group", "date.form", "Item"]
    assert isinstance(found[0], RefusedRow)
    assert found[0].field == "certId"


def test_what_is_wrong_with_the_record_is_wrong_with_all_its_rows(write: Write) -> None:
    found = outcomes(write, {"corpCode": "91310000059365511L"}, NAMES | {"corpCode": "91310000059365511L"})
    assert said(found) == ["uscc.check", "uscc.check"]
    assert [each.row for each in found] == [1, 2]


def test_a_refusal_by_a_node_is_told_of_every_row(write: Write) -> None:
    path = write(json.dumps([ROW, ROW | NAMES]), name="certificates.json")
    reading = open_reading(path, PROFILE, own="tongzhou")
    (item,) = (each for each in reading if isinstance(each, Item))
    rows = reading.refusals(item, Refused("issuer.not_in_roster", "no", field="data.issuer.uscc", zh="不在名册"))
    assert [(row.row, row.field, row.zh) for row in rows] == [(at, "organName", "不在名册") for at in (1, 2)]


def test_issuers_and_types_that_the_profile_lacks(write: Write) -> None:
    (row,) = outcomes(write, {"organName": "某某局", "certType": "某资质"})
    assert isinstance(row, RefusedRow)
    found = [(each.reason, each.field) for each in row.findings]
    assert found == [("row.lookup", "certType"), ("row.lookup", "organName")]


def test_the_same_columns_as_csv(write: Write) -> None:
    lines = [",".join(ROW), ",".join(ROW.values()), ",".join((ROW | NAMES).values())]
    found = list(open_reading(write("\n".join(lines), name="c.csv"), own="tongzhou"))
    assert said(found) == ["PartRow", "Item"]
    (whole,) = (each for each in outcomes(write, {}, NAMES) if isinstance(each, Item))
    assert isinstance(found[1], Item)
    assert (found[1].id, found[1].data) == (whole.id, whole.data)


@pytest.mark.parametrize("broken", ["D311000017,缺列", 'a,"b"c,D311000017,x', "x,y, D311000017"])
def test_a_row_that_is_out_of_its_columns_spoils_the_certificate_it_names(write: Write, broken: str) -> None:
    other = ROW | {"certId": "D311000018"}
    lines = [",".join(ROW), ",".join(ROW.values()), broken, ",".join(other.values())]
    found = list(open_reading(write("\n".join(lines), name="c.csv"), PROFILE, own="tongzhou"))
    assert said(found) == ["row.group", "row.quote" if '"' in broken else "row.width", "Item"]


def test_a_row_without_its_code_spoils_the_certificate_all_the_same(write: Write) -> None:
    assert said(outcomes(write, {}, NAMES | {"corpCode": ""})) == ["row.group", "row.required"]
