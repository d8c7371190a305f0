"""The trust data in force: ``trust/*.json`` and schema folders, read whole, taken over only when they are whole.

A refused new version leaves the old one standing and is said; the caller judges quarantine again when ``refresh``
answers True.

>>> trust = TrustFolder(folder / "trust", (folder / "schemas",))
>>> trust.current.roster.version
3
"""

from __future__ import annotations

from pathlib import Path

import structlog

from gateway.errors import GatewayError
from gateway.trust.trusted import TrustData, load

log = structlog.get_logger(__name__)


class TrustFolder:
    """Holder of the current ``TrustData``; readers take ``current`` once a decision and keep to it (LESSONS 4)."""

    def __init__(self, folder: Path, schema_folders: tuple[Path, ...] = ()) -> None:
        self.folder = folder
        self._schema_folders = schema_folders
        self._stamp = self._look()
        self.current: TrustData = load(folder, schema_folders)

    def refresh(self) -> bool:
        """Read the files again if they have changed; True when other trust data are in force now."""
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            found = load(self.folder, self._schema_folders)
        except GatewayError as error:
            log.error("trust.refused", reason=error.reason, message=error.message)
            return False
        fault = _rollback(self.current, found)
        if fault is not None:
            log.error("trust.refused", reason="trust.rollback", message=fault)
            return False
        changed = found.digest != self.current.digest
        self.current = found
        return changed

    def _look(self) -> tuple[tuple[str, int, int], ...]:
        folders = (self.folder, *self._schema_folders)
        files = sorted(path for folder in folders for path in folder.glob("*.json"))
        return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files)


def _rollback(held: TrustData, found: TrustData) -> str | None:
    """Which document is older than the one in force, if any is: nothing is ever taken back (DESIGN §7)."""
    for name in ("roster", "agreements", "catalogue"):
        old, new = getattr(held, name).version, getattr(found, name).version
        if new < old:
            return f"{name}.json has version {new}; version {old} is in force and stays so"
    return None
