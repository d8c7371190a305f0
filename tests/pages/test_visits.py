"""What a visit's cookie may say: exactly what was written, and nothing of what anybody else makes up."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.visits import LONGEST_COOKIE, MOST_TEXT, Visit, own_path

SHORT = st.text(st.characters(exclude_categories=["Cs"]), max_size=MOST_TEXT)


@given(SHORT, SHORT, st.booleans(), st.sampled_from(["zh", "en"]))
def test_what_was_written_is_read(purpose: str, case: str, told: bool, language: str) -> None:
    visit = Visit("0" * 32, language, told, purpose, case)
    assert len(visit.text()) <= LONGEST_COOKIE
    assert Visit.read(visit.text()) == visit


@given(st.text())
def test_any_text_is_a_visit_or_none(text: str) -> None:
    assert Visit.read(text) is None or Visit.read(text) is not None


@pytest.mark.parametrize(
    "members",
    [
        [],
        ["0" * 32, "zh", True, "", "", ""],
        ["0" * 31, "zh", True, "", ""],
        ["0" * 32, "xx", True, "", ""],
        ["0" * 32, "zh", 1, "", ""],
        ["0" * 32, "zh", True, 7, ""],
        ["0" * 32, "zh", True, "x" * (MOST_TEXT + 1), ""],
        {"id": "0" * 32},
        7,
    ],
)
def test_what_nobody_wrote_is_no_visit(members: object) -> None:
    assert Visit.read(urlsafe_b64encode(orjson.dumps(members)).decode()) is None


@given(st.text())
def test_whatever_is_wanted_next_is_a_path_of_this_page(wanted: str) -> None:
    found = own_path(wanted)
    assert found == "/" or found.startswith("/?")
    assert not set(found) & set("\r\n\\\" <>")
