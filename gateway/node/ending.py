"""A log that has ended, as the roster says: held up to that size, under that root, and no further (DESIGN §4).

Its owner's topics and statements change nothing any more. What a reader holds beyond the end is cut off and put aside.
A reader that holds another branch keeps that as evidence, finds somebody whose tree is the one that the roster names,
goes back to what both have in common, and takes the rest from there: nothing is cut before such a source was found.
A log held whole needs no heartbeat; until then it lacks leaves, and verdicts on it are ``indeterminate``.

>>> ending.is_whole(connection, log, ended)
True
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import orjson
import structlog

from gateway.bus.tileclient import TileClient
from gateway.errors import CannotRun, Refused
from gateway.ledger import logbook, merkle
from gateway.ledger.evidencefile import FORK, Clash
from gateway.ledger.logbook import Log
from gateway.ledger.merkle import EMPTY_ROOT, Frontier, Node
from gateway.node import cutting, statements
from gateway.node.follower import Follower
from gateway.node.statements import Statement
from gateway.trust.members import Ended

log = structlog.get_logger(__name__)


def is_whole(connection: sqlite3.Connection, held: Log, ended: Ended) -> bool:
    """Whether exactly the tree that the roster names is held."""
    if held.size != ended.size:
        return False
    seal = logbook.seal_at(connection, held.number, held.size)
    return (seal.root if seal is not None else EMPTY_ROOT if not held.size else b"") == ended.root


def put_aside(data: Path, held: Log, start: int, entries: Sequence[bytes]) -> Path:
    """Write entries that a cut takes away: a line each, with the index that they had."""
    path = data / f"aside-{held.jurisdiction}-{held.name}-{time.time_ns() // 1_000_000}.ndjson"
    lines = ({"log": held.origin, "index": start + at, "entry": entry.decode()} for at, entry in enumerate(entries))
    try:
        path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    except OSError as error:
        raise CannotRun("ledger.io", f"{path}: {error.strerror}") from error
    return path


def root_of(size: int, node: Node) -> bytes:
    """Root of the first ``size`` leaves, from any source of nodes."""
    levels = [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]
    return Frontier(size, [node(level, (size >> level) - 1) for level in levels]).root() if size else EMPTY_ROOT


def own_ended(origin: str) -> CannotRun:
    """Why nothing is sealed in an own log that ended while the node ran."""
    return CannotRun(
        "log.ended",
        f"{origin} has ended, by the roster in force: stop the node, run `jjj-gateway recover CONFIG`, start it again;"
        " it seals in the successor then",
    )


class Ending:
    """Brings one follower to its log's end."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower

    @property
    def _read(self) -> sqlite3.Connection:
        return self._follower.parts.mirrors.read

    def due(self, ended: Ended) -> bool:
        """Whether anything is left to do."""
        held = self._follower.log
        return held.frozen is None and not is_whole(self._read, held, ended)

    async def look(self, ended: Ended) -> bool:
        """Do alone what can be: cut off what lies beyond, keep evidence of another branch. True: others are needed."""
        held = self._follower.log
        clash = statements.against_end(self._read, held, ended)
        if clash is not None:
            self._follower.where = f"roster {self._follower.parts.trust.current.roster.version}"
            await self._follower.keep(clash)
        elif held.size > ended.size:
            await self.cut(ended.size)
        return self.due(ended)

    async def agree(self, source: TileClient, ended: Ended) -> Statement | None:
        """Make sure that a source has the tree that the roster names, and go back to what this node has in common with
        it. The statement under which its leaves may be fetched; None: look elsewhere.
        """
        note = await source.checkpoint()
        signed = self._follower.read(note)
        if signed is None or signed.size < ended.size:
            return None
        size, held = signed.size, self._follower.log

        def prefix(node: Node) -> tuple[bytes, list[bytes]]:
            return root_of(ended.size, node), merkle.consistency_proof(ended.size, size, node)

        root, proof = await source.compute(size, prefix)
        if root != ended.root:
            return None
        merkle.verify_consistency(ended.size, size, proof, root, signed.root)
        common = await self._common(source, size, min(held.size, ended.size), ended)
        if common < held.size:
            if held.size <= signed.size:  # a proof by signatures alone, beside the one that rests on the roster
                await self._keep_fork(source, signed)
            await self.cut(common)
        return Statement(signed.origin, ended.size, ended.root, signed.date, note)

    async def _keep_fork(self, source: TileClient, signed: Statement) -> None:
        """Keep that the owner signed what is held here and a tree that does not extend it."""
        follower, size = self._follower, self._follower.log.size
        seal = logbook.last_seal(self._read, follower.log.number)
        if seal is None or seal.size != size:
            return

        def prefix(node: Node) -> tuple[bytes, list[bytes]]:
            return root_of(size, node), merkle.consistency_proof(size, signed.size, node)

        root, proof = await source.compute(signed.size, prefix)
        merkle.verify_consistency(size, signed.size, proof, root, signed.root)
        follower.where = f"tiles {source.url}"
        await follower.keep(Clash(FORK, seal.note, signed.note, root, tuple(proof)))

    async def _common(self, source: TileClient, size: int, most: int, ended: Ended) -> int:
        """The largest sealed size, up to ``most``, at which the source has the tree that this node has."""
        number = self._follower.log.number
        sizes = [0, *(seal.size for seal in logbook.seals(self._read, number, 0, most))]
        low, high = 0, len(sizes) - 1
        while low < high:  # both trees begin alike and differ from somewhere on
            middle = (low + high + 1) // 2
            if await self._is_common(source, size, sizes[middle], ended):
                low = middle
            else:
                high = middle - 1
        return sizes[low]

    async def _is_common(self, source: TileClient, size: int, at: int, ended: Ended) -> bool:
        proof = await source.compute(size, lambda node: merkle.consistency_proof(at, ended.size, node))
        root = logbook.root_at(self._read, self._follower.log.number, at)
        try:
            merkle.verify_consistency(at, ended.size, proof, root, ended.root)
        except Refused:
            return False
        return True

    async def cut(self, size: int) -> None:
        """Put aside what lies beyond a size, and cut it off."""
        follower = self._follower
        async with follower.busy:
            held, schemas = follower.log, follower.parts.trust.current.schemas
            gone = cutting.beyond(self._read, held, size)
            if gone:
                path = await asyncio.to_thread(put_aside, follower.parts.exhibits.folder.parent, held, size, gone)
                log.warning("log.cut", origin=held.origin, size=size, gone=len(gone), aside=str(path))
            await follower.parts.mirrors.write(lambda c: cutting.cut(c, held, size, schemas))
            follower.restart()
