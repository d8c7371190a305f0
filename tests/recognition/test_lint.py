"""`trust lint`: documents that fit together give nothing; each rule finds its own fault, and nothing else is found."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from gateway.reasons.of_lint import OF_LINT
from gateway.recognition.lint import RULES, Weight, lint
from gateway.recognition.network import Network, fields_of
from gateway.records.packaged import data_path
from gateway.records.schema import SchemaSet
from gateway.trust import agreements, catalogue, roster, trusted
from tests.records.builders import TYPE_CODES, uscc
from tests.trust import papers

TYPE, OTHER = papers.TYPE, TYPE_CODES["registration"][0]
AT = 1_795_399_384  # 2026-11-23
FIELDS = fields_of(SchemaSet.built_in())
PLACES = ("tongzhou", "sanhe")
OWN = {"tongzhou": uscc(1, "11110112"), "sanhe": uscc(2, "11131082")}
Documents = dict[str, Any]


def clean() -> Documents:
    """A network of two in which nothing is to be found."""
    members = papers.roster()["jurisdictions"]
    for member in members:
        own, _ = member["authorities"]
        member["authorities"] = [{**own, "uscc": OWN[member["id"]], "types": [TYPE]}]
        del member["authorities"][0]["until"]
    return {
        "roster": papers.roster(jurisdictions=members),
        "agreements": papers.agreements(papers.agreement(issued_by=list(PLACES), recognised_by=list(PLACES))),
        "catalogue": papers.catalogue(complete=dict.fromkeys(PLACES, "2026-01-01")),
    }


def network(documents: Documents) -> Network:
    parts = {name: papers.written(document) for name, document in documents.items()}
    return Network(
        roster.parse(parts["roster"]),
        agreements.parse(parts["agreements"]),
        catalogue.parse(parts["catalogue"]),
        FIELDS,
        AT,
    )


def found(documents: Documents) -> list[tuple[str, str, str]]:
    return [(each.reason, each.where, each.detail) for each in lint(network(documents))]


def member(documents: Documents, place: str = "sanhe") -> dict[str, Any]:
    return next(each for each in documents["roster"]["jurisdictions"] if each["id"] == place)  # type: ignore[no-any-return]


def authority(documents: Documents, **members: Any) -> None:
    """Another authority of sanhe."""
    entry = {"uscc": uscc(5, "11131082"), "name": "示例局", "types": [TYPE], "carried": False, "since": "2026-01-01"}
    contact = {"contact": {"phone": "1", "hours": "2"}}
    entry = {name: value for name, value in {**entry, **contact, **members}.items() if value is not None}
    member(documents)["authorities"].append(entry)


def agreed(documents: Documents, **members: Any) -> None:
    """Change the one agreement."""
    documents["agreements"]["agreements"][0] |= members


def also_agreed(documents: Documents, **members: Any) -> None:
    """A second agreement beside the one."""
    first = documents["agreements"]["agreements"][0]
    documents["agreements"]["agreements"].append({**deepcopy(first), "id": "2026-018", **members})


def keys(documents: Documents, role: str, **members: Any) -> None:
    """Change sanhe's keys of a role."""
    for key in member(documents)["keys"]:
        if key["role"] == role:
            key.update(members)


def without_keys(documents: Documents, role: str) -> None:
    member(documents)["keys"] = [key for key in member(documents)["keys"] if key["role"] != role]


def under_gm(documents: Documents) -> None:
    documents["roster"] = papers.under_gm(documents["roster"])


def without_gm(documents: Documents, role: str) -> None:
    """Take away the later one of sanhe's keys of a role."""
    found = [key for key in member(documents)["keys"] if key["role"] == role]
    member(documents)["keys"].remove(found[-1])


def typed(documents: Documents, **members: Any) -> None:
    documents["catalogue"]["types"][0] |= members


SIGNED = {"sanhe": "2027-01-01"}
REVOKED = {"at": "2026-06-01T00:00:00Z", "reason": "示例", "good_below": {}}


def may_sign(documents: Documents, **members: Any) -> None:
    """Sanhe's own authority has a key."""
    name = f"{papers.NETWORK}/sanhe/authority/{OWN['sanhe']}"
    member(documents)["keys"].append({**papers.key("authority", name, ("licence",)), **members})


