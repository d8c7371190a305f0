"""The rules beyond the schema: holders, codes, days, identity numbers, what only warns."""

from typing import Any

import pytest

from gateway.errors import Refused
from gateway.records import rules
from gateway.records.identifiers import resident_numbers, uscc_check, uscc_error
from tests.records.builders import (
    GONE,
    HOLDER,
    PERSONS_NUMBER,
    PLACEHOLDER,
    certificate_identifier,
    change,
    credit,
    food_number,
    licence,
)

TYPE_CODE = "11100000MB0341032Y002"


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"holder.category": "自然人"}, "holder.person", "data.holder.category"),
        ({"holder.category": "自然人", "holder.uscc": GONE}, "holder.person", "data.holder.category"),
        ({"holder.uscc": PLACEHOLDER, "holder.category": "个体工商户"}, "holder.no_code", "data.holder.uscc"),
    ],
)
def test_who_may_not_be_a_holder(changes: dict[str, Any], reason: str, field: str) -> None:
    with pytest.raises(Refused) as caught:
        rules.check_holder(change(licence(), changes))
    assert (caught.value.reason, caught.value.field) == (reason, field)


@pytest.mark.parametrize("holder", [None, "x", {}, {"category": "个体工商户", "uscc": HOLDER}])
def test_other_holders_are_left_to_the_schema(holder: object) -> None:
    rules.check_holder({"holder": holder})


@pytest.mark.parametrize("party", ["holder", "issuer", "supplied_by"])
def test_codes_of_every_party_are_checked(party: str) -> None:
    wrong = HOLDER[:-1] + ("0" if HOLDER[-1] != "0" else "1")
    data = licence(supplied_by={"name": "示例", "uscc": HOLDER})
    rules.check_codes(data)
    with pytest.raises(Refused) as caught:
        rules.check_codes(change(data, {f"{party}.uscc": wrong}))
    assert (caught.value.reason, caught.value.field) == ("uscc.check", f"data.{party}.uscc")


def test_the_placeholder_is_no_code_of_an_authority_either() -> None:
    with pytest.raises(Refused) as caught:
        rules.check_codes(change(credit(), {"authority.uscc": PLACEHOLDER}))
    assert (caught.value.reason, caught.value.field) == ("uscc.placeholder", "data.authority.uscc")


