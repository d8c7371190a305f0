"""From bytes to a record: what is read, in which order what is refused, and that any bytes give a record or the one
error.
"""

import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.records.record import (
    Correction,
    Credit,
    Envelope,
    Licence,
    Record,
    check_data,
    judge_content,
    read_envelope,
)
from gateway.records.schema import SchemaSet
from tests.records.builders import (
    CREDIT_OBJECTS,
    GONE,
    HOLDER,
    ISSUER,
    NOW,
    PERSONS_NUMBER,
    PLACEHOLDER,
    TYPE_CODES,
    certificate_identifier,
    change,
    correction,
    credit,
    food_number,
    licence,
    line,
    record_id,
    whole_licence,
)

SCHEMAS = SchemaSet.built_in()
ISSUED, RECORDED = "jjj.licence.issued", "jjj.credit.recorded"
SUBJECT = f"{TYPE_CODES['permit'][0]}:{food_number()}"


def judged(record_type: str, data: dict[str, Any], **members: Any) -> Record:
    return judge_content(read_envelope(line(record_type, data, **members)), SCHEMAS)[0]


def refusal(record_type: str, data: dict[str, Any], **members: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        judged(record_type, data, **members)
    return caught.value


# What is read


def test_the_envelope_is_read_as_it_stands() -> None:
    whole = line(ISSUED, licence())
    assert read_envelope(whole) == Envelope(
        whole, record_id(), "urn:jjj:tongzhou", "tongzhou", ISSUED, "licence", SUBJECT, NOW, "licence:1.0", licence()
    )


def test_a_whole_licence_has_its_typed_content() -> None:
    record = judged(ISSUED, whole_licence())
    assert record.content == Licence(
        number=food_number(),
        type_code=TYPE_CODES["permit"][0],
        type_name="食品经营许可证",
        kind="permit",
        holder_name="示例甲食品有限公司",
        holder_uscc=HOLDER,
        authority_name="示例通州区市场监督管理局",
        authority_uscc=ISSUER,
        state="01",
        since=datetime.date(2024, 3, 1),
        state_reason=None,
        valid_from=datetime.date(2024, 3, 1),
        valid_to=datetime.date(2029, 2, 28),
        certificate_identifier=certificate_identifier(),
        predecessor=("sanhe", f"{TYPE_CODES['permit'][0]}:{food_number(9)}"),
    )
    assert record.data == whole_licence()
    assert (record.jurisdiction, record.family, record.subject, record.time) == ("tongzhou", "licence", SUBJECT, NOW)


@pytest.mark.parametrize("kind", sorted(TYPE_CODES))
def test_every_kind_of_licence_is_read(kind: str) -> None:
    content = judged(ISSUED, licence(kind)).content
    assert isinstance(content, Licence)
    assert (content.kind, content.valid_to, content.predecessor) == (kind, None, None)


@pytest.mark.parametrize("kind", sorted(CREDIT_OBJECTS))
def test_every_kind_of_credit_fact_is_read(kind: str) -> None:
    content = judged(RECORDED, credit(kind, public_until="2027-05-10")).content
    assert content == Credit(
        number="示通市监处罚(2026)17号",
        kind=kind,
        holder_name="示例甲食品有限公司",
        holder_uscc=HOLDER,
        authority_name="示例通州区市场监督管理局",
        authority_uscc=ISSUER,
        state="in_force",
        decided_on=datetime.date(2026, 5, 10),
        public_until=datetime.date(2027, 5, 10),
    )


@pytest.mark.parametrize("record_type", ["jjj.licence.retracted", "jjj.licence.erased"])
def test_a_correction_names_a_leaf_under_the_subject_it_is_about(record_type: str) -> None:
    record = judged(record_type, correction(7, bytes(range(32))), subject=SUBJECT)
    assert record.content == Correction(7, bytes(range(32)), "发布有误", "示例通州区市场监督管理局", ISSUER)
    assert record.subject == SUBJECT


def test_a_licence_in_another_state_keeps_its_reason() -> None:
    content = judged(
        "jjj.licence.changed", licence(state={"code": "99", "since": "2024-05-01", "reason": "停业整顿"})
    ).content
    assert isinstance(content, Licence)
    assert (content.state, content.state_reason) == ("99", "停业整顿")


def test_the_number_in_the_subject_is_normalised_and_in_the_data_as_printed() -> None:
    record = judged(ISSUED, licence("filing", number="示通〔2024〕第 17号"))
    assert isinstance(record.content, Licence)
    assert record.content.number == "示通(2024)第17号"
    assert record.subject.endswith(":示通(2024)第17号")
    assert record.data["number"] == "示通〔2024〕第 17号"


def test_warnings_come_beside_the_record() -> None:
    wrong = food_number()[:-1] + str((int(food_number()[-1]) + 1) % 10)
    checks = {TYPE_CODES["permit"][0]: ("jy",)}
    _, warnings = judge_content(read_envelope(line(ISSUED, licence(number=wrong))), SCHEMAS, checks)
    assert [warning.reason for warning in warnings] == ["number.check"]
    _, warnings = judge_content(read_envelope(line(ISSUED, licence())), SCHEMAS, checks)
    assert warnings == ()


# What is refused


DATA_REFUSALS = [
    (ISSUED, licence(), {"extra": 1}, "schema.additionalProperties", "data.extra"),
    (ISSUED, licence(), {"holder.category": "自然人"}, "holder.person", "data.holder.category"),
    (ISSUED, licence(), {"holder.category": "自然人", "holder.uscc": GONE}, "holder.person", "data.holder.category"),
    (ISSUED, licence(), {"holder.uscc": PLACEHOLDER}, "holder.no_code", "data.holder.uscc"),
    (ISSUED, licence(), {"holder.uscc": PLACEHOLDER, "extra": 1}, "holder.no_code", "data.holder.uscc"),
    (ISSUED, licence(), {"holder.uscc": HOLDER[:17] + "?"}, "uscc.form", "data.holder.uscc"),
    (ISSUED, licence(), {"issuer.uscc": "11100000000013338X"}, "uscc.check", "data.issuer.uscc"),
    (ISSUED, licence(), {"disclosure": "limited"}, "disclosure.not_public", "data.disclosure"),
    (ISSUED, licence(), {"valid_from": "2023-02-29"}, "date.form", "data.valid_from"),
    (ISSUED, licence(), {"valid_to": "2023-02-29"}, "date.form", "data.valid_to"),
    (ISSUED, licence(), {"valid_to": "2024-02-29"}, "date.order", "data.valid_to"),
    (ISSUED, licence(), {"state.since": "2024-13-01"}, "date.form", "data.state.since"),
    (ISSUED, licence(), {"decision.date": "2024-04-31"}, "date.form", "data.decision.date"),
    (
        ISSUED,
        licence(items=[{"name": "x"}, {"name": "y"}]),
        {"items.1.valid_to": "2024-04-31"},
        "date.form",
        "data.items.1.valid_to",
    ),
    (ISSUED, licence(), {"state.code": "02"}, "state.mismatch", "data.state.code"),
    ("jjj.licence.revoked", licence(), {}, "state.mismatch", "data.state.code"),
    (ISSUED, licence(), {"number": "JY\u0301"}, "number.character", "data.number"),
    (ISSUED, licence(), {"number": "\u00a0"}, "number.empty", "data.number"),
    (ISSUED, licence(), {"remarks": PERSONS_NUMBER}, "identity_number", "data.remarks"),
    (
        ISSUED,
        licence(),
        {"certificate_identifier": "1.2.156"},
        "certificate_identifier.form",
        "data.certificate_identifier",
    ),
    (ISSUED, correction(), {}, "type.mismatch", "data"),
    ("jjj.licence.retracted", licence(), {}, "type.mismatch", "data"),
    ("jjj.licence.retracted", correction(), {"ground": GONE}, "schema.required", "data.ground"),
    ("jjj.licence.retracted", correction(), {"leaf_hash": "A" * 42 + "B="}, "correction.leaf_hash", "data.leaf_hash"),
    ("jjj.licence.erased", correction(), {"authority.uscc": "11100000000013338X"}, "uscc.check", "data.authority.uscc"),
    (RECORDED, credit(), {"state": "ended"}, "state.mismatch", "data.state"),
    (RECORDED, credit(), {"public_until": "2026-05-09"}, "date.order", "data.public_until"),
    (RECORDED, credit(), {"decided_on": "2026-02-30"}, "date.form", "data.decided_on"),
    (RECORDED, credit(), {"penalty.valid_to": "2026-02-30"}, "date.form", "data.penalty.valid_to"),
    (
        RECORDED,
        credit("abnormal_list"),
        {"abnormal_list.removed_on": "2026-02-30"},
        "date.form",
        "data.abnormal_list.removed_on",
    ),
    (RECORDED, credit(), {"rating": {"scheme": "x", "grade": "A"}}, "kind.mismatch", "data.rating"),
    (
        RECORDED,
        credit(),
        {"penalty.facts": f"经营者（{PERSONS_NUMBER.lower()}）"},
        "identity_number",
        "data.penalty.facts",
    ),
]


@pytest.mark.parametrize(("record_type", "data", "changes", "reason", "field"), DATA_REFUSALS)
def test_data_are_refused_by_name(record_type: str, data: Any, changes: Any, reason: str, field: str) -> None:
    subject = SUBJECT if record_type.startswith("jjj.licence") else f"{HOLDER}:penalty:{ISSUER}:1"
    refused = refusal(record_type, change(data, changes), subject=subject)
    assert (refused.reason, refused.field) == (reason, field)
    assert refused.zh
    assert refused.findings
    assert PERSONS_NUMBER not in repr((str(refused), refused.findings)).upper()


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (SUBJECT.lower(), "subject.mismatch"),
        (SUBJECT + " ", "subject.mismatch"),
        (f"{TYPE_CODES['filing'][0]}:{food_number()}", "subject.mismatch"),
        (SUBJECT.replace(":", "："), "subject.mismatch"),
    ],
)
def test_the_subject_is_rebuilt_from_the_data(subject: str, reason: str) -> None:
    refused = refusal(ISSUED, licence(), subject=subject)
    assert (refused.reason, refused.field) == (reason, "subject")


