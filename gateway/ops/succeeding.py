"""What must the roster say so that another log succeeds an own one? Keys made, members printed (DESIGN §4).

Nothing is signed and nothing ends here: only a roster that all go by ends a log. The new keys lie beside the old ones,
as a task's next files do (``keying``), and wait until it does.

>>> prepare(config, "licence", 812).members()
{"logs":[{"family":"licence","origin":"jjj.example/sanhe/licence","ended":{"size":812,"root":"…"}},…],"keys":[…]}
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway.errors import CannotRun
from gateway.ledger import logbook
from gateway.ledger.database import connect
from gateway.ledger.logbook import Seal
from gateway.node.config import Config
from gateway.node.keyplace import LOG_ROLES
from gateway.ops import keying
from gateway.trust.canonical import encode_base64
from gateway.trust.members import Ended

KEY_YEARS = 5
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be entered: the end of the old log, the new one, and its keys, which lie in ``files``."""

    family: str
    old: str
    new: str
    ended: Ended
    keys: Sequence[tuple[str, str]]
    files: Sequence[Path]

    def members(self, today: datetime.date) -> dict[str, Any]:
        """The roster's members ``logs`` (in place of the old log's) and ``keys`` (beside the old ones)."""
        window = {"not_before": f"{today}T00:00:00Z", "not_after": f"{today.year + KEY_YEARS}-12-31T00:00:00Z"}
        ended = {"size": self.ended.size, "root": encode_base64(self.ended.root).decode()}
        return {
            "logs": [
                {"family": self.family, "origin": self.old, "ended": ended},
                {"family": self.family, "origin": self.new},
            ],
            "keys": [{"role": role, "vkey": vkey, "families": [self.family], **window} for role, vkey in self.keys],
        }


def prepare(config: Config, family: str, size: int, root: bytes | None = None) -> Prepared:
    """Find the root at a sealed size of the own open log, and make keys for its successor. ``root``: as partners hold
    it, where the own ledger is lost. Raises ``CannotRun``: ``successor.no_log``, ``successor.not_sealed`` (naming
    sizes that are).
    """
    place, roster = keying.place_of(config)
    member = roster.jurisdiction(config.jurisdiction)
    entries = [entry for entry in member.logs if entry.family == family] if member is not None else []
    old = next((entry.origin for entry in entries if entry.ended is None), None)
    if old is None:
        raise CannotRun("successor.no_log", f"{config.jurisdiction} has no open log of {family} in the roster")
    generation = max(logbook.generation_of(entry.origin) for entry in entries)
    new = f"{roster.network}/{config.jurisdiction}/{family}.{generation + 2}"
    ended = Ended(size, root if root is not None else _seal(config, old, size).root)
    files, keys = [], []
    for stem, task in replace(place, origins={family: new}).needed():
        if task.role in LOG_ROLES:
            file, vkey = keying.make(place, stem, task)
            files.append(file)
            keys.append((task.role, vkey))
    return Prepared(family, old, new, ended, keys, files)


def _seal(config: Config, origin: str, size: int) -> Seal:
    with closing(connect(config.data / "ledger.sqlite", read_only=True)) as connection:
        log = logbook.find_log(connection, origin)
        found = logbook.seal_at(connection, log.number, size) if log is not None else None
        if found is not None:
            return found
        sizes = [seal.size for seal in logbook.seals(connection, log.number, 0, log.size)] if log is not None else []
    known = ", ".join(map(str, sizes[-SHOWN:])) or "none"
    raise CannotRun(
        "successor.not_sealed",
        f"{origin}: no checkpoint of {size} records was sealed here; the newest sealed sizes: {known}",
    )
