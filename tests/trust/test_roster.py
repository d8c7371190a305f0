"""The roster: read strictly, looked up by what callers have, windows and revocations judged at the instant
they bring.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.trust import roster
from gateway.trust.members import RosterKey
from tests.records.builders import GONE, ISSUER
from tests.trust.papers import MINISTRY, TYPE, changed, key, reason_of, under_gm, vkey, written
from tests.trust.papers import roster as sample
from tests.trust.signers import gm_cosigner, gm_signer

LICENCE = "jjj.example/sanhe/licence"
FIRST = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
LAST = int(datetime(2028, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
REVOKED = {"at": "2026-06-01T00:00:00Z", "reason": "示例：密钥遗失", "good_below": {LICENCE: 1234}}


def read(changes: dict[str, Any] | None = None) -> roster.Roster:
    return roster.parse(written(changed(sample(), changes or {})))


def record_key(**changes: Any) -> RosterKey:
    found = read({f"jurisdictions.1.keys.0.{name}": value for name, value in changes.items()})
    return next(iter(found.keys("record", "sanhe").values()))


# Looking up


def test_a_member_is_found_by_id_region_and_alias() -> None:
    found = read({"jurisdictions.0.aliases": ["130629", "130632"]})
    assert found.version == 3
    assert found.by_region("130632") is found.jurisdiction("tongzhou") is found.by_region("110112")
    assert found.jurisdiction("wuqing") is None
    assert found.by_region("120114") is None


def test_a_log_is_found_by_its_origin_with_its_owner() -> None:
    owner, entry = read().log(LICENCE) or pytest.fail("no such log")
    assert (owner.id, entry.family, entry.ended) == ("sanhe", "licence", None)
    assert read().log("jjj.example/sanhe/qualification") is None


def test_keys_are_found_by_role_and_member_and_all_by_name_and_id() -> None:
    found = read()
    assert [found.keys(role, "sanhe").keys() for role in ("record", "nobody")] == [
        {("jjj.example/sanhe", vkey("jjj.example/sanhe").key_id)},
        set(),
    ]
    assert len(found.keys("heartbeat", "sanhe")) == 2
    assert found.known_keys.keys() == found.verifier_keys.keys()
    assert {entry.jurisdiction for entry in found.known_keys.values()} == {"tongzhou", "sanhe"}


def test_an_authority_is_found_for_a_type_while_it_stands() -> None:
    found = read()
    stands = found.authority("sanhe", ISSUER, TYPE, FIRST)
    assert stands is not None
    assert (stands.name, stands.carried) == ("示例市场监督管理局", False)
    assert stands.contact is not None
    assert found.authority("sanhe", ISSUER, "11100000MB0341032Y001", FIRST) is None
    assert found.authority("sanhe", ISSUER, None, FIRST) is stands
    assert found.authority("wuqing", ISSUER, TYPE, FIRST) is None


def test_an_authority_stands_on_its_first_and_last_day_of_shanghai() -> None:
    found = read()
    midnight = int(datetime(2025, 12, 31, 16, tzinfo=UTC).timestamp())
    end = int(datetime(2026, 12, 31, 16, tzinfo=UTC).timestamp())
    stands = [found.authority("sanhe", ISSUER, TYPE, at) is not None for at in (midnight - 1, midnight, end - 1, end)]
    assert stands == [False, True, True, False]


def test_an_authority_that_has_not_ended_stands_for_ever_and_may_be_entered_again() -> None:
    again = {"uscc": ISSUER, "name": "示例局（重组后）", "types": [TYPE], "carried": False, "since": "2027-01-01"}
    entries = [*sample()["jurisdictions"][1]["authorities"], again]
    found = read({"jurisdictions.1.authorities": entries})
    assert found.authority("sanhe", MINISTRY, "ANYTYPE", LAST * 2) is not None
    later = found.authority("sanhe", ISSUER, TYPE, LAST)
    assert later is not None
    assert later.name == "示例局（重组后）"


# Windows and revocation


def test_a_key_is_good_from_its_first_to_its_last_second() -> None:
    entry = record_key()
    found = [entry.good_at(at, "licence", LICENCE, 0) for at in (FIRST - 1, FIRST, LAST, LAST + 1)]
    assert found == ["key.early", None, None, "key.expired"]


def test_a_day_as_window_is_a_whole_day_of_shanghai() -> None:
    entry = record_key(not_before="2026-03-01", not_after="2026-03-01")
    noon = int(datetime(2026, 3, 1, 4, tzinfo=UTC).timestamp())
    assert (entry.not_before, entry.not_after) == (noon - 12 * 3600, noon + 12 * 3600 - 1)


def test_milliseconds_round_inwards() -> None:
    entry = record_key(not_before="2026-03-01T00:00:00.001Z", not_after="2026-03-01T00:00:09.999Z")
    assert entry.not_after - entry.not_before == 8


def test_a_key_speaks_for_its_families_only_and_a_star_for_all() -> None:
    assert record_key(families=["licence"]).good_at(FIRST, "credit", "", 0) == "key.family"
    assert record_key(families=["*"]).good_at(FIRST, "credit", "", 0) is None


REVOKED_AT = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())


def key_of_role(role: str, **members: Any) -> RosterKey:
    """A key of this role that was revoked."""
    return replace(record_key(revoked={**REVOKED, **members}), role=role)


@pytest.mark.parametrize("role", ["record", "authority"])
def test_below_good_below_a_revocation_changes_nothing_and_above_its_instant_divides(role: str) -> None:
    """Until then owner and thief can't be told apart; after it nobody but a thief signs."""
    entry = key_of_role(role)
    found = {
        at: [entry.good_at(at, "licence", LICENCE, index) for index in (0, 1233, 1234)]
        for at in (FIRST, REVOKED_AT, REVOKED_AT + 1, LAST)
    }
    before, after = [None, None, "key.in_doubt"], [None, None, "key.revoked"]
    assert found == {FIRST: before, REVOKED_AT: before, REVOKED_AT + 1: after, LAST: after}


