"""The one gate: untrusted bytes in, a verified record out (law 2).

Counter, index and auditor accept nothing that has not come through here. Pure: no clock, disk or network; what a log
already says comes in through ``History``, what is accepted comes in as ``TrustData``. Same bytes, same place, same
history, same trust data: same result on any machine in any year (law 9).

``read`` makes the checks that need only the bytes and the trust data, so that a batch may be read in threads;
``settle`` makes those that depend on what stands before in the log; ``admit`` is both. The publisher's door uses
``judge_line``, ``judge_authority`` and ``settle``: it refuses before signing exactly what a partner would refuse after.

>>> place = Place("jjj.example/sanhe/licence", "sanhe", "licence", index=7, logged=1795400000)
>>> record = admit(entry, place, trust, history)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import Finding, Refused
from gateway.instants import format_time, shanghai_day
from gateway.records import families
from gateway.records.record import Correction, Envelope, Licence, Record, judge_content, read_envelope
from gateway.trust import notes
from gateway.trust.members import RosterKey
from gateway.trust.notes import Verified
from gateway.trust.suites import VerifierKey
from gateway.trust.trusted import TrustData

MAX_ENTRY = 65_535
MAX_SIGNATURE_LINES = 16
MAX_AHEAD_MS = 5 * 60 * 1000
AUTHORITY = "/authority/"
"""In the name of an authority's key, and of no other."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a leaf stands: its log (our configured origin, never the bytes' own claim), index, and logged time in
    seconds.
    """

    origin: str
    jurisdiction: str
    family: str
    index: int
    logged: int


@dataclass(frozen=True, slots=True)
class Last:
    """The newest accepted record of a subject below a place: index, stated time in ms, type, state ("" for a
    correction).
    """

    index: int
    time: int
    type: str
    state: str


class History(Protocol):
    """What the same log says below a place. All answers are about leaves of smaller index only."""

    def first_index(self, record_id: str) -> int | None:
        """Smallest index of a leaf, accepted or quarantined, that bears this id."""

    def last(self, subject: str) -> Last | None:
        """The newest accepted record of the subject."""

    def leaf_hash(self, index: int) -> bytes | None:
        """Leaf hash at an index, if there is such a leaf."""

    def subject_at(self, index: int) -> str | None:
        """The subject that the leaf at an index names, accepted or only claimed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A record whose bytes, signatures, schema, codes and issuer hold; its place in the log is still to be settled.
    ``signers``: names of the node's record keys, then of the authority's, whose lines stand.
    """

    record: Record
    signers: tuple[str, ...]
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class VerifiedRecord:
    """What the gate lets out. Only ``settle`` makes one."""

    record: Record
    place: Place
    signers: tuple[str, ...]
    warnings: tuple[Finding, ...]

    @property
    def signed_by(self) -> str:
        """"authority" where the issuing authority's own line stands, else "node"."""
        return "authority" if any(AUTHORITY in name for name in self.signers) else "node"


def admit(entry: bytes, place: Place, trust: TrustData, history: History) -> VerifiedRecord:
    """Turn one log entry into a verified record, or raise ``Refused``. The checks, in order:

    1.  The entry is a signed note of at most 65,535 bytes and 16 signature lines, base64 canonical (DESIGN §3b, C2SP).
    2.  Every line of a key that the roster knows verifies; at least one is a record key of this log's jurisdiction,
        for this family, good at the logged time; no record key of another jurisdiction stands beside it. Where the
        roster's policy is in force at the logged time, one of those keys is of a suite that it counts (国密).
    3.  The line is in the compact form (DESIGN §3).
    4.  The envelope has exactly its members, a UUIDv7, an exact time, a known kind of type.
    5.  Source and family are those of the log: jurisdiction of source = signer = origin.
    6.  The schema is known; a newer minor of a known major is ``schema.newer`` and is read no further.
    7.  The data fit the schema; codes, dates, state and type agree; no identity number stands in clear.
    8.  The subject is the one rebuilt from the data.
    9.  The issuer is an authority that the roster gives this jurisdiction, for this type, on the logged day.
    10. The stated time is at most 5 minutes after the logged time.
    11. A line of an authority's key is of the record's own issuing authority, at this jurisdiction, for this family,
        good at the logged time, and if it stands for anything, of a suite that the policy counts, as in 2; where the
        catalogue wants one for the type on the logged day, one stands.
    12. The id stands for the first time in this log, quarantined leaves counting.
    13. The stated time is not before that of the subject's last accepted record.
    14. The state can follow the subject's last accepted state; an objection carries it.
    15. A correction names an earlier leaf by index and hash, under that leaf's subject.
    """
    return settle(read(entry, place, trust), place, history)


