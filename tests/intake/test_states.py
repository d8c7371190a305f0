"""Codes of a state mean what their source and form say; a wrong guess is worse than a refusal."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import Refused
from gateway.intake import profiles
from gateway.intake.outcomes import Item, Outcome, RefusedRow
from gateway.intake.profilefile import parse
from gateway.intake.reading import Reading, open_reading
from gateway.intake.rows import Limits, Wanted
from gateway.intake.tables import open_table
from tests.records import builders

Write = Callable[..., Path]
PERMIT = "shuanggongshi-licence"
PENALTY = "shuanggongshi-penalty"
AUTHORITY = "示例通州区市场监督管理局"

PERMIT_2015 = {
    "XK_XDR": "示例甲食品有限公司",
    "XK_XDR_SHXYM": builders.HOLDER,
    "XK_XMMC": "食品经营许可证核发",
    "XK_WSH": "示通市监许〔2015〕17号",
    "XK_SPLB": "普通",
    "XK_NR": "预包装食品销售",
    "XK_JDRQ": "2015-03-01",
    "XK_JZQ": "2099/12/31",
    "XK_XZJG": AUTHORITY,
    "XK_ZT": "0",
    "XK_XDR_SFZ": "",
    "DFBM": "110112",
    "SJC": "2015-03-02 08:00:00",
}
PERMIT_2018 = {
    "行政相对人名称": "示例甲食品有限公司",
    "行政相对人类别": "法人及非法人组织",
    "统一社会信用代码": builders.HOLDER,
    "法定代表人": "示例人甲",
    "行政许可决定文书名称": "准予食品经营许可决定书",
    "行政许可决定文书号": "示通市监许〔2024〕17号",
    "许可类别": "普通",
    "许可证书名称": "食品经营许可证",
    "许可内容": "预包装食品销售",
    "许可决定日期": "2024-03-01",
    "有效期自": "2024-03-01",
    "有效期至": "2029-02-28",
    "许可机关": AUTHORITY,
    "许可机关统一社会信用代码": builders.ISSUER,
    "当前状态": "1",
    "数据来源单位": "示例通州区政务数据中心",
    "数据来源单位统一社会信用代码": builders.SUPPLIER,
}
PENALTY_2018 = {
    "CF_XDR_MC": "示例甲食品有限公司",
    "CF_XDR_LB": "法人及非法人组织",
    "CF_XDR_SHXYM": builders.HOLDER,
    "CF_FRDB": "示例人甲",
    "CF_WSH": "示通市监处罚〔2026〕17号",
    "CF_WFXW": "食品违法行为",
    "CF_SY": "销售超过保质期的食品",
    "CF_YJ": "中华人民共和国食品安全法第一百二十四条",
    "CF_CFLB": "警告;罚款",
    "CF_NR": "警告，罚款288元",
    "CF_NR_FK": "0.0288",
    "CF_JDRQ": "2026-05-10",
    "CF_YXQ": "2027-05-10",
    "CF_CFJG": AUTHORITY,
    "CF_CFJGDM": builders.ISSUER,
    "CF_SJLY": "示例通州区政务数据中心",
    "CF_SJLYDM": builders.SUPPLIER,
}
PENALTY_2015 = {
    "CF_XDR": "示例甲食品有限公司",
    "CF_XDR_SHXYM": builders.uscc(7, "92110112"),
    "CF_WSH": "示通市监处罚〔2015〕17号",
    "CF_CFMC": "食品违法行为",
    "CF_SY": "销售超过保质期的食品",
    "CF_YJ": "中华人民共和国食品安全法第一百二十四条",
    "CF_CFLB1": "警告",
    "CF_CFLB2": "罚款",
    "CF_JG": "警告，罚款288元",
    "CF_JDRQ": "2015-05-10",
    "CF_XZJG": AUTHORITY,
    "CF_ZT": "0",
    "CF_XDR_SFZ": "",
}


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Outcome]:
    """Reads a table of one row; ``lacking``: columns left out."""

    def outcome(row: dict[str, str], profile: str = PERMIT, lacking: tuple[str, ...] = (), **more: str) -> Outcome:
        cells = {name: cell for name, cell in (row | more).items() if name not in lacking}
        path = tmp_path / "one.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([cells.keys(), cells.values()])
        (found,) = open_reading(path, profile, own="tongzhou")
        return found

    return outcome


def item(found: Outcome) -> Item:
    assert isinstance(found, Item), found
    return found


def refused(found: Outcome) -> list[tuple[str, str]]:
    assert isinstance(found, RefusedRow), found
    return [(each.reason, each.field) for each in found.findings]


def test_a_permit_of_2015(read: Callable[..., Outcome]) -> None:
    found = item(read(PERMIT_2015))
    assert found.type == "jjj.licence.issued"
    assert found.data == {
        "kind": "permit",
        "disclosure": "public",
        "holder": {"name": "示例甲食品有限公司", "uscc": builders.HOLDER, "category": "法人及非法人组织"},
        "type": {"code": "11100000MB0341032Y002", "name": "食品经营许可证"},
        "number": "示通市监许〔2015〕17号",
        "decision": {
            "title": "食品经营许可证核发",
            "number": "示通市监许〔2015〕17号",
            "date": "2015-03-01",
            "category": "普通",
        },
        "content": "预包装食品销售",
        "valid_from": "2015-03-01",
        "issuer": {"name": AUTHORITY, "uscc": "11110112MB0EXA001D"},
        "state": {"code": "01", "since": "2015-03-01"},
    }


@pytest.mark.parametrize(
    ("row", "code", "expected"),
    [
        (PERMIT_2018, "1", ("jjj.licence.issued", "01")),
        (PERMIT_2018, "有效", ("jjj.licence.issued", "01")),
        (PERMIT_2018, "2", ("jjj.licence.changed", "99")),  # invalid, nobody says why: neither green nor red
        (PERMIT_2018, "0", None),  # normal in 2015; unconfirmed in 2018
        (PERMIT_2018, "3", None),
        (PERMIT_2015, "0", ("jjj.licence.issued", "01")),
        (PERMIT_2015, "", ("jjj.licence.issued", "01")),
        (PERMIT_2015, "1", None),  # valid in 2018, not in 2015
        (PERMIT_2015, "有效", None),
    ],
)
def test_what_a_code_means(read: Callable[..., Outcome], row: dict[str, str], code: str, expected: Any) -> None:
    column = "XK_ZT" if "XK_ZT" in row else "当前状态"
    found = read(row, **{column: code})
    if expected is None:
        assert refused(found) == [("row.lookup", column)]
    else:
        assert (item(found).type, item(found).data["state"]["code"]) == expected


def test_an_empty_state_of_2018_is_no_state(read: Callable[..., Outcome]) -> None:
    assert refused(read(PERMIT_2018, 当前状态="")) == [("row.required", "当前状态")]


@pytest.mark.parametrize(
    ("row", "profile", "column", "name"),
    [
        (PERMIT_2018, PERMIT, "当前状态", "当前状态"),
        (PERMIT_2015, PERMIT, "XK_ZT", "当前状态"),
        (PENALTY_2015, PENALTY, "CF_ZT", "当前状态"),
    ],
)
def test_a_table_without_the_state_says_no_state(
    read: Callable[..., Outcome], row: dict[str, str], profile: str, column: str, name: str
) -> None:
    assert refused(read(row, profile, lacking=(column,))) == [("row.required", name)]


def test_columns_of_two_forms_are_not_told_apart(read: Callable[..., Outcome]) -> None:
    for row, profile, more in (
        (PERMIT_2015, PERMIT, {"XK_LYDW": "示例"}),
        (PERMIT_2018, PERMIT, {"审批类别": "普通"}),
        (PENALTY_2015, PENALTY, {"处罚有效期": "2027-01-01"}),
    ):
        with pytest.raises(Refused, match=r"table\.header"):
            read(row, profile, **more)


def test_a_source_with_codes_of_its_own(write: Write) -> None:
    document = tomllib.loads((profiles.FOLDER / f"{PERMIT}.toml").read_text(encoding="utf-8"))
    own = {
        "sources": [builders.SUPPLIER],
        "values": {
            "A": {"type": "jjj.licence.issued", "state.code": "01"},
            "1": {"type": "jjj.licence.cancelled", "state.code": "04"},
        },
    }
    document["states"]["maps"].insert(0, own)
    profile = parse(document, "mine")
    other = PERMIT_2018 | {"数据来源单位统一社会信用代码": builders.uscc(9), "行政许可决定文书号": "示〔2024〕2号"}
    rows = [PERMIT_2018, other, PERMIT_2018 | {"当前状态": "2", "行政许可决定文书号": "示〔2024〕3号"}]
    path = write("\n".join([",".join(PERMIT_2018), *(",".join(row.values()) for row in rows)]))
    first, second, third = Reading(open_table(path, Limits(), Wanted(profile.headings)), profile, own="tongzhou")
    assert (item(first).type, item(first).data["state"]["code"]) == ("jjj.licence.cancelled", "04")
    assert item(second).data["state"]["code"] == "01"
    assert refused(third) == [("row.lookup", "当前状态")]


def test_penalties_of_both_forms(read: Callable[..., Outcome]) -> None:
    newer = item(read(PENALTY_2018, PENALTY))
    assert (newer.type, newer.data["state"]) == ("jjj.credit.recorded", "in_force")
    assert newer.data["penalty"]["categories"] == ["警告", "罚款"]
    assert newer.data["penalty"]["fine_10k_yuan"] == "0.0288"
    older = item(read(PENALTY_2015, PENALTY))
    assert (older.type, older.data["state"]) == ("jjj.credit.recorded", "in_force")
    assert older.data["penalty"]["categories"] == ["警告", "罚款"]
    assert older.data["holder"]["category"] == "个体工商户"  # by the code's first characters
    assert older.data["authority"]["uscc"] == "11110112MB0EXA001D"
    for code in ("1", "2", "3"):
        assert refused(read(PENALTY_2015, PENALTY, CF_ZT=code)) == [("row.lookup", "CF_ZT")]
    assert refused(read(PENALTY_2018, PENALTY, CF_ZT="0")) == [("row.lookup", "CF_ZT")]  # a column it doesn't have


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"CF_NR_FK": ".15"}, ("amount.form", "CF_NR_FK")),
        ({"CF_NR_FK": "288元"}, ("amount.form", "CF_NR_FK")),
        ({"CF_NR": "罚款.15元"}, ("amount.form", "CF_NR")),
        ({"CF_CFLB": "警告、罚款"}, ("list.form", "CF_CFLB")),
    ],
)
def test_sums_and_categories_are_not_guessed(
    read: Callable[..., Outcome], more: dict[str, str], expected: tuple[str, str]
) -> None:
    assert refused(read(PENALTY_2018, PENALTY, **more)) == [expected]


def test_the_type_is_that_of_the_certificate_or_none(read: Callable[..., Outcome]) -> None:
    """A certificate that the table lacks is not looked for under the decision's title."""
    assert refused(read(PERMIT_2018, 许可证书名称="卫生许可证", 行政许可决定文书名称="食品经营许可")) == [
        ("row.lookup", "许可证书名称")
    ]
    by_title = item(read(PERMIT_2018, 许可证书名称="", 行政许可决定文书名称="食品经营许可"))
    assert by_title.data["type"]["name"] == "食品经营许可证"
    found = read(PERMIT_2018, 许可证书名称="")
    assert refused(found) == [("row.lookup", "行政许可决定文书名称")]
    assert isinstance(found, RefusedRow)
    assert "请填写“许可证书名称”" in found.zh


def test_an_authority_by_its_name_only_where_the_table_has_it(read: Callable[..., Outcome]) -> None:
    assert refused(read(PERMIT_2015, XK_XZJG="某某局")) == [("row.lookup", "XK_XZJG")]


@pytest.mark.parametrize(
    ("row", "profile", "more"),
    [
        (PERMIT_2015, PERMIT, {"XK_XDR_SFZ": builders.PERSONS_NUMBER, "XK_XDR_SHXYM": ""}),
        (PENALTY_2015, PENALTY, {"CF_XDR_SFZ": "E12345678"}),
        (PERMIT_2018, PERMIT, {"行政相对人类别": "自然人", "统一社会信用代码": ""}),
    ],
)
def test_natural_persons_are_refused_and_their_documents_are_not_shown(
    read: Callable[..., Outcome], row: dict[str, str], profile: str, more: dict[str, str]
) -> None:
    found = read(row, profile, **more)
    assert refused(found)[0][0] == "holder.person"
    assert builders.PERSONS_NUMBER not in repr(found)
    assert "E12345678" not in repr(found)
