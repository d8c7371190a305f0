"""The catalogue: read strictly; what is complete from which day on."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gateway.errors import Refused
from gateway.trust import catalogue
from tests.records.builders import GONE
from tests.trust.papers import TYPE, changed, written
from tests.trust.papers import catalogue as sample

NEW_YEAR = date(2026, 1, 1)


def read(changes: dict[str, Any] | None = None) -> catalogue.Catalogue:
    return catalogue.parse(written(changed(sample(), changes or {})))


def test_a_type_is_found_by_its_code() -> None:
    found = read().type(TYPE)
    assert found is not None
    assert (found.name, found.volatile, found.irreversible) == ("食品经营许可证", False, {"03", "04", "05", "07"})
    assert read().type("ABC") is None


def test_number_checks_are_listed_for_the_types_that_have_any() -> None:
    assert read().number_checks == {TYPE: ("jy",)}
    assert read({"types.0.number_checks": []}).number_checks == {}


def test_complete_from_the_declared_day_on_and_nobody_else() -> None:
    found = read()
    assert found.complete("sanhe", TYPE, NEW_YEAR)
    assert not found.complete("sanhe", TYPE, date(2025, 12, 31))
    assert not found.complete("tongzhou", TYPE, NEW_YEAR)
    assert not found.complete("sanhe", "ABC", NEW_YEAR)


def test_without_a_type_complete_means_every_type() -> None:
    other = {**sample()["types"][0], "code": "ABC", "complete": {}}
    assert read().complete("sanhe", None, NEW_YEAR)
    assert not read({"types": [sample()["types"][0], other]}).complete("sanhe", None, NEW_YEAR)
    assert not read({"types": []}).complete("sanhe", None, NEW_YEAR)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"types.0.extra": 1}, "types[0].extra"),
        ({"types.0.volatile": GONE}, "types[0].volatile"),
        ({"types.0.volatile": "no"}, "types[0].volatile"),
        ({"types.0.kind": "licence"}, "types[0].kind"),
        ({"types.0.code": "食品"}, "types[0].code"),
        ({"types.0.irreversible": ["08"]}, "types[0].irreversible"),
        ({"types.0.number_checks": ["xx"]}, "types[0].number_checks"),
        ({"types.0.complete": {"Sanhe": "2026-01-01"}}, "types[0].complete"),
        ({"types.0.complete": {"sanhe": "2026-13-01"}}, "types[0].complete.sanhe"),
        ({"types.0.complete": {"sanhe": 2026}}, "types[0].complete.sanhe"),
        ({"types": [sample()["types"][0]] * 2}, "types.code"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_path(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        read(changes)
    assert (refused.value.reason, refused.value.field) == ("trust.form", field)
