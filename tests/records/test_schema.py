"""The published schemas: complete, self-contained, judged alike by both validators and an independent table of
fields.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import CannotRun, Refused
from gateway.records.packaged import data_path
from gateway.records.schema import MAX_FINDINGS, SchemaSet
from tests.records import field_table
from tests.records.builders import CREDIT_OBJECTS, GONE, TYPE_CODES, change, correction, credit, licence, whole_licence

SCHEMAS = SchemaSet.built_in()
CREDIT_MORE: dict[str, Any] = {
    "public_until": "2027-05-10",
    "legal_representative": "示例人甲",
    "supplied_by": licence()["issuer"],
    "remarks": "示例备注",
}
WHOLE = [
    *(("licence:1.0", licence(kind)) for kind in TYPE_CODES),
    ("licence:1.0", whole_licence()),
    ("licence:1.0", licence("filing", decision={"date": "2024-03-01"})),
    ("licence:1.0", correction()),
    *(("credit:1.0", credit(kind, **CREDIT_MORE)) for kind in CREDIT_OBJECTS),
    ("credit:1.0", correction()),
]


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object in a schema document."""
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from nodes(value)


# The files


@pytest.mark.parametrize("name", SCHEMAS.names())
def test_examples_pass(name: str) -> None:
    for example in SCHEMAS.schemas[name].document["examples"]:
        assert SCHEMAS.judge(name, example) == []


@pytest.mark.parametrize("name", SCHEMAS.names())
def test_every_field_has_a_chinese_title_and_every_text_a_limit(name: str) -> None:
    schema = SCHEMAS.schemas[name]
    fields = [
        pair for node in nodes(schema.document) for pair in node.get("properties", {}).items() if "const" not in pair[1]
    ]
    described = [(field, node) for field, node in fields if "not" not in node and set(node) - {"required"}]
    for field, node in described:
        assert re.search("[\u4e00-\u9fff]", node.get("title", "")), field
        if node.get("type") == "string":
            assert "maxLength" in node or "enum" in node, field
        if node.get("type") == "array":
            assert "maxItems" in node, field
        if node.get("type") == "object":
            assert node["additionalProperties"] is False, field


@pytest.mark.parametrize("name", SCHEMAS.names())
def test_patterns_use_literal_classes_only_and_formats_are_not_used(name: str) -> None:
    for node in nodes(SCHEMAS.schemas[name].document):
        assert not isinstance(node.get("format"), str)
        pattern = node.get("pattern")
        if isinstance(pattern, str):
            assert not re.search(r"\\[dDwWsSpPbB]|\(\?", pattern), pattern
            assert node["x-jjj-rule"]["zh"]
            assert node["x-jjj-rule"]["en"]


ITEMS = {
    "licence:1.0": """XK_XDR_MC XK_XDR_LB XK_XDR_SHXYM XK_FRDB XK_XKWS XK_WSH XK_XKLB XK_XKZS XK_XKBH XK_NR XK_JDRQ
        XK_YXQZ XK_YXQZI XK_XKJG XK_XKJGDM XK_ZT XK_LYDW XK_LYDWDM BZ
        ZZMC ZZLXDM ZZBH ZZBS ZZBFJG ZZBFJGDM CZZT CZZTDM ZZYXQQSRQ ZZYXQJZRQ""",
    "credit:1.0": """CF_XDR_MC CF_XDR_LB CF_XDR_SHXYM CF_FRDB CF_WSH CF_WFXW CF_SY CF_YJ CF_CFLB CF_NR CF_NR_FK
        CF_NR_WFFF CF_NR_ZKDX CF_JDRQ CF_YXQ CF_GSJZQ CF_CFJG CF_CFJGDM CF_SJLY CF_SJLYDM BZ""",
}


@pytest.mark.parametrize("name", SCHEMAS.names())
def test_national_items_stand_beside_the_fields(name: str) -> None:
    document = SCHEMAS.schemas[name].document
    found = {item["code"] for node in nodes(document) for item in node.get("x-jjj-items", []) if isinstance(item, dict)}
    assert found == set(ITEMS[name].split())


# Each rule, once by hand


