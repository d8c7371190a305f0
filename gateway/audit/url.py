"""A running node as a source of logs: what it shows over HTTP, own and mirrored logs alike (DESIGN §4, §9).

Only what the node answers is used, and nothing of it is believed. A file that it does not have is missing; a node
that does not answer lacks bytes, which is no damage. The log may grow while it is read, so the checkpoint is fetched
first.

>>> async with open_node("http://127.0.0.1:8470") as source:
...     [log.origin for log in source.logs]
['jjj.example/sanhe/licence', …]
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from gateway.audit.report import AuditFinding
from gateway.audit.signedchain import METADATA_FILE, MOST_FILES
from gateway.audit.sources import JURISDICTION, LAST_PART, SCHEMA_FILE, TRUST_FILES, Beside, Lacking, Mark, last_part
from gateway.bus.tileclient import TIMEOUT, TileClient, Unreachable
from gateway.errors import CannotRun
from gateway.ledger import tiles
from gateway.node.exhibits import EVIDENCE, ID
from gateway.repository.layout import METADATA
from gateway.trust.trusted import TrustData

MOST_ANSWER = 16 << 20
MOST_PAGES = 1_000
TRIES = 3


class NodeLog:
    """One log of a node."""

    growing = True
    beside: Beside | None = None

    def __init__(self, client: TileClient, origin: str, jurisdiction: str, *, unborn: bool) -> None:
        self.origin = origin
        self.jurisdiction = jurisdiction
        self.last_part = last_part(origin)
        self.unborn = unborn
        self._client = client

    def label(self, path: str) -> str:
        """Its URL."""
        return f"{self._client.url}/{path}"

    async def file(self, path: str) -> bytes | None:
        """A file's bytes; where a partial tile is gone because the log has grown, the beginning of the fuller one."""
        raw = await self._get(path)
        if raw is not None or not path.startswith("tile/"):
            return raw
        tile = tiles.parse_path(path)
        fuller = await self._get(tile.full.path) if tile.width < tiles.WIDTH else None
        if fuller is None or tile.level is not None:
            return None if fuller is None else fuller[: tile.width * 32]
        return tiles.encode_entries(tiles.decode_entries(fuller)[: tile.width])

    async def _get(self, path: str) -> bytes | None:
        try:
            return await self._client.file(path)
        except Unreachable as error:
            if error.reason == "source.missing":
                return None
            raise Lacking("source.unreachable", error.message, field=self.label(path)) from error

    async def names(self) -> None:
        """HTTP lists no files."""

    async def marks(self) -> Sequence[Mark]:
        """None."""
        return ()


