"""Whoever signs: versions rise, nothing is removed, expiries are those agreed upon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import Refused
from gateway.repository import laws
from gateway.repository.charter import targets_of
from gateway.repository.proposals import Proposal
from tests.records.builders import GONE
from tests.repository.cities import DAY_S, NOW, Cities, roster
from tests.trust import papers

KEY = "jurisdictions.1.keys.0"
ORIGIN = "jjj.example/sanhe/licence"
REVOKED = {"at": "2026-11-01T00:00:00Z", "reason": "介质遗失", "good_below": {ORIGIN: 100}}


def refused(cities: Cities, proposal: Proposal, now: int = NOW) -> Refused:
    with pytest.raises(Refused) as caught:
        laws.check(cities.state(), proposal, now)
    return caught.value


def change(version: int, changes: Mapping[str, Any]) -> dict[str, bytes]:
    """A roster of this version with these changes."""
    return {"roster.json": papers.written(papers.changed(papers.roster(version=version), changes))}


def test_a_document_that_changes_must_have_a_higher_version(begun: Cities) -> None:
    for version in (3, 2):
        told = refused(begun, begun.propose(change(version, {"jurisdictions.1.name": "别处"})))
        assert (told.reason, told.field) == ("trust.version", "roster.json.version")
        assert "above 3" in told.message
    laws.check(begun.state(), begun.propose(change(4, {"jurisdictions.1.name": "别处"})), NOW)


def test_white_space_alone_is_a_change_of_bytes_too(begun: Cities) -> None:
    same = begun.state().files["roster.json"] + b"\n"
    assert refused(begun, begun.propose({"roster.json": same})).reason == "trust.version"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"jurisdictions.1": GONE}, "jurisdiction sanhe"),
        ({KEY: GONE}, "key jjj.example/sanhe+"),
        ({"jurisdictions.1.authorities.0": GONE}, "authority 11110112MA0000001E"),
        ({"jurisdictions.1.authorities.0.types": ["*"]}, "type 11100000MB0341032Y002"),
        ({f"{KEY}.families": ["licence"]}, "families credit"),
        ({f"{KEY}.revoked": GONE}, "revoked"),
        ({f"{KEY}.revoked.good_below": {}}, f"good below {ORIGIN}"),
        ({f"{KEY}.revoked.good_below": {ORIGIN: 99}}, "100 → 99"),
    ],
)
def test_what_would_be_removed_is_refused_and_named(begun: Cities, changes: Mapping[str, Any], named: str) -> None:
    begun.publish(begun.propose(change(4, {f"{KEY}.revoked": REVOKED})), "sanhe", "binhai", "xiongan", "dachang")
    wanted = papers.changed(papers.roster(version=5), {f"{KEY}.revoked": REVOKED})
    told = refused(begun, begun.propose({"roster.json": papers.written(papers.changed(wanted, changes))}))
    assert told.reason == "trust.removed"
    assert named in told.message
    assert told.zh


def test_an_agreement_is_ended_and_not_removed(begun: Cities) -> None:
    gone = {"version": 3, "agreements": [papers.agreement(id="2026-018")]}
    told = refused(begun, begun.propose({"agreements.json": papers.written(gone)}))
    assert (told.reason, "2026-017" in told.message) == ("trust.removed", True)
    ended = {"version": 3, "agreements": [papers.agreement(until="2026-12-31")]}
    laws.check(begun.state(), begun.propose({"agreements.json": papers.written(ended)}), NOW)


def test_a_published_schema_neither_changes_nor_goes(begun: Cities) -> None:
    state = begun.state()
    name = "schemas/licence-1.0.json"
    changed = state.files[name].replace(b'"title"', b'"title" ', 1)
    assert refused(begun, begun.propose({name: changed})).reason == "trust.removed"
    rest = {path: content for path, content in state.files.items() if path != name}
    proposal = replace(
        begun.propose(roster()), files=rest, targets=targets_of(rest, 2, NOW + DAY_S)
    )
    assert refused(begun, proposal).reason == "trust.removed"


def test_a_document_that_is_missing_or_wrong_is_refused(begun: Cities) -> None:
    state = begun.state()
    rest = {path: content for path, content in state.files.items() if path != "catalogue.json"}
    lacking = replace(begun.propose(roster()), files=rest, targets=targets_of(rest, 2, NOW + DAY_S))
    assert refused(begun, lacking).reason == "trust.missing"
    wrong = begun.propose(change(4, {"jurisdictions.1.region": "河北"}))
    assert (refused(begun, wrong).reason, refused(begun, wrong).field) == ("trust.form", "jurisdictions[1].region")


def test_expiries_lie_ahead_and_no_further_than_agreed(begun: Cities) -> None:
    proposal = begun.propose(roster())
    assert refused(begun, proposal, NOW + 365 * DAY_S).reason == "trust.expiry"
    assert refused(begun, proposal, NOW - 2 * DAY_S).reason == "trust.expiry"
    laws.check(begun.state(), proposal, NOW + 30 * DAY_S)


def test_versions_of_the_metadata_rise_by_one(begun: Cities) -> None:
    proposal = begun.propose(roster())
    far = replace(proposal, targets=targets_of(proposal.files, 9, NOW + DAY_S))
    assert refused(begun, far).reason == "trust.succession"


def test_nothing_to_sign_is_said(begun: Cities) -> None:
    with pytest.raises(Refused, match=r"trust\.unchanged"):
        begun.propose()