def test_an_identity_number_speaks_before_the_subject_that_repeats_it() -> None:
    refused = refusal(ISSUED, licence("filing", number=PERSONS_NUMBER))
    assert (refused.reason, refused.field) == ("identity_number", "data.number")


def test_a_correction_needs_a_subject_that_data_could_have_made() -> None:
    refused = refusal("jjj.licence.retracted", correction(), subject="number 5")
    assert (refused.reason, refused.field) == ("subject.form", "subject")


def test_an_envelope_of_a_later_minor_is_read_and_its_data_are_not() -> None:
    whole = line(ISSUED, {"anything": PERSONS_NUMBER}, subject=SUBJECT, dataschema="urn:jjj:schema:licence:1.1")
    envelope = read_envelope(whole)
    assert (envelope.subject, envelope.schema) == (SUBJECT, "licence:1.1")
    with pytest.raises(Refused) as caught:
        judge_content(envelope, SCHEMAS)
    assert caught.value.reason == "schema.newer"


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"dataschema": "urn:jjj:schema:licence:2.0"}, "schema.unknown"),
        ({"dataschema": "urn:jjj:schema:credit:1.0"}, "schema.family"),
        ({"type": "jjj.licence.granted"}, "type.unknown"),
        ({"type": "jjj.casework.opened"}, "type.unknown"),
        ({"time": "2026-11-23T02:03:04Z"}, "time.form"),
        ({"time": "2026-02-30T02:03:04.567Z"}, "time.form"),
    ],
)
def test_envelopes_are_refused_by_name(members: dict[str, str], reason: str) -> None:
    assert refusal(ISSUED, licence(), **members).reason == reason


