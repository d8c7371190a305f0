"""What PROVES that a log's owner signed what can't both be true? A file that stands by itself (law 8, DESIGN §10).

    {"form":"jjj-evidence/1","origin":"jjj.example/sanhe/licence","reason":"log.fork",
     "first":"<checkpoint note>","second":"<checkpoint note>","root":"<base64>","proof":["<base64>",…],
     "keys":["<verifier key>",…],"roster":3,"seen":{"at":"…","by":"tongzhou","where":"topic jjj.sanhe.licence"}}

Two notes exactly as signed, and the keys that signed them. ``log.fork``: two roots at one size; or a larger tree that
does not extend the smaller one: then ``root`` is what the larger tree has at the smaller size, and ``proof`` (RFC 6962
consistency) binds it to the larger signed root. ``log.rollback``: a later date on a smaller tree. ``log.ended``: one
note, whose tree is not the one that the roster says the log ended with: ``ended`` instead of ``second``; this one
rests on a roster. Pure: bytes in, a judgement out; nothing that the file says of itself is believed.

>>> judge(parse(raw)).told
'two roots at size 812'
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.errors import Refused
from gateway.instants import format_time, parse_time
from gateway.ledger import checkpoint, merkle
from gateway.ledger.checkpoint import MAX_NOTE, SignedCheckpoint
from gateway.trust import notes
from gateway.trust.canonical import decode_base64, encode_base64
from gateway.trust.members import Ended
from gateway.trust.suites import VerifierKey

FORM = "jjj-evidence/1"
FORK, ROLLBACK, ENDED = "log.fork", "log.rollback", "log.ended"
MOST_BYTES = 512 << 10
MOST_KEYS = 16
MOST_TEXT = 400
_ALWAYS = {"form", "origin", "reason", "first", "keys", "roster", "seen"}
_MEMBERS = {
    FORK: _ALWAYS | {"second", "root", "proof"},
    ROLLBACK: _ALWAYS | {"second"},
    ENDED: _ALWAYS | {"ended", "root", "proof"},
}
"""Reason → exactly the members of its file."""


@dataclass(frozen=True, slots=True)
class Clash:
    """What can't both be true. ``first`` is of the smaller tree. ``root``, ``proof``: what the larger tree has at the
    smaller size, where the sizes differ. ``ended``: what the roster says, in place of a second note.
    """

    reason: str
    first: bytes
    second: bytes = b""
    root: bytes = b""
    proof: tuple[bytes, ...] = ()
    ended: Ended | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """When (ms), at which jurisdiction's node, and how the second statement came: no part of the proof."""

    at: int
    by: str
    where: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One evidence file. ``keys``: the owner's that signed; ``roster``: version of the roster that they come from."""

    origin: str
    clash: Clash
    keys: tuple[VerifierKey, ...]
    roster: int
    seen: Seen

    @property
    def id(self) -> str:
        """The same for the same statements, whoever saw them: ``sanhe-licence-<16 hex digits>``."""
        clash = self.clash
        ended = (b"%d" % clash.ended.size, clash.ended.root) if clash.ended is not None else ()
        parts = (self.origin.encode(), clash.reason.encode(), clash.first, clash.second, *ended)
        digest = hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()
        owner, name = self.origin.rsplit("/", 2)[-2:]
        return f"{owner}-{name}-{digest[:16]}"

    def encode(self) -> bytes:
        """The file: one line of JSON."""
        clash = self.clash
        found: dict[str, Any] = {"form": FORM, "origin": self.origin, "reason": clash.reason}
        found["first"] = clash.first.decode()
        if clash.ended is not None:
            found["ended"] = {"size": clash.ended.size, "root": _text(clash.ended.root)}
        else:
            found["second"] = clash.second.decode()
        if clash.reason in (FORK, ENDED):
            found |= {"root": _text(clash.root), "proof": [_text(step) for step in clash.proof]}
        found |= {"keys": [key.text() for key in self.keys], "roster": self.roster}
        found["seen"] = {"at": format_time(self.seen.at), "by": self.seen.by, "where": self.seen.where}
        return orjson.dumps(found) + b"\n"


