"""Quarantine judged again: each subject as a first reading would have judged it (law 6)."""

from __future__ import annotations

import pytest

from gateway.node import rejudge, subjects
from tests.node.histories import SUBJECT, Desk, Ground, found_ground, quarantined, reading, step, written


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return found_ground(tmp_path_factory.mktemp("rejudge"))


def test_an_erased_leaf_is_judged_again_with_its_subject(ground: Ground) -> None:
    """It was erased while nobody here could read it; now that its schema came, it is what a first reading makes it."""
    with reading(ground) as desk:
        written(desk, step("issued"), step("changed", "newer"), step("erased", named=1))
        desk.read([3], ground.trusts[0])
        assert quarantined(desk) == []
        rejudge.rejudge(desk.connection, ground.trusts[1])
        rows = subjects.rows(desk.connection, desk.log, SUBJECT)
        assert [(row.index, row.erased) for row in rows] == [(0, False), (1, True), (2, False)]


def test_an_erasure_still_holds_when_another_leaf_of_its_subject_is_judged_again(ground: Ground) -> None:
    with reading(ground) as desk:
        written(desk, step("issued"), step("changed", "field"), step("changed", "newer"), step("erased", named=1))
        desk.read([4], ground.trusts[0])
        assert quarantined(desk) == [(2, "schema.newer")]
        rejudge.rejudge(desk.connection, ground.trusts[1])
        assert quarantined(desk) == []
        assert subjects.unread(desk.connection, desk.log) == 0


def test_a_record_that_is_refused_now_leaves_no_search_terms(ground: Ground) -> None:
    """A change was taken while the suspension below it could not be read."""
    with reading(ground) as desk:
        written(desk, step("suspended", "newer"), step("changed"))
        desk.read([2], ground.trusts[0])
        assert [match.subject for match in find_by_name(desk, "示例1")] == [SUBJECT]
        rejudge.rejudge(desk.connection, ground.trusts[1])
        assert quarantined(desk) == [(1, "state.mismatch")]
        assert find_by_name(desk, "示例1") == []
        assert [match.subject for match in find_by_name(desk, "示例0")] == [SUBJECT]


def find_by_name(desk: Desk, name: str) -> list[subjects.Match]:
    found = "SELECT s.family, s.source, s.subject FROM terms t JOIN subjects s ON s.number = t.subject"
    return [
        subjects.Match(*row)
        for row in desk.connection.execute(f"{found} WHERE t.kind = 'name' AND t.term LIKE ?", (f"{name}%",))
    ]


def test_a_subject_that_only_quarantined_leaves_claim_is_no_subject(ground: Ground) -> None:
    with reading(ground) as desk:
        written(desk, step("issued", "newer"), step("objected"))
        desk.read([2], ground.trusts[0])
        assert quarantined(desk) == [(0, "schema.newer"), (1, "state.no_previous")]
        assert desk.kept()["subjects"] == []
        rejudge.rejudge(desk.connection, ground.trusts[1])
        assert quarantined(desk) == []
        assert [row[2] for row in desk.kept()["subjects"]] == [SUBJECT]


def test_judging_again_is_due_once_for_each_change(ground: Ground) -> None:
    with reading(ground) as desk:
        assert rejudge.due(desk.connection, ground.trusts[0])
        rejudge.rejudge(desk.connection, ground.trusts[0])
        assert not rejudge.due(desk.connection, ground.trusts[0])
        assert rejudge.due(desk.connection, ground.trusts[1])


def test_a_round_of_judging_again_says_what_it_did(ground: Ground) -> None:
    with reading(ground) as desk:
        written(desk, step("issued"), step("changed", "newer"), step("changed", "field"), step("issued", "rubbish"))
        desk.read([4], ground.trusts[0])
        done = rejudge.rejudge(desk.connection, ground.trusts[1])
        assert (done.subjects, done.accepted, done.quarantined) == (2, 1, 2)
