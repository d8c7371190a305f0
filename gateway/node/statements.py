"""What a log's owner has signed about its size: read, and held against all that it signed before (law 8).

``read`` turns untrusted bytes into a statement by the log's own keys; ``contradiction`` names a fork, for which two
signed statements are the evidence (``ledger.evidencefile``). Arrival order, transports and leaves are no evidence and
do not come in here.

>>> statement = read(note, "jjj.example/sanhe/licence", "sanhe", "licence", trust)
>>> statement.size, statement.date
(812, 1795400000)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.errors import Refused
from gateway.ledger import checkpoint, logbook, merkle
from gateway.ledger.evidencefile import ENDED, FORK, ROLLBACK, Clash
from gateway.trust.members import Ended
from gateway.trust.trusted import TrustData

MOST_AHEAD = 64
MOST_LATELY = 128
"""Notes of one log that are known again: as many as come while witnesses answer, or wait in a topic after a start."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A checkpoint with the owner's log signature and newest dated cosignature (seconds). ``note``: as its owner signed
    it, without the cosignatures of others. ``disowned``: in one of its roles by none but keys revoked since, within
    what the revocation leaves standing: still its word, but no longer proof against it.
    """

    origin: str
    size: int
    root: bytes
    date: int
    note: bytes
    disowned: bool = False


def read(note: bytes, origin: str, jurisdiction: str, family: str, trust: TrustData) -> Statement:
    """Judge a checkpoint note for OUR configured origin; raises ``Refused``."""
    note = checkpoint.owned(note)
    keys = {**trust.roster.keys("log", jurisdiction), **trust.roster.keys("heartbeat", jurisdiction)}
    vkeys = {identity: key.vkey for identity, key in keys.items()}
    signed = checkpoint.read(note, origin, vkeys, require_date=True, policy=trust.roster.policy)
    found = signed.checkpoint
    if found.size > logbook.INDEX_MASK:
        raise Refused("checkpoint.form", f"no node holds {found.size} leaves")
    date = signed.date or 0
    signers = [keys[line.line.name, line.line.key_id] for line in signed.lines]
    for key in signers:
        fault = key.good_at(date, family, origin, max(found.size - 1, 0))
        if fault is not None:
            raise Refused(fault, f"a key of {origin} was not good for its statement of size {found.size}")
    standing = {key.role for key in signers if key.revoked is None}
    disowned = any(key.role not in standing for key in signers)
    return Statement(origin, found.size, found.root, date, note, disowned)


def contradiction(connection: sqlite3.Connection, log: logbook.Log, statement: Statement) -> Clash | None:
    """What can't both be true, if the statement contradicts what this node has verified of the log.

    Two roots at one size, or a tree that another doesn't extend, are ``log.fork``; a later date on a smaller tree is
    ``log.rollback``.
    """
    if 0 < statement.size <= log.size and statement.root != logbook.root_at(connection, log.number, statement.size):
        cover = logbook.seal_covering(connection, log.number, statement.size - 1)
        if cover is None or cover.size == statement.size:
            return Clash(FORK, cover.note if cover is not None else b"", statement.note)
        return Clash(FORK, statement.note, cover.note, *_proof(connection, log, statement.size, cover.size))
    larger = logbook.seal_covering(connection, log.number, statement.size)
    if larger is not None and statement.date > larger.date:
        return Clash(ROLLBACK, statement.note, larger.note)
    smaller = logbook.seal_below(connection, log.number, statement.size)
    if smaller is not None and smaller.date > statement.date:
        return Clash(ROLLBACK, smaller.note, statement.note)
    return None


def is_outlived(statement: Statement, latest: Statement | None) -> bool:
    """Whether a statement under a revoked key is of a tree for which, beyond it, a key that nobody has revoked vouches:
    then what else was said of it is the thief's word, and none of the owner's. ``latest``: the owner's latest word. Its
    tree need not be held yet: until it is, verdicts wait for it; should it not extend what is held, that is a fork.
    """
    if not statement.disowned or latest is None or latest.disowned:
        return False
    return statement.size <= latest.size


def is_a_thiefs(
    connection: sqlite3.Connection, log: logbook.Log, latest: Statement | None, said: Sequence[Statement]
) -> bool:
    """Whether statements that contradict each other say nothing against the owner: those that are not ``is_outlived``
    contradict nothing that is held.
    """
    rest = [each for each in said if not is_outlived(each, latest)]
    return len(rest) < len(said) and all(contradiction(connection, log, each) is None for each in rest)


def against_end(connection: sqlite3.Connection, log: logbook.Log, ended: Ended) -> Clash | None:
    """What the owner has signed, if it is another tree than the one that the roster says the log ended with."""
    if not 0 < ended.size <= log.size or logbook.root_at(connection, log.number, ended.size) == ended.root:
        return None
    cover = logbook.seal_covering(connection, log.number, ended.size - 1)
    if cover is None:
        return None
    return Clash(ENDED, cover.note, b"", *_proof(connection, log, ended.size, cover.size), ended=ended)


def _proof(connection: sqlite3.Connection, log: logbook.Log, old: int, new: int) -> tuple[bytes, tuple[bytes, ...]]:
    """Root of the first ``old`` leaves, and the proof that binds it to the tree of ``new``."""
    proof = merkle.consistency_proof(old, new, lambda level, at: logbook.node(connection, log.number, level, at))
    return logbook.root_at(connection, log.number, old), tuple(proof)


@dataclass(slots=True)
class Judge:
    """Reads an owner's notes; witnesses cosign the very same note, which is judged once."""

    _lately: dict[bytes, Statement] = field(default_factory=dict)
    _by_trust: TrustData | None = None

    def read(self, note: bytes, log: logbook.Log, trust: TrustData) -> Statement:
        """As the function of this name, of one log."""
        if trust is not self._by_trust:
            self._lately, self._by_trust = {}, trust
        owned = checkpoint.owned(note)
        found = self._lately.get(owned)
        if found is None:
            found = self._lately[owned] = read(owned, log.origin, log.jurisdiction, log.family, trust)
            if len(self._lately) > MOST_LATELY:
                del self._lately[next(iter(self._lately))]  # the one judged first
        return found


