"""A real node in a process of its own that kills itself when it was told to. No test: see ``killed_process``.

A nursery process imports everything once and forks a node for every order: a line of JSON on standard input with

    config   the node's settings file
    place    where to die: a name of PLACES, or "" to live until told to end (SIGTERM)
    times    at which occurrence of that place
    step     inside a transaction: at which of its statements, unless its COMMIT comes first

Answers, a line of JSON each: ``pid``, then ``url`` once the node seals, ``died`` with the place, ``ended``: status.
What belongs to the test is wrapped here, around the program's own functions; the program knows nothing of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import functools
import json
import logging
import os
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from gateway.bus import embedded_topic
from gateway.bus.embedded_writer import EmbeddedWriter
from gateway.bus.port import is_compacted
from gateway.errors import GatewayError
from gateway.ledger import database
from gateway.ledger.highwater import HighWater
from gateway.ledger.witnessmarks import WitnessMarks
from gateway.node import config as node_config
from gateway.node.relay import Relay
from gateway.serving import Serving
from gateway.trust.suites import CosignatureSigner, Ed25519Signer

PR_SET_PDEATHSIG, PR_SET_PTRACER, ANYBODY = 1, 0x59616D61, -1
LOG_KEY_SLASHES = 2  # <network>/<jurisdiction>/<family>; a record key has one


class Answers:
    """Lines to the parent, on what was standard output."""

    def __init__(self) -> None:
        self._descriptor = os.dup(1)
        os.dup2(2, 1)

    def say(self, **members: Any) -> None:
        os.write(self._descriptor, json.dumps(members).encode() + b"\n")


class Said:
    """Log lines on standard error; a disk too full for them is no fault of the node."""

    def msg(self, message: str) -> None:
        with contextlib.suppress(OSError):
            os.write(2, message.encode() + b"\n")

    debug = info = warning = error = critical = exception = msg


class Trap:
    """Counts how often its place is passed, and kills the process there."""

    def __init__(self, place: str, times: int, step: int, answers: Answers) -> None:
        self.place = place
        self._times = times
        self._step = step
        self._answers = answers

    def passing(self, place: str) -> None:
        """One occurrence of a place."""
        if place == self.place:
            self._times -= 1
            if self._times <= 0:
                self.die()

    def die(self, **where: Any) -> None:
        self._answers.say(died=self.place, **where)
        os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, connection: sqlite3.Connection, marker: str, place: str) -> sqlite3.Connection:
        """Die inside the transaction that holds a statement beginning with ``marker``."""
        if place == self.place:
            connection.set_trace_callback(functools.partial(self._statement, marker, [0]))
        return connection

    def _statement(self, marker: str, inside: list[int], sql: str) -> None:
        """SQLite calls this before it runs a statement; ``inside``: statements so far, from the marker on."""
        if sql.startswith("BEGIN"):
            inside[0] = 0
        elif inside[0] or sql.startswith(marker):
            self._times -= not inside[0]
            inside[0] += 1
            if self._times <= 0 and (inside[0] >= self._step or sql == "COMMIT"):
                self.die(statement=inside[0], sql=sql[:40])


def around(owner: type, name: str, trap: Trap, place: str, meant: Callable[..., bool]) -> None:
    """Pass ``place``.before and ``place``.after on either side of a function, where its arguments are those meant."""
    function = getattr(owner, name)

    @functools.wraps(function)
    def plain(*arguments: Any, **named: Any) -> Any:
        if not meant(*arguments):
            return function(*arguments, **named)
        trap.passing(f"{place}.before")
        result = function(*arguments, **named)
        trap.passing(f"{place}.after")
        return result

    @functools.wraps(function)
    async def waiting(*arguments: Any, **named: Any) -> Any:
        if not meant(*arguments):
            return await function(*arguments, **named)
        trap.passing(f"{place}.before")
        result = await function(*arguments, **named)
        trap.passing(f"{place}.after")
        return result

    setattr(owner, name, waiting if asyncio.iscoroutinefunction(function) else plain)


def lay(trap: Trap) -> None:
    """Put the trap into this process's copy of the program."""
    around(Ed25519Signer, "sign", trap, "sign", lambda signer, _: signer.name.count("/") == LOG_KEY_SLASHES)
    around(CosignatureSigner, "cosign", trap, "cosign", lambda signer, *_: not signer.name.endswith("/witness"))
    around(HighWater, "write", trap, "mark", lambda *_: True)
    around(EmbeddedWriter, "publish", trap, "send", lambda _, topic, batch: bool(batch) and not is_compacted(topic))
    around(WitnessMarks, "write", trap, "witness.mark", lambda *_: True)
    around(Relay, "_send_cosigned", trap, "witness.send", lambda relay, _: any(relay._cosigned()))
    open_database, open_topic = database.connect, embedded_topic.connect

    def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
        connection = open_database(path, read_only=read_only)
        for file, marker, place in TRANSACTIONS:
            if path.name == file and not read_only:
                trap.watch(connection, marker, place)
        return connection

    def connect_topic(path: Path, busy_s: float) -> sqlite3.Connection:
        connection = open_topic(path, busy_s)
        if is_compacted(path.stem):
            return connection
        return trap.watch(connection, "INSERT INTO message", "bus.transaction")

    database.connect = connect
    embedded_topic.connect = connect_topic


