"""The project's broker as processes: it ends with who began it, and a broker that can't begin says why."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
from pathlib import Path

import pytest

from gateway.broker.answering import answering
from gateway.broker.cluster import Cluster
from gateway.bus.kafka_wire import Address
from gateway.errors import CannotRun
from tests.brokers import Kafka

PATIENCE_S = 60.0


def needs_brokers(kafka: Kafka) -> None:
    """Whoever has a broker of ours has what it takes to begin another."""
    if kafka.cluster is None:
        pytest.skip("JJJ_KAFKA names a broker, so none is begun here")


async def test_make_kafka_says_where_it_is_and_ends_with_who_began_it(kafka: Kafka) -> None:
    needs_brokers(kafka)
    if shutil.which("setpriv") is None:
        pytest.skip("this system has no setpriv, which ends a broker with who began it")
    command = (sys.executable, "-m", "gateway.broker.serve", "--port", "0")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            host, _, port = (await process.stdout.readline()).decode().strip().rpartition(":")
            address = Address(host, int(port))
            assert await answering(address) == 1
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with asyncio.timeout(PATIENCE_S):
        while await answering(address):
            pass


JAVA = """#!/bin/sh
case "$*" in
    *-version*) echo 'openjdk version "17.0.1"' >&2 ;;
    *StorageTool*) ;;
    *) echo 'BindException: Address already in use'; exit 1 ;;
esac
"""


async def test_a_broker_that_ends_is_told_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(JAVA, encoding="utf-8")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr("gateway.broker.jars.cache", lambda: tmp_path)
    with pytest.raises(CannotRun, match="Address already in use") as error:
        await Cluster(tmp_path / "data").__aenter__()
    assert error.value.reason == "broker.failed"


async def test_nobody_answers_where_nobody_is(unused_tcp_port: int) -> None:
    assert await answering(Address("127.0.0.1", unused_tcp_port)) == 0
