"""Which messages claim a place in a log, and what has the log's owner signed? All that one log's topics hold, put by
until it is judged (laws 3 and 5).

Nothing is believed here: anybody may append anything. Entries lie in a scratch file, in memory only what the log's
own key has signed. A message that claims no index, or says one twice, claims nothing; its checkpoint is read all the
same.

>>> claims.take(position, message)
>>> claims.options(7)
[Claim(index=7, leaf=b'...', position=12, row=13)]
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.bus.port import CHECKPOINT, LOG_INDEX, SIGNATURE, Message, header
from gateway.errors import Refused
from gateway.ledger.checkpoint import MAX_SIZE
from gateway.ledger.merkle import leaf_hash
from gateway.ledger.tiles import MAX_ENTRY
from gateway.node import statements
from gateway.node.statements import Statement
from gateway.trust import notes
from gateway.trust.canonical import decode_decimal
from gateway.trust.members import ANY
from gateway.trust.notes import Identity
from gateway.trust.suites import VerifierKey
from gateway.trust.trusted import TrustData

MOST_LINES = 16
MOST_OPTIONS = 64
"""Of one index, those looked at: what a record key has signed comes first, so that no stranger can crowd it out."""
SCHEMA = """
CREATE TABLE claims (row INTEGER PRIMARY KEY, place INTEGER, leaf BLOB, position INTEGER, entry BLOB);
CREATE UNIQUE INDEX by_place ON claims (place, leaf);
CREATE INDEX by_leaf ON claims (leaf);
CREATE TABLE chosen (place INTEGER PRIMARY KEY, row INTEGER, leaf BLOB);
CREATE INDEX chosen_by_leaf ON chosen (leaf);
CREATE TABLE tiles (path TEXT PRIMARY KEY, bytes BLOB) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that claims an index; ``row``: where its entry lies."""

    index: int
    leaf: bytes
    position: int
    row: int


class Claims:
    """One log's. ``begins``: the first position that retention has left; ``statements``: by size and root, the earliest
    dated of each; ``newest``: the latest. ``place``: origin, jurisdiction, family.
    """

    def __init__(self, file: Path, place: tuple[str, str, str], trust: TrustData) -> None:
        self.begins = 0
        self.statements: dict[tuple[int, bytes], Statement] = {}
        self.newest: dict[tuple[int, bytes], Statement] = {}
        self.database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self.database.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {SCHEMA} BEGIN;")
        self._place = place
        self._trust = trust
        own = trust.roster.keys("record", place[1]).items()
        families = {place[2], ANY}
        self._own: Mapping[Identity, VerifierKey] = {who: key.vkey for who, key in own if families & key.families}
        others = trust.roster.known_keys.items()
        self._others = {who: key.vkey for who, key in others if key.role == "record" and who not in self._own}

    def close(self) -> None:
        """Give the scratch file back."""
        self.database.close()

    # What comes

    def take(self, position: int, message: Message) -> None:
        """One message of the record topic."""
        self.take_note(header(message, CHECKPOINT) or b"")
        index, signature = header(message, LOG_INDEX), header(message, SIGNATURE)
        place = decode_decimal(index, MAX_SIZE) if index is not None else None
        entry = message.value + b"\n\n" + (signature or b"")
        if place is None or signature is None or not message.value or len(entry) > MAX_ENTRY:
            return
        row = (place, leaf_hash(entry), position, entry)
        self.database.execute("INSERT OR IGNORE INTO claims (place, leaf, position, entry) VALUES (?, ?, ?, ?)", row)

    def take_note(self, note: bytes) -> None:
        """A note of either topic. What the log's own keys have not signed is rubbish."""
        if not note:
            return
        try:
            said = statements.read(note, *self._place, self._trust)
        except Refused:
            return
        what = said.size, said.root
        if what not in self.statements or said.date < self.statements[what].date:
            self.statements[what] = said
        if what not in self.newest or said.date > self.newest[what].date:
            self.newest[what] = said

    # What there is

    @property
    def first(self) -> int | None:
        """The least index that anything vouched for claims, None without one."""
        query = "SELECT place, leaf, position, row FROM claims ORDER BY place"
        return next((claim.index for claim in map(_claim, self.database.execute(query)) if not self.fault(claim)), None)

    def known(self, start: int, stop: int) -> Iterator[list[Claim]]:
        """The claims to each index of a range that any claim, the best first."""
        held: list[Claim] = []
        query = "SELECT place, leaf, position, row FROM claims WHERE place >= ? AND place < ? ORDER BY place, position"
        for claim in map(_claim, self.database.execute(query, (start, stop))):
            if held and held[0].index != claim.index:
                yield self._ranked(held)
                held = []
            held.append(claim)
        if held:
            yield self._ranked(held)

    def _ranked(self, claims: list[Claim]) -> list[Claim]:
        if len(claims) == 1:
            return claims
        return sorted(claims, key=lambda each: (bool(self.fault(each)), self._stands(each.leaf), each.position))[
            :MOST_OPTIONS
        ]

    def _stands(self, leaf: bytes) -> bool:
        return self.database.execute("SELECT 1 FROM chosen WHERE leaf = ?", (leaf,)).fetchone() is not None

    def entry(self, row: int) -> bytes:
        """The entry of a claim."""
        return bytes(self.database.execute("SELECT entry FROM claims WHERE row = ?", (row,)).fetchone()[0])

    def fault(self, claim: Claim) -> str:
        """Why no record key of the log's jurisdiction vouches for it, or ""."""
        try:
            parsed = notes.parse(self.entry(claim.row), MOST_LINES)
            known = notes.verify(parsed, {**self._others, **self._own})
        except Refused as refused:
            return refused.message or refused.reason
        signers = {(each.line.name, each.line.key_id) for each in known}
        if not signers:
            return f"no known record key of {self._place[1]} has signed it"
        return "" if signers <= self._own.keys() else "a record key of another log has signed it"

    def choose(self, claims: list[Claim], start: int) -> None:
        """The leaves from ``start`` on that a signed root covers."""
        rows = [(place, claim.row, claim.leaf) for place, claim in enumerate(claims, start)]
        self.database.executemany("INSERT INTO chosen VALUES (?, ?, ?)", rows)

    def keep_tile(self, path: str, content: bytes) -> None:
        """A tile that the chosen leaves make."""
        self.database.execute("INSERT INTO tiles VALUES (?, ?)", (path, content))

    def tile(self, path: str) -> bytes | None:
        """One of them."""
        row = self.database.execute("SELECT bytes FROM tiles WHERE path = ?", (path,)).fetchone()
        return None if row is None else bytes(row[0])

    def entries(self, start: int, stop: int) -> list[bytes]:
        """Chosen entries."""
        query = "SELECT entry FROM chosen JOIN claims USING (row) WHERE chosen.place >= ? AND chosen.place < ? "
        return [bytes(row[0]) for row in self.database.execute(query + "ORDER BY chosen.place", (start, stop))]


def _claim(row: tuple[int, bytes, int, int]) -> Claim:
    return Claim(*row)
