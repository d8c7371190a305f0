"""Instants and days: one form each, real calendar, the same on any Python."""

from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.instants import format_time, parse_day, parse_time, shanghai_day

FIRST, LAST = -62_135_596_800_000, 253_402_300_799_999


@given(st.integers(FIRST, LAST))
def test_what_is_formatted_is_parsed_back(ms: int) -> None:
    assert parse_time(format_time(ms)) == ms


@given(st.datetimes(timezones=st.just(UTC)))
def test_agrees_with_the_calendar_of_the_library(moment: datetime) -> None:
    ms = moment.microsecond // 1000
    text = f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}.{ms:03d}Z"
    since = moment.replace(microsecond=0) - datetime(1970, 1, 1, tzinfo=UTC)
    assert parse_time(text) == (since.days * 86_400 + since.seconds) * 1000 + ms


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T02:03:04Z",
        "2026-11-23T02:03:04.56Z",
        "2026-11-23T02:03:04.5678Z",
        "2026-11-23t02:03:04.567Z",
        "2026-11-23T02:03:04.567z",
        "2026-11-23T02:03:04.567+00:00",
        "2026-11-23T02:03:04,567Z",
        "2026-11-23 02:03:04.567Z",
        "2026-11-23T24:00:00.000Z",
        "2026-11-23T23:59:60.000Z",
        "2026-11-23T23:60:00.000Z",
        "2026-02-29T00:00:00.000Z",
        "2026-13-01T00:00:00.000Z",
        "0000-01-01T00:00:00.000Z",
        "２０２６-11-23T02:03:04.567Z",
        "2026-11-23T02:03:04.567Z\n",
        "",
    ],
)
def test_other_forms_of_time_are_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_time(text)
    assert caught.value.reason == "time.form"


@given(st.text())
def test_any_text_is_an_instant_or_refused(text: str) -> None:
    for parse in (parse_time, parse_day):
        with suppress(Refused):
            parse(text)


@given(st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_days_are_read_as_written(day: date) -> None:
    assert parse_day(day.isoformat()) == day


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026-2-3", "20260203", "1899-12-31", "3000-01-01", "2026/02/03", "2026-02-03\n", "长期"]
)
def test_other_days_are_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_day(text)
    assert caught.value.reason == "date.form"
    assert caught.value.zh


def test_a_leap_day_exists_in_leap_years_only() -> None:
    assert parse_day("2024-02-29") == date(2024, 2, 29)
    with pytest.raises(Refused):
        parse_day("2100-02-29")


def test_the_day_in_shanghai_begins_eight_hours_earlier() -> None:
    sixteen = parse_time("2026-11-23T16:00:00.000Z") // 1000
    assert shanghai_day(sixteen - 1) == date(2026, 11, 23)
    assert shanghai_day(sixteen) == date(2026, 11, 24)


@pytest.mark.parametrize("ms", [FIRST - 1, LAST + 1])
def test_instants_beyond_the_calendar_cannot_be_written(ms: int) -> None:
    with pytest.raises(ValueError, match="ms lies"):
        format_time(ms)
