"""Which bus do the settings name? One for most jurisdictions, another for some, none where only tiles travel.

>>> async with open_bus(config, node.sources) as bus: ...
"""

from __future__ import annotations

from gateway.bus.embedded import EmbeddedBus
from gateway.bus.kafka import KafkaBus
from gateway.bus.kafka_settings import KafkaSettings
from gateway.bus.port import Bus
from gateway.bus.routed import RoutedBus
from gateway.bus.tileheads import SourcesOf
from gateway.bus.tilereading import TileBus
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