def test_data_without_an_envelope_are_judged_alike() -> None:
    check_data(ISSUED, "licence:1.0", licence(), SCHEMAS)
    with pytest.raises(Refused) as caught:
        check_data(RECORDED, "credit:1.0", credit(remove=("number", "holder")), SCHEMAS)
    assert {finding.field for finding in caught.value.findings} == {"data.number", "data.holder"}


@pytest.mark.parametrize(
    ("reason", "spoil"),
    [
        ("form.bom", lambda good: b"\xef\xbb\xbf" + good),
        ("form.utf8", lambda good: good.replace("示".encode(), b"\xe7\xa4", 1)),
        ("form.white_space", lambda good: good + b"\n"),
        ("form.duplicate_name", lambda good: good[:-1] + b',"id":"x"}'),
        ("form.number", lambda good: good.replace(b'"01"', b"-0")),
        ("form.number", lambda good: good.replace(b'"01"', b"0.1")),
        ("form.null", lambda good: good.replace(b'"01"', b"null")),
        ("form.character", lambda good: good.replace(b"JY1", "JY\u200b1".encode())),
        ("form.character", lambda good: good.replace("示".encode(), "\u202e".encode(), 1)),
        ("form.size", lambda good: good.replace(b'"public"', b'"' + b"x" * 60_000 + b'"')),
    ],
)
def test_lines_out_of_form_are_refused_before_anything_is_read(reason: str, spoil: Any) -> None:
    with pytest.raises(Refused) as caught:
        read_envelope(spoil(line(ISSUED, licence())))
    assert caught.value.reason == reason


