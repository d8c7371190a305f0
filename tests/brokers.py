"""A broker for the tests: one for the whole run, or the running one that JJJ_KAFKA names.

Where Java, Maven or Kafka's jars can't be had the tests that need it are skipped, saying so; with JJJ_KAFKA_REQUIRED
set, as in continuous integration, that is a failure.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.broker.certificates import Authority
from gateway.broker.cluster import Cluster
from gateway.broker.secured import give_access, make_certificates
from gateway.bus.kafka_access import Access
from gateway.bus.kafka_settings import KafkaSettings
from gateway.errors import CannotRun


@dataclass(frozen=True, slots=True)
class Kafka:
    """A running broker. ``cluster``: its processes, unless it isn't ours to stop."""

    bootstrap: str
    cluster: Cluster | None = None

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


@dataclass(frozen=True, slots=True)
class SecuredKafka:
    """A broker set as a real one. ``folder``: certificates and passwords; ``access``: who may do what."""

    cluster: Cluster
    folder: Path
    access: Access
    authority: Authority

    def settings(self, name: str) -> KafkaSettings:
        """As the node of that name has them."""
        return KafkaSettings(
            tuple(self.cluster.bootstrap.split(",")),
            ca=self.folder / "ca.pem", certificate=self.folder / f"{name}.pem", key=self.folder / f"{name}.key",
            user=name, password=self.folder / f"{name}.password", replication=1, min_insync=1,
        )  # fmt: skip


@contextmanager
def secured(folder: Path) -> Iterator[SecuredKafka]:
    """A secured broker of this run, for tongzhou and sanhe, who find their topics made, and an auditor, who reads."""
    secrets = folder / "secrets"
    authority = make_certificates(secrets, ["tongzhou", "sanhe", "auditor"])
    cluster = Cluster(folder / "data", secrets=secrets)
    with _begun(cluster):
        access = asyncio.run(give_access(secrets, cluster, ["tongzhou", "sanhe"], ["auditor"]))
        yield SecuredKafka(cluster, secrets, access, authority)


@contextmanager
def running(folder: Path) -> Iterator[Kafka]:
    """The broker of this run."""
    named = os.environ.get("JJJ_KAFKA")
    if named:
        yield Kafka(named)
        return
    cluster = Cluster(folder)
    with _begun(cluster):
        yield Kafka(cluster.bootstrap, cluster)


@contextmanager
def _begun(cluster: Cluster) -> Iterator[None]:
    try:
        asyncio.run(cluster.__aenter__())
    except CannotRun as error:
        if error.reason == "broker.failed" or os.environ.get("JJJ_KAFKA_REQUIRED"):
            pytest.fail(f"Kafka: {error.message}")
        pytest.skip(f"Kafka: {error.message}")
    try:
        yield
    finally:
        asyncio.run(cluster.__aexit__(None, None, None))
