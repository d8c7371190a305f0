"""A node that is away is waited for, with growing pauses, and not for ever."""

from __future__ import annotations

import asyncio

import pytest

from gateway.errors import CannotRun
from gateway.ops.patience import PAUSES_S, NodeAway, Patience


class Away:
    """Work at a node that does not answer for so many tries."""

    def __init__(self, tries: int, error: CannotRun | None = None) -> None:
        self.left = tries
        self.asked: list[bool] = []
        self.error = error or NodeAway("node.unreachable", "gone")

    async def __call__(self, again: bool) -> str:
        self.asked.append(again)
        self.left -= 1
        if self.left >= 0:
            raise self.error
        return "answer"


async def test_it_asks_again_and_says_each_pause() -> None:
    told: list[str] = []
    work = Away(2)
    assert await Patience(say=told.append, pauses_s=(0.0, 0.001, 0.002)).ask(work) == "answer"
    assert work.asked == [False, True, True]
    assert [line.split("：")[1] for line in told] == [
        "0 秒后重试 · will try again in 0 s",
        "0.001 秒后重试 · will try again in 0.001 s",
    ]
    assert all("[node.unreachable]" in line for line in told)


async def test_after_the_last_pause_the_error_stands() -> None:
    work = Away(99)
    with pytest.raises(NodeAway, match=r"node\.unreachable"):
        await Patience(say=lambda _: None, pauses_s=(0.0, 0.0)).ask(work)
    assert len(work.asked) == 3


async def test_what_waiting_does_not_cure_is_not_waited_for() -> None:
    work = Away(1, CannotRun("access.token", "no"))
    with pytest.raises(CannotRun, match=r"access\.token"):
        await Patience(say=lambda _: None, pauses_s=(60.0,)).ask(work)
    assert work.asked == [False]


async def test_an_answer_sets_the_pauses_back() -> None:
    told: list[str] = []
    patience = Patience(say=told.append, pauses_s=(0.0, 0.0))
    for _ in range(3):
        assert await patience.ask(Away(2)) == "answer"
    assert len(told) == 6


async def test_requests_under_way_share_a_pause() -> None:
    told: list[str] = []
    patience = Patience(say=told.append, pauses_s=(0.0,))
    await asyncio.gather(*(patience.ask(Away(1)) for _ in range(4)))
    assert len(told) == 1


def test_the_pauses_grow_and_end() -> None:
    assert list(PAUSES_S) == sorted(PAUSES_S)
    assert sum(PAUSES_S) == 300
