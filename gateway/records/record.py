"""What does this line say? From bytes to a record: its envelope, then its content as typed values.

``read_envelope`` takes any bytes and needs nothing else; ``judge_content`` needs the schemas and gives the
record with a typed view of what verdicts and index use. Beyond that door nobody digs in dicts; ``data`` stays
for showing. Pure (law 9): what depends on time, keys or what a log holds is the gate's.

>>> envelope = read_envelope(line)
>>> record, warnings = judge_content(envelope, SchemaSet.built_in())
>>> record.content.holder_uscc, record.content.valid_from
('91110112MA00EXA01W', datetime.date(2024, 3, 1))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gateway.errors import Finding
from gateway.instants import parse_time
from gateway.records import compact, families, rules
from gateway.records.envelope import SCHEMA_PREFIX, SOURCE_PREFIX, check_members
from gateway.records.findings import of_findings, refusal
from gateway.records.schema import SchemaSet

CORRECTION_MEMBERS = frozenset({"index", "leaf_hash"})


@dataclass(frozen=True, slots=True)
class Envelope:
    """A record whose data are not judged yet. ``time``: stated, ms since the epoch; ``schema``: as
    "licence:1.0".
    """

    line: bytes
    id: str
    source: str
    jurisdiction: str
    type: str
    family: str
    subject: str
    time: int
    schema: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Licence:
    """What verdicts and index need of a licence. ``authority``: the issuer; ``predecessor``: (jurisdiction,
    subject).

    ``number`` is normalised; ``valid_to`` None is 长期. Days are of Asia/Shanghai, first and last included.
    """

    number: str
    type_code: str
    type_name: str
    kind: str
    holder_name: str
    holder_uscc: str
    authority_name: str
    authority_uscc: str
    state: str
    since: date
    state_reason: str | None
    valid_from: date
    valid_to: date | None
    certificate_identifier: str | None
    predecessor: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Credit:
    """What verdicts and index need of a credit fact. ``public_until``: the last day on which it is shown or
    counted.
    """

    number: str
    kind: str
    holder_name: str
    holder_uscc: str
    authority_name: str
    authority_uscc: str
    state: str
    decided_on: date
    public_until: date | None


@dataclass(frozen=True, slots=True)
class Correction:
    """Which leaf of the same log is retracted or erased, and why. ``leaf_hash``: 32 bytes."""

    index: int
    leaf_hash: bytes
    ground: str
    authority_name: str
    authority_uscc: str


Content = Licence | Credit | Correction


@dataclass(frozen=True, slots=True)
class Record(Envelope):
    """A record whose content holds by itself: schema, codes, days, state, subject. Whether it is true is the
    gate's.
    """

    content: Content


def read_envelope(line: bytes) -> Envelope:
    """The envelope of a record line (DESIGN §3; CloudEvents 1.0). Only ``Refused`` for any bytes.

    Reasons: those of ``compact.parse``; "envelope.missing", "envelope.extra", "envelope.<member>",
    "type.unknown", "time.form", "schema.family" (the schema is of another family than the type).
    """
    value = compact.parse(line)
    check_members(value)
    kind, source, dataschema = value["type"], value["source"], value["dataschema"]
    family = families.family_of_type(kind)
    schema = dataschema[len(SCHEMA_PREFIX) :]
    if schema.partition(":")[0] != family:
        raise refusal(
            "schema.family",
            "dataschema",
            dataschema,
            zh=f"数据模式与类型 {kind} 不属同一类",
            en=f"no schema for {kind}",
        )
    return Envelope(
        line,
        value["id"],
        source,
        source[len(SOURCE_PREFIX) :],
        kind,
        family,
        value["subject"],
        parse_time(value["time"]),
        schema,
        value["data"],
    )


def judge_content(
    envelope: Envelope, schemas: SchemaSet, number_checks: rules.NumberChecks = None
) -> tuple[Record, tuple[Finding, ...]]:
    """The record with its typed content, and warnings. Raises ``Refused`` for the first of these that fails:

    1. The schema is known ("schema.newer", "schema.unknown").
    2. A correction's type has a correction's data, and no other has ("type.mismatch").
    3. The data fit the schema ("schema.<keyword>", "uscc.form", "date.form", "amount.form", "kind.mismatch",
    "disclosure.not_public"; all findings carried); before it speaks, "holder.person" and "holder.no_code" do.
    4. Codes hold, days exist and are in order, type and state go together (see ``rules``, ``families``).
    5. No identity number stands in the clear ("identity_number").
    6. The subject is the one rebuilt from the data ("subject.mismatch"; "subject.form" for a correction).

    ``number_checks``: names of the catalogue's number checks for a type code, as a mapping or a function.
    """
    check_data(envelope.type, envelope.schema, envelope.data, schemas)
    content, warnings = _content(envelope, number_checks)
    rules.check_no_identity_number(envelope.line, envelope.data, envelope.subject)
    _check_subject(envelope, content)
    record = Record(
        envelope.line,
        envelope.id,
        envelope.source,
        envelope.jurisdiction,
        envelope.type,
        envelope.family,
        envelope.subject,
        envelope.time,
        envelope.schema,
        envelope.data,
        content,
    )
    return record, warnings


def check_data(record_type: str, schema: str, data: Mapping[str, Any], schemas: SchemaSet) -> None:
    """Checks 1 to 3 of ``judge_content``, for data that have no envelope yet; raises ``Refused``."""
    if not schemas.knows(schema):
        reason = "schema.newer" if schemas.newer(schema) else "schema.unknown"
        raise refusal(
            reason,
            "dataschema",
            schema,
            zh="本节点还没有这一版数据模式",
            en="this schema is not known here",
        )
    if families.is_correction(record_type) is CORRECTION_MEMBERS.isdisjoint(data):
        raise refusal(
            "type.mismatch",
            "data",
            "",
            zh=f"数据内容与类型 {record_type} 不符",
            en=f"the data are not those of {record_type}",
            rule="retracted and erased name a leaf; every other type describes a licence or a fact",
        )
    findings = schemas.judge(schema, data)
    rules.check_holder(data)
    if findings:
        raise of_findings(findings)


def _content(envelope: Envelope, number_checks: rules.NumberChecks) -> tuple[Content, tuple[Finding, ...]]:
    if families.is_correction(envelope.type):
        return _correction(envelope), ()
    if envelope.family == "licence":
        return _licence(envelope, number_checks)
    return _credit(envelope)


def _licence(envelope: Envelope, number_checks: rules.NumberChecks) -> tuple[Licence, tuple[Finding, ...]]:
    data = envelope.data
    rules.check_codes(data)
    state, kind, predecessor = data["state"], data["type"], data.get("predecessor")
    families.check_pair(envelope.type, state["code"])
    valid_from = rules.day(data, "valid_from", "data.valid_from")
    valid_to = rules.optional_day(data, "valid_to", "data.valid_to")
    rules.check_order(valid_from, valid_to, "data.valid_to")
    if "decision" in data:
        rules.optional_day(data["decision"], "date", "data.decision.date")
    for place, item in enumerate(data.get("items", ())):
        rules.optional_day(item, "valid_to", f"data.items.{place}.valid_to")
    number = rules.normalised(data["number"])
    licence = Licence(
        number,
        kind["code"],
        kind["name"],
        data["kind"],
        data["holder"]["name"],
        data["holder"]["uscc"],
        data["issuer"]["name"],
        data["issuer"]["uscc"],
        state["code"],
        rules.day(state, "since", "data.state.since"),
        state.get("reason"),
        valid_from,
        valid_to,
        data.get("certificate_identifier"),
        None
        if predecessor is None
        else rules.check_predecessor(predecessor, envelope.source, envelope.subject),
    )
    return licence, rules.check_number(number, kind["code"], number_checks)


def _credit(envelope: Envelope) -> tuple[Credit, tuple[Finding, ...]]:
    data = envelope.data
    rules.check_codes(data)
    families.check_pair(envelope.type, data["state"])
    decided_on = rules.day(data, "decided_on", "data.decided_on")
    public_until = rules.optional_day(data, "public_until", "data.public_until")
    rules.check_order(decided_on, public_until, "data.public_until")
    part = data.get(data["kind"], {})
    for name in ("valid_to", "removed_on"):
        rules.optional_day(part, name, f"data.{data['kind']}.{name}")
    credit = Credit(
        rules.normalised(data["number"]),
        data["kind"],
        data["holder"]["name"],
        data["holder"]["uscc"],
        data["authority"]["name"],
        data["authority"]["uscc"],
        data["state"],
        decided_on,
        public_until,
    )
    return credit, rules.penalty_warnings(data)


def _correction(envelope: Envelope) -> Correction:
    data = envelope.data
    rules.check_codes(data)
    families.split_subject(envelope.family, envelope.subject)
    authority = data["authority"]
    return Correction(
        data["index"],
        rules.decoded_leaf_hash(data["leaf_hash"]),
        data["ground"],
        authority["name"],
        authority["uscc"],
    )


def _check_subject(envelope: Envelope, content: Content) -> None:
    if isinstance(content, Correction):
        return
    if isinstance(content, Licence):
        subject = families.licence_subject(content.type_code, content.number)
    else:
        subject = families.credit_subject(
            content.holder_uscc, content.kind, content.authority_uscc, content.number
        )
    if subject != envelope.subject:
        raise refusal(
            "subject.mismatch",
            "subject",
            envelope.subject,
            zh=f"主题与数据不符，按数据应为 {subject}",
            en=f"the data make the subject {subject}",
            rule="the subject is rebuilt from the data",
        )
