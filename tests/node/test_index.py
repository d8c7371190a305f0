"""The index: made again from the log it is the same, whatever the log holds and however often it was judged (law 6)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ledger import logbook
from gateway.node import rejudge
from gateway.node.index import LogHistory
from gateway.node.statements import Statement
from tests.handmade import stamp
from tests.node.histories import BASE, STEPS, Ground, Step, found_ground, quarantined, reading, step, written
from tests.records import builders


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return found_ground(tmp_path_factory.mktemp("index"))


@settings(max_examples=150)
@given(
    steps=st.lists(STEPS, min_size=1, max_size=14),
    cuts=st.dictionaries(st.integers(1, 13), st.integers(0, 5), max_size=4),
    last=st.integers(0, 5),
    late=st.sets(st.integers(1, 13), max_size=3),
)
def test_the_index_made_again_from_the_log_is_the_index_kept(
    ground: Ground, steps: list[Step], cuts: dict[int, int], last: int, late: set[int]
) -> None:
    """Random histories, read in random pieces, some seals late, trust data growing meanwhile, keys revoked."""
    current = 0
    with reading(ground) as desk:
        for step in steps:
            desk.author.write(step)
        pieces = {size: level for size, level in cuts.items() if size < len(steps)} | {len(steps): last}
        for size, level in sorted(pieces.items()):
            desk.read([size], ground.trusts[current])
            if level > current:
                current = level
                rejudge.rejudge(desk.connection, ground.trusts[current])
        for size in (size for size in late if size < len(steps)):
            seal = desk.seal(size)
            statement = Statement(desk.log.origin, size, seal.root, seal.date, seal.note)
            rejudge.take_late_seal(desk.connection, desk.log, statement, ground.trusts[current])
        kept = desk.kept()
        assert desk.made_again(ground.trusts[current]) == kept
        assert [row[0] for row in kept["messages"]] == [row[0] for row in kept["quarantine"]]
        leaves = {row[0] & logbook.INDEX_MASK for name in ("records", "quarantine") for row in kept[name]}
        assert leaves == set(range(len(steps)))


def test_a_quarantine_masks_identity_numbers(ground: Ground) -> None:
    with reading(ground) as desk:
        data = builders.licence(number=builders.food_number(1), remarks=f"持证人{builders.PERSONS_NUMBER}")
        desk.author.entries.append(ground.log.entry(data, time=stamp(BASE)))
        desk.read([1], ground.trusts[0])
        assert quarantined(desk) == [(0, "identity_number")]
        assert builders.PERSONS_NUMBER not in str(desk.kept())


def test_a_leaf_below_is_asked_for_by_any_integer(ground: Ground) -> None:
    with reading(ground) as desk:
        written(desk, step("issued"))
        desk.read([1], ground.trusts[0])
        history = LogHistory(desk.connection, desk.log, 1)
        assert history.subject_at(0) is not None
        for leaf in (-1, 1, 1 << 40, (1 << 40) + 0, (1 << 64) + 1):
            assert history.subject_at(leaf) is None
            assert history.leaf_hash(leaf) is None
