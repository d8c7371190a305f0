"""What kind of record is this, what state does it state, and which one thing is it about?

Families, types, states and kinds are tables (DESIGN §3: subject, types; §3a). A licence type and its state go
together one to one; an objection carries the state of the record before it; a correction (``retracted``,
``erased``) states none. One module builds subjects and one function splits them, so that publisher, gate and
index mean the same thing.

>>> licence_subject("11100000MB0341032Y002", "jy11101120000017")
'11100000MB0341032Y002:JY11101120000017'
>>> split_subject("licence", "11100000MB0341032Y002:JY11101120000017")
('11100000MB0341032Y002', 'JY11101120000017')
>>> family_of_type("jjj.credit.recorded")
'credit'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.errors import Refused
from gateway.records.findings import refusal
from gateway.records.identifiers import normalise_number, uscc_error

LICENCE_STATES = {
    "01": "有效",
    "02": "暂扣",
    "03": "撤销",
    "04": "注销",
    "05": "失效",
    "06": "办理转出",
    "07": "吊销",
    "99": "其他",
}
CREDIT_STATES = {"in_force": "有效", "withdrawn": "已撤回", "repaired": "已修复", "ended": "已终止"}
LICENCE_KINDS = {"permit": "行政许可", "filing": "备案", "registration": "登记注册", "qualification": "资质"}
CREDIT_KINDS = {
    "penalty": "行政处罚",
    "abnormal_list": "经营异常名录",
    "dishonest_list": "严重失信主体名单",
    "rating": "信用评价",
    "commitment": "信用承诺",
    "honour": "诚实守信荣誉",
}

_CORRECTIONS = ("retracted", "erased")
_ANY_LICENCE_STATE = frozenset(LICENCE_STATES)
_ANY_CREDIT_STATE = frozenset(CREDIT_STATES)

# verb → states it may state; none for corrections.
_STATES_OF_VERB: dict[str, dict[str, frozenset[str]]] = {
    "licence": {
        "issued": frozenset({"01"}),
        "changed": frozenset({"01", "99"}),
        "resumed": frozenset({"01"}),
        "transferred_in": frozenset({"01"}),
        "suspended": frozenset({"02"}),
        "annulled": frozenset({"03"}),
        "cancelled": frozenset({"04"}),
        "expired": frozenset({"05"}),
        "transferred_out": frozenset({"06"}),
        "revoked": frozenset({"07"}),
        "objected": _ANY_LICENCE_STATE,
        "objection_closed": _ANY_LICENCE_STATE,
    },
    "credit": {
        "recorded": frozenset({"in_force"}),
        "changed": frozenset({"in_force"}),
        "withdrawn": frozenset({"withdrawn"}),
        "repaired": frozenset({"repaired"}),
        "ended": frozenset({"ended"}),
        "objected": _ANY_CREDIT_STATE,
        "objection_closed": _ANY_CREDIT_STATE,
    },
}
TYPES: dict[str, tuple[str, frozenset[str]]] = {
    f"jjj.{family}.{verb}": (family, states)
    for family, verbs in _STATES_OF_VERB.items()
    for verb, states in (verbs | dict.fromkeys(_CORRECTIONS, frozenset[str]())).items()
}
FAMILIES = tuple(_STATES_OF_VERB)
_CORRECTION_TYPES = frozenset(f"jjj.{family}.{verb}" for family in FAMILIES for verb in _CORRECTIONS)
_OBJECTION_TYPES = frozenset(
    f"jjj.{family}.{verb}" for family in FAMILIES for verb in ("objected", "objection_closed")
)
_SUBJECT_PARTS = {
    "licence": (("type", "code"), ("number",)),
    "credit": (("holder", "uscc"), ("kind",), ("authority", "uscc"), ("number",)),
}
_FORMS = {
    "licence": "<type code>:<normalised number>",
    "credit": "<holder USCC>:<kind>:<authority USCC>:<normalised number>",
}
TYPE_CODE = re.compile("[0-9A-Z]{3,64}")


def family_of_type(record_type: str) -> str:
    """The family of a type such as "jjj.licence.issued"; raises ``Refused`` "type.unknown"."""
    found = TYPES.get(record_type)
    if found is None:
        raise refusal(
            "type.unknown", "type", record_type, zh="不存在这种记录类型", en="no such type of record"
        )
    return found[0]


def is_correction(record_type: str) -> bool:
    """Whether the type takes a record back or erases its bytes: its data name a leaf."""
    return record_type in _CORRECTION_TYPES


# Types and states


def check_pair(record_type: str, state: str) -> None:
    """Raise ``Refused`` "state.mismatch" unless this type may state this state (DESIGN §3, types)."""
    states = TYPES[record_type][1]
    if state in states:
        return
    allowed = ", ".join(sorted(states))
    raise _mismatch(
        record_type, state, zh=f"{record_type} 的状态应为 {allowed}", en=f"{record_type} states {allowed}"
    )


def check_against_previous(record_type: str, state: str, previous: str | None) -> None:
    """Raise ``Refused`` unless the state can follow the one that the subject's last accepted record states.

    ``previous`` is None where there is no such record, or where the last one is a correction and states
    nothing. An objection must find a state and carry it ("state.no_previous", "state.mismatch"); a change
    while suspended (02) is ``suspended`` again, because ``changed`` would lift the suspension by the way
    ("state.mismatch").
    """
    if record_type in _OBJECTION_TYPES:
        _check_carried(record_type, state, previous)
    elif record_type == "jjj.licence.changed" and previous == "02":
        raise _mismatch(
            record_type,
            state,
            zh="暂扣期间的变更应再次以 jjj.licence.suspended 发布",
            en="a change while suspended is jjj.licence.suspended again",
        )


def _check_carried(record_type: str, state: str, previous: str | None) -> None:
    if previous is None:
        raise refusal(
            "state.no_previous",
            "type",
            record_type,
            zh="该主题此前没有可沿用状态的记录，不能提出或结束异议",
            en="carries the state of an accepted record before it, and there is none",
        )
    if state != previous:
        raise _mismatch(
            record_type,
            state,
            zh=f"异议记录应沿用此前的状态 {previous}",
            en=f"an objection carries the state {previous} of the record before it",
        )


def _mismatch(record_type: str, state: str, *, zh: str, en: str) -> Refused:
    field = "data.state.code" if TYPES[record_type][0] == "licence" else "data.state"
    return refusal("state.mismatch", field, state, zh=zh, en=en, rule="type and state go together")


# Subjects


def licence_subject(type_code: str, number: str) -> str:
    """``<type code>:<normalised number>``; raises ``Refused`` "number.empty", "number.character"."""
    return f"{type_code}:{normalise_number(number)}"


def credit_subject(holder: str, kind: str, authority: str, number: str) -> str:
    """``<holder USCC>:<kind>:<authority USCC>:<normalised number>``: one fact, for its whole life."""
    return f"{holder}:{kind}:{authority}:{normalise_number(number)}"


def subject_of_data(family: str, data: Mapping[str, Any]) -> str:
    """The subject that data make, judged only as far as that needs.

    Raises ``Refused`` "subject.data" where parts are missing or no text, "number.empty", "number.character".
    """
    parts = {".".join(path): _at(data, path) for path in _SUBJECT_PARTS[family]}
    missing = [name for name, part in parts.items() if not isinstance(part, str)]
    if missing:
        raise refusal(
            "subject.data",
            f"data.{missing[0]}",
            "",
            zh=f"数据缺少构成主题的项：{'、'.join(missing)}",
            en=f"the data lack what makes the subject: {', '.join(missing)}",
        )
    return licence_subject(*parts.values()) if family == "licence" else credit_subject(*parts.values())


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        data = data.get(step) if isinstance(data, Mapping) else None
    return data


def split_subject(family: str, subject: str) -> tuple[str, ...]:
    """(type code, number), or (holder, kind, authority, number) of a subject; the number may hold colons.

    Raises ``Refused`` "subject.form" if it couldn't have been built from data.
    """
    if family == "licence":
        parts = subject.split(":", 1)
        good = len(parts) == 2 and TYPE_CODE.fullmatch(parts[0]) is not None
    else:
        parts = subject.split(":", 3)
        good = (
            len(parts) == 4
            and uscc_error(parts[0]) is None
            and parts[1] in CREDIT_KINDS
            and uscc_error(parts[2]) is None
        )
    if good and _is_normal(parts[-1]):
        return tuple(parts)
    raise refusal(
        "subject.form",
        "subject",
        subject,
        zh="主题格式不正确",
        en=f"no subject of a {family}",
        rule=_FORMS[family],
    )


def _is_normal(number: str) -> bool:
    try:
        return normalise_number(number) == number
    except Refused:
        return False
