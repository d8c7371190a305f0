"""The own log's growing end: seals and heartbeats, dated so that no date ever goes back (DESIGN §4).

Holds the tree's right edge in memory and signs; it writes nothing. The publisher commits what comes out, and only
then moves the edge on with ``advance`` (law 4): a signer that fails or a commit that fails leaves the state as it
was. Which keys sign is asked anew for each statement, by its date. What is *sealed* is durable; what is *shown* is what
others may be told of: the same at once, or as far as the bus has it (DESIGN §6).

>>> sealed = own.seal(hashes, now=1795400000, known=1795400000123)
>>> await ledger.write(...)
>>> own.advance(sealed)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.ledger import checkpoint
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.logbook import Log, Seal
from gateway.ledger.merkle import Frontier
from gateway.node.nodekeys import LogKeys


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal and the tree it seals, not yet durable."""

    seal: Seal
    frontier: Frontier


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint for partners: a seal as committed, or the newest one dated anew (a heartbeat). ``date``: seconds."""

    size: int
    date: int
    note: bytes


class OwnLog:
    """One log that this node owns. ``newest``: sealed or signed last; ``shown``: the newest that others may see.

    Not thread safe: the publisher's loop is its only user.
    """

    def __init__(
        self, log: Log, frontier: Frontier, newest: Published | None, keys: Callable[[int], LogKeys]
    ) -> None:
        """``keys``: the pair that signs a statement dated so (s); it raises ``CannotRun`` when none is good then."""
        self.log = log
        self.newest = newest
        self.shown: Published | None = None
        self._frontier = frontier
        self.keys = keys

    @property
    def size(self) -> int:
        """Leaves sealed and durable."""
        return self._frontier.size

    def root(self) -> bytes:
        """Root of the sealed tree."""
        return self._frontier.root()

    def date(self, now: int) -> int:
        """The date that a statement signed now bears: the clock, or the last date if the clock stands before it."""
        return max(now, self.newest.date) if self.newest is not None else now

    def seal(self, hashes: Sequence[bytes], now: int, known: int) -> Sealed:
        """Sign the tree that these leaves make of the present one. ``now``: s; ``known``: ms."""
        frontier = self._frontier.copy()
        frontier.extend(hashes)
        date = self.date(now)
        tree = Checkpoint(self.log.origin, frontier.size, frontier.root())
        note = self._signed(tree, date)
        return Sealed(Seal(tree.size, tree.root, date, note, known), frontier)

    def heartbeat(self, now: int) -> Published:
        """The newest tree, the empty one included, signed anew and dated now.

        The log's line is signed anew too: the one of the seal may be by a key that has ended since, and a statement
        counts only by keys that are good at its date.
        """
        date = self.date(now)
        return Published(self.size, date, self._signed(Checkpoint(self.log.origin, self.size, self.root()), date))

    def _signed(self, tree: Checkpoint, date: int) -> bytes:
        pair = self.keys(date)
        return checkpoint.sign(tree, pair.log, pair.heartbeat, date, *pair.also)

    @property
    def unshown(self) -> int:
        """Leaves sealed and not shown."""
        return self.size - (self.shown.size if self.shown is not None else 0)

    def advance(self, sealed: Sealed) -> None:
        """Go on from a seal that is durable now."""
        self._frontier = sealed.frontier
        self.newest = Published(sealed.seal.size, sealed.seal.date, sealed.seal.note)

    def beat(self, published: Published) -> None:
        """Go on from a heartbeat that is durable now."""
        self.newest = published

    def show(self, published: Published) -> None:
        """Others may see this from now on; what is older than what they saw is passed over."""
        if self.shown is None or (published.size, published.date) >= (self.shown.size, self.shown.date):
            self.shown = published
