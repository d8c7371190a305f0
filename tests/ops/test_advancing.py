"""How far it is, now and then, with an estimate that looks at the last minute."""

from __future__ import annotations

import pytest

from gateway.ops.advancing import Advance, duration


class Clock:
    """Seconds as a test sets them."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_line_each_ten_seconds_with_what_is_left() -> None:
    told: list[str] = []
    clock = Clock()
    advance = Advance("发布 publishing", say=told.append, clock=clock)
    for second in range(31):
        clock.now = float(second)
        advance(second * 100, 10_000)
    assert told == [
        "发布 publishing: 1000 / 10000 (10 %), 约剩 about 1 min 30 s left",
        "发布 publishing: 2000 / 10000 (20 %), 约剩 about 1 min 20 s left",
        "发布 publishing: 3000 / 10000 (30 %), 约剩 about 1 min 10 s left",
    ]


def test_what_is_over_soon_is_not_told() -> None:
    told: list[str] = []
    clock = Clock()
    advance = Advance("x", say=told.append, clock=clock)
    clock.now = 9.9
    advance(500, 500)
    assert told == []


def test_a_quick_start_is_forgotten_after_a_minute() -> None:
    told: list[str] = []
    clock = Clock()
    advance = Advance("x", say=told.append, clock=clock)
    for step in range(1, 9):
        clock.now = step * 10.0
        advance(500_000 + step * 1_000, 600_000)  # half of it was passed over in no time
    assert "about 15 min 20 s left" in told[-1]


def test_without_a_total_only_what_is_done() -> None:
    told: list[str] = []
    clock = Clock()
    advance = Advance("x", say=told.append, clock=clock)
    clock.now = 10.0
    advance(20_000, 0)
    assert told == ["x: 20000"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.6, "1 min 0 s"), (3599, "59 min 59 s"), (3725, "1 h 2 min"), (90000, "25 h 0 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
