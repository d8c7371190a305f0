"""A profile applied to a row."""

from __future__ import annotations

import pytest

from gateway.errors import Refused
from gateway.intake import profiles
from gateway.intake.mapping import RowMapping
from gateway.intake.profile import REPORT_COLUMNS
from gateway.intake.profilefile import parse
from gateway.intake.rows import Row

PROFILE = profiles.load("business-licence")
COLUMNS = tuple(column.names[0] for column in PROFILE.columns)
GOOD = {
    "企业名称": " 示例甲食品有限公司　",
    "统一社会信用代码": "9113108200EX00073X",
    "注册日期": "2019/1/2",
    "企业类型": "有限责任公司",
    "注册资金": "100(万元人民币)",
    "经营范围": "食品销售",
    "注册地址": "示例路1号",
    "归并区划码": "131082",
    "登记机关区划码": "131082",
    "区域": "三河市",
}


def row(**changes: str) -> Row:
    return Row(2, tuple((GOOD | changes)[name] for name in COLUMNS))


def test_a_row_becomes_a_business_licence() -> None:
    draft = RowMapping(PROFILE, COLUMNS).draft(row())
    assert (draft.jurisdiction, draft.type) == ("sanhe", "jjj.licence.issued")
    assert draft.data == {
        "number": "9113108200EX00073X",
        "type": {"code": "11100000MB0341032Y001", "name": "营业执照"},
        "kind": "registration",
        "holder": {"name": "示例甲食品有限公司", "uscc": "9113108200EX00073X", "category": "法人及非法人组织"},
        "issuer": {"name": "三河市市场监督管理局（示例）", "uscc": "1113108200EX000143"},
        "content": "食品销售",
        "premises": ["示例路1号"],
        "valid_from": "2019-01-02",
        "state": {"code": "01", "since": "2019-01-02"},
        "remarks": "企业类型：有限责任公司；注册资金：100万元人民币",
        "disclosure": "public",
    }


def test_nothing_is_left_out_not_sent_empty() -> None:
    draft = RowMapping(PROFILE, COLUMNS).draft(row(企业类型="", 注册资金="N/A", 经营范围="-", 注册地址=" "))
    assert not {"remarks", "content", "premises"} & draft.data.keys()


def test_rows_do_not_share_what_the_profile_owns() -> None:
    mapping = RowMapping(PROFILE, COLUMNS)
    first = mapping.draft(row()).data
    first["holder"]["name"] = first["issuer"]["name"] = "changed"
    assert mapping.draft(row()).data["issuer"]["name"] != "changed"
    assert "name" not in PROFILE.constants["holder"]


