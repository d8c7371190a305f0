"""The outbox's other end: own leaves and checkpoints to the bus, in order, again and again until it has them (law 4).

The ledger is the outbox. What was sent is remembered after the bus has taken it, so a crash in between sends the same
bytes once more and readers skip them. The loop that drains after a crash is the one that drains every day.

>>> await relay.run()
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

import structlog

from gateway.bus import messages
from gateway.bus.port import Bus, BusError, BusWriter, Message, checkpoint_topic, record_topic
from gateway.errors import CannotRun, GatewayError
from gateway.ledger import logbook
from gateway.ledger.database import Database, faults_named
from gateway.node.measures import Measures
from gateway.node.ownstate import OwnState
from gateway.node.publisher import Publisher
from gateway.node.sealer import Published

MOST_A_BATCH = 2_000
MOST_BYTES = 6 << 20
"""Of one batch: what every bus takes (2,000 messages, 8 MiB), with room for what it adds."""
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0

log = structlog.get_logger(__name__)


class Relay:
    """Sends the own logs, and what this node has cosigned. ``fault`` is why the bus, or the ledger under it, stops that
    now, or None.
    """

    def __init__(
        self,
        ledger: Database,
        bus: Bus,
        publisher: Publisher,
        *,
        jurisdiction: str,
        prefix: str,
        measures: Measures,
        cosigned: Callable[[], Iterable[Message]] = tuple,
    ) -> None:
        """``cosigned``: what this node has to say as a witness, one message a key."""
        self.fault: GatewayError | None = None
        self._ledger = ledger
        self._bus = bus
        self._publisher = publisher
        self._jurisdiction = jurisdiction
        self._prefix = prefix
        self._measures = measures
        self._sent: dict[str, int] = {}
        self._announced: dict[str, bytes] = {}
        self._cosigned = cosigned

    async def run(self) -> None:
        """Send what is there, wait for more; after any fault of bus or ledger a new writer, with growing pauses."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                writer = await self._bus.claim(self._jurisdiction)
                try:
                    await self._drain(writer)
                    self.fault, pause = None, FIRST_PAUSE_S
                    await self._follow(writer)
                finally:
                    await writer.close()
            except (BusError, CannotRun) as error:
                self.fault = error
                self._announced.clear()
                log.warning("relay.pause", reason=error.reason, message=error.message, seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)

    def unsent(self, state: OwnState) -> int:
        """Leaves of an own log that the bus has not taken yet."""
        return state.own.size - self._sent.get(state.own.log.origin, state.own.log.sent)

    async def _follow(self, writer: BusWriter) -> None:
        while True:
            await self._publisher.changed.wait()
            self._publisher.changed.clear()
            await self._drain(writer)

    async def _drain(self, writer: BusWriter) -> None:
        for state in self._publisher.logs.values():
            await self._send_records(writer, state)
            await self._send_checkpoint(writer, state)
            self._measures.unsent.labels(state.own.log.origin).set(self.unsent(state))
        await self._send_cosigned(writer)

    async def _send_records(self, writer: BusWriter, state: OwnState) -> None:
        own = state.own.log
        topic = record_topic(self._prefix, own.jurisdiction, own.family)
        sent = self._sent.setdefault(own.origin, own.sent)
        end = state.own.size  # what is sealed meanwhile comes after the other log and the checkpoints
        while sent < end:
            batch = self._read(state, sent, min(sent + MOST_A_BATCH, end))
            with self._measures.stage("relay.send"):
                await writer.publish(topic, batch)
            sent += len(batch)
            await self._remember(own.number, sent)
            self._sent[own.origin] = sent
            self._show(state, sent)
            self._measures.relayed.labels(topic).inc(len(batch))
            self._measures.took()

    def _show(self, state: OwnState, sent: int) -> None:
        """The largest seal that the bus has whole."""
        if not self._publisher.acknowledgement.replicated:
            return
        with faults_named(self._ledger.path):
            seal = logbook.seal_below(self._ledger.read, state.own.log.number, sent + 1)
        if seal is not None and (state.own.shown is None or seal.size > state.own.shown.size):
            self._publisher.show(state.own, Published(seal.size, seal.date, seal.note))

    async def _remember(self, number: int, sent: int) -> None:
        await self._ledger.write(lambda connection: logbook.set_sent(connection, number, sent))

    def _read(self, state: OwnState, start: int, stop: int) -> list[Message]:
        """Messages from ``start`` on, as many as one batch holds."""
        found: list[Message] = []
        room = MOST_BYTES
        with faults_named(self._ledger.path, "; nothing is sent until it can be read"):
            for message in self._messages(state, start, stop):
                room -= len(message.key) + len(message.value) + sum(len(value) for _, value in message.headers)
                if found and room < 0:
                    break
                found.append(message)
        return found

    def _messages(self, state: OwnState, start: int, stop: int) -> Iterator[Message]:
        number = state.own.log.number
        seals = {seal.size - 1: seal.note for seal in logbook.seals(self._ledger.read, number, start, stop)}
        subjects = _subjects(self._ledger, number, start, stop)
        for offset, entry in enumerate(logbook.entries(self._ledger.read, number, start, stop)):
            leaf = start + offset
            yield messages.of_record(leaf, entry, seals.get(leaf), subjects.get(leaf))

    async def _send_checkpoint(self, writer: BusWriter, state: OwnState) -> None:
        own, published = state.own.log, state.published
        if published is None or self._announced.get(own.origin) == published.note:
            return
        topic = checkpoint_topic(self._prefix, own.jurisdiction)
        await writer.publish(topic, [messages.of_checkpoint(own.origin, published.note)])
        self._announced[own.origin] = published.note
        self._measures.took()
        if not state.own.unshown and self._publisher.acknowledgement.replicated:
            self._publisher.show(state.own, published)


    async def _send_cosigned(self, writer: BusWriter) -> None:
        """The newest of each partner's log, in one batch: who missed one before it finds it over HTTP."""
        found = [each for each in self._cosigned() if self._announced.get(each.key.decode()) != each.value]
        if not found:
            return
        await writer.publish(checkpoint_topic(self._prefix, self._jurisdiction), found)
        self._announced |= {each.key.decode(): each.value for each in found}
        self._measures.took()


def _subjects(ledger: Database, number: int, start: int, stop: int) -> dict[int, str]:
    found = ledger.read.execute(
        "SELECT r.key, s.subject FROM records r JOIN subjects s ON s.number = r.subject WHERE r.key >= ? AND r.key < ?",
        (logbook.key_of(number, start), logbook.key_of(number, stop)),
    )
    return {logbook.index_of(key): subject for key, subject in found}
