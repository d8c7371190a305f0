"""Do the entries give the hashes, tiles and roots that are stated? One log's entries, read once, in batches (FORMATS,
tiles).

Every hash is made from bytes; what is stored is compared with it: each tile whole and at its exact width, the root at
the size of every sealed checkpoint. A stored hash stands in for one thing only: an entry whose bytes are gone, which
the signed roots then judge.

>>> walk = EntryWalk(log, origin, size, seals, marks, find)
>>> async for batch in walk.batches():
...     batch.leaves
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from gateway.audit.leaves import Batch, Leaf
from gateway.audit.report import found, found_error
from gateway.audit.seals import Find, Seal, SealStream
from gateway.audit.sources import TILE, LogFiles, Mark
from gateway.audit.tree import Bundle, MadeTile, TreeWalk, read_bundle
from gateway.ledger import tiles
from gateway.ledger.merkle import EMPTY_ROOT

BUNDLES_A_BATCH = 4


class EntryWalk:
    """Reads a log's entries up to ``size`` and holds tiles and roots against them. ``missing``: names already said to
    be missing.
    """

    def __init__(
        self, log: LogFiles, origin: str, size: int, seals: SealStream, marks: Sequence[Mark], find: Find
    ) -> None:
        self.missing: set[str] = set()
        self.tree = TreeWalk()
        self._log = log
        self._origin = origin
        self._size = size
        self._seals = seals
        self._find = find
        self._marks = sorted(marks, key=lambda mark: mark.size)
        self._pulled: list[Seal] = []
        self._level0: dict[int, bytes | None] = {}
        self._differs = False
        self._unrooted = False
        self._unsealed = False

    async def batches(self) -> AsyncIterator[Batch]:
        """Every batch in order, compared; ends early where bytes and hashes are both missing. Raises what
        ``LogFiles.file`` raises.
        """
        self._check_marks()
        starts = range(0, -(-self._size // TILE), BUNDLES_A_BATCH)
        fetching = asyncio.ensure_future(self._fetch(0)) if starts else None
        try:
            for first in starts:
                bundles = await fetching if fetching is not None else []
                more = first + BUNDLES_A_BATCH in starts
                fetching = asyncio.ensure_future(self._fetch(first + BUNDLES_A_BATCH)) if more else None
                whole = self._whole(bundles)
                if whole:
                    yield await self._take(whole)
                if len(whole) < len(bundles):
                    return
            await self._compare(self.tree.rest())
        finally:
            if fetching is not None:
                fetching.cancel()
                await asyncio.gather(fetching, return_exceptions=True)

    async def _fetch(self, first: int) -> list[Bundle]:
        last = min(first + BUNDLES_A_BATCH, -(-self._size // TILE))
        raw = await asyncio.gather(*(self._fetch_one(number) for number in range(first, last)))
        return await asyncio.to_thread(lambda: [read_bundle(*parts) for parts in raw])

    async def _fetch_one(self, number: int) -> tuple[int, int, bytes | None, bytes | None]:
        width = min(TILE, self._size - number * TILE)
        raw = await self._need(tiles.entries_path(number, width), number * TILE)
        return number, width, raw, await self._need(tiles.tile_path(0, number, width), number * TILE)

    async def _need(self, path: str, at: int) -> bytes | None:
        raw = await self._log.file(path)
        if raw is None:
            self.missing.add(path)
            self._find(at, found("file.missing", self._origin, file=self._log.label(path)))
        return raw

    def _whole(self, bundles: Sequence[Bundle]) -> list[Bundle]:
        """The bundles before the first one of which neither bytes nor hashes are to be had; says what can't be read."""
        whole = []
        for bundle in bundles:
            if bundle.fault is not None:
                width = min(TILE, self._size - bundle.start)
                label = self._log.label(tiles.entries_path(bundle.number, width))
                self._find(bundle.start, found_error(bundle.fault, self._origin, file=label))
            if not bundle.hashes:
                break
            whole.append(bundle)
        return whole

    async def _take(self, bundles: Sequence[Bundle]) -> Batch:
        start, end = bundles[0].start, bundles[-1].start + len(bundles[-1].hashes)
        await self._pull_seals(end)
        self._level0.update((bundle.number, bundle.tile) for bundle in bundles)
        hashes = tuple(leaf for bundle in bundles for leaf in bundle.hashes)
        await asyncio.to_thread(self._grow, hashes, end)
        await self._compare(self.tree.take())
        gone = {
            bundle.start + place: bundle.hashes[place]
            for bundle in bundles
            for place, entry in enumerate(bundle.entries or ())
            if not entry
        }
        leaves = self._leaves(bundles)
        self._pulled = [seal for seal in self._pulled if seal.statement.size > end]
        return Batch(start, hashes, gone, leaves, sum(len(bundle.entries or ()) for bundle in bundles))

    async def _pull_seals(self, end: int) -> None:
        """Until a good seal covers the batch, or there is none left."""
        while not any(seal.fault is None and seal.statement.size >= end for seal in self._pulled[-1:]):
            seal = await self._seals.next()
            if seal is None:
                return
            self._pulled.append(seal)

    # Roots

    def _check_marks(self) -> None:
        for mark in self._marks:
            if mark.size > self._size and mark.ahead:
                self._find(
                    self._size, found(mark.ahead, self._origin, index=self._size, file=mark.file, detail=mark.size)
                )
        self._check_roots(0)

    def _grow(self, hashes: Sequence[bytes], end: int) -> None:
        start = self.tree.size
        sizes = {seal.statement.size for seal in self._pulled} | {mark.size for mark in self._marks}
        done = 0
        for size in sorted(size for size in sizes if start < size <= end):
            self.tree.extend(hashes[done : size - start])
            done = size - start
            self._check_roots(size)
        self.tree.extend(hashes[done:])

    def _check_roots(self, size: int) -> None:
        root = self.tree.root() if size else EMPTY_ROOT
        for mark in self._marks:
            if mark.size == size and mark.root != root:
                self._find(size, found(mark.other, self._origin, index=size, file=mark.file))
        for seal in self._pulled:
            if seal.statement.size == size and seal.statement.root != root:
                self.wrong_root(size, seal.file)

    def wrong_root(self, size: int, file: str) -> None:
        """Say once that a stated root is not that of the entries; every later one follows from it."""
        if not self._unrooted:
            self._find(size, found("root.mismatch", self._origin, index=size, file=file))
        self._unrooted = True

    # Tiles

    async def _compare(self, made: Sequence[MadeTile]) -> None:
        for tile in made:
            at = tile.number * TILE << 8 * tile.level
            stored = self._level0.pop(tile.number) if tile.level == 0 else await self._need(tile.path, at)
            place = None if stored is None else tile.differs(stored)
            if place is None:
                continue
            label = self._log.label(tile.path)
            if stored is not None and len(stored) != len(tile.hashes) * 32:
                detail = f"{len(stored)} bytes, not {len(tile.hashes)} hashes of 32"
                self._find(at, found("tile.width", self._origin, file=label, detail=detail))
            elif tile.level == 0:
                self._find(at + place, found("leaf.hash", self._origin, index=at + place, file=label))
            elif not self._differs:
                self._find(at, found("tile.mismatch", self._origin, file=label))
            self._differs = True

    # Leaves

    def _leaves(self, bundles: Sequence[Bundle]) -> tuple[Leaf, ...]:
        good = [seal.statement for seal in self._pulled if seal.fault is None]
        leaves: list[Leaf] = []
        passed = 0
        for bundle in bundles:
            for index, entry in enumerate(bundle.entries or (), bundle.start):
                while passed < len(good) and good[passed].size <= index:
                    passed += 1
                if passed == len(good):
                    self._say_unsealed(index)
                    return tuple(leaves)
                leaves.append(Leaf(index, entry, good[passed]))
        return tuple(leaves)

    def _say_unsealed(self, index: int) -> None:
        if not self._unsealed:
            self._find(index, found("leaf.unsealed", self._origin, index=index))
        self._unsealed = True
