"""Which record speaks for a day: by since, then by index; annulments, retractions, erased bytes, what was
known when.
"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.recognition.present import Choice, Fate, choose, newest
from tests.recognition.desk import Row, day

JAN, MAY, AUG = "2026-01-01", "2026-05-01", "2026-08-01"


def rows(*told: tuple[str, str, str], **changes: dict[int, int | bool]) -> list[Row]:
    """(verb, state, since) in index order; ``known``, ``erased`` and ``retracts`` by index."""
    known, erased, retracts = (changes.get(name, {}) for name in ("known", "erased", "retracts"))

    def row(index: int, verb: str, state: str, since: str) -> Row:
        kind = f"jjj.licence.{verb}"
        return Row(index, kind, state, day(since), known.get(index, 0), bool(erased.get(index)), retracts.get(index))

    return [row(index, *each) for index, each in enumerate(told)]


def at(text: str, history: list[Row], known_at: int | None = None) -> tuple[Fate, int | None]:
    found = choose(history, day(text), known_at)
    return found.fate, found.index


STORY = rows(("issued", "01", JAN), ("suspended", "02", MAY), ("resumed", "01", AUG))


@pytest.mark.parametrize(
    ("asked", "index"), [(JAN, 0), ("2026-04-30", 0), (MAY, 1), ("2026-07-31", 1), (AUG, 2), ("2099-01-01", 2)]
)
def test_the_greatest_since_up_to_the_day_speaks(asked: str, index: int) -> None:
    assert at(asked, STORY) == (Fate.PRESENT, index)


def test_of_equal_since_the_greatest_index_speaks() -> None:
    assert at(MAY, rows(("issued", "01", JAN), ("changed", "01", JAN), ("changed", "99", JAN))) == (Fate.PRESENT, 2)


def test_a_record_published_late_speaks_for_its_own_days_only() -> None:
    late = rows(("resumed", "01", AUG), ("suspended", "02", MAY))
    assert [at(text, late)[1] for text in (MAY, AUG)] == [1, 0]


def test_before_the_first_since_no_record_speaks() -> None:
    assert at("2025-12-31", STORY) == (Fate.NOT_ON_DAY, None)
    assert at(JAN, []) == (Fate.NONE, None)


def test_an_annulment_covers_every_day_and_other_ends_only_theirs() -> None:
    assert at("2025-12-31", rows(("issued", "01", JAN), ("annulled", "03", MAY))) == (Fate.PRESENT, 1)
    assert at(JAN, rows(("issued", "01", JAN), ("revoked", "07", MAY))) == (Fate.PRESENT, 0)


def test_of_two_annulments_the_newer_record_speaks_whatever_its_day() -> None:
    corrected = rows(("issued", "01", JAN), ("annulled", "03", AUG), ("annulled", "03", MAY))
    assert at(JAN, corrected) == (Fate.PRESENT, 2)


def test_known_at_hides_what_this_node_had_not_verified_by_then() -> None:
    story = rows(("issued", "01", JAN), ("revoked", "07", MAY), known={0: 10, 1: 20})
    assert [at(AUG, story, known)[1] for known in (9, 10, 19, 20, None)] == [None, 0, 0, 1, 1]


def test_a_retraction_speaks_until_a_newer_record() -> None:
    taken_back = rows(("issued", "01", JAN), ("retracted", "", AUG), retracts={1: 0})
    assert at(AUG, taken_back) == (Fate.RETRACTED, 1)
    assert at(AUG, [*taken_back, *STORY[2:]]) == (Fate.PRESENT, 2)


def test_what_was_retracted_speaks_for_no_day_any_more() -> None:
    story = rows(
        ("issued", "01", JAN), ("annulled", "03", MAY), ("retracted", "", AUG), ("changed", "01", AUG), retracts={2: 1}
    )
    assert [at(text, story) for text in (JAN, MAY, AUG)] == [(Fate.PRESENT, 0), (Fate.PRESENT, 0), (Fate.PRESENT, 3)]


def test_a_retraction_of_an_older_record_leaves_the_others() -> None:
    story = rows(
        ("issued", "01", JAN), ("suspended", "02", MAY), ("changed", "01", AUG), ("retracted", "", AUG), retracts={3: 1}
    )
    assert at(AUG, story) == (Fate.RETRACTED, 3)
    story += [Row(4, "jjj.licence.changed", "01", day(AUG), 0, False, None)]
    assert [at(text, story)[1] for text in (JAN, MAY, AUG)] == [0, 0, 4]


def test_a_retraction_that_names_no_index_means_the_nearest_record_below() -> None:
    story = rows(("issued", "01", JAN), ("suspended", "02", MAY), ("retracted", "", AUG), ("changed", "01", AUG))
    assert at(MAY, story) == (Fate.PRESENT, 0)


def test_erased_bytes_are_never_skipped_over_and_an_erasure_never_speaks() -> None:
    story = rows(("issued", "01", JAN), ("revoked", "07", MAY), ("erased", "", AUG), erased={1: True})
    assert [at(text, story) for text in (JAN, MAY)] == [(Fate.PRESENT, 0), (Fate.ERASED, 1)]


@pytest.mark.parametrize(
    ("verbs", "is_open"),
    [
        ((), False),
        (("objected",), True),
        (("objected", "objection_closed"), False),
        (("objected", "objection_closed", "objected"), True),
        (("objected", "changed"), True),
    ],
)
def test_an_objection_is_open_until_it_is_closed(verbs: tuple[str, ...], is_open: bool) -> None:
    story = rows(("issued", "01", JAN), *((verb, "01", JAN) for verb in verbs))
    assert choose(story, day(AUG)).objected is is_open


def test_an_objection_published_in_error_is_none() -> None:
    assert not choose(
        rows(("issued", "01", JAN), ("objected", "01", JAN), ("retracted", "", JAN), ("changed", "01", JAN)), day(AUG)
    ).objected


def test_a_licence_that_came_by_transfer_is_known_as_such_ever_after() -> None:
    assert choose(rows(("transferred_in", "01", JAN), ("changed", "01", MAY)), day(AUG)).arrived


def test_the_newest_of_a_credit_fact_is_by_index_alone() -> None:
    story = rows(("recorded", "in_force", AUG), ("repaired", "repaired", MAY))
    assert newest(story) == Choice(Fate.PRESENT, 1)
    assert newest([*story, Row(2, "jjj.credit.retracted", "", day(AUG), 0, False, None)]) == Choice(Fate.RETRACTED, 2)
    assert newest([]) == Choice(Fate.NONE)


verbs = st.sampled_from(["issued", "changed", "suspended", "annulled", "revoked", "retracted", "erased", "objected"])
days = st.dates(date(2026, 1, 1), date(2026, 1, 20))
STATES = {"suspended": "02", "annulled": "03", "revoked": "07", "retracted": "", "erased": ""}


@given(st.lists(st.tuples(verbs, days, st.integers(0, 9)), max_size=8), days, st.integers(0, 9))
def test_what_is_learned_later_never_changes_what_was_known_then(
    story: list[tuple[str, date, int]], asked: date, known_at: int
) -> None:
    told = [
        Row(index, f"jjj.licence.{verb}", STATES.get(verb, "01"), since, known, False, None)
        for index, (verb, since, known) in enumerate(story)
    ]
    then = [row for row in told if row.known <= known_at]
    assert choose(told, asked, known_at) == choose(then, asked)


@given(st.lists(st.tuples(st.sampled_from(["issued", "suspended", "revoked"]), days), max_size=8), days)
def test_the_choice_is_that_of_a_plain_search(story: list[tuple[str, date]], asked: date) -> None:
    told = [
        Row(index, f"jjj.licence.{verb}", STATES.get(verb, "01"), since, 0, False, None)
        for index, (verb, since) in enumerate(story)
    ]
    best = None
    for row in told:
        if row.since <= asked and (best is None or row.since >= best.since):
            best = row
    assert choose(reversed(told), asked).index == (None if best is None else best.index)
