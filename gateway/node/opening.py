"""What a node's process opens before anything else: the lock on its data folder, and the bus that its settings name.

>>> descriptor = lock_data(config)
>>> async with open_bus(config, node.sources) as bus:
...     await bus.end("jjj.sanhe.licence")
"""

from __future__ import annotations

import fcntl
import os

from gateway.bus.embedded import EmbeddedBus
from gateway.bus.kafka import KafkaBus
from gateway.bus.kafka_settings import KafkaSettings
from gateway.bus.port import Bus
from gateway.bus.routed import RoutedBus
from gateway.bus.tileheads import SourcesOf
from gateway.bus.tilereading import TileBus
from gateway.errors import CannotRun
from gateway.node.config import EMBEDDED, Config


def open_bus(config: Config, sources: SourcesOf) -> Bus:
    """The bus that the settings name, and what they say of certain jurisdictions' topics."""
    settings = config.bus
    usual = EmbeddedBus(settings.folder, prefix=settings.prefix) if settings.kind == EMBEDDED else None
    elsewhere = {each: _cluster(cluster, settings.prefix, sources) for each, cluster in settings.at.items()}
    bus = usual or _cluster(settings.kafka, settings.prefix, sources)
    return RoutedBus(bus, elsewhere, prefix=settings.prefix) if elsewhere else bus


def _cluster(cluster: KafkaSettings | None, prefix: str, sources: SourcesOf) -> Bus:
    return TileBus(sources, prefix=prefix) if cluster is None else KafkaBus(cluster, prefix=prefix)


def lock_data(config: Config) -> int:
    """Hold the data folder for this process alone."""
    try:
        descriptor = os.open(config.data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotRun(
            "ledger.io", f"{config.data}: {error.strerror}; run `jjj-gateway init` to make a node's folder"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise CannotRun("node.running", f"another process runs the node in {config.data}") from error
    return descriptor