@pytest.mark.parametrize(
    ("identifier", "reason"),
    [
        ("1.2.156.3005.2.x", "certificate_identifier.form"),
        (certificate_identifier().replace(".001.", ".002."), "certificate_identifier.check"),
    ],
)
def test_a_certificate_identifier_is_checked_hard(identifier: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        rules.check_codes(licence(certificate_identifier=identifier))
    assert (caught.value.reason, caught.value.field) == (reason, "data.certificate_identifier")


WRONG_DIGIT = food_number()[:-1] + str((int(food_number()[-1]) + 1) % 10)


@pytest.mark.parametrize("checks", [{TYPE_CODE: ("jy",)}, lambda code: ("jy",) if code == TYPE_CODE else ()])
def test_food_numbers_are_judged_where_the_catalogue_asks(checks: rules.NumberChecks) -> None:
    assert rules.check_number(food_number(), TYPE_CODE, checks) == ()
    assert rules.check_number("示证1号", "OTHER", checks) == ()
    (warning,) = rules.check_number(WRONG_DIGIT, TYPE_CODE, checks)
    assert (warning.reason, warning.field, warning.value) == ("number.check", "data.number", WRONG_DIGIT)
    with pytest.raises(Refused) as caught:
        rules.check_number("示证1号", TYPE_CODE, checks)
    assert (caught.value.reason, caught.value.field) == ("number.form", "data.number")


def test_without_a_catalogue_or_by_an_unknown_name_no_number_is_judged() -> None:
    assert rules.check_number("示证1号", TYPE_CODE, None) == ()
    assert rules.check_number("示证1号", TYPE_CODE, {TYPE_CODE: ("cma",)}) == ()


def test_production_numbers_have_their_own_prefix() -> None:
    assert rules.check_number(food_number(3, "SC108"), TYPE_CODE, {TYPE_CODE: ("sc",)}) == ()
    with pytest.raises(Refused):
        rules.check_number(food_number(), TYPE_CODE, {TYPE_CODE: ("sc",)})


def test_a_fine_without_an_amount_warns() -> None:
    assert rules.penalty_warnings(credit()) == ()
    (warning,) = rules.penalty_warnings(change(credit(), {"penalty.fine_10k_yuan": GONE}))
    assert (warning.reason, warning.field) == ("penalty.fine_missing", "data.penalty.fine_10k_yuan")
    no_fine = {"penalty.fine_10k_yuan": GONE, "penalty.categories": ["警告"]}
    assert rules.penalty_warnings(change(credit(), no_fine)) == ()
    assert rules.penalty_warnings(credit("rating")) == ()


TEXT_FIELDS = [
    "holder.name",
    "legal_representative",
    "issuer.name",
    "remarks",
    "content",
    "premises.0",
    "items.0.name",
    "state.reason",
    "number",
    "type.code",
    "decision.number",
    "predecessor.subject",
]


def with_text(field: str, text: str) -> tuple[bytes, dict[str, Any]]:
    data = licence(premises=["x"], items=[{"name": "x"}], predecessor={"source": "urn:jjj:sanhe", "subject": "x"})
    data = change(data, {field: text})
    return repr(data).encode(), data


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_no_text_field_may_hold_an_identity_number(field: str) -> None:
    with pytest.raises(Refused) as caught:
        rules.check_no_identity_number(*with_text(field, f"经营者{PERSONS_NUMBER}"), "ABC:1")
    refused = caught.value
    assert (refused.reason, refused.field) == ("identity_number", f"data.{field}")
    assert PERSONS_NUMBER not in str(refused) + refused.value + refused.zh


# A valid 统一社会信用代码 that also passes for the number of a person born in 1880, so that it is certainly nobody's.
BOTH = next(
    code
    for serial in range(1000, 10_000)
    if uscc_error(code := f"1101121880010{serial:04d}" + uscc_check(f"1101121880010{serial:04d}")) is None
    and resident_numbers(code)
)


def test_the_holders_own_code_is_no_identity_number_wherever_it_is_quoted() -> None:
    data = change(licence("registration", number=BOTH, remarks=f"代码{BOTH}"), {"holder.uscc": BOTH})
    rules.check_no_identity_number(repr(data).encode(), data, f"ABC:{BOTH}")
    with pytest.raises(Refused):
        rules.check_no_identity_number(repr(data).encode(), data | {"remarks": PERSONS_NUMBER}, f"ABC:{BOTH}")


def test_the_subject_of_a_correction_is_searched() -> None:
    data = {"index": 1, "ground": "x"}
    with pytest.raises(Refused) as caught:
        rules.check_no_identity_number(PERSONS_NUMBER.encode(), data, f"ABC:{PERSONS_NUMBER}")
    assert (caught.value.reason, caught.value.field) == ("identity_number", "subject")


def test_a_commitment_code_of_twenty_digits_is_no_identity_number() -> None:
    data = credit("commitment")
    rules.check_no_identity_number(repr(data).encode(), data, "x")


@pytest.mark.parametrize(
    ("predecessor", "reason"),
    [
        ({"source": "urn:jjj:sanhe", "subject": "no subject"}, "predecessor.subject"),
        ({"source": "urn:jjj:tongzhou", "subject": "ABC:1"}, "predecessor.self"),
    ],
)
def test_a_predecessor_is_another_licence(predecessor: dict[str, str], reason: str) -> None:
    assert rules.check_predecessor({"source": "urn:jjj:sanhe", "subject": "ABC:1"}, "urn:jjj:tongzhou", "ABC:1") == (
        "sanhe",
        "ABC:1",
    )
    with pytest.raises(Refused) as caught:
        rules.check_predecessor(predecessor, "urn:jjj:tongzhou", "ABC:1")
    assert caught.value.reason == reason


@pytest.mark.parametrize("text", ["A" * 43 + "=", "A" * 42 + "B=", "A" * 40, "é" * 44, ""])
def test_a_leaf_hash_is_canonical_base64_of_32_bytes(text: str) -> None:
    if text == "A" * 43 + "=":
        assert rules.decoded_leaf_hash(text) == bytes(32)
        return
    with pytest.raises(Refused) as caught:
        rules.decoded_leaf_hash(text)
    assert caught.value.reason == "correction.leaf_hash"
