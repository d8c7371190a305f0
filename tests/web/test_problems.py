"""Problem details: the table of statuses, the members, and nothing that should not be told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import CannotRun, Refused
from gateway.reasons import REASONS
from gateway.web import problems
from tests.records.builders import PERSONS_NUMBER


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("access.token", 401),
        ("access.host", 421),
        ("body.json", 400),
        ("body.too_large", 413),
        ("body.slow", 408),
        ("query.form", 400),
        ("question.form", 400),
        ("not_found.log", 404),
        ("route.method", 405),
        ("ledger.io", 503),
        ("bus.fenced", 503),
        ("internal", 500),
        ("holder.no_code", 422),
    ],
)
def test_the_longest_prefix_gives_the_status(reason: str, status: int) -> None:
    assert problems.status_of(reason) == status


@given(st.sampled_from(sorted(REASONS)) | st.text(max_size=20))
def test_every_reason_has_a_status_of_an_error(reason: str) -> None:
    assert 400 <= problems.details(reason, "said")["status"] < 600


def test_members_are_those_of_rfc_9457_and_ours() -> None:
    error = Refused("query.missing", "the query needs q=…", field="q")
    assert problems.of_error(error) == {
        "type": "urn:jjj:problem:query.missing",
        "title": "缺少查询参数 · a query parameter is missing",
        "status": 400,
        "detail": "the query needs q=…",
        "reason": "query.missing",
        "field": "q",
    }


def test_a_sentence_in_both_languages_is_told_in_both() -> None:
    assert problems.of_error(Refused("form.json", "not JSON", zh="不是 JSON"))["detail"] == "不是 JSON not JSON"


def test_identity_numbers_are_masked_in_what_is_told() -> None:
    found = problems.of_error(CannotRun("ledger.io", f"saw {PERSONS_NUMBER}", field=PERSONS_NUMBER))
    assert PERSONS_NUMBER not in str(found)
