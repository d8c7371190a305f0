"""Types, states and subjects: the table pair by pair, what may follow what, and subjects that split as they were
built.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.records import families
from tests.records.builders import HOLDER, ISSUER, PERSONS_NUMBER, PLACEHOLDER, credit, licence, uscc

LICENCE = {
    "issued": "01",
    "changed": "01 99",
    "resumed": "01",
    "transferred_in": "01",
    "suspended": "02",
    "annulled": "03",
    "cancelled": "04",
    "expired": "05",
    "transferred_out": "06",
    "revoked": "07",
    "objected": "01 02 03 04 05 06 07 99",
    "objection_closed": "01 02 03 04 05 06 07 99",
    "retracted": "",
    "erased": "",
}
CREDIT = {
    "recorded": "in_force",
    "changed": "in_force",
    "withdrawn": "withdrawn",
    "repaired": "repaired",
    "ended": "ended",
    "objected": "in_force withdrawn repaired ended",
    "objection_closed": "in_force withdrawn repaired ended",
    "retracted": "",
    "erased": "",
}
PAIRS = [
    (f"jjj.{family}.{verb}", state, state in allowed.split())
    for family, verbs, states in (
        ("licence", LICENCE, ["01", "02", "03", "04", "05", "06", "07", "99", "08", "1", ""]),
        ("credit", CREDIT, ["in_force", "withdrawn", "repaired", "ended", "01", ""]),
    )
    for verb, allowed in verbs.items()
    for state in states
]


def test_the_table_has_exactly_these_types() -> None:
    types = {f"jjj.licence.{verb}" for verb in LICENCE} | {f"jjj.credit.{verb}" for verb in CREDIT}
    assert set(families.TYPES) == types
    assert {families.family_of_type(kind) for kind in types} == {"licence", "credit"}


@pytest.mark.parametrize(("record_type", "state", "allowed"), PAIRS)
def test_type_and_state_go_together(record_type: str, state: str, allowed: bool) -> None:
    if allowed:
        families.check_pair(record_type, state)
        return
    with pytest.raises(Refused) as caught:
        families.check_pair(record_type, state)
    assert caught.value.reason == "state.mismatch"


@pytest.mark.parametrize(
    "record_type", ["", "jjj.licence", "jjj.licence.granted", "jjj.inspection.recorded", "licence.issued"]
)
def test_unknown_types_are_refused(record_type: str) -> None:
    with pytest.raises(Refused) as caught:
        families.family_of_type(record_type)
    assert caught.value.reason == "type.unknown"


@pytest.mark.parametrize(
    ("verb", "state", "previous", "reason"),
    [
        ("issued", "01", None, None),
        ("changed", "01", "01", None),
        ("changed", "01", None, None),
        ("changed", "01", "99", None),
        ("changed", "01", "02", "state.mismatch"),
        ("changed", "99", "02", "state.mismatch"),
        ("suspended", "02", "02", None),
        ("resumed", "01", "02", None),
        ("objected", "02", "02", None),
        ("objected", "01", "02", "state.mismatch"),
        ("objection_closed", "07", "07", None),
        ("objection_closed", "01", "07", "state.mismatch"),
        ("objected", "01", None, "state.no_previous"),
    ],
)
def test_what_may_follow_what(verb: str, state: str, previous: str | None, reason: str | None) -> None:
    if reason is None:
        families.check_against_previous(f"jjj.licence.{verb}", state, previous)
        return
    with pytest.raises(Refused) as caught:
        families.check_against_previous(f"jjj.licence.{verb}", state, previous)
    assert caught.value.reason == reason


def test_a_credit_objection_carries_its_state_too() -> None:
    families.check_against_previous("jjj.credit.objected", "repaired", "repaired")
    with pytest.raises(Refused):
        families.check_against_previous("jjj.credit.objected", "in_force", "repaired")


TYPE_CODES = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=64)
NUMBERS = st.text(" :：-—〔〕（）[]0123456789abcXYZ京示号", min_size=1, max_size=20).filter(lambda text: text.strip())


@given(TYPE_CODES, NUMBERS)
def test_licence_subjects_split_as_they_were_built(type_code: str, number: str) -> None:
    subject = families.licence_subject(type_code, number)
    assert families.split_subject("licence", subject) == (type_code, subject[len(type_code) + 1 :])
    assert families.licence_subject(*families.split_subject("licence", subject)) == subject


@given(st.integers(0, 999), st.sampled_from(sorted(families.CREDIT_KINDS)), st.integers(0, 999), NUMBERS)
def test_credit_subjects_split_as_they_were_built(holder: int, kind: str, authority: int, number: str) -> None:
    subject = families.credit_subject(uscc(holder), kind, uscc(authority, "11110112"), number)
    parts = families.split_subject("credit", subject)
    assert parts[:3] == (uscc(holder), kind, uscc(authority, "11110112"))
    assert families.credit_subject(*parts) == subject


def test_numbers_may_hold_colons() -> None:
    assert families.split_subject("licence", "ABC:1:2") == ("ABC", "1:2")
    assert families.split_subject("credit", f"{HOLDER}:penalty:{ISSUER}:a:b".replace("a:b", "A:B"))[3] == "A:B"


@pytest.mark.parametrize(
    ("family", "subject"),
    [
        ("licence", "JY111"),
        ("licence", "abc:1"),
        ("licence", "ABC:"),
        ("licence", "ABC:jy1"),
        ("licence", "ABC:A 1"),
        ("licence", "ABC:〔2019〕1"),
        ("licence", "ABC:A\u200b1"),
        ("credit", "ABC:1"),
        ("credit", f"{HOLDER}:penalty:{ISSUER}"),
        ("credit", f"{HOLDER}:fine:{ISSUER}:1"),
        ("credit", f"{PLACEHOLDER}:penalty:{ISSUER}:1"),
        ("credit", f"{HOLDER}:penalty:{ISSUER[:-1]}0:1"),
    ],
)
def test_what_no_data_could_have_built_is_no_subject(family: str, subject: str) -> None:
    with pytest.raises(Refused) as caught:
        families.split_subject(family, subject)
    assert caught.value.reason == "subject.form"


def test_a_refused_subject_is_shown_masked() -> None:
    with pytest.raises(Refused) as caught:
        families.split_subject("licence", f"abc:{PERSONS_NUMBER}")
    assert PERSONS_NUMBER not in caught.value.value


def test_subjects_are_made_from_data() -> None:
    data = licence()
    assert families.subject_of_data("licence", data) == f"{data['type']['code']}:{data['number']}"
    assert families.subject_of_data("credit", credit()) == f"{HOLDER}:penalty:{ISSUER}:示通市监处罚(2026)17号"


@pytest.mark.parametrize(
    ("family", "data", "field"),
    [
        ("licence", {}, "data.type.code"),
        ("licence", {"type": "x", "number": "1"}, "data.type.code"),
        ("licence", {"type": {"code": "ABC"}, "number": 1}, "data.number"),
        ("credit", {"holder": {"uscc": HOLDER}, "authority": {"uscc": ISSUER}, "number": "1"}, "data.kind"),
    ],
)
def test_data_without_a_part_of_the_subject_are_refused(family: str, data: dict[str, object], field: str) -> None:
    with pytest.raises(Refused) as caught:
        families.subject_of_data(family, data)
    assert (caught.value.reason, caught.value.field) == ("subject.data", field)
