"""The own ledger as far as it is shown: what lies beyond is in no answer, however one asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gateway.ledger.merkle import leaf_hash
from gateway.node import searching, subjects
from gateway.node.door import Draft
from gateway.node.shown import Shown
from gateway.records import scanned
from tests.node.parts import Press, draft, publishing
from tests.records import builders
from tests.simulator import World

TYPE = builders.TYPE_CODES["permit"][0]
NUMBERS = [builders.food_number(serial) for serial in range(2)]
OLD, NEW = "示例甲食品有限公司", "示例乙食品有限公司"


@pytest.fixture
async def press(world: World) -> AsyncIterator[Press]:
    """One record, then another that renames its holder and one of a second subject, then one that erases the first."""
    async with publishing(world) as press:
        await press.publish(draft(0))
        holder = {**builders.licence()["holder"], "name": NEW}
        await press.publish(draft(0, "jjj.licence.changed", holder=holder), draft(1))
        correction = builders.correction(0, leaf_hash(press.entries()[0]))
        assert (await press.one(Draft("jjj.licence.erased", correction))).index == 3
        yield press


@pytest.fixture
def shown(press: Press) -> Shown:
    return press.publisher.shown


def found(shown: Shown, text: str) -> int:
    return len(searching.find([shown.connection], scanned.read(text), 20))


def test_a_term_leads_to_a_subject_from_the_leaf_on_that_gives_it(press: Press, shown: Shown) -> None:
    seen = {}
    for size in (0, 1, 2, 3):
        shown.reach(press.log.number, size)
        seen[size] = [found(shown, text) for text in (NUMBERS[0], OLD, NEW, NUMBERS[1])]
    assert seen == {0: [0, 0, 0, 0], 1: [1, 1, 0, 0], 2: [1, 1, 1, 0], 3: [1, 2, 1, 1]}


def test_a_subject_is_there_from_its_first_shown_record_on(press: Press, shown: Shown) -> None:
    shown.reach(press.log.number, 2)
    assert [len(subjects.by_subject(shown.connection, f"{TYPE}:{number}")) for number in NUMBERS] == [1, 0]
    assert [len(subjects.by_subject(press.ledger.read, f"{TYPE}:{number}")) for number in NUMBERS] == [1, 1]


def test_what_a_record_erases_is_there_until_that_record_is_shown(press: Press, shown: Shown) -> None:
    erased = {}
    for size in (3, 4):
        shown.reach(press.log.number, size)
        log = replace(press.log, size=size)
        erased[size] = [row.erased for row in subjects.rows(shown.connection, log, f"{TYPE}:{NUMBERS[0]}")]
    assert erased == {3: [False, False], 4: [True, False, False]}


def test_an_id_is_there_with_its_leaf(press: Press, shown: Shown) -> None:
    ids = "SELECT count(*) FROM ids"
    counts = {}
    for size in (0, 1, 3, 4):
        shown.reach(press.log.number, size)
        counts[size] = shown.connection.execute(ids).fetchone()[0]
    assert counts == {0: 0, 1: 1, 3: 3, 4: 4}


def test_a_log_of_which_nothing_is_said_is_shown_whole(press: Press) -> None:
    ended = Shown(press.ledger)
    try:
        assert [found(ended, text) for text in (NEW, NUMBERS[1])] == [1, 1]
    finally:
        ended.close()
