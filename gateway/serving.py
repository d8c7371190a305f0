"""A node together with its web server: what ``run``, the demo and tests start.

The server listens before the node seals, so that partners that start together can ask one another; it stops before
the node closes.

>>> async with Serving(config, refused_keys=example_public_keys()) as serving:
...     print(serving.url)
...     await serving.run()
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from aiohttp import web

from gateway.errors import CannotRun
from gateway.node.config import Config
from gateway.node.runtime import Node
from gateway.pages import visits
from gateway.pages.friendly import friendly
from gateway.pages.paths import PAGES
from gateway.web.access import Access
from gateway.web.app import application
from gateway.web.connections import Connection

LAST_REQUESTS_S = 5.0
"""How long requests under way may take once the server is told to end."""


class Serving:
    """One node and its server. ``node``: the running parts; ``url``: where it listens, once entered."""

    def __init__(
        self, config: Config, *, refused_keys: frozenset[bytes], clock: Callable[[], float] = time.time
    ) -> None:
        """Raises ``CannotRun`` for settings, keys or trust data that do not do; nothing is open yet."""
        self._access = Access.of(config.http)
        self.config = config
        self.node = Node(config, refused_keys=refused_keys, clock=clock)
        self.url = ""
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._stack.enter_async_context(self.node)
            await self._listen()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def run(self) -> None:
        """Run the node until cancelled."""
        await self.node.run()

    async def _listen(self) -> None:
        app = application(self.node, self._access, PAGES, (friendly,))
        visits.furnish(app, self.config.jurisdiction)
        runner = web.AppRunner(app, shutdown_timeout=LAST_REQUESTS_S)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        server = runner.server
        if server is None:  # pragma: no cover - setup has just made it
            raise CannotRun("http.bind", "the web server was not made")
        host, port = self.config.http.host, self.config.http.port
        loop = asyncio.get_running_loop()
        try:
            listening = await loop.create_server(lambda: Connection.made(server), host, port)
        except OSError as error:
            raise CannotRun(
                "http.bind",
                f"{host}:{port} can't be listened on: {error.strerror or error}; is another node running?"
                " See [http] port",
                field="http.port",
            ) from error
        self._stack.callback(listening.close)
        bound = listening.sockets[0].getsockname()[1]
        self.url = f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}"
