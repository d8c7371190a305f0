"""One way to look at any log that a node holds, its own or a partner's."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.errors import CannotRun
from gateway.ledger import checkpoint
from gateway.trust import notes
from tests.records import builders
from tests.simulator import Running, World, eventually


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Running, Running]]:
    """Sanhe with one licence, and tongzhou who mirrors it."""
    async with World(tmp_path, "sanhe", "tongzhou") as world:
        sanhe, tongzhou = await world.start_all()
        await sanhe.publish(builders.licence())
        await tongzhou.mirrored("sanhe", 1)
        yield sanhe, tongzhou


Pair = tuple[Running, Running]
ORIGIN = "jjj.test/sanhe/licence"


async def test_own_logs_come_first_then_every_mirror(pair: Pair) -> None:
    _, tongzhou = pair
    found = [(view.origin, view.own) for view in tongzhou.node.views.all()]
    assert found[:2] == [("jjj.test/tongzhou/licence", True), ("jjj.test/tongzhou/credit", True)]
    assert sorted(found[2:]) == [("jjj.test/sanhe/credit", False), ("jjj.test/sanhe/licence", False)]


async def test_the_owner_and_its_mirror_see_the_same_tree(pair: Pair) -> None:
    own, mirrored = (each.node.views.log(ORIGIN) for each in pair)
    assert (own.size, mirrored.size) == (1, 1)
    for view in (own, mirrored):
        tree = checkpoint.parse_text(notes.parse(view.note, 9).text)
        assert (tree.origin, tree.size) == (ORIGIN, 1)
        assert view.age_s is not None
        assert 0 <= view.age_s < 60
        assert (view.lacking, view.lacking_long) == (0, False)


async def test_a_log_is_found_by_origin_and_by_jurisdiction_and_family(pair: Pair) -> None:
    _, tongzhou = pair
    views = tongzhou.node.views
    assert [view.origin for view in views.of("sanhe", "licence")] == [ORIGIN]
    assert [view.origin for view in views.of("tongzhou", "credit")] == ["jjj.test/tongzhou/credit"]
    assert views.of("elsewhere", "licence") == []
    assert views.log("jjj.test/elsewhere/licence") is None


async def test_leaves_that_the_owner_signed_and_that_lack_are_counted(pair: Pair) -> None:
    sanhe, tongzhou = pair
    await sanhe.stop()
    log = tongzhou.world.log_of("sanhe")
    log.entries = [row[0] for row in tongzhou.node.mirrors.read.execute("SELECT entry FROM entries")]
    log.add(log.entry(log.fresh()), log.entry(log.fresh()))
    log.publish(log.seal(date=int(time.time()) + 5))
    await eventually(lambda: tongzhou.node.views.log(ORIGIN).lacking == 2, "two leaves lack")
    view = tongzhou.node.views.log(ORIGIN)
    assert (view.size, view.lacking_long) == (1, False)
    assert checkpoint.parse_text(notes.parse(view.note, 9).text).size == 1


async def test_the_own_log_has_no_age_while_nothing_may_be_sealed(pair: Pair) -> None:
    """Others may hold more than this ledger: it cannot say that nothing is newer."""
    sanhe, _ = pair
    sanhe.node.publisher.refuse(CannotRun("ledger.behind", "run recover"))
    assert sanhe.node.views.log(ORIGIN).age_s is None
    assert sanhe.verify(builders.food_number(), source="sanhe")["verdict"] == "indeterminate"
