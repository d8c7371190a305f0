"""WHAT have witnesses said of the logs that this node holds? Cosignatures heard on topics and over HTTP, judged, kept
(DESIGN §4).

They come under checkpoints: in the owner's topic, in each witness's own, in a log's ``checkpoint`` and ``history/``.
``cosigned`` judges them; what counts waits here until the tree of that size is held, and is written with all that came
meanwhile: at once where a witness is new to a size, else every few seconds, so that an idle network costs next to
nothing. Whatever does not count costs a line in the metrics.

>>> cosigners.take(mirrors, log, statement, note, by="tongzhou")
>>> await cosigners.keep()
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from gateway.errors import Refused
from gateway.ledger import checkpoint, cosignatures, logbook
from gateway.ledger.cosignatures import Cosignature
from gateway.ledger.database import Database, faults_named
from gateway.ledger.logbook import Log
from gateway.node import cosigned
from gateway.node.measures import Measures
from gateway.node.statements import Statement
from gateway.node.trustfolder import TrustFolder
from gateway.trust import notes
from gateway.trust.notes import Identity, SignatureLine

KEEP_S = 10.0
"""Seconds for which the later date of a cosignature known already may wait."""
MOST_WAITING = 1_024
"""Cosignatures of one log that wait for their tree, or to be written."""

_Place = tuple[int, bytes, Identity]
"""Size, root, key."""
_Entry = tuple[_Place, tuple[Cosignature, Cosignature]]


@dataclass(slots=True)
class _Waiting:
    """What was heard of one log and is not written yet, by size, root and key: first and last."""

    database: Database
    found: dict[_Place, tuple[Cosignature, Cosignature]] = field(default_factory=dict)
    new: bool = False


class Cosigners:
    """Takes and keeps cosignatures. The event loop's; ``wake`` is called when something is to be kept soon."""

    def __init__(
        self, trust: TrustFolder, measures: Measures, wake: Callable[[], None], clock: Callable[[], float] = time.time
    ) -> None:
        self._trust = trust
        self.measures = measures
        self._wake = wake
        self._clock = clock
        self._logs: dict[str, _Waiting] = {}
        self._kept_at = time.monotonic()

    def take(
        self, database: Database, held: Log, statement: Statement, note: bytes, *, by: str | None = None
    ) -> tuple[Cosignature, ...]:
        """Judge the cosignatures under a note and put by those that count; answers these. ``held``: the log as it is
        held now; ``statement``: what its owner signed; ``by``: as ``cosigned.read`` has it.
        """
        waiting = self._logs.setdefault(held.origin, _Waiting(database))
        known = self._known(waiting, held, statement)
        try:
            found = cosigned.read(
                note, statement, held, self._trust.current, now=self._clock(), by=by, held=partial(_is_held, known)
            )
        except Refused as refused:
            self._refuse(held.origin, [refused.reason])
            return ()
        self._refuse(held.origin, found.refused)
        self._put_by(waiting, held, statement, known, found.good)
        return found.good

    def _known(self, waiting: _Waiting, held: Log, statement: Statement) -> dict[Identity, set[bytes]]:
        """Payloads of this tree's cosignatures that are kept or wait to be, by key."""
        known: dict[Identity, set[bytes]] = {}
        with faults_named(waiting.database.path):
            kept = cosignatures.at(waiting.database.read, held.number, statement.size)
        for each in kept if statement.size <= held.size else ():
            known.setdefault(each.by, set()).add(each.payload)
        for (size, root, identity), pair in waiting.found.items():
            if (size, root) == (statement.size, statement.root):
                known.setdefault(identity, set()).update(each.payload for each in pair)
        return known

    def _refuse(self, origin: str, reasons: Iterable[str]) -> None:
        for reason in reasons:
            self.measures.cosignatures_refused.labels(origin, reason).inc()

    def _put_by(
        self,
        waiting: _Waiting,
        held: Log,
        statement: Statement,
        known: dict[Identity, set[bytes]],
        good: Sequence[Cosignature],
    ) -> None:
        for each in good:
            place = statement.size, statement.root, each.by
            if place not in waiting.found and len(waiting.found) >= MOST_WAITING:
                self._refuse(held.origin, ["witness.room"])
                continue
            self.measures.cosignatures_heard.labels(held.origin, each.name).inc()
            first, last = waiting.found.get(place, (each, each))
            waiting.found[place] = (
                each if each.date < first.date else first,
                each if each.date > last.date else last,
            )
            waiting.new |= each.by not in known
        if waiting.new and statement.size <= held.size:
            self._wake()

    def moved(self, origin: str) -> None:
        """A log's tree has grown: what waits for it may be due."""
        waiting = self._logs.get(origin)
        if waiting is not None and waiting.found:
            waiting.new = True
            self._wake()

    async def keep(self, *, all_of_it: bool = False) -> None:
        """Write what is due: where a witness is new to a size, and every few seconds, or now, all the rest."""
        tick = time.monotonic()
        later = all_of_it or tick - self._kept_at >= KEEP_S
        if later:
            self._kept_at = tick
        due: dict[int, tuple[Database, list[tuple[str, _Waiting]]]] = {}
        for origin, waiting in self._logs.items():
            if waiting.found and (waiting.new or later):
                database = waiting.database
                due.setdefault(id(database), (database, []))[1].append((origin, waiting))
        for database, works in due.values():
            await self._write(database, works)

    async def _write(self, database: Database, works: list[tuple[str, _Waiting]]) -> None:
        taken = {origin: (waiting, dict(waiting.found)) for origin, waiting in works}
        for waiting, _ in taken.values():
            waiting.new = False
        done = await database.write(
            lambda c: {origin: _write_log(c, origin, found.items()) for origin, (_, found) in taken.items()}
        )
        for origin, (waiting, found) in taken.items():
            settled, misfits = done[origin]
            for place in settled:
                if waiting.found.get(place) == found[place]:
                    del waiting.found[place]
            self._refuse(origin, ["root.mismatch"] * misfits)

    async def learn(self, database: Database, held: Log, history: Sequence[bytes]) -> None:
        """Take the cosignatures of old checkpoints, as a source's history shows them. Notes of trees that this node
        does not hold, or holds otherwise, say nothing here: to judge those is the mirror's.
        """
        for note in history:
            with faults_named(database.path):
                statement = _of_tree_held(database, held, note)
            if statement is not None:
                self.take(database, held, statement, note)
            await asyncio.sleep(0)  # a file holds thousands of signatures