@dataclass(frozen=True, slots=True)
class Proven:
    """What a file proves, in words, and the statements that it rests on."""

    told: str
    zh: str
    first: SignedCheckpoint
    second: SignedCheckpoint | None


def _text(raw: bytes) -> str:
    return encode_base64(raw).decode()


# Reading


def parse(raw: bytes) -> Evidence:
    """Read a file strictly. Raises ``Refused`` ``evidence.form``, naming the member; proves nothing yet."""
    if len(raw) > MOST_BYTES:
        raise _form("", f"over {MOST_BYTES} bytes")
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _form("", f"is no JSON: {error}") from error
    if not isinstance(found, dict) or found.get("form") != FORM:
        raise _form("form", f"is not {FORM}")
    reason = _string(found, "reason")
    if reason not in _MEMBERS or found.keys() != _MEMBERS[reason]:
        raise _form("reason", f"is none of {', '.join(_MEMBERS)}, or the members are not exactly those of its kind")
    origin = _string(found, "origin")
    if origin.count("/") < 2 or any(not part or len(part) > 255 for part in origin.split("/")):
        raise _form("origin", "is not <network>/<jurisdiction>/<log>")
    root, proof = (_root(found, "root"), _proof(found["proof"])) if "proof" in found else (b"", ())
    second = _note(found, "second") if "second" in found else b""
    ended = _ended(found["ended"]) if "ended" in found else None
    clash = Clash(reason, _note(found, "first"), second, root, proof, ended)
    return Evidence(origin, clash, _keys(found["keys"]), _whole(found, "roster"), _seen(found["seen"]))


def _form(member: str, what: str) -> Refused:
    return Refused("evidence.form", f"{member} {what}".strip(), field=member)


def _string(found: Mapping[str, Any], member: str, most: int = MOST_TEXT) -> str:
    value = found.get(member)
    if not isinstance(value, str) or len(value) > most:
        raise _form(member, f"is no text of at most {most} characters")
    return value


def _whole(found: Mapping[str, Any], member: str) -> int:
    value = found.get(member)
    if type(value) is not int or not 0 <= value <= checkpoint.MAX_SIZE:
        raise _form(member, "is no whole number from 0")
    return value


def _note(found: Mapping[str, Any], member: str) -> bytes:
    return _string(found, member, MAX_NOTE).encode()


def _hash(value: object, member: str) -> bytes:
    raw = decode_base64(value.encode()) if isinstance(value, str) else None
    if raw is None or len(raw) != merkle.HASH_SIZE:
        raise _form(member, "is no base64 of 32 bytes")
    return raw


def _root(found: Mapping[str, Any], member: str) -> bytes:
    return _hash(found[member], member) if found[member] != "" else b""


def _proof(value: object) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > merkle.MAX_PROOF:
        raise _form("proof", f"is no list of at most {merkle.MAX_PROOF} hashes")
    return tuple(_hash(step, "proof") for step in value)


def _ended(value: object) -> Ended:
    if not isinstance(value, dict) or value.keys() != {"size", "root"}:
        raise _form("ended", "is not size and root")
    return Ended(_whole(value, "size"), _hash(value["root"], "ended.root"))


