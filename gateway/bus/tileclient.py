"""A log's tiles over HTTP: the owner's, or any partner's who mirrors it (C2SP tlog-tiles; DESIGN §4).

Nothing that comes from here is believed: the caller checks every root against a signed checkpoint.

>>> source = TileClient(session, "https://node.sanhe.example", "sanhe", "licence")
>>> note = await source.checkpoint()
>>> entries = await source.entries(256, 512, size=812)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import aiohttp

from gateway.errors import GatewayError, Refused
from gateway.ledger import tiles
from gateway.ledger.merkle import Node

T = TypeVar("T")
LIMIT = 256 * (65_535 + 2)
MOST_ENTRIES = 4_096 * 65_535
"""Bytes of entries that are taken at once: of the largest commit that a publisher makes."""
GONE = (404, 410)
TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5, sock_read=10)


class Unreachable(GatewayError):
    """The source did not give what was asked for: no connection, no such file, too large."""


class _Lacking(Exception):
    """A computation needs a tile that is not here yet."""

    def __init__(self, level: int, number: int) -> None:
        super().__init__(level, number)
        self.level, self.number = level, number


class TileClient:
    """One log at one node's URL."""

    def __init__(self, session: aiohttp.ClientSession, url: str, jurisdiction: str, family: str) -> None:
        self.url = f"{url.rstrip('/')}/logs/{jurisdiction}/{family}"
        self._session = session

    async def checkpoint(self) -> bytes:
        """The newest checkpoint note."""
        return await self.file("checkpoint")

    async def history(self, number: int) -> list[bytes]:
        """The sealed checkpoints of ``history/<number>``."""
        return tiles.decode_history(await self.file(f"history/{number}"))

    async def entries(self, start: int, stop: int, size: int) -> list[bytes]:
        """Entries of indexes ``start`` to ``stop`` - 1 of a tree of ``size`` leaves. Raises ``Unreachable`` or
        ``Refused``.
        """
        found: list[bytes] = []
        taken = 0
        for number in range(start // 256, (stop - 1) // 256 + 1):
            width = min(256, size - number * 256)
            bundle = tiles.decode_entries(
                await self._tile(tiles.entries_path(number, width), tiles.entries_path(number, 256))
            )[:width]
            if len(bundle) != width:
                raise Refused("tile.width", f"{self.url}: bundle {number} holds {len(bundle)} entries, not {width}")
            first = number * 256
            found.extend(bundle[max(start - first, 0) : stop - first])
            taken += sum(map(len, bundle))
            if taken > MOST_ENTRIES:
                raise Unreachable("source.too_large", f"{self.url}: over {MOST_ENTRIES} bytes under one checkpoint")
        return found

    async def compute(self, size: int, work: Callable[[Node], T]) -> T:
        """What ``work`` makes of the nodes of a tree of ``size`` leaves; fetches only the tiles that it asks for."""
        held: dict[tuple[int, int], bytes] = {}

        def read(level: int, number: int) -> bytes:
            if (level, number) not in held:
                raise _Lacking(level, number)
            return held[level, number]

        while True:
            try:
                return work(tiles.node_from_tiles(read))
            except _Lacking as lacking:
                width = max(1, min(256, (size >> 8 * lacking.level) - lacking.number * 256))
                paths = (tiles.tile_path(lacking.level, lacking.number, each) for each in (width, 256))
                held[lacking.level, lacking.number] = await self._tile(*paths)

    async def _tile(self, path: str, full: str) -> bytes:
        """A tile by its path; where a partial one is gone the full one stands."""
        try:
            return await self.file(path)
        except Unreachable as error:
            if path == full or error.reason != "source.missing":
                raise
            return await self.file(full)

    async def file(self, path: str) -> bytes:
        """One file's bytes, at most ``LIMIT`` of them."""
        try:
            async with self._session.get(f"{self.url}/{path}", timeout=TIMEOUT, allow_redirects=False) as answer:
                if answer.status != 200:
                    missing = answer.status in GONE  # any other answer says nothing about the file
                    reason = "source.missing" if missing else "source.unreachable"
                    raise Unreachable(reason, f"{self.url}/{path}: HTTP {answer.status}")
                body = await answer.content.read(LIMIT + 1)
                while len(body) <= LIMIT and (more := await answer.content.read(LIMIT + 1 - len(body))):
                    body += more
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(
                "source.unreachable", f"{self.url}/{path}: {str(error) or type(error).__name__}"
            ) from error
        if len(body) > LIMIT:
            raise Unreachable("source.too_large", f"{self.url}/{path}: over {LIMIT} bytes")
        return body
