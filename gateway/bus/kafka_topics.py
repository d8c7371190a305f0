"""HOW must a topic be set so that nothing in it is lost early, or kept for nothing? (DESIGN §5)

We make topics that are missing, and look at those that are there: one that would lose records is refused with the
setting's name and what it should be. What only an operator's taste decides is not looked at.

>>> await ready(cluster, "jjj.sanhe.licence")
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.bus import kafka_wire as wire
from gateway.bus.kafka_cluster import KafkaCluster
from gateway.bus.kafka_settings import KafkaSettings
from gateway.bus.port import BusUnavailable, TopicSettings, is_compacted

DAY_MS = 86_400_000
SEGMENT_MS = 600_000
LAG_MS = 3_600_000
LEAST_MESSAGE = 1_000_000
"""Bytes that a topic must take in one batch: ``kafka_batches.CHUNK_BYTES`` and what Kafka puts around it."""
LOOK_S = 0.05
_INVALID_REPLICATION, _INVALID_SETTINGS, _POLICY = 38, 40, 44


def wanted(topic: str, settings: KafkaSettings) -> dict[str, str]:
    """The settings of a topic that we make. The broker's clock dates records: theirs decides what retention deletes."""
    chosen = {
        "min.insync.replicas": str(settings.min_insync),
        "unclean.leader.election.enable": "false",
        "message.timestamp.type": "LogAppendTime",
    }
    if is_compacted(topic):
        compaction = {"segment.ms": str(SEGMENT_MS), "max.compaction.lag.ms": str(LAG_MS)}
        return {"cleanup.policy": "compact", **compaction, **chosen}
    return {"cleanup.policy": "delete", "retention.ms": str(settings.retention_days * DAY_MS), **chosen}


async def ready(cluster: KafkaCluster, topic: str) -> None:
    """Make the topic, or look whether it does. Raises ``TopicSettings``, ``BusUnavailable``."""
    if (await cluster.ask_any(wire.metadata(topic))).fault == wire.NO_TOPIC and await _made(cluster, topic):
        return
    count = await cluster.ask_any(wire.partitions(topic))
    if count > 1:
        raise TopicSettings(f"{topic} has {count} partitions; it must have 1, for the order of one log")
    code, found = await cluster.ask_any(wire.describe_topic(topic))
    if code:
        raise wire.told(code, f"the settings of {topic}, which must be known before it is written")
    for name, does, should in _rules(topic, cluster.settings):
        if name in found and not does(found[name]):
            raise TopicSettings(f"{topic}: {name} is {found[name]!r}; it must be {should}")


async def _made(cluster: KafkaCluster, topic: str) -> bool:
    """Make it and wait until it has a leader; False if another was quicker."""
    settings = cluster.settings
    ask = wire.create_topic(topic, settings.replication, wanted(topic, settings), settings.request_s)
    code, words = await cluster.ask_any(ask)
    if code == wire.EXISTS:
        return False
    if code in (_INVALID_REPLICATION, _INVALID_SETTINGS, _POLICY):
        raise TopicSettings(f"{topic} can't be made with {settings.replication} replicas and our settings: {words}")
    if code:
        raise wire.told(code, f"{topic} can't be made{': ' if words else ''}{words}")
    while not await _led(cluster, topic):  # noqa: ASYNC110 - another process
        await asyncio.sleep(LOOK_S)
    return True


async def _led(cluster: KafkaCluster, topic: str) -> bool:
    try:
        return await cluster.leader(topic) is not None
    except BusUnavailable:
        return False


def _rules(topic: str, settings: KafkaSettings) -> list[tuple[str, Callable[[str], bool], str]]:
    """Setting, whether a value does, and what it should be in words."""
    both: list[tuple[str, Callable[[str], bool], str]] = [
        ("min.insync.replicas", lambda v: int(v) >= settings.min_insync, f"{settings.min_insync} or more"),
        ("unclean.leader.election.enable", lambda v: v == "false", "false, or acknowledged records may vanish"),
        ("max.message.bytes", lambda v: int(v) >= LEAST_MESSAGE, f"{LEAST_MESSAGE} or more"),
    ]
    if is_compacted(topic):
        return [
            ("cleanup.policy", lambda v: v == "compact", "compact, so that the newest checkpoint of each key stays"),
            ("segment.ms", lambda v: int(v) <= SEGMENT_MS, f"{SEGMENT_MS} or less, or compaction never begins"),
            ("max.compaction.lag.ms", lambda v: int(v) <= LAG_MS, f"{LAG_MS} or less"),
            *both,
        ]
    least = settings.retention_days * DAY_MS
    return [
        ("cleanup.policy", lambda v: v == "delete", "delete: compaction would drop records"),
        ("retention.ms", lambda v: int(v) < 0 or int(v) >= least, f"{least} or more ({settings.retention_days} days)"),
        ("retention.bytes", lambda v: int(v) < 0, "-1: days bound a topic, not bytes"),
        *both,
    ]