def _keys(value: object) -> tuple[VerifierKey, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_KEYS:
        raise _form("keys", f"is no list of 1 to {MOST_KEYS} verifier keys")
    try:
        return tuple(VerifierKey.parse(text if isinstance(text, str) else "") for text in value)
    except Refused as refused:
        raise _form("keys", f"holds no verifier key: {refused.message}") from refused


def _seen(value: object) -> Seen:
    if not isinstance(value, dict) or value.keys() != {"at", "by", "where"}:
        raise _form("seen", "is not at, by and where")
    try:
        at = parse_time(_string(value, "at"))
    except (Refused, ValueError) as error:
        raise _form("seen.at", "is no instant") from error
    if at is None:
        raise _form("seen.at", "is no instant")
    return Seen(at, _string(value, "by"), _string(value, "where"))


# Judging


def judge(evidence: Evidence) -> Proven:
    """What the file proves, with the keys that stand in it and nothing else; or ``Refused``, its message naming the
    step that fails. ``log.ended`` proves something about one who holds the roster only: the caller compares.

    Steps: keys (each bears the origin as its name: ``evidence.key``) · first, second (signed by these keys, for a
    rollback dated too: reasons of ``checkpoint.read``) · contradiction (``evidence.no_contradiction``) · proof
    (``proof.*``).
    """
    if any(key.name != evidence.origin for key in evidence.keys):
        raise Refused("evidence.key", f"keys: one is not of {evidence.origin}", field="keys")
    keys = {(key.name, key.key_id): key for key in evidence.keys}
    clash = evidence.clash
    dated = clash.reason == ROLLBACK
    first = _signed("first", clash.first, evidence.origin, keys, dated=dated)
    if clash.ended is not None:
        return _against_end(clash, clash.ended, first)
    second = _signed("second", clash.second, evidence.origin, keys, dated=dated)
    return _fork(clash, first, second) if clash.reason == FORK else _rollback(first, second)


def _signed(
    step: str, note: bytes, origin: str, keys: Mapping[notes.Identity, VerifierKey], *, dated: bool
) -> SignedCheckpoint:
    try:
        return checkpoint.read(note, origin, keys, require_date=dated)
    except Refused as refused:
        raise Refused(refused.reason, f"{step}: {refused.message}", field=step) from refused


def _none(what: str) -> Refused:
    return Refused("evidence.no_contradiction", f"contradiction: {what}", field="reason")


def _fork(clash: Clash, first: SignedCheckpoint, second: SignedCheckpoint) -> Proven:
    small, large = first.checkpoint, second.checkpoint
    if not 0 < small.size <= large.size:
        raise _none(f"the first tree has {small.size} leaves, the second {large.size}")
    if small.size == large.size:
        if small.root == large.root or clash.root or clash.proof:
            raise _none(f"both notes have one root at size {small.size}, or a needless proof stands there")
        told, zh = f"two roots at size {small.size}", f"同为 {small.size} 条，却签了两个不同的根"
        return Proven(told, zh, first, second)
    if clash.root == small.root:
        raise _none("the larger tree has the smaller one's root")
    _proven_root(small.size, clash, second)
    told = f"the tree of {large.size} leaves does not extend the one of {small.size}"
    return Proven(told, f"{large.size} 条的树并非由 {small.size} 条的树增长而来", first, second)


def _rollback(first: SignedCheckpoint, second: SignedCheckpoint) -> Proven:
    small, large = first.checkpoint.size, second.checkpoint.size
    if small >= large or (first.date or 0) <= (second.date or 0):
        raise _none(f"{small} leaves at {first.date} and {large} at {second.date} can both be true")
    told = f"{small} leaves are dated {first.date}, after {large} leaves at {second.date}"
    return Proven(told, f"{small} 条的声明日期晚于 {large} 条的声明", first, second)


def _against_end(clash: Clash, ended: Ended, first: SignedCheckpoint) -> Proven:
    signed = first.checkpoint
    if signed.size < ended.size or clash.root == ended.root:
        raise _none(f"a tree of {signed.size} leaves may end as the roster says, at {ended.size}")
    if signed.size == ended.size:
        if signed.root != clash.root or clash.proof:
            raise _none("the root given is not the signed one")
    elif ended.size == 0:
        raise _none("every tree begins with the empty one")
    else:
        _proven_root(ended.size, clash, first)
    told = f"the signed tree is another at {ended.size} leaves than the one that the roster says the log ended with"
    return Proven(told, f"所签的树在 {ended.size} 条处与名册所载的终止根不同", first, None)


def _proven_root(size: int, clash: Clash, larger: SignedCheckpoint) -> None:
    if len(clash.root) != merkle.HASH_SIZE:
        raise Refused("proof.form", "proof: no root of the smaller size", field="root")
    try:
        merkle.verify_consistency(size, larger.checkpoint.size, clash.proof, clash.root, larger.checkpoint.root)
    except Refused as refused:
        raise Refused(refused.reason, f"proof: {refused.message}", field="proof") from refused


def newest_first(found: Sequence[Evidence]) -> list[Evidence]:
    """By the instant when it was seen."""
    return sorted(found, key=lambda evidence: (-evidence.seen.at, evidence.id))
