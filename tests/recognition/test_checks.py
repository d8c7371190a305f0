"""What every rule stands on: the freshness budget, and when a log's last word is today's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.recognition.checks import LAST_KNOWN, Case, Result, freshness_budget, smallest_budget
from gateway.recognition.verdict import judge
from gateway.trust import agreements, catalogue
from tests.recognition.desk import ISSUED, Event, asked, log
from tests.trust import papers


@pytest.mark.parametrize(
    ("freshness_s", "volatile", "budget"),
    [
        (None, False, 86_400),
        (None, True, 3_600),
        (5, False, 5),
        (5, True, 5),
        (7_200, True, 3_600),
        (999_999, False, 86_400),
    ],
)
def test_the_budget_is_the_smallest_of_agreement_volatile_hour_and_day(
    freshness_s: int | None, volatile: bool, budget: int
) -> None:
    [kind] = catalogue.parse(papers.written(papers.catalogue(volatile=volatile))).types.values()
    terms = papers.agreement(freshness_s=freshness_s) if freshness_s else None
    agreement = agreements.parse(papers.written(papers.agreements(terms))).agreements[0] if terms else None
    assert freshness_budget(agreement, kind) == budget
    assert freshness_budget(None, None) == 86_400


def test_the_smallest_budget_is_that_of_the_first_verdicts_to_grow_stale() -> None:
    def budget(types: list[str], *freshness_s: int, volatile: bool = False, source: str = "sanhe") -> int:
        terms = [
            papers.agreement(
                id=f"2026-{number}", issued_by=["sanhe"], recognised_by=["tongzhou"], types=types, freshness_s=seconds
            )
            for number, seconds in enumerate(freshness_s)
        ]
        kinds = catalogue.parse(papers.written(papers.catalogue(volatile=volatile)))
        return smallest_budget(
            agreements.parse(papers.written(papers.agreements(*terms))), kinds, source, "tongzhou"
        )

    [code] = catalogue.parse(papers.written(papers.catalogue())).types
    assert budget([code], 7_200, 600, 86_400) == 600
    assert budget([code], 7_200, volatile=True) == 3_600
    assert budget(["*"], 7_200, volatile=True) == 3_600
    assert budget(["11100000MB0341032Y999"], 7_200, volatile=True) == 7_200
    assert budget([code], 600, source="wuqing") == 86_400


@pytest.mark.parametrize(
    ("known", "fault"),
    [
        ({}, None),
        ({"age_s": 86_400.0}, None),
        ({"age_s": 86_400.1}, "source.stale"),
        ({"age_s": None}, "source.unheard"),
        ({"age_s": None, "lacking": True}, "source.lacking"),
        ({"age_s": None, "lacking": True, "frozen": True}, "log.frozen"),
    ],
)
def test_a_log_is_fresh_up_to_the_budget(known: dict[str, object], fault: str | None) -> None:
    case = Case(asked().question(), asked().facts(), None, None)
    assert case.fault(log(**known)) == fault


@pytest.mark.parametrize("reason", sorted(LAST_KNOWN.keys() - {"credit.restricted"}))
def test_what_can_be_undone_is_red_while_fresh_and_last_known_while_silent(reason: str) -> None:
    fresh, silent = asked(), asked(log={"age_s": None})
    told = [Case(case.question(), case.facts(), None, None).holds_back(reason) for case in (fresh, silent)]
    assert [(outcome.result, outcome.reason) for outcome in told] == [
        (Result.FAIL, reason),
        (Result.UNKNOWN, LAST_KNOWN[reason]),
    ]


def test_under_stale_trust_data_nothing_is_proven_though_no_log_is_left() -> None:
    case = asked(history=(ISSUED, Event("annulled", since="2026-03-01")))
    facts = replace(case.facts(), trust_age_s=8 * 86_400.0, logs=())
    assert judge(case.question(), facts).check("state").reason == "trust.stale"