def read(entry: bytes, place: Place, trust: TrustData) -> Reading:
    """Checks 1 to 11 of ``admit``: those that need nothing but the bytes, the place and the trust data."""
    note = notes.parse(entry, MAX_SIGNATURE_LINES, max_size=MAX_ENTRY)  # 1
    lines = notes.verify(note, trust.roster.verifier_keys)  # 2
    signers = _signers(lines, place, trust)  # 2
    record, warnings = judge_line(note.text[:-1], place, trust)  # 3 to 10
    authorities = judge_authority(lines, record, place, trust)  # 11
    return Reading(record, signers + authorities, warnings)


def settle(reading: Reading, place: Place, history: History) -> VerifiedRecord:
    """Checks 12 to 15 of ``admit``: those that depend on the leaves below."""
    record = reading.record
    first = history.first_index(record.id)
    if first is not None:  # 12
        raise Refused("record.replayed", f"id {record.id} already stands at index {first}", field="id")
    last = history.last(record.subject)
    if last is not None and record.time < last.time:  # 13
        raise Refused(
            "time.backwards",
            f"time {format_time(record.time)} is before {format_time(last.time)} of the record at index {last.index}",
            field="time",
            rule="never before the subject's last accepted record",
        )
    if isinstance(record.content, Correction):
        _check_correction(record, record.content, history)  # 15
    else:
        previous = last.state if last is not None and last.state else None
        families.check_against_previous(record.type, record.content.state, previous)  # 14
    return VerifiedRecord(record, place, reading.signers, reading.warnings)


def judge_line(line: bytes, place: Place, trust: TrustData) -> tuple[Record, tuple[Finding, ...]]:
    """Checks 3 to 10 of ``admit``, on the record line without its signatures; returns the record and its warnings."""
    envelope = read_envelope(line)  # 3, 4
    _check_binding(envelope, place)  # 5
    _check_schema_known(envelope, trust)  # 6
    record, warnings = judge_content(envelope, trust.schemas, trust.catalogue.number_checks)  # 7, 8
    _check_issuer(record, place, trust)  # 9
    if record.time > place.logged * 1000 + MAX_AHEAD_MS:  # 10
        raise Refused(
            "time.future",
            f"time {format_time(record.time)} is over 5 minutes after the logged time"
            f" {format_time(place.logged * 1000)}",
            field="time",
            rule="at most 5 minutes after logged",
        )
    return record, warnings


def judge_authority(lines: Sequence[Verified], record: Record, place: Place, trust: TrustData) -> tuple[str, ...]:
    """Check 11 of ``admit``, on the verified lines under a record; returns the names of the authority keys that are
    good. Raises ``Refused``: ``authority.mismatch``, ``authority.unsigned``, ``key.*``, ``suite.gm_missing``.
    """
    wanted = f"{trust.roster.network}/{place.jurisdiction}{AUTHORITY}{record.content.authority_uscc}"
    judged: list[tuple[RosterKey, str | None]] = []
    for line in lines:
        key = trust.roster.known_keys[line.line.name, line.line.key_id]
        if key.role == "authority":
            if line.line.name != wanted:
                raise Refused("authority.mismatch", f"{line.line.name} signed a record of {wanted}")
            judged.append((key, key.good_at(place.logged, place.family, place.origin, place.index)))
    good = [key for key, fault in judged if fault is None]
    if good:
        _check_policy("authority", good, place, trust)
        return tuple(key.vkey.name for key in good)
    for _, fault in judged:
        if fault is not None:
            raise Refused(fault, f"the key of {wanted} was not good for index {place.index} of {place.origin}")
    if _needs_authority(record, place, trust):
        raise Refused(
            "authority.unsigned",
            f"from this day on a record of {record.subject.partition(':')[0]} needs a signature by {wanted}",
            rule="authority_signed of the catalogue",
        )
    return ()


def _needs_authority(record: Record, place: Place, trust: TrustData) -> bool:
    """Whether the catalogue wants the issuer's own line: corrections and objections of a type like all its records."""
    type_code, day = record.subject.partition(":")[0], shanghai_day(place.logged)
    return place.family == "licence" and trust.catalogue.authority_signed(place.jurisdiction, type_code, day)


