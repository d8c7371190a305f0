"""What would change? Said so that an administrator can sign it: in words, in both languages, nothing left out.

Every difference between the bytes published and the bytes proposed is a line, also one that this program has no words
for: it is told by its path. Roster and agreements are cumulative (DESIGN §7), a schema never changes, a revocation
stays: a line of something taken away is ``forbidden``, and a proposal with one is refused, naming it.

>>> [line.zh for line in of_files(before, after)]
['名册版本 3 → 4', '地区 sanhe：吊销密钥 record jjj.example/sanhe+1a2b3c4d，自 2026-11-23T00:00:00Z，原因：介质遗失，…']
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from gateway.repository.charter import Charter
from gateway.repository.layout import DOCUMENTS, digest
from gateway.repository.proposals import Proposal
from gateway.repository.published import Published
from gateway.repository.rolekeys import RoleKey
from gateway.repository.trees import ABSENT, Change, compare, parts
from gateway.trust.documents import parse_document
from gateway.trust.trusted import AGREEMENTS, CATALOGUE, ROSTER


class Kind(StrEnum):
    """What a line tells."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Line:
    """One difference in words. ``forbidden``: it takes away what may only be ended."""

    kind: Kind
    zh: str
    en: str
    forbidden: bool = False


def of_proposal(state: Published | None, proposal: Proposal) -> list[Line]:
    """All that signing would change: charter, documents, schemas, expiries."""
    before = state.files if state is not None else {}
    charter = of_charter(state.charter if state is not None else None, proposal.charter)
    return [*charter, *of_files(before, proposal.files), *_expiries(proposal)]


def of_files(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[Line]:
    """What differs in the targets. Raises ``Refused`` ``trust.form`` for a document that is none."""
    lines: list[Line] = []
    for name in DOCUMENTS:
        if name in after:
            lines += _of_document(name, before.get(name), after[name])
    return lines + list(_of_schemas(before, after))


# Documents

_TITLES = {ROSTER: ("名册", "roster"), AGREEMENTS: ("协议", "agreements"), CATALOGUE: ("目录", "catalogue")}
_WORDS: Mapping[str, tuple[str, str]] = {
    "version": ("版本", "version"),
    "network": ("网络名称", "network"),
    "jurisdictions": ("地区", "jurisdiction"),
    "keys": ("密钥", "key"),
    "logs": ("日志", "log"),
    "authorities": ("机关", "authority"),
    "agreements": ("协议", "agreement"),
    "types": ("证照类型", "type"),
    "revoked": ("吊销", "revoked"),
    "good_below": ("此前序号仍有效", "good below"),
    "ended": ("终止于", "ended"),
    "role": ("用途", "role"),
    "families": ("记录类别", "families"),
    "not_before": ("启用", "not before"),
    "not_after": ("到期", "not after"),
    "name": ("名称", "name"),
    "region": ("区划代码", "region"),
    "aliases": ("曾用区划代码", "alias"),
    "urls": ("网址", "url"),
    "since": ("起始", "since"),
    "until": ("终止", "until"),
    "at": ("时间", "at"),
    "reason": ("原因", "reason"),
    "carried": ("代为发布", "carried"),
    "contact": ("联系方式", "contact"),
    "issued_by": ("颁发地区", "issued by"),
    "recognised_by": ("互认地区", "recognised by"),
    "purposes": ("用途", "purpose"),
    "witnesses": ("见证数", "witnesses"),
    "freshness_s": ("时效（秒）", "freshness_s"),
    "unchanged": ("须不变的事项", "unchanged"),
    "credit": ("信用事项", "credit"),
    "effect": ("效果", "effect"),
    "ground": ("依据", "ground"),
    "otherwise": ("不予互认时", "otherwise"),
    "complete": ("齐全声明", "complete"),
    "volatile": ("易变", "volatile"),
    "irreversible": ("不可恢复的状态", "irreversible"),
    "number_checks": ("编号校验", "number checks"),
    "authority_signed": ("须机关签名", "authority signed"),
    "policy": ("策略", "policy"),
}
"""What members are called; a member without a row is called by its own name."""
_NAMES = frozenset({"id", "origin", "uscc", "code"})
"""What stands in the place of a line already. (A key's text does not: only its name and id do.)"""
_STAYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    ROSTER: (
        ("jurisdictions", "*"),
        ("jurisdictions", "*", "aliases", "*"),
        ("jurisdictions", "*", "logs", "*"),
        ("jurisdictions", "*", "logs", "*", "ended"),
        ("jurisdictions", "*", "keys", "*"),
        ("jurisdictions", "*", "keys", "*", "families", "*"),
        ("jurisdictions", "*", "keys", "*", "revoked"),
        ("jurisdictions", "*", "keys", "*", "revoked", "good_below", "*"),
        ("jurisdictions", "*", "authorities", "*"),
        ("jurisdictions", "*", "authorities", "*", "types", "*"),
    ),
    AGREEMENTS: (("agreements", "*"),),
}
"""What is never taken away again: records signed long ago are judged by it."""
_FIXED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    ROSTER: (
        ("network",),
        ("jurisdictions", "*", "logs", "*", "family"),
        ("jurisdictions", "*", "logs", "*", "ended", "*"),
        ("jurisdictions", "*", "keys", "*", "role"),
    ),
}
"""What never changes once it stands."""
_GOOD_BELOW = ("jurisdictions", "*", "keys", "*", "revoked", "good_below", "*")


def _of_document(name: str, before: bytes | None, after: bytes) -> Iterator[Line]:
    old = {} if before is None else parse_document(before)
    for change in compare(old, parse_document(after)):
        if change.old is ABSENT:
            yield from _added(name, change.path, change.new)
        else:
            yield _changed(name, change)