def _is_held(known: Mapping[Identity, set[bytes]], line: SignatureLine) -> bool:
    return line.payload in known.get((line.name, line.key_id), ())


def _of_tree_held(database: Database, held: Log, note: bytes) -> Statement | None:
    """The sealed checkpoint of the very text that a note has, as this node holds it: so the owner's line is proven."""
    try:
        tree = checkpoint.parse_text(notes.parse(note, checkpoint.MAX_LINES, max_size=checkpoint.MAX_NOTE).text)
    except Refused:
        return None
    seal = logbook.seal_at(database.read, held.number, tree.size) if tree.size <= held.size else None
    if seal is None or (tree.origin, tree.root) != (held.origin, seal.root):
        return None
    return Statement(tree.origin, tree.size, tree.root, seal.date, seal.note)


def _write_log(connection: sqlite3.Connection, origin: str, found: Iterable[_Entry]) -> tuple[list[_Place], int]:
    """Keep what belongs to trees held; answers what is settled, and how many did not fit the tree of their size."""
    log = logbook.find_log(connection, origin)
    if log is None or log.frozen is not None:
        return [place for place, _ in found], 0
    settled, misfits, roots = [], 0, dict[int, bytes]()
    for place, pair in found:
        size, root, _ = place
        if size > log.size:
            continue
        settled.append(place)
        if size not in roots:
            roots[size] = logbook.root_at(connection, log.number, size)
        if roots[size] == root:
            cosignatures.keep(connection, log.number, pair)
        else:
            misfits += 1
    return settled, misfits
