"""Nodes in processes of their own over brokers that are killed: one of three, two at once, all of them.

Every acknowledged record stands once, in order, at every node, audits are clean, heartbeats go on by themselves, and
no node's memory grows with what waits. Three nodes lose their only broker; ``JJJ_SOAK=1``: six nodes over three
brokers, 200 records a second, a minute without any broker, and 200,000 records unsent.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.broker.cluster import Cluster
from tests.brokers import Kafka
from tests.flows.kafka_network import Network

pytestmark = pytest.mark.slow

SOAK = os.environ.get("JJJ_SOAK", "") not in ("", "0")
PLACES = ("sanhe", "tongzhou", "dachang", "xianghe", "xiongan", "binhai")[: 6 if SOAK else 3]
PER_S = 200.0 if SOAK else 15.0
AWAY = [((0,), 5.0), ((1, 2), 5.0), ((0, 1, 2), 60.0)] if SOAK else [((0,), 3.0)]
"""Which brokers are killed, one step after the other, and how many seconds they stay away at least."""
AMID = 100 if SOAK else 5
"""Records of every place that are acknowledged while a broker is away, and before the next one goes."""
UNSENT = 200_000
MOST_MIB = 300.0
FRESH_S = 30.0


@pytest.fixture(scope="module")
def brokers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The run's own broker; three of this module's own where there is time to begin and kill them."""
    if not SOAK:
        kafka: Kafka = request.getfixturevalue("kafka")
        if kafka.cluster is None:
            pytest.skip("JJJ_KAFKA names a broker that these tests may not stop")
        yield kafka.cluster
        return
    cluster = Cluster(tmp_path_factory.mktemp("brokers"), brokers=3)
    asyncio.run(cluster.__aenter__())
    try:
        yield cluster
    finally:
        asyncio.run(cluster.__aexit__(None, None, None))


@asynccontextmanager
async def away(cluster: Cluster, *numbers: int) -> AsyncIterator[None]:
    """While entered, these brokers are killed; then they are back with the data they had."""
    for number in numbers:
        cluster.brokers[number].kill()
    try:
        yield
    finally:
        for number in numbers:
            cluster.brokers[number].begin()
        await cluster.ready()


async def test_brokers_that_are_killed_cost_no_acknowledged_record_and_no_order(
    tmp_path: Path, brokers: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = []

    def note(what: str) -> None:
        rows.append((what, time.monotonic() - begun, network.acknowledged, max(network.peaks_mb().values())))

    async with Network(tmp_path, PLACES, brokers) as network:
        begun = time.monotonic()
        async with network.publishing(PER_S):
            for numbers, seconds in AWAY:
                await network.more_acknowledged(AMID)
                note("all there")
                async with away(brokers, *numbers):
                    if goes_on := len(brokers.brokers) - len(numbers) >= 2:
                        await network.more_acknowledged(AMID)
                    else:
                        await network.refused_everywhere()
                    await asyncio.sleep(seconds)  # a length of time is what is tried here
                    note(f"{len(numbers)} away: {'goes on' if goes_on else 'callers wait'}")
            await network.more_acknowledged(AMID)
            note("all back")
        await network.mirrored()
        note("mirrored everywhere")
        await network.fresh(FRESH_S)
        note("heartbeats everywhere")
        network.held_once_in_order()
        await network.audited()
        peaks = network.peaks_mb()
    with capsys.disabled():
        print(f"\n{len(PLACES)} nodes, {len(brokers.brokers)} brokers, {PER_S:g} records/s")
        for what, at, acknowledged, peak in rows:
            print(f"  {at:6.1f} s  {acknowledged:7,} acknowledged  {peak:4.0f} MiB  {what}")
    assert max(peaks.values()) <= MOST_MIB, peaks


@pytest.mark.skipif(not SOAK, reason="takes minutes: JJJ_SOAK=1 runs it")
async def test_what_waits_for_brokers_lies_on_the_disk_and_not_in_memory(
    tmp_path: Path, brokers: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Network(tmp_path, PLACES[:2], brokers, acknowledgement="local") as network:
        owner = network.published[0]
        async with away(brokers, 0, 1, 2):
            while owner.made < UNSENT:
                owner.make(500)
                await owner.send(network.http, network.world.urls[owner.place])
                assert not owner.waiting, owner.refusals
            unsent = await network.gauge(owner.place, "jjj_unsent_leaves")
            peak = network.peaks_mb()
        assert max(unsent) >= UNSENT
        await network.mirrored()
        network.held_once_in_order()
        after = network.peaks_mb()
    with capsys.disabled():
        print(f"\n{UNSENT:,} unsent: {peak[owner.place]:.0f} MiB; sent and mirrored: {max(after.values()):.0f} MiB")
    assert max(after.values()) <= MOST_MIB, after
