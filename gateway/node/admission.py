"""A covered run of leaves, through the gate and into one transaction (laws 2 and 6, DESIGN §6).

The checks that need only bytes run in threads, since verifying a signature leaves the interpreter free; those that
depend on the leaves below run in order, inside the transaction that appends the leaves.

>>> readings = await read_all(executor, log, run, trust)
>>> refused = await mirrors.write(lambda connection: write(connection, log, run, readings))
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Executor

from gateway.errors import Refused
from gateway.ledger import logbook
from gateway.ledger.logbook import Log
from gateway.node import index
from gateway.node.tail import Run
from gateway.trust import gate
from gateway.trust.gate import Place, Reading
from gateway.trust.trusted import TrustData

CHUNK = 64


async def read_all(executor: Executor, log: Log, run: Run, trust: TrustData) -> list[Reading | Refused]:
    """Checks 1 to 11 of the gate on every leaf of a run."""
    pairs = [(entry, place) for entry, (place, _) in zip(run.entries, places(log, run), strict=True)]
    loop = asyncio.get_running_loop()
    chunks = [pairs[start : start + CHUNK] for start in range(0, len(pairs), CHUNK)]
    results = await asyncio.gather(*(loop.run_in_executor(executor, _read_chunk, chunk, trust) for chunk in chunks))
    return [reading for chunk in results for reading in chunk]


def places(log: Log, run: Run) -> Iterator[tuple[Place, int]]:
    """Each leaf's place and when this node knew it (ms): both by the smallest seal that covers it."""
    leaf = run.start
    for seal in run.seals:
        for at in range(leaf, seal.size):
            yield Place(log.origin, log.jurisdiction, log.family, at, seal.date), seal.known
        leaf = seal.size


def _read_chunk(pairs: list[tuple[bytes, Place]], trust: TrustData) -> list[Reading | Refused]:
    return [_read_one(entry, place, trust) for entry, place in pairs]


def _read_one(entry: bytes, place: Place, trust: TrustData) -> Reading | Refused:
    try:
        return gate.read(entry, place, trust)
    except Refused as refused:
        return refused


def write(connection: sqlite3.Connection, log: Log, run: Run, readings: list[Reading | Refused]) -> list[Refused]:
    """Append, seal, index or quarantine a run, and remember where the topic goes on; answers what was refused."""
    logbook.append(connection, log.number, run.start, run.entries, run.hashes)
    for seal in run.seals:
        logbook.add_seal(connection, log.number, seal)
    logbook.set_position(connection, log.number, run.position)
    refused = []
    for (place, known), entry, reading in zip(places(log, run), run.entries, readings, strict=True):
        fault = _index(connection, log, place, reading, known)
        if fault is not None:
            index.quarantine(connection, log, place.index, entry, fault, known)
            refused.append(fault)
    return refused


def _index(
    connection: sqlite3.Connection, log: Log, place: Place, reading: Reading | Refused, known: int
) -> Refused | None:
    if isinstance(reading, Refused):
        return reading
    try:
        verified = gate.settle(reading, place, index.LogHistory(connection, log, place.index))
    except Refused as refused:
        return refused
    index.accept(connection, log, verified, known)
    return None
