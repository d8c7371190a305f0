"""A partner that signs two things that can't both be true: frozen, evidence kept, everything else goes on (law 8)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.handmade import HandMade
from tests.records import builders
from tests.simulator import Running, World, eventually

NUMBER = builders.food_number(1)


@dataclass
class Scene:
    """Sanhe's log, written by hand and held by tongzhou, who recognises its first licence."""

    world: World
    log: HandMade
    tongzhou: Running

    @property
    def now(self) -> int:
        return int(time.time())

    async def frozen(self, reason: str, first: bytes, second: bytes) -> None:
        """What a fork does, and nothing else does."""
        held = self.tongzhou.follower("sanhe")
        await eventually(lambda: held.log.frozen, "the log is frozen")
        assert held.log.frozen == reason
        assert [(origin, why, {*notes}) for origin, why, *notes in self.tongzhou.evidence()] == [
            (self.log.origin, reason, {first, second})
        ]
        answer = self.tongzhou.verify(NUMBER)
        assert answer["verdict"] == "indeterminate"
        assert {check["reason"] for check in answer["checks"] if check["name"] in ("in_log", "fresh")} == {"log.frozen"}


@pytest.fixture
async def scene(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    gm = getattr(request, "param", "ed25519") == "gm"
    async with World(tmp_path, "sanhe", "tongzhou", served=("sanhe",), gm=gm) as world:
        log = world.log_of("sanhe")
        log.add(*(log.entry(log.fresh()) for _ in range(3))).send()
        tongzhou = await world.start("tongzhou")
        await tongzhou.mirrored("sanhe", 3)
        await eventually(lambda: tongzhou.verdict(NUMBER) == "recognised", "the licence is recognised")
        yield Scene(world, log, tongzhou)


by_suite = pytest.mark.parametrize("scene", ["ed25519", "gm"], indirect=True)


@by_suite
async def test_two_roots_at_one_size(scene: Scene) -> None:
    other = scene.log.seal(root=bytes(32))
    scene.log.publish(other)
    await scene.frozen("log.fork", scene.log.seals[0], other)


async def test_another_root_at_a_size_that_was_never_sealed(scene: Scene) -> None:
    other = scene.log.seal(size=2, root=bytes(32), date=scene.now - 3600)
    scene.log.publish(other)
    await eventually(scene.tongzhou.evidence)
    assert scene.tongzhou.evidence() == [(scene.log.origin, "log.fork", other, scene.log.seals[0])]


@by_suite
async def test_a_smaller_size_with_a_later_date(scene: Scene) -> None:
    back = scene.log.seal(size=2, date=scene.now + 20)
    scene.log.publish(back)
    await scene.frozen("log.rollback", scene.log.seals[0], back)


async def test_a_larger_size_with_an_earlier_date(scene: Scene) -> None:
    """The same contradiction, told in the other order: the log had already been shown later and smaller."""
    scene.log.add(scene.log.entry(scene.log.fresh()))
    early = scene.log.seal(date=scene.now - 3600)
    scene.world.append("sanhe", scene.log.message(3, early))
    await scene.frozen("log.rollback", scene.log.seals[0], early)
    assert scene.tongzhou.size("sanhe") == 3


async def test_a_rollback_carried_by_a_record_message(scene: Scene) -> None:
    back = scene.log.seal(size=2, date=scene.now + 20)
    scene.world.append("sanhe", scene.log.message(1, back))
    await scene.frozen("log.rollback", scene.log.seals[0], back)


async def test_a_tree_that_does_not_extend_ours_as_its_owner_shows_it(scene: Scene) -> None:
    """No message proves it: only the owner's tiles under its own signature do."""
    log = scene.log
    fork = scene.world.log_of("sanhe").add(*log.entries[:2])
    fork.serial = 50
    fork.add(fork.entry(fork.fresh()), fork.entry(fork.fresh())).commit()
    async with fork.served():
        scene.world.append("sanhe", fork.message(2), fork.message(3, fork.seals[0]))
        fork.publish()
        await scene.frozen("log.fork", log.seals[0], fork.seals[0])
    assert scene.tongzhou.size("sanhe") == 3


async def test_two_roots_of_a_tree_that_nobody_has_seen_yet(scene: Scene) -> None:
    scene.log.add(scene.log.entry(scene.log.fresh()), scene.log.entry(scene.log.fresh()))
    one, other = scene.log.seal(), scene.log.seal(root=bytes(32))
    scene.log.publish(one)
    scene.log.publish(other)
    await scene.frozen("log.fork", one, other)


async def test_a_wrong_root_is_rubbish_until_the_owners_right_root_proves_that_it_signed_both(scene: Scene) -> None:
    scene.log.add(scene.log.entry(scene.log.fresh()))
    wrong, right = scene.log.seal(root=bytes(32)), scene.log.seal()
    before = scene.tongzhou.state()
    scene.world.append("sanhe", scene.log.message(3, wrong))
    await eventually(lambda: scene.tongzhou.garbage("sanhe", "root.mismatch"), "it is thrown away")
    assert scene.tongzhou.state() == before
    scene.world.append("sanhe", scene.log.message(3, right))
    await scene.frozen("log.fork", wrong, right)


async def test_nothing_more_is_taken_of_a_frozen_log_and_everything_of_the_others(tmp_path: Path) -> None:
    async with World(tmp_path, "sanhe", "tongzhou", "wuqing") as world:
        log, credit = world.log_of("sanhe"), world.log_of("sanhe", "credit")
        log.add(log.entry(log.fresh())).send()
        tongzhou, wuqing = await world.start("tongzhou"), await world.start("wuqing")
        await tongzhou.mirrored("sanhe", 1)
        log.publish(log.seal(root=bytes(32)))
        await eventually(lambda: tongzhou.follower("sanhe").log.frozen, "the log is frozen")
        log.add(log.entry(log.fresh())).send()
        credit.add(credit.entry(credit.fresh())).send()
        data = builders.licence(number=builders.food_number(9))
        await wuqing.publish(data)
        await tongzhou.mirrored("sanhe", 1, "credit")
        await tongzhou.mirrored("wuqing", 1)
        await eventually(lambda: tongzhou.verdict(data["number"]) == "recognised", "a partner's licence stands")
        assert tongzhou.size("sanhe") == 1
        await tongzhou.stop()
        again = await world.start("tongzhou")
        await again.mirrored("wuqing", 1)
        assert again.follower("sanhe").log.frozen == "log.fork"
        assert again.verdict(NUMBER) == "indeterminate"


@pytest.mark.parametrize(
    "statement",
    [
        lambda log: log.seal(date=int(time.time()) + 20),  # dated anew
        lambda log: log.seal(size=2, date=int(time.time()) - 3600),  # an older one again
        lambda log: log.seal(size=0, date=int(time.time()) - 3600),
        lambda log: log.world.log_of("tongzhou").seal(),
        lambda log: log.seal(root=bytes(32)).replace(b"\n3\n", b"\n2\n"),  # nobody signed this
    ],
)
async def test_what_contradicts_nothing_freezes_nothing(scene: Scene, statement: Callable[[HandMade], bytes]) -> None:
    scene.log.publish(statement(scene.log))
    scene.log.add(scene.log.entry(scene.log.fresh()))
    scene.world.append("sanhe", scene.log.message(3, scene.log.seal(date=int(time.time()) + 20)))
    await scene.tongzhou.mirrored("sanhe", 4)
    assert scene.tongzhou.evidence() == []
    assert scene.tongzhou.verdict(NUMBER) == "recognised"