@pytest.mark.parametrize("role", ["log", "heartbeat", "witness"])
def test_a_statement_under_a_revoked_key_is_good_only_where_both_date_and_size_lie_within(role: str) -> None:
    """Its date is the thief's to write: so the size bounds it too."""
    entry = key_of_role(role)
    found = [
        entry.good_at(at, "licence", LICENCE, index) for at in (REVOKED_AT, REVOKED_AT + 1) for index in (1233, 1234)
    ]
    assert found == [None, "key.revoked", "key.revoked", "key.revoked"]


def test_a_slip_under_a_revoked_key_is_judged_by_its_date() -> None:
    entry = key_of_role("verdict", good_below={})
    assert [entry.good_at(at, "licence", "", 0) for at in (REVOKED_AT, REVOKED_AT + 1)] == [None, "key.revoked"]


def test_a_revocation_that_does_not_name_a_log_keeps_nothing_of_it() -> None:
    revoked = record_key(revoked=REVOKED)
    found = [revoked.good_at(at, "credit", "jjj.example/sanhe/credit", 0) for at in (FIRST, LAST)]
    assert found == ["key.in_doubt", "key.revoked"]


@given(st.integers(FIRST, LAST), st.integers(0, 5000), st.integers(0, 5000))
def test_revoking_later_in_a_log_never_hurts_what_stood_before(at: int, index: int, good_below: int) -> None:
    entry = record_key(revoked={**REVOKED, "good_below": {LICENCE: good_below}})
    assert (entry.good_at(at, "licence", LICENCE, index) is None) == (index < good_below)


def test_the_revocation_of_a_witness_names_the_logs_of_others_and_of_nobody_else() -> None:
    members = sample()["jurisdictions"]
    place = next(at for at, key in enumerate(members[0]["keys"]) if key["role"] == "witness")
    path = f"jurisdictions.0.keys.{place}.revoked"
    assert read({path: REVOKED})  # the log of the other jurisdiction
    nowhere = {**REVOKED, "good_below": {"jjj.example/nowhere/licence": 1}}
    with pytest.raises(Refused) as refused:
        read({path: nowhere})
    assert refused.value.rule == "its logs"


def test_an_ended_log_keeps_its_last_size_and_root_and_has_a_successor() -> None:
    root = base64.b64encode(bytes(32)).decode()
    logs = [
        {"family": "licence", "origin": LICENCE, "ended": {"size": 812, "root": root}},
        {"family": "licence", "origin": f"{LICENCE}.2"},
        {"family": "credit", "origin": "jjj.example/sanhe/credit"},
    ]
    found = read({"jurisdictions.1.logs": logs})
    _, entry = found.log(LICENCE) or pytest.fail("no such log")
    assert entry.ended is not None
    assert (entry.ended.size, entry.ended.root) == (812, bytes(32))
    assert found.log(f"{LICENCE}.2") is not None


# Refusals: one change each, with the path of the field

