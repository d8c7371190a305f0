"""WHICH cosignatures under a checkpoint count? By the roster's witness keys (DESIGN §4, §8).

Pure but for the rows that ``jurisdictions`` reads. A cosignature counts if its key is a witness key of another
jurisdiction than the owner's, good at the cosignature's own date, and the owner's line stands above it. Lines of keys
that the roster doesn't know prove nothing and cost nothing; a known key's line that fails refuses the whole note.

>>> found = read(note, statement, log, trust, now=1795400002)
>>> [each.name for each in found.good], found.refused
(['jjj.example/tongzhou/witness'], ())
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import Refused
from gateway.ledger import checkpoint, cosignatures
from gateway.ledger.cosignatures import Cosignature
from gateway.ledger.logbook import Log
from gateway.node.statements import Statement
from gateway.node.views import LogView
from gateway.trust import notes
from gateway.trust.members import RosterKey
from gateway.trust.notes import SignatureLine
from gateway.trust.trusted import TrustData

ROLE = "witness"
MOST_AHEAD_S = 30
MOST_OF_A_KEY = 2
"""Lines of one key under one checkpoint: its first and its last."""

Held = Callable[[SignatureLine], bool]
"""Whether a line's very payload is kept already for this log and size."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a note's lines by witnesses come to. ``refused``: a reason a line."""

    good: tuple[Cosignature, ...] = ()
    refused: tuple[str, ...] = ()


def read(
    note: bytes,
    statement: Statement,
    log: Log,
    trust: TrustData,
    *,
    now: float,
    by: str | None = None,
    held: Held = lambda _: False,
) -> Found:
    """Judge the cosignatures under a note, of which ``statement`` is what the owner signed. ``by``: the jurisdiction
    that alone may speak here, in whose topic it came; None: any. What is ``held`` is not judged again. Raises
    ``Refused`` ``signature.invalid``, ``note.lines`` for the whole note.
    """
    parsed = notes.parse(note, checkpoint.MAX_LINES, max_size=checkpoint.MAX_NOTE)
    others = [line for line in parsed.lines if line.name != statement.origin]
    known = [(line, key) for line in others if (key := trust.roster.known_keys.get((line.name, line.key_id)))]
    if max(Counter((line.name, line.key_id) for line, _ in known).values(), default=0) > MOST_OF_A_KEY:
        raise Refused("note.lines", f"over {MOST_OF_A_KEY} lines of one key under a checkpoint of {statement.origin}")
    if by is not None and not known:
        return Found(refused=("key.unknown",))
    good, refused = [], []
    for line, key in known:
        if held(line):
            continue
        fault = _role_fault(key, log, by)
        seconds = key.vkey.verify(parsed.text, line.payload) if fault is None else None
        if fault is None and seconds is not None:
            fault = _date_fault(key, log, statement.size, seconds, now)
        if fault is not None or seconds is None:
            refused.append(fault or "key.role")
        else:
            good.append(Cosignature(statement.size, line.name, line.key_id, seconds, line.payload))
    return Found(tuple(good), tuple(refused))


def _role_fault(key: RosterKey, log: Log, by: str | None) -> str | None:
    if key.role != ROLE:
        return "key.role"
    if key.jurisdiction == log.jurisdiction:
        return "witness.own_log"
    return "witness.topic" if by not in (None, key.jurisdiction) else None


def _date_fault(key: RosterKey, log: Log, size: int, seconds: int, now: float) -> str | None:
    if seconds - now > MOST_AHEAD_S:
        return "witness.ahead"
    return key.good_at(seconds, log.family, log.origin, max(size - 1, 0))


def jurisdictions(view: LogView, index: int, trust: TrustData) -> dict[str, str]:
    """Jurisdiction → name of the key by which it has cosigned any checkpoint that covers a leaf: others than the
    owner's, by keys that were good at the cosignature's date as the roster has it now.
    """
    found: dict[str, str] = {}
    for identity, given in cosignatures.covering(view.connection, view.log.number, index):
        key = trust.roster.known_keys.get(identity)
        if key is None or _role_fault(key, view.log, None) is not None:
            continue
        if any(_counts(key, view, one, trust) for one in given):
            found.setdefault(key.jurisdiction, identity[0])
    return dict(sorted(found.items()))


def _counts(key: RosterKey, view: LogView, given: Cosignature, trust: TrustData) -> bool:
    """Good at its date, and of a suite that counts then: under the policy ``gm`` Ed25519 is kept, and vouches not."""
    fault = key.good_at(given.date, view.log.family, view.origin, max(given.size - 1, 0))
    return fault is None and trust.roster.counts(key.vkey, given.date)
