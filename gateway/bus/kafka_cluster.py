"""WHICH broker is to be asked? The brokers of one cluster as we know them, and a connection to each that is spoken to.

Whoever waits long on a connection (a reading) opens one of his own with ``connect``; the others share these. A broker
that could not be reached is tried again after growing pauses, however many ask for it.

>>> cluster = KafkaCluster(settings)
>>> leader = await cluster.leader("jjj.sanhe.licence")
>>> code, end = await cluster.ask(leader, offset("jjj.sanhe.licence", LATEST, COMMITTED))
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TypeVar

from gateway.bus import kafka_wire as wire
from gateway.bus.kafka_settings import KafkaSettings, security
from gateway.bus.kafka_wire import Address, Ask, Connection
from gateway.bus.port import BusClosed, BusDenied, BusUnavailable

T = TypeVar("T")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 3.0
_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8, None)
_NOT_YET = {wire.NO_TOPIC, wire.NO_LEADER}


class KafkaCluster:
    """Reads certificates and password at once: raises ``CannotRun`` for files that don't do."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self._security = security(settings)
        self._first = tuple(_address(each) for each in settings.bootstrap)
        self._known: tuple[Address, ...] = self._first
        self._connections: dict[Address, Connection] = {}
        self._connecting: defaultdict[Address, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._failures: dict[Address, int] = {}
        self._faults: dict[Address, BusUnavailable] = {}
        self._closed = False

    async def connect(self, address: Address) -> Connection:
        """A connection of one's own. Raises ``BusUnavailable``."""
        failed = self._failures.get(address, 0)
        if failed:
            await asyncio.sleep(min(FIRST_PAUSE_S * 2**failed, LONGEST_PAUSE_S))
        try:
            connection = await Connection.open(address, self._security, self.settings.request_s)
        except BusUnavailable as error:
            self._failures[address] = min(self._failures.get(address, 0) + 1, 10)
            self._faults[address] = error
            raise
        self._failures.pop(address, None)
        self._faults.pop(address, None)
        if self._closed:
            connection.close()
            raise BusClosed("the bus is closed")
        return connection

    async def ask(self, address: Address, ask: Ask[T]) -> T:
        """Ask one broker over the shared connection. Raises ``BusUnavailable``, ``BusClosed``."""
        return await (await self._shared(address)).ask(ask)

    async def ask_any(self, ask: Ask[T]) -> T:
        """Ask one broker after the other, those that answered last first. Raises ``BusUnavailable`` when none does."""
        faults: list[BusUnavailable] = []
        everyone = dict.fromkeys((*self._known, *self._first))
        for address in sorted(everyone, key=lambda each: self._failures.get(each, 0)):
            try:
                return await self.ask(address, ask)
            except BusUnavailable as error:
                faults.append(error)
        if not faults:
            raise BusUnavailable("no address of a Kafka broker is set")
        # One that knows us and says no tells more than another that is away.
        told = next((each for each in faults if isinstance(each, BusDenied)), faults[-1])
        if len(self._first) == 1:
            raise told
        raise type(told)(f"no broker of {', '.join(map(str, self._first))} serves this node: {told.message}") from told

    async def leader(self, topic: str) -> Address | None:
        """Who leads a topic; None while there is no such topic. Raises ``BusUnavailable``."""
        found = await self.ask_any(wire.metadata(topic))
        if found.brokers:
            self._known = tuple(found.brokers.values())
        if found.fault == wire.NO_TOPIC:
            return None
        address = found.brokers.get(found.leader)
        if found.fault not in (0, wire.NO_LEADER):
            raise wire.told(found.fault, topic)
        if address is None:
            raise BusUnavailable(f"{topic} has no leader now: its brokers are away")
        return address

    async def offset(self, topic: str, which: int, isolation: int) -> int | None:
        """An offset as its leader tells it; None without a topic. Raises ``BusUnavailable``."""
        for pause in _PAUSES_S:
            leader = await self.leader(topic)
            if leader is None:
                return None
            code, found = await self.ask(leader, wire.offset(topic, which, isolation))
            if code in _NOT_YET:
                return None
            if code == 0:
                return found
            if code != wire.NOT_LEADER or pause is None:
                raise wire.told(code, f"the offsets of {topic}")
            await asyncio.sleep(pause)  # it has just been made, or has moved: the leader does not know yet
        return None

    def close(self) -> None:
        """Close every shared connection; nothing is asked any more."""
        self._closed = True
        for connection in self._connections.values():
            connection.close()

    async def _shared(self, address: Address) -> Connection:
        before = self._faults.get(address)
        async with self._connecting[address]:
            if self._closed:
                raise BusClosed("the bus is closed")
            fault = self._faults.get(address)
            if fault is not None and fault is not before:  # who tried while we waited in line failed for us all
                raise type(fault)(fault.message) from fault
            found = self._connections.get(address)
            if found is None or not found.usable:
                found = self._connections[address] = await self.connect(address)
            return found


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return Address(host.strip("[]"), int(port))
