"""Finished records, one JSON object a line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.intake.drafts import RowDraft
from gateway.intake.finished import LineMapping
from gateway.intake.profile import REPORT_COLUMNS
from gateway.intake.rows import Row

DATA = {"number": "JY1"}


def draft(text: str, own: str | None = None) -> RowDraft:
    return LineMapping(("record",), own).draft(Row(1, (text,)))


def line(**members: object) -> str:
    return json.dumps({"type": "jjj.licence.issued", "data": DATA} | members)


@pytest.mark.parametrize(
    ("text", "own"),
    [(line(source="urn:jjj:sanhe"), None), (line(jurisdiction="sanhe"), "tongzhou"), (line(), "sanhe")],
)
def test_whose_record_it_is(text: str, own: str | None) -> None:
    assert draft(text, own) == RowDraft("sanhe", "jjj.licence.issued", DATA)


def test_both_may_say_the_same() -> None:
    assert draft(line(source="urn:jjj:sanhe", jurisdiction="sanhe")).jurisdiction == "sanhe"


def test_id_and_time_are_passed_on() -> None:
    found = draft(line(id="an id", time="a time"), "sanhe")
    assert (found.id, found.time) == ("an id", "a time")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "form.json"),
        ('{"a":NaN}', "form.json"),
        ('{"a":"\\ud800"}', "form.json"),
        ("[]", "draft.form"),
        ("1", "draft.form"),
        ("{}", "draft.form"),
        (line(colour="red"), "draft.form"),
        (line(data=[]), "draft.form"),
        (line(type=None), "draft.form"),
        (line(id=7), "draft.form"),
        ('{"type":"a","type":"b","data":{}}', "form.duplicate_name"),
        ('{"type":"a","data":{"x":{"y":1,"y":2}}}', "form.duplicate_name"),
        ('{"type":"a","data":{"x":' + "[" * 40 + "]" * 40 + "}}", "form.depth"),
        (line(), "source.missing"),
        (line(source="sanhe"), "source.form"),
        (line(source="urn:jjj:Sanhe"), "source.form"),
        (line(jurisdiction=""), "source.form"),
        (line(source="urn:jjj:sanhe", jurisdiction="tongzhou"), "source.form"),
    ],
)
def test_lines_that_hold_no_record(text: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        draft(text)
    assert refused.value.reason == reason


def test_only_tables_of_lines() -> None:
    LineMapping(("record", *REPORT_COLUMNS))
    with pytest.raises(Refused, match=r"table\.header"):
        LineMapping(("企业名称",))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "data", "id", "time", "source", "x"]), inner, max_size=4)
    ),
)


@given(JSON.map(json.dumps) | st.text(max_size=60) | st.text(alphabet='{}[]":,\\ud80e1-.', max_size=60))
def test_any_line_is_a_record_or_refused(text: str) -> None:
    try:
        found = draft(text, "sanhe")
    except Refused:
        return
    assert isinstance(found.data, dict)
