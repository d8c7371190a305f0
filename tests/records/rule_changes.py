"""Changes to a good record that its schema does not see and a rule must refuse: a row a rule.

A row: the reasons that may be given, the family it is for ("" for both), whether it is done to corrections, and the
change, made in place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.records import generated, plain_rules

Record = dict[str, Any]
PERSONS_NUMBERS = ("11010519491231002X", "440524188001010014")  # the samples of GB 11643, nobody's
NO_DAYS = ("2023-02-29", "2024-02-30", "2100-02-29", "2024-04-31", "2024-13-01", "2024-00-10", "2024-01-00")


@dataclass(frozen=True)
class RuleChange:
    """One way to break a rule."""

    reasons: frozenset[str]
    family: str
    correction: bool
    change: Callable[[Record, Random], None]


def _swapped(code: str, random: Random) -> str:
    """Another check character."""
    return code[:-1] + random.choice([one for one in "0123456789ABCDEFGHJKLMNPQRTUWXY" if one != code[-1]])


def _party(random: Random, data: Record) -> Record:
    return data[random.choice([name for name in ("issuer", "authority", "supplied_by", "holder") if name in data])]


def _wrong_check(record: Record, random: Random) -> None:
    party = _party(random, record["data"])
    party["uscc"] = _swapped(party["uscc"], random)
    _again(record)


def _no_code(record: Record, _: Random) -> None:
    record["data"]["holder"]["uscc"] = plain_rules.NO_CODE
    _again(record)


def _placeholder(record: Record, _: Random) -> None:
    record["data"]["issuer" if "issuer" in record["data"] else "authority"]["uscc"] = plain_rules.NO_CODE
    _again(record)


def _person(record: Record, _: Random) -> None:
    record["data"]["holder"]["category"] = "自然人"


def _again(record: Record) -> None:
    """The subject that the changed data make."""
    if "index" not in record["data"]:
        record["subject"] = plain_rules.subject(record["type"].split(".")[1], record["data"])


def _certificate_check(record: Record, random: Random) -> None:
    record["data"]["certificate_identifier"] = _swapped(generated.certificate(random), random)


def _certificate_form(record: Record, random: Random) -> None:
    good = generated.certificate(random)
    *head, version, check = good.split(".")
    spoilt = (good.lower(), good[2:], ".".join([*head, version[1:], check]), ".".join([*head, check]), good + ".1")
    record["data"]["certificate_identifier"] = random.choice((*spoilt, good.replace("JY", "证")))


def _no_such_day(record: Record, random: Random) -> None:
    data, day = record["data"], random.choice(NO_DAYS)
    if "decided_on" in data:
        data[random.choice(("decided_on", "public_until"))] = day
    elif random.random() < 0.4:
        data["state"]["since"] = day
    else:
        data[random.choice(("valid_from", "valid_to"))] = day


def _backwards(record: Record, random: Random) -> None:
    data = record["data"]
    first, last = ("decided_on", "public_until") if "decided_on" in data else ("valid_from", "valid_to")
    data[first], data[last] = "2024-03-02", random.choice(("2024-03-01", "1900-01-01", "2024-02-29"))


def _wrong_state(record: Record, random: Random) -> None:
    family = record["type"].split(".")[1]
    state = record["data"]["state"]["code"] if family == "licence" else record["data"]["state"]
    verbs = [verb for verb, states in plain_rules.STATES[family].items() if state not in states]
    record["type"] = f"jjj.{family}.{random.choice(verbs)}"


def _wrong_kind(record: Record, random: Random) -> None:
    family = record["type"].split(".")[1]
    verbs = list(plain_rules.STATES[family]) if "index" in record["data"] else ["retracted", "erased"]
    record["type"] = f"jjj.{family}.{random.choice(verbs)}"


def _other_subject(record: Record, random: Random) -> None:
    record["subject"] += random.choice(("1", "示", "-"))


def _hidden_character(record: Record, random: Random) -> None:
    hidden = chr(random.choice((0x00AD, 0x200B, 0x200D, 0x2060, 0x202E, 0x2066, 0xFEFF, 0xE0041)))
    holder = random.choice((_party(random, record["data"]), record["data"]))
    holder["name" if "name" in holder else "number"] = f"示{hidden}17"
    _again(record)


def _identity(record: Record, random: Random) -> None:
    data, number = record["data"], random.choice(PERSONS_NUMBERS)
    text = random.choice((number, f"身份证{number}号", f"（{number}）"))
    if random.random() < 0.5:
        _party(random, data)["name"] = text
    else:
        data["ground" if "index" in data else "remarks"] = text


def _line_break(record: Record, random: Random) -> None:
    party = _party(random, record["data"])
    party["name"] = "示例" + random.choice("\n\t") + "机关"


def _leaf_hash(record: Record, random: Random) -> None:
    """The same 32 bytes written otherwise: the two bits that base64 leaves over are set."""
    record["data"]["leaf_hash"] = record["data"]["leaf_hash"][:42] + random.choice("BCDFGHJKLNOP") + "="


def _no_subject(record: Record, random: Random) -> None:
    spoilt = random.choice(("示17", "ab:示17", ":示17", "11100000MB0341032Y002:", "11100000MB0341032Y002:a 1"))
    record["data"]["predecessor"] = {"source": "urn:jjj:sanhe", "subject": spoilt}


def _itself(record: Record, _: Random) -> None:
    record["data"]["predecessor"] = {"source": record["source"], "subject": record["subject"]}


def _too_large(record: Record, random: Random) -> None:
    data = record["data"]
    if "index" in data:
        record["subject"] = "长" * 21_000
    elif "decided_on" in data:
        data.pop(data["kind"], None)
        data["kind"], data["penalty"] = "penalty", generated.member("credit", ("penalty",), random)
        data["penalty"]["categories"] = ["罚款"]
        data["penalty"]["grounds"] = ["长" * random.randint(700, 2048)] * 32
        _again(record)
    else:
        data["items"] = [{"name": "长" * random.randint(90, 256)}] * 256


def _row(reason: str, family: str, change: Callable[[Record, Random], None], *, correction: bool = False) -> RuleChange:
    return RuleChange(frozenset(reason.split("|")), family, correction, change)


RULES = {
    "check character": _row("uscc.check", "", _wrong_check),
    "check character of a correction": _row("uscc.check", "", _wrong_check, correction=True),
    "holder without a code": _row("holder.no_code", "", _no_code),
    "authority without a code": _row("uscc.placeholder", "", _placeholder),
    "natural person": _row("holder.person", "", _person),
    "certificate identifier, check": _row("certificate_identifier.check", "licence", _certificate_check),
    "certificate identifier, form": _row("certificate_identifier.form", "licence", _certificate_form),
    "day that does not exist": _row("date.form", "", _no_such_day),
    "days out of order": _row("date.order", "", _backwards),
    "type and state": _row("state.mismatch", "", _wrong_state),
    "type and data": _row("type.mismatch", "", _wrong_kind),
    "type and data of a correction": _row("type.mismatch", "", _wrong_kind, correction=True),
    "subject": _row("subject.mismatch", "", _other_subject),
    "hidden character": _row("form.character", "", _hidden_character),
    "identity number": _row("identity_number", "", _identity),
    "identity number in a correction": _row("identity_number", "", _identity, correction=True),
    "line break": _row("form.escape", "", _line_break),
    "leaf hash": _row("correction.leaf_hash", "", _leaf_hash, correction=True),
    "predecessor that is no subject": _row("predecessor.subject", "licence", _no_subject),
    "predecessor that is the licence itself": _row("predecessor.self", "licence", _itself),
    "size": _row("form.size", "", _too_large),
}
