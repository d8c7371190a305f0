"""Which sizes did the log's owner seal, when, and do the signatures hold? A log's ``history/`` read in order (DESIGN
§4).

Each note is judged by the keys that were good at its date; known witnesses' lines must hold too. Without trust data
only the form is read. Sizes rise, dates never go back; what breaks that is found here and does not count as a seal.

>>> seals = SealStream(log, Reader("jjj.example/sanhe/licence", "sanhe", "licence", trust), pool, find)
>>> (await seals.next()).statement.size
2
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from gateway.audit.report import AuditFinding, found, found_error
from gateway.audit.sources import LogFiles
from gateway.errors import Refused
from gateway.ledger import checkpoint, tiles
from gateway.ledger.checkpoint import MAX_LINES, MAX_NOTE
from gateway.node import statements
from gateway.node.statements import Statement
from gateway.trust import notes
from gateway.trust.trusted import TrustData

SLICE = 32

Find = Callable[[int, AuditFinding], None]
"""Takes a finding with the place in the log (index or size) where it belongs."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What a checkpoint note says. ``fault``: why its signatures don't count; its date is 0 then. ``file``: where it
    stands.
    """

    statement: Statement
    fault: Refused | None
    file: str


class Reader:
    """Reads checkpoint notes of one configured origin; without trust data, their form alone."""

    def __init__(self, origin: str, jurisdiction: str, family: str, trust: TrustData | None) -> None:
        self.origin = origin
        self._place = (origin, jurisdiction, family)
        self._trust = trust
        self._others = (
            {}
            if trust is None
            else {identity: key.vkey for identity, key in trust.roster.known_keys.items() if key.vkey.name != origin}
        )

    def read(self, note: bytes, file: str) -> Seal:
        """Judge one note; raises ``Refused`` if it doesn't even say a size and a root of this origin."""
        parsed = notes.parse(note, MAX_LINES, max_size=MAX_NOTE)
        said = checkpoint.parse_text(parsed.text)
        if said.origin != self.origin:
            raise Refused("checkpoint.origin", f"a checkpoint of {said.origin}, not of {self.origin}")
        bare = Statement(said.origin, said.size, said.root, 0, note)
        if self._trust is None:
            return Seal(bare, None, file)
        try:
            statement = statements.read(note, *self._place, self._trust)
            notes.verify(parsed, self._others)
        except Refused as refused:
            return Seal(bare, refused, file)
        return Seal(statement, None, file)


class SealStream:
    """The sealed checkpoints of a log, one after the other; ``files``: how many history files were read."""

    def __init__(self, log: LogFiles, reader: Reader, pool: Executor, find: Find, *, up_to: int) -> None:
        self.files = 0
        self.newest: Seal | None = None
        self._log = log
        self._reader = reader
        self._pool = pool
        self._find = find
        self._up_to = up_to
        self._ready: deque[Seal] = deque()
        self._ended = False
        self._size = 0
        self._date = 0

    async def next(self) -> Seal | None:
        """The next seal that stands in order, its signatures good or not; None at the end."""
        while True:
            while not self._ready and not self._ended:
                await self._read_file()
            if not self._ready:
                return None
            seal = self._ready.popleft()
            if self._in_order(seal):
                self.newest = seal
                return seal

    async def _read_file(self) -> None:
        path = tiles.history_path(self.files)
        label = self._log.label(path)
        raw = await self._log.file(path)
        if raw is None:
            self._ended = True
            return
        self.files += 1
        try:
            found_notes = tiles.decode_history(raw)
        except Refused as refused:
            self._find(self._size, found_error(refused, self._reader.origin, file=label))
            return
        await self._judge(found_notes, label)
        if len(found_notes) != tiles.HISTORY_WIDTH:
            await self._check_last(label, len(found_notes))

    async def _check_last(self, label: str, count: int) -> None:
        """A file of other than 256 notes is the last one, and holds some."""
        another = not self._log.growing and await self._log.file(tiles.history_path(self.files)) is not None
        if another or not 0 < count < tiles.HISTORY_WIDTH:
            self._find(self._size, found("history.width", self._reader.origin, file=label, detail=count))
        self._ended = not another

    async def _judge(self, found_notes: Sequence[bytes], label: str) -> None:
        loop = asyncio.get_running_loop()
        slices = [found_notes[start : start + SLICE] for start in range(0, len(found_notes), SLICE)]
        judged = await asyncio.gather(
            *(loop.run_in_executor(self._pool, self._read_slice, part, label) for part in slices)
        )
        for seal in (seal for part in judged for seal in part):
            if isinstance(seal, Refused):
                self._find(self._size, found_error(seal, self._reader.origin, file=label))
            else:
                self._ready.append(seal)

    def _read_slice(self, found_notes: Sequence[bytes], label: str) -> list[Seal | Refused]:
        return [self._read_one(note, label) for note in found_notes]

    def _read_one(self, note: bytes, label: str) -> Seal | Refused:
        try:
            return self._reader.read(note, label)
        except Refused as refused:
            return refused

    def _in_order(self, seal: Seal) -> bool:
        said, origin = seal.statement, self._reader.origin
        if said.size > self._up_to:
            if not self._log.growing:
                self._find(self._up_to, found("history.beyond", origin, index=said.size, file=seal.file))
            self._ended = True
            self._ready.clear()
            return False
        if said.size <= self._size:
            self._find(self._size, found("history.order", origin, index=said.size, file=seal.file, detail=self._size))
            return False
        if seal.fault is not None:
            self._find(self._size, found_error(seal.fault, origin, index=None, file=f"{seal.file} ({said.size})"))
        elif said.date < self._date:
            self._find(said.size, found("history.date", origin, index=said.size, file=seal.file))
        elif self._log.beside is not None and said.date:
            self._log.beside.statement(said, sealed=True)
        self._size = said.size
        self._date = max(self._date, said.date)
        return True