def check_own_signers(role: str, keys: Sequence[VerifierKey], place: Place, trust: TrustData) -> None:
    """Checks 2 and 11 of ``admit`` for one's own keys, before they sign: raises what their signatures would be refused
    for. A revoked key signs nothing, also where a partner could not tell that it was used after all.
    """
    own = trust.roster.keys(role, place.jurisdiction)
    good = []
    for vkey in keys:
        key = own.get((vkey.name, vkey.key_id))
        fault = "key.unknown" if key is None else key.good_at(place.logged, place.family, place.origin, place.index)
        if fault is None and key is not None and key.revoked is not None:
            fault = "key.revoked"
        if key is None or fault is not None:
            named = f"{vkey.name}+{vkey.key_id.hex()}"
            raise Refused(fault or "", f"this node's own {role} key {named} is not good for {place.origin} now")
        good.append(key)
    _check_policy(role, good, place, trust)


def _signers(lines: Sequence[Verified], place: Place, trust: TrustData) -> tuple[str, ...]:
    own = trust.roster.keys("record", place.jurisdiction)
    good: list[RosterKey] = []
    refused: str | None = None
    for verified in lines:
        identity = (verified.line.name, verified.line.key_id)
        key = own.get(identity)
        if key is not None:
            fault = key.good_at(place.logged, place.family, place.origin, place.index)
            refused = refused or fault
            if fault is None:
                good.append(key)
        elif trust.roster.known_keys[identity].role == "record":
            raise Refused(
                "signer.mismatch", f"{verified.line.name} signed, and does not speak for {place.jurisdiction}"
            )
    if good:
        _check_policy("record", good, place, trust)
        return tuple(key.vkey.name for key in good)
    if refused is not None:
        raise Refused(
            refused, f"the record key of {place.jurisdiction} was not good for index {place.index} of {place.origin}"
        )
    raise Refused("key.unknown", f"no signature line is by a record key of {place.jurisdiction}")


def _check_policy(role: str, good: Sequence[RosterKey], place: Place, trust: TrustData) -> None:
    """The last of checks 2 and 11: under the policy ``gm`` an Ed25519 line alone is none."""
    if not any(trust.roster.counts(key.vkey, place.logged) for key in good):
        an, whose = ("an", "发证机关") if role == "authority" else ("a", "记录")
        raise Refused(
            "suite.gm_missing",
            f"no SM2 signature by {an} {role} key of {place.jurisdiction}, which the policy requires by then",
            rule="an SM2 signature line of the source",
            zh=f"缺少 {place.jurisdiction} {whose}密钥的 SM2 签名：名册的国密策略此时已生效",
        )


def _check_binding(envelope: Envelope, place: Place) -> None:
    if envelope.jurisdiction != place.jurisdiction:
        raise Refused("source.mismatch", f"source {envelope.source} in the log {place.origin}", field="source")
    if envelope.family != place.family:
        raise Refused("family.mismatch", f"type {envelope.type} in the log {place.origin}", field="type")


def _check_schema_known(envelope: Envelope, trust: TrustData) -> None:
    if trust.schemas.knows(envelope.schema):
        return
    reason = "schema.newer" if trust.schemas.newer(envelope.schema) else "schema.unknown"
    raise Refused(reason, f"schema {envelope.schema} is not known here", field="dataschema", value=envelope.schema)


def _check_issuer(record: Record, place: Place, trust: TrustData) -> None:
    content = record.content
    type_code = content.type_code if isinstance(content, Licence) else None
    if trust.roster.authority(place.jurisdiction, content.authority_uscc, type_code, place.logged) is not None:
        return
    raise Refused(
        "issuer.not_in_roster",
        f"{content.authority_name} ({content.authority_uscc}) is no authority of {place.jurisdiction}"
        f" for {type_code or record.family} on the logged day",
        field="data.issuer.uscc" if isinstance(content, Licence) else "data.authority.uscc",
        value=content.authority_uscc,
        rule="an authority that the roster gives the jurisdiction for the type",
    )


def _check_correction(record: Record, content: Correction, history: History) -> None:
    if history.leaf_hash(content.index) != content.leaf_hash:
        raise Refused(
            "correction.target",
            f"no earlier leaf with that hash stands at index {content.index}",
            field="data.leaf_hash",
            rule="index and leaf hash of an earlier leaf of the same log",
        )
    if history.subject_at(content.index) != record.subject:
        raise Refused(
            "correction.subject", f"the leaf at index {content.index} is about another subject", field="subject"
        )
