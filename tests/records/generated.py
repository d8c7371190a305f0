"""Documents drawn from the table of fields: members in any combination, lengths at their bounds, every word of every
list, both branches. They fit the table by how they are made; no schema file is read here.

    document("credit", Random(7), wanted=("penalty", "grounds", 0))     data in which that member stands
    record("credit", data, Random(7))                                   a whole record around them
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from tests.records import field_table, plain_rules
from tests.records.builders import TIME, record_id

Path = tuple[str | int, ...]

FREE_TEXT = ("content", "remarks", "facts")
LETTERS = "示例甲乙丙丁有限公司食品经营许可Ab9（）〔〕·、，。-—（2026）"
KINDS = tuple(field_table.OBJECTS)
ALWAYS = {"penalty", "rating", "commitment"}
LONG = 600
PERSON = "自然人"
CERTIFICATE_TYPE = "11100000MB0341032Y002"
_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def document(
    family: str, random: Random, wanted: Path = (), *, kind: str = "", state: str = "", correction: bool = False
) -> dict[str, Any]:
    """Data that must be accepted. ``wanted``: a member that must stand there; ``kind`` and ``state``: of these."""
    if correction:
        return _object(field_table.CORRECTION, random, wanted)
    if family == "licence":
        return _licence(random, wanted, kind, state)
    return _credit(random, wanted, kind)


def _licence(random: Random, wanted: Path, kind: str, state: str) -> dict[str, Any]:
    data = _object(field_table.LICENCE, random, wanted)
    data["kind"] = kind or data["kind"]
    if data["kind"] == "permit":
        table = {f"{name}!": rule for name, rule in field_table.LICENCE["decision"].items()}
        data["decision"] = _object(table, random, wanted[1:])
        data.setdefault("content", _text(random, ["4000"], "content"))
    elif data.get("decision") == {}:
        data["decision"] = {"date": _day(random)}
    data["state"]["code"] = state or data["state"]["code"]
    if data["state"]["code"] == "99":
        data["state"].setdefault("reason", _text(random, ["512"], "reason"))
    return _ordered(data, "valid_from", "valid_to")


def _credit(random: Random, wanted: Path, kind: str) -> dict[str, Any]:
    table = {name: rule for name, rule in field_table.CREDIT.items() if name not in KINDS}
    data = _object(table, random, wanted)
    data["kind"] = kind or (str(wanted[0]) if wanted and wanted[0] in KINDS else data["kind"])
    if data["kind"] in ALWAYS or wanted[:1] == (data["kind"],) or random.random() < 0.7:
        data[data["kind"]] = _object(field_table.OBJECTS[data["kind"]], random, wanted[1:])
    return _ordered(data, "decided_on", "public_until")


def _ordered(data: dict[str, Any], first: str, last: str) -> dict[str, Any]:
    if data.get(last, "9") < data[first]:
        data[first], data[last] = data[last], data[first]
    return data


# By the words of the table


def member(family: str, path: Path, random: Random) -> Any:
    """What may stand at this path, whatever stands around it."""
    rule: Any = field_table.LICENCE if family == "licence" else field_table.CREDIT
    for step in path:
        rule = rule.get(step, rule.get(f"{step}!")) if isinstance(rule, dict) else rule[0][0]
    return _value(rule, random, (), str(path[-1]))


def _object(table: dict[str, Any], random: Random, wanted: Path) -> dict[str, Any]:
    share = random.choice((0.0, 0.2, 0.5, 0.8, 1.0))
    made = {}
    for line, rule in table.items():
        name = line.rstrip("!")
        if line.endswith("!") or wanted[:1] == (name,) or random.random() < share:
            made[name] = _value(rule, random, wanted[1:] if wanted[:1] == (name,) else (), name)
    return made


def _value(rule: Any, random: Random, wanted: Path, name: str) -> Any:
    if isinstance(rule, dict):
        return _object(rule, random, wanted)
    if isinstance(rule, tuple):
        (inner,), most = rule
        count = random.choice((1, 1, 2, 3, most if random.random() < 0.1 else 2))
        made = [_value(inner, random, wanted[1:], name) for _ in range(count)]
        return list(dict.fromkeys(made)) if name == "categories" else made
    kind, *words = rule.split(" ")
    return LEAVES[kind](random, words, name)


def _text(random: Random, words: Sequence[str], name: str) -> str:
    most = int(words[0])
    at_bound = random.random() < (0.15 if most < LONG else 0.02)
    length = random.choice((1, most)) if at_bound else random.randint(1, min(most, 24))
    text = "".join(random.choices(LETTERS, k=length - 1)) + "示"
    if name in FREE_TEXT and length > 2:
        return text[0] + random.choice("\n\t") + text[2:]
    if name == "certificate_identifier":
        return certificate(random)
    if name == "subject":
        return f"{CERTIFICATE_TYPE}:示{random.randint(1, 9999)}"
    return text


def certificate(random: Random) -> str:
    """A 证照标识 whose check character holds."""
    issuer = random.choice((uscc(random), "340100"))
    parts = (CERTIFICATE_TYPE, issuer, f"JY{random.randint(0, 10**9)}", f"{random.randint(1, 999):03d}")
    return ".".join((plain_rules.CERTIFICATE_ROOT, *parts, plain_rules.certificate_check("".join(parts))))


def uscc(random: Random) -> str:
    """A 统一社会信用代码 whose check character holds."""
    first17 = f"9{random.randint(1, 3)}110112MA" + "".join(random.choices(_CODE_ALPHABET, k=7))
    return first17 + plain_rules.uscc_check(first17)


def _day(random: Random) -> str:
    first, last = date(1900, 1, 1), date(2999, 12, 31)
    some = (first, last, date(2024, 2, 29), first + timedelta(days=random.randint(0, (last - first).days)))
    return random.choice(some).isoformat()


def _one(random: Random, words: Sequence[str], name: str) -> str:
    word = random.choice(words)
    return words[0] if word == PERSON and random.random() < 0.9 else word


def _money(random: Random) -> str:
    whole = random.choice(("0", "99999999", str(random.randint(1, 99_999_999))))
    return whole + random.choice(("", ".5", f".{random.randint(0, 999_999):06d}"))


def _category(random: Random) -> str:
    head = random.choice(("普通", "特许", "认可", "核准", "登记", "其他"))
    return head + random.choice(("", "-" + "备" * random.choice((1, 9, 250))))


def _of(alphabet: str, low: int, high: int) -> Callable[[Random], str]:
    return lambda random: "".join(random.choices(alphabet, k=random.choice((low, high, random.randint(low, high)))))


def _source(random: Random) -> str:
    name = _of("abcdefghijklmnopqrstuvwxyz0123456789", 1, 63)(random)
    return f"urn:jjj:{name[:3]}-{name[4:]}" if len(name) > 5 else f"urn:jjj:{name}"


def _plain(make: Callable[[Random], Any]) -> Callable[[Random, Sequence[str], str], Any]:
    return lambda random, _words, _name: make(random)


LEAVES: dict[str, Callable[[Random, Sequence[str], str], Any]] = {
    "text": _text,
    "one": _one,
    "uscc": _plain(uscc),
    "type_code": _plain(_of(field_table.DIGITS + field_table.UPPER, 3, 64)),
    "sha256": _plain(_of(field_table.DIGITS + "abcdef", 64, 64)),
    "twenty_digits": _plain(_of(field_table.DIGITS, 20, 20)),
    "leaf_hash": _plain(lambda random: base64.b64encode(random.randbytes(32)).decode()),
    "day": _plain(_day),
    "money": _plain(_money),
    "category": _plain(_category),
    "source": _plain(_source),
    "year": _plain(lambda random: random.choice((1900, 2999, random.randint(1900, 2999)))),
    "index": _plain(lambda random: random.choice((0, 2**53 - 1, random.randrange(2**53)))),
}


# Whole records


def record(family: str, data: dict[str, Any], random: Random) -> dict[str, Any]:
    """A record of a type that goes with the data's state, under the subject that the data make."""
    if "index" in data:
        parts = [CERTIFICATE_TYPE] if family == "licence" else [uscc(random), "penalty", uscc(random)]
        subject = ":".join([*parts, "示1"])
        kind = random.choice(("retracted", "erased"))
    else:
        subject = plain_rules.subject(family, data)
        state = data["state"]["code"] if family == "licence" else data["state"]
        kind = random.choice([verb for verb, states in plain_rules.STATES[family].items() if state in states])
    return {
        "specversion": "1.0",
        "id": record_id(random.randint(1, 2**64)),
        "source": "urn:jjj:tongzhou",
        "type": f"jjj.{family}.{kind}",
        "subject": subject,
        "time": TIME,
        "datacontenttype": "application/json",
        "dataschema": f"urn:jjj:schema:{family}:1.0",
        "data": data,
    }
