"""Six nodes in one process: their folders, their servers, and waiting for what they hold.

Each node is whole: own ledger, own keys, own HTTP server; they share nothing but the bus: the folder of the
embedded one, or a Kafka. The example keys and the example roster, with the ports of this run, are the only things that
differ from a real network.

>>> async with Stage(folder, base_port=0) as stage:
...     await stage.all_seal()
...     stage.url("sanhe")
'http://127.0.0.1:41207'
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.demo import cast, examplesigned
from gateway.demo.example import ONLINE, example_keys, example_trust
from gateway.demo.scenes import schema_1_1
from gateway.errors import CannotRun
from gateway.node.config import load
from gateway.node.runtime import Node
from gateway.ops import nodefolder
from gateway.ops.nodefolder import OneBroker
from gateway.repository.client import PINNED
from gateway.serving import Serving

HEARTBEAT_S = 5
SILENT, SILENT_HEARTBEAT_S = "dachang", 1
"""Who goes silent; its agreement wants news every five seconds."""
PATIENCE_S = 300
AHEAD = "xianghe"  # the one node that has the demo's newer schema
SCHEMA_FILE = "licence-1.1.schema.json"
PLACES = tuple(place.id for place in cast.PLACES)
IN_ORDER = (ONLINE, *(place for place in PLACES if place != ONLINE))
"""The others get their trust data from the node that has the repository, over HTTP."""


@dataclass(slots=True)
class _Player:
    serving: Serving
    work: asyncio.Task[None]


class Stage:
    """The six nodes. ``folder``: where each keeps its folder ``<jurisdiction>/``. ``kafka``: their bus, if so.
    ``suite``: "gm" for a network under that policy.
    """

    def __init__(self, folder: Path, *, base_port: int, kafka: OneBroker | None = None, suite: str = "ed25519") -> None:
        self.folder = folder
        self._suite = suite
        self._kafka = kafka
        self._ports = dict(zip(PLACES, _ports(base_port, len(PLACES)), strict=True))
        self._players: dict[str, _Player] = {}

    async def __aenter__(self) -> Self:
        for place in IN_ORDER:
            self._set_up(place)
        try:
            for place in IN_ORDER:
                await self.start(place)
        except BaseException:
            await self._stop_all()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop_all()

    def url(self, place: str) -> str:
        """Where a node answers."""
        return f"http://127.0.0.1:{self._ports[place]}"

    @property
    def urls(self) -> dict[str, str]:
        """Where each node answers."""
        return {place: self.url(place) for place in PLACES}

    def node(self, place: str) -> Node:
        """A running node."""
        return self._players[place].serving.node

    @property
    def running(self) -> list[str]:
        """The jurisdictions whose nodes run."""
        return list(self._players)

    async def start(self, place: str) -> None:
        """Start one node; example keys are allowed here and nowhere else."""
        serving = Serving(load(self.folder / place / nodefolder.CONFIG), refused_keys=frozenset())
        await serving.__aenter__()
        self._players[place] = _Player(serving, asyncio.create_task(serving.run(), name=place))

    async def stop(self, place: str) -> None:
        """Stop one node altogether: from now on it is silent."""
        player = self._players.pop(place)
        player.work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await player.work
        await player.serving.__aexit__(None, None, None)

    async def _stop_all(self) -> None:
        for place in list(self._players):
            await self.stop(place)

    async def all_seal(self) -> None:
        """Wait until every node has found nothing against sealing."""
        await self.until(lambda: all(self.node(each).publisher.refusing is None for each in self.running), "sealing")

    async def all_mirrored(self) -> None:
        """Wait until every running node holds every running node's leaves under a verified checkpoint."""
        await self.until(lambda: not self._lacking(), "mirroring")

    def _lacking(self) -> list[str]:
        sizes = {
            state.own.log.origin: state.own.size
            for place in self.running
            for state in self.node(place).publisher.logs.values()
        }
        return [
            origin
            for place in self.running
            for origin, size in sizes.items()
            if origin in self.node(place).followers and self.node(place).followers[origin].log.size < size
        ]

    def mirrored(self) -> int:
        """Leaves held under verified checkpoints, summed over partners."""
        return sum(f.log.size for place in self.running for f in self.node(place).followers.values())

    def logged(self) -> int:
        """Leaves in own logs, summed over nodes."""
        return sum(state.own.size for place in self.running for state in self.node(place).publisher.logs.values())

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition. Raises ``CannotRun`` ``demo.stuck``, or what ended a node meanwhile."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            for player in self._players.values():
                if player.work.done():
                    await player.work
            if time.monotonic() > end:
                raise CannotRun("demo.stuck", f"{what} did not come to an end within {PATIENCE_S} s")
            await asyncio.sleep(0.05)

    def _set_up(self, place: str) -> None:
        folder = self.folder / place
        if not (folder / nodefolder.CONFIG).exists():
            nodefolder.lay_out(folder, place, port=self._ports[place])
        if place == ONLINE:
            examplesigned.publish(folder / "trust", example_trust(self.urls, self._suite), now=int(time.time()))
        ahead = ("schemas",) if place == AHEAD else ()
        nodefolder.write_config(
            folder,
            place,
            port=self._ports[place],
            heartbeat_s=SILENT_HEARTBEAT_S if place == SILENT else HEARTBEAT_S,
            schemas=ahead,
            trust_urls=() if place == ONLINE else (self.url(ONLINE),),
            kafka=self._kafka,
        )
        for name in ahead:
            (folder / name).mkdir(exist_ok=True)
            (folder / name / SCHEMA_FILE).write_bytes(schema_1_1())
        for name, key in example_keys(place, self._suite).items():
            path = folder / "keys" / name
            path.touch(mode=0o600)
            path.chmod(0o600)
            path.write_bytes(key)
        if place != ONLINE:
            root = self.folder / ONLINE / "trust" / PINNED
            (folder / "trust" / PINNED).write_bytes(root.read_bytes())


def _ports(base: int, count: int) -> list[int]:
    if base:
        return list(range(base, base + count))
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in held]
