"""Records that nobody may take, each with the reason by which the gate refuses it. Made with real keys, for any log.

Some rest on what stands below: their ``make`` adds good leaves to the log first. ``subject`` says whether the refused
bytes can be read far enough to know whom they are about (law 6); ``travels``: whether a bus message can hold them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.ledger.merkle import leaf_hash
from tests.handmade import HandMade, stamp
from tests.records import builders
from tests.records.builders import change

FUTURE_S = 3_600


@dataclass(frozen=True)
class Case:
    """A bad leaf. ``make(log)`` gives its entry as the next leaf of the log."""

    name: str
    reason: str
    make: Callable[[HandMade], bytes]
    subject: bool = True
    travels: bool = True

    def __str__(self) -> str:
        return self.name


def changed(changes: Mapping[str, Any], **members: Any) -> Callable[[HandMade], bytes]:
    """A signed record whose data or envelope say something else."""
    return lambda log: log.entry(change(log.fresh(), changes), **members)


def spelled(old: bytes, new: bytes, **data: Any) -> Callable[[HandMade], bytes]:
    """A signed record whose line is spelled otherwise: ``old`` is replaced by ``new`` before signing."""

    def make(log: HandMade) -> bytes:
        line = log.line(log.fresh(**data))
        assert old in line, line
        return log.sign(line.replace(old, new, 1))

    return make


def raw(new: bytes) -> Callable[[HandMade], bytes]:
    """A signed record with these bytes where a remark should stand."""
    return spelled(b'"*"', new, remarks="*")


def resigned(alter: Callable[[HandMade, bytes], bytes]) -> Callable[[HandMade], bytes]:
    """A good record whose bytes were changed after it was signed."""
    return lambda log: alter(log, log.entry(log.fresh()))


def flip_line(_: HandMade, entry: bytes) -> bytes:
    return entry.replace("示例甲".encode(), "示例乙".encode(), 1)


def flip_signature(_: HandMade, entry: bytes) -> bytes:
    at = len(entry) - 40
    return entry[:at] + (b"A" if entry[at : at + 1] != b"A" else b"B") + entry[at + 1 :]


def wrong_name(log: HandMade, entry: bytes) -> bytes:
    """The right key's signature under another's name."""
    return entry.replace(f"— {log.keys.record.name} ".encode(), "— jjj.test/elsewhere ".encode())


def other_text(log: HandMade, entry: bytes) -> bytes:
    """The signature of another record."""
    return entry.rpartition(b"\n\n")[0] + b"\n\n" + log.entry(log.fresh()).rpartition(b"\n\n")[2]


def not_canonical(_: HandMade, entry: bytes) -> bytes:
    """Base64 whose last character carries bits that nobody reads: the same bytes in another spelling."""
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = len(entry.rstrip(b"=\n")) - 1
    return entry[:at] + letters[letters.index(entry[at : at + 1]) + 1 :][:1] + entry[at + 1 :]


def many_lines(_: HandMade, entry: bytes) -> bytes:
    return entry + entry.rpartition(b"\n\n")[2] * 16


def unsigned(_: HandMade, entry: bytes) -> bytes:
    return entry.partition(b"\n\n")[0]


def by_witness(log: HandMade) -> bytes:
    """Signed by a key of the jurisdiction that is not for records."""
    return log.entry(log.fresh(), log.keys.verdict)


def by_partner(log: HandMade) -> bytes:
    other = next(each for each in log.world.jurisdictions if each != log.jurisdiction)
    return log.entry(log.fresh(), log.world.keys(other).record)


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def long_line(log: HandMade) -> bytes:
    """A line of 60,001 bytes."""
    line = log.line(log.fresh(remarks="*"))
    return log.sign(line.replace(b'"*"', b'"' + b"*" * (60_001 - len(line) + 1) + b'"'))


def newer_schema(log: HandMade) -> bytes:
    return log.entry(log.fresh(note="since 1.1"), dataschema=f"urn:jjj:schema:{log.family}:1.1")


def replayed(log: HandMade) -> bytes:
    """The id of an earlier leaf under other content."""
    log.add(log.entry(log.fresh()))
    return log.entry(log.fresh(), id=orjson.loads(log.entries[-1].partition(b"\n\n")[0])["id"])


def backwards(log: HandMade) -> bytes:
    data = log.fresh()
    log.add(log.entry(data))
    return log.entry({**data, "remarks": "二"}, time=stamp(builders.NOW / 1000 - 365 * 86_400))


def lifted(log: HandMade) -> bytes:
    """A change of a suspended licence that would lift the suspension by the way."""
    data = log.fresh()
    suspended = {**data, "state": {"code": "02", "since": "2025-01-01"}}
    log.add(log.entry(suspended, type="jjj.licence.suspended"))
    return log.entry(data, type="jjj.licence.changed")


def correction(verb: str, **wrong: Any) -> Callable[[HandMade], bytes]:
    """A correction of a leaf, with something wrong about the leaf it names."""

    def make(log: HandMade) -> bytes:
        log.add(log.entry(log.fresh()), log.entry(log.fresh()))
        target = wrong.get("index", len(log.entries) - 2)
        hashed = wrong.get("hashed") or leaf_hash(log.entries[target])
        about = orjson.loads(log.entries[wrong.get("about", len(log.entries) - 2)].partition(b"\n\n")[0])["subject"]
        return log.entry(builders.correction(target, hashed), type=f"jjj.licence.{verb}", subject=about)

    return make


SIGNED = (
    Case("a wrong signature", "signature.invalid", resigned(other_text)),
    Case("an altered byte in the line", "signature.invalid", resigned(flip_line)),
    Case("an altered byte in the signature", "signature.invalid", resigned(flip_signature)),
    Case("an unknown key", "key.unknown", lambda log: log.entry(log.fresh(), log.stranger())),
    Case("the right key under a wrong name", "key.unknown", resigned(wrong_name)),
    Case("a key of another role", "key.unknown", by_witness),
    Case("a partner's record key", "signer.mismatch", by_partner),
    Case("base64 that is not canonical", "note.base64", resigned(not_canonical)),
    Case("17 signature lines", "note.lines", resigned(many_lines)),
    Case("no signature line", "note.form", resigned(unsigned), subject=False, travels=False),
)
FORMED = (
    Case("a duplicate name", "form.duplicate_name", spelled(b'"data":{', b'"data":{},"data":{')),
    Case("two subjects", "form.duplicate_name", spelled(b'"subject":', b'"subject":"x:1","subject":'), subject=False),
    Case("a fraction", "form.number", raw(b"1.5")),
    Case("2^53", "form.number", raw(b"9007199254740992")),
    Case("-0", "form.number", raw(b"-0")),
    Case("null", "form.null", raw(b"null")),
    Case("NaN", "form.number", raw(b"NaN"), subject=False),
    Case("a byte order mark", "form.bom", spelled(b'{"spec', b'\xef\xbb\xbf{"spec'), subject=False),
    Case("depth 33", "form.depth", raw(deep(31))),
    Case("60,001 bytes", "form.size", long_line),
    Case("invalid UTF-8", "note.form", raw(b'"\xff"'), subject=False),
    Case("a lone surrogate", "form.escape", raw(rb'"\ud800"'), subject=False),
    Case("a lone surrogate in UTF-8", "note.form", raw(b'"\xed\xa0\x80"'), subject=False),
    Case("NUL", "note.form", raw(b'"\x00"'), subject=False),
    Case("NUL as an escape", "form.escape", raw(rb'"\u0000"')),
    Case("a right-to-left override", "form.character", raw('"\u202e"'.encode())),
    Case("a zero-width space in the number", "form.character", spelled(b'"JY1', '"JY\u200b1'.encode())),
    Case("white space", "form.white_space", spelled(b":", b": ")),
    Case("an array", "form.not_object", lambda log: log.sign(b"[]"), subject=False),
    Case("no JSON", "form.json", lambda log: log.sign(b"licence"), subject=False),
)
SAID = (
    Case("a wrong source", "source.mismatch", changed({}, source="urn:jjj:elsewhere")),
    Case("a type of another family", "schema.family", changed({}, type="jjj.credit.recorded")),
    Case("an unknown type", "type.unknown", changed({}, type="jjj.licence.invented")),
    Case("an id that is no UUID 7", "envelope.id", changed({}, id="00000000-0000-4000-8000-000000000000")),
    Case("an extra member of the envelope", "envelope.extra", changed({}, note="x")),
    Case("a schema minor from the future", "schema.newer", newer_schema),
    Case("an unknown major", "schema.unknown", changed({}, dataschema="urn:jjj:schema:licence:2.0")),
    Case("an extra field", "schema.additionalProperties", changed({"note": "x"})),
    Case("an extra field deep inside", "schema.additionalProperties", changed({"holder.note": "x"})),
    Case("a code with a wrong check digit", "uscc.check", changed({"holder.uscc": builders.HOLDER[:-1] + "0"})),
    Case("a trader without a code", "holder.no_code", changed({"holder.uscc": builders.PLACEHOLDER})),
    Case("a natural person", "holder.person", changed({"holder.category": "自然人"})),
    Case("a state that contradicts its type", "state.mismatch", changed({"state.code": "07"})),
    Case("a day that does not exist", "date.form", changed({"valid_from": "2026-02-30"})),
    Case("a subject that does not fit", "subject.mismatch", changed({}, subject="11100000MB0341032Y002:JY0")),
    Case("an identity number", "identity_number", changed({"remarks": f"持证人{builders.PERSONS_NUMBER}"})),
    Case("not public", "disclosure.not_public", changed({"disclosure": "internal"})),
    Case("an issuer that the roster lacks", "issuer.not_in_roster", changed({"issuer.uscc": builders.SUPPLIER})),
    Case("a time in the future", "time.future", lambda log: log.entry(log.fresh(), time=stamp(time.time() + FUTURE_S))),
)
FOLLOWING = (
    Case("a replayed id", "record.replayed", replayed),
    Case("time going back", "time.backwards", backwards),
    Case("a change that lifts a suspension", "state.mismatch", lifted),
    Case(
        "an objection to nothing",
        "state.no_previous",
        lambda log: log.entry(log.fresh(), type="jjj.licence.objected"),
    ),
    Case("a retraction of another leaf", "correction.target", correction("retracted", hashed=bytes(32))),
    Case("a retraction under another subject", "correction.subject", correction("retracted", about=-1)),
    Case("an erasure of nothing", "correction.target", correction("erased", index=10**6, hashed=bytes(32))),
)
CASES = (*SIGNED, *FORMED, *SAID, *FOLLOWING)
TRAVELLING = tuple(case for case in CASES if case.travels)