TRANSACTIONS = (
    ("ledger.sqlite", "INSERT INTO entries", "ledger.transaction"),
    ("ledger.sqlite", "UPDATE logs SET sent", "position.transaction"),
    ("mirrors.sqlite", "INSERT INTO entries", "mirror.transaction"),
    ("mirrors.sqlite", "INSERT OR REPLACE INTO cosigned", "witness.transaction"),
)
STEPS = ("sign", "cosign", "mark", "send")
PLACES = {place for *_, place in TRANSACTIONS} | {"bus.transaction"}
PLACES |= {f"{place}.{side}" for place in (*STEPS, "witness.mark", "witness.send") for side in ("before", "after")}


async def live(order: dict[str, Any], answers: Answers) -> None:
    """Run the node of the order until told to end."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with Serving(node_config.load(Path(order["config"])), refused_keys=frozenset()) as serving:
        running = asyncio.create_task(serving.run())
        sealing = asyncio.create_task(_sealing(serving))
        await asyncio.wait([running, sealing], return_when=asyncio.FIRST_COMPLETED)
        if sealing.done():
            refusing = sealing.result()
            answers.say(url=serving.url, refusing=refusing and f"{refusing.reason}: {refusing.message}")
        await running


async def _sealing(serving: Serving) -> GatewayError | None:
    """Wait until the node seals, or says why it never will."""
    while True:
        refusing = serving.node.publisher.refusing
        if refusing is None or refusing.reason != "node.starting":
            return refusing
        await asyncio.sleep(0.01)


def bear(order: dict[str, Any], answers: Answers) -> None:
    """The forked node's life; ends the process."""
    die_with_parent()
    prctl(PR_SET_PTRACER, ANYBODY)  # strace may look in, where the system asks for leave
    answers.say(pid=os.getpid())
    if order["place"]:
        if order["place"] not in PLACES:
            raise KeyError(order["place"])
        lay(Trap(order["place"], order["times"], order["step"], answers))
    status = 0
    try:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(live(order, answers))
    except GatewayError as error:
        answers.say(refusing=f"{error.reason}: {error.message}")
        status = 2
    sys.stderr.flush()
    os._exit(status)


def die_with_parent() -> None:
    """No process of a test outlives the test run, however that ends."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def prctl(option: int, value: int) -> None:
    """Where there is no such call, the test run goes without."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def main() -> None:
    """The nursery."""
    die_with_parent()
    logging.disable(logging.INFO)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: Said(),
    )
    answers = Answers()
    answers.say(born=True)
    while line := sys.stdin.buffer.readline():
        child = os.fork()
        if not child:
            try:
                bear(json.loads(line), answers)
            except BaseException:  # noqa: BLE001 - whatever it is, a fork must not go on as a second nursery
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(1)
        _, status = os.waitpid(child, 0)
        answers.say(ended=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
