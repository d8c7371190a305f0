"""Fields of a schema: all of them, as the schema judges them, with what it says in words."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.records.fields import CORRECTION, Field, fields
from gateway.records.packaged import data_path
from gateway.records.schema import SchemaSet
from tests.records import builders

SCHEMAS = SchemaSet.built_in()
LICENCE = {field.path: field for field in fields(SCHEMAS, "licence")}
CREDIT = {field.path: field for field in fields(SCHEMAS, "credit")}
RIGHT = {"permit": "证照种类为行政许可时必填", "99": "状态代码为其他时必填"}


def test_every_field_has_a_title_a_kind_and_where_it_is_a_value_an_example() -> None:
    for field in (*LICENCE.values(), *CREDIT.values()):
        assert field.title, field.path
        assert field.kind, field.path
        assert field.example or field.of_object or field.of_list, field.path


def paths_of(data: Any, above: str = "") -> set[str]:
    if isinstance(data, list):
        return set().union(*(paths_of(each, f"{above}[]") for each in data))
    if isinstance(data, dict):
        inner = (paths_of(value, f"{above}.{name}".lstrip(".")) for name, value in data.items())
        return set().union({above} if above and not above.endswith("[]") else set(), *inner)
    return {above}


@pytest.mark.parametrize("kind", builders.CREDIT_OBJECTS)
def test_every_member_that_a_record_may_have_is_a_field(kind: str) -> None:
    assert paths_of(builders.credit(kind)) <= CREDIT.keys() | {path.removesuffix("[]") for path in CREDIT}


def test_every_member_of_a_whole_licence_is_a_field_and_there_is_no_other() -> None:
    whole = builders.whole_licence(state={"code": "99", "since": "2026-01-01", "reason": "示例"})
    lists = {path.removesuffix("[]") for path in LICENCE if path.endswith("[]")} | {"items"}
    assert paths_of(whole) | lists == set(LICENCE)


@pytest.mark.parametrize("path", [path for path, field in LICENCE.items() if field.required])
def test_what_is_required_is_required_by_the_schema(path: str) -> None:
    assert SCHEMAS.fits("licence:1.0", builders.whole_licence())
    assert not SCHEMAS.fits("licence:1.0", builders.change(builders.whole_licence(), {path: builders.GONE}))


@pytest.mark.parametrize("path", [path for path, each in LICENCE.items() if "[]" not in path and not each.required])
def test_what_is_not_required_may_be_left_out_but_for_its_condition(path: str) -> None:
    kind = "qualification" if "行政许可" in LICENCE[path].condition else "permit"
    data = builders.change(builders.whole_licence(kind=kind), {"remarks": "示例"})
    inner = "时必填" in LICENCE[path].condition and LICENCE[path].condition.startswith("填写")
    reason = path == "state.reason"
    assert SCHEMAS.fits("licence:1.0", data if reason else builders.change(data, {path: builders.GONE})) is not inner


def test_conditions_are_told_in_words() -> None:
    assert LICENCE["decision"].condition == LICENCE["content"].condition == RIGHT["permit"]
    assert LICENCE["decision.number"].condition == RIGHT["permit"]
    assert LICENCE["state.reason"].condition == RIGHT["99"]
    assert LICENCE["items[].name"].condition == "填写“证照事项”时必填"
    assert CREDIT["penalty"].condition == "信用事项种类为行政处罚时必填，其他种类不得填写"
    assert CREDIT["honour"].condition == "信用事项种类为诚实守信荣誉时可填，其他种类不得填写"


def test_codes_lengths_lists_and_rules_are_those_of_the_schema() -> None:
    number = LICENCE["number"]
    assert number.codes[1] == ("GB/T 36903", "ZZBH", "证照编号")
    assert (number.kind, number.limits, number.required) == ("文本", "≤ 128 字", True)
    assert ("03", "撤销") in LICENCE["state.code"].choices
    assert LICENCE["disclosure"].choices == (("public", ""),)
    assert (LICENCE["items"].limits, LICENCE["items"].of_list) == ("1–256 项", True)
    assert (CREDIT["rating.year"].kind, CREDIT["rating.year"].limits) == ("整数", "1900–2999")
    assert CREDIT["penalty.fine_10k_yuan"].kind == "金额（万元）"
    assert "18 位" in LICENCE["holder.uscc"].rule


def test_corrections_are_a_part_of_their_own() -> None:
    paths = [field.path for field in fields(SCHEMAS, "licence", CORRECTION)]
    assert paths == ["index", "leaf_hash", "ground", "authority", "authority.name", "authority.uscc"]


def test_a_field_of_a_later_minor_says_since_when() -> None:
    files = {name: schema.file for name, schema in SCHEMAS.schemas.items()}
    newer = orjson.loads((data_path("schemas") / "licence-1.0.schema.json").read_bytes())
    newer["$id"] = "urn:jjj:schema:licence:1.1"
    newer["$defs"]["licence"]["properties"]["note"] = {"title": "示例说明", "type": "string", "maxLength": 9}
    found: dict[str, Field] = {
        field.path: field
        for field in fields(SchemaSet.of_files({**files, "licence:1.1": orjson.dumps(newer)}), "licence")
    }
    assert (found["note"].since, found["number"].since) == ("1.1", "1.0")
    assert found.keys() == {*LICENCE, "note"}
