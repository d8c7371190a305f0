"""What stands on a node's disk after a fault, and what is wrong with it: everything computed anew from the entries."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from gateway.bus.embedded_topic import TopicFile
from gateway.bus.port import CHECKPOINT, LOG_INDEX, Message, header, record_topic
from gateway.ledger import logbook
from gateway.ledger.checkpoint import parse_text
from gateway.ledger.database import connect
from gateway.ledger.logbook import Seal
from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.trust import notes
from tests.ledger import naive

LEDGER, MIRRORS = "ledger.sqlite", "mirrors.sqlite"


@dataclass(frozen=True)
class Standing:
    """One log as a database holds it."""

    origin: str
    size: int
    keys: list[int]
    entries: list[bytes]
    seals: list[Seal]
    root: bytes
    quarantined: int

    def ids(self) -> list[str]:
        return [record_id(entry) for entry in self.entries]


def record_id(entry: bytes) -> str:
    """The id of a signed record."""
    return str(orjson.loads(entry.partition(b"\n\n")[0])["id"])


def standing(data: Path, jurisdiction: str, file: str = LEDGER) -> dict[str, Standing]:
    """Every log of a jurisdiction in a database of a data folder, in one snapshot; its node may be running."""
    with closing(connect(data / file, read_only=True)) as connection:
        connection.execute("BEGIN")
        logs = [log for log in logbook.all_logs(connection) if log.jurisdiction == jurisdiction]
        return {log.origin: _read(connection, log) for log in logs}


def rows(data: Path, file: str = LEDGER) -> list[logbook.Log]:
    """Every log's own row."""
    with closing(connect(data / file, read_only=True)) as connection:
        return logbook.all_logs(connection)


def sizes(data: Path, jurisdiction: str, file: str = LEDGER) -> dict[str, int]:
    """How many leaves a database promises of each log of a jurisdiction."""
    return {log.origin: log.size for log in rows(data, file) if log.jurisdiction == jurisdiction}


def _read(connection: Any, log: logbook.Log) -> Standing:
    span = (logbook.key_of(log.number, 0), logbook.key_of(log.number + 1, 0))
    rows = connection.execute("SELECT key, entry FROM entries WHERE key >= ? AND key < ? ORDER BY key", span).fetchall()
    bad = connection.execute("SELECT count(*) FROM quarantine WHERE key >= ? AND key < ?", span).fetchone()[0]
    seals = list(logbook.seals(connection, log.number, 0, logbook.INDEX_MASK))
    root = logbook.root_at(connection, log.number, log.size)
    keys, entries = [logbook.index_of(key) for key, _ in rows], [entry for _, entry in rows]
    return Standing(log.origin, log.size, keys, entries, seals, root, bad)


def tree_faults(log: Standing) -> Iterator[str]:
    """Leaves without a hole, all of them sealed; every seal's root, and the stored tree's, as the leaves give them."""
    if log.keys != list(range(log.size)):
        yield f"{log.origin}: {log.size} leaves are promised, {len(log.keys)} stand"
    if log.quarantined:
        yield f"{log.origin}: {log.quarantined} leaves are quarantined"
    hashes = [leaf_hash(entry) for entry in log.entries]
    if log.root != naive.tree_hash(hashes):
        yield f"{log.origin}: the stored tree is not that of the leaves"
    if (log.seals[-1].size if log.seals else 0) != log.size:
        yield f"{log.origin}: the last seal does not cover all leaves"
    tree = Frontier(0, [])
    for seal in log.seals:
        tree.extend(hashes[tree.size : seal.size])
        said = parse_text(notes.parse(seal.note, 16, max_size=65_535).text)
        if {(seal.size, seal.root), (tree.size, tree.root())} != {(said.size, said.root)}:
            yield f"{log.origin}: the seal of {seal.size} is not over the leaves"
    for one, other in itertools.pairwise(log.seals):
        if not (one.size < other.size and one.date <= other.date):
            yield f"{log.origin}: the seals of {one.size} and {other.size} do not rise"


def lost(logs: Mapping[str, Standing], receipts: Mapping[str, Any]) -> list[str]:
    """Acknowledged records that do not stand where their receipts say; ``receipts``: id → receipt."""
    ids = {origin: dict(zip(log.keys, log.ids(), strict=True)) for origin, log in logs.items()}
    return [
        f"{record} at {receipt['index']} of {receipt['log']}"
        for record, receipt in receipts.items()
        if ids.get(receipt["log"], {}).get(receipt["index"]) != record or logs[receipt["log"]].size < receipt["size"]
    ]


def doubled(logs: Mapping[str, Standing]) -> list[str]:
    """Ids that stand more than once, in whatever log."""
    return [each for each, count in Counter(each for log in logs.values() for each in log.ids()).items() if count > 1]


def sent(bus: Path, jurisdiction: str, family: str) -> dict[int, list[Message]]:
    """All messages of a record topic by the index they claim."""
    path = bus / f"{record_topic('jjj', jurisdiction, family)}.sqlite"
    found: dict[int, list[Message]] = {}
    if not path.exists():
        return found
    with closing(TopicFile(path, busy_s=5)) as topic:
        position: int | None = None
        while (page := topic.page(position, 1000, 1 << 24)[1])[:1]:
            for received in page:
                found.setdefault(int(header(received.message, LOG_INDEX) or b"-1"), []).append(received.message)
            position = page[-1].position + 1
    return found


def sending_faults(log: Standing, messages: Mapping[int, list[Message]]) -> Iterator[str]:
    """Every message is the leaf it says, with its seal if one ends there; sent again, it is the same to the byte."""
    seals = {seal.size - 1: seal.note for seal in log.seals}
    for index, copies in messages.items():
        if len(set(copies)) != 1:
            yield f"{log.origin}: index {index} was sent with different bytes"
        elif header(copies[0], CHECKPOINT) != seals.get(index):
            yield f"{log.origin}: index {index} was sent without its seal, or with another"
        elif copies[0].value + b"\n\n" + (header(copies[0], "signature") or b"") != log.entries[index]:
            yield f"{log.origin}: index {index} was sent as another leaf"
