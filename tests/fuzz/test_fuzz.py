"""Any bytes give each reader a value that says exactly them, or ``Refused`` (laws 1 and 2).

A short, repeatable part of ``make fuzz``: inputs made from good ones with a fixed seed, and every case that was ever
found. The bounds on memory are tried on a few inputs of the largest size; time is measured by ``make fuzz`` alone.
"""

from __future__ import annotations

from random import Random

import pytest

from gateway.errors import Refused
from tests.fuzz.bounds import MOST_MEMORY, memory_bytes
from tests.fuzz.mutations import grown, inputs
from tests.fuzz.run import CORPUS, kept
from tests.fuzz.targets import LARGEST, TARGETS, Broken, Target, judge

COUNT = 3_000
LARGE_INPUTS = 8


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_answers_or_refuses_whatever_the_bytes(name: str) -> None:
    target = TARGETS[name]
    taken = [judge(target, data) for data in inputs(target.seeds, Random(name), COUNT, LARGEST)]
    assert any(taken), "nothing was taken: the reader was tried from its outside only"
    assert all(taken) is (name == "topic"), "only a topic takes anything that anybody appends (law 5)"


@pytest.mark.parametrize("name", TARGETS)
def test_the_largest_inputs_stay_in_bounded_memory(name: str) -> None:
    target, random = TARGETS[name], Random(name)
    for _ in range(LARGE_INPUTS):
        data = grown(random.choice(target.seeds), random, LARGEST)
        assert memory_bytes(target, data) <= MOST_MEMORY, data[:80]


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_found_before_is_found_no_more(name: str) -> None:
    for data in kept(name):
        judge(TARGETS[name], data)
        assert memory_bytes(TARGETS[name], data) <= MOST_MEMORY


def test_every_kept_case_belongs_to_a_reader() -> None:
    assert {file.parent.name for file in CORPUS.glob("*/*")} <= set(TARGETS)


def test_inputs_are_the_same_for_a_seed_and_within_the_largest_size() -> None:
    seeds = TARGETS["note"].seeds
    first, second = (list(inputs(seeds, Random("x"), 500, LARGEST)) for _ in range(2))
    assert first == second
    assert len(set(first)) > 400
    assert max(map(len, first)) == LARGEST


def test_the_law_tells_a_refusal_from_a_breach() -> None:
    def refuse(_: bytes) -> None:
        raise Refused("note.form")

    def lie(_: bytes) -> None:
        raise Broken

    def crash(data: bytes) -> object:
        return {}[data]

    assert not judge(Target("refuses", refuse, ()), b"")
    for breach, raised in ((lie, Broken), (crash, KeyError)):
        with pytest.raises(raised):
            judge(Target("breaks", breach, ()), b"")
