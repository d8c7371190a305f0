"""The fork guard: before sealing anything, what has this node's own key signed elsewhere? (law 10, DESIGN §6)

The ledger is held against every statement signed by any of the own log keys that can be reached: the high-water file,
the topics, partners' ``/v1/logs``. Somebody holds more, or other, than the ledger: nothing is sealed, and the sentence
names ``recover``. Windows don't count here, and keys in the folder count that the roster lacks: a roster restored with
the ledger knows no key that came after it. Only what a revoked key signed of leaves that are not good any more is
passed over: whoever stole it may have.

>>> await check(ledger, own_logs, bus, session, trust, prefix="jjj", jurisdiction="sanhe")
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import aiohttp
import orjson
import structlog

from gateway.bus.port import Bus, BusError, Message, checkpoint_topic, header, record_topic
from gateway.bus.tileclient import TIMEOUT
from gateway.errors import CannotRun, Refused
from gateway.ledger import checkpoint, logbook
from gateway.node.ownstate import OwnState
from gateway.node.statements import Statement
from gateway.trust.members import RosterKey
from gateway.trust.suites import VerifierKey
from gateway.trust.trusted import TrustData

MOST_ANSWER = 4 << 20
UNREAD = "publish.bus_unread"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the guard looks: the bus and the partners' URLs.

    ``held``: public halves of the log and heartbeat keys in the own folder, by family.
    ``bus_needed``: the topics must be read before anything is sealed: what is acknowledged stands there, and another
    machine may have gone on from it.
    """

    bus: Bus
    session: aiohttp.ClientSession
    trust: TrustData
    prefix: str
    jurisdiction: str
    bus_needed: bool = False
    held: Callable[[str], Iterable[VerifierKey]] = lambda family: ()

    def partners(self) -> Iterator[str]:
        """URLs of every other rostered jurisdiction."""
        for other in self.trust.roster.jurisdictions.values():
            if other.id != self.jurisdiction:
                yield from other.urls


def bring_up(connection: sqlite3.Connection, state: OwnState) -> None:
    """Bring a mark up that a crash left behind its ledger, before anything of that ledger leaves the node (DESIGN §6).

    A mark that is missing, ahead or of another tree stays as it is: ``check`` says so.
    """
    try:
        size, root = state.highwater.read()
    except CannotRun:
        return
    if size < state.own.size and root == logbook.root_at(connection, state.own.log.number, size):
        state.highwater.write(state.own.size, state.own.root())


async def check(connection: sqlite3.Connection, logs: Mapping[str, OwnState], reach: Reach) -> None:
    """Raise ``CannotRun`` if anything signed by one of the own log keys is more or other than the ledger holds."""
    for state in logs.values():
        _check_highwater(connection, state)
    for state in logs.values():
        found = [*await _on_bus(state, reach), *await _at_partners(state, reach)]
        for where, statement in found:
            compare(connection, state, where, statement)


def _check_highwater(connection: sqlite3.Connection, state: OwnState) -> None:
    size, root = state.highwater.read()
    origin = state.own.log.origin
    if size > state.own.size:
        raise CannotRun(
            "ledger.behind",
            f"{origin}: the ledger holds {state.own.size} records, but this node has signed {size}"
            f" ({state.highwater.path}); was it restored from a backup? Run `jjj-gateway recover CONFIG`",
        )
    if root != logbook.root_at(connection, state.own.log.number, size):
        raise CannotRun(
            "ledger.other",
            f"{origin}: the ledger's tree of {size} records is not the one this node has signed"
            f" ({state.highwater.path}); run `jjj-gateway recover CONFIG`",
        )


def compare(connection: sqlite3.Connection, state: OwnState, where: str, statement: Statement) -> None:
    """Raise ``CannotRun`` if a statement by one of the own keys is more, or other, than the ledger holds."""
    origin, held = state.own.log.origin, state.own.size
    if statement.size > held:
        raise CannotRun(
            "ledger.behind",
            f"{origin}: the ledger holds {held} records, but {where} holds this node's own signature"
            f" on {statement.size}; run `jjj-gateway recover CONFIG`",
        )
    if statement.root != logbook.root_at(connection, state.own.log.number, statement.size):
        raise CannotRun(
            "ledger.other",
            f"{origin}: {where} holds this node's own signature on another tree of {statement.size} records;"
            " run `jjj-gateway recover CONFIG`",
        )


async def _on_bus(state: OwnState, reach: Reach) -> list[tuple[str, Statement]]:
    own = state.own.log
    found = []
    topics = (
        record_topic(reach.prefix, own.jurisdiction, own.name),
        checkpoint_topic(reach.prefix, own.jurisdiction),
    )
    for topic in topics:
        try:
            message = await reach.bus.signed_end(topic, lambda message: _size(message, state, reach))
        except BusError as error:
            if reach.bus_needed:
                raise CannotRun(UNREAD, f"topic {topic}: {error.message}; it is tried again") from error
            log.warning("guard.bus", topic=topic, reason=error.reason, message=error.message)
            continue
        statement = _statement(message, state, reach) if message is not None else None
        if statement is not None:
            found.append((f"topic {topic}", statement))
    return found


def _size(message: Message, state: OwnState, reach: Reach) -> int | None:
    statement = _statement(message, state, reach)
    return None if statement is None else statement.size


def _statement(message: Message, state: OwnState, reach: Reach) -> Statement | None:
    note = header(message, "checkpoint") or message.value
    return _read(note, state, reach)


def _read(note: bytes, state: OwnState, reach: Reach) -> Statement | None:
    own = state.own.log
    listed = {
        identity: key
        for role in ("log", "heartbeat")
        for identity, key in reach.trust.roster.keys(role, own.jurisdiction).items()
    }
    keys = {(key.name, key.key_id): key for key in reach.held(own.family)}
    keys |= {identity: key.vkey for identity, key in listed.items()}
    try:
        signed = checkpoint.read(note, own.origin, keys)
    except Refused:
        return None
    size, root = signed.checkpoint.size, signed.checkpoint.root
    signers = [listed.get((line.line.name, line.line.key_id)) for line in signed.lines if line.time is None]
    if size > logbook.INDEX_MASK or all(_stolen(key, own.origin, size) for key in signers):
        return None
    return Statement(own.origin, size, root, signed.date or 0, note)


def _stolen(key: RosterKey | None, origin: str, size: int) -> bool:
    """Whether somebody else may have signed a tree of this size with the key."""
    return key is not None and key.revoked is not None and size > key.revoked.good_below.get(origin, 0)


async def _at_partners(state: OwnState, reach: Reach) -> Iterable[tuple[str, Statement]]:
    urls = list(reach.partners())
    answers = await asyncio.gather(*(_ask(url, state, reach) for url in urls))
    return [(url, statement) for url, statement in zip(urls, answers, strict=True) if statement is not None]


async def _ask(url: str, state: OwnState, reach: Reach) -> Statement | None:
    try:
        async with reach.session.get(f"{url}/v1/logs", timeout=TIMEOUT, allow_redirects=False) as answer:
            body = bytearray()
            async for chunk in answer.content.iter_chunked(1 << 16):
                body += chunk
                if len(body) > MOST_ANSWER:
                    raise ValueError(f"over {MOST_ANSWER} bytes")
        logs = orjson.loads(body)["logs"]
        note = next((item["checkpoint"] for item in logs if item["origin"] == state.own.log.origin), None)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
        log.info("guard.partner", url=url, message=str(error) or type(error).__name__)
        return None
    return _read(note.encode(), state, reach) if isinstance(note, str) and note else None
