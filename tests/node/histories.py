"""Histories of one log, made leaf by leaf, good and bad, and a reader in memory: for tests of the index and of judging
again.

    with reading(ground) as desk:
        written(desk, step("issued"), step("changed", "newer"))
        desk.read([2], ground.trusts[0])
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from hypothesis import strategies as st

from gateway.audit import kept
from gateway.errors import Refused
from gateway.ledger import logbook
from gateway.ledger.logbook import Seal
from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.node import admission, rejudge, subjects
from gateway.node.runtime import SCHEMA
from gateway.node.tail import Run
from gateway.trust import gate
from gateway.trust.trusted import TrustData, load
from tests.handmade import HandMade, stamp
from tests.records import builders
from tests.simulator import World

BASE = int(time.time()) - 10_000
SUBJECTS = 2
SUBJECT = f"{builders.TYPE_CODES['permit'][0]}:{builders.food_number(1)}"
STATES = {"issued": "01", "changed": "01", "suspended": "02", "resumed": "01", "revoked": "07", "objected": "01"}
NEWER = "urn:jjj:schema:licence:1.1"


@dataclass(frozen=True)
class Step:
    """One leaf: what is said of which subject, what is wrong with it, and which earlier leaf it names."""

    verb: str
    about: int
    fault: str
    named: int


STEPS = st.builds(
    Step,
    st.sampled_from([*STATES, "retracted", "erased"]),
    st.integers(0, SUBJECTS - 1),
    st.sampled_from(["", "", "", "newer", "newer", "key", "field", "late", "id", "rubbish", "two"]),
    st.integers(0, 20),
)


class Author:
    """Writes the leaves of a history, good and bad, at instants that are the test's own."""

    def __init__(self, log: HandMade, stranger: Any) -> None:
        self.log = log
        self.stranger = stranger
        self.lines: list[bytes] = []
        self.entries: list[bytes] = []

    def write(self, step: Step) -> None:
        index = len(self.entries)
        when = BASE + 10 * index + (500 if step.fault == "late" else 0)
        members: dict[str, Any] = {"type": f"jjj.licence.{step.verb}", "time": stamp(when)}
        members["id"] = builders.record_id(step.named if step.fault == "id" and step.named < index else index)
        data = self.data(step, members)
        if step.fault == "newer":
            members["dataschema"], data["note"] = NEWER, "since 1.1"
        if step.fault == "field":
            data["remark"] = "x"
        line = b"[]" if step.fault == "rubbish" else self.log.line(data, **members)
        if step.fault == "two":
            line = line.replace(b'"subject":', b'"subject":"x:1","subject":', 1)
        self.lines.append(line)
        self.entries.append(self.log.sign(line, self.stranger if step.fault == "key" else None))

    def data(self, step: Step, members: dict[str, Any]) -> dict[str, Any]:
        named = step.named % len(self.entries) if self.entries else 0
        number = builders.food_number(step.about + 1)
        if step.verb in ("retracted", "erased"):
            members["subject"] = f"{builders.TYPE_CODES['permit'][0]}:{number}"
            hashed = leaf_hash(self.entries[named]) if self.entries else bytes(32)
            return builders.correction(named, hashed)
        data = builders.licence(number=number, state={"code": STATES[step.verb], "since": "2025-01-01"})
        return builders.change(data, {"holder.name": f"示例{len(self.entries) % 3}有限公司"})


