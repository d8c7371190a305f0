"""The evidence that a node keeps of owners who contradicted themselves: files in ``data/evidence/``, for ever (law 8).

A file is written, and on the disk, before its log is frozen; so neither a crash nor the loss of the mirrors loses it.
Whoever hands a file on hands on a proof (``ledger.evidencefile``); here it is also held against a roster.

>>> exhibits = Exhibits(folder / "data" / "evidence", by="tongzhou")
>>> exhibits.keep(exhibits.of(origin, clash, trust, where="topic jjj.sanhe.licence", at=1795400000123))
'sanhe-licence-1f0a6c5e9b3d2a47'
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.errors import CannotRun, Refused
from gateway.ledger import checkpoint, evidencefile
from gateway.ledger.checkpoint import MAX_LINES, MAX_NOTE, SignedCheckpoint
from gateway.ledger.evidencefile import MOST_BYTES, Clash, Evidence, Proven, Seen
from gateway.node import statements
from gateway.node.statements import Statement
from gateway.trust import notes
from gateway.trust.members import LogEntry, RosterKey
from gateway.trust.trusted import TrustData

EVIDENCE = "evidence"
"""Folder below the node's data."""
ID = re.compile(r"[a-z][a-z0-9-]{0,63}-[a-z][a-z_]{0,31}(\.[1-9][0-9]{0,5})?-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Exhibits:
    """The files of one node. ``by``: its jurisdiction."""

    folder: Path
    by: str

    def of(self, origin: str, clash: Clash, trust: TrustData, *, where: str, at: int) -> Evidence:
        """The evidence of a contradiction between notes that were verified by this trust data. ``at``: ms."""
        signed = {
            (line.name, line.key_id)
            for note in (clash.first, clash.second)
            if note
            for line in notes.parse(note, MAX_LINES, max_size=MAX_NOTE).lines
        }
        keys = sorted(
            (key for identity, key in trust.roster.verifier_keys.items() if identity in signed and key.name == origin),
            key=lambda key: key.text(),
        )
        return Evidence(origin, clash, tuple(keys), trust.roster.version, Seen(at, self.by, where[:400]))

    def keep(self, evidence: Evidence, raw: bytes | None = None) -> str:
        """Write the file, or leave it as it is where it stands; answers its id when it is on the disk. ``raw``: as a
        partner sent it. Raises ``CannotRun`` ``ledger.io``.
        """
        file = self.folder / f"{evidence.id}.json"
        if file.exists():
            return evidence.id
        partial = file.with_suffix(".partial")
        try:
            self.folder.mkdir(exist_ok=True)
            with partial.open("wb") as opened:
                opened.write(evidence.encode() if raw is None else raw)
                opened.flush()
                os.fsync(opened.fileno())
            partial.rename(file)
            _sync(self.folder)
        except OSError as error:
            raise CannotRun("ledger.io", f"{file}: {error.strerror}") from error
        return evidence.id

    def raw(self, identifier: str) -> bytes | None:
        """The bytes of one file."""
        if ID.fullmatch(identifier) is None:
            return None
        return _read(self.folder / f"{identifier}.json")

    def all(self) -> list[tuple[str, Evidence]]:
        """(id, evidence) of every file that can be read, the newest first."""
        kept = [evidence for _, evidence in self.read() if isinstance(evidence, Evidence)]
        return [(evidence.id, evidence) for evidence in evidencefile.newest_first(kept)]

    def read(self) -> Iterator[tuple[Path, Evidence | Refused]]:
        """Every file with what it says, or why it can't be read, by name."""
        for file in sorted(self.folder.glob("*.json")) if self.folder.is_dir() else ():
            try:
                yield file, evidencefile.parse(_read(file) or b"")
            except Refused as refused:
                yield file, refused


def _read(file: Path) -> bytes | None:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError:
        return None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def judge(evidence: Evidence, trust: TrustData) -> Proven:
    """As ``evidencefile.judge``, and held against a roster: its keys and their windows, what it says of the log's end.
    That a key was revoked since, perhaps for this very reason, takes nothing away from what it signed.

    Raises ``Refused`` also: ``log.unknown``, ``key.unknown``, ``key.early``, ``key.expired``, ``key.family``,
    ``suite.gm_missing``, and ``evidence.no_contradiction`` where the roster has no such end.
    """
    proven = evidencefile.judge(evidence)
    known = trust.roster.log(evidence.origin)
    if known is None:
        raise Refused("log.unknown", f"roster: it has no log {evidence.origin}", field="origin")
    owner, entry = known
    keys = {**trust.roster.keys("log", owner.id), **trust.roster.keys("heartbeat", owner.id)}
    for step, signed in (("first", proven.first), ("second", proven.second)):
        if signed is not None and not _counts(signed, keys, trust):
            raise Refused("suite.gm_missing", f"roster, {step}: its policy counts no such signature", field=step)
        for line in signed.lines if signed is not None else ():
            key = keys.get((line.line.name, line.line.key_id))
            fault = "key.unknown" if key is None else _fault(key, signed, entry)
            if fault is not None:
                raise Refused(fault, f"roster, {step}: {line.line.name} was not good for it", field=step)
    if evidence.clash.ended is not None and evidence.clash.ended != entry.ended:
        raise Refused("evidence.no_contradiction", f"roster: it does not say that {entry.origin} ended so")
    return proven


def _counts(signed: SignedCheckpoint, keys: Mapping[notes.Identity, RosterKey], trust: TrustData) -> bool:
    """Whether the roster's policy lets a statement count, and the date that makes it a proof. Of one without a date
    nobody knows whether it was signed before the policy.
    """
    policy = trust.roster.policy
    if policy is None:
        return True
    if signed.date is None:
        return any(policy.counts(line.key, policy.since) for line in signed.lines)
    vkeys = {identity: key.vkey for identity, key in keys.items()}
    return checkpoint.read(signed.note, signed.checkpoint.origin, vkeys, policy=policy).date == signed.date


def _fault(key: RosterKey, signed: SignedCheckpoint | None, entry: LogEntry) -> str | None:
    """Why a key was not good for a statement, but for its being revoked since; one without a date is held against no
    window.
    """
    if signed is None or signed.date is None:
        return None
    index = max(signed.checkpoint.size - 1, 0)
    return replace(key, revoked=None).good_at(signed.date, entry.family, entry.origin, index)


def binding(evidence: Evidence, trust: TrustData) -> tuple[Statement, ...]:
    """The statements for which a log is frozen: the file proves its case, and its keys count for them, also today. None
    where it binds nobody.
    """
    try:
        judge(evidence, trust)
        owner, entry = trust.roster.log(evidence.origin) or (None, None)
        if owner is None or entry is None:
            return ()
        notes_ = [note for note in (evidence.clash.first, evidence.clash.second) if note]
        return tuple(statements.read(note, entry.origin, owner.id, entry.family, trust) for note in notes_)
    except Refused:
        return ()
