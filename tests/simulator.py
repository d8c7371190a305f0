"""A network of jurisdictions in a folder: real nodes, real keys, a real bus; and everything a hostile one may do.

Tests read as stories: found a network, start nodes, publish, tamper with the topic, roll back, fork, go silent. After each step
``audited`` may check a whole log. Nothing of ours is mocked: hostile bytes are made with the hostile one's real keys.

    async with World(tmp_path, "sanhe", "tongzhou") as world:
        sanhe = await world.start("sanhe")
        await sanhe.publish(licence())
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from gateway.bus.embedded_topic import TopicFile
from gateway.bus.port import Message, checkpoint_topic, record_topic
from gateway.ledger import checkpoint
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.node import config as node_config
from gateway.node.door import Draft, Receipt
from gateway.node.nodekeys import NodeKeys, load, names
from gateway.node.runtime import Node
from gateway.ops import nodefolder
from gateway.records import compact
from gateway.records.families import subject_of_data
from gateway.records.uuid7 import NOISE_BYTES, uuid7
from gateway.trust import keyfiles, notes
from tests.records import builders

NETWORK = "jjj.test"
PATIENCE_S = 20.0
FAMILIES = nodefolder.FAMILIES
TYPES = tuple(code for code, _ in builders.TYPE_CODES.values())


async def eventually(condition: Callable[[], Any], what: str = "") -> Any:
    """Wait until the condition holds; fails with its name when it does not within 20 s."""
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"did not come true: {what or condition}")
        await asyncio.sleep(0.02)
    return found


@dataclass
class Running:
    """One running node and what a test does with it."""

    world: World
    node: Node
    task: asyncio.Task[None]

    @property
    def id(self) -> str:
        return self.node.jurisdiction.id

    async def sealing(self) -> Running:
        await eventually(lambda: self.node.publisher.refusing is None, f"{self.id} seals")
        return self

    async def publish(self, *data: Mapping[str, Any], type: str = "jjj.licence.issued") -> list[Receipt]:
        """Publish through the node's door; every record must be taken."""
        await self.sealing()
        receipts = await self.node.publisher.publish([Draft(type, each) for each in data])
        assert [receipt.status for receipt in receipts] == ["logged"] * len(data), receipts
        return receipts

    def follower(self, source: str, family: str = "licence") -> Any:
        return self.node.followers[f"{NETWORK}/{source}/{family}"]

    async def mirrored(self, source: str, size: int, family: str = "licence") -> None:
        """Wait until this node holds that many leaves of a partner's log under a verified checkpoint."""
        await eventually(lambda: self.follower(source, family).log.size >= size, f"{self.id} mirrors {size} of {source}")

    def garbage(self, source: str, reason: str, family: str = "licence") -> float:
        """How often a message of a partner's topic was thrown away for this reason."""
        labels = {"origin": f"{NETWORK}/{source}/{family}", "reason": reason}
        return self.node.measures.registry.get_sample_value("jjj_transport_garbage_total", labels) or 0.0

    def quarantine(self) -> list[tuple[int, str, str | None]]:
        """(index, reason, subject) of every quarantined leaf of the mirrors."""
        found = self.node.mirrors.read.execute("SELECT key & 1099511627775, reason, subject FROM quarantine ORDER BY key")
        return [tuple(row) for row in found]

    def state(self) -> list[Any]:
        """All that the mirrors say, for "leaves state unchanged"."""
        tables = ("entries", "seals", "subjects", "records", "ids", "terms", "quarantine", "evidence")
        read = self.node.mirrors.read
        rows = [(table, read.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()) for table in tables]
        return [rows, read.execute("SELECT origin, size, frozen FROM logs ORDER BY origin").fetchall()]

    async def stop(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@dataclass
class World:
    """The network's folder. Jurisdictions are founded with real keys; nodes start on request."""

    folder: Path
    jurisdictions: Sequence[str]
    agreements: list[dict[str, Any]] = field(default_factory=list)
    heartbeat_s: float = 1.0
    urls: dict[str, str] = field(default_factory=dict)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def __init__(self, folder: Path, *jurisdictions: str, heartbeat_s: float = 1.0) -> None:
        self.folder = folder
        self.jurisdictions = jurisdictions
        self.heartbeat_s = heartbeat_s
        self.urls = {}
        self.agreements = []
        self._stack = AsyncExitStack()
        for jurisdiction in jurisdictions:
            nodefolder.lay_out(folder / jurisdiction, jurisdiction, port=0, heartbeat_s=heartbeat_s)
            for stem, _, _, _ in names(NETWORK, jurisdiction, FAMILIES):
                keyfiles.generate(folder / jurisdiction / "keys" / f"{stem}.pem")
        self.found()

    async def __aenter__(self) -> World:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    # Trust

    def found(self, **changes: Mapping[str, Any]) -> None:
        """Write roster, agreements and catalogue into every node's folder; ``changes``: jurisdiction → roster members."""
        members = [{**self.member(each), **changes.get(each, {})} for each in self.jurisdictions]
        documents = {
            "roster.json": {"version": 1, "network": NETWORK, "jurisdictions": members},
            "agreements.json": {"version": 1, "agreements": self.agreements or [self.agreement()]},
            "catalogue.json": {"version": 1, "types": [self.catalogue_type(code) for code in TYPES]},
        }
        for each in self.jurisdictions:
            nodefolder.write_trust(self.folder / each, {name: orjson.dumps(body) for name, body in documents.items()})

    def member(self, jurisdiction: str) -> dict[str, Any]:
        """A jurisdiction as the roster names it."""
        signers = {stem: (role, family, name) for stem, role, family, name in names(NETWORK, jurisdiction, FAMILIES)}
        keys = []
        for stem, (role, family, name) in signers.items():
            make = keyfiles.load_cosigner if role in ("heartbeat", "witness") else keyfiles.load_signer
            vkey = make(self.folder / jurisdiction / "keys" / f"{stem}.pem", name).key.text()
            families = list(FAMILIES) if family == "*" else [family]
            window = {"not_before": "2020-01-01T00:00:00Z", "not_after": "2040-01-01T00:00:00Z"}
            keys.append({"role": role, "vkey": vkey, "families": families, **window})
        return {
            "id": jurisdiction,
            "name": jurisdiction,
            "region": f"9900{self.jurisdictions.index(jurisdiction):02d}",
            "aliases": [],
            "urls": [self.urls[jurisdiction]] if jurisdiction in self.urls else [],
            "logs": [{"family": family, "origin": f"{NETWORK}/{jurisdiction}/{family}"} for family in FAMILIES],
            "keys": keys,
            "authorities": [
                {
                    "uscc": builders.ISSUER,
                    "name": "示例市场监督管理局",
                    "types": list(TYPES),
                    "carried": False,
                    "since": "2000-01-01",
                    "contact": {"phone": "010-0000-0001", "hours": "9-17"},
                }
            ],
        }

    def agreement(self, **changes: Any) -> dict[str, Any]:
        """Everyone recognises everyone's licences."""
        everyone = list(self.jurisdictions)
        return {
            "id": "2026-001",
            "title": "示例互认协议",
            "issued_by": everyone,
            "recognised_by": everyone,
            "types": ["*"],
            "purposes": ["*"],
            "since": "2020-01-01",
            "until": "2099-12-31",
            "witnesses": 0,
            "freshness_s": 86_400,
            "carried": True,
            "unchanged": [],
            "credit": [],
            "otherwise": "示例",
            **changes,
        }

    def catalogue_type(self, code: str, **changes: Any) -> dict[str, Any]:
        """A licence type of this world."""
        return {
            "code": code,
            "name": code,
            "kind": "permit",
            "number_checks": [],
            "volatile": False,
            "irreversible": ["03", "04", "05", "07"],
            "complete": {each: "2020-01-01" for each in self.jurisdictions},
            **changes,
        }

    # Nodes

    async def start(self, jurisdiction: str) -> Running:
        """Run a node without its web server."""
        config = node_config.load(self.folder / jurisdiction / nodefolder.CONFIG)
        node = Node(config, refused_keys=frozenset())
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(_live(node, started), name=jurisdiction)
        await asyncio.wait([task, started], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        running = Running(self, node, task)
        self._stack.push_async_callback(running.stop)
        return running

    async def start_all(self) -> list[Running]:
        return [await self.start(each) for each in self.jurisdictions]

    # Hostile hands

    def keys(self, jurisdiction: str) -> NodeKeys:
        """The private keys of a jurisdiction, in the wrong hands."""
        return load(self.folder / jurisdiction / "keys", NETWORK, jurisdiction, FAMILIES, frozenset())

    def append(self, jurisdiction: str, *messages: Message, family: str = "licence") -> None:
        """Append to a record topic as anybody may who reaches the bus."""
        self._append(record_topic("jjj", jurisdiction, family), messages)

    def append_checkpoint(self, jurisdiction: str, *notes_: bytes, family: str = "licence") -> None:
        """Append to a checkpoint topic."""
        origin = f"{NETWORK}/{jurisdiction}/{family}"
        self._append(checkpoint_topic("jjj", jurisdiction), [Message(f"{origin} {origin}".encode(), note) for note in notes_])

    def _append(self, topic: str, messages: Sequence[Message]) -> None:
        bus = self.folder / "bus"
        bus.mkdir(exist_ok=True)
        with closing(TopicFile.made(bus / f"{topic}.sqlite", busy_s=5)) as file:
            file.append(list(messages))

    def log_of(self, jurisdiction: str, family: str = "licence") -> HandMade:
        """A log written by hand with the jurisdiction's own keys: what a broken or hostile node could publish."""
        return HandMade(self, jurisdiction, family)


async def _live(node: Node, started: asyncio.Future[None]) -> None:
    async with node:
        started.set_result(None)
        await node.run()


@dataclass
class HandMade:
    """A log made leaf by leaf, sealed when told, without any of the node's own checks."""

    world: World
    jurisdiction: str
    family: str
    entries: list[bytes] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        self.keys = self.world.keys(self.jurisdiction)
        self.origin = f"{NETWORK}/{self.jurisdiction}/{self.family}"

    def line(self, data: Mapping[str, Any], **members: Any) -> bytes:
        """A record line; members replace those of the envelope."""
        envelope = {
            "specversion": "1.0",
            "id": uuid7(int(time.time() * 1000), secrets.token_bytes(NOISE_BYTES)),
            "source": f"urn:jjj:{self.jurisdiction}",
            "type": f"jjj.{self.family}.issued" if self.family == "licence" else "jjj.credit.recorded",
            "subject": members.get("subject") or subject_of_data(self.family, data),
            "time": stamp(),
            "datacontenttype": "application/json",
            "dataschema": f"urn:jjj:schema:{self.family}:1.0",
            "data": data,
            **members,
        }
        return orjson.dumps(envelope)

    def sign(self, line: bytes, signer: Any = None) -> bytes:
        """The entry: the line with a record signature over whatever it says."""
        signer = signer or self.keys.record
        return line + b"\n\n" + notes.line(signer.name, signer.key.key_id, signer.sign(line + b"\n"))

    def add(self, *entries: bytes) -> HandMade:
        self.entries.extend(entries)
        return self

    def seal(self, *, size: int | None = None, date: int | None = None, root: bytes | None = None) -> bytes:
        """A checkpoint over the first ``size`` leaves, or over whatever root is given."""
        size = len(self.entries) if size is None else size
        tree = Frontier(0, [])
        tree.extend([leaf_hash(entry) for entry in self.entries[:size]])
        pair = self.keys.logs[self.family]
        statement = Checkpoint(self.origin, size, tree.root() if root is None else root)
        return checkpoint.sign(statement, pair.log, pair.heartbeat, int(time.time()) if date is None else date)

    def message(self, index: int, note: bytes | None = None, *, entry: bytes | None = None, at: int | None = None) -> Message:
        """The bus message of a leaf; ``at``: the index its header claims."""
        value, _, signatures = (self.entries[index] if entry is None else entry).rpartition(b"\n\n")
        headers = [
            ("content-type", b"application/cloudevents+json; charset=UTF-8"),
            ("log-index", b"%d" % (index if at is None else at)),
            ("signature", signatures),
        ]
        if note is not None:
            headers.append(("checkpoint", note))
        return Message(compact.peek(value)[0].encode() if compact.peek(value)[0] else b"", value, tuple(headers))

    def send(self) -> None:
        """Send what is not sent yet, with a seal on the last leaf."""
        last = len(self.entries) - 1
        note = self.seal()
        messages = [self.message(i, note if i == last else None) for i in range(self.sent, len(self.entries))]
        self.world.append(self.jurisdiction, *messages, family=self.family)
        self.sent = len(self.entries)


def stamp(seconds: float | None = None) -> str:
    """An exact record time."""
    when = datetime.datetime.fromtimestamp(time.time() if seconds is None else seconds, datetime.UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


@asynccontextmanager
async def network(folder: Path, *jurisdictions: str) -> AsyncIterator[tuple[World, list[Running]]]:
    """A world with every node running."""
    async with World(folder, *jurisdictions) as world:
        yield world, await world.start_all()
