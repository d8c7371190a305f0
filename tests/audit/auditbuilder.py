"""Logs written by hand with real keys into a node's folder, for audits: every leaf, seal and date is the test's own.

ground = Ground(tmp_path)
log = ground.log("sanhe", "licence")
log.grow(3)                                   three licences and a seal over them
ground.keep(log)                              into data/ledger.sqlite, or mirrors.sqlite for a partner's
ground.node                                   the folder to audit or to export from
"""

from __future__ import annotations

import atexit
import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from gateway.instants import format_time
from gateway.ledger import checkpoint, logbook
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.database import Database
from gateway.ledger.highwater import HighWater
from gateway.ledger.logbook import Seal
from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.node import rejudge
from gateway.node.runtime import SCHEMA
from gateway.records.families import subject_of_data
from gateway.records.uuid7 import uuid7
from gateway.trust import notes
from gateway.trust.trusted import TrustData, load
from tests.records import builders
from tests.simulator import NETWORK, World

BASE = 1_795_400_000
STEP = 60


def filing(number: int) -> dict[str, Any]:
    """Data of a licence; each number another subject."""
    return builders.licence("filing", number=f"示例〔2024〕第{number}号")


class Written:
    """One log: entries and the sizes at which it was sealed, each a minute after the one before."""

    def __init__(self, world: World, jurisdiction: str, family: str) -> None:
        keys = world.keys(jurisdiction)
        self.jurisdiction = jurisdiction
        self.family = family
        self.origin = f"{NETWORK}/{jurisdiction}/{family}"
        self.record = keys.record
        self.pair = keys.logs[family]
        self.entries: list[bytes] = []
        self.seals: list[Seal] = []
        self._tree = Frontier()
        self._seed = int.from_bytes(hashlib.sha256(self.origin.encode()).digest()[:4])

    def entry(self, data: Mapping[str, Any], **members: Any) -> bytes:
        """A signed record as the next leaf; ``members`` replace those of the envelope."""
        number = self._seed + len(self.entries)
        line = orjson.dumps(
            {
                "specversion": "1.0",
                "id": uuid7(BASE * 1000, number.to_bytes(10)),
                "source": f"urn:jjj:{self.jurisdiction}",
                "type": "jjj.licence.issued" if self.family == "licence" else "jjj.credit.recorded",
                "subject": members.get("subject") or subject_of_data(self.family, data),
                "time": format_time(self.date * 1000),
                "datacontenttype": "application/json",
                "dataschema": f"urn:jjj:schema:{self.family}:1.0",
                "data": data,
                **members,
            }
        )
        return self.sign(line)

    def sign(self, line: bytes) -> bytes:
        return line + b"\n\n" + notes.line(self.record.name, self.record.key.key_id, self.record.sign(line + b"\n"))

    @property
    def date(self) -> int:
        """When the next seal will be dated, in seconds."""
        return BASE + STEP * len(self.seals)

    def add(self, *entries: bytes) -> Written:
        self.entries.extend(entries)
        return self

    def seal(self, **changes: Any) -> Written:
        """Seal what there is; ``root`` and ``date`` may lie."""
        for entry in self.entries[self._tree.size :]:
            self._tree.append(leaf_hash(entry))
        size, root = self._tree.size, changes.get("root", self._tree.root())
        date = changes.get("date", self.date)
        self.seals.append(Seal(size, root, date, self.checkpoint(size, root, date), date * 1000 + 7))
        return self

    def checkpoint(self, size: int, root: bytes, date: int) -> bytes:
        tree = Checkpoint(self.origin, size, root)
        return checkpoint.sign(tree, self.pair.log, self.pair.heartbeat, date)

    def grow(self, *counts: int) -> Written:
        """So many invented leaves a seal."""
        for count in counts:
            for _ in range(count):
                number = len(self.entries)
                data = filing(number) if self.family == "licence" else builders.credit(number=f"示例〔2026〕{number}号")
                self.add(self.entry(data))
            self.seal()
        return self


@cache
def founded() -> World:
    """One network with its keys, for all tests of a run."""
    folder = Path(tempfile.mkdtemp(prefix="jjj-ground-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return World(folder, "sanhe", "tongzhou")


class Ground:
    """The folder of sanhe's node, the one that is audited, in a network of two."""

    def __init__(self, folder: Path) -> None:
        self.world = founded()
        self.node = folder / "sanhe"
        shutil.copytree(self.world.folder / "sanhe", self.node)
        self.data = self.node / "data"

    def log(self, jurisdiction: str = "sanhe", family: str = "licence") -> Written:
        return Written(self.world, jurisdiction, family)

    def trust(self) -> TrustData:
        return load(self.node / "trust")

    def keep(self, *logs: Written) -> Ground:
        """Write databases, index and high-water files as the node would have, then close them."""
        for name in ("ledger.sqlite", "mirrors.sqlite"):
            own = [log for log in logs if (log.jurisdiction == "sanhe") is (name == "ledger.sqlite")]
            self._write(self.data / name, own)
        for log in logs:
            if log.jurisdiction == "sanhe" and log.seals:
                (self.data / f"{log.family}.highwater").unlink()
                mark = HighWater.create(self.data / f"{log.family}.highwater")
                mark.write(log.seals[-1].size, log.seals[-1].root)
                mark.close()
        return self

    def _write(self, file: Path, logs: list[Written]) -> None:
        database = Database(file, SCHEMA)
        connection = database.read
        connection.execute("BEGIN IMMEDIATE")
        for log in logs:
            number = logbook.open_log(connection, log.origin, log.jurisdiction, log.family).number
            start = 0
            for seal in log.seals:
                part = log.entries[start : seal.size]
                logbook.append(connection, number, start, part, [leaf_hash(entry) for entry in part])
                logbook.add_seal(connection, number, seal)
                start = seal.size
        rejudge.rebuild(connection, self.trust())
        rejudge.rejudge(connection, self.trust())
        connection.execute("COMMIT")
        connection.close()

    def change(self, name: str, *statements: str) -> None:
        """Edit a database behind the node's back, leaving no write-ahead log."""
        with closing(sqlite3.connect(self.data / name)) as connection, connection:
            for statement in statements:
                assert connection.execute(statement).rowcount, statement


def snapshot(folder: Path) -> dict[str, tuple[int, str]]:
    """Everything below a folder: path → time of the last change, digest."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files}


def files_of(folder: Path) -> Iterator[Path]:
    """Every file of an export."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
