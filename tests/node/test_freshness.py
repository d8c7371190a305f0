"""How fresh a log is: by the owner's dates, by the steady clock, and never by what the reader lacks (DESIGN §4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.node.freshness import LACKING_S, MOST_AHEAD_S, MOST_PENDING, Freshness, OwnClock

NOW = 1_795_400_000


def heard(size: int = 3, date: int = NOW, now: float = NOW, tick: float = 0.0) -> Freshness:
    """A reader that holds 3 leaves and has heard one statement."""
    freshness = Freshness()
    freshness.verified(3)
    freshness.heard(size, date, now, tick)
    return freshness


def test_age_is_since_the_owners_date() -> None:
    assert heard(now=NOW + 5).age(NOW + 7, 2.0) == 7


def test_nothing_heard_has_no_age() -> None:
    assert Freshness().age(NOW, 0.0) is None


def test_the_steady_clock_counts_where_the_wall_clock_was_set_back() -> None:
    assert heard().age(now=NOW - 3600, tick=40.0) == 40.0


def test_a_heartbeat_of_a_smaller_size_counts_too() -> None:
    assert heard(size=2).age(NOW + 1, 1.0) == 1


@pytest.mark.parametrize(("ahead", "used"), [(MOST_AHEAD_S, True), (MOST_AHEAD_S + 1, False)])
def test_a_date_from_the_future_is_not_used_and_counted(ahead: int, used: bool) -> None:
    freshness = heard(date=NOW + ahead)
    assert (freshness.age(NOW, 0.0) is not None) is used
    assert freshness.from_future == (not used)


def test_a_date_from_the_future_does_not_replace_the_one_before() -> None:
    freshness = heard()
    freshness.heard(3, NOW + 3600, NOW + 10, 10.0)
    assert freshness.age(NOW + 10, 10.0) == 10


def test_the_same_heartbeat_again_is_not_newer() -> None:
    """A replay must not make a log look fresh: neither by date nor by the tick of its arrival."""
    freshness = heard()
    freshness.heard(3, NOW, NOW + 50, 50.0)
    assert freshness.age(NOW + 50, 50.0) == 50


def test_an_older_date_does_not_count_once_a_newer_stands() -> None:
    freshness = heard()
    freshness.heard(3, NOW - 100, NOW + 1, 1.0)
    assert freshness.age(NOW + 1, 1.0) == 1


def test_a_heartbeat_of_leaves_that_lack_counts_only_when_they_come() -> None:
    freshness = heard()
    freshness.heard(5, NOW + 60, NOW + 60, 60.0)
    assert freshness.age(NOW + 60, 60.0) == 60
    assert freshness.known_size == 5
    freshness.verified(5)
    assert freshness.age(NOW + 60, 60.0) == 0


def test_lacking_for_over_five_minutes_is_not_fresh() -> None:
    freshness = heard()
    freshness.heard(4, NOW, NOW, 10.0)
    assert not freshness.lacking(10.0 + LACKING_S)
    assert freshness.lacking(10.1 + LACKING_S)
    assert freshness.age(NOW, 10.1 + LACKING_S) is None
    freshness.verified(4)
    assert not freshness.lacking(10.1 + LACKING_S)


def test_lacking_counts_from_the_first_showing_however_often_it_is_shown() -> None:
    """Also when another size came in between and room for pending statements ran out."""
    freshness = heard()
    freshness.heard(9, NOW, NOW, 0.0)
    for beat in range(1, 2 * MOST_PENDING):
        freshness.heard(9, NOW + beat, NOW + beat, float(beat))
    freshness.verified(5)
    assert freshness.lacking(LACKING_S + 0.1)


def test_pending_statements_are_bounded_and_the_nearest_stay() -> None:
    freshness = heard()
    for size in range(4, 4 + 2 * MOST_PENDING):
        freshness.heard(size, NOW + size, NOW + size, float(size))
    assert freshness.known_size == 3 + MOST_PENDING
    freshness.verified(4)
    assert freshness.age(NOW + 4, 4.0) == 0


@given(
    beats=st.lists(
        st.tuples(st.integers(0, 6), st.integers(NOW - 50, NOW + 50), st.floats(0, 400)),
        max_size=12,
    ),
    held=st.integers(0, 6),
)
def test_age_never_rests_on_a_size_that_is_not_held(beats: list[tuple[int, int, float]], held: int) -> None:
    freshness = Freshness()
    freshness.verified(held)
    for size, date, tick in sorted(beats, key=lambda beat: beat[2]):
        freshness.heard(size, date, NOW, tick)
    usable = [date for size, date, _ in beats if size <= held and date - NOW <= MOST_AHEAD_S]
    age = freshness.age(NOW, 400.0)
    lacking = any(400.0 - tick > LACKING_S for size, date, tick in beats if size > held and date - NOW <= MOST_AHEAD_S)
    assert (age is None) is (not usable or lacking)
    if age is not None:
        assert age >= NOW - max(usable)


# The own clock


def test_partners_who_are_all_ahead_say_that_the_own_clock_is_slow() -> None:
    clock = OwnClock()
    clock.heard("a", NOW + 31, NOW, 0.0)
    clock.heard("b", NOW + 45, NOW, 1.0)
    assert clock.slow(2.0)


def test_one_partner_of_three_who_is_ahead_says_nothing() -> None:
    clock = OwnClock()
    clock.heard("a", NOW + 3600, NOW, 0.0)
    clock.heard("b", NOW, NOW, 0.0)
    clock.heard("c", NOW - 5, NOW, 0.0)
    assert not clock.slow(1.0)


def test_many_dates_of_one_partner_weigh_no_more_than_one() -> None:
    clock = OwnClock()
    for beat in range(100):
        clock.heard("a", NOW + 3600 + beat, NOW + beat, float(beat))
    clock.heard("b", NOW, NOW, 0.0)
    clock.heard("c", NOW, NOW, 0.0)
    assert not clock.slow(100.0)


def test_what_was_heard_over_ten_minutes_ago_does_not_count() -> None:
    clock = OwnClock()
    clock.heard("a", NOW + 60, NOW, 0.0)
    assert clock.slow(600.0)
    assert not clock.slow(600.1)


def test_who_has_heard_nobody_does_not_doubt_the_own_clock() -> None:
    assert not OwnClock().slow(0.0)


def test_exactly_thirty_seconds_are_no_doubt() -> None:
    clock = OwnClock()
    clock.heard("a", NOW + MOST_AHEAD_S, NOW, 0.0)
    assert not clock.slow(0.0)
