"""What did a person decide about a frozen log, on what ground? A journal, a line a decision, never changed (law 8).

A log is frozen until somebody answerable decides. What can be decided is what the roster has said, together, about how
the log ended; the journal says who let this node go by it, and why. A running node reads it every other second.

    {"at":"…","origin":"jjj.example/sanhe/licence","was":"log.fork","ended":{"size":812,"root":"…"},"roster":4,
     "ground":"…","evidence":["sanhe-licence-1f0a6c5e9b3d2a47"]}

>>> Decisions(config.data / "decisions.ndjson").stands("jjj.example/sanhe/licence", ended)
True
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from gateway.errors import CannotRun
from gateway.instants import format_time
from gateway.trust.canonical import encode_base64
from gateway.trust.members import Ended

FILE = "decisions.ndjson"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. ``at``: ms; ``was``: the reason why the log was frozen; ``evidence``: ids of the files."""

    at: int
    origin: str
    was: str
    ended: Ended
    roster: int
    ground: str
    evidence: Sequence[str]


@dataclass(frozen=True, slots=True)
class Decisions:
    """The journal of one node."""

    file: Path

    def append(self, decision: Decision) -> None:
        """Write a decision; it is on the disk when this returns. Raises ``CannotRun`` ``ledger.io``."""
        line = {
            "at": format_time(decision.at),
            "origin": decision.origin,
            "was": decision.was,
            "ended": _ended_json(decision.ended),
            "roster": decision.roster,
            "ground": decision.ground,
            "evidence": list(decision.evidence),
        }
        try:
            with self.file.open("ab") as opened:
                opened.write(orjson.dumps(line) + b"\n")
                opened.flush()
                os.fsync(opened.fileno())
        except OSError as error:
            raise CannotRun("ledger.io", f"{self.file}: {error.strerror}") from error

    def stands(self, origin: str, ended: Ended) -> bool:
        """Whether somebody has decided that this node goes by this end of the log."""
        wanted = _ended_json(ended)
        return any(line.get("origin") == origin and line.get("ended") == wanted for line in self.read())

    def read(self) -> Iterator[dict[str, Any]]:
        """Every decision, the oldest first; a line that a crash left half written is no decision."""
        try:
            lines = self.file.read_bytes().splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            raise CannotRun("ledger.io", f"{self.file}: {error.strerror}") from error
        for line in lines:
            try:
                found = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if isinstance(found, dict):
                yield found


def _ended_json(ended: Ended) -> dict[str, Any]:
    return {"size": ended.size, "root": encode_base64(ended.root).decode()}