def test_optional_columns_may_be_missing_and_stand_in_any_order() -> None:
    columns = ("归并区划码", "注册日期", "统一社会信用代码", "企业名称")
    draft = RowMapping(PROFILE, columns).draft(Row(2, ("120116", "20190102", "9112011600EX00073X", "示例乙公司")))
    assert (draft.jurisdiction, draft.data["valid_from"]) == ("binhai", "2019-01-02")


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"企业名称": ""}, "row.required", "企业名称"),
        ({"统一社会信用代码": "N/A"}, "row.required", "统一社会信用代码"),
        ({"注册日期": "2019-02-30"}, "date.form", "注册日期"),
        ({"归并区划码": "120114"}, "area.no_node", "归并区划码"),
        ({"归并区划码": ""}, "row.required", "归并区划码"),
    ],
)
def test_rows_without_a_record_name_the_column(changes: dict[str, str], reason: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        RowMapping(PROFILE, COLUMNS).draft(row(**changes))
    assert (refused.value.reason, refused.value.field) == (reason, field)
    assert refused.value.zh


@pytest.mark.parametrize("columns", [("甲", "乙"), (*COLUMNS, "心情"), (*COLUMNS, "企业名称 ")])
def test_tables_that_do_not_fit(columns: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match=r"table\.header"):
        RowMapping(PROFILE, columns)


def test_columns_that_are_missing_are_a_fault_of_every_row() -> None:
    columns = tuple(name for name in COLUMNS if name not in ("企业名称", "注册日期"))
    with pytest.raises(Refused) as refused:
        RowMapping(PROFILE, columns).draft(Row(2, tuple((GOOD | {"统一社会信用代码": ""})[name] for name in columns)))
    assert [(each.reason, each.field) for each in refused.value.findings] == [
        ("row.required", "企业名称"),
        ("row.required", "注册日期"),
        ("row.required", "统一社会信用代码"),
    ]
    assert refused.value.zh == "企业名称、注册日期：表中没有这一列；统一社会信用代码：必填项为空"


@pytest.mark.parametrize("written", ["1.23457E+15", "9.11101E+17", "1E+18"])
def test_a_number_that_a_spreadsheet_wrote_in_short_is_no_number(written: str) -> None:
    with pytest.raises(Refused) as refused:
        RowMapping(parse(SMALL, "small"), ("证号", "类型"), own="sanhe").draft(Row(2, (written, "营业执照")))
    assert (refused.value.reason, refused.value.field) == ("cell.digits", "证号")


def test_all_that_is_wrong_with_a_row_is_said_at_once() -> None:
    with pytest.raises(Refused) as refused:
        RowMapping(PROFILE, COLUMNS).draft(row(企业名称="", 注册日期="昨天", 归并区划码="120114"))
    assert [each.reason for each in refused.value.findings] == ["row.required", "date.form", "area.no_node"]


def test_fields_of_a_record_are_named_by_their_column() -> None:
    mapping = RowMapping(PROFILE, COLUMNS)
    assert mapping.header_of("data.holder.uscc") == "统一社会信用代码"
    assert mapping.header_of("data.premises.0") == "注册地址"
    assert mapping.header_of("data.issuer.uscc") == "归并区划码"  # whose value the table of issuers was asked by
    assert mapping.header_of("data.disclosure") == "data.disclosure"


def test_a_corrected_report_is_read_again() -> None:
    cells = tuple({**GOOD, "注册资金": "-", "企业名称": "=示例公司"}[name] for name in COLUMNS)
    draft = RowMapping(PROFILE, (*COLUMNS, *REPORT_COLUMNS)).draft(Row(2, (*cells, "9", "date.form", "x", "y", "z")))
    assert draft.data["holder"]["name"] == "=示例公司"
    assert draft.data["remarks"] == "企业类型：有限责任公司"


SMALL = {
    "type": "jjj.licence.issued",
    "columns": [
        {"names": ["证号", "XK_XKBH"], "into": ["number"], "required": True},
        {"names": ["地址一"], "into": ["premises[]"]},
        {"names": ["地址二"], "into": ["premises[]"]},
        {"names": ["类型"]},
    ],
    "lookups": [{"column": "类型", "into": "type", "values": {"营业执照": {"code": "11100000MB0341032Y001"}}}],
}


def test_a_profile_without_areas_belongs_to_the_node_it_is_handed_to() -> None:
    profile = parse(SMALL, "small")
    given = Row(2, ("1", "甲路", "乙路", "营业执照"))
    columns = ("XK_XKBH", "地址一", "地址二", "类型")
    draft = RowMapping(profile, columns, own="sanhe").draft(given)
    assert draft.jurisdiction == "sanhe"
    assert draft.data == {"number": "1", "premises": ["甲路", "乙路"], "type": {"code": "11100000MB0341032Y001"}}
    with pytest.raises(Refused, match=r"source\.missing"):
        RowMapping(profile, columns).draft(given)


def test_a_value_that_the_lookup_lacks() -> None:
    mapping = RowMapping(parse(SMALL, "small"), ("证号", "类型"), own="sanhe")
    with pytest.raises(Refused) as refused:
        mapping.draft(Row(2, ("1", "卫生许可证")))
    assert (refused.value.reason, refused.value.field) == ("row.lookup", "类型")


def test_one_column_under_two_of_its_names() -> None:
    with pytest.raises(Refused, match=r"table\.header"):
        RowMapping(parse(SMALL, "small"), ("证号", "XK_XKBH"), own="sanhe")
