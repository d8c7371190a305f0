"""What is presented against what was issued: as people read it, and nothing assumed of what nobody presented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.recognition.unchanged import Comparison, compare

DATA = {
    "holder": {"name": "示例甲演出有限公司"},
    "content": "示例音乐会（下半场：示例组曲、示例序曲）\n共 90 分钟",
    "items": [{"name": "示例演员甲", "grade": "一级"}, {"name": "示例演员乙"}],
    "premises": ["示例市示例路1号"],
    "year": 2026,
}


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("items.name", ["示例演员甲", "示例演员乙"]),
        ("items.name", ["示例演员乙", "示例演员甲"]),
        ("items.name", ["示例演员乙，示例演员甲"]),
        ("items.name", ["示例演员甲;示例演员乙"]),
        ("items.grade", ["一级"]),
        ("premises", ["示例市 示例路１号"]),
        ("holder.name", [" 示例甲演出有限公司 "]),
        ("content", ["示例音乐会(下半场:示例组曲、示例序曲)共90分钟"]),
        ("year", ["2026"]),
    ],
)
def test_the_same_in_another_writing_is_unchanged(field: str, shown: list[str]) -> None:
    assert compare(DATA, [field], {field: tuple(shown)}) == Comparison((), ())


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("items.name", ["示例演员甲"]),
        ("items.name", ["示例演员甲", "示例演员乙", "示例演员丙"]),
        ("items.name", ["示例演员甲", "示例演员甲", "示例演员乙"]),
        ("premises", ["示例市示例路2号"]),
        ("holder.name", ["示例乙演出有限公司"]),
        ("content", ["示例音乐会"]),
        ("year", ["2027"]),
    ],
)
def test_anything_else_is_changed(field: str, shown: list[str]) -> None:
    assert compare(DATA, [field], {field: tuple(shown)}) == Comparison((field,), ())


@pytest.mark.parametrize(
    ("field", "shown"),
    [("content", []), ("content", [""]), ("performers", ["示例甲"]), ("holder", ["示例"]), ("items.name.x", ["示例"])],
)
def test_what_was_not_presented_or_is_not_recorded_is_left_to_a_person(field: str, shown: list[str]) -> None:
    assert compare(DATA, [field], {field: tuple(shown)}) == Comparison((), (field,))


def test_what_the_agreement_does_not_want_unchanged_is_not_compared() -> None:
    assert compare(DATA, [], {"content": ("另一示例",)}) == Comparison((), ())


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4), st.randoms())
def test_order_never_matters(names: list[str], draw: object) -> None:
    data = {"items": [{"name": name} for name in names]}
    mixed = list(names)
    draw.shuffle(mixed)  # type: ignore[attr-defined]
    assert compare(data, ["items.name"], {"items.name": tuple(mixed)}).changed == ()
