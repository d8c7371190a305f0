"""The own log's growing end: seals and heartbeats, dated so that no date ever goes back (DESIGN §4).

Holds the tree's right edge in memory and signs; it writes nothing. The publisher commits what comes out, and only
then moves the edge on with ``advance`` (law 4): a signer that fails or a commit that fails leaves the state as it
was. What is *sealed* is durable; what is *shown* is what others may be told of: the same at once, or as far as the
bus has it (DESIGN §6).

>>> sealed = own.seal(hashes, now=1795400000, known=1795400000123)
>>> await ledger.write(...)
>>> own.advance(sealed)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.ledger import checkpoint
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.logbook import Log, Seal
from gateway.ledger.merkle import Frontier
from gateway.trust.suites import Cosigner, Signer


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
        self, log: Log, frontier: Frontier, newest: Published | None, log_signer: Signer, heartbeat: Cosigner
    ) -> None:
        self.log = log
        self.newest = newest
        self.shown: Published | None = None
        self._frontier = frontier
        self._log_signer = log_signer
        self._heartbeat = heartbeat

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
        note = checkpoint.sign(tree, self._log_signer, self._heartbeat, date)
        return Sealed(Seal(tree.size, tree.root, date, note, known), frontier)

    def heartbeat(self, now: int) -> Published:
        """The newest checkpoint with a cosignature of now; at size 0 before anything was published."""
        date = self.date(now)
        if self.newest is None:
            tree = Checkpoint(self.log.origin, self.size, self.root())
            return Published(self.size, date, checkpoint.sign(tree, self._log_signer, self._heartbeat, date))
        return Published(self.newest.size, date, checkpoint.redate(self.newest.note, self._heartbeat, date))

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
