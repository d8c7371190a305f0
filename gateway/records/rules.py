"""What must data say that a schema cannot check? Codes, days and their order, who may be a holder, and what
may not travel at all.

Every rule takes data that already fit their schema, and raises ``Refused`` with the field and both sentences,
or returns. Hard errors and warnings differ (DESIGN §3, schemas): the findings that some rules return are
warnings, and refuse nothing.

>>> check_codes({"holder": {"uscc": "91310000059365511L"}})
Traceback (most recent call last):
gateway.errors.Refused: uscc.check: data.holder.uscc: the check character of the code does not fit
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from gateway.errors import Finding, Refused
from gateway.instants import parse_day
from gateway.records.families import split_subject
from gateway.records.findings import refusal
from gateway.records.identifiers import (
    PLACEHOLDER,
    certificate_identifier_error,
    food_number_check_ok,
    food_number_form_error,
    may_hold_resident_number,
    normalise_number,
    resident_numbers,
    uscc_error,
)

Data = Mapping[str, Any]
NumberChecks = Callable[[str], tuple[str, ...]] | Mapping[str, tuple[str, ...]] | None

PERSON = "自然人"
FINE = "罚款"
NUMBER_CHECKS = {"jy": "JY", "sc": "SC"}

_WITH_USCC = ("holder", "issuer", "authority", "supplied_by")
_CODE_SENTENCES = {
    "uscc.form": ("不是 18 位统一社会信用代码", "not the form of a unified social credit code"),
    "uscc.check": (
        "统一社会信用代码的校验位不符",
        "the check character of the code does not fit",
    ),
    "uscc.placeholder": ("不能使用无代码占位符", "the placeholder for traders without a code is no code"),
    "certificate_identifier.form": ("证照标识格式不正确", "not the form of a certificate identifier"),
    "certificate_identifier.check": (
        "证照标识的校验位不符",
        "the check character of the certificate identifier does not fit",
    ),
}
# Texts that are codes and have passed a check of their own; a number of 18 digits in them is no identity
# number.
_CHECKED_CODES = frozenset({"uscc", "certificate_identifier", "sha256", "leaf_hash"})


# Holders


def check_holder(data: Data) -> None:
    """Refuse natural persons ("holder.person") and traders without a code ("holder.no_code"), whatever else
    may be wrong.
    """
    holder = data.get("holder")
    if not isinstance(holder, dict):
        return
    if holder.get("category") == PERSON:
        raise refusal(
            "holder.person",
            "data.holder.category",
            PERSON,
            zh="暂不接收自然人的记录",
            en="natural persons are refused until sealed fields exist",
        )
    if holder.get("uscc") == PLACEHOLDER:
        raise refusal(
            "holder.no_code",
            "data.holder.uscc",
            PLACEHOLDER,
            zh="没有统一社会信用代码的主体不能接收（占位符不是代码）",
            en="a trader without a code cannot be a subject: the placeholder is no code",
        )


# Codes


def check_codes(data: Data) -> None:
    """Refuse a 统一社会信用代码 or 证照标识 whose form or check character fails: "uscc.…",
    "certificate_identifier.…".
    """
    for member in _WITH_USCC:
        if (party := data.get(member)) is not None and (reason := uscc_error(party["uscc"])) is not None:
            raise _bad_code(reason, f"data.{member}.uscc", party["uscc"])
    identifier = data.get("certificate_identifier")
    if identifier is not None and (reason := certificate_identifier_error(identifier)) is not None:
        raise _bad_code(reason, "data.certificate_identifier", identifier)


def _bad_code(reason: str, field: str, value: str) -> Refused:
    zh, en = _CODE_SENTENCES[reason]
    return refusal(reason, field, value, zh=zh, en=en)


def check_number(number: str, type_code: str, checks: NumberChecks) -> tuple[Finding, ...]:
    """Form ("number.form", hard) and check digit ("number.check", a warning) of a normalised number, where
    the catalogue asks for it.

    ``checks`` gives the names of the checks of a type code; "jy" and "sc" are known here, others mean
    nothing.
    """
    if checks is None:
        return ()
    names = checks(type_code) if callable(checks) else checks.get(type_code, ())
    findings: list[Finding] = []
    for prefix in (NUMBER_CHECKS[name] for name in names if name in NUMBER_CHECKS):
        if food_number_form_error(number, prefix) is not None:
            rule = f"{prefix} and 14 digits"
            raise refusal(
                "number.form",
                "data.number",
                number,
                zh=f"编号应为 {prefix} 加 14 位数字",
                en=f"the number must be {rule}",
                rule=rule,
            )
        if not food_number_check_ok(number):
            findings.append(_check_digit(number))
    return tuple(findings)


def _check_digit(number: str) -> Finding:
    return Finding(
        "number.check",
        "data.number",
        "ISO/IEC 7064 MOD 11,10",
        number,
        "编号的校验位不符，请核对（仅提示）",
        "the check digit of the number does not fit; please compare (a warning only)",
    )


# Days


def day(data: Data, name: str, field: str) -> date:
    """The day in this member; raises ``Refused`` "date.form" naming the field."""
    try:
        return parse_day(data[name])
    except Refused as refused:
        raise refusal(refused.reason, field, data[name], zh=refused.zh, en=refused.message) from None


def optional_day(data: Data, name: str, field: str) -> date | None:
    """The day in this member, None where it is absent."""
    return day(data, name, field) if name in data else None


def check_order(first: date, last: date | None, field: str) -> None:
    """Refuse "date.order" where a span ends before it begins."""
    if last is not None and last < first:
        raise refusal(
            "date.order",
            field,
            last.isoformat(),
            zh=f"早于起始日期 {first.isoformat()}",
            en=f"lies before {first.isoformat()}, when it begins",
            rule="the last day is not before the first",
        )


# Identity numbers


def check_no_identity_number(line: bytes, data: Data, subject: str) -> None:
    """Refuse "identity_number" where a text field holds one; codes that passed their own check are not
    searched (DESIGN §3).
    """
    if not may_hold_resident_number(line) or not resident_numbers(line.decode()):
        return
    holder = data.get("holder")
    # A number or a remark may quote the holder's own code, whose 18 digits can look like a person's.
    own_code = holder["uscc"] if holder is not None else PLACEHOLDER
    for field, text in _texts(data, "data", ""):
        if resident_numbers(text.replace(own_code, " ")):
            raise _identity(field, text)
    if holder is None and not _ends_in_code(subject) and resident_numbers(subject):
        raise _identity("subject", subject)


def _ends_in_code(subject: str) -> bool:
    """Whether the number in a correction's subject is a 统一社会信用代码, as that of a 营业执照 is."""
    return uscc_error(subject.rpartition(":")[2]) is None


