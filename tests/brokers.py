"""A broker for the tests: one for the whole run, or the running one that JJJ_KAFKA names.

Where Java, Maven or Kafka's jars can't be had the tests that need it are skipped, saying so; with JJJ_KAFKA_REQUIRED
set, as in continuous integration, that is a failure.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.broker.cluster import Cluster
from gateway.bus.kafka_settings import KafkaSettings
from gateway.errors import CannotRun
from tests.certificates import Authority

SECURE = "listener.name.secure"
JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


@dataclass(frozen=True, slots=True)
class Kafka:
    """A running broker. ``cluster``: its processes, unless it isn't ours to stop; then it also listens at ``secured``,
    where it asks for a certificate of ``authority`` and a password. Who comes by the plain port may do anything.
    """

    bootstrap: str
    cluster: Cluster | None = None
    secured: int = 0
    authority: Authority | None = None

    @property
    def settings(self) -> KafkaSettings:
        """As a client of this one broker has them."""
        return KafkaSettings(tuple(self.bootstrap.split(",")), replication=1, min_insync=1)

    @asynccontextmanager
    async def killed(self) -> AsyncIterator[None]:
        """While entered, no broker is there; then it is back with the data it had."""
        assert self.cluster is not None
        for broker in self.cluster.brokers:
            broker.kill()
        try:
            yield
        finally:
            for broker in self.cluster.brokers:
                broker.begin()
            await self.cluster.ready()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While entered, brokers take connections and answer nothing."""
        assert self.cluster is not None
        for broker in self.cluster.brokers:
            broker.pause()
        try:
            yield
        finally:
            for broker in self.cluster.brokers:
                broker.resume()


@contextmanager
def running(folder: Path) -> Iterator[Kafka]:
    """The broker of this run."""
    named = os.environ.get("JJJ_KAFKA")
    if named:
        yield Kafka(named)
        return
    with socket.create_server(("127.0.0.1", 0)) as held:
        secured = held.getsockname()[1]
    authority = Authority(folder, "authority")
    cluster = Cluster(folder, more=secured_settings(folder, authority), secured=secured)
    try:
        asyncio.run(cluster.__aenter__())
    except CannotRun as error:
        if error.reason == "broker.failed" or os.environ.get("JJJ_KAFKA_REQUIRED"):
            pytest.fail(f"Kafka: {error.message}")
        pytest.skip(f"Kafka: {error.message}")
    try:
        yield Kafka(cluster.bootstrap, cluster, secured, authority)
    finally:
        asyncio.run(cluster.__aexit__(None, None, None))


def secured_settings(folder: Path, authority: Authority) -> dict[str, str]:
    """Of the secured listener, and access lists, which hold for whoever is somebody."""
    server = authority.issue("server")
    store = folder / "store.pem"
    store.write_bytes(server.key.read_bytes() + server.certificate.read_bytes())
    return {
        f"{SECURE}.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        f"{SECURE}.scram-sha-512.sasl.jaas.config": JAAS,
        f"{SECURE}.ssl.keystore.type": "PEM",
        f"{SECURE}.ssl.keystore.location": str(store),
        f"{SECURE}.ssl.truststore.type": "PEM",
        f"{SECURE}.ssl.truststore.location": str(authority.certificate),
        f"{SECURE}.ssl.client.auth": "required",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