LONG = "长" * 6000
VIOLATIONS = [
    ("licence:1.0", licence(), {"number": GONE}, "schema.required", "data.number"),
    ("licence:1.0", licence(), {"number": ""}, "schema.minLength", "data.number"),
    ("licence:1.0", licence(), {"number": " \u3000"}, "schema.pattern", "data.number"),
    ("licence:1.0", licence(), {"number": LONG}, "schema.maxLength", "data.number"),
    ("licence:1.0", licence(), {"number": 5}, "schema.type", "data.number"),
    ("licence:1.0", licence(), {"extra": 5}, "schema.additionalProperties", "data.extra"),
    ("licence:1.0", licence(), {"holder.extra": 5}, "schema.additionalProperties", "data.holder.extra"),
    ("licence:1.0", licence(), {"kind": "licence"}, "schema.enum", "data.kind"),
    ("licence:1.0", licence(), {"type.code": "11100000mb"}, "schema.pattern", "data.type.code"),
    ("licence:1.0", licence(), {"type.code": "AB:C"}, "schema.pattern", "data.type.code"),
    ("licence:1.0", licence(), {"type.code": "ABC\n"}, "schema.pattern", "data.type.code"),
    ("licence:1.0", licence(), {"holder.uscc": "9111"}, "uscc.form", "data.holder.uscc"),
    ("licence:1.0", licence(), {"holder.category": "法人"}, "schema.enum", "data.holder.category"),
    ("licence:1.0", licence(), {"valid_from": "2024/03/01"}, "date.form", "data.valid_from"),
    ("licence:1.0", licence(), {"disclosure": "limited"}, "disclosure.not_public", "data.disclosure"),
    ("licence:1.0", licence(), {"decision": GONE}, "schema.required", "data.decision"),
    ("licence:1.0", licence(), {"decision.date": GONE}, "schema.required", "data.decision.date"),
    ("licence:1.0", licence("filing"), {"decision": {}}, "schema.minProperties", "data.decision"),
    ("licence:1.0", licence(), {"content": GONE}, "schema.required", "data.content"),
    ("licence:1.0", licence(), {"decision.category": "一般"}, "schema.pattern", "data.decision.category"),
    ("licence:1.0", licence(), {"state.code": "08"}, "schema.enum", "data.state.code"),
    ("licence:1.0", licence(), {"state.code": "99"}, "schema.required", "data.state.reason"),
    ("licence:1.0", licence(), {"items": []}, "schema.minItems", "data.items"),
    ("licence:1.0", licence(), {"premises": ["x"] * 65}, "schema.maxItems", "data.premises"),
    ("licence:1.0", licence(), {"predecessor": {"subject": "A:1"}}, "schema.required", "data.predecessor.source"),
    ("licence:1.0", whole_licence(), {"document.sha256": "AB" * 32}, "schema.pattern", "data.document.sha256"),
    ("licence:1.0", whole_licence(), {"document.media_type": "image/png"}, "schema.enum", "data.document.media_type"),
    ("licence:1.0", correction(), {"index": -1}, "schema.minimum", "data.index"),
    ("licence:1.0", correction(), {"index": 2**53}, "schema.maximum", "data.index"),
    ("licence:1.0", correction(), {"leaf_hash": GONE}, "schema.required", "data.leaf_hash"),
    ("licence:1.0", correction(), {"leaf_hash": "AA=="}, "schema.pattern", "data.leaf_hash"),
    ("licence:1.0", correction(), {"number": "1"}, "schema.additionalProperties", "data.number"),
    ("credit:1.0", credit(), {"penalty": GONE}, "schema.required", "data.penalty"),
    ("credit:1.0", credit(), {"rating": {"scheme": "x", "grade": "A"}}, "kind.mismatch", "data.rating"),
    ("credit:1.0", credit(), {"penalty.fine_10k_yuan": "1.2345678"}, "amount.form", "data.penalty.fine_10k_yuan"),
    ("credit:1.0", credit(), {"penalty.fine_10k_yuan": 1}, "schema.type", "data.penalty.fine_10k_yuan"),
    ("credit:1.0", credit(), {"penalty.categories": ["罚款", "罚款"]}, "schema.uniqueItems", "data.penalty.categories"),
    ("credit:1.0", credit("rating"), {"rating.grade": GONE}, "schema.required", "data.rating.grade"),
    ("credit:1.0", credit("rating"), {"rating.year": "2025"}, "schema.type", "data.rating.year"),
    ("credit:1.0", credit("commitment"), {"commitment.code": "1"}, "schema.pattern", "data.commitment.code"),
    ("credit:1.0", credit("commitment"), {"commitment": GONE}, "schema.required", "data.commitment"),
    ("credit:1.0", credit(), {"state": "01"}, "schema.enum", "data.state"),
    ("credit:1.0", credit(), {"decided_on": GONE}, "schema.required", "data.decided_on"),
]


