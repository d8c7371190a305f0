"""Findings: values safe to show, fields by path, sentences a clerk can read."""

import pytest

from gateway.records import findings
from gateway.records.schema import SchemaSet
from tests.records.builders import PERSONS_NUMBER, change, licence

SCHEMAS = SchemaSet.built_in()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("示例", "示例"),
        (7, "7"),
        ({"a": ["b"]}, '{"a":["b"]}'),
        ("a\nb", "a⏎b"),
        ("x" * 81, "x" * 79 + "…"),
        ("x" * 80, "x" * 80),
        (f"号{PERSONS_NUMBER}", "号11**************2X"),
        ({"a": PERSONS_NUMBER}, '{"a":"11**************2X"}'),
    ],
)
def test_values_are_shown_short_and_masked(value: object, text: str) -> None:
    assert findings.shown(value) == text


def test_an_identity_number_across_the_cut_is_masked_before_it_is_cut() -> None:
    assert "1105" not in findings.shown("x" * 70 + PERSONS_NUMBER)
    assert "110105" not in findings.shown("x" * 70 + PERSONS_NUMBER)


def test_one_refusal_carries_every_finding_and_speaks_for_the_first() -> None:
    data = change(licence(), {"valid_from": "2024/03/01", "holder.uscc": "123", "extra": "x"})
    found = SCHEMAS.judge("licence:1.0", data)
    refused = findings.of_findings(found)
    assert [(finding.field, finding.reason) for finding in refused.findings] == [
        ("data.extra", "schema.additionalProperties"),
        ("data.holder.uscc", "uscc.form"),
        ("data.valid_from", "date.form"),
    ]
    assert (refused.reason, refused.field) == ("schema.additionalProperties", "data.extra")
    assert "2 more" in refused.message
    assert "另有 2 处" in refused.zh


def test_sentences_use_the_title_of_the_field() -> None:
    (finding,) = SCHEMAS.judge("licence:1.0", change(licence(), {"holder.uscc": "123"}))
    assert finding.zh.startswith("“行政相对人统一社会信用代码”")
    assert finding.value == "123"
    assert finding.rule.startswith("pattern ")


def test_an_unknown_member_with_an_identity_number_for_a_name_is_masked() -> None:
    (finding,) = SCHEMAS.judge("licence:1.0", licence() | {PERSONS_NUMBER: PERSONS_NUMBER})
    assert PERSONS_NUMBER not in repr(finding)


def test_a_title_of_a_place_in_a_list() -> None:
    (finding,) = SCHEMAS.judge("licence:1.0", licence(items=[{"name": "x"}, {"name": 5}]))
    assert finding.field == "data.items.1.name"
    assert finding.zh == "“事项名称”应为文本"
