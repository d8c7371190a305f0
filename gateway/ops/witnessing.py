"""A witness's high-water file that is missing, made anew by `recover` (DESIGN §6).

How far each log was cosigned stands in two more places: in a table of the mirrors, written in the same step as the
cosignature, and in this node's own checkpoint topic, which keeps the newest of each log. The larger counts. Where both
are gone or old, the node is a new witness: whatever contradicts what it once cosigned freezes the log as soon as any
partner shows the old cosignature.

>>> said = await said_on_bus(bus, "jjj", "sanhe", trust)
>>> restore(Path("sanhe/data"), said)
12
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path

from gateway.bus.port import Bus, BusError, Message, checkpoint_topic
from gateway.errors import CannotRun, Refused
from gateway.ledger import checkpoint, cosignatures, logbook
from gateway.ledger.database import connect, faults_named
from gateway.ledger.witnessmarks import MARKS_FILE, Mark, WitnessMarks
from gateway.trust import notes
from gateway.trust.notes import Identity
from gateway.trust.suites import VerifierKey
from gateway.trust.trusted import TrustData

MIRRORS = "mirrors.sqlite"
QUIET_S = 5.0
"""A topic that gives nothing for so long is read to its end: the rest was compacted away."""


async def said_on_bus(bus: Bus, prefix: str, jurisdiction: str, trust: TrustData) -> dict[str, Mark]:
    """By origin, the largest tree that this node's witness key has cosigned on its own topic. Raises ``CannotRun``."""
    topic = checkpoint_topic(prefix, jurisdiction)
    keys = {who: key.vkey for who, key in trust.roster.keys("witness", jurisdiction).items()}
    found: dict[str, Mark] = {}
    try:
        end, position = await bus.end(topic), 0
        async with aclosing(bus.read(topic, None)) as batches:
            while position < end:
                batch = await asyncio.wait_for(anext(batches), QUIET_S)
                position = batch[-1].position + 1
                for received in batch:
                    _raise(found, _cosigned_in(received.message, keys))
    except TimeoutError:
        pass
    except BusError as error:
        raise CannotRun(error.reason, f"{topic}: {error.message}") from error
    return found


def _cosigned_in(message: Message, keys: Mapping[Identity, VerifierKey]) -> dict[str, Mark]:
    try:
        parsed = notes.parse(message.value, checkpoint.MAX_LINES, max_size=checkpoint.MAX_NOTE)
        tree = checkpoint.parse_text(parsed.text)
        return {tree.origin: (tree.size, tree.root)} if notes.verify(parsed, keys) else {}
    except Refused:
        return {}


def restore(data: Path, said: Mapping[str, Mark]) -> int:
    """Make the file of a data folder if it is missing; answers for how many logs it has a mark then. ``said``: what is
    known from elsewhere. A file that is there stays as it is. Raises ``CannotRun`` ``ledger.*`` where the mirrors can't
    be read.
    """
    path = data / MARKS_FILE
    if path.exists():
        return 0
    marks = _remembered(data / MIRRORS)
    _raise(marks, said)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    made = WitnessMarks.create(new)
    try:
        made.write(marks)
    finally:
        made.close()
    new.rename(path)
    return len(marks)


def _raise(marks: dict[str, Mark], others: Mapping[str, Mark]) -> None:
    for origin, mark in others.items():
        marks[origin] = max(marks.get(origin, mark), mark)


def _remembered(mirrors: Path) -> dict[str, Mark]:
    if not mirrors.exists():
        return {}
    connection = connect(mirrors, read_only=True)
    try:
        with faults_named(mirrors):
            logs = logbook.all_logs(connection)
            found = {log.origin: cosignatures.cosigned(connection, log.number) for log in logs}
    finally:
        connection.close()
    return {origin: mark for origin, mark in found.items() if mark is not None}