@pytest.mark.parametrize(("name", "data", "changes", "reason", "field"), VIOLATIONS)
def test_each_rule_is_named_with_its_field(name: str, data: Any, changes: Any, reason: str, field: str) -> None:
    found = {(finding.reason, finding.field): finding for finding in SCHEMAS.judge(name, change(data, changes))}
    assert (reason, field) in found
    assert found[reason, field].zh
    assert found[reason, field].en


@pytest.mark.parametrize(("name", "data"), WHOLE)
def test_whole_data_pass(name: str, data: Any) -> None:
    assert SCHEMAS.judge(name, data) == []
    assert SCHEMAS.fits(name, data)


@pytest.mark.parametrize("kind", ["abnormal_list", "dishonest_list", "honour"])
def test_kinds_without_required_members_need_no_object(kind: str) -> None:
    assert SCHEMAS.judge("credit:1.0", credit(kind, remove=(kind,))) == []


def test_values_that_json_does_not_have_do_not_fit() -> None:
    assert not SCHEMAS.fits("licence:1.0", licence(remarks=object()))
    assert SCHEMAS.judge("licence:1.0", licence(remarks=object()))[0].field == "data.remarks"


def test_no_more_findings_than_anyone_reads() -> None:
    data = licence(items=[{"grade": 5, "x": 1} for _ in range(200)])
    assert len(SCHEMAS.judge("licence:1.0", data)) == 50


# Many documents, broken at random