@dataclass
class Desk:
    """A reader of one log in memory: what is read, when, and with which trust data, is the test's."""

    connection: sqlite3.Connection
    author: Author

    @property
    def log(self) -> logbook.Log:
        found = logbook.find_log(self.connection, self.author.log.origin)
        assert found is not None
        return found

    def seal(self, size: int, known: int = 0) -> Seal:
        tree = Frontier(0, [])
        tree.extend([leaf_hash(entry) for entry in self.author.entries[:size]])
        return Seal(size, tree.root(), BASE + 10 * size, b"seal %d" % size, known)

    def read(self, sizes: list[int], trust: TrustData) -> None:
        """Take leaves up to the last of these sizes, with a seal at each."""
        log, hashes = self.log, [leaf_hash(entry) for entry in self.author.entries]
        seals = [self.seal(size, 1000 + size) for size in sizes]
        span = slice(log.size, sizes[-1])
        run = Run(log.size, self.author.entries[span], hashes[span], seals, Frontier(0, []), None)
        readings = []
        for entry, (place, _) in zip(run.entries, admission.places(log, run), strict=True):
            try:
                readings.append(gate.read(entry, place, trust))
            except Refused as refused:
                readings.append(refused)
        admission.write(self.connection, log, run, readings)

    def kept(self) -> dict[str, list[Any]]:
        """Everything that the index says, by content: row numbers depend on history."""
        tables = {name: self.connection.execute(query).fetchall() for name, query in kept.KEPT.items()}
        tables["retracts"] = self.connection.execute("SELECT key, retracts FROM records ORDER BY key").fetchall()
        query = "SELECT key, field, message, erased FROM quarantine ORDER BY key"
        tables["messages"] = self.connection.execute(query).fetchall()
        return tables

    def made_again(self, trust: TrustData) -> dict[str, list[Any]]:
        rejudge.rebuild(self.connection, trust)
        return self.kept()


@dataclass(repr=False)
class Ground:
    """Sanhe's log; a record key that is entered later; the trust data before, with the newer schema, with both; then
    with the record key revoked from leaf 6 on, from leaf 3 on, and all unsigned by its authority refused.
    """

    log: HandMade
    stranger: Any
    trusts: list[TrustData]


def found_ground(folder: Path) -> Ground:
    """A world for histories."""
    world = World(folder, "sanhe", "tongzhou")
    log = world.log_of("sanhe")
    stranger, folder = log.stranger(), world.folder / "tongzhou"
    trusts = [load(folder / "trust", (folder / "schemas",))]
    world.give_schema("tongzhou")
    trusts.append(load(folder / "trust", (folder / "schemas",)))
    member = world.member("sanhe")
    key = next(key for key in member["keys"] if key["role"] == "record") | {"vkey": stranger.key.text()}
    world.found(sanhe={"keys": [*member["keys"], key]})
    trusts.append(load(folder / "trust", (folder / "schemas",)))
    for good_below, at in ((6, 90), (3, 50)):
        world.found(sanhe={"keys": [*revoked(member, log.origin, good_below, BASE + at), key]})
        trusts.append(load(folder / "trust", (folder / "schemas",)))
    policy = orjson.loads((folder / "trust" / "catalogue.json").read_bytes())
    for entry in policy["types"]:
        entry["authority_signed"] = {"sanhe": "2020-01-01"}
    (folder / "trust" / "catalogue.json").write_bytes(orjson.dumps(policy))
    trusts.append(load(folder / "trust", (folder / "schemas",)))
    return Ground(log, stranger, trusts)


def revoked(member: dict[str, Any], origin: str, good_below: int, at: int) -> list[dict[str, Any]]:
    """The keys of a member, its record key revoked."""
    revocation = {"at": stamp(at), "reason": "示例", "good_below": {origin: good_below}}
    return [key | ({"revoked": revocation} if key["role"] == "record" else {}) for key in member["keys"]]


@contextmanager
def reading(ground: Ground) -> Iterator[Desk]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(SCHEMA)
        logbook.open_log(connection, "jjj.test/other/licence", "other", "licence")
        logbook.open_log(connection, ground.log.origin, "sanhe", "licence")
        yield Desk(connection, Author(ground.log, ground.stranger))


def written(desk: Desk, *steps: Step) -> None:
    for step in steps:
        desk.author.write(step)


def step(verb: str, fault: str = "", named: int = 0, about: int = 0) -> Step:
    return Step(verb, about, fault, named)


def quarantined(desk: Desk) -> list[tuple[int, str]]:
    return [(leaf.index, leaf.reason) for _, leaf in subjects.quarantine_page(desk.connection, -1, 100)]
