"""WHO may write a jurisdiction's topics on an embedded bus? Who claimed last: a number in a file, the epoch.

A writer holds the file's write lock while a batch is written, so a claim waits for the batch under way and cuts
in before the next. Fencing needs neither a clock nor a lease, and works across processes.

>>> claim = ClaimFile(folder / "jjj.tongzhou.claim", busy_s=5)
>>> epoch = claim.take()
>>> with claim.held(epoch):
...     topic.append(batch)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.bus.embedded_files import connect, faults_named, make, transaction
from gateway.bus.port import BusFenced

_TABLES = "CREATE TABLE claim (epoch INTEGER NOT NULL); INSERT INTO claim VALUES (0);"


class ClaimFile:
    """One connection to the claim of one jurisdiction. Raises ``BusUnavailable`` naming the file."""

    def __init__(self, path: Path, busy_s: float) -> None:
        self._path = path
        with faults_named(path):
            make(path, _TABLES)
            self._connection = connect(path, busy_s)

    def take(self) -> int:
        """Begin a new epoch, after the batch that is under way. Earlier epochs are over when this returns."""
        with faults_named(self._path), transaction(self._connection, "BEGIN IMMEDIATE"):
            self._connection.execute("UPDATE claim SET epoch = epoch + 1")
            return self._newest()

    @contextmanager
    def held(self, epoch: int) -> Iterator[None]:
        """Nobody can claim inside this block. Raises ``BusFenced`` if somebody did since ``epoch``."""
        with faults_named(self._path), transaction(self._connection, "BEGIN IMMEDIATE"):
            newest = self._newest()
            if newest != epoch:
                raise BusFenced(f"{self._path}: claim {epoch} was followed by claim {newest}")
            yield

    def close(self) -> None:
        """Close the connection."""
        with faults_named(self._path):
            self._connection.close()

    def _newest(self) -> int:
        return int(self._connection.execute("SELECT epoch FROM claim").fetchone()[0])
