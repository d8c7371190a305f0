"""What a log's owner has signed about its size: read, and held against all that it signed before (law 8).

``read`` turns untrusted bytes into a statement by the log's own keys; ``contradiction`` names a fork, for which two
signed statements are the evidence. Arrival order, transports and leaves are no evidence and do not come in here.

>>> statement = read(note, "jjj.example/sanhe/licence", "sanhe", "licence", trust)
>>> statement.size, statement.date
(812, 1795400000)
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from gateway.errors import Refused
from gateway.ledger import checkpoint, logbook
from gateway.trust.trusted import TrustData

MOST_AHEAD = 64


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


def contradiction(connection: sqlite3.Connection, log: logbook.Log, statement: Statement) -> tuple[str, bytes] | None:
    """(reason, the note it can't stand beside), if the statement contradicts what this node has verified of the log.

    Two roots at one size, or a tree that another doesn't extend, are ``log.fork``; a later date on a smaller tree is
    ``log.rollback``.
    """
    if 0 < statement.size <= log.size and statement.root != logbook.root_at(connection, log.number, statement.size):
        cover = logbook.seal_covering(connection, log.number, statement.size - 1)
        return "log.fork", cover.note if cover is not None else b""
    larger = logbook.seal_covering(connection, log.number, statement.size)
    if larger is not None and statement.date > larger.date:
        return "log.rollback", larger.note
    smaller = logbook.seal_below(connection, log.number, statement.size)
    if smaller is not None and smaller.date > statement.date:
        return "log.rollback", smaller.note
    return None


@dataclass(slots=True)
class Heard:
    """What an owner has said of trees that are not verified yet, and its latest-dated word.

    Held against all that comes, so that it does not matter in which order contradicting statements arrive. In memory
    only, and bounded.
    """

    latest: Statement | None = None
    _ahead: dict[int, Statement] = field(default_factory=dict)

    def contradiction(self, statement: Statement) -> tuple[str, bytes] | None:
        """As the function of this name, against statements heard."""
        same = self._ahead.get(statement.size)
        if same is not None and same.root != statement.root:
            return "log.fork", same.note
        for other in (*self._ahead.values(), *([self.latest] if self.latest is not None else [])):
            if (other.size - statement.size) * (other.date - statement.date) < 0:
                return "log.rollback", other.note
        return None

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
