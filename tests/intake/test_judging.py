"""What no node would take is refused before it leaves, with everything that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import Refused
from gateway.intake.drafts import RowDraft
from gateway.intake.judging import judge
from gateway.records.schema import SchemaSet
from tests.records import builders

SCHEMAS = SchemaSet.built_in()


def refused(data: dict[str, Any], kind: str = "jjj.licence.issued") -> Refused:
    with pytest.raises(Refused) as found:
        judge(RowDraft("sanhe", kind, data), SCHEMAS)
    return found.value


def test_good_records_pass() -> None:
    judge(RowDraft("sanhe", "jjj.licence.issued", builders.licence()), SCHEMAS)
    judge(RowDraft("sanhe", "jjj.credit.recorded", builders.credit("penalty")), SCHEMAS)
    judge(RowDraft("sanhe", "jjj.licence.retracted", builders.correction(7, b"\0" * 32)), SCHEMAS)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"holder.uscc": builders.HOLDER[:-1] + "?"}, "uscc.form"),
        ({"holder.uscc": builders.uscc(1)[:-1] + ("0" if builders.uscc(1)[-1] != "0" else "1")}, "uscc.check"),
        ({"holder.uscc": builders.PLACEHOLDER}, "holder.no_code"),
        ({"holder.category": "自然人"}, "holder.person"),
        ({"valid_to": "2020-01-01"}, "date.order"),
        ({"remarks": f"证件 {builders.PERSONS_NUMBER}"}, "identity_number"),
        ({"state.code": "02"}, "state.mismatch"),
        ({"content": "a\u202eb"}, "form.character"),
        ({"content": "a\ud800b"}, "form.character"),
        ({"number": "JY1\u200b"}, "number.character"),
    ],
)
def test_reasons_are_those_of_a_node(changes: dict[str, str], reason: str) -> None:
    assert refused(builders.change(builders.licence(), changes)).reason == reason


def test_everything_is_found_where_there_is_not_even_a_subject() -> None:
    found = refused({"number": "1", "disclosure": "public"})
    named = {finding.field for finding in found.findings}
    assert named >= {"data.type", "data.holder", "data.issuer", "data.valid_from"}


def test_of_a_correction_only_the_form(tmp_path: object) -> None:
    assert refused(builders.correction(-1, b"\0" * 32), "jjj.licence.retracted").reason == "schema.minimum"
    assert refused(builders.licence(), "jjj.licence.retracted").reason == "type.mismatch"
