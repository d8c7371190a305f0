"""Never green without proof that there is nothing newer: a silent, late, lying or doubtful source (law 7)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.node import freshness as freshness_module
from tests.handmade import HandMade
from tests.records import builders
from tests.simulator import Running, World, eventually

NUMBER = builders.food_number(1)


@dataclass
class Scene:
    """A licence of sanhe's log, written by hand; tongzhou trusts what is at most 60 s old."""

    world: World
    log: HandMade
    tongzhou: Running

    def beat(self, ahead_s: int = 0) -> bytes:
        """Publish a heartbeat dated this much ahead of now."""
        note = self.log.seal(date=int(time.time()) + ahead_s)
        self.log.publish(note)
        return note

    def fresh(self) -> str:
        """The reason of the check ``fresh``."""
        checks = self.tongzhou.verify(NUMBER, source="urn:jjj:sanhe")["checks"]
        return next(check["reason"] for check in checks if check["name"] == "fresh")

    async def heard(self, note: bytes) -> None:
        await eventually(lambda: self.tongzhou.follower("sanhe").newest_note == note, "the note was heard")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with World(tmp_path, "sanhe", "tongzhou", "wuqing", "langfang") as world:
        world.agreements = [world.agreement(freshness_s=60)]
        world.found()
        log = world.log_of("sanhe")
        log.add(log.entry(log.fresh()))
        tongzhou = await world.start("tongzhou")
        yield Scene(world, log, tongzhou)


async def sealed(scene: Scene, ago_s: int) -> None:
    """The leaf with its seal, dated some time ago."""
    scene.world.append("sanhe", scene.log.message(0, scene.log.seal(date=int(time.time()) - ago_s)))
    await scene.tongzhou.mirrored("sanhe", 1)


async def test_a_source_that_has_just_spoken_is_fresh(scene: Scene) -> None:
    await sealed(scene, 0)
    assert scene.fresh() == "fresh"
    assert scene.tongzhou.verdict(NUMBER) == "recognised"


async def test_a_source_whose_last_word_is_old_is_stale_until_it_speaks_again(scene: Scene) -> None:
    await sealed(scene, 90)
    assert scene.fresh() == "source.stale"
    assert scene.tongzhou.verdict(NUMBER) == "indeterminate"
    scene.beat()
    await eventually(lambda: scene.fresh() == "fresh", "a heartbeat came")
    assert scene.tongzhou.verdict(NUMBER) == "recognised"


async def test_an_old_heartbeat_again_makes_nothing_fresh(scene: Scene) -> None:
    await sealed(scene, 200)
    old = scene.beat(-90)
    await scene.heard(old)
    heard_at = scene.tongzhou.follower("sanhe").freshness.heard_at
    scene.log.publish(old)
    await eventually(lambda: scene.tongzhou.follower("sanhe").freshness.heard_at > heard_at, "it was heard again")
    assert scene.fresh() == "source.stale"


@pytest.mark.parametrize(("ahead_s", "reason"), [(25, "fresh"), (60, "source.stale")])
async def test_a_date_from_the_future_makes_nothing_fresh(scene: Scene, ahead_s: int, reason: str) -> None:
    """Up to 30 s clocks may differ."""
    await sealed(scene, 90)
    await scene.heard(scene.beat(ahead_s))
    assert scene.fresh() == reason
    assert scene.tongzhou.follower("sanhe").freshness.from_future == (ahead_s > 30)


async def test_a_heartbeat_of_leaves_that_lack_makes_nothing_fresh(scene: Scene) -> None:
    await sealed(scene, 90)
    scene.log.add(scene.log.entry(scene.log.fresh()))
    scene.beat()
    await eventually(lambda: scene.tongzhou.follower("sanhe").wanted == 2, "it was heard")
    assert scene.fresh() == "source.stale"
    scene.world.append("sanhe", scene.log.message(1, scene.log.seal()))
    await eventually(lambda: scene.fresh() == "fresh", "the leaf came")