# Any bytes


LINES = [
    line(ISSUED, whole_licence()),
    line(RECORDED, credit()),
    line("jjj.credit.erased", correction(), subject=f"{HOLDER}:penalty:{ISSUER}:1"),
]
SCRAPS = st.binary(max_size=4) | st.sampled_from(
    [b'"', b"{}", b"[]", b"1", b"null", b"true", b'"\xe7\xa4\xba"', PERSONS_NUMBER.encode(), b"jjj.licence.retracted"]
)


def outcome(whole: bytes) -> Record | None:
    """The record, or None when it is refused; nothing else may happen."""
    try:
        return judge_content(read_envelope(whole), SCHEMAS, {TYPE_CODES["permit"][0]: ("jy", "sc")})[0]
    except Refused:
        return None


@given(st.binary(max_size=200))
def test_any_bytes_give_a_record_or_the_one_error(whole: bytes) -> None:
    assert outcome(whole) is None


@given(st.sampled_from(LINES), st.data())
def test_an_altered_line_gives_a_record_or_the_one_error(whole: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(at, min(len(whole), at + 6)))
    record = outcome(whole[:at] + data.draw(SCRAPS) + whole[end:])
    if record is not None:
        assert orjson.dumps(orjson.loads(record.line)) == record.line


JSON = st.recursive(
    st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "2024-01-01", HOLDER, "permit", "01"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "uscc", "code"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.sampled_from(LINES), st.data())
def test_any_value_in_place_of_another_gives_a_record_or_the_one_error(whole: bytes, data: st.DataObject) -> None:
    value = orjson.loads(whole)
    parties = [node for node in value["data"].values() if isinstance(node, dict)]
    node = data.draw(st.sampled_from([value, value["data"], *parties]))
    node[data.draw(st.sampled_from(sorted(node)))] = data.draw(JSON)
    outcome(orjson.dumps(value))
