"""Bodies: what is taken whole, what is refused by itself, and that no bytes do anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.web.bodies import Shape, Values, split

MOST = 50
GOOD: dict[str, Any] = {"type": "jjj.licence.issued", "data": {"n": '示例 "甲" \\ 😀', "l": [1, -2, {"a": True}]}}
PRETTY = json.dumps(GOOD, indent=2).encode()


def read(body: bytes, *, lines: bool = False) -> Values:
    return split(body, lines=lines, most=MOST)


def compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


STYLES = {
    "compact": compact,
    "spaced": lambda value: json.dumps(value).encode(),
    "indented": lambda value: json.dumps(value, indent=3, ensure_ascii=False).encode() + b"\r\n\r\n",
}


@pytest.mark.parametrize("style", STYLES)
def test_one_object_however_it_is_written(style: str) -> None:
    assert read(STYLES[style](GOOD)) == Values(Shape.ONE, (GOOD,))


@pytest.mark.parametrize("style", STYLES)
def test_an_array_however_it_is_written(style: str) -> None:
    assert read(b" " + STYLES[style]([GOOD, 7, [GOOD]])) == Values(Shape.ARRAY, (GOOD, 7, [GOOD]))


@pytest.mark.parametrize("body", [b"[]", b" [ \n ] "])
def test_an_empty_array_holds_nothing(body: bytes) -> None:
    assert read(body) == Values(Shape.ARRAY, ())


@pytest.mark.parametrize("lines", [True, False])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b" \n\n\t\n"])
def test_lines_by_media_type_or_by_their_look(lines: bool, end: bytes) -> None:
    body = compact(GOOD) + end + compact(GOOD) + end
    assert read(body, lines=lines) == Values(Shape.LINES, (GOOD, GOOD))


def test_a_pretty_object_is_not_taken_for_lines() -> None:
    assert b"}\n" in PRETTY
    assert read(PRETTY).shape is Shape.ONE


def test_one_line_of_lines_is_still_lines() -> None:
    assert read(compact(GOOD), lines=True) == Values(Shape.LINES, (GOOD,))


BAD = {
    "doubled name": (b'{"a":1,"a":1}', "form.duplicate_name"),
    "doubled name deep inside": (b'{"a":[{"b":{"c":1,"c":2}}]}', "form.duplicate_name"),
    "doubled name by an escape": (rb'{"a":1,"\u0061":2}', "form.duplicate_name"),
    "doubled name of half a pair": (rb'{"\ud800":1,"\ud800":2}', "form.duplicate_name"),
    "minus zero": (b'{"a":-0}', "form.number"),
    "NaN": (b'{"a":NaN}', "form.number"),
    "minus infinity": (b'{"a":-Infinity}', "form.number"),
    "an endless integer": (b'{"a":' + b"9" * 6000 + b"}", "form.number"),
    "half of a surrogate pair": (rb'{"a":"\ud800"}', "form.character"),
    "a raw control character": (b'{"a":"\x01"}', "form.character"),
    "not UTF-8": (b'{"a":"\xff"}', "form.utf8"),
    "an overlong sequence": (b'{"a":"\xc0\xaf"}', "form.utf8"),
    "depth 5000": (b'{"a":' * 5000 + b"1" + b"}" * 5000, "form.depth"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_refused_by_itself_in_every_shape(name: str) -> None:
    bad, reason = BAD[name]
    good = compact(GOOD)
    array, lines = b"[%b ,%b, %b]" % (good, bad, good), b"%b\n%b\n%b" % (good, bad, good)
    assert [_said(value) for value in read(bad).found] == [reason]
    assert [_said(value) for value in read(array).found] == [GOOD, reason, GOOD]
    assert [_said(value) for value in read(lines, lines=True).found] == [GOOD, reason, GOOD]


def _said(value: Any) -> Any:
    return value.reason if isinstance(value, Refused) else value


@pytest.mark.parametrize(
    "bad", [b"{", b"nonsense", b'{"a":1', b'{"a":1,}', b'{"a":1}}', b'{"a":1} x', b"{'a':1}", b"\x00"]
)
def test_a_line_that_is_no_json_hides_no_other(bad: bytes) -> None:
    found = read(b"%b\n%b\n%b\n" % (compact(GOOD), bad, compact(GOOD)), lines=True).found
    assert [_said(value) for value in found] == [GOOD, "form.json", GOOD]


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        b"{",
        b'{"a":1',
        b'{"a":1,}',
        b"[",
        b"[1",
        b"[1,",
        b"[1,]",
        b"[,1]",
        b"[1}",
        b"[{]}",
        b"[1]]",
        b"[1] 2",
        b'["a]',
        b"\xef\xbb\xbf[1, 2]",
    ],
)
def test_a_document_that_is_no_json_is_refused_whole(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        read(body)
    assert caught.value.reason == "body.json"


def test_a_byte_order_mark_is_said_by_its_name() -> None:
    bom = b"\xef\xbb\xbf"
    assert [_said(value) for value in read(bom + compact(GOOD)).found] == ["form.bom"]
    found = read(bom + compact(GOOD) + b"\n" + compact(GOOD), lines=True).found
    assert [_said(value) for value in found] == ["form.bom", GOOD]


@pytest.mark.parametrize("body", [b"", b" \r\n\t ", b"\n\n\n"])
@pytest.mark.parametrize("lines", [True, False])
def test_an_empty_body(body: bytes, lines: bool) -> None:
    with pytest.raises(Refused) as caught:
        read(body, lines=lines)
    assert caught.value.reason == "body.empty"


@pytest.mark.parametrize(
    "body", [b"[" + b"1," * MOST + b"1]", b"[" + b"1 ," * MOST + b"1]", b"{}\n" * (MOST + 1), b"{}" + b"\n" * 9_999_999]
)
def test_too_many_values_are_refused_whole(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        read(body, lines=body.startswith(b"{"))
    assert caught.value.reason == "body.too_many"


def test_a_large_object_with_a_doubled_name_takes_no_time_to_speak_of() -> None:
    names = ",".join(f'"{number}":1' for number in range(50_000))
    assert [_said(value) for value in read(f'{{{names},"49999":2}}'.encode()).found] == ["form.duplicate_name"]


def test_as_many_as_are_allowed() -> None:
    assert len(read(b"[" + b"1, " * (MOST - 1) + b"1]").found) == MOST
    assert len(read(b"{}\n\n" * MOST, lines=True).found) == MOST


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.booleans() | st.none() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES.filter(lambda value: isinstance(value, dict)), st.sampled_from(sorted(STYLES)))
def test_whatever_was_written_is_read_again(value: Any, style: str) -> None:
    assert read(STYLES[style](value)).found == (value,)


@given(st.lists(VALUES, max_size=5), st.sampled_from(sorted(STYLES)), st.booleans())
def test_every_way_of_reading_an_array_says_the_same(values: list[Any], style: str, odd: bool) -> None:
    body = STYLES[style](values)
    if odd:  # one value more that has to be read exactly, so that all are
        body = body.rstrip()[:-1] + (b"," if values else b"") + b'{"a":-0}]'
    found = read(body).found
    assert list(found[: len(values)]) == values
    assert [_said(value) for value in found[len(values) :]] == ["form.number"] * odd


PIECES = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b":",
    b"\n",
    b" ",
    b"\\",
    b"-0",
    b"1",
    b"NaN",
    b"null",
    b'"a"',
    b"\xff",
    b"\\ud800",
]


@given(st.binary(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join), st.booleans())
def test_any_bytes_give_values_or_a_refusal(body: bytes, lines: bool) -> None:
    assert all(reason.startswith(("body.", "form.")) for reason in _reasons(body, lines))


def _reasons(body: bytes, lines: bool) -> list[str]:
    try:
        return [value.reason for value in read(body, lines=lines).found if isinstance(value, Refused)]
    except Refused as refused:
        return [refused.reason]