async def test_a_source_that_shows_more_than_it_gives_is_not_fresh_for_long(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness_module, "LACKING_S", 0.3)
    await sealed(scene, 0)
    assert scene.fresh() == "fresh"
    scene.log.add(scene.log.entry(scene.log.fresh()))
    scene.beat()
    await eventually(lambda: scene.fresh() == "source.lacking", "it lacks for long")
    assert scene.tongzhou.verdict(NUMBER) == "indeterminate"
    scene.world.append("sanhe", scene.log.message(1, scene.log.seal()))
    await eventually(lambda: scene.fresh() == "fresh", "the leaf came")


async def test_a_source_that_never_spoke_is_unheard(scene: Scene) -> None:
    await eventually(lambda: "jjj.test/sanhe/licence" in scene.tongzhou.node.followers)
    subject = f"{builders.TYPE_CODES['permit'][0]}:{NUMBER}"
    answer = scene.tongzhou.node.counter.verify({"source": "urn:jjj:sanhe", "subject": subject})
    reasons = {check["name"]: check["reason"] for check in answer["checks"]}
    assert (reasons["found"], reasons["fresh"]) == ("source.stale", "source.unheard")
    assert answer["headline"] == "暂时无法核验"


async def test_partners_who_are_all_ahead_cast_doubt_on_the_own_clock(scene: Scene) -> None:
    """Then everything looks younger than it is."""
    await sealed(scene, 0)
    wuqing = scene.world.log_of("wuqing")
    for log in (scene.log, wuqing):
        log.publish(log.seal(date=int(time.time()) + 45))
    await eventually(lambda: scene.fresh() == "own_clock", "both partners that speak are ahead")
    assert scene.tongzhou.verdict(NUMBER) == "indeterminate"


async def test_one_partner_ahead_of_three_is_its_own_affair(scene: Scene) -> None:
    await sealed(scene, 0)
    scene.beat()
    langfang, wuqing = scene.world.log_of("langfang"), scene.world.log_of("wuqing")
    langfang.publish(langfang.seal())
    await eventually(lambda: scene.tongzhou.node.followers["jjj.test/langfang/licence"].freshness.newest)
    wuqing.publish(wuqing.seal(date=int(time.time()) + 3600))
    await eventually(lambda: scene.tongzhou.node.followers["jjj.test/wuqing/licence"].freshness.from_future)
    assert scene.fresh() == "fresh"


async def test_a_real_source_that_goes_silent_turns_grey_and_green_again(tmp_path: Path) -> None:
    async with World(tmp_path, "sanhe", "tongzhou") as world:
        world.agreements = [world.agreement(freshness_s=2)]
        world.found()
        sanhe, tongzhou = await world.start("sanhe"), await world.start("tongzhou")
        await sanhe.publish(builders.licence(number=NUMBER))
        await eventually(lambda: tongzhou.verdict(NUMBER) == "recognised", "it speaks")
        await sanhe.stop()
        await eventually(lambda: tongzhou.verdict(NUMBER) == "indeterminate", "it is silent")
        assert tongzhou.reasons(NUMBER) == {"fresh": "source.stale"}
        again = await world.start("sanhe")
        await eventually(lambda: tongzhou.verdict(NUMBER) == "recognised", "it speaks again")
        assert again.verdict(NUMBER) == "recognised"


async def test_heartbeats_keep_an_idle_log_fresh(tmp_path: Path) -> None:
    async with World(tmp_path, "sanhe", "tongzhou") as world:
        tongzhou, _ = await world.start("tongzhou"), await world.start("sanhe")
        await eventually(lambda: tongzhou.node.followers, "tongzhou follows")
        beats = tongzhou.follower("sanhe").freshness
        await eventually(lambda: beats.newest, "a heartbeat at size 0")
        first = beats.newest
        await eventually(lambda: beats.newest.date > first.date, "the next one")
        assert (first.size, beats.newest.size) == (0, 0)
