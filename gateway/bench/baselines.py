"""What a plain program would reach on the same machine in the same run: one record at a time, in one thread.

Its validator (``jsonschema``), its key and its SQLite connection are kept; every commit is durable. It does less than
the gateway: no gate, no tree, no index, no answer over HTTP.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jsonschema import Draft202012Validator

from gateway.records.packaged import data_path

SCHEMA = "licence-1.0.schema.json"


class Plain:
    """The plain program. ``entries`` holds what it published, for the other measurements."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = Ed25519PrivateKey.generate()
        self._public = self._key.public_key()
        self._validator = Draft202012Validator(json.loads((data_path("schemas") / SCHEMA).read_bytes()))
        self.entries: list[tuple[bytes, bytes]] = []

    def publish(self, drafts: Sequence[dict[str, Any]], a_commit: int) -> float:
        """Validate, sign, insert; records a second."""
        self.entries.clear()
        return self._timed(drafts, self._publish, a_commit)

    def mirror(self, a_commit: int) -> float:
        """Verify the signature, validate, insert; records a second."""
        return self._timed(list(self.entries), self._mirror, a_commit)

    def audit(self) -> float:
        """Verify the signature, validate, hash; records a second."""
        return self._timed(list(self.entries), lambda entry, _: self._check(entry), 0)

    def structure(self) -> float:
        """Parse and hash each record, and rebuild the root after each; records a second."""
        roots: list[bytes] = []

        def one(entry: tuple[bytes, bytes], _: sqlite3.Connection) -> None:
            json.loads(entry[0])
            roots.append(hashlib.sha256(b"\0" + entry[0] + entry[1]).digest())
            _root(roots)

        return self._timed(self.entries[:300], one, 0)

    def verify_ms(self) -> float:
        """A look-up by primary key, the signature and the schema; median in ms."""
        connection = self._connect()
        connection.executemany("INSERT INTO entry (line, signature) VALUES (?, ?)", self.entries)
        took = []
        for number in range(1, len(self.entries) + 1):
            begun = time.perf_counter()
            entry = connection.execute("SELECT line, signature FROM entry WHERE number = ?", (number,)).fetchone()
            self._check(entry)
            took.append((time.perf_counter() - begun) * 1000)
        connection.close()
        return statistics.median(took)

    def _publish(self, draft: dict[str, Any], connection: sqlite3.Connection) -> None:
        self._validator.validate(draft["data"])
        line = json.dumps(draft, ensure_ascii=False, separators=(",", ":")).encode()
        entry = (line, self._key.sign(line))
        connection.execute("INSERT INTO entry (line, signature) VALUES (?, ?)", entry)
        self.entries.append(entry)

    def _mirror(self, entry: tuple[bytes, bytes], connection: sqlite3.Connection) -> None:
        self._check(entry)
        connection.execute("INSERT INTO entry (line, signature) VALUES (?, ?)", entry)

    def _check(self, entry: tuple[bytes, bytes]) -> None:
        self._public.verify(entry[1], entry[0])
        self._validator.validate(json.loads(entry[0])["data"])

    def _timed(self, items: Sequence[Any], one: Callable[[Any, sqlite3.Connection], None], a_commit: int) -> float:
        connection = self._connect()
        begun = time.perf_counter()
        for number, item in enumerate(items, 1):
            if a_commit and not connection.in_transaction:
                connection.execute("BEGIN IMMEDIATE")
            one(item, connection)
            if a_commit and (number % a_commit == 0 or number == len(items)):
                connection.execute("COMMIT")
        took = time.perf_counter() - begun
        connection.close()
        return len(items) / took

    def _connect(self) -> sqlite3.Connection:
        path = self._folder / "plain.sqlite"
        path.unlink(missing_ok=True)
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE entry (number INTEGER PRIMARY KEY, line BLOB, signature BLOB)")
        return connection


def _root(hashes: Sequence[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    left = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + _root(hashes[:left]) + _root(hashes[left:])).digest()
