"""Agreements: read strictly; what covers a question, in which order, and what the nearest one lacks."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.trust import agreements
from gateway.trust.agreements import Agreements, Wanted
from tests.records.builders import GONE
from tests.trust.papers import TYPE, agreement, changed, reason_of, written
from tests.trust.papers import agreements as sample

DAY = date(2026, 11, 23)
WANTED = Wanted("sanhe", "tongzhou", TYPE, "开办分店", DAY)


def read(*members: dict[str, Any]) -> Agreements:
    return agreements.parse(written(sample(*members)))


def test_an_agreement_covers_what_it_names() -> None:
    assert [each.id for each in read().covering(WANTED)] == ["2026-017"]


def test_a_star_stands_for_every_type_and_purpose() -> None:
    found = read(agreement(types=["*"], purposes=["*"]))
    assert found.covering(Wanted("sanhe", "tongzhou", "SOMETHINGELSE", "", DAY))


@pytest.mark.parametrize(
    ("wanted", "changes", "gap"),
    [
        (Wanted("tongzhou", "sanhe", TYPE, "", DAY), {}, "agreement.none"),
        (Wanted("wuqing", "tongzhou", TYPE, "", DAY), {}, "agreement.none"),
        (Wanted("sanhe", "tongzhou", "11100000MB0341032Y001", "", DAY), {}, "agreement.type"),
        (WANTED, {"purposes": ["招标投标"]}, "agreement.purpose"),
        (Wanted("sanhe", "tongzhou", TYPE, "", date(2025, 12, 31)), {}, "agreement.day"),
        (Wanted("sanhe", "tongzhou", TYPE, "", date(2029, 1, 1)), {}, "agreement.day"),
        (Wanted("sanhe", "tongzhou", TYPE, "", DAY, carried=True), {}, "agreement.carried"),
    ],
)
def test_what_is_not_covered_is_named(wanted: Wanted, changes: dict[str, Any], gap: str) -> None:
    found = read(agreement(**changes))
    assert found.covering(wanted) == ()
    assert found.gap(wanted) == gap


def test_the_first_and_the_last_day_are_included_and_without_until_there_is_no_last() -> None:
    found = read(agreement())
    for day, covered in [(date(2026, 1, 1), True), (date(2028, 12, 31), True)]:
        assert bool(found.covering(Wanted("sanhe", "tongzhou", TYPE, "", day))) is covered
    endless = agreements.parse(written(changed(sample(), {"agreements.0.until": GONE})))
    assert endless.covering(Wanted("sanhe", "tongzhou", TYPE, "", date(2999, 1, 1)))


def test_several_that_cover_come_by_id_whatever_their_order_in_the_file() -> None:
    found = read(agreement(id="2026-020"), agreement(id="2026-003"), agreement(id="2026-017"))
    assert [each.id for each in found.covering(WANTED)] == ["2026-003", "2026-017", "2026-020"]


def test_the_gap_told_is_that_of_the_agreement_that_came_nearest() -> None:
    found = read(
        agreement(id="1", issued_by=["wuqing"]), agreement(id="2", until="2026-02-01"), agreement(id="3", types=["ABC"])
    )
    assert found.gap(WANTED) == "agreement.day"
    assert agreements.parse(written({"version": 1, "agreements": []})).gap(WANTED) == "agreement.none"


def test_terms_on_credit_are_found_by_kind() -> None:
    [found] = read().agreements
    term = found.term("dishonest_list")
    assert term is not None
    assert (term.effect, term.ground) == ("restricted", "示例协议第六条")
    assert found.term("penalty") is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"motto": "x"}, "motto"),
        ({"agreements.0.otherwise": GONE}, "agreements[0].otherwise"),
        ({"agreements.0.extra": 1}, "agreements[0].extra"),
        ({"agreements.0.until": "2025-12-31"}, "agreements[0].until"),
        ({"agreements.0.since": "2026/01/01"}, "agreements[0].since"),
        ({"agreements.0.since": "2026-01-01T00:00:00Z"}, "agreements[0].since"),
        ({"agreements.0.issued_by": []}, "agreements[0].issued_by"),
        ({"agreements.0.recognised_by": ["Tongzhou"]}, "agreements[0].recognised_by[0]"),
        ({"agreements.0.types": ["食品"]}, "agreements[0].types"),
        ({"agreements.0.types": [TYPE, TYPE]}, "agreements[0].types"),
        ({"agreements.0.witnesses": -1}, "agreements[0].witnesses"),
        ({"agreements.0.freshness_s": 0}, "agreements[0].freshness_s"),
        ({"agreements.0.carried": "no"}, "agreements[0].carried"),
        ({"agreements.0.credit.0.kind": "rumour"}, "agreements[0].credit[0].kind"),
        ({"agreements.0.credit.0.effect": "forbidden"}, "agreements[0].credit[0].effect"),
        ({"agreements.0.credit.0.ground": ""}, "agreements[0].credit[0].ground"),
        ({"agreements.0.credit": [agreement()["credit"][0]] * 2}, "agreements[0].credit"),
        ({"agreements": [agreement(), agreement()]}, "agreements.id"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_path(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        agreements.parse(written(changed(sample(), changes)))
    assert (refused.value.reason, refused.value.field) == ("trust.form", field)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(document: bytes) -> None:
    assert reason_of(lambda: agreements.parse(document)) in (None, "trust.form")