def _identity(field: str, text: str) -> Refused:
    return refusal(
        "identity_number",
        field,
        text,
        zh="含有居民身份证号码，不得明文传输",
        en="holds an identity number, which must not travel in the clear",
    )


def _texts(value: object, field: str, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if name not in _CHECKED_CODES:
            yield field, value
    elif isinstance(value, Mapping):
        for key, member in value.items():
            yield from _texts(member, f"{field}.{key}", key)
    elif isinstance(value, list):
        for place, member in enumerate(value):
            yield from _texts(member, f"{field}.{place}", name)


# Parts of one family


def check_predecessor(predecessor: Data, source: str, subject: str) -> tuple[str, str]:
    """Jurisdiction and subject of the licence before; refuses "predecessor.subject" for no subject, and
    "predecessor.self".
    """
    try:
        split_subject("licence", predecessor["subject"])
    except Refused as refused:
        raise refusal(
            "predecessor.subject",
            "data.predecessor.subject",
            predecessor["subject"],
            zh=refused.zh,
            en="no subject of a licence",
        ) from None
    if (predecessor["source"], predecessor["subject"]) == (source, subject):
        raise refusal(
            "predecessor.self",
            "data.predecessor",
            subject,
            zh="前一主题不能是该证照自身",
            en="a licence cannot continue itself",
        )
    return predecessor["source"].removeprefix("urn:jjj:"), predecessor["subject"]


def penalty_warnings(data: Data) -> tuple[Finding, ...]:
    """A warning "penalty.fine_missing" where 罚款 is among the categories and no amount is given."""
    penalty = data.get("penalty")
    if penalty is None or FINE not in penalty["categories"] or "fine_10k_yuan" in penalty:
        return ()
    return (
        Finding(
            "penalty.fine_missing",
            "data.penalty.fine_10k_yuan",
            "expected where 罚款 is among the categories",
            "",
            "处罚类别含罚款，但没有罚款金额（仅提示）",
            "the categories name a fine, and no amount is given (a warning only)",
        ),
    )


def decoded_leaf_hash(text: str) -> bytes:
    """The 32 bytes of a leaf hash; refuses "correction.leaf_hash" for base64 that doesn't encode back to
    itself.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:  # not ASCII, or not base64
        raw = b""
    if len(raw) != 32 or base64.b64encode(raw).decode() != text:
        raise refusal(
            "correction.leaf_hash",
            "data.leaf_hash",
            text,
            zh="叶哈希应为 32 字节的规范 base64",
            en="not canonical base64 of 32 bytes",
        )
    return raw


def normalised(number: str) -> str:
    """The normalised number; raises ``Refused`` "number.empty" or "number.character" naming the field."""
    try:
        return normalise_number(number)
    except Refused as refused:
        raise refusal(refused.reason, "data.number", number, zh=refused.zh, en=refused.message) from None
