"""A bus that is away for days fills the ledger, not the memory: the outbox is read in parts (DESIGN §6, LESSONS 2).

``JJJ_SOAK=1`` runs it: 200,000 records are published while the bus is away, then sent. A process of its own is
measured, so that what other tests left in memory does not count.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from gateway.node.door import Draft
from tests.records import builders
from tests.simulator import World, eventually

RECORDS = 200_000
A_CALL = 2_000
MOST_MIB = 300
SOAK = os.environ.get("JJJ_SOAK", "") not in ("", "0")


def peak_mib() -> int:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


async def backlog(folder: Path, records: int) -> tuple[int, int]:
    """Peaks after publishing without a bus, and after all was sent."""
    async with World(folder, "sanhe", "tongzhou") as world:
        with world.bus_away("sanhe"):
            sanhe = await (await world.start("sanhe")).sealing()
            states = sanhe.node.publisher.logs
            for start in range(0, records, A_CALL):
                numbers = (builders.food_number(serial) for serial in range(start, start + A_CALL))
                drafts = [Draft("jjj.licence.issued", builders.licence(number=number)) for number in numbers]
                receipts = await sanhe.node.publisher.publish(drafts)
                assert {receipt.status for receipt in receipts} == {"logged"}
            assert sanhe.node.relay.unsent(states["licence"]) == records
            published = peak_mib()
        for left in range(records - A_CALL * 5, -1, -A_CALL * 5):
            await eventually(lambda most=left: sanhe.node.relay.unsent(states["licence"]) <= most, f"{left} are left")
        return published, peak_mib()


def measured(folder: Path, records: int) -> tuple[int, int]:
    return asyncio.run(backlog(folder, records))


@pytest.mark.skipif(not SOAK, reason="takes minutes: JJJ_SOAK=1 runs it")
def test_two_hundred_thousand_unsent_records_are_not_held_in_memory(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        published, sent = process.submit(measured, tmp_path, RECORDS).result()
    print(f"peak of a process with {RECORDS} unsent records: {published} MiB; after sending: {sent} MiB")
    assert max(published, sent) < MOST_MIB
