"""Which key signs now: good by the roster, the one whose window began last; and until when there is one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.trust import keyring
from gateway.trust.keyring import Standing, Task
from gateway.trust.members import Jurisdiction, Policy, Revocation, RosterKey
from gateway.trust.roster import Roster
from gateway.trust.suites import Signer
from tests.trust.signers import gm_signer, signer

NAME = "jjj.test/sanhe"
TASK = Task("sanhe", "record", NAME, "licence")
NOW = 1_795_400_000
KEYS = [signer(NAME, str(number)) for number in range(4)]


def entered(key: Signer, begins: int, ends: int, **changes: Any) -> RosterKey:
    given = {"role": "record", "families": frozenset({"licence", "credit"}), **changes}
    return RosterKey("sanhe", given.pop("role"), key.key, given.pop("families"), NOW + begins, NOW + ends, **given)


def roster(*entries: RosterKey) -> Roster:
    return Roster(3, "jjj.test", {"sanhe": Jurisdiction("sanhe", "三河", "131082", (), (), (), entries, ())})


REVOKED = Revocation(NOW - 5, "stolen", {f"{NAME}/licence": 1 << 40})


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (None, Standing.UNLISTED),
        (entered(KEYS[0], 1, 9), Standing.WAITING),
        (entered(KEYS[0], 0, 0), Standing.GOOD),
        (entered(KEYS[0], -9, -1), Standing.ENDED),
        (entered(KEYS[0], -9, 9, families=frozenset({"credit"})), Standing.OTHER_FAMILY),
        (entered(KEYS[0], -9, 9, families=frozenset({"*"})), Standing.GOOD),
        (entered(KEYS[0], -9, 9, revoked=REVOKED), Standing.REVOKED),
    ],
)
def test_how_a_key_stands_is_what_the_roster_says(entry: RosterKey | None, says: Standing) -> None:
    assert keyring.standing(entry, "licence", NOW) is says


def test_the_good_key_whose_window_began_last_signs() -> None:
    known = roster(entered(KEYS[0], -90, 10), entered(KEYS[1], -5, 90), entered(KEYS[2], 5, 99))
    for held in (KEYS, KEYS[::-1]):
        assert keyring.choose(known, TASK, held, NOW) == (KEYS[1],)
        assert keyring.choose(known, TASK, held, NOW + 5) == (KEYS[2],)
        assert keyring.choose(known, TASK, held, NOW - 6) == (KEYS[0],)


def test_of_windows_that_begin_together_the_key_given_first_signs() -> None:
    known = roster(entered(KEYS[0], -5, 90), entered(KEYS[1], -5, 90))
    assert keyring.choose(known, TASK, [KEYS[1], KEYS[0]], NOW) == (KEYS[1],)


def test_a_revoked_key_signs_nothing_even_where_its_old_records_stay_good() -> None:
    known = roster(entered(KEYS[0], -90, 90, revoked=REVOKED))
    assert keyring.choose(known, TASK, KEYS, NOW) == ()
    assert "stolen" in keyring.described(known, TASK, KEYS[:1], NOW)


def test_a_key_entered_in_another_role_signs_nothing_here() -> None:
    assert keyring.choose(roster(entered(KEYS[0], -9, 9, role="verdict")), TASK, KEYS, NOW) == ()


@pytest.mark.parametrize(
    ("windows", "end"),
    [
        ([], None),
        ([(-9, -1)], None),
        ([(1, 9)], None),
        ([(-9, 4)], 4),
        ([(-9, 4), (5, 9)], 9),
        ([(-9, 4), (2, 9), (3, 7)], 9),
        ([(-9, 4), (6, 9)], 4),
    ],
    ids=["no key", "ended", "waiting", "one", "next to it", "overlap", "gap"],
)
def test_a_task_runs_out_where_no_window_follows(windows: list[tuple[int, int]], end: int | None) -> None:
    known = roster(*(entered(key, *window) for key, window in zip(KEYS, windows, strict=False)))
    assert keyring.runs_out(known, TASK, KEYS, NOW) == (None if end is None else NOW + end)


window = st.tuples(st.integers(-20, 20), st.integers(0, 20)).map(lambda each: (each[0], sum(each)))


@given(windows=st.lists(window, max_size=4), at=st.integers(-25, 45))
def test_some_key_signs_at_every_instant_up_to_the_end_and_none_after(windows: list[tuple[int, int]], at: int) -> None:
    known = roster(*(entered(key, *each) for key, each in zip(KEYS, windows, strict=False)))
    end = keyring.runs_out(known, TASK, KEYS, NOW + at)
    assert (end is None) == (keyring.choose(known, TASK, KEYS, NOW + at) == ())
    for instant in range(NOW + at, (end or NOW + at - 1) + 1):
        assert keyring.choose(known, TASK, KEYS, instant)
    if end is not None:
        assert keyring.choose(known, TASK, KEYS, end + 1) == ()


def test_what_lacks_is_told_key_by_key() -> None:
    known = roster(entered(KEYS[0], -90, -1))
    told = keyring.described(known, TASK, KEYS[:2], NOW)
    assert f"{KEYS[0].key.key_id.hex()} is good from" in told
    assert f"{KEYS[1].key.key_id.hex()} is not in the roster" in told
    assert keyring.described(known, TASK, [], NOW) == "no key file"


# Suites


def test_each_suite_that_has_a_good_key_signs_ed25519_first() -> None:
    gm = gm_signer(TASK.name)
    known = roster(entered(KEYS[0], -9, 9), entered(gm, -5, 5))
    assert keyring.choose(known, TASK, [gm, *KEYS], NOW) == (KEYS[0], gm)
    assert keyring.choose(known, TASK, [gm, *KEYS], NOW + 7) == (KEYS[0],)
    assert keyring.runs_out(known, TASK, [gm, *KEYS], NOW) == NOW + 5, "what signs now and ends first"


def test_under_the_policy_nothing_signs_without_an_sm2_key() -> None:
    gm, policy = gm_signer(TASK.name), Policy("gm", NOW)
    known = replace(roster(entered(KEYS[0], -9, 9), entered(gm, -5, 5)), policy=policy)
    assert keyring.choose(known, TASK, [gm, *KEYS], NOW) == (KEYS[0], gm)
    assert keyring.choose(known, TASK, KEYS, NOW - 1) == (KEYS[0],)
    assert keyring.choose(known, TASK, KEYS, NOW) == ()
    assert keyring.choose(known, TASK, [gm, *KEYS], NOW + 7) == ()
