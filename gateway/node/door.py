"""The publisher's door: which drafts become entries of the own log, and what answer each one gets (DESIGN §9, POST
/v1/records).

A draft is judged by the same gate that partners use, before it is signed: what a partner would refuse is never
logged. Duplicates are told apart here. What its authority has signed comes in as the signed line itself: it must be the
very line that the door would have written, gets the node's signature beside it, and is written anew nowhere (law 1).
Nothing is kept; the door's whole result goes into one transaction of the publisher.

>>> door = Door(connection, trust, own_log, signers, now=..., date=...)
>>> door.take(Draft("jjj.licence.issued", data))
Receipt(id='...', status='logged', log='jjj.example/sanhe/licence', index=7, size=8)
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.errors import Finding, Refused
from gateway.instants import format_time, parse_time
from gateway.ledger import logbook
from gateway.ledger.logbook import Log
from gateway.ledger.merkle import leaf_hash
from gateway.node import subjects
from gateway.node.ahead import Ahead
from gateway.records import compact, families
from gateway.records.record import Envelope, Record, check_data, read_envelope
from gateway.records.uuid7 import NOISE_BYTES, uuid7
from gateway.trust import gate, notes
from gateway.trust.gate import Last, Place, Reading, VerifiedRecord
from gateway.trust.notes import Note, Verified
from gateway.trust.suites import Signer
from gateway.trust.trusted import TrustData

MEMBERS = {"type", "data", "id", "time"}
MOST_SIGNED = gate.MAX_SIGNATURE_LINES - 2
"""Lines that may be handed in: the node's own follow, one a suite."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a department hands in: type and data, optionally id and time; the node makes the rest. ``signed``: the whole
    line, where it was handed in with its authority's signature.
    """

    type: str
    data: Mapping[str, Any]
    id: str | None = None
    time: str | None = None
    signed: Note | None = None

    @classmethod
    def parse(cls, value: object) -> Draft:
        """From parsed JSON: type and data, or a signed note alone. Raises ``Refused`` ``draft.form`` naming the member;
        what a note is refused for (``note.*``, ``form.*``, ``envelope.*``).
        """
        if not isinstance(value, dict):
            raise Refused("draft.form", "a record to publish is a JSON object with type and data")
        if "signed" in value:
            return cls._of_note(value)
        for name in sorted(value.keys() - MEMBERS):
            raise Refused("draft.form", f"member {name!r} is not known", field=str(name), rule="type, data, id, time")
        kinds = {"type": str, "data": dict, "id": str, "time": str}
        for name, kind in kinds.items():
            if name in value and not isinstance(value[name], kind):
                raise Refused("draft.form", f"member {name} has the wrong type", field=name, rule=kind.__name__)
        if "type" not in value or "data" not in value:
            missing = "type" if "type" not in value else "data"
            raise Refused("draft.form", f"member {missing} is missing", field=missing, rule="required")
        return cls(**value)

    @classmethod
    def _of_note(cls, value: Mapping[str, object]) -> Draft:
        text = value["signed"]
        if len(value) != 1 or not isinstance(text, str):
            raise Refused("draft.form", "a signed record is one text, alone", field="signed", rule="str, alone")
        note = notes.parse(text.encode(errors="replace"), MOST_SIGNED, max_size=gate.MAX_ENTRY)
        said = read_envelope(note.text[:-1])
        return cls(said.type, said.data, said.id, format_time(said.time), note)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to one draft. ``size``: of the sealed checkpoint that covers the record."""

    id: str
    status: str
    log: str = ""
    index: int | None = None
    size: int | None = None
    reason: str = ""
    field: str = ""
    message: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class Taken:
    """Entries that the door let in, in order, with what the index needs of them."""

    entries: list[bytes] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    verified: list[VerifiedRecord] = field(default_factory=list)


