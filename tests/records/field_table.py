"""The table of fields, read independently of the schema files: what each member of the data must be, in a few words a
line.

A line is ``path: rule``; ``!`` makes the member required where its parent stands. ``faults(family, data)`` gives the
paths that break a rule. No code is shared with the schemas or their validators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

DIGITS, UPPER = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
USCC = set(DIGITS + UPPER) - set("IOSVZ")
PARTY = {"name!": "text 200", "uscc!": "uscc"}
HOLDER = PARTY | {"category!": "one 法人及非法人组织 个体工商户 自然人"}
LICENCE = {
    "number!": "text 128",
    "type!": {"code!": "type_code", "name!": "text 256"},
    "kind!": "one permit filing registration qualification",
    "certificate_identifier": "text 128",
    "holder!": HOLDER,
    "legal_representative": "text 50",
    "issuer!": PARTY,
    "decision": {"title": "text 512", "number": "text 128", "date": "day", "category": "category"},
    "content": "text 4000",
    "items": ([{"name!": "text 256", "grade": "text 64", "valid_to": "day"}], 256),
    "premises": (["text 200"], 64),
    "valid_from!": "day",
    "valid_to": "day",
    "state!": {"code!": "one 01 02 03 04 05 06 07 99", "since!": "day", "reason": "text 512"},
    "predecessor": {"source!": "source", "subject!": "text 512"},
    "document": {"sha256!": "sha256", "media_type!": "one application/ofd application/pdf"},
    "supplied_by": PARTY,
    "disclosure!": "one public",
    "remarks": "text 512",
}
REMOVAL = {"removed_on": "day", "removal_reason": "text 512"}
OBJECTS: dict[str, Any] = {
    "penalty": {
        "violation!": "text 2000",
        "facts!": "text 5000",
        "grounds!": (["text 2048"], 32),
        "categories!": (["text 64"], 16),
        "content!": "text 4000",
        "fine_10k_yuan": "money",
        "confiscated_10k_yuan": "money",
        "licence_affected": "text 200",
        "valid_to": "day",
    },
    "abnormal_list": {"reason": "text 512"} | REMOVAL,
    "dishonest_list": {"category": "text 200", "reason": "text 2000"} | REMOVAL,
    "rating": {"scheme!": "text 200", "grade!": "text 64", "year": "year"},
    "commitment": {
        "code!": "twenty_digits",
        "form!": "one 审批替代型 容缺受理型 证明事项型 信用修复型 行业自律型 主动型 其他",
        "matter!": "text 512",
        "content!": "text 4000",
        "liability!": "text 4000",
        "performance!": "one 全部履行 部分履行 全部未履行",
    },
    "honour": {"title": "text 200", "year": "year"},
}
CREDIT = {
    "kind!": f"one {' '.join(OBJECTS)}",
    "number!": "text 128",
    "holder!": HOLDER,
    "legal_representative": "text 50",
    "authority!": PARTY,
    "decided_on!": "day",
    "public_until": "day",
    "state!": "one in_force withdrawn repaired ended",
    "supplied_by": PARTY,
    "disclosure!": "one public",
    "remarks": "text 512",
} | OBJECTS
CORRECTION = {"index!": "index", "leaf_hash!": "leaf_hash", "ground!": "text 2000", "authority!": PARTY}


def faults(family: str, data: Any) -> set[str]:
    """Paths of what breaks a rule; empty for data that must be accepted."""
    if isinstance(data, dict) and ("index" in data or "leaf_hash" in data):
        return set(_faults(data, CORRECTION, "data"))
    if family == "licence":
        return set(_faults(data, LICENCE, "data")) | set(_licence_faults(data))
    return set(_faults(data, CREDIT, "data")) | set(_credit_faults(data))


def _licence_faults(data: Any) -> Iterator[str]:
    if not isinstance(data, dict):
        return
    decision, state = data.get("decision"), data.get("state")
    if decision == {}:
        yield "data.decision"
    if isinstance(state, dict) and state.get("code") == "99" and "reason" not in state:
        yield "data.state.reason"
    if data.get("kind") == "permit":
        yield from (f"data.{name}" for name in ("decision", "content") if name not in data)
        if isinstance(decision, dict):
            yield from (f"data.decision.{n}" for n in ("title", "number", "date", "category") if n not in decision)


def _credit_faults(data: Any) -> Iterator[str]:
    if not isinstance(data, dict):
        return
    kind = data.get("kind")
    yield from (f"data.{name}" for name in OBJECTS if name in data and name != kind)
    if kind in ("penalty", "rating", "commitment") and kind not in data:
        yield f"data.{kind}"
    categories = data["penalty"].get("categories") if isinstance(data.get("penalty"), dict) else None
    if isinstance(categories, list) and any(one in categories[:at] for at, one in enumerate(categories)):
        yield "data.penalty.categories"


def _faults(value: Any, rule: Any, path: str) -> Iterator[str]:
    if isinstance(rule, dict):
        yield from _object_faults(value, rule, path)
    elif isinstance(rule, tuple):
        inner, most = rule
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            yield path
        for at, entry in enumerate(value if isinstance(value, list) else []):
            yield from _faults(entry, inner[0], f"{path}.{at}")
    else:
        name, *words = rule.split(" ")
        if not RULES[name](value, words):
            yield path


def _object_faults(value: Any, rule: dict[str, Any], path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield path
        return
    known = {name.rstrip("!"): inner for name, inner in rule.items()}
    yield from (f"{path}.{name}" for name in value if name not in known)
    yield from (f"{path}.{name[:-1]}" for name in rule if name.endswith("!") and name[:-1] not in value)
    for name in value.keys() & known.keys():
        yield from _faults(value[name], known[name], f"{path}.{name}")


def _only(value: Any, characters: Any, lengths: range) -> bool:
    return isinstance(value, str) and len(value) in lengths and all(one in characters for one in value)


def _day(value: Any, _: list[str]) -> bool:
    if not isinstance(value, str) or len(value) != 10 or value[4] + value[7] != "--":
        return False
    return _only(value[:4] + value[5:7] + value[8:], DIGITS, range(8, 9)) and 1900 <= int(value[:4]) <= 2999


def _money(value: Any, _: list[str]) -> bool:
    if not isinstance(value, str):
        return False
    whole, point, part = value.partition(".")
    plain = _only(whole, DIGITS, range(1, 9)) and str(int(whole)) == whole
    return plain and (not point or _only(part, DIGITS, range(1, 7)))


def _category(value: Any, _: list[str]) -> bool:
    if not isinstance(value, str):
        return False
    head, hyphen, tail = value.partition("-")
    known = head in ("普通", "特许", "认可", "核准", "登记", "其他")
    return known and (not hyphen or 1 <= len(tail) <= 250) and "\n" not in tail


def _source(value: Any, _: list[str]) -> bool:
    if not isinstance(value, str) or not value.startswith("urn:jjj:"):
        return False
    name = value[8:]
    return _only(name, DIGITS + UPPER.lower() + "-", range(1, 64)) and name[0] != "-" and name[-1] != "-"


def _integer(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


RULES: dict[str, Callable[[Any, list[str]], bool]] = {
    "text": lambda value, words: (
        isinstance(value, str) and len(value) <= int(words[0]) and bool(value.replace(" ", "").replace("\u3000", ""))
    ),
    "one": lambda value, words: value in words,
    "uscc": lambda value, _: _only(value, USCC, range(18, 19)),
    "type_code": lambda value, _: _only(value, DIGITS + UPPER, range(3, 65)),
    "sha256": lambda value, _: _only(value, DIGITS + "abcdef", range(64, 65)),
    "twenty_digits": lambda value, _: _only(value, DIGITS, range(20, 21)),
    "leaf_hash": lambda value, _: (
        _only(value, DIGITS + UPPER + UPPER.lower() + "+/=", range(44, 45)) and value.find("=") == 43
    ),
    "day": _day,
    "money": _money,
    "category": _category,
    "source": _source,
    "year": lambda value, _: _integer(value, 1900, 2999),
    "index": lambda value, _: _integer(value, 0, 2**53 - 1),
}
