"""HOW do records travel between machines? Over Apache Kafka (2.5 or newer; tried with 4): ``gateway.bus.port.Bus``.

One topic, one partition, one log. Positions are offsets, with holes where control records lie. Readers take only what
is committed; ``signed_end`` looks at what was aborted too, for the own key has signed that as well. Every reading has
a connection of its own, because the broker answers one after the other what is asked on one.

>>> async with KafkaBus(KafkaSettings(("127.0.0.1:9092",)), prefix="jjj") as bus:
...     writer = await bus.claim("tongzhou")
...     await writer.publish("jjj.tongzhou.licence", batch)
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from gateway.bus import kafka_wire as wire
from gateway.bus.kafka_cluster import KafkaCluster
from gateway.bus.kafka_reading import Bounds, KafkaReading, greatest
from gateway.bus.kafka_settings import KafkaSettings
from gateway.bus.kafka_writer import KafkaWriter
from gateway.bus.port import BusClosed, Message, checked_topic


class KafkaBus:
    """A cluster's topics. A list read holds ``max_batch`` messages, about ``max_batch_bytes``, at most, or just one."""

    def __init__(
        self, settings: KafkaSettings, *, prefix: str = "jjj", max_batch: int = 512, max_batch_bytes: int = 1 << 20
    ) -> None:
        self._settings, self._prefix = settings, prefix
        self._bounds = Bounds(max_batch, max_batch_bytes)
        self._cluster: KafkaCluster | None = None
        self._readings: list[KafkaReading] = []
        self._writers: list[KafkaWriter] = []

    async def __aenter__(self) -> Self:
        self._cluster = KafkaCluster(self._settings)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cluster, self._cluster = self._cluster, None
        for writer in self._writers:
            await writer.close()
        for reading in self._readings:
            await reading.bus_closed()
        if cluster is not None:
            cluster.close()

    def read(self, topic: str, position: int | None) -> KafkaReading:
        """As ``BusReader.read``."""
        reading = KafkaReading(self._open(), checked_topic(topic), position, self._bounds)
        self._readings = [each for each in self._readings if not each.gone]
        self._readings.append(reading)
        return reading

    async def end(self, topic: str) -> int:
        """As ``BusReader.end``."""
        return await self._open().offset(checked_topic(topic), wire.LATEST, wire.UNCOMMITTED) or 0

    async def signed_end(self, topic: str, size_of: Callable[[Message], int | None]) -> Message | None:
        """As ``BusReader.signed_end``."""
        return await greatest(self._open(), checked_topic(topic), size_of)

    async def claim(self, jurisdiction: str) -> KafkaWriter:
        """As ``Bus.claim``."""
        self._open()
        writer = await KafkaWriter.claimed(self._settings, self._prefix, jurisdiction)
        self._writers = [each for each in self._writers if not each.gone]
        self._writers.append(writer)
        return writer

    def _open(self) -> KafkaCluster:
        if self._cluster is None:
            raise BusClosed("the bus is not open")
        return self._cluster
