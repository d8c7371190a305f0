"""A log written by hand with a jurisdiction's real keys: what a broken or hostile node could publish and show.

    log = world.log_of("sanhe")
    log.add(log.entry(log.fresh()))               a licence that nobody has seen, signed
    log.send()                                    sealed, and put on the topic
    async with log.served():                      its tiles, where the roster says that the owner listens
"""

from __future__ import annotations

import datetime
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.bus.port import Message
from gateway.ledger import checkpoint, tiles
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.records import compact
from gateway.records.families import subject_of_data
from gateway.records.uuid7 import NOISE_BYTES, uuid7
from gateway.trust import notes
from gateway.trust.suites import Ed25519Signer
from tests.records import builders

if TYPE_CHECKING:
    from tests.simulator import World


@dataclass
class HandMade:
    """A log made leaf by leaf, sealed when told, without any of the node's own checks; ``seals`` as committed."""

    world: World
    jurisdiction: str
    family: str
    entries: list[bytes] = field(default_factory=list)
    seals: list[bytes] = field(default_factory=list)
    sent: int = 0
    serial: int = 0

    def __post_init__(self) -> None:
        self.keys = self.world.keys(self.jurisdiction)
        self.origin = f"{self.world.network}/{self.jurisdiction}/{self.family}"

    # Leaves

    def fresh(self, **members: Any) -> dict[str, Any]:
        """Data that make a subject which this log has not seen yet."""
        self.serial += 1
        if self.family == "credit":
            return builders.credit(number=f"示例处罚〔2026〕{self.serial}号", **members)
        return builders.licence(**{"number": builders.food_number(self.serial), **members})

    def envelope(self, data: Mapping[str, Any], **members: Any) -> dict[str, Any]:
        """A record as an object; members replace those of the envelope."""
        return {
            "specversion": "1.0",
            "id": uuid7(int(time.time() * 1000), secrets.token_bytes(NOISE_BYTES)),
            "source": f"urn:jjj:{self.jurisdiction}",
            "type": f"jjj.{self.family}.issued" if self.family == "licence" else "jjj.credit.recorded",
            "subject": members.get("subject") or subject_of_data(self.family, data),
            "time": stamp(),
            "datacontenttype": "application/json",
            "dataschema": f"urn:jjj:schema:{self.family}:1.0",
            "data": data,
            **members,
        }

    def line(self, data: Mapping[str, Any], **members: Any) -> bytes:
        """A record line; members replace those of the envelope."""
        return orjson.dumps(self.envelope(data, **members))

    def sign(self, line: bytes, signer: Any = None) -> bytes:
        """The entry: the line with a record signature over whatever it says, one of each suite; or another's."""
        signers = [self.keys.record, *self.keys.also] if signer is None else [signer]
        return notes.sign(line + b"\n", *signers)

    def entry(self, data: Mapping[str, Any], signer: Any = None, **members: Any) -> bytes:
        """A signed record."""
        return self.sign(self.line(data, **members), signer)

    def stranger(self) -> Ed25519Signer:
        """A signer under this jurisdiction's name with a key that no roster knows."""
        return Ed25519Signer(self.keys.record.name, Ed25519PrivateKey.generate())

    def add(self, *entries: bytes) -> HandMade:
        self.entries.extend(entries)
        return self

    # Seals

    def tree(self, size: int | None = None) -> Frontier:
        """The tree of the first ``size`` leaves, or of all."""
        tree = Frontier(0, [])
        tree.extend([leaf_hash(entry) for entry in self.entries[:size]])
        return tree

    def seal(self, *, size: int | None = None, date: int | None = None, root: bytes | None = None) -> bytes:
        """A checkpoint over the first ``size`` leaves, or over whatever root is given."""
        tree = self.tree(size)
        pair = self.keys.logs[self.family]
        statement = Checkpoint(self.origin, tree.size if size is None else size, tree.root() if root is None else root)
        date = int(time.time()) if date is None else date
        return checkpoint.sign(statement, pair.log, pair.heartbeat, date, *pair.also)

    def commit(self, *, date: int | None = None) -> bytes:
        """Seal what there is and keep the seal for the history."""
        self.seals.append(self.seal(date=date))
        return self.seals[-1]

    # The bus

    def message(
        self, index: int, note: bytes | None = None, *, entry: bytes | None = None, at: int | None = None
    ) -> Message:
        """The bus message of a leaf; ``at``: the index its header claims."""
        value, _, signatures = (self.entries[index] if entry is None else entry).rpartition(b"\n\n")
        headers = [
            ("content-type", b"application/cloudevents+json; charset=UTF-8"),
            ("log-index", b"%d" % (index if at is None else at)),
            ("signature", signatures),
        ]
        if note is not None:
            headers.append(("checkpoint", note))
        return Message((compact.peek(value)[0] or "").encode(), value, tuple(headers))

    def messages(self) -> list[Message]:
        """What is not sent yet, sealed on the last leaf."""
        last, note = len(self.entries) - 1, self.commit()
        found = [self.message(i, note if i == last else None) for i in range(self.sent, len(self.entries))]
        self.sent = len(self.entries)
        return found

    def send(self) -> None:
        """Send what is not sent yet, with a seal on the last leaf."""
        self.world.append(self.jurisdiction, *self.messages(), family=self.family)

    def publish(self, note: bytes | None = None) -> None:
        """Put a checkpoint on the checkpoint topic: the newest seal, or whatever is given."""
        self.world.append_checkpoint(self.jurisdiction, note or self.seals[-1], family=self.family)

    # HTTP

    def file(self, path: str) -> bytes | None:
        """What stands under a path of the log's folder, as its owner would have it."""
        kind, _, number = path.partition("/")
        if path == "checkpoint":
            return self.seals[-1] if self.seals else None
        if kind == "history":
            start = int(number) * tiles.HISTORY_WIDTH
            return tiles.encode_history(self.seals[start : start + tiles.HISTORY_WIDTH]) if self.seals[start:] else None
        wanted = tiles.parse_path(path)
        if wanted.level is None:
            start = wanted.number * tiles.WIDTH
            return tiles.encode_entries(self.entries[start : start + wanted.width])
        made = dict(tiles.build_tiles([leaf_hash(entry) for entry in self.entries]))
        rows = {(tile.level, tile.number): held for tile, held in made.items()}
        held = rows.get((wanted.level, wanted.number))
        return None if held is None else held[: wanted.width * 32]

    @asynccontextmanager
    async def served(self, url: str = "") -> AsyncIterator[list[str]]:
        """Serve the log's files at the jurisdiction's address, or at another's; yields the paths asked for."""
        asked: list[str] = []

        async def answer(request: web.Request) -> web.Response:
            asked.append(request.match_info["path"])
            held = self.file(request.match_info["path"])
            return web.Response(status=404) if held is None else web.Response(body=held)

        app = web.Application()
        app.router.add_get(f"/logs/{self.jurisdiction}/{self.family}/{{path:.+}}", answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        address = urlsplit(url or self.world.urls[self.jurisdiction])
        await web.TCPSite(runner, address.hostname, address.port).start()
        try:
            yield asked
        finally:
            await runner.cleanup()


def stamp(seconds: float | None = None) -> str:
    """An exact record time."""
    when = datetime.datetime.fromtimestamp(time.time() if seconds is None else seconds, datetime.UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"
