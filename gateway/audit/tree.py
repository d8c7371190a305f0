"""What tree do these entries make? Recomputed leaf by leaf, in bounded memory, believing no stored hash (DESIGN §4,
FORMATS).

Leaf hashes go in, in order; out come the root at any size on the way and every tile as it should be, each as soon as
it is complete. The stored tiles are only ever compared with these.

>>> walk = TreeWalk()
>>> walk.extend(hashes)
>>> walk.root(), [(tile.level, tile.number) for tile in walk.take()]
(b'...', [(0, 0), (0, 1)])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.audit.sources import TILE
from gateway.errors import Refused
from gateway.ledger import tiles
from gateway.ledger.merkle import HASH_SIZE, Frontier, leaf_hash, subtree_hash


@dataclass(frozen=True, slots=True)
class MadeTile:
    """A tile as the entries make it; full, or at the end of the log as wide as it is."""

    level: int
    number: int
    hashes: tuple[bytes, ...]

    @property
    def path(self) -> str:
        """Its name below the log."""
        return tiles.tile_path(self.level, self.number, len(self.hashes))

    def differs(self, stored: bytes) -> int | None:
        """Place of the first hash that the stored bytes hold otherwise; None when they agree, whole."""
        if stored == b"".join(self.hashes):
            return None
        for place, wanted in enumerate(self.hashes):
            if stored[place * HASH_SIZE : (place + 1) * HASH_SIZE] != wanted:
                return place
        return len(self.hashes)


class TreeWalk:
    """The tree of the entries so far: its right edge, and the tiles that are not full yet."""

    def __init__(self) -> None:
        self._edge = Frontier()
        self._open: list[list[bytes]] = [[]]
        self._done: list[int] = [0]
        self._complete: list[MadeTile] = []

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._edge.size

    def root(self) -> bytes:
        """Root of the leaves so far."""
        return self._edge.root()

    def extend(self, hashes: Sequence[bytes]) -> None:
        """Append leaf hashes."""
        self._edge.extend(hashes)
        self._push(0, hashes)

    def take(self) -> list[MadeTile]:
        """Tiles that became full since the last call, lower levels first."""
        complete, self._complete = self._complete, []
        return complete

    def rest(self) -> list[MadeTile]:
        """The tiles at the right edge that are not full, lower levels first."""
        return [MadeTile(level, self._done[level], tuple(hashes)) for level, hashes in enumerate(self._open) if hashes]

    def _push(self, level: int, hashes: Sequence[bytes]) -> None:
        if level == len(self._open):
            self._open.append([])
            self._done.append(0)
        held = self._open[level]
        held.extend(hashes)
        upper = []
        while len(held) >= TILE:
            full = tuple(held[:TILE])
            del held[:TILE]
            self._complete.append(MadeTile(level, self._done[level], full))
            self._done[level] += 1
            upper.append(subtree_hash(full))
        if upper:
            self._push(level + 1, upper)


@dataclass(frozen=True, slots=True)
class Bundle:
    """256 entries, or fewer at the end of the log, with their leaf hashes: of the bytes, or of the tile where the
    bytes are gone.

    ``entries`` is None where the bundle is missing, or can't be read and ``fault`` says why. ``tile``: level 0 as it
    is stored.
    """

    number: int
    entries: tuple[bytes, ...] | None
    hashes: tuple[bytes, ...]
    tile: bytes | None
    fault: Refused | None = None

    @property
    def start(self) -> int:
        """Index of its first entry."""
        return self.number * TILE


def read_bundle(number: int, width: int, raw: bytes | None, tile: bytes | None) -> Bundle:
    """Decode a bundle and hash what is in it; ``tile``: the stored level-0 tile, which stands in only for erased or
    unreadable bytes.
    """
    stored = _split(tile, width)
    if raw is None:
        return Bundle(number, None, stored, tile)
    try:
        entries = tuple(tiles.decode_entries(raw))
        if len(entries) != width:
            raise Refused("tile.width", f"{len(entries)} entries, not {width}")
    except Refused as refused:
        return Bundle(number, None, stored, tile, refused)
    if all(entries):
        return Bundle(number, entries, tuple(map(leaf_hash, entries)), tile)
    hashes = (leaf_hash(entry) if entry else _at(stored, place) for place, entry in enumerate(entries))
    return Bundle(number, entries, tuple(hashes), tile)


def _split(tile: bytes | None, width: int) -> tuple[bytes, ...]:
    if tile is None or len(tile) != width * HASH_SIZE:
        return ()
    return tuple(tile[at : at + HASH_SIZE] for at in range(0, len(tile), HASH_SIZE))


def _at(stored: tuple[bytes, ...], place: int) -> bytes:
    return stored[place] if stored else leaf_hash(b"")