OWN = "jurisdictions.1"
REFUSED = {
    "unknown member": ({"motto": "x"}, "motto"),
    "unknown member deep": ({f"{OWN}.keys.0.note": "x"}, f"{OWN}.keys[0].note"),
    "missing member": ({f"{OWN}.region": GONE}, f"{OWN}.region"),
    "missing window": ({f"{OWN}.keys.0.not_after": GONE}, f"{OWN}.keys[0].not_after"),
    "version is text": ({"version": "3"}, "version"),
    "version is true": ({"version": True}, "version"),
    "version zero": ({"version": 0}, "version"),
    "carried is a number": ({f"{OWN}.authorities.0.carried": 1}, f"{OWN}.authorities[0].carried"),
    "logs is an object": ({f"{OWN}.logs": {}}, f"{OWN}.logs"),
    "a log is a text": ({f"{OWN}.logs": ["x"]}, f"{OWN}.logs[0]"),
    "empty name": ({f"{OWN}.name": "  "}, f"{OWN}.name"),
    "hidden character": ({f"{OWN}.name": "三\u200b河"}, f"{OWN}.name"),
    "line break": ({f"{OWN}.name": "三\n河"}, f"{OWN}.name"),
    "id in capitals": ({f"{OWN}.id": "Sanhe"}, f"{OWN}.id"),
    "id twice": ({OWN: sample()["jurisdictions"][0]}, "jurisdictions.id"),
    "region twice": ({f"{OWN}.aliases": ["110112"]}, "jurisdictions.region"),
    "alias twice": ({f"{OWN}.aliases": ["130629", "130629"]}, f"{OWN}.aliases"),
    "region of five": ({f"{OWN}.region": "13108"}, f"{OWN}.region"),
    "origin of another": ({f"{OWN}.logs.0.origin": "jjj.example/tongzhou/licence"}, f"{OWN}.logs[0].origin"),
    "origin of another family": ({f"{OWN}.logs.0.origin": "jjj.example/sanhe/credit"}, f"{OWN}.logs[0].origin"),
    "successor number one": ({f"{OWN}.logs.0.origin": f"{LICENCE}.1"}, f"{OWN}.logs[0].origin"),
    "two logs of a family go on": (
        {f"{OWN}.logs": [{"family": "licence", "origin": LICENCE}, {"family": "licence", "origin": f"{LICENCE}.2"}]},
        "jurisdictions.logs (not ended)",
    ),
    "url without scheme": ({f"{OWN}.urls": ["node.example"]}, f"{OWN}.urls[0]"),
    "unknown role": ({f"{OWN}.keys.0.role": "owner"}, f"{OWN}.keys[0].role"),
    "no verifier key": ({f"{OWN}.keys.0.vkey": "abc"}, f"{OWN}.keys[0].vkey"),
    "key id of another name": ({f"{OWN}.keys.0.vkey": "jjj.example/sanhe+00000000+AQ=="}, f"{OWN}.keys[0].vkey"),
    "name of another": ({f"{OWN}.keys.0.vkey": vkey("jjj.example/tongzhou", seed="2").text()}, f"{OWN}.keys[0].vkey"),
    "cosigning record key": ({f"{OWN}.keys.0.vkey": vkey("jjj.example/sanhe", 4).text()}, f"{OWN}.keys[0].vkey"),
    "plain witness": ({f"{OWN}.keys.1.vkey": vkey("jjj.example/sanhe/witness").text()}, f"{OWN}.keys[1].vkey"),
    "authority without code": (
        {f"{OWN}.keys.3": key("authority", "jjj.example/sanhe/authority/1", ("licence",))},
        f"{OWN}.keys[3].vkey",
    ),
    "log key of no log": ({f"{OWN}.keys.4": key("log", "jjj.example/sanhe/casework", ("*",))}, f"{OWN}.keys[4].vkey"),
    "same key twice": ({f"{OWN}.keys.1": key("record", "jjj.example/sanhe", ("*",))}, "jurisdictions.keys.vkey"),
    "key window inverted": ({f"{OWN}.keys.0.not_after": "2025-12-31T00:00:00Z"}, f"{OWN}.keys[0].not_after"),
    "no such instant": ({f"{OWN}.keys.0.not_before": "2026-02-30T00:00:00Z"}, f"{OWN}.keys[0].not_before"),
    "local instant": ({f"{OWN}.keys.0.not_before": "2026-02-03T00:00:00+08:00"}, f"{OWN}.keys[0].not_before"),
    "no such day": ({f"{OWN}.authorities.0.since": "2026-02-30"}, f"{OWN}.authorities[0].since"),
    "authority window inverted": ({f"{OWN}.authorities.0.until": "2025-01-01"}, f"{OWN}.authorities[0].until"),
    "authority code wrong": ({f"{OWN}.authorities.0.uscc": "91310000059365511L"}, f"{OWN}.authorities[0].uscc"),
    "type code with a space": ({f"{OWN}.authorities.0.types": ["A B"]}, f"{OWN}.authorities[0].types[0]"),
    "good_below of no log": (
        {f"{OWN}.keys.0.revoked": {**REVOKED, "good_below": {"jjj.example/sanhe/licence.9": 1}}},
        f"{OWN}.keys[0].revoked.good_below",
    ),
    "good_below negative": (
        {f"{OWN}.keys.0.revoked": {**REVOKED, "good_below": {LICENCE: -1}}},
        f"{OWN}.keys[0].revoked.good_below.{LICENCE}",
    ),
    "root too short": ({f"{OWN}.logs.0.ended": {"size": 1, "root": "AAAA"}}, f"{OWN}.logs[0].ended.root"),
    "root not canonical": (
        {f"{OWN}.logs.0.ended": {"size": 1, "root": "A" * 42 + "B="}},
        f"{OWN}.logs[0].ended.root",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_by_its_path(name: str) -> None:
    changes, path = REFUSED[name]
    with pytest.raises(Refused) as refused:
        read(changes)
    assert refused.value.reason == "trust.form"
    assert refused.value.field == path.replace("jurisdictions.1", "jurisdictions[1]")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"version":1,"version":2}',
        b'{"version":1.5}',
        b'{"version":NaN}',
        b'{"version":1e3}',
        b'{"version":' + b"9" * 5000 + b"}",
        b'{"version":1,"network":"\\ud800"}',
        b'{"\\ud800":1}',
        b"[" * 100_000,
        b'{"a":' * 5_000,
    ],
    ids=lambda document: document[:24].decode("latin-1"),
)
def test_bytes_that_are_no_document_are_refused(document: bytes) -> None:
    with pytest.raises(Refused, match=r"trust\.form"):
        roster.parse(document)


leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner))
MEMBERS = ["version", "network", "jurisdictions", "jurisdictions.0", "jurisdictions.0.keys", "jurisdictions.0.keys.0"]
DEEP = ["jurisdictions.0.keys.0.revoked", "jurisdictions.0.logs.0", "jurisdictions.0.authorities.0.contact"]


@given(st.sampled_from(MEMBERS + DEEP), anything)
def test_any_value_in_any_place_is_read_or_refused(path: str, value: object) -> None:
    assert reason_of(lambda: read({path: value})) in (None, "trust.form")


# Policy and suites


def test_a_policy_counts_from_its_instant_on_and_by_suite() -> None:
    found = roster.parse(written(under_gm(sample(), "2026-06-01")))
    plain, gm = found.keys("record", "sanhe").values()
    since = int(datetime(2026, 5, 31, 16, tzinfo=UTC).timestamp())  # midnight in Shanghai
    assert found.policy is not None
    assert (found.policy.name, found.policy.since) == ("gm", since)
    assert [found.counts(plain.vkey, at) for at in (since - 1, since)] == [True, False]
    assert [found.counts(gm.vkey, at) for at in (since - 1, since)] == [True, True]
    assert read().policy is None
    assert read().counts(plain.vkey, since)


@pytest.mark.parametrize(
    "policy",
    [{}, {"name": "gm"}, {"name": "ed25519", "since": "2026-01-01"}, {"name": "gm", "since": "soon"}, "gm", None],
)
def test_another_policy_is_refused(policy: Any) -> None:
    assert reason_of(lambda: roster.parse(written(sample(policy=policy)))) == "trust.form"


def test_every_role_may_have_a_key_of_each_suite_and_none_of_the_other_kind() -> None:
    found = roster.parse(written(under_gm(sample())))
    for role in ("record", "authority", "log", "heartbeat", "witness", "verdict"):
        suites = sorted(key.vkey.suite.name for key in found.keys(role, "sanhe").values())
        both = ["ed25519-cosignature", "sm2-cosignature"] if role in ("heartbeat", "witness") else ["ed25519", "sm2"]
        assert sorted(set(suites)) == both
    for role, wrong in (("record", gm_cosigner), ("witness", gm_signer)):
        members = sample()["jurisdictions"]
        entry = next(key for key in members[1]["keys"] if key["role"] == role)
        entry["vkey"] = wrong(entry["vkey"].partition("+")[0]).key.text()
        document = written(sample(jurisdictions=members))
        assert reason_of(partial(roster.parse, document)) == "trust.form"
