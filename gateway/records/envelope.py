"""Does a parsed line have exactly the members of our envelope, each in its form? (DESIGN §3; CloudEvents 1.0,
JSON format)

CloudEvents allows more members and forms; law 1 (one byte form) wants one. What the members mean together is
read in ``record``.

>>> check_members({"specversion": "1.0"})
Traceback (most recent call last):
gateway.errors.Refused: envelope.missing: id: the member is missing
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.errors import Refused
from gateway.records.findings import refusal, shown

MEMBERS = ("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data")
SOURCE_PREFIX = "urn:jjj:"
SCHEMA_PREFIX = "urn:jjj:schema:"

_MEMBERS = frozenset(MEMBERS)
_NAMES = ", ".join(MEMBERS)
# Member → its form, and the form in words. Types and instants have their own tables and reasons: any text
# passes here.
_FORMS = {
    "specversion": (re.compile(r"1\.0"), "1.0"),
    "id": (
        re.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        "UUID version 7, lower case",
    ),
    "source": (re.compile("urn:jjj:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"), "urn:jjj:<jurisdiction>"),
    "type": (re.compile("[^\n]*"), "text"),
    "subject": (re.compile("[^\n]{1,1024}"), "1–1024 characters"),
    "time": (re.compile("[^\n]*"), "text"),
    "datacontenttype": (re.compile("application/json"), "application/json"),
    "dataschema": (
        re.compile(r"urn:jjj:schema:[a-z]{1,32}:(?:0|[1-9][0-9]{0,3})\.(?:0|[1-9][0-9]{0,3})"),
        "urn:jjj:schema:<family>:<major>.<minor>",
    ),
}
_MATCHES = tuple((name, form.fullmatch) for name, (form, _) in _FORMS.items())


def check_members(value: Mapping[str, Any]) -> None:
    """Refuse "envelope.missing", "envelope.extra" or "envelope.<member>" naming the first member that is not
    as it must be.
    """
    if value.keys() != _MEMBERS:
        raise _wrong_members(value)
    for name, matches in _MATCHES:
        text = value[name]
        if type(text) is not str or matches(text) is None:
            raise _wrong_form(name, text, _FORMS[name][1])
    if type(value["data"]) is not dict:
        raise _wrong_form("data", value["data"], "{…}")


def _wrong_members(value: Mapping[str, Any]) -> Refused:
    missing = [name for name in MEMBERS if name not in value]
    if missing:
        return refusal(
            "envelope.missing",
            missing[0],
            "",
            zh=f"缺少必需的成员 {missing[0]}",
            en="the member is missing",
            rule=_NAMES,
        )
    extra = min(value.keys() - _MEMBERS)
    return refusal(
        "envelope.extra",
        shown(extra),
        "",
        zh=f"不认识的成员 {shown(extra)}",
        en="the member is not known",
        rule=_NAMES,
    )


def _wrong_form(name: str, value: object, wanted: str) -> Refused:
    return refusal(f"envelope.{name}", name, value, zh=f"成员 {name} 应为 {wanted}", en=f"must be {wanted}")
