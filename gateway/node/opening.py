"""What must be open before a node can be: its data folder for one process alone, the bus, the trust data.

>>> descriptor = lock_data(config)
>>> bus = open_bus(config, lambda jurisdiction: Sources())
"""

from __future__ import annotations

import fcntl
import os
import time

from gateway.bus.embedded import EmbeddedBus
from gateway.bus.kafka import KafkaBus
from gateway.bus.kafka_settings import KafkaSettings
from gateway.bus.port import Bus
from gateway.bus.routed import RoutedBus
from gateway.bus.tileheads import Sources, SourcesOf
from gateway.bus.tilereading import TileBus
from gateway.errors import CannotRun
from gateway.ledger import logbook
from gateway.node.config import EMBEDDED, Config
from gateway.node.freshness import OwnClock
from gateway.node.inforce import InForce
from gateway.node.measures import Measures
from gateway.node.plaintrust import PlainTrust
from gateway.node.signedtrust import SignedTrust
from gateway.trust.roster import Roster


def open_trust(config: Config, measures: Measures, own_clock: OwnClock, refused_keys: frozenset[bytes]) -> InForce:
    """Signed trust where the trust folder holds a pinned root, else the plain files."""
    if config.signed:
        return SignedTrust(
            config, measures, own_clock_slow=lambda: own_clock.slow(time.monotonic()), refused_keys=refused_keys
        )
    return PlainTrust(config.trust, config.schemas, measures)


def open_bus(config: Config, sources: SourcesOf) -> Bus:
    """The bus that the settings name, and what they say of certain jurisdictions' topics."""
    settings = config.bus
    usual = EmbeddedBus(settings.folder, prefix=settings.prefix) if settings.kind == EMBEDDED else None
    elsewhere = {each: _cluster(cluster, settings.prefix, sources) for each, cluster in settings.at.items()}
    bus = usual or _cluster(settings.kafka, settings.prefix, sources)
    return RoutedBus(bus, elsewhere, prefix=settings.prefix) if elsewhere else bus


def _cluster(cluster: KafkaSettings | None, prefix: str, sources: SourcesOf) -> Bus:
    return TileBus(sources, prefix=prefix) if cluster is None else KafkaBus(cluster, prefix=prefix)


def sources_in(roster: Roster, jurisdiction: str, *, own: str) -> Sources:
    """Where a partner's logs may be had: at its own node, else at others'. Nowhere, if it is this node's own or not in
    the roster.
    """
    everyone = roster.jurisdictions
    found = everyone.get(jurisdiction)
    if found is None or jurisdiction == own:
        return Sources()
    others = (each for each in everyone.values() if each.id not in (jurisdiction, own))
    return Sources(
        tuple(found.urls),
        tuple(url for other in others for url in other.urls),
        tuple(logbook.name_of(entry.origin) for entry in found.logs),
    )


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
