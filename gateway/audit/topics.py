"""A Kafka cluster's topics as a source of logs: record topics replayed, held against what the owners signed (DESIGN §9,
``audit kafka://HOST:PORT[/PREFIX]``).

Topics hold no trust data, so the auditor brings them. Of each log the longest beginning under signed roots is shown
as files, made from messages, and goes through the same audit as any other; what is wrong beyond it is said here.
Retention may have deleted the beginning: then what is missing is lacking, and it is said from where bodies were seen.

>>> async with open_topics("kafka://127.0.0.1:9092/jjj", trust) as source:
...     [log.origin for log in source.logs]
['jjj.example/sanhe/licence', …]
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from gateway.audit.arranging import Arranged, arrange
from gateway.audit.claims import Claims
from gateway.audit.report import AuditFinding, found
from gateway.audit.sources import Beside, Lacking, Mark, last_part
from gateway.bus.kafka_cluster import KafkaCluster
from gateway.bus.kafka_settings import KafkaSettings
from gateway.bus.kafka_whole import begins, topics_there, whole
from gateway.bus.port import BusError, checkpoint_topic, record_topic, topics_below
from gateway.errors import CannotRun
from gateway.ledger import tiles
from gateway.trust.trusted import TrustData

SCHEME = "kafka://"
PREFIX = "jjj"
CHECKPOINT = "checkpoint"


class TopicLog:
    """One log; its topics are read whole when its first file is asked for."""

    growing = False
    beside: Beside | None = None

    def __init__(
        self, cluster: KafkaCluster, name: tuple[str, str, str], topics: tuple[str, str], file: Path, trust: TrustData
    ) -> None:
        self.origin, self.jurisdiction, _ = name
        self.last_part = last_part(self.origin)
        self.unborn = False
        self.findings: list[AuditFinding] = []
        self.notices: list[str] = []
        self._cluster = cluster
        self._records, self._checkpoints = topics
        self._about = file, name, trust
        self._claims: Claims | None = None
        self._fault: Lacking | None = None
        self._arranged = Arranged()

    def close(self) -> None:
        """Give the scratch file back."""
        if self._claims is not None:
            self._claims.close()

    def label(self, path: str) -> str:
        """The topic, and what was made of its messages."""
        return f"{self._checkpoints if path == CHECKPOINT else self._records} {path}"

    async def file(self, path: str) -> bytes | None:
        """A file made from messages. Raises ``Lacking`` where the brokers are away."""
        if self._claims is None:
            await self._replay()
        if self._fault is not None:
            raise self._fault
        return await asyncio.to_thread(self._file, path)

    async def names(self) -> frozenset[str] | None:
        """None: files are made as they are asked for; no log without a checkpoint has any."""
        return frozenset() if self.unborn else None

    async def marks(self) -> Sequence[Mark]:
        """None."""
        return ()

    async def _replay(self) -> None:
        claims = self._claims = Claims(*self._about)
        try:
            claims.begins = await begins(self._cluster, self._records)
            async for each in whole(self._cluster, self._records):
                claims.take(each.position, each.message)
            async for each in whole(self._cluster, self._checkpoints):
                claims.take_note(each.message.value)
        except BusError as error:
            self._fault = Lacking("source.unreachable", error.message, field=self._records)
            return
        self._arranged = await asyncio.to_thread(arrange, claims, self.origin, self._records)
        await asyncio.to_thread(self._say, claims)

    def _say(self, claims: Claims) -> None:
        self.findings.extend(self._arranged.findings)
        if not claims.statements:
            self.unborn = True
            self.findings.append(found("topic.no_checkpoint", self.origin, file=self._records, lacking=True))
        if claims.begins:
            first, signed = claims.first, max((size for size, _ in claims.statements), default=0)
            seen = "无 none" if first is None else f"{first}"
            self.notices.append(
                f"{self.origin}：主题自位置 {claims.begins} 起保留，可见的首条记录为第 {seen} 条，已签规模 {signed}；"
                f"其前的记录须从瓦片核查 · {self._records} is kept from position {claims.begins} on: bodies were seen "
                f"from index {seen} of {signed} signed; what came before can be proven from tiles only"
            )

    def _file(self, path: str) -> bytes | None:
        if self._claims is None or path == CHECKPOINT:
            return self._checkpoint()
        if path.startswith("history/"):
            return self._history(tiles.parse_history_path(path))
        tile = tiles.parse_path(path)
        if tile.level is not None:
            return self._claims.tile(path)
        start = tile.number * tiles.WIDTH
        found_entries = self._claims.entries(start, start + tile.width)
        return tiles.encode_entries(found_entries) if found_entries else None

    def _checkpoint(self) -> bytes | None:
        """The newest word on the tree that could be made: of a smaller one than the owner has signed, where leaves
        are missing.
        """
        if self._claims is None:
            return None
        size = self._arranged.size
        fitting = [said for (of, _), said in self._claims.newest.items() if of == size]
        if size:
            fitting = [said for said in fitting if (size, said.root) == self._arranged.sizes[-1]]
        if not fitting:
            self.unborn = True
            return None
        return max(fitting, key=lambda said: said.date).note

    def _history(self, number: int) -> bytes | None:
        if self._claims is None:
            return None
        part = self._arranged.sizes[number * tiles.HISTORY_WIDTH : (number + 1) * tiles.HISTORY_WIDTH]
        return tiles.encode_history([self._claims.statements[each].note for each in part]) if part else None


class Topics:
    """A cluster's logs, by the roster."""

    schemas: tuple[Path, ...] = ()
    trust: Path | None = None

    def __init__(self, name: str, logs: list[TopicLog], notices: list[str]) -> None:
        self.name = name
        self.logs = logs
        self._notices = notices

    async def evidence(self) -> list[tuple[str, bytes]]:
        """Topics hold none."""
        return []

    async def around(self, trust: TrustData | None, *, given: bool) -> tuple[list[AuditFinding], list[str]]:
        """What is wrong with messages, and from where on they were seen."""
        findings = [finding for log in self.logs for finding in log.findings]
        return findings, [*self._notices, *(notice for log in self.logs for notice in log.notices)]


