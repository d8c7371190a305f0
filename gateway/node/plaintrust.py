"""Trust data that nobody signs: ``trust/*.json`` and schema folders, read whole, taken over only when they are whole.

For trials and small set-ups; that nobody signs them is said at start, in ``/readyz`` and ``/v1/network``. A refused new
version leaves the old one standing and is said.

>>> trust = PlainTrust(folder / "trust", (folder / "schemas",))
>>> trust.current.roster.version
3
"""

from __future__ import annotations

from pathlib import Path

import aiohttp

from gateway.errors import GatewayError, Refused
from gateway.ledger.database import Database
from gateway.node.inforce import InForce, Standing, rollback
from gateway.node.measures import Measures
from gateway.trust.trusted import TrustData, load


class PlainTrust(InForce):
    """Raises ``GatewayError`` ``trust.*`` or ``schema.*`` where the files do not do at the start."""

    def __init__(self, folder: Path, schema_folders: tuple[Path, ...] = (), measures: Measures | None = None) -> None:
        super().__init__(measures or Measures())
        self._folder = folder
        self._schema_folders = schema_folders
        self._stamp = self._look()
        self._current = load(folder, schema_folders)

    @property
    def current(self) -> TrustData:
        """What everybody decides by."""
        return self._current

    async def open(self, ledger: Database, session: aiohttp.ClientSession) -> None:
        """They are here already, and nowhere else."""

    def standing(self) -> Standing:
        """Without age."""
        return Standing(signed=False)

    def document(self, name: str) -> bytes:
        """As it lies in the folder."""
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise GatewayError("trust.missing", f"{name} can't be read: {error.strerror}") from error

    async def refresh(self) -> bool:
        """Read the files again if they have changed."""
        return self.read_again()

    def read_again(self) -> bool:
        """The same, for who doesn't wait."""
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            found = load(self._folder, self._schema_folders)
            fault = rollback(self._current, found)
            if fault is not None:
                raise Refused("trust.rollback", fault)
        except GatewayError as error:
            self.heard(str(self._folder), error)
            return False
        self.heard(str(self._folder))
        changed = found.digest != self._current.digest
        self._current = found
        return changed

    def _look(self) -> tuple[tuple[str, int, int], ...]:
        folders = (self._folder, *self._schema_folders)
        files = sorted(path for folder in folders for path in folder.glob("*.json"))
        return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files)