class NodeUrl:
    """The logs and trust data that one node shows."""

    def __init__(self, url: str, session: aiohttp.ClientSession, folder: Path) -> None:
        self.name = url
        self.logs: list[NodeLog] = []
        self.trust: Path | None = None
        self.schemas: tuple[Path, ...] = ()
        self._url = url.rstrip("/")
        self._session = session
        self._folder = folder

    async def open(self) -> None:
        """Ask for logs and trust data. Raises ``CannotRun`` ``source.unknown`` if this is no node."""
        try:
            for item in await self._list_logs():
                origin, jurisdiction = item["origin"], item["jurisdiction"]
                if JURISDICTION.fullmatch(jurisdiction) is None or LAST_PART.fullmatch(last_part(origin)) is None:
                    raise ValueError(f"{origin!a} is no log")
                client = TileClient(self._session, self._url, jurisdiction, last_part(origin))
                self.logs.append(
                    NodeLog(client, origin, jurisdiction, unborn=not item["checkpoint"] and item["size"] == 0)
                )
        except Unreachable as error:
            raise CannotRun("source.unknown", f"{self.name} does not answer as a node: {error.message}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CannotRun("source.unknown", f"{self.name}/v1/logs is not a node's answer: {error}") from error
        await self._fetch_trust()

    async def _list_logs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        query = ""
        for _ in range(MOST_PAGES):
            page = orjson.loads(await self._get(f"/v1/logs{query}"))
            found.extend(page["logs"])
            after = page.get("next")
            if not after:
                break
            query = f"?after={after}"
        return found

    async def _fetch_trust(self) -> None:
        """Copy the trust data that the node shows into a folder of our own, with what signs them; none if it has none.
        What is published meanwhile makes it begin again, so that documents and signatures belong together.
        """
        signed: dict[str, bytes] = {}
        for _ in range(TRIES):
            signed = await self._metadata()
            if not await self._documents():
                return
            if signed.keys() == set(await self._metadata_names()):
                break
        self.trust = self._folder
        for name, raw in signed.items():
            (self._folder / METADATA).mkdir(exist_ok=True)
            (self._folder / METADATA / name).write_bytes(raw)

    async def _documents(self) -> bool:
        try:
            for name in TRUST_FILES:
                (self._folder / name).write_bytes(await self._get(f"/trust/{name}"))
            names = orjson.loads(await self._get("/trust/schemas/"))["schemas"]
            for name in names:
                if SCHEMA_FILE.fullmatch(name) is None:
                    raise ValueError(f"{name!a} is no schema file")
                schemas = self._folder / "schemas"
                schemas.mkdir(exist_ok=True)
                (schemas / name).write_bytes(await self._get(f"/trust/schemas/{name}"))
                self.schemas = (schemas,)
        except (Unreachable, ValueError, KeyError, TypeError):
            return False
        return True

    async def _metadata(self) -> dict[str, bytes]:
        """Whole or not at all."""
        try:
            return {name: await self._get(f"/trust/{METADATA}/{name}") for name in await self._metadata_names()}
        except Unreachable:
            return {}

    async def _metadata_names(self) -> list[str]:
        """None at a node whose trust data nobody signs, or that knows no such list."""
        try:
            names = orjson.loads(await self._get(f"/trust/{METADATA}/"))["metadata"]
            return [name for name in names if METADATA_FILE.fullmatch(name)][:MOST_FILES]
        except (Unreachable, ValueError, KeyError, TypeError):
            return []

    async def _get(self, path: str) -> bytes:
        url = f"{self._url}{path}"
        try:
            async with self._session.get(url, timeout=TIMEOUT, allow_redirects=False) as answer:
                body = await answer.content.read(MOST_ANSWER)
                while more := await answer.content.read(MOST_ANSWER - len(body)) if len(body) < MOST_ANSWER else b"":
                    body += more
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unreachable("source.unreachable", f"{url}: {str(error) or type(error).__name__}") from error
        if answer.status != 200:
            raise Unreachable("source.missing", f"{url}: HTTP {answer.status}")
        return body

    async def evidence(self) -> list[tuple[str, bytes]]:
        """What the node shows of it; nothing where it shows none."""
        found: list[tuple[str, bytes]] = []
        query = ""
        try:
            for _ in range(MOST_PAGES):
                page = orjson.loads(await self._get(f"/v1/evidence{query}"))
                ids = [item["id"] for item in page["evidence"] if ID.fullmatch(item["id"]) is not None]
                found += [(f"{EVIDENCE}/{one}.json", await self._get(f"/v1/evidence/{one}")) for one in ids]
                if not page.get("next"):
                    break
                query = f"?after={page['next']}"
        except (Unreachable, ValueError, KeyError, TypeError):
            return found
        return found

    async def around(self, trust: TrustData | None, *, given: bool) -> tuple[list[AuditFinding], list[str]]:
        """Nothing stands outside the logs."""
        return [], []


@asynccontextmanager
async def open_node(url: str) -> AsyncIterator[NodeUrl]:
    """A node by its URL. Raises ``CannotRun`` ``source.unknown``."""
    with tempfile.TemporaryDirectory(prefix="jjj-audit-") as folder:
        async with aiohttp.ClientSession() as session:
            source = NodeUrl(url, session, Path(folder))
            await source.open()
            yield source