@asynccontextmanager
async def open_topics(source: str, trust: TrustData | None) -> AsyncIterator[Topics]:
    """The topics of ``kafka://HOST:PORT[,HOST:PORT…][/PREFIX]``. Raises ``CannotRun``: ``source.unknown``,
    ``trust.none`` without trust data, for topics hold none.
    """
    bootstrap, prefix = _read_address(source)
    if trust is None:
        raise CannotRun("trust.none", f"{source}: topics hold no trust data; give your own with --trust DIR")
    cluster = KafkaCluster(KafkaSettings(bootstrap))
    try:
        with tempfile.TemporaryDirectory(prefix="jjj-audit-") as folder:
            opened = await _opened(source, cluster, prefix, Path(folder), trust)
            try:
                yield opened
            finally:
                for log in opened.logs:
                    log.close()
    finally:
        cluster.close()


async def _opened(source: str, cluster: KafkaCluster, prefix: str, folder: Path, trust: TrustData) -> Topics:
    """Every log of the roster whose jurisdiction has topics here; whose has none is said."""
    try:
        there = await topics_there(cluster, f"{prefix}.")
    except BusError as error:
        raise CannotRun("source.unknown", f"{source} does not answer as Kafka: {error.message}") from error
    logs: list[TopicLog] = []
    absent: list[str] = []
    for member in trust.roster.jurisdictions.values():
        if not any(topic.startswith(topics_below(prefix, member.id)) for topic in there):
            absent.append(member.id)
            continue
        for log in member.logs:
            topics = record_topic(prefix, member.id, last_part(log.origin)), checkpoint_topic(prefix, member.id)
            file = folder / f"{len(logs)}.sqlite"
            logs.append(TopicLog(cluster, (log.origin, member.id, log.family), topics, file, trust))
    none = f"此处没有其主题 · no topics here: {'、'.join(absent)}"
    return Topics(source, logs, [none] if absent else [])


def _read_address(source: str) -> tuple[tuple[str, ...], str]:
    parts = urlsplit(source)
    prefix = parts.path.strip("/") or PREFIX
    bootstrap = tuple(parts.netloc.split(","))
    try:
        topics_below(prefix, "x")
        good = all(urlsplit(f"//{each}").port for each in bootstrap) and not parts.query
    except (BusError, ValueError):
        good = False
    if not good:
        raise CannotRun("source.unknown", f"{source} is not kafka://HOST:PORT[,HOST:PORT…][/PREFIX]")
    return bootstrap, prefix
