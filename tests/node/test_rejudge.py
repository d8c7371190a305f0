"""Quarantine judged again: each subject as a first reading would have judged it (law 6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.ledger import logbook
from gateway.node import rejudge, revised, subjects
from gateway.trust.members import Policy
from tests.handmade import stamp
from tests.node.histories import BASE, SUBJECT, Desk, Ground, found_ground, quarantined, reading, step, written
from tests.records import builders


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


# What had been accepted


def test_what_a_key_signed_before_it_was_revoked_is_judged_again_from_good_below_on(ground: Ground) -> None:
    """Sealed at 7, 9 and 11 by 10 s a leaf: in doubt up to the instant, refused after it; below, nothing changes."""
    with reading(ground) as desk:
        written(desk, *(step("issued", about=leaf) for leaf in range(11)))
        desk.read([7, 9, 11], ground.trusts[2])
        assert quarantined(desk) == []
        rejudge.rejudge(desk.connection, ground.trusts[3])
        in_doubt, later = [(leaf, "key.in_doubt") for leaf in (6, 7, 8)], [(leaf, "key.revoked") for leaf in (9, 10)]
        assert quarantined(desk) == in_doubt + later


def test_what_follows_a_record_in_doubt_in_its_subject_is_judged_over_what_is_left(ground: Ground) -> None:
    """A suspension in doubt; an objection that carried it, by a key that is good."""
    with reading(ground) as desk:
        written(desk, *(step("issued", about=leaf) for leaf in range(6)), step("suspended"))
        data = builders.licence(number=builders.food_number(1), state={"code": "02", "since": "2025-01-01"})
        line = desk.author.log.line(data, type="jjj.licence.objected", time=stamp(BASE + 70))
        desk.author.entries.append(desk.author.log.sign(line, ground.stranger))
        desk.read([8], ground.trusts[2])
        assert quarantined(desk) == []
        rejudge.rejudge(desk.connection, ground.trusts[3])
        assert quarantined(desk) == [(6, "key.in_doubt"), (7, "state.mismatch")]


def test_what_a_thief_erased_is_not_erased(ground: Ground) -> None:
    with reading(ground) as desk:
        written(desk, *(step("issued", about=leaf) for leaf in range(6)), step("erased", named=0))
        desk.read([7], ground.trusts[2])
        assert [row.erased for row in subjects.rows(desk.connection, desk.log, SUBJECT)] == [True, False]
        rejudge.rejudge(desk.connection, ground.trusts[3])
        assert [(row.index, row.erased) for row in subjects.rows(desk.connection, desk.log, SUBJECT)] == [(0, False)]


def test_trust_data_that_revoke_nothing_leave_what_was_accepted_alone(ground: Ground) -> None:
    with reading(ground) as desk:
        written(desk, *(step("issued", about=leaf) for leaf in range(8)))
        desk.read([8], ground.trusts[3])
        rejudge.rejudge(desk.connection, ground.trusts[3])
        assert list(revised.revised(desk.connection, desk.log, ground.trusts[3])) == []
        asked = revised.revised(desk.connection, desk.log, ground.trusts[4])
        assert [key & logbook.INDEX_MASK for _, key in asked] == [3, 4, 5]


def test_a_key_whose_window_is_another_has_all_its_records_judged_again(ground: Ground) -> None:
    with reading(ground) as desk:
        written(desk, *(step("issued", about=leaf) for leaf in range(3)))
        desk.read([3], ground.trusts[2])
        rejudge.rejudge(desk.connection, ground.trusts[2])
        trust = ground.trusts[2]
        member = trust.roster.jurisdictions["sanhe"]
        ended = [replace(key, not_after=BASE + 5) if key.role == "record" else key for key in member.keys]
        roster = replace(trust.roster, jurisdictions={"sanhe": replace(member, keys=tuple(ended))})
        rejudge.rejudge(desk.connection, replace(trust, roster=roster, digest="another"))
        assert quarantined(desk) == [(leaf, "key.expired") for leaf in range(3)]


def test_an_authority_that_had_ended_before_has_all_that_it_issued_judged_again(ground: Ground) -> None:
    with reading(ground) as desk:
        written(desk, *(step("issued", about=leaf) for leaf in range(3)))
        desk.read([3], ground.trusts[2])
        trust = ground.trusts[2]
        rejudge.rejudge(desk.connection, trust)
        member = trust.roster.jurisdictions["sanhe"]
        ended = tuple(replace(each, until=BASE - 1) for each in member.authorities)
        roster = replace(trust.roster, jurisdictions={"sanhe": replace(member, authorities=ended)})
        rejudge.rejudge(desk.connection, replace(trust, roster=roster, digest="another"))
        assert quarantined(desk) == [(leaf, "issuer.not_in_roster") for leaf in range(3)]


def test_a_policy_from_a_day_that_is_past_refuses_what_had_been_accepted_since(ground: Ground) -> None:
    with reading(ground) as desk:
        written(desk, *(step("issued", about=leaf) for leaf in range(3)))
        desk.read([3], ground.trusts[4])
        rejudge.rejudge(desk.connection, ground.trusts[5])
        assert quarantined(desk) == [(leaf, "authority.unsigned") for leaf in range(3)]


def test_a_policy_of_suites_that_is_past_refuses_what_had_been_accepted_since(ground: Ground) -> None:
    """Sealed at 2 and 4, and signed by Ed25519 alone: from the policy's instant on that counts no more."""
    with reading(ground) as desk:
        written(desk, *(step("issued", about=leaf) for leaf in range(4)))
        desk.read([2, 4], ground.trusts[2])
        rejudge.rejudge(desk.connection, ground.trusts[2])
        cover = logbook.seal_covering(desk.connection, desk.log.number, 3)
        assert cover is not None
        roster = replace(ground.trusts[2].roster, policy=Policy("gm", cover.date))
        rejudge.rejudge(desk.connection, replace(ground.trusts[2], roster=roster, digest="another"))
        assert quarantined(desk) == [(leaf, "suite.gm_missing") for leaf in (2, 3)]
