"""Who holds which key, which logs, which authorities? The roster of the network, read strictly and looked up
quickly (DESIGN §7).

The roster is cumulative: nothing is removed, only ended, so that a record signed years ago finds the key that
was good then. Every window is judged against an instant that the caller brings, for records the logged time
(law 9).

>>> roster = parse(Path("trust/roster.json").read_bytes())
>>> roster.log("jjj.example/sanhe/licence")[0].name
'河北省三河市'
>>> key = roster.keys("record", "sanhe")["jjj.example/sanhe", key_id]
>>> key.good_at(1795400000, "licence", "jjj.example/sanhe/licence", 7)
>>> roster.authority("sanhe", "11131082MB0000017R", "11100000MB0341032Y002", 1795400000).name
'示例市市场监督管理局'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from gateway.errors import Refused
from gateway.records.identifiers import uscc_error
from gateway.trust.canonical import decode_base64
from gateway.trust.documents import IDENTIFIER, Fields, parse_document, refuse, unique
from gateway.trust.members import Authority, Contact, Ended, Jurisdiction, LogEntry, Policy, Revocation, RosterKey
from gateway.trust.suites import VerifierKey

HASH_SIZE = 32
SIGNING, DATING = False, True

_NETWORK = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}")
_REGION = re.compile(r"[0-9]{6}")
_FAMILY = re.compile(r"[a-z][a-z_]{0,31}")
_FAMILY_OR_ANY = re.compile(r"[a-z][a-z_]{0,31}|\*")
_TYPE_OR_ANY = re.compile(r"[0-9A-Z]{3,64}|\*")
_URL = re.compile(r"https?://[!-~]+")
_POLICY = re.compile(r"gm")

Identity = tuple[str, bytes]


@dataclass(frozen=True)
class Roster:
    """The whole roster; look-ups are built once. (No slots: ``cached_property`` needs a dictionary.)"""

    version: int
    network: str
    jurisdictions: Mapping[str, Jurisdiction]
    policy: Policy | None = None

    def counts(self, key: VerifierKey, seconds: int) -> bool:
        """Whether the policy in force at this instant (s) lets a signature of this key count."""
        return self.policy is None or self.policy.counts(key, seconds)

    def jurisdiction(self, jurisdiction_id: str) -> Jurisdiction | None:
        """The member of this id."""
        return self.jurisdictions.get(jurisdiction_id)

    def by_region(self, code: str) -> Jurisdiction | None:
        """The member whose region, or one of whose aliases, has this six-digit code (GB/T 2260)."""
        return self._regions.get(code)

    def log(self, origin: str) -> tuple[Jurisdiction, LogEntry] | None:
        """The log of this origin with its owner."""
        return self._logs.get(origin)

    def keys(self, role: str, jurisdiction: str) -> Mapping[Identity, RosterKey]:
        """All keys that a member ever had in a role, by name and key id."""
        return self._by_role.get((role, jurisdiction), {})

    def authority(self, jurisdiction: str, uscc: str, type_code: str | None, at: int) -> Authority | None:
        """The first entry of the authority that stands for this type (None: any) at this instant (s)."""
        entries = self._authorities.get((jurisdiction, uscc), ())
        return next((entry for entry in entries if entry.stands(type_code, at)), None)

    @property
    def origins(self) -> Collection[str]:
        """Of every log that any member ever had."""
        return self._logs.keys()

    @cached_property
    def known_keys(self) -> Mapping[Identity, RosterKey]:
        """Every key by name and key id."""
        return {(key.vkey.name, key.vkey.key_id): key for member in self.jurisdictions.values() for key in member.keys}

    @cached_property
    def verifier_keys(self) -> Mapping[Identity, VerifierKey]:
        """Every verifier key by name and key id, as ``notes.verify`` takes them."""
        return {identity: key.vkey for identity, key in self.known_keys.items()}

    @cached_property
    def _by_role(self) -> Mapping[tuple[str, str], Mapping[Identity, RosterKey]]:
        found: dict[tuple[str, str], dict[Identity, RosterKey]] = {}
        for identity, key in self.known_keys.items():
            found.setdefault((key.role, key.jurisdiction), {})[identity] = key
        return found

    @cached_property
    def _regions(self) -> Mapping[str, Jurisdiction]:
        return {code: member for member in self.jurisdictions.values() for code in (member.region, *member.aliases)}

    @cached_property
    def _logs(self) -> Mapping[str, tuple[Jurisdiction, LogEntry]]:
        return {entry.origin: (member, entry) for member in self.jurisdictions.values() for entry in member.logs}

    @cached_property
    def _authorities(self) -> Mapping[tuple[str, str], tuple[Authority, ...]]:
        found: dict[tuple[str, str], tuple[Authority, ...]] = {}
        for member in self.jurisdictions.values():
            for entry in member.authorities:
                place = (member.id, entry.uscc)
                found[place] = (*found.get(place, ()), entry)
        return found


# Reading


def parse(document: bytes) -> Roster:
    """Read a roster (DESIGN §7). Optional members: ``policy``, ``ended``, ``revoked``, ``until``, ``contact``.

    Raises ``Refused`` ``trust.form`` with the field's path: unknown members, wrong types, inverted windows, ids,
    regions, origins or keys that stand twice, keys whose name or algorithm doesn't fit their role.
    """
    fields = Fields(parse_document(document), "")
    version = fields.integer("version", least=1)
    network = fields.text("network", _NETWORK)
    members = fields.each("jurisdictions", lambda member: _jurisdiction(member, network))
    policy = fields.inner("policy", _policy) if fields.has("policy") else None
    fields.close()
    unique("jurisdictions.id", (member.id for member in members))
    unique("jurisdictions.region", (code for member in members for code in (member.region, *member.aliases)))
    unique("jurisdictions.logs.origin", (entry.origin for member in members for entry in member.logs))
    roster = Roster(version, network, {member.id: member for member in members}, policy)
    for revoked in (key.revoked for member in members for key in member.keys if key.role == "witness"):
        if revoked is not None:
            _check_named(revoked.good_below, roster.origins, "jurisdictions.keys.revoked.good_below")
    if len(roster.known_keys) != sum(len(member.keys) for member in members):
        refuse("jurisdictions.keys.vkey", "two keys share a name and a key id", "两把密钥名称与标识相同", rule="unique")
    return roster


def _policy(fields: Fields) -> Policy:
    return Policy(fields.text("name", _POLICY), fields.start("since"))


def _jurisdiction(fields: Fields, network: str) -> Jurisdiction:
    identifier = fields.text("id", IDENTIFIER)
    own = f"{network}/{identifier}"
    logs = fields.each("logs", lambda entry: _log(entry, own))
    unique("jurisdictions.logs (not ended)", (entry.family for entry in logs if entry.ended is None))
    origins = frozenset(entry.origin for entry in logs)
    return Jurisdiction(
        id=identifier,
        name=fields.text("name"),
        region=fields.text("region", _REGION),
        aliases=fields.texts("aliases", _REGION),
        urls=fields.texts("urls", _URL),
        logs=logs,
        keys=fields.each("keys", lambda key: _key(key, identifier, own, origins)),
        authorities=fields.each("authorities", _authority),
    )


def _log(fields: Fields, own: str) -> LogEntry:
    family = fields.text("family", _FAMILY)
    origin = fields.text("origin")
    if re.fullmatch(rf"{re.escape(own)}/{family}(\.([2-9]|[1-9][0-9]{{1,5}}))?", origin) is None:
        rule = "<network>/<jurisdiction>/<family>[.<n>]"
        refuse(fields.at("origin"), f"is not {own}/{family}", f"应为 {own}/{family}", rule=rule, value=origin)
    return LogEntry(family, origin, fields.inner("ended", _ended) if fields.has("ended") else None)


def _ended(fields: Fields) -> Ended:
    size, text = fields.integer("size"), fields.text("root")
    root = decode_base64(text.encode())
    if root is None or len(root) != HASH_SIZE:
        rule = "base64, 32 bytes"
        refuse(fields.at("root"), "is no base64 of 32 bytes", "应为 32 字节的 base64", rule=rule, value=text)
    return Ended(size, root)


_KEY_NAMES: Mapping[str, tuple[bool, Callable[[str, str, frozenset[str]], bool]]] = {
    "record": (SIGNING, lambda name, own, origins: name == own),
    "authority": (SIGNING, lambda name, own, origins: uscc_error(name.removeprefix(f"{own}/authority/")) is None),
    "log": (SIGNING, lambda name, own, origins: name in origins),
    "heartbeat": (DATING, lambda name, own, origins: name in origins),
    "witness": (DATING, lambda name, own, origins: name == f"{own}/witness"),
    "verdict": (SIGNING, lambda name, own, origins: name == f"{own}/verdict"),
}
"""Role → whether its signatures are dated, and whether the name is the role's in this jurisdiction (DESIGN §3b)."""


