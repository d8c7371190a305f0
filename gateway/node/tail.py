"""The provisional end of a mirrored log: leaves that no verified checkpoint covers yet (law 5).

Pure: messages and notes go in, verified runs of leaves come out. Leaves from a topic and leaves from tiles take the
same way. Whatever does not fit costs a line in the metrics and nothing else: leaves far ahead wait in a bounded room,
a root that does not fit drops the provisional leaves, and the follower fetches them from tiles.

>>> tail.add(7, entry, position=41)
>>> tail.cover(statement, known=1795400000123)
True
>>> tail.take()
Run(start=7, entries=[...], seals=[...], ...)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.ledger.logbook import Seal
from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.node.statements import Statement

MOST_AHEAD = 4_096
MOST_AHEAD_BYTES = 16 << 20
MOST_LEAVES = 65_536
MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Run:
    """Leaves from ``start`` on that checkpoints cover, and the tree after them. ``position``: where the topic goes
    on.
    """

    start: int
    entries: list[bytes]
    hashes: list[bytes]
    seals: list[Seal]
    frontier: Frontier
    position: int | None


@dataclass(slots=True)
class Tail:
    """Provisional leaves above a verified tree."""

    frontier: Frontier
    position: int | None = None
    _entries: list[bytes] = field(default_factory=list)
    _hashes: list[bytes] = field(default_factory=list)
    _positions: list[int | None] = field(default_factory=list)
    _ahead: dict[int, tuple[bytes, int | None]] = field(default_factory=dict)
    _bytes: int = 0
    _ahead_bytes: int = 0
    _edge: Frontier | None = None
    _seals: list[Seal] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Leaves under a verified checkpoint."""
        return self.frontier.size

    @property
    def end(self) -> int:
        """The next index wanted."""
        return self.size + len(self._entries)

    def add(self, index: int, entry: bytes, position: int | None) -> str | None:
        """Take one leaf; answers why one had to go ("index.taken", "index.ahead", "tail.full"), or None.

        A leaf above the next index waits; what waits has its own room, so that it never keeps out the next leaf.
        """
        if index < self.size:
            return None
        if index < self.end:
            return None if self._entries[index - self.size] == entry else "index.taken"
        if index > self.end:
            return self._keep_ahead(index, entry, position)
        if self._bytes + len(entry) > MOST_BYTES or len(self._entries) >= MOST_LEAVES:
            return "tail.full"
        self._append(entry, position)
        self._join_ahead()
        return None

    def _append(self, entry: bytes, position: int | None) -> None:
        self._entries.append(entry)
        self._hashes.append(leaf_hash(entry))
        self._positions.append(position)
        self._bytes += len(entry)

    def _join_ahead(self) -> None:
        while self.end in self._ahead:
            self._append(*self._forget_ahead(self.end))

    def _keep_ahead(self, index: int, entry: bytes, position: int | None) -> str | None:
        waiting = self._ahead.get(index)
        if waiting is not None:
            return None if waiting[0] == entry else "index.taken"
        self._ahead[index] = (entry, position)
        self._ahead_bytes += len(entry)
        fault = None
        while len(self._ahead) > MOST_AHEAD or self._ahead_bytes > MOST_AHEAD_BYTES:
            self._forget_ahead(max(self._ahead))
            fault = "index.ahead"
        return fault

    def _forget_ahead(self, index: int) -> tuple[bytes, int | None]:
        waiting = self._ahead.pop(index)
        self._ahead_bytes -= len(waiting[0])
        return waiting

    def cover(self, statement: Statement, known: int) -> bool:
        """Whether the leaves held give the statement's root; if so it seals them. Statements come with rising sizes.

        False also drops the provisional leaves above the last cover: one of them is rubbish, and tiles say which.
        """
        edge = (self._edge or self.frontier).copy()
        edge.extend(self._hashes[edge.size - self.size : statement.size - self.size])
        if edge.size != statement.size or edge.root() != statement.root:
            self.drop()
            return False
        self._edge = edge
        self._seals.append(Seal(statement.size, statement.root, statement.date, statement.note, known))
        return True

    @property
    def covered(self) -> int:
        """Size that verified checkpoints cover, taken or not yet taken."""
        return self.size if self._edge is None else self._edge.size

    def take(self) -> Run | None:
        """The covered leaves, if there are any. They stay here until ``settled`` says that they are durable."""
        if self._edge is None:
            return None
        count = self._edge.size - self.size
        later = next((place for place in self._positions[count:] if place is not None), None)
        position = later if later is not None else self.position
        return Run(self.size, self._entries[:count], self._hashes[:count], list(self._seals), self._edge, position)

    def settled(self, run: Run) -> None:
        """A run is durable: go on above it."""
        count = len(run.entries)
        self._bytes -= sum(map(len, run.entries))
        del self._entries[:count], self._hashes[:count], self._positions[:count]
        self.frontier = run.frontier
        self._edge = None
        self._seals.clear()
        for index in [index for index in self._ahead if index < self.end]:
            self._forget_ahead(index)
        self._join_ahead()

    def replace(self, entries: Sequence[bytes]) -> None:
        """Put leaves that were fetched for signed checkpoints in place of the provisional ones; who fetched them has
        bounded them.
        """
        self.drop()
        for entry in entries:
            self._append(entry, None)

    def drop(self) -> None:
        """Forget the provisional leaves above the last cover, and those that wait ahead: any of them may be rubbish."""
        keep = self.covered - self.size
        self._bytes -= sum(map(len, self._entries[keep:]))
        self._ahead.clear()
        self._ahead_bytes = 0
        del self._entries[keep:], self._hashes[keep:], self._positions[keep:]
