"""The parent's side of ``killed_node``: one nursery process, and the nodes that it bears one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY
from tests.simulator import PATIENCE_S

KILLED = -signal.SIGKILL


@dataclass
class Child:
    """One forked node. ``url``: where it serves, once it seals; ``died``: the place where it killed itself."""

    pid: int
    url: str = ""
    refusing: str | None = None
    died: dict[str, Any] = field(default_factory=dict)
    ended: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def settled(self) -> bool:
        """Wait until it serves, or has ended; True if it serves."""
        waits = [asyncio.ensure_future(self.ready.wait()), self.ended]
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        waits[0].cancel()
        return self.ready.is_set() and not self.ended.done()

    def kill(self) -> None:
        """Kill it from outside."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    async def end(self) -> int:
        """Ask it to stop in good order."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        return await self.gone()

    async def gone(self) -> int:
        """Wait until it has ended; its exit status, negative for a signal."""
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.shield(self.ended)


@dataclass
class Nursery:
    """The process that forks nodes; one at a time."""

    process: asyncio.subprocess.Process
    said: Path
    _now: Child | None = None
    _born: asyncio.Queue[Child] = field(default_factory=asyncio.Queue)

    async def bear(self, config: Path, place: str = "", times: int = 1, step: int = 1) -> Child:
        """Fork a node that dies at a place, or lives."""
        if self._now is not None and not self._now.ended.done():
            raise RuntimeError("the last one lives")
        order = {"config": str(config), "place": place, "times": times, "step": step}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            return await self._born.get()

    async def empty(self) -> None:
        """End whatever still lives."""
        if self._now is not None and not self._now.ended.done():
            self._now.kill()
            await self._now.gone()

    def last_words(self) -> str:
        """The last that nodes said on standard error, and how the last one ended."""
        return f"{self._now}\n{self.said.read_text()[-4000:]}"

    async def listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self._hear(json.loads(line))

    def _hear(self, said: dict[str, Any]) -> None:
        if "pid" in said:
            self._now = Child(said["pid"])
            self._born.put_nowait(self._now)
        elif self._now is not None:
            if "died" in said:
                self._now.died = said
            if "refusing" in said:
                self._now.refusing = said["refusing"]
            if "url" in said:
                self._now.url = said["url"]
                self._now.ready.set()
            if "ended" in said:
                self._now.ended.set_result(said["ended"])


@asynccontextmanager
async def nursery(folder: Path) -> AsyncIterator[Nursery]:
    """A nursery; what its nodes say on standard error lies in ``folder``/nodes.log."""
    said = folder / "nodes.log"
    with said.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.flows.killed_node",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            cwd=REPOSITORY,
        )
    opened = Nursery(process, said)
    listening = asyncio.create_task(opened.listen())
    try:
        yield opened
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await listening