def another_type(documents: Documents, **members: Any) -> None:
    first = documents["catalogue"]["types"][0]
    documents["catalogue"]["types"].append({**first, "code": OTHER, "name": "营业执照", **members})


def without_log(documents: Documents, family: str) -> None:
    place = member(documents)
    place["logs"] = [entry for entry in place["logs"] if entry["family"] != family]
    of_log = [key for key in place["keys"] if key["role"] in ("log", "heartbeat") and family in key["families"]]
    place["keys"] = [key for key in place["keys"] if key not in of_log]


END = "2026-12-31T00:00:00Z"
PAIR = "tongzhou → sanhe"
CASES: dict[str, tuple[Callable[[Documents], Any], list[tuple[str, str]]]] = {
    "nothing": (lambda _: None, []),
    "no record key": (
        lambda d: without_keys(d, "record"),
        [("lint.key_missing", "sanhe"), ("lint.key_missing", "sanhe")],
    ),
    "a revoked witness key": (
        lambda d: keys(d, "witness", revoked={"at": "2026-11-01", "reason": "示例", "good_below": {}}),
        [("lint.key_missing", "sanhe")],
    ),
    "a verdict key that ends soon": (lambda d: keys(d, "verdict", not_after=END), [("lint.key_ending", "sanhe")]),
    "a key that ends soon, and another that follows": (
        lambda d: (
            keys(d, "verdict", not_after=END),
            member(d)["keys"].append(
                {
                    **papers.key("verdict", "jjj.example/sanhe/verdict", ("*",)),
                    "vkey": papers.vkey("jjj.example/sanhe/verdict", seed="next").text(),
                    "not_before": "2026-12-01T00:00:00Z",
                }
            ),
        ),
        [],
    ),
    "two keys for one task, for years": (
        lambda d: member(d)["keys"].append(
            {
                **papers.key("verdict", "jjj.example/sanhe/verdict", ("*",)),
                "vkey": papers.vkey("jjj.example/sanhe/verdict", seed="next").text(),
            }
        ),
        [("lint.keys_overlap", "sanhe")],
    ),
    "an SM2 key beside every key, under the policy": (under_gm, []),
    "a policy, and no SM2 verdict key": (
        lambda d: (under_gm(d), without_gm(d, "verdict")),
        [("lint.gm_missing", "sanhe")],
    ),
    "a policy, and an authority that signs with Ed25519 alone": (
        lambda d: (under_gm(d), may_sign(d), typed(d, authority_signed=SIGNED)),
        [("lint.gm_missing", "sanhe"), ("lint.signing_key", f"sanhe {OWN['sanhe']}")],
    ),
    "a policy, and an authority with keys of both suites": (
        lambda d: (may_sign(d), under_gm(d), typed(d, authority_signed=SIGNED)),
        [],
    ),
    "a policy that begins after the SM2 keys have ended": (
        lambda d: (under_gm(d), d["roster"]["policy"].update(since="2029-01-02")),
        [("lint.gm_missing", place) for place in PLACES for _ in range(8)],
    ),
    "an SM2 key that ends soon, and none of its suite that follows": (
        lambda d: (under_gm(d), member(d)["keys"][-1].update(not_after=END)),
        [("lint.key_ending", "sanhe")],
    ),
    "no licence log": (
        lambda d: without_log(d, "licence"),
        [("lint.log_missing", "sanhe")],
    ),
    "no address": (lambda d: member(d).update(urls=[]), [("lint.no_url", "sanhe")]),
    "an authority for nothing": (
        lambda d: authority(d, types=[], contact=None),
        [("lint.authority_types", f"sanhe {uscc(5, '11131082')}")],
    ),
    "who runs the node": (lambda d: authority(d, types=[]), []),
    "an authority of an unknown type": (
        lambda d: authority(d, types=["X99"]),
        [("lint.authority_unknown_type", f"sanhe {uscc(5, '11131082')}")],
    ),
    "an authority that nobody can call": (
        lambda d: authority(d, contact=None),
        [("lint.authority_contact", f"sanhe {uscc(5, '11131082')}")],
    ),
    "one that has ended needs no contact": (lambda d: authority(d, contact=None, until="2026-06-30"), []),
    "the same authority as own in two places": (
        lambda d: authority(d, uscc=OWN["tongzhou"]),
        [("lint.authority_contradicts", OWN["tongzhou"]), ("lint.authority_region", f"sanhe {OWN['tongzhou']}")],
    ),
    "the same authority carried elsewhere": (lambda d: authority(d, uscc=OWN["tongzhou"], carried=True), []),
    "own and carried for one type": (
        lambda d: authority(d, uscc=OWN["sanhe"], carried=True),
        [("lint.authority_contradicts", OWN["sanhe"])],
    ),
    "a type that nobody issues": (lambda d: another_type(d, complete={}), [("lint.type_unissued", OTHER)]),
    "a type not declared complete": (
        lambda d: typed(d, complete={"sanhe": "2026-01-01"}),
        [("lint.not_complete", "tongzhou")],
    ),
    "completeness of an unknown place": (
        lambda d: typed(d, complete=dict.fromkeys((*PLACES, "atlantis"), "2026-01-01")),
        [("lint.complete_unknown", f"{TYPE} 食品经营许可证")],
    ),
    "signatures of an unknown place": (
        lambda d: typed(d, authority_signed={"atlantis": "2026-01-01"}),
        [("lint.signing_unknown", f"{TYPE} 食品经营许可证")],
    ),
    "signatures of an authority without a key": (
        lambda d: typed(d, authority_signed={"sanhe": "2027-01-01"}),
        [("lint.signing_key", f"sanhe {OWN['sanhe']}")],
    ),
    "signatures of an authority with a key": (lambda d: (typed(d, authority_signed=SIGNED), may_sign(d)), []),
    "signatures of an authority whose key is revoked": (
        lambda d: (typed(d, authority_signed=SIGNED), may_sign(d, revoked=REVOKED)),
        [("lint.signing_key", f"sanhe {OWN['sanhe']}")],
    ),
    "an unknown jurisdiction": (
        lambda d: agreed(d, recognised_by=[*PLACES, "atlantis"]),
        [("lint.unknown_jurisdiction", "2026-017")],
    ),
    "an unknown type": (lambda d: agreed(d, types=[TYPE, "X99"]), [("lint.unknown_type", "2026-017")]),
    "no purpose": (
        lambda d: agreed(d, purposes=[]),
        [("lint.covers_nothing", "2026-017"), ("lint.uncovered", PAIR), ("lint.uncovered", "sanhe → tongzhou")],
    ),
    "the same twice on the same terms": (also_agreed, []),
    "the same twice on different terms": (
        lambda d: also_agreed(d, witnesses=1, freshness_s=60),
        [("lint.overlap", "2026-017, 2026-018")],
    ),
    "different terms for different purposes": (
        lambda d: (agreed(d, purposes=["招标投标"]), also_agreed(d, purposes=["开办企业"], witnesses=1)),
        [],
    ),
    "different terms on different days": (
        lambda d: (agreed(d, until="2027-12-31"), also_agreed(d, since="2028-01-01", until="2029-12-31", witnesses=1)),
        [],
    ),
    "ended, and nothing follows": (
        lambda d: agreed(d, until="2026-10-31"),
        [("lint.lapsed", "2026-017"), ("lint.uncovered", PAIR), ("lint.uncovered", "sanhe → tongzhou")],
    ),
    "ended, and another follows": (
        lambda d: (agreed(d, until="2026-10-31"), also_agreed(d, since="2026-11-01", until="2028-12-31")),
        [],
    ),
    "ends soon": (lambda d: agreed(d, until="2026-12-31"), [("lint.ending", "2026-017")]),
    "ends soon, and another follows": (
        lambda d: (agreed(d, until="2026-12-31"), also_agreed(d, since="2027-01-01", until="2028-12-31")),
        [],
    ),
    "one direction only": (lambda d: agreed(d, issued_by=["sanhe"]), [("lint.uncovered", PAIR)]),
    "only carried, and not about carried ones": (
        lambda d: (member(d)["authorities"].pop(), authority(d, carried=True)),
        [("lint.uncovered", "sanhe → tongzhou"), ("lint.carried", "2026-017")],
    ),
    "an own authority with a ministry's code": (
        lambda d: authority(d, uscc=papers.MINISTRY),
        [("lint.authority_region", f"sanhe {papers.MINISTRY}")],
    ),
    "a ministry that is carried": (lambda d: authority(d, uscc=papers.MINISTRY, carried=True), []),
    "a suspension that can't be undone": (
        lambda d: typed(d, irreversible=["02", "03"]),
        [("lint.irreversible", f"{TYPE} 食品经营许可证")],
    ),
    "a type that neither of the two issues": (
        lambda d: (another_type(d, complete={}), agreed(d, types=[TYPE, OTHER])),
        [("lint.type_unissued", OTHER), ("lint.issues_none", "2026-017")],
    ),
    "an issuer that issues none of the types": (
        lambda d: (
            another_type(d, complete={"sanhe": "2026-01-01"}),
            authority(d, types=[OTHER]),
            also_agreed(d, types=[OTHER]),
        ),
        [("lint.issues_none", "2026-018")],
    ),
    "an honour that refuses": (
        lambda d: agreed(d, credit=[{"kind": "honour", "effect": "restricted", "ground": "示例"}]),
        [("lint.credit_kind", "2026-017")],
    ),
    "a volatile type, and a day's freshness": (
        lambda d: typed(d, volatile=True),
        [("lint.freshness_volatile", "2026-017")],
    ),
    "a volatile type, and an hour's": (lambda d: (typed(d, volatile=True), agreed(d, freshness_s=3600)), []),
    "longer than a day": (lambda d: agreed(d, freshness_s=86_401), [("lint.freshness", "2026-017")]),
    "two witnesses beside the owner among two": (
        lambda d: agreed(d, witnesses=2),
        [("lint.witnesses", "2026-017"), ("lint.witnesses", "2026-017")],
    ),
    "unchanged fields": (lambda d: agreed(d, unchanged=["items.name", "content", "holder.name"]), []),
    "an unchanged field that there is not": (
        lambda d: agreed(d, unchanged=["performers"]),
        [("lint.unchanged_field", "2026-017")],
    ),
    "credit agreed upon without a credit log": (
        lambda d: without_log(d, "credit"),
        [("lint.credit_log", "2026-017")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_found_and_nothing_else(name: str) -> None:
    change, expected = CASES[name]
    documents = clean()
    change(documents)
    assert [(reason, where) for reason, where, _ in found(documents)] == expected


def test_every_rule_of_the_table_is_tried_and_has_its_sentences() -> None:
    tried = {reason for _, expected in CASES.values() for reason, _ in expected}
    assert {rule.reason for rule in RULES} == tried == set(OF_LINT)


@pytest.mark.parametrize("name", CASES)
def test_what_can_be_meant_is_a_note_and_what_cannot_a_fault(name: str) -> None:
    documents = clean()
    CASES[name][0](documents)
    weights = {rule.reason: rule.weight for rule in RULES}
    assert all(each.weight is weights[each.reason] for each in lint(network(documents)))
    notes = {"lint.uncovered", "lint.ending", "lint.lapsed", "lint.key_ending", "lint.not_complete", "lint.no_url"}
    assert notes < {reason for reason, weight in weights.items() if weight is Weight.NOTE}


def test_the_example_documents_hold_no_fault_and_recognise_in_every_direction() -> None:
    trust = trusted.load(data_path("keys/example") / "trust")
    example = Network(trust.roster, trust.agreements, trust.catalogue, FIELDS, AT)
    assert {each.reason for each in lint(example)} == {"lint.no_url"}  # addresses are filled in when nodes run
    cells = list(example.matrix())
    assert len(cells) == 6 * 5 * 7
    assert all(cell.agreements for cell in cells)


def test_an_overlap_names_the_pair_and_the_terms() -> None:
    documents = clean()
    also_agreed(documents, witnesses=1, freshness_s=60)
    assert found(documents)[0][2] == "sanhe → tongzhou: witnesses, freshness_s"


def test_the_matrix_names_every_agreement_that_covers_and_leaves_gaps_open() -> None:
    documents = clean()
    agreed(documents, issued_by=["sanhe"])
    also_agreed(documents)
    documents["agreements"]["agreements"][1]["issued_by"] = ["sanhe"]
    cells = {(cell.issuer, cell.asker): cell.agreements for cell in network(documents).matrix()}
    assert cells == {("sanhe", "tongzhou"): ("2026-017", "2026-018"), ("tongzhou", "sanhe"): ()}


def test_paths_of_fields_leave_lists_out() -> None:
    assert {"holder.name", "items.name", "content", "premises"} <= FIELDS
    assert "performers" not in FIELDS
