"""Recovering an own log whose ledger was lost, restored from a backup, or went astray (DESIGN §6, `recover`).

The log is rebuilt from what this node's own key has signed and others hold: the topics and every rostered partner.
What the old ledger holds beyond that tree, or other than it, is moved aside as drafts to be published anew. Nothing
is guessed: a partner who can't be asked stops the recovery, unless the operator names it.

>>> await recover(config, without=())
[Recovered(origin='jjj.example/sanhe/licence', size=812, aside=3)]
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson
import structlog

from gateway.bus.port import Bus, BusError, Message, checkpoint_topic, record_topic
from gateway.bus.tileclient import TileClient, Unreachable
from gateway.bus.tileheads import Sources
from gateway.errors import CannotRun, Refused
from gateway.ledger import logbook
from gateway.ledger.database import Database, connect
from gateway.ledger.highwater import HighWater
from gateway.ledger.logbook import Log
from gateway.node.config import Config
from gateway.node.follower import Follower, MirrorParts
from gateway.node.freshness import OwnClock
from gateway.node.measures import Measures
from gateway.node.mirror import Mirror
from gateway.node.runtime import SCHEMA, lock_data, open_bus
from gateway.node.trustfolder import TrustFolder
from gateway.ops import witnessing
from gateway.records.record import read_envelope

LEDGER, REBUILT = "ledger.sqlite", "ledger.rebuilt.sqlite"
SIDE_FILES = ("", "-wal", "-shm")
QUIET_S = 5.0
"""A topic that gives nothing for so long is read to its end: retention deleted the rest."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Recovered:
    """One own log after recovery: its size, and how many records of the old ledger were moved aside."""

    origin: str
    size: int
    aside: int


@dataclass(frozen=True, slots=True)
class _Work:
    config: Config
    trust: TrustFolder
    rebuilt: Database
    bus: Bus
    session: aiohttp.ClientSession
    stack: AsyncExitStack
    partners: dict[str, list[str]]
    without: Collection[str]


async def recover(config: Config, *, without: Collection[str] = ()) -> list[Recovered]:
    """Rebuild every own log. ``without``: jurisdictions that may stay unasked. Raises ``CannotRun`` and changes
    nothing then.
    """
    descriptor = lock_data(config)
    try:
        _remove(config.data, REBUILT)
        logs, done = await _rebuild_all(config, without)
        _swap(config.data)
        for log in logs:
            _mark(config.data, log)
        witnessing.restore(config.data)
    finally:
        _remove(config.data, REBUILT)
        os.close(descriptor)
    return done


async def _rebuild_all(config: Config, without: Collection[str]) -> tuple[list[Log], list[Recovered]]:
    async with AsyncExitStack() as stack:
        trust = TrustFolder(config.trust, config.schemas)
        roster = trust.current.roster
        partners = {
            other.id: list(other.urls) for other in roster.jurisdictions.values() if other.id != config.jurisdiction
        }
        rebuilt = await stack.enter_async_context(Database(config.data / REBUILT, SCHEMA))
        bus = await stack.enter_async_context(open_bus(config, lambda _: Sources()))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        work = _Work(config, trust, rebuilt, bus, session, stack, partners, without)
        member = roster.jurisdictions.get(config.jurisdiction)
        if member is None:
            raise CannotRun(
                "roster.not_in", f"the roster in {config.trust} has no jurisdiction {config.jurisdiction!r}"
            )
        own = [entry for entry in member.logs if entry.ended is None]
        logs = [await _rebuild(work, entry.origin, entry.family) for entry in own]
        return logs, [_move_aside(config, log) for log in logs]


async def _rebuild(work: _Work, origin: str, family: str) -> Log:
    log = await work.rebuilt.write(lambda c: logbook.open_log(c, origin, work.config.jurisdiction, family))
    readers = ThreadPoolExecutor(2)
    work.stack.callback(readers.shutdown)
    everywhere = [url for urls in work.partners.values() for url in urls]
    parts = MirrorParts(
        mirrors=work.rebuilt,
        bus=work.bus,
        session=work.session,
        readers=readers,
        trust=work.trust,
        measures=Measures(),
        own_clock=OwnClock(),
        urls=lambda _: everywhere,
        quiet_s=lambda _: 3600.0,
        prefix=work.config.bus.prefix,
    )
    follower = Follower.open(log, parts)
    await _read_topic(follower, work)
    await _hear_topic(follower, work)
    await _ask_partners(follower, work)
    await Mirror(follower).catch_up()
    if follower.log.frozen is not None:
        raise CannotRun(
            "log.fork",
            f"{origin}: this node's own key has signed two trees; a successor log is needed (see the roster)",
        )
    if follower.log.size < max(follower.newest[0], 0):
        raise CannotRun(
            "recover.incomplete",
            f"{origin}: a statement of {follower.newest[0]} records was found, but only"
            f" {follower.log.size} could be had",
        )
    await follower.keep_heartbeat()  # so that no date goes back behind it
    size = follower.log.size
    await work.rebuilt.write(lambda c: logbook.set_sent(c, follower.log.number, size))
    follower.reread()
    return follower.log