@dataclass(slots=True)
class Heard:
    """What an owner has said of trees that are not verified yet, and its latest-dated word.

    Held against all that comes, so that it does not matter in which order contradicting statements arrive. In memory
    only, and bounded.
    """

    latest: Statement | None = None
    _ahead: dict[int, Statement] = field(default_factory=dict)

    def contradiction(self, statement: Statement) -> Clash | None:
        """As the function of this name, against statements heard."""
        same = self._ahead.get(statement.size)
        if same is not None and same.root != statement.root:
            return Clash(FORK, same.note, statement.note)
        for other in (*self._ahead.values(), *([self.latest] if self.latest is not None else [])):
            if (other.size - statement.size) * (other.date - statement.date) < 0:
                smaller, larger = sorted((other, statement), key=lambda one: one.size)
                return Clash(ROLLBACK, smaller.note, larger.note)
        return None

    def outlive(self, statement: Statement) -> None:
        """Forget what a revoked key has said of trees up to one for which a good key vouches now."""
        if self.latest is not None and is_outlived(self.latest, statement):
            self.latest = None
        self._ahead = {size: each for size, each in self._ahead.items() if not is_outlived(each, statement)}

    def keep(self, statement: Statement, held: int) -> None:
        """Remember a statement; ``held``: the size that is verified."""
        if self.latest is None or statement.date >= self.latest.date:
            self.latest = statement
        if statement.size <= held:
            return
        self._ahead.setdefault(statement.size, statement)
        if len(self._ahead) > MOST_AHEAD:
            del self._ahead[max(self._ahead)]

    def due(self, held: int) -> list[Statement]:
        """The statements that can be held against a verified tree now; they are forgotten here."""
        return [self._ahead.pop(size) for size in sorted(self._ahead) if size <= held]
