"""Flat objects in a list are rows; numbers stay as they were written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.intake.headings import heading
from gateway.intake.rows import Limits, Row, Wanted
from gateway.intake.tables import open_table

Write = Callable[..., Path]
WANTED = Wanted(frozenset({heading("certId")}), member="licences")


def rows(path: Path, wanted: Wanted = WANTED) -> list[Row]:
    return list(open_table(path, Limits(), wanted).rows())


def test_rows_and_columns(write: Write) -> None:
    content = '[{"a":"x","b":0.10},{"b":12345678901234567890,"c":true},{"a":null,"b":1e-6,"c":false}]'
    path = write(content, name="t.json")
    assert open_table(path).columns == ("a", "b", "c")
    assert [row.cells for row in rows(path)] == [
        ("x", "0.10", ""),
        ("", "12345678901234567890", "true"),
        ("", "1e-6", "false"),
    ]
    assert [row.number for row in rows(path)] == [1, 2, 3]


@pytest.mark.parametrize(
    "text",
    [
        '{"licences":[{"certId":"1"}],"other":[{"certId":"2"}]}',  # the profile names the list
        '{"data":[{"certId":"1"}],"other":[{"x":"2"}],"n":1}',  # the one with columns that are known
        '{"rows":[{"certId":"1"}]}',
        '\ufeff[{"certId":"1"}]',
    ],
)
def test_which_list_holds_the_rows(write: Write, text: str) -> None:
    assert rows(write(text, name="t.json")) == [Row(1, ("1",))]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "[1]",
        "{",
        '{"a":1}',
        '{"a":[{"x":1}],"b":[{"x":1}]}',
        '[{"a":1,"a":2}]',
        '[{"a":NaN}]',
        '[{"\\ud800":1}]',
        "[" * 100_000,
    ],
)
def test_what_holds_no_rows(write: Write, text: str) -> None:
    with pytest.raises(Refused, match=r"table\.form") as refused:
        rows(write(text, name="t.json"))
    assert refused.value.zh


def test_no_members_are_no_columns(write: Write) -> None:
    with pytest.raises(Refused, match=r"table\.header"):
        rows(write("[{}]", name="t.json"))
    with pytest.raises(Refused, match=r"table\.header"):
        open_table(write('[{"a":1,"b":1,"c":1}]', name="t.json"), Limits(columns=2))


def test_what_is_wrong_with_one_object_is_its_own_fault(write: Write) -> None:
    given_ = '[{"certId":["1"]},{"certId":"2"},{"certId":"\\ud800"}]'
    faults = [(row.fault.reason if row.fault else None) for row in rows(write(given_, name="t.json"))]
    assert faults == ["row.nested", None, "form.character"]


def test_not_utf_8_and_too_large(write: Write) -> None:
    with pytest.raises(Refused, match=r"table\.form"):
        rows(write(b'[{"a":"\xff"}]', name="t.json"))
    with pytest.raises(Refused, match=r"table\.size"):
        open_table(write('[{"a":1}]', name="t.json"), Limits(json_bytes=5))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(content=st.binary(max_size=60) | st.text(alphabet='{}[]":,\\ud80ae1-.tru', max_size=60).map(str.encode))
def test_any_bytes_are_rows_or_refused(write: Write, content: bytes) -> None:
    try:
        found = rows(write(content, name="any.json"))
    except Refused:
        return
    assert all(cell.encode() is not None for row in found for cell in row.cells)
