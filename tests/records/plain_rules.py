"""What must hold of a record beyond the table of fields, read from the design and the standards anew and written as
plainly as it can be: check characters, days that exist and their order, who may be a holder, which type states what.

``faults(record)`` gives the reasons for which a record that fits the table must be refused; empty: it must be accepted.
No code is shared with the gateway. Standards: GB 32100-2015, GB/T 36904 with ISO/IEC 7064 MOD 37,36, GB 11643.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Any

MOST_BYTES = 60_000
CERTIFICATE_ROOT = "1.2.156.3005.2"
NO_CODE = "00000000000000000X"
FREE_TEXT = ("content", "remarks", "facts")
CODES = ("uscc", "certificate_identifier", "sha256", "leaf_hash")
ANY_STATE = ("01", "02", "03", "04", "05", "06", "07", "99")
STATES: dict[str, dict[str, tuple[str, ...]]] = {
    "licence": {
        "issued": ("01",),
        "changed": ("01", "99"),
        "resumed": ("01",),
        "transferred_in": ("01",),
        "suspended": ("02",),
        "annulled": ("03",),
        "cancelled": ("04",),
        "expired": ("05",),
        "transferred_out": ("06",),
        "revoked": ("07",),
        "objected": ANY_STATE,
        "objection_closed": ANY_STATE,
    },
    "credit": {
        "recorded": ("in_force",),
        "changed": ("in_force",),
        "withdrawn": ("withdrawn",),
        "repaired": ("repaired",),
        "ended": ("ended",),
        "objected": ("in_force", "withdrawn", "repaired", "ended"),
        "objection_closed": ("in_force", "withdrawn", "repaired", "ended"),
    },
}


# Check characters


def uscc_check(first17: str) -> str:
    """GB 32100: weights 3^i mod 31 over an alphabet without I O S V Z."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    total = sum(alphabet.index(one) * weight for one, weight in zip(first17, weights, strict=True))
    return alphabet[(31 - total % 31) % 31]


def certificate_check(text: str) -> str:
    """ISO/IEC 7064 MOD 37,36 over the four parts without dots."""
    alphabet, product = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 36
    for one in text:
        product = (product + alphabet.index(one)) % 36 or 36
        product = product * 2 % 37
    return alphabet[(37 - product) % 37 % 36]


def is_resident_number(text: str) -> bool:
    """GB 11643: 17 digits with a day of birth that exists, and the check character."""
    if not re.fullmatch("[1-9][0-9]{16}[0-9X]", text):
        return False
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(one) * weight for one, weight in zip(text, weights, strict=False))
    return "10X98765432"[total % 11] == text[17] and _exists(f"{text[6:10]}-{text[10:12]}-{text[12:14]}")


def _exists(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


# Subjects


def normalised(number: str) -> str:
    """NFKC, upper case, no white space, every bracket ``()``, every dash ``-``."""
    text = "".join("(" if one in "〔【［[（(" else ")" if one in "〕】］]）)" else one for one in number)
    text = unicodedata.normalize("NFKC", text).upper()
    text = "".join("-" if unicodedata.category(one) == "Pd" or one == "\u2212" else one for one in text)
    return "".join(text.split())


def subject(family: str, data: dict[str, Any]) -> str:
    """The subject that data make."""
    if family == "licence":
        return f"{data['type']['code']}:{normalised(data['number'])}"
    parts = (data["holder"]["uscc"], data["kind"], data["authority"]["uscc"], normalised(data["number"]))
    return ":".join(parts)


# The rules


def faults(record: dict[str, Any]) -> set[str]:
    """Every reason for which this record must be refused."""
    family, verb = record["type"].split(".")[1:]
    data = record["data"]
    found = set(_of_form(record)) | set(_of_codes(data))
    corrects = "index" in data or "leaf_hash" in data
    if corrects is not (verb in ("retracted", "erased")):
        found.add("type.mismatch")
    elif corrects:
        found |= set(_of_correction(data))
    else:
        found |= set(_of_family(family, verb, record))
    return found


def _of_form(record: dict[str, Any]) -> Iterator[str]:
    if len(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()) > MOST_BYTES:
        yield "form.size"
    holder = record["data"].get("holder", {}).get("uscc", "?")
    for name, text in _texts(record["data"], ""):
        if any(one in text for one in "\n\t") and name not in FREE_TEXT:
            yield "form.escape"
        if any(unicodedata.category(one) == "Cf" for one in text):
            yield "form.character"
        runs = re.findall("(?<![0-9])[0-9]{17}[0-9X](?![0-9])", text.replace(holder, " "))
        if name not in CODES and any(map(is_resident_number, runs)):
            yield "identity_number"


def _texts(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield from _texts(inner, key)
    for inner in value if isinstance(value, list) else ():
        yield from _texts(inner, "")


def _of_codes(data: dict[str, Any]) -> Iterator[str]:
    holder = data.get("holder", {})
    if holder.get("category") == "自然人":
        yield "holder.person"
    if holder.get("uscc") == NO_CODE:
        yield "holder.no_code"
    for party in ("holder", "issuer", "authority", "supplied_by"):
        code = data.get(party, {}).get("uscc")
        if code == NO_CODE:
            yield "uscc.placeholder"
        elif code is not None and uscc_check(code[:17]) != code[17]:
            yield "uscc.check"
    if "certificate_identifier" in data:
        yield from _of_certificate(data["certificate_identifier"])


def _of_certificate(identifier: str) -> Iterator[str]:
    parts = identifier.removeprefix(f"{CERTIFICATE_ROOT}.").split(".")
    plain = len(parts) == 5 and all(re.fullmatch("[0-9A-Z]+", part) for part in parts)
    rooted = identifier.startswith(f"{CERTIFICATE_ROOT}.")
    if not rooted or not plain or not re.fullmatch("[0-9]{3}", parts[3]) or len(parts[4]) != 1:
        yield "certificate_identifier.form"
    elif certificate_check("".join(parts[:4])) != parts[4]:
        yield "certificate_identifier.check"


def _of_correction(data: dict[str, Any]) -> Iterator[str]:
    if base64.b64encode(base64.b64decode(data["leaf_hash"])).decode() != data["leaf_hash"]:
        yield "correction.leaf_hash"


def _of_family(family: str, verb: str, record: dict[str, Any]) -> Iterator[str]:
    data = record["data"]
    state = data["state"]["code"] if family == "licence" else data["state"]
    if state not in STATES[family][verb]:
        yield "state.mismatch"
    if not all(map(_exists, _days(data))):
        yield "date.form"
    first, last = ("valid_from", "valid_to") if family == "licence" else ("decided_on", "public_until")
    if data.get(last, "9") < data[first]:
        yield "date.order"
    if subject(family, data) != record["subject"]:
        yield "subject.mismatch"
    yield from _of_predecessor(data.get("predecessor"), record)


def _of_predecessor(predecessor: dict[str, str] | None, record: dict[str, Any]) -> Iterator[str]:
    if predecessor is None:
        return
    code, colon, number = predecessor["subject"].partition(":")
    if not re.fullmatch("[0-9A-Z]{3,64}", code) or not colon or not number or normalised(number) != number:
        yield "predecessor.subject"
    if (predecessor["source"], predecessor["subject"]) == (record["source"], record["subject"]):
        yield "predecessor.self"


def _days(data: dict[str, Any]) -> Iterator[str]:
    """Every member that the table calls a day."""
    names = {"valid_from", "valid_to", "date", "since", "decided_on", "public_until", "removed_on"}
    for name, text in _texts(data, ""):
        if name in names:
            yield text