def _added(name: str, path: tuple[str, ...], value: Any) -> Iterator[Line]:
    """A line for the part, and one for each part of it that is made of parts itself."""
    named = parts(value) or {}
    if isinstance(value, list) and _is_deep(value):
        for entry, each in named.items():
            yield from _added(name, (*path, entry), each)
        return
    deeper = {member: inner for member, inner in named.items() if isinstance(value, dict) and _is_deep(inner)}
    flat = {member: inner for member, inner in named.items() if member not in deeper} if deeper else value
    zh, en = _called(name, path)
    verb_zh, verb_en = ("吊销", "revoked:") if path[-1] == "revoked" else ("新增", "added")
    said_zh, said_en = _said(flat)
    yield Line(Kind.ADDED, f"{verb_zh} {zh}：{said_zh}", f"{verb_en} {en}: {said_en}")
    for member, inner in deeper.items():
        yield from _added(name, (*path, member), inner)


def _is_deep(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(entry, dict) for entry in value))


def _changed(name: str, change: Change) -> Line:
    zh, en = _called(name, change.path)
    old, new = _said(change.old), _said(change.new)
    if change.new is ABSENT:
        stays = any(_fits(change.path, pattern) for pattern in _STAYS.get(name, ()))
        return Line(Kind.REMOVED, f"删去 {zh}：{old[0]}", f"removed {en}: {old[1]}", forbidden=stays)
    fixed = any(_fits(change.path, pattern) for pattern in _FIXED.get(name, ()))
    lowered = name == ROSTER and _fits(change.path, _GOOD_BELOW) and not _at_least(change.new, change.old)
    words_zh, words_en = f"{zh}：{old[0]} → {new[0]}", f"{en}: {old[1]} → {new[1]}"
    return Line(Kind.CHANGED, words_zh, words_en, forbidden=fixed or lowered)


def _at_least(new: Any, old: Any) -> bool:
    return isinstance(new, int) and isinstance(old, int) and new >= old


def _fits(path: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    return len(path) == len(pattern) and all(want in ("*", step) for want, step in zip(pattern, path, strict=True))


def _called(name: str, path: tuple[str, ...]) -> tuple[str, str]:
    """The place of a difference in words."""
    zh, en = _TITLES[name]
    words = [_WORDS.get(step, (step, step)) for step in map(_short, path)]
    return " ".join([zh, "·", *(word[0] for word in words)]), " ".join([en, "·", *(word[1] for word in words)])


def _short(step: str) -> str:
    """A key by its name and id; where it is added, its line has it in full."""
    name, _, rest = step.partition("+")
    return f"{name}+{rest.partition('+')[0]}" if "+" in rest else step


def _said(value: Any) -> tuple[str, str]:
    """A value in words."""
    if isinstance(value, dict):
        kept = {member: inner for member, inner in value.items() if member not in _NAMES}
        each = [(_WORDS.get(member, (member, member)), _plain(inner)) for member, inner in kept.items()]
        zh, en = ([f"{word[language]} {said}" for word, said in each] for language in (0, 1))
        return "，".join(zh), ", ".join(en)
    return _plain(value), _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return ", ".join(value) or "[]"
    return orjson.dumps(value).decode()


# Schemas, charter, expiries


def _of_schemas(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[Line]:
    for path in sorted((before.keys() | after.keys()) - set(DOCUMENTS)):
        old, new = before.get(path), after.get(path)
        if old is None and new is not None:
            told = f"{path} (SHA-256 {digest(new)[:16]}…)"
            yield Line(Kind.ADDED, f"新增 数据模式 {told}", f"added schema {told}")
        elif new is None:
            yield Line(Kind.REMOVED, f"删去 数据模式 {path}", f"removed schema {path}", forbidden=True)
        elif old != new:
            yield Line(Kind.CHANGED, f"改动 数据模式 {path}", f"changed schema {path}", forbidden=True)


def of_charter(old: Charter | None, new: Charter | None) -> Iterator[Line]:
    """What changes in who signs."""
    if new is None:
        return
    for zh, en, before, after in (
        ("根密钥", "root key", old.keys if old else (), new.keys),
        ("在线密钥", "online key", old.online if old else (), new.online),
    ):
        for key in after:
            if key not in before:
                yield Line(Kind.ADDED, f"新增 {zh} {_key(key)}", f"added {en} {_key(key)}")
        for key in before:
            if key not in after:
                yield Line(Kind.REMOVED, f"删去 {zh} {_key(key)}", f"removed {en} {_key(key)}")
    yield from _threshold(old, new)
    if old is None or old.lives != new.lives:
        lives = ", ".join(f"{role} {days} d" for role, days in new.lives.to_json().items())
        yield Line(Kind.CHANGED, f"有效天数：{lives}", f"days that metadata live: {lives}")


def _threshold(old: Charter | None, new: Charter) -> Iterator[Line]:
    after = f"{new.threshold}/{len(new.keys)}"
    before = None if old is None else f"{old.threshold}/{len(old.keys)}"
    if before is None:
        yield Line(Kind.ADDED, f"签名门限 {after}", f"threshold {after}")
    elif before != after:
        yield Line(Kind.CHANGED, f"签名门限：{before} → {after}", f"threshold: {before} → {after}")


def _key(key: RoleKey) -> str:
    return f"{key.jurisdiction} {key.keyid}"


def _expiries(proposal: Proposal) -> Iterator[Line]:
    for signed in (proposal.root, proposal.targets):
        if signed is not None:
            told = f"{signed.type} {signed.version}"
            until = f"{signed.expires:%Y-%m-%dT%H:%M:%SZ}"
            yield Line(Kind.CHANGED, f"{told} 有效至 {until}", f"{told} good until {until}")