async def _read_topic(follower: Follower, work: _Work) -> None:
    topic = record_topic(work.config.bus.prefix, follower.log.jurisdiction, follower.log.family)
    end = position = 0
    try:
        end = await work.bus.end(topic)
        async with aclosing(work.bus.read(topic, None)) as batches:
            while position < end:
                batch = await asyncio.wait_for(anext(batches), QUIET_S)
                await follower.receive(batch)
                position = batch[-1].position + 1
    except TimeoutError:
        logger.info("recover.topic_ended", topic=topic, position=position, end=end)  # the rest was deleted by retention
    except BusError as error:
        raise CannotRun(error.reason, f"{topic}: {error.message}") from error


async def _hear_topic(follower: Follower, work: _Work) -> None:
    """The largest of the own statements on the checkpoint topic: it may outlive the record topic."""
    topic = checkpoint_topic(work.config.bus.prefix, follower.log.jurisdiction)
    try:
        newest = await work.bus.signed_end(topic, lambda message: _size(follower, message))
    except BusError as error:
        raise CannotRun(error.reason, f"{topic}: {error.message}") from error
    if newest is not None:
        await follower.hear(newest.value)


def _size(follower: Follower, message: Message) -> int | None:
    if message.key.partition(b" ")[0] != follower.log.origin.encode():
        return None
    statement = follower.read(message.value)
    return None if statement is None else statement.size


async def _ask_partners(follower: Follower, work: _Work) -> None:
    for jurisdiction, urls in work.partners.items():
        answers = await asyncio.gather(*(_ask(follower, url, work) for url in urls))
        if not any(answers) and jurisdiction not in work.without:
            raise CannotRun(
                "recover.unasked",
                f"{jurisdiction} ({', '.join(urls) or 'no URL in the roster'}) could not be asked what this"
                f" node has signed; wait until it answers, or go on with `--without {jurisdiction}`, at the risk of"
                " a fork",
            )


async def _ask(follower: Follower, url: str, work: _Work) -> bool:
    source = TileClient(work.session, url, follower.log.jurisdiction, follower.log.family)
    try:
        await follower.hear(await source.checkpoint())
    except Unreachable as error:
        return error.reason == "source.missing"
    return True


def _move_aside(config: Config, log: Log) -> Recovered:
    """Write what the old ledger holds beyond or beside the recovered tree as drafts, oldest first."""
    drafts: list[dict[str, object]] = []
    try:
        drafts.extend(_strays(config, log))
    except (sqlite3.Error, CannotRun) as error:
        logger.warning("recover.old_ledger", origin=log.origin, message=str(error), moved_aside=len(drafts))
    if drafts:
        path = config.data / f"aside-{log.family}-{int(time.time())}.ndjson"
        path.write_bytes(b"".join(orjson.dumps(draft) + b"\n" for draft in drafts))
    return Recovered(log.origin, log.size, len(drafts))


def _strays(config: Config, log: Log) -> Iterator[dict[str, object]]:
    old = config.data / LEDGER
    if not old.exists():
        return
    before, after = connect(old), connect(config.data / REBUILT)
    try:
        held = logbook.find_log(before, log.origin)
        for index in range(held.size if held is not None else 0):
            entry = logbook.entry(before, held.number, index) if held is not None else None
            if entry is None or entry == logbook.entry(after, log.number, index):
                continue
            try:
                record = read_envelope(entry.rpartition(b"\n\n")[0])
            except Refused:
                continue
            yield {"type": record.type, "data": record.data}
    finally:
        before.close()
        after.close()


def _swap(data: Path) -> None:
    """Put the rebuilt ledger in place; the old one stays beside it under a dated name."""
    stamp = int(time.time())
    for end in SIDE_FILES:
        old = data / f"{LEDGER}{end}"
        if old.exists():
            old.rename(data / f"ledger-{stamp}.sqlite{end}")
    connection = connect(data / REBUILT)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    (data / REBUILT).rename(data / LEDGER)
    _remove(data, REBUILT)


def _mark(data: Path, log: Log) -> None:
    """Set the high-water file to the recovered tree."""
    path = data / f"{log.family}.highwater"
    path.unlink(missing_ok=True)
    mark = HighWater.create(path)
    connection: sqlite3.Connection = connect(data / LEDGER)
    try:
        mark.write(log.size, logbook.root_at(connection, log.number, log.size))
    finally:
        connection.close()
        mark.close()


def _remove(data: Path, name: str) -> None:
    for end in SIDE_FILES:
        (data / f"{name}{end}").unlink(missing_ok=True)