class Door:
    """One batch for one own log. ``now``: ms; ``date``: the seal's date in s, which is the records' logged time."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        trust: TrustData,
        log: Log,
        size: int,
        signers: Sequence[Signer],
        authorities: Mapping[str, Sequence[Signer]],
        *,
        now: int,
        date: int,
    ) -> None:
        self.taken = Taken()
        self._connection = connection
        self._trust = trust
        self._log = log
        self._size = size
        self._signers = signers
        self._authorities = authorities
        self._now = now
        self._date = date
        self._history = Ahead(connection, log, size)

    def take(self, draft: Draft) -> Receipt:
        """Judge one draft; a refusal is an answer, never an exception."""
        record_id = draft.id or self._new_id()
        try:
            return self._take(draft, record_id)
        except Refused as refused:
            return refusal(record_id, refused)

    def _new_id(self) -> str:
        made = uuid7(self._now, secrets.token_bytes(NOISE_BYTES))
        self._history.is_new(made)
        return made

    def _take(self, draft: Draft, record_id: str) -> Receipt:
        if draft.id is not None and draft.id.isascii():  # no other is an id, nor is every other text for a database
            first = self._history.first_index(draft.id)
            if first is not None:
                return self._same_id(draft, draft.id, first)
        place = Place(
            self._log.origin, self._log.jurisdiction, self._log.family, self._size + len(self.taken.entries), self._date
        )
        line, record, warnings = self._judge(draft, record_id, place)
        last = self._history.last(record.subject)
        if last is not None and self._is_present(draft, record, last):
            return self._receipt("duplicate", self._entry_record(last.index).id, last.index)
        if draft.time is None and last is not None and last.time > record.time:
            line, record, warnings = self._judge(draft, record_id, place, time=last.time)
        gate.check_own_signers("record", [signer.key for signer in self._signers], place, self._trust)
        signed = self._signed_by_authority(draft, line, record, place)
        lines = () if signed is None else self._verified(signed)
        own = tuple(signer.name for signer in self._signers)
        signers = own + gate.judge_authority(lines, record, place, self._trust)
        verified = gate.settle(Reading(record, signers, warnings), place, self._history)
        self._let_in(line, signed, verified, place)
        return self._receipt("logged", record.id, place.index)

    def _signed_by_authority(self, draft: Draft, line: bytes, record: Record, place: Place) -> Note | None:
        """The line with its authority's signature, as handed in or made here; None where nobody signs for it."""
        if draft.signed is not None:
            if draft.signed.text != line + b"\n":
                raise Refused(
                    "signed.line",
                    f"the line that was signed is not the one that stands for its data: {line[:200].decode()}",
                    field="signed",
                    rule="the node's own line, byte for byte",
                )
            return draft.signed
        signers = self._authorities.get(record.content.authority_uscc)
        if signers is None:
            return None
        gate.check_own_signers("authority", [signer.key for signer in signers], place, self._trust)
        return notes.parse(notes.sign(line + b"\n", *signers), MOST_SIGNED)

    def _verified(self, signed: Note) -> tuple[Verified, ...]:
        """Its lines: all of known authority keys, else they would be passed over in silence."""
        found = notes.verify(signed, self._trust.roster.verifier_keys)
        authorities = self._trust.roster.keys("authority", self._log.jurisdiction)
        for each in signed.lines:
            if (each.name, each.key_id) not in authorities:
                raise Refused(
                    "key.unknown",
                    f"{each.name}+{each.key_id.hex()} is no authority's key of {self._log.jurisdiction}",
                    field="signed",
                )
        return found

    def _judge(
        self, draft: Draft, record_id: str, place: Place, time: int | None = None
    ) -> tuple[bytes, Record, tuple[Finding, ...]]:
        stated = parse_time(draft.time) if draft.time is not None else time or self._now
        envelope = {
            "specversion": "1.0",
            "id": record_id,
            "source": f"urn:jjj:{self._log.jurisdiction}",
            "type": draft.type,
            "subject": self._subject(draft),
            "time": format_time(stated),
            "datacontenttype": "application/json",
            "dataschema": f"urn:jjj:schema:{self._schema(draft)}",
            "data": draft.data,
        }
        line = _line(envelope)
        record, warnings = gate.judge_line(line, place, self._trust)
        return line, record, warnings

    def _subject(self, draft: Draft) -> str:
        """The subject that the data make; for a correction, that of the leaf it names."""
        if not families.is_correction(draft.type):
            return self._subject_of_data(draft)
        leaf = draft.data.get("index")
        subject = self._history.subject_at(leaf) if isinstance(leaf, int) else None
        if subject is None:
            raise Refused("correction.target", "no leaf with a readable subject stands there", field="data.index")
        return subject

    def _subject_of_data(self, draft: Draft) -> str:
        try:
            return families.subject_of_data(self._log.family, draft.data)
        except Refused:
            check_data(draft.type, self._schema(draft), draft.data, self._trust.schemas)  # names every fault, if any
            raise

    def _schema(self, draft: Draft) -> str:
        """The oldest minor that the data fit, so that partners who lack a newer one can read what does not need it."""
        minors = self._trust.schemas.minors(self._log.family)
        if len(minors) == 1:
            return minors[0]
        return next((name for name in minors if self._trust.schemas.fits(name, draft.data)), minors[-1])

    def _let_in(self, line: bytes, signed: Note | None, verified: VerifiedRecord, place: Place) -> None:
        before = b"".join(each.raw for each in signed.lines) if signed is not None else b""
        entry = line + b"\n\n" + before + notes.lines(line + b"\n", *self._signers)
        hashed = leaf_hash(entry)
        self.taken.entries.append(entry)
        self.taken.hashes.append(hashed)
        self.taken.verified.append(verified)
        self._history.add(verified.record, place, hashed)

    def _same_id(self, draft: Draft, record_id: str, first: int) -> Receipt:
        record = self._entry_record(first)
        if record.type != draft.type or not _same(record.data, draft.data):
            raise Refused("id.conflict", f"id {record_id} stands at index {first} with other content", field="id")
        self._check_stands(first)
        last = self._history.last(record.subject)
        if last is not None and last.index > first:
            raise Refused(
                "record.superseded", f"a later record of the subject stands at index {last.index}", field="id"
            )
        return self._receipt("duplicate", record.id, first)

    def _check_stands(self, leaf: int) -> None:
        """Raises what the record is refused for by now: a key revoked since it was logged."""
        refused = subjects.quarantined_at(self._connection, self._log, leaf)
        if refused is not None:
            raise Refused(
                refused.reason,
                f"it stands at index {leaf} and does not count any more: publish it under a new id (--restate)",
                field="id",
                zh=f"该记录在序号 {leaf} 处，已不作数：请改用新的编号重新提交（publish --restate）。",
            )

    def _is_present(self, draft: Draft, record: Record, last: Last) -> bool:
        """Whether the draft says nothing that the subject's newest record doesn't: no signature more either."""
        if last.type != record.type or subjects.quarantined_above(
            self._connection, self._log, record.subject, last.index
        ):
            return False
        if draft.signed is not None and gate.AUTHORITY.encode() not in self._entry(last.index).rpartition(b"\n\n")[2]:
            return False
        return _same(self._entry_record(last.index).data, record.data)

    def _entry_record(self, leaf: int) -> Envelope:
        return read_envelope(self._entry(leaf).rpartition(b"\n\n")[0])

    def _entry(self, leaf: int) -> bytes:
        ahead = leaf - self._size
        entry = self.taken.entries[ahead] if ahead >= 0 else logbook.entry(self._connection, self._log.number, leaf)
        if entry is None:
            raise Refused("record.missing", f"the own log has no leaf {leaf}")
        return entry

    def _receipt(self, status: str, record_id: str, leaf: int) -> Receipt:
        ahead = leaf >= self._size
        seal = None if ahead else logbook.seal_covering(self._connection, self._log.number, leaf)
        return Receipt(record_id, status, self._log.origin, leaf, seal.size if seal is not None else None)


def refusal(record_id: str, refused: Refused) -> Receipt:
    """The answer to a draft that was refused; its message says what and, where it can, in both languages."""
    message = f"{refused.zh} {refused.message}".strip() if refused.zh else refused.message
    return Receipt(
        record_id,
        "refused",
        reason=refused.reason,
        field=refused.field,
        message=message[:500],
        findings=refused.findings,
    )


def _line(envelope: Mapping[str, Any]) -> bytes:
    """The record line; the gate judges its form. What orjson can't write is named by the exact encoder."""
    try:
        return orjson.dumps(envelope)
    except TypeError:
        return compact.encode(envelope)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(other, option=orjson.OPT_SORT_KEYS)
