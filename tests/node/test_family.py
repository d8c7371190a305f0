"""One subject in several logs of a family: its records in one order, the newest log's last (DESIGN §4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest

from gateway.ledger import logbook
from gateway.ledger.logbook import Log, key_of
from gateway.node import subjects
from gateway.recognition.present import Fate, choose
from tests.node.histories import SUBJECT, Desk, Ground, found_ground, reading, step, written

TODAY = date(2026, 11, 25)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return found_ground(tmp_path_factory.mktemp("family"))


@dataclass
class Successor(Desk):
    """A reader of the log that succeeds sanhe's, in the same database."""

    @property
    def log(self) -> Log:
        return logbook.open_log(self.connection, f"{self.author.log.origin}.2", "sanhe", "licence")


@pytest.fixture
def desks(ground: Ground) -> Iterator[tuple[Desk, Desk]]:
    with reading(ground) as old, reading(ground) as other:
        yield old, Successor(old.connection, other.author)


def family(*desks: Desk) -> list[subjects.Row]:
    return subjects.in_family(((desk.connection, desk.log) for desk in desks), SUBJECT)


def test_the_newest_record_stands_in_the_newest_log_that_has_one(desks: tuple[Desk, Desk], ground: Ground) -> None:
    old, new = desks
    written(old, step("issued"), step("changed"))
    written(new, step("suspended"))
    old.read([2], ground.trusts[0])
    assert choose(family(*desks), TODAY).index == 1
    new.read([1], ground.trusts[0])
    assert [row.index for row in family(*reversed(desks))] == [0, 1, key_of(1, 0)], "in whatever order they are given"
    assert choose(family(*desks), TODAY).index == key_of(1, 0)
    assert [row.index for row in subjects.rows(old.connection, old.log, SUBJECT)] == [0, 1]
    assert [row.index for row in subjects.rows(new.connection, new.log, SUBJECT)] == [0]


def test_a_retraction_names_a_leaf_of_its_own_log(desks: tuple[Desk, Desk], ground: Ground) -> None:
    old, new = desks
    written(old, step("issued"))
    written(new, step("changed"), step("retracted", named=0))
    old.read([1], ground.trusts[0])
    new.read([2], ground.trusts[0])
    assert choose(family(*desks), TODAY).fate is Fate.RETRACTED
    live = [row for row in family(*desks) if row.retracts is None]
    assert choose(live[:1], TODAY).index == 0
    [retraction] = [row for row in family(*desks) if row.retracts is not None]
    assert retraction.retracts == key_of(1, 0), "not leaf 0 of the log before"


def test_an_id_may_stand_once_in_each_log(desks: tuple[Desk, Desk], ground: Ground) -> None:
    old, new = desks
    written(old, step("issued"))
    written(new, step("issued"))
    assert old.author.lines == new.author.lines, "published anew under its id"
    old.read([1], ground.trusts[0])
    new.read([1], ground.trusts[0])
    assert [row.index for row in family(*desks)] == [0, key_of(1, 0)]


@pytest.mark.parametrize(
    ("origin", "name", "generation"),
    [("n/sanhe/licence", "licence", 0), ("n/sanhe/licence.2", "licence.2", 1), ("n.x/s/credit.17", "credit.17", 16)],
)
def test_what_an_origin_says_of_its_log(origin: str, name: str, generation: int) -> None:
    log = Log(1, origin, "sanhe", "licence", 0, None, 0, None)
    assert (log.name, log.generation) == (name, generation)