def _key(fields: Fields, jurisdiction: str, own: str, origins: frozenset[str]) -> RosterKey:
    role = fields.text("role")
    if role not in _KEY_NAMES:
        rule = ", ".join(_KEY_NAMES)
        refuse(fields.at("role"), "is no role of a key", f"{role} 不是密钥用途，可用：{rule}", rule=rule, value=role)
    vkey = _vkey(fields)
    dated, fits = _KEY_NAMES[role]
    if vkey.suite.dated != dated or not fits(vkey.name, own, origins):
        told = f"name or algorithm is none of a {role} key of {jurisdiction}"
        zh = f"名称或算法不是 {jurisdiction} 的 {role} 密钥所用"
        refuse(fields.at("vkey"), told, zh, rule="name and algorithm of the role", value=vkey.name)
    not_before, not_after = fields.start("not_before"), fields.end("not_after")
    if not_after < not_before:
        refuse(fields.at("not_after"), "is before not_before", "早于启用时间", rule="not_before <= not_after")
    named = None if role == "witness" else origins
    revoked = fields.inner("revoked", lambda inner: _revocation(inner, named)) if fields.has("revoked") else None
    families = frozenset(fields.texts("families", _FAMILY_OR_ANY))
    return RosterKey(jurisdiction, role, vkey, families, not_before, not_after, revoked)


