"""How trust documents are read: strictly, member by member, and with one kind of refusal whatever comes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.trust.documents import MAX_DOCUMENT, Fields, parse_document
from tests.trust.papers import reason_of


def refusal(read: object) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        read()  # type: ignore[operator]
    return refused.value.reason, refused.value.field


def test_white_space_is_welcome_and_order_is_free() -> None:
    assert parse_document(b' {\n "b" : 1, "a": [true] }\n') == {"b": 1, "a": [True]}


def test_a_name_that_stands_twice_is_refused_at_any_depth() -> None:
    assert refusal(lambda: parse_document(b'{"a":{"b":1,"c":2,"b":1}}')) == ("trust.form", "b")


def test_a_document_beyond_all_reason_is_refused_before_it_is_read() -> None:
    assert reason_of(lambda: parse_document(b" " * (MAX_DOCUMENT + 1))) == "trust.form"


def test_what_nobody_asked_for_is_refused_by_its_path() -> None:
    fields = Fields({"name": "x", "motto": "y"}, "jurisdictions[1]")
    assert fields.text("name") == "x"
    assert refusal(fields.close) == ("trust.form", "jurisdictions[1].motto")


def test_a_list_holds_texts_and_no_text_twice() -> None:
    assert Fields({"types": ["A", "B"]}, "").texts("types") == ("A", "B")
    assert refusal(lambda: Fields({"types": ["A", "A"]}, "").texts("types")) == ("trust.form", "types")
    assert refusal(lambda: Fields({"types": ["A", 1]}, "").texts("types")) == ("trust.form", "types[1]")


@pytest.mark.parametrize(("value", "good"), [(0, True), (-1, False), (2**53 - 1, True), (2**53, False), (True, False)])
def test_an_integer_is_one_and_within_bounds(value: object, good: bool) -> None:
    assert (reason_of(lambda: Fields({"n": value}, "").integer("n")) is None) is good


def test_days_and_instants_make_windows() -> None:
    fields = Fields({"day": "2026-03-01", "instant": "2026-02-28T16:00:00Z"}, "")
    assert fields.day("day") == date(2026, 3, 1)
    assert fields.start("day") == fields.start("instant") == fields.end("instant")
    assert fields.end("day") - fields.start("day") == 86_399


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(document: bytes) -> None:
    assert reason_of(lambda: parse_document(document)) in (None, "trust.form")
