"""Which instant, which day? The only forms of time that travel, read and written without a clock.

Law 9 (no clock in the gate): nothing here knows what time it is; instants come in as arguments and go out as
integers. An instant is milliseconds since 1970-01-01T00:00:00Z; a day is a ``datetime.date`` of
Asia/Shanghai.

>>> parse_time("2026-11-23T02:03:04.567Z")
1795399384567
>>> format_time(1795399384567)
'2026-11-23T02:03:04.567Z'
>>> shanghai_day(1795399384)
datetime.date(2026, 11, 23)
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from gateway.errors import Refused

# The hour is bounded here, not by the calendar: newer Pythons read 24:00:00 as the next midnight.
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z")
_DAY = re.compile(r"(?:19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}")
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z
_SHANGHAI = timedelta(hours=8)


def parse_time(text: str) -> int:
    """Milliseconds since the epoch of exactly ``YYYY-MM-DDTHH:MM:SS.mmmZ`` (DESIGN §3, four times).

    Raises ``Refused`` "time.form" for any other form and for days that no calendar has.
    """
    if _TIME.fullmatch(text) is None:
        raise _no_time(text)
    seconds = int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])
    return (_day_number(text[:10]) * 86_400 + seconds) * 1000 + int(text[20:23])


@lru_cache(maxsize=1024)
def _day_number(day: str) -> int:
    """Days since the epoch; raises ``Refused`` for a day that doesn't exist."""
    try:
        return date(int(day[:4]), int(day[5:7]), int(day[8:10])).toordinal() - _EPOCH_DAY
    except ValueError:
        raise _no_time(day) from None


def _no_time(text: str) -> Refused:
    return Refused(
        "time.form",
        "not an instant of the form YYYY-MM-DDTHH:MM:SS.mmmZ",
        field="time",
        value=text[:80],
        zh="时间格式应为 YYYY-MM-DDTHH:MM:SS.mmmZ(世界协调时)，且必须真实存在",
    )


@lru_cache(maxsize=1_024)
def format_time(ms: int) -> str:
    """``YYYY-MM-DDTHH:MM:SS.mmmZ`` of milliseconds since the epoch; the inverse of ``parse_time``.

    Raises ``ValueError`` outside the years 1 to 9999: a caller's fault, never that of untrusted bytes.
    """
    if ms > _LAST_MS:
        raise ValueError(f"{ms} ms lies after the year 9999")
    try:
        moment = _EPOCH + timedelta(milliseconds=ms)
    except OverflowError:
        raise ValueError(f"{ms} ms lies before the year 1") from None
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


@lru_cache(maxsize=16_384)
def parse_day(text: str) -> date:
    """The day of exactly ``YYYY-MM-DD``, years 1900 to 2999. Raises ``Refused`` "date.form"."""
    if _DAY.fullmatch(text) is not None:
        try:
            return date(int(text[:4]), int(text[5:7]), int(text[8:10]))
        except ValueError:
            pass
    raise Refused(
        "date.form",
        "not a day of the form YYYY-MM-DD that exists, between 1900 and 2999",
        value=text[:80],
        zh="日期格式应为 YYYY-MM-DD，且必须是 1900 至 2999 年间真实存在的日期",
    )


def shanghai_day(seconds: int) -> date:
    """The day in Asia/Shanghai at this many seconds since the epoch (UTC+8; no summer time since 1991)."""
    return (_EPOCH + timedelta(seconds=seconds) + _SHANGHAI).date()


def first_second(day: date) -> int:
    """The first second of a day in Asia/Shanghai, since the epoch; the inverse of ``shanghai_day``."""
    return int((datetime(day.year, day.month, day.day, tzinfo=UTC) - _SHANGHAI).timestamp())
