"""What stands more than once is found, however many rows there are, in little memory."""

from __future__ import annotations

import tracemalloc
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.intake import sameness
from gateway.intake.sameness import Sameness, Standing, number


def standing(*rows: tuple[int, int]) -> Standing:
    with Sameness() as seen:
        for subject, content in rows:
            seen.add(subject, content)
        return seen.result()


def test_counts_and_contradictions() -> None:
    found = standing((1, 7), (2, 7), (1, 7), (3, 8), (3, 9), (3, 9))
    assert found == Standing({1: 2, 3: 3}, frozenset({3}))
    assert standing() == Standing({}, frozenset())


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 1))))
def test_as_a_plain_count_would(rows: list[tuple[int, int]]) -> None:
    found = standing(*rows)
    counts = Counter(subject for subject, _ in rows)
    assert found.counts == {subject: count for subject, count in counts.items() if count > 1}
    contents = {subject: {content for each, content in rows if each == subject} for subject in counts}
    assert found.conflicting == {subject for subject, said in contents.items() if len(said) > 1}


@given(st.binary(max_size=9))
def test_numbers_fit_the_table(text: bytes) -> None:
    assert -(1 << 63) <= number(text) < 1 << 63
    assert standing((number(text), 0), (number(text), 0)).counts == {number(text): 2}


def test_memory_does_not_grow_with_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sameness, "_BATCH", 1_000)
    tracemalloc.start()
    with Sameness() as seen:
        for at in range(50_000):
            seen.add(at, at)
        assert seen.result() == Standing({}, frozenset())
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
