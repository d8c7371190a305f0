"""WHAT do a cluster's topics hold, from the first message kept to the last? For who audits, and writes nothing there.

>>> cluster = KafkaCluster(settings)
>>> await topics_there(cluster, "jjj.")
{'jjj.sanhe.licence', 'jjj.sanhe.checkpoint'}
>>> async for received in whole(cluster, "jjj.sanhe.licence"): ...
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from aiokafka.protocol.metadata import MetadataRequest

from gateway.bus import kafka_wire as wire
from gateway.bus.kafka_cluster import KafkaCluster
from gateway.bus.kafka_reading import Pages
from gateway.bus.kafka_wire import Ask
from gateway.bus.port import BusUnavailable, PositionLost, Received


async def topics_there(cluster: KafkaCluster, below: str) -> set[str]:
    """The names that begin so and that this user may see. Raises ``BusUnavailable``."""

    def read(answer: Any) -> set[str]:
        return {str(found[1]) for found in answer.topics if str(found[1]).startswith(below)}

    return await cluster.ask_any(Ask(MetadataRequest(None, allow_auto_topic_creation=False), read))


async def begins(cluster: KafkaCluster, topic: str) -> int:
    """The first offset kept: above 0 where retention, or somebody, has deleted the beginning; 0 without a topic."""
    return await cluster.offset(topic, wire.EARLIEST, wire.UNCOMMITTED) or 0


async def whole(cluster: KafkaCluster, topic: str) -> AsyncIterator[Received]:
    """Every committed message that the topic holds when this begins, in order.

    Raises ``BusUnavailable``; also where the topic lost what was still to be read.
    """
    end = await cluster.offset(topic, wire.LATEST, wire.COMMITTED)
    pages = Pages(cluster, topic, None, wire.COMMITTED, wait_s=0)
    try:
        while end is not None and (pages.position is None or pages.position < end):
            unpacked = await pages.fetch()
            if unpacked is None:
                end = await cluster.offset(topic, wire.LATEST, wire.COMMITTED)
                continue
            for received in unpacked:
                if received.position < end:
                    yield received
            pages.through(unpacked)
    except PositionLost as error:
        raise BusUnavailable(f"{topic}: retention deleted what was being read") from error
    finally:
        pages.close()