def _vkey(fields: Fields) -> VerifierKey:
    text = fields.text("vkey")
    try:
        return VerifierKey.parse(text)
    except Refused as error:
        told = f"is no verifier key: {error.message}"
        refuse(fields.at("vkey"), told, "不是公钥文本", rule="name+id+key", value=text)


def _revocation(fields: Fields, origins: frozenset[str] | None) -> Revocation:
    """``origins``: the logs that it may name; None for a witness, who signs about others': ``parse`` holds them against
    all.
    """
    good_below = fields.table("good_below", lambda inner, origin: inner.integer(origin))
    if origins is not None:
        _check_named(good_below, origins, fields.at("good_below"))
    return Revocation(fields.start("at"), fields.text("reason"), good_below)


def _check_named(good_below: Mapping[str, int], origins: Collection[str], path: str) -> None:
    for origin in sorted(good_below.keys() - origins):
        told = f"{origin} is no log that this key signs for"
        refuse(path, told, f"{origin} 不是该密钥所签的日志", rule="its logs", value=origin)


def _authority(fields: Fields) -> Authority:
    uscc = fields.text("uscc")
    if uscc_error(uscc) is not None:
        told, zh = "is no unified social credit code", "不是有效的统一社会信用代码"
        refuse(fields.at("uscc"), told, zh, rule="GB 32100-2015", value=uscc)
    since = fields.start("since")
    until = fields.end("until") if fields.has("until") else None
    if until is not None and until < since:
        refuse(fields.at("until"), "is before since", "早于起始日期", rule="since <= until")
    return Authority(
        uscc=uscc,
        name=fields.text("name"),
        types=frozenset(fields.texts("types", _TYPE_OR_ANY)),
        carried=fields.flag("carried"),
        since=since,
        until=until,
        contact=fields.inner("contact", _contact) if fields.has("contact") else None,
    )


def _contact(fields: Fields) -> Contact:
    return Contact(fields.text("phone"), fields.text("hours"))
