"""A real node with its web server in a folder, and a client at its desk; what the tests of this folder share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from gateway.node import config as node_config
from gateway.node.config import Config
from gateway.ops import nodefolder
from gateway.serving import Serving
from tests.records import builders
from tests.simulator import World, eventually

TOKEN = "0123456789abcdef0123456789abcdef"
NDJSON = {"Content-Type": "application/x-ndjson"}


@dataclass
class Reply:
    """An answer, read whole."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        return [orjson.loads(line) for line in self.body.splitlines()]


@dataclass
class Desk:
    """One node behind HTTP."""

    world: World
    serving: Serving
    http: aiohttp.ClientSession

    @property
    def node(self) -> Any:
        return self.serving.node

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Any request; a body that is not bytes goes as JSON."""
        data = body if isinstance(body, bytes | None) else orjson.dumps(body)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.request(method, path, data=data, headers=names, allow_redirects=False) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.ask("GET", path, **headers)

    async def publish(self, body: Any, **headers: str) -> Reply:
        return await self.ask("POST", "/v1/records", body, **headers)

    def refused(self, reply: Reply, status: int, reason: str) -> Any:
        """The problem details of a refusal, their shape checked."""
        assert reply.headers["Content-Type"] == "application/problem+json", reply
        found = reply.json
        assert (reply.status, found["status"], found["reason"]) == (status, status, reason), found
        assert found["type"] == f"urn:jjj:problem:{reason}"
        assert found["title"]
        assert found["detail"]
        assert b"Traceback" not in reply.body
        return found

    def size(self, family: str = "licence") -> int:
        return self.node.publisher.logs[family].own.size


def draft(serial: int = 1, kind: str = "jjj.licence.issued", **members: Any) -> dict[str, Any]:
    """A draft of a licence that nobody has published yet; each serial another subject."""
    return {"type": kind, "data": builders.licence(number=builders.food_number(serial), **members)}


def configured(world: World, jurisdiction: str, **http: Any) -> Config:
    """A node's settings with some of [http] changed."""
    config = node_config.load(world.folder / jurisdiction / nodefolder.CONFIG)
    return replace(config, http=replace(config.http, **http))


@asynccontextmanager
async def opened(world: World, jurisdiction: str = "sanhe", **http: Any) -> AsyncIterator[Desk]:
    """A running node with its server, ready to seal."""
    async with (
        Serving(configured(world, jurisdiction, **http), refused_keys=frozenset()) as serving,
        aiohttp.ClientSession(serving.url, auto_decompress=False) as client,
        _running(serving),
    ):
        await eventually(lambda: serving.node.publisher.refusing is None, f"{jurisdiction} seals")
        yield Desk(world, serving, client)


@asynccontextmanager
async def _running(serving: Serving) -> AsyncIterator[None]:
    task = asyncio.create_task(serving.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def founded(folder: Path, *jurisdictions: str, **http: Any) -> AsyncIterator[Desk]:
    """A new network with the first jurisdiction's node running."""
    async with (
        World(folder, *(jurisdictions or ("sanhe",))) as world,
        opened(world, world.jurisdictions[0], **http) as desk,
    ):
        yield desk
