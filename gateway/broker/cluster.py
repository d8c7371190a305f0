"""One broker or three on loopback, ready when this is entered, gone when it is left.

>>> async with Cluster(folder, brokers=1) as cluster:
...     cluster.bootstrap
'127.0.0.1:41883'
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.broker import jars
from gateway.broker.answering import answering
from gateway.broker.brokerprocess import BrokerProcess
from gateway.broker.certificates import ADMIN, tls_as
from gateway.broker.properties import HOST, Place, server_properties
from gateway.bus.kafka_settings import Security
from gateway.bus.kafka_wire import Address
from gateway.errors import CannotRun

CLUSTER_ID = "ampqLWdhdGV3YXktMQAAAA"  # always the same, so that data left by one run are the next one's
READY_S = 120
LOOK_S = 0.1


class Cluster:
    """``folder``: where each broker keeps data and log; its data go on where they are there already.

    ``port``: the first broker's, 0 for any free one. ``more``: settings beside the usual ones. ``secrets``: the
    folder of certificates, for a secured one. ``say`` hears of fetching.
    """

    def __init__(
        self,
        folder: Path,
        *,
        brokers: int = 1,
        port: int = 0,
        more: Mapping[str, str] | None = None,
        secrets: Path | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        ports = _free_ports(brokers * 3)
        clients = [port + number if port else ports[number] for number in range(brokers)]
        self._places = [
            Place(
                number + 1, clients[number], ports[brokers + number], folder / f"broker-{number + 1}", more or {},
                ports[2 * brokers + number] if secrets is not None else clients[number], secrets,
            )
            for number in range(brokers)
        ]
        self._security = Security() if secrets is None else Security(tls_as(secrets, ADMIN))
        self._say = say
        self.brokers: list[BrokerProcess] = []

    @property
    def bootstrap(self) -> str:
        """The brokers' addresses, as clients take them."""
        return ",".join(place.address for place in self._places)

    @property
    def internal(self) -> str:
        """The addresses for the administrator; without secrets the same."""
        return ",".join(place.internal for place in self._places)

    async def __aenter__(self) -> Self:
        java = jars.find_java()
        folder = await jars.fetched(self._say)
        voters = [(place.id, place.controller_port) for place in self._places]
        self.brokers = [
            BrokerProcess(place, server_properties(place, voters), folder, java) for place in self._places
        ]
        try:
            await self._begin()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def ready(self) -> None:
        """Wait until all that should run answer and know one another. Raises ``CannotRun`` ``broker.failed``."""
        wanted = len(self.brokers)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_S):
                while not await self._all_answer(wanted):  # noqa: ASYNC110 - other processes
                    await asyncio.sleep(LOOK_S)
                return
        words = " | ".join(broker.last_words() for broker in self.brokers)
        raise CannotRun("broker.failed", f"Kafka at {self.bootstrap} did not answer within {READY_S} s: {words}")

    async def _all_answer(self, wanted: int) -> bool:
        for broker in self.brokers:
            if not broker.running:
                raise CannotRun("broker.failed", f"Kafka ended ({broker.log}): {broker.last_words()}")
        answers = [
            await answering(Address(HOST, broker.place.internal_port), self._security) for broker in self.brokers
        ]
        return all(found == wanted for found in answers)

    async def _begin(self) -> None:
        await asyncio.gather(*(broker.format(CLUSTER_ID) for broker in self.brokers))
        for broker in self.brokers:
            broker.begin()
        await self.ready()

    async def _end(self) -> None:
        await asyncio.gather(*(broker.stop() for broker in self.brokers))


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in held]
