"""A network of jurisdictions in a folder: real nodes, real keys, a real bus; and everything a hostile one may do.

Tests read as stories: found a network, start nodes, publish, tamper with the topic, roll back, fork, go silent. After
each step ``audited`` may check everything that a node holds. Nothing of ours is mocked: hostile bytes are made with
the hostile one's real keys.

    async with World(tmp_path, "sanhe", "tongzhou") as world:
        sanhe = await world.start("sanhe")
        await sanhe.publish(licence())
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from gateway.audit import auditor
from gateway.bus.embedded_topic import TopicFile
from gateway.bus.port import Message, checkpoint_topic, record_topic
from gateway.node import config as node_config
from gateway.node.door import Draft, Receipt
from gateway.node.exhibits import judge
from gateway.node.keyplace import names, suite_and_number
from gateway.node.nodekeys import LogKeys
from gateway.node.runtime import Node
from gateway.ops import nodefolder
from gateway.ops.nodefolder import OneBroker
from gateway.records.packaged import data_path
from gateway.serving import Serving
from gateway.trust import keyfiles
from gateway.trust.suites import Cosigner, Signer
from tests.handmade import HandMade, stamp
from tests.records import builders

__all__ = ["HandMade", "Running", "World", "eventually", "network", "stamp"]

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


@dataclass(frozen=True)
class NodeKeys:
    """The keys that a jurisdiction begins with."""

    record: Signer
    witness: Cosigner
    verdict: Signer
    logs: Mapping[str, LogKeys]
    also: tuple[Signer, ...] = ()
    also_witness: tuple[Cosigner, ...] = ()

    @property
    def witnesses(self) -> tuple[Cosigner, ...]:
        """The witness's keys, one a suite."""
        return (self.witness, *self.also_witness)


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

    async def publish(self, *data: Mapping[str, Any], kind: str = "jjj.licence.issued") -> list[Receipt]:
        """Publish through the node's door; every record must be taken."""
        await self.sealing()
        receipts = await self.node.publisher.publish([Draft(kind, each) for each in data])
        assert [receipt.status for receipt in receipts] == ["logged"] * len(data), receipts
        return receipts

    async def sent(self) -> None:
        """Wait until the bus has every own leaf."""
        states, relay = self.node.publisher.logs.values(), self.node.relay
        await eventually(lambda: not any(relay.unsent(state) for state in states), f"{self.id} has sent everything")

    def follower(self, source: str, family: str = "licence") -> Any:
        return self.node.followers[f"{NETWORK}/{source}/{family}"]

    async def mirrored(self, source: str, size: int, family: str = "licence") -> None:
        """Wait until this node holds that many leaves of a partner's log under a verified checkpoint."""
        await eventually(lambda: self.size(source, family) >= size, f"{self.id} mirrors {size} of {source}")

    def size(self, source: str, family: str = "licence") -> int:
        """Leaves held of a partner's log under a verified checkpoint."""
        follower = self.node.followers.get(f"{NETWORK}/{source}/{family}")
        return 0 if follower is None else follower.log.size

    def garbage(self, source: str, reason: str, family: str = "licence") -> float:
        """How often a message of a partner's topic was thrown away for this reason."""
        labels = {"origin": f"{NETWORK}/{source}/{family}", "reason": reason}
        return self.node.measures.registry.get_sample_value("jjj_transport_garbage_total", labels) or 0.0

    def garbage_count(self, source: str, family: str = "licence") -> float:
        """How many messages of a partner's topic were thrown away, whatever the reason."""
        origin = f"{NETWORK}/{source}/{family}"
        return sum(
            sample.value
            for metric in self.node.measures.registry.collect()
            for sample in metric.samples
            if sample.name == "jjj_transport_garbage_total" and sample.labels["origin"] == origin
        )

    def verify(self, number: str, **question: str) -> dict[str, Any]:
        """The verdict on a licence."""
        return self.node.counter.verify({"number": number, **question})

    def verdict(self, number: str, **question: str) -> str:
        return str(self.verify(number, **question)["verdict"])

    def reasons(self, number: str, **question: str) -> dict[str, str]:
        """Name and reason of every check that did not pass."""
        checks = self.verify(number, **question)["checks"]
        return {check["name"]: check["reason"] for check in checks if check["result"] != "PASS"}

    def evidence(self) -> list[tuple[str, str, bytes, bytes]]:
        """(origin, reason, note of the smaller tree, the other note) of every fork seen; each file proves it."""
        kept = [evidence for _, evidence in self.node.exhibits.all()]
        for each in kept:
            judge(each, self.node.trust.current)
        return [(each.origin, each.clash.reason, each.clash.first, each.clash.second) for each in kept]

    async def audited(self) -> None:
        """Everything that this node holds, replayed from bytes: nothing is wrong."""
        report = await auditor.audit(str(self.world.folder / self.id))
        assert report.findings == (), [finding.en for finding in report.findings]

    def quarantine(self) -> list[tuple[int, str, str | None]]:
        """(index, reason, claimed subject) of every quarantined leaf of the mirrors."""
        query = "SELECT key & 1099511627775, reason, subject FROM quarantine WHERE NOT erased ORDER BY key"
        return [tuple(row) for row in self.node.mirrors.read.execute(query)]

    def state(self) -> list[Any]:
        """All that the mirrors say, for "leaves state unchanged"."""
        tables = ("entries", "seals", "subjects", "records", "ids", "terms", "quarantine")
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
    network: str = NETWORK
    clock: Callable[[], float] = time.time
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def __init__(
        self,
        folder: Path,
        *jurisdictions: str,
        heartbeat_s: float = 1.0,
        served: Sequence[str] = (),
        kafka: OneBroker | None = None,
        clock: Callable[[], float] = time.time,
        gm: bool = False,
    ) -> None:
        """``served``: whose nodes listen, at addresses that the roster names. ``kafka``: the bus, if not a folder.
        ``clock``: everybody's, in seconds. ``gm``: with SM2 keys beside the others, under the policy that wants them.
        """
        self.clock = clock
        self.folder = folder
        self.jurisdictions = jurisdictions
        self.heartbeat_s = heartbeat_s
        ports = {jurisdiction: free_port() for jurisdiction in served}
        self.urls = {jurisdiction: f"http://127.0.0.1:{port}" for jurisdiction, port in ports.items()}
        self.agreements = []
        self.suites = ("ed25519", "sm2") if gm else ("ed25519",)
        self._stack = AsyncExitStack()
        for jurisdiction in jurisdictions:
            place, port = folder / jurisdiction, ports.get(jurisdiction, 0)
            nodefolder.lay_out(place, jurisdiction, port=port, heartbeat_s=heartbeat_s)
            (place / "schemas").mkdir()
            nodefolder.write_config(
                place, jurisdiction, port=port, heartbeat_s=heartbeat_s, schemas=("schemas",), kafka=kafka
            )
            for stem, _, _, _ in names(NETWORK, jurisdiction, FAMILIES, self.suites):
                path = folder / jurisdiction / "keys" / f"{stem}.pem"
                keyfiles.generate(path, suite_and_number(path)[0])
        self.found()

    async def __aenter__(self) -> World:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def configure(self, jurisdiction: str, table: str = "node", **settings: str | float) -> None:
        """Settings of a table in place of those that were laid out or beside them, or another table."""
        file = self.folder / jurisdiction / nodefolder.CONFIG
        text, head = file.read_text(encoding="utf-8"), f"\n[{table}]\n"
        text += head if head not in text else ""
        for name, value in settings.items():
            line = f"{name} = {orjson.dumps(value).decode()}\n"
            text, known = re.subn(rf"^{name} = .*\n", line, text, count=1, flags=re.MULTILINE)
            text = text if known else text.replace(head, head + line)
        file.write_text(text, encoding="utf-8")

    def same(self, one: Running, other: Running, source: str, log: str = "licence") -> None:
        """Two nodes hold the same leaves and the same seals of a log, as its owner committed them."""
        place = "JOIN logs ON key >> 40 = number WHERE origin = ? ORDER BY key"
        queries = (
            f"SELECT key & 1099511627775, entry FROM entries {place}",
            f"SELECT key & 1099511627775, root, date, note FROM seals {place}",
        )
        origin = f"{self.network}/{source}/{log}"
        databases = [each.node.ledger if each.id == source else each.node.mirrors for each in (one, other)]
        for query in queries:
            first, second = (database.read.execute(query, (origin,)).fetchall() for database in databases)
            assert first == second

    @property
    def gm(self) -> bool:
        """Whether the network is under the policy ``gm``."""
        return "sm2" in self.suites

    # Trust

    def found(self, *, version: int = 1, **changes: Mapping[str, Any]) -> None:
        """Write roster, agreements and catalogue into every node's folder; ``changes``: members of a jurisdiction."""
        members = [{**self.member(each), **changes.get(each, {})} for each in self.jurisdictions]
        policy = {"policy": {"name": "gm", "since": "2020-01-01"}} if self.gm else {}
        documents = {
            "roster.json": {"version": version, "network": NETWORK, "jurisdictions": members, **policy},
            "agreements.json": {"version": 1, "agreements": self.agreements or [self.agreement()]},
            "catalogue.json": {"version": 1, "types": [self.catalogue_type(code) for code in TYPES]},
        }
        for each in self.jurisdictions:
            nodefolder.write_trust(self.folder / each, {name: orjson.dumps(body) for name, body in documents.items()})

    def member(self, jurisdiction: str) -> dict[str, Any]:
        """A jurisdiction as the roster names it."""
        named = names(NETWORK, jurisdiction, FAMILIES, self.suites)
        signers = {stem: (role, family, name) for stem, role, family, name in named}
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
            "complete": dict.fromkeys(self.jurisdictions, "2020-01-01"),
            **changes,
        }

    def rotate_log(self, jurisdiction: str, family: str = "licence") -> None:
        """Log and heartbeat keys have successors that sign from now on; every node's roster names them."""
        made = []
        for role, make in (("log", keyfiles.load_signer), ("heartbeat", keyfiles.load_cosigner)):
            file = self.folder / jurisdiction / "keys" / f"{role}-{family}-2.pem"
            keyfiles.generate(file)
            window = {"not_before": "2026-01-01T00:00:00Z", "not_after": "2040-01-01T00:00:00Z"}
            vkey = make(file, f"{NETWORK}/{jurisdiction}/{family}").key.text()
            made.append({"role": role, "vkey": vkey, "families": [family], **window})
        self.found(**{jurisdiction: {"keys": [*self.member(jurisdiction)["keys"], *made]}})

    def give_schema(self, jurisdiction: str, family: str = "licence", minor: int = 1) -> None:
        """The schema of a later minor comes to a node: 1.0 with one optional member more, ``note``."""
        document = orjson.loads((data_path("schemas") / f"{family}-1.0.schema.json").read_bytes())
        document["$id"] = f"urn:jjj:schema:{family}:1.{minor}"
        document["$defs"][family]["properties"]["note"] = {"type": "string", "maxLength": 200}
        file = self.folder / jurisdiction / "schemas" / f"{family}-1.{minor}.schema.json"
        file.write_bytes(orjson.dumps(document))

    # Nodes

    async def start(self, jurisdiction: str) -> Running:
        """Run a node; with its web server if the roster names its address."""
        config = node_config.load(self.folder / jurisdiction / nodefolder.CONFIG)
        given: Any = {"refused_keys": frozenset(), "clock": self.clock}
        served = Serving(config, **given) if jurisdiction in self.urls else None
        node = Node(config, **given) if served is None else served.node
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(_live(served or node, started), name=jurisdiction)
        await asyncio.wait([task, started], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        running = Running(self, node, task)
        self._stack.push_async_callback(running.stop)
        others = (each for each in node.trust.current.roster.jurisdictions.values() if each.id != jurisdiction)
        wanted = {log.origin for other in others for log in other.logs}
        await eventually(lambda: task.done() or wanted <= node.followers.keys(), f"{jurisdiction} follows the others")
        return running

    async def start_all(self) -> list[Running]:
        return [await self.start(each) for each in self.jurisdictions]

    # Hostile hands

    def keys(self, jurisdiction: str) -> NodeKeys:
        """The first private keys of a jurisdiction, in the wrong hands."""
        folder, own = self.folder / jurisdiction / "keys", f"{NETWORK}/{jurisdiction}"
        logs = {
            family: LogKeys(
                keyfiles.load_signer(folder / f"log-{family}.pem", f"{own}/{family}"),
                keyfiles.load_cosigner(folder / f"heartbeat-{family}.pem", f"{own}/{family}"),
                tuple(
                    (
                        keyfiles.load_signer(folder / f"log-{family}-sm2.pem", f"{own}/{family}"),
                        keyfiles.load_cosigner(folder / f"heartbeat-{family}-sm2.pem", f"{own}/{family}"),
                    )
                    for _ in range(self.gm)
                ),
            )
            for family in FAMILIES
        }
        return NodeKeys(
            keyfiles.load_signer(folder / "record.pem", own),
            keyfiles.load_cosigner(folder / "witness.pem", f"{own}/witness"),
            keyfiles.load_signer(folder / "verdict.pem", f"{own}/verdict"),
            logs,
            tuple(keyfiles.load_signer(folder / "record-sm2.pem", own) for _ in range(self.gm)),
            tuple(keyfiles.load_cosigner(folder / "witness-sm2.pem", f"{own}/witness") for _ in range(self.gm)),
        )

    def append(self, jurisdiction: str, *messages: Message, family: str = "licence") -> None:
        """Append to a record topic as anybody may who reaches the bus."""
        self._append(record_topic("jjj", jurisdiction, family), messages)

    def append_checkpoint(self, jurisdiction: str, *notes_: bytes, family: str = "licence") -> None:
        """Append to a checkpoint topic."""
        origin = f"{NETWORK}/{jurisdiction}/{family}"
        messages = [Message(f"{origin} {origin}".encode(), note) for note in notes_]
        self._append(checkpoint_topic("jjj", jurisdiction), messages)

    @contextlib.contextmanager
    def bus_away(self, jurisdiction: str) -> Iterator[None]:
        """While entered, the bus takes nothing of a jurisdiction and gives nothing of it."""
        topics = [record_topic("jjj", jurisdiction, family) for family in FAMILIES]
        topics.append(checkpoint_topic("jjj", jurisdiction))
        bus = self.folder / "bus"
        bus.mkdir(exist_ok=True)
        with contextlib.ExitStack() as stack:
            for topic in topics:
                TopicFile.made(bus / f"{topic}.sqlite", busy_s=5).close()
                behind = stack.enter_context(closing(sqlite3.connect(bus / f"{topic}.sqlite", isolation_level=None)))
                behind.execute("ALTER TABLE message RENAME TO away")
                stack.callback(behind.execute, "ALTER TABLE away RENAME TO message")
            yield

    def _append(self, topic: str, messages: Sequence[Message]) -> None:
        bus = self.folder / "bus"
        bus.mkdir(exist_ok=True)
        with closing(TopicFile.made(bus / f"{topic}.sqlite", busy_s=5)) as file:
            file.append(list(messages))

    def log_of(self, jurisdiction: str, family: str = "licence") -> HandMade:
        """A log written by hand with the jurisdiction's own keys: what a broken or hostile node could publish."""
        return HandMade(self, jurisdiction, family)


async def _live(node: Node | Serving, started: asyncio.Future[None]) -> None:
    async with node:
        started.set_result(None)
        await node.run()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def network(folder: Path, *jurisdictions: str) -> AsyncIterator[tuple[World, list[Running]]]:
    """A world with every node running."""
    async with World(folder, *jurisdictions) as world:
        yield world, await world.start_all()
