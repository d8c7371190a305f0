"""Does a node keep, beside its logs, what the logs say? Index, quarantine and columns held against the entries (law
6, DESIGN §10).

The index is made anew in a database of our own while the leaves go through the gate, then compared row by row; row
numbers that depend on history are compared by what they stand for. An index that was judged with other trust data is
left alone, and that is said.

>>> findings, notices = database.compare(trust)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from gateway.audit.report import AuditFinding, found
from gateway.errors import Refused
from gateway.ledger import logbook
from gateway.ledger.logbook import INDEX_BITS, Log, index_of, key_of
from gateway.node import holdernames, index, rejudge
from gateway.node.statements import Statement
from gateway.trust.gate import VerifiedRecord
from gateway.trust.trusted import TrustData

Row = tuple[object, ...]

_SUBJECT = "s.family, s.source, s.subject"
KEPT: Mapping[str, str] = {
    "records": f"SELECT r.key, {_SUBJECT}, r.type, r.state, r.since, r.time, r.logged, r.known, r.erased"
    " FROM records r LEFT JOIN subjects s ON s.number = r.subject ORDER BY r.key",
    "quarantine": "SELECT key, subject, id, reason, field, known FROM quarantine ORDER BY key",
    "ids": "SELECT log, id, first FROM ids ORDER BY log, id",
    "subjects": "SELECT family, source, subject FROM subjects ORDER BY family, source, subject",
    "terms": f"SELECT t.kind, t.term, {_SUBJECT}, t.first FROM terms t LEFT JOIN subjects s ON s.number = t.subject"
    " ORDER BY 1, 2, 3, 4, 5",
}
BY_LEAF = ("records", "quarantine")
OTHER_TRUST = "索引依据其他信任文件生成，未作比对 · its index was made with other trust data; not compared"
NOT_WHOLE = "部分记录无法核验，未比对索引 · not every leaf could be judged; its index was not compared"
UNREADABLE = (sqlite3.Error, ValueError, TypeError)
"""What a damaged database raises: pages, names that are no UTF-8, values of another kind."""
_KEYED = (("entries", INDEX_BITS), ("seals", INDEX_BITS), ("tiles", 48))
_RANKS: Mapping[type, int] = {type(None): 0, int: 1, float: 1, str: 2, bytes: 3}


class KeptDatabase:
    """One database of a node, and its index as the audit makes it."""

    def __init__(self, connection: sqlite3.Connection, file: str, logs: Sequence[Log]) -> None:
        self.connection = connection
        self.file = file
        self.findings: list[AuditFinding] = []
        self.judged: dict[int, int] = {}
        self.gone: set[int] = set()
        self._logs = {log.number: log for log in logs}
        self._made: sqlite3.Connection | None = None

    @property
    def made(self) -> sqlite3.Connection:
        """Where the index is made anew: private, temporary, opened when it is needed."""
        if self._made is None:
            self._made = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._made.executescript(
                f"PRAGMA journal_mode=OFF; PRAGMA cache_size=-64000; {logbook.TABLES} {index.TABLES} BEGIN;"
            )
        return self._made

    def close(self) -> None:
        """Throw away what was made."""
        if self._made is not None:
            self._made.close()

    def compare(self, trust: TrustData | None) -> tuple[list[AuditFinding], list[str]]:
        """Everything that the database says otherwise than its logs; and what could not be compared."""
        try:
            notices = self._compare(trust)
        except UNREADABLE as error:
            return [*self.findings, found("ledger.corrupt", file=self.file, detail=error)], []
        return self.findings, notices

    def _compare(self, trust: TrustData | None) -> list[str]:
        self.findings.extend(
            found("log.frozen", log.origin, detail=log.frozen) for log in self._logs.values() if log.frozen is not None
        )
        self.findings.extend(self._stray_rows())
        whole = all(self.judged.get(log.number, 0) == log.size for log in self._logs.values())
        if trust is None or not self.judged:
            return []
        self.findings.extend(
            found("ledger.corrupt", file=self.file, detail=text)
            for (text,) in self.connection.execute("PRAGMA integrity_check(10)")
            if text != "ok"
        )
        if rejudge.due(self.connection, trust):
            return [f"{self.file}: {OTHER_TRUST}"]
        if not whole:
            return [f"{self.file}: {NOT_WHOLE}"]
        for table in KEPT:
            self.findings.extend(self._differing(table))
        self.findings.extend(
            found("index.other", file=self.file, detail=f"holder_names lacks {name}")
            for name in islice(holdernames.unlisted(self.connection), 1)
        )
        return []

    def _stray_rows(self) -> Iterator[AuditFinding]:
        """Rows whose log the database does not know."""
        for table, bits in _KEYED:
            start = -(1 << 63)
            while True:
                key = self.connection.execute(f"SELECT min(key) FROM {table} WHERE key >= ?", (start,)).fetchone()[0]
                if key is None:
                    break
                if key >> bits not in self._logs:
                    yield found(
                        "ledger.rows",
                        file=self.file,
                        detail=f"table {table} has rows of a log number {key >> bits} that there is not",
                    )
                if (key >> bits) + 1 >= 1 << 63 - bits:
                    break
                start = (key >> bits) + 1 << bits

    def _differing(self, table: str) -> Iterator[AuditFinding]:
        """The first row that is kept otherwise, if there is one."""
        kept = (tuple(row) for row in self.connection.execute(KEPT[table]))
        made = (tuple(row) for row in self.made.execute(KEPT[table]))
        for row, missing in _unlike(kept, made):
            if not missing and self.gone and (table not in BY_LEAF or row[0] in self.gone):
                continue  # what an erased leaf once said is known to nobody but this index
            yield self._say(table, row, missing)
            return

    def _say(self, table: str, row: Row, missing: bool) -> AuditFinding:
        what = "lacks, or has otherwise," if missing else "has, and should not have,"
        key = row[0] if table in BY_LEAF and isinstance(row[0], int) else None
        log = self._logs.get(key >> INDEX_BITS) if key is not None else None
        where = (
            f"entry {index_of(key)} of {log.origin}" if key is not None and log is not None else f"{row[0]} {row[1]}"
        )
        origin, leaf = (log.origin, index_of(key)) if key is not None and log is not None else ("", None)
        return found("index.other", origin, index=leaf, file=self.file, detail=f"{table} {what} {where}")


class Kept:
    """What is kept of one log; told everything that the audit of the log finds out."""

    def __init__(self, database: KeptDatabase, log: Log) -> None:
        self._database = database
        self._log = log
        self._known: tuple[int, int] = (-1, 0)

    def statement(self, statement: Statement, *, sealed: bool) -> None:
        """Hold the columns of a sealed checkpoint, or of the checkpoint, against its note."""
        origin, file = self._log.origin, self._database.file
        try:
            good = self._sealed_so(statement) if sealed else self._newest_so(statement)
        except UNREADABLE as error:
            self._find(found("ledger.corrupt", origin, file=file, detail=error))
            return
        if not good:
            detail = f"the columns of the checkpoint of size {statement.size} are not what its note says"
            self._find(found("ledger.rows", origin, index=statement.size, file=file, detail=detail))
        if not sealed and self._log.size != statement.size:
            self._find(found("ledger.size", origin, index=statement.size, file=file, detail=self._log.size))

    def _sealed_so(self, statement: Statement) -> bool:
        row = logbook.seal_at(self._database.connection, self._log.number, statement.size)
        return row is not None and (bytes(row.root), row.date) == (statement.root, statement.date)

    def _newest_so(self, statement: Statement) -> bool:
        newest = logbook.newest_checkpoint(self._database.connection, self._log.number)
        return newest is not None and newest[:2] == (statement.size, statement.date)

    def judged(self, leaf: int, entry: bytes, sealed: Statement, result: VerifiedRecord | Refused) -> None:
        """Index the leaf in the database of our own, as a first reading would."""
        made, known = self._database.made, self._known_at(sealed.size)
        if isinstance(result, Refused):
            index.quarantine(made, self._log, leaf, entry, result, known)
        else:
            index.accept(made, self._log, result, known)
        self._count()

    def erased(self, leaf: int) -> None:
        """Nothing can be indexed of a leaf without bytes."""
        self._database.gone.add(key_of(self._log.number, leaf))
        self._count()

    def _count(self) -> None:
        self._database.judged[self._log.number] = self._database.judged.get(self._log.number, 0) + 1

    def _known_at(self, size: int) -> int:
        """When the node had the seal of this size (ms), by its own word."""
        if self._known[0] != size:
            try:
                seal = logbook.seal_at(self._database.connection, self._log.number, size)
            except UNREADABLE:
                seal = None  # said by ``statement``
            self._known = (size, seal.known if seal is not None else 0)
        return self._known[1]

    def _find(self, finding: AuditFinding) -> None:
        self._database.findings.append(finding)


def _unlike(kept: Iterator[Row], made: Iterator[Row]) -> Iterator[tuple[Row, bool]]:
    """Rows of two sorted runs that stand in one only; True: in ``made``, so ``kept`` lacks it."""
    left, right = next(kept, None), next(made, None)
    while left is not None or right is not None:
        if left == right:
            left, right = next(kept, None), next(made, None)
        elif right is None or (left is not None and _sortable(left) < _sortable(right)):
            yield left or (), False
            left = next(kept, None)
        else:
            yield right, True
            right = next(made, None)


def _sortable(row: Row) -> tuple[tuple[int, object], ...]:
    """In SQLite's order: nothing, numbers, text, bytes."""
    return tuple((_RANKS[type(value)], value if value is not None else 0) for value in row)
