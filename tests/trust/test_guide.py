"""The guide for those who draft agreements: each of its examples is read, and nothing in it contradicts anything."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.reasons.of_lint import OF_LINT
from gateway.recognition.lint import Weight, lint
from gateway.recognition.network import Network, fields_of
from gateway.records.schema import SchemaSet
from gateway.trust import agreements, catalogue, roster
from tests.records.builders import ISSUER
from tests.trust import papers

AT = 1_795_399_384  # 2026-11-23
GUIDE = (Path(__file__).parents[2] / "docs/zh/互认协议与目录指南.md").read_text(encoding="utf-8")
FRAGMENTS = [json.loads(found) for found in re.findall(r"^```json\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)]
TYPES = [each for each in FRAGMENTS if "number_checks" in each]
AUTHORITIES = [each for each in FRAGMENTS if "uscc" in each]
AGREEMENTS = {each["id"]: each for each in FRAGMENTS if "issued_by" in each}


def network(*agreed: dict[str, Any]) -> Network:
    """The guide's types and authorities at sanhe, under some of its agreements."""
    members = papers.roster()["jurisdictions"]
    own = {"tongzhou": [{**AUTHORITIES[0], "uscc": ISSUER}], "sanhe": AUTHORITIES}
    for member in members:
        member["authorities"] = own[member["id"]]
    return Network(
        roster.parse(papers.written(papers.roster(jurisdictions=members))),
        agreements.parse(papers.written({"version": 1, "agreements": list(agreed)})),
        catalogue.parse(papers.written({"version": 1, "types": TYPES})),
        fields_of(SchemaSet.built_in()),
        AT,
    )


def test_every_fragment_is_a_type_an_authority_or_an_agreement() -> None:
    assert len(FRAGMENTS) == len(TYPES) + len(AUTHORITIES) + len(AGREEMENTS)
    assert (len(TYPES), len(AUTHORITIES), len(AGREEMENTS)) == (3, 2, 5)


@pytest.mark.parametrize("name", AGREEMENTS)
def test_each_agreement_is_read_covers_something_and_holds_no_fault(name: str) -> None:
    found = network(AGREEMENTS[name])
    assert [each for each in lint(found) if each.weight is Weight.FAULT] == []
    assert any(name in cell.agreements for cell in found.matrix())


def test_the_overlap_that_the_guide_warns_of_is_found() -> None:
    found = lint(network(AGREEMENTS["2026-001"], AGREEMENTS["2026-005"]))
    assert ("lint.overlap", "2026-001, 2026-005", "sanhe → tongzhou: credit") in [
        (each.reason, each.where, each.detail) for each in found
    ]


def test_the_guide_tells_every_finding_and_no_other() -> None:
    assert set(re.findall(r"^\| `(lint\.[a-z_]+)`", GUIDE, re.MULTILINE)) == set(OF_LINT)