LEAVES: list[Any] = [
    *("", " ", "x", "A" * 18, "A" * 21, "0", "1.5", "00.5", "123456789", "0.1234567", "2024-02-30", "2024-2-3"),
    *(
        "1899-01-01",
        "2024-03-01\n",
        "普通",
        "其他-特别",
        "其他-",
        "99",
        "01",
        "public",
        "permit",
        "penalty",
        "in_force",
    ),
    *("urn:jjj:sanhe", "urn:jjj:", "长" * 51, "长" * 201, "长" * 513, "长" * 5001),
    *(0, -1, 2025, 3000, 2**53, True, [], ["x"], ["x", "x"], ["x"] * 300, {}, {"name": "x"}),
]
NAMES = [
    "extra",
    "number",
    "index",
    "leaf_hash",
    "rating",
    "penalty",
    "honour",
    "reason",
    "remarks",
    "decision",
    "document",
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """Every path into a document with what stands there, the root left out."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, child in children for found in [((*path, key), child), *places(child, (*path, key))]]


def spoilt(value: Any, random: Random) -> Any:
    """Something else in the place of a value: nothing, what its type makes wrong, or anything at all."""
    chance = random.random()
    if chance < 0.3:
        return GONE
    if chance < 0.6 and isinstance(value, list):
        return random.choice([[], value * 300, value + value[:1]])
    if chance < 0.4 and isinstance(value, dict):
        return {}
    return random.choice(LEAVES)


def broken(data: Any, random: Random) -> Any:
    """A copy with one to three members set, removed or added."""
    for _ in range(random.randint(1, 3)):
        found = places(data)
        if not found:
            return data
        path, value = random.choice(found)
        *parent, _ = path
        if random.random() < 0.2:
            path, value = (*parent, random.choice(NAMES)), "x"
        try:
            data = change(data, {".".join(map(str, path)): spoilt(value, random)})
        except (KeyError, ValueError, TypeError):
            continue  # a new name where the parent is a list, or none to remove
    return data


@given(st.sampled_from(WHOLE), st.randoms(use_true_random=False))
def test_both_validators_and_the_table_of_fields_agree(case: tuple[str, Any], random: Random) -> None:
    name, whole = case
    schema = SCHEMAS.schemas[name]
    for _ in range(12):
        data = broken(whole, random)
        exact = schema.exact.is_valid(data)
        assert exact or not schema.quick.is_valid(data), data
        assert exact is (not field_table.faults(name.partition(":")[0], data)), data
        assert exact is (not schema.judge(data)), data


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (credit(penalty=CREDIT_OBJECTS["penalty"] | {"categories": [*map(str, range(17)), {}]}), "penalty.categories"),
        (credit(penalty=CREDIT_OBJECTS["penalty"] | {"grounds": [""] * 33}), "penalty.grounds"),
        (licence(premises=[""] * 65), "premises"),
        (licence(items=[{}] * 257), "items"),
    ],
)
def test_an_overlong_list_is_refused_for_its_length_alone(data: dict[str, Any], field: str) -> None:
    """Nothing in it is looked at: a line of 60,000 bytes could take seconds else."""
    name = "licence:1.0" if "items" in data or "premises" in data else "credit:1.0"
    told = [(found.reason, found.field) for found in SCHEMAS.judge(name, data)]
    assert told == [("schema.maxItems", f"data.{field}")]


def test_of_thousands_of_unknown_members_the_first_are_named() -> None:
    data = licence() | {f"unknown{number}": 1 for number in range(3000)}
    assert len(SCHEMAS.judge("licence:1.0", data)) == MAX_FINDINGS


# The set


def test_names_minors_and_newer() -> None:
    assert SCHEMAS.names() == ("credit:1.0", "licence:1.0")
    assert SCHEMAS.minors("licence") == ["licence:1.0"]
    assert SCHEMAS.knows("licence:1.0")
    assert not SCHEMAS.knows("licence:1.1")
    assert [SCHEMAS.newer(name) for name in ("licence:1.1", "licence:1.0", "licence:2.0", "casework:1.0", "x")] == [
        True, False, False, False, False,
    ]  # fmt: skip


def test_an_unknown_schema_judges_nothing() -> None:
    with pytest.raises(Refused) as caught:
        SCHEMAS.judge("licence:1.1", licence())
    assert caught.value.reason == "schema.unknown"


def minor(document: dict[str, Any], number: int) -> bytes:
    """The licence schema again under a later minor, with one optional member more."""
    grown = change(document, {"$id": f"urn:jjj:schema:licence:1.{number}"})
    grown["$defs"]["licence"]["properties"]["colour"] = {"title": "颜色", "type": "string", "maxLength": 8}
    return orjson.dumps(grown)


def test_a_later_minor_stands_beside_and_changes_the_digest(tmp_path: Path) -> None:
    document = dict(SCHEMAS.schemas["licence:1.0"].document)
    for number in (2, 10):
        (tmp_path / f"licence-1.{number}.schema.json").write_bytes(minor(document, number))
    both = SchemaSet.load(data_path("schemas"), tmp_path)
    assert both.minors("licence") == ["licence:1.0", "licence:1.2", "licence:1.10"]
    assert both.judge("licence:1.2", licence(colour="红")) == []
    assert both.judge("licence:1.0", licence(colour="红"))[0].reason == "schema.additionalProperties"
    assert both.digest != SCHEMAS.digest
    assert SchemaSet.built_in().digest == SCHEMAS.digest


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("licence-1.1.schema.json", b"{", "schema.invalid"),
        ("licence-1.1.schema.json", b'{"$id":"urn:jjj:schema:licence:1.2"}', "schema.invalid"),
        ("licence-1.1.schema.json", b'{"$id":"urn:jjj:schema:licence:1.1","type":"text"}', "schema.invalid"),
        ("licence-x.schema.json", b'{"$id":"urn:jjj:schema:licence:x"}', "schema.invalid"),
        (
            "licence-1.1.schema.json",
            b'{"$id":"urn:jjj:schema:licence:1.1","$ref":"https://jjj.example/x"}',
            "schema.invalid",
        ),
        ("licence-1.0.schema.json", b'{"$id":"urn:jjj:schema:licence:1.0"}', "schema.changed"),
    ],
)
def test_a_folder_with_something_wrong_is_not_loaded(tmp_path: Path, file: str, content: bytes, reason: str) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(CannotRun) as caught:
        SchemaSet.load(data_path("schemas"), tmp_path)
    assert caught.value.reason == reason


def test_a_folder_without_schemas_is_not_loaded(tmp_path: Path) -> None:
    with pytest.raises(CannotRun) as caught:
        SchemaSet.load(tmp_path)
    assert caught.value.reason == "schema.missing"
