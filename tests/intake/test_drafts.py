"""Paths into a record's data."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.intake.drafts import copied, holds, put, setter

PLACED = [
    ("number", {"number": "x"}),
    ("holder.name", {"holder": {"name": "x"}}),
    ("a.b.c", {"a": {"b": {"c": "x"}}}),
    ("premises[]", {"premises": ["x"]}),
    ("penalty.grounds[]", {"penalty": {"grounds": ["x"]}}),
    ("items[].name", {"items": [{"name": "x"}]}),
]


@pytest.mark.parametrize(("member", "expected"), PLACED)
def test_where_a_value_goes(member: str, expected: dict[str, Any]) -> None:
    once: dict[str, Any] = {}
    put(once, member, "x")
    prepared: dict[str, Any] = {}
    setter(member)(prepared, "x")
    assert once == prepared == expected


def test_beside_what_stands_there() -> None:
    data: dict[str, Any] = {"holder": {"uscc": "1"}}
    setter("holder.name")(data, "x")
    for text in ("a", "b"):
        put(data, "premises[]", text)
        put(data, "items[].name", text)
        put(data, "remarks", text, label=text.upper())
    assert data == {
        "holder": {"uscc": "1", "name": "x"},
        "premises": ["a", "b"],
        "items": [{"name": "b"}],
        "remarks": "A：a；B：b",
    }


def test_what_stands_there() -> None:
    data = {"a": {"b": 1}, "c": "x"}
    assert [holds(data, path) for path in ("a", "a.b", "a.c", "c.d", "e")] == [True, True, False, False, False]


def test_a_copy_is_ones_own() -> None:
    owned = {"a": {"b": [{"c": 1}]}}
    copied(owned)["a"]["b"][0]["c"] = 2
    assert owned == {"a": {"b": [{"c": 1}]}}
