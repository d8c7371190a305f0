"""One batch of drafts between the publisher's queue and the ledger: its doors, its seals, its rows (law 4).

>>> receipts = [take(doors, draft) for draft in drafts]
>>> await ledger.write(lambda connection: write(connection, works))
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.errors import Refused
from gateway.ledger import logbook
from gateway.node import index
from gateway.node.door import Door, Draft, Receipt, Taken, refusal
from gateway.node.ownstate import OwnState
from gateway.node.sealer import OwnLog, Published, Sealed
from gateway.records import families


@dataclass(slots=True)
class Work:
    """A batch for one own log on its way: what the door let in, the seal over it, and who gets which receipt."""

    own: OwnLog
    taken: Taken = field(default_factory=Taken)
    sealed: Sealed | None = None


def family_of(draft: Draft) -> str | None:
    """The family of a draft's type; None for a type that none has."""
    try:
        return families.family_of_type(draft.type)
    except Refused:
        return None


def take(doors: Mapping[str, Door], draft: Draft) -> Receipt:
    """The receipt of one draft, by the door of its family."""
    try:
        family = families.family_of_type(draft.type)
    except Refused as refused:
        return refusal(draft.id or "", refused)
    door = doors.get(family)
    if door is None:
        return refusal(draft.id or "", Refused("family.no_log", f"this node keeps no log of {family}", field="type"))
    return door.take(draft)


def write(connection: sqlite3.Connection, works: list[Work]) -> None:
    """Entries, seals and index of all logs of a batch; the caller's transaction makes them one."""
    for work in works:
        if work.sealed is None:
            continue
        number, seal = work.own.log.number, work.sealed.seal
        logbook.append(connection, number, work.own.size, work.taken.entries, work.taken.hashes)
        logbook.add_seal(connection, number, seal)
        for verified in work.taken.verified:
            index.accept(connection, work.own.log, verified, seal.known)


def write_beats(connection: sqlite3.Connection, beats: list[tuple[OwnState, Published]]) -> None:
    """The newest heartbeats of own logs."""
    for state, beat in beats:
        logbook.set_heartbeat(connection, state.own.log.number, beat.size, beat.date, beat.note)
