"""An administrator reads every difference in words before signing; what the program has no words for is shown as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.repository import difference
from gateway.repository.difference import Kind, Line
from gateway.repository.trees import compare
from tests.repository.cities import SIX, Cities, documents
from tests.trust import papers

ORIGIN = "jjj.example/sanhe/licence"


def lines(changes: Mapping[str, Any], document: str = "roster") -> list[Line]:
    before = {"roster": papers.roster, "agreements": papers.agreements, "catalogue": papers.catalogue}[document]()
    after = papers.changed(before, {"version": before["version"] + 1, **changes})
    name = f"{document}.json"
    found = difference.of_files({name: papers.written(before)}, {name: papers.written(after)})
    assert found[0].kind is Kind.CHANGED
    assert "版本" in found[0].zh
    return found[1:]


def test_a_new_jurisdiction_is_told_with_every_key_log_and_authority() -> None:
    wuqing = papers.member("wuqing", "120114", "天津市武清区")
    found = lines({"jurisdictions": [*papers.roster()["jurisdictions"], wuqing]})
    told = "\n".join(line.en for line in found)
    assert all(line.kind is Kind.ADDED for line in found)
    assert all(key["vkey"] in told for key in wuqing["keys"])
    assert all(log["origin"] in told for log in wuqing["logs"])
    assert "天津市武清区" in found[0].zh


def test_a_rotation_is_a_new_key_and_an_earlier_end_of_the_old() -> None:
    new = papers.key("record", "jjj.example/sanhe", ("licence",))
    new["vkey"] = papers.vkey("jjj.example/sanhe", seed="new").text()
    old, *rest = papers.roster()["jurisdictions"][1]["keys"]
    found = lines({"jurisdictions.1.keys": [{**old, "not_after": "2026-12-31T00:00:00Z"}, *rest, new]})
    ended, added = found
    assert ended.kind is Kind.CHANGED
    assert "到期：2028-12-31T23:59:59Z → 2026-12-31T00:00:00Z" in ended.zh
    assert added.kind is Kind.ADDED
    assert new["vkey"] in added.en


def test_a_revocation_tells_up_to_where_records_stay_good() -> None:
    revoked = {"at": "2026-11-01T00:00:00Z", "reason": "介质遗失", "good_below": {ORIGIN: 1234}}
    found = lines({"jurisdictions.1.keys.0.revoked": revoked})
    assert found[0].zh.startswith("吊销 名册 · 地区 sanhe 密钥 jjj.example/sanhe+")
    assert any(ORIGIN in line.en and "1234" in line.en and "good below" in line.en for line in found)


def test_an_agreements_terms_are_told_from_and_to() -> None:
    (line,) = lines({"agreements.0.freshness_s": 60}, "agreements")
    assert line.en.startswith("agreements · agreement 2026-017 freshness_s: ")
    assert line.en.endswith("→ 60")


def test_a_type_gone_from_the_catalogue_is_told() -> None:
    (line,) = lines({"types": []}, "catalogue")
    assert (line.kind, "食品经营许可证" in line.zh) == (Kind.REMOVED, True)


@pytest.mark.parametrize("member", ["policy", "something_of_a_later_version"])
def test_a_member_without_words_is_told_by_its_name(member: str) -> None:
    (line,) = lines({member: "gm"})
    assert (line.kind, line.en) == (Kind.ADDED, f"added roster · {member}: gm")


def test_order_and_white_space_are_no_difference() -> None:
    before = papers.roster()
    after = {**before, "jurisdictions": list(reversed(before["jurisdictions"]))}
    old, new = papers.written(before), papers.written(after).replace(b"  ", b"\t")
    assert difference.of_files({"roster.json": old}, {"roster.json": new}) == []


def test_a_change_of_signers_tells_whose_keys_and_how_many_sign(begun: Cities) -> None:
    charter = begun.charter(keys=tuple(begun.key(place) for place in sorted(SIX[:5])), threshold=3)
    told = [line.en for line in difference.of_proposal(begun.state(), begun.propose(charter=charter))]
    assert f"removed root key binhai {begun.key('binhai').keyid}" in told
    assert "threshold: 4/6 → 3/5" in told
    assert any(line.startswith("root 2 good until") for line in told)


def test_the_first_proposal_tells_everything(cities: Cities) -> None:
    found = difference.of_proposal(None, cities.first())
    told = "\n".join(line.en for line in found)
    keys = [key["vkey"] for member in papers.roster()["jurisdictions"] for key in member["keys"]]
    assert all(key in told for key in keys)
    assert all(path in told for path in documents() if path.startswith("schemas/"))
    assert not any(line.forbidden for line in found)


LEAF = st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2)
TREE = st.recursive(LEAF, lambda inner: st.dictionaries(st.text("xyz", min_size=1, max_size=2), inner, max_size=3))


LISTS = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "x", "y"]), inner, max_size=3),
)


def unordered(value: Any) -> Any:
    """What a document says, the order of its lists aside."""
    if isinstance(value, dict):
        return dict, sorted((name, repr(unordered(inner))) for name, inner in value.items())
    if isinstance(value, list):
        return list, sorted(repr(unordered(inner)) for inner in value)
    return type(value), value


@settings(max_examples=100)
@given(old=LISTS, new=LISTS)
def test_no_difference_goes_untold_whatever_the_lists_hold(old: Any, new: Any) -> None:
    if unordered(old) != unordered(new):
        assert list(compare(old, new))
    assert not list(compare(old, old))


@settings(max_examples=100)
@given(old=TREE, new=TREE)
def test_trees_differ_exactly_when_a_change_is_told(old: Any, new: Any) -> None:
    def typed(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: typed(inner) for name, inner in value.items()}
        return type(value), value

    assert bool(list(compare(old, new))) == (typed(old) != typed(new))
