"""Under which names, in which bytes, does a log show hashes, entries and history? (C2SP tlog-tiles; law 1.)

    tile/0/x001/234      256 hashes of 32 bytes: of leaves at level 0, of whole tiles of the level below above
    tile/1/000.p/17      the same, still growing: 17 hashes
    tile/entries/003     256 entries, each u16be length ‖ bytes; length 0 where an entry was erased
    history/2            sealed checkpoints 512 to 767, each u16be length ‖ note

Paths are relative to ``/logs/<jurisdiction>/<family>/``. A full tile never changes; a partial one's hash
never goes up a level. Nothing here reads a file: bytes and paths go in, values come out. What was read is
believed only under a root.

>>> parse_path("tile/0/x001/x234/067.p/3")
Tile(level=0, number=1234067, width=3)
>>> [tile.path for tile in tiles_of(300)]
['tile/0/000', 'tile/0/001.p/44', 'tile/1/000.p/1']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gateway.errors import Refused
from gateway.ledger.checkpoint import MAX_NOTE, MAX_SIZE
from gateway.ledger.merkle import HASH_SIZE, Node, subtree_hash

WIDTH = 256
MAX_LEVEL = 6  # 2^53-1 leaves need levels 0 to 6
MAX_ENTRY = 65_535
HISTORY_WIDTH = 256

TileReader = Callable[[int, int], bytes]
"""``read(level, number)``: the bytes of one tile, at least as many hashes as the tree in question needs."""

_PATH = re.compile(r"tile/(entries|[0-6])/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_HISTORY = re.compile(r"history/(0|[1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile, or one bundle of entries where ``level`` is None. ``width``: how many it holds, 1 to 256."""

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its path below the log's folder."""
        if self.level is None:
            return entries_path(self.number, self.width)
        return tile_path(self.level, self.number, self.width)

    @property
    def full(self) -> Tile:
        """The full tile that stands where this one is gone."""
        return Tile(self.level, self.number)


def tile_path(level: int, number: int, width: int = WIDTH) -> str:
    """Path of a hash tile; ``ValueError`` outside levels 0 to 6, widths 1 to 256."""
    if not 0 <= level <= MAX_LEVEL:
        raise ValueError(f"no tile level {level}")
    return f"tile/{level}/{_number_path(number, width)}"


def entries_path(number: int, width: int = WIDTH) -> str:
    """Path of a bundle of entries; ``ValueError`` for widths outside 1 to 256."""
    return f"tile/entries/{_number_path(number, width)}"


def _number_path(number: int, width: int) -> str:
    if number < 0 or not 1 <= width <= WIDTH:
        raise ValueError(f"no tile {number} of width {width}")
    digits = str(number)
    digits = digits.zfill((len(digits) + 2) // 3 * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return path if width == WIDTH else f"{path}.p/{width}"


def parse_path(path: str) -> Tile:
    """Read a tile's or bundle's path in the one spelling that we write; else ``Refused`` ``tile.path``."""
    found = _PATH.fullmatch(path)
    if found is not None:
        level, number, width = found.groups()
        digits = number.replace("x", "").replace("/", "")
        tile = Tile(None if level == "entries" else int(level), int(digits), int(width or WIDTH))
        last = (MAX_SIZE - 1) >> 8 * (1 + (tile.level or 0))
        if (width is None or tile.width < WIDTH) and tile.number <= last and tile.path == path:
            return tile
    raise Refused("tile.path", "not the path of a tile", value=ascii(path[:80]))


def history_path(number: int) -> str:
    """Path of the sealed checkpoints number·256 to number·256 + 255."""
    if number < 0:
        raise ValueError(f"no history file {number}")
    return f"history/{number}"


def parse_history_path(path: str) -> int:
    """The number in a history path; ``Refused`` ``history.path``."""
    found = _HISTORY.fullmatch(path)
    if found is None:
        raise Refused("history.path", "not the path of a history file", value=ascii(path[:80]))
    return int(found[1])


def tiles_of(size: int) -> Iterator[Tile]:
    """Every hash tile that a tree of this size needs: each level's full ones, then its partial one if any."""
    level = 0
    while size >> 8 * level:
        yield from _row(level, size >> 8 * level)
        level += 1


def bundles_of(size: int) -> Iterator[Tile]:
    """Every bundle of entries that a tree of this size needs."""
    return _row(None, size)


def _row(level: int | None, count: int) -> Iterator[Tile]:
    full, width = divmod(count, WIDTH)
    for number in range(full):
        yield Tile(level, number)
    if width:
        yield Tile(level, full, width)


def build_tiles(leaf_hashes: Sequence[bytes]) -> Iterator[tuple[Tile, bytes]]:
    """Every hash tile of the tree of these leaves, with its bytes, in the order of ``tiles_of``."""
    level, row = 0, leaf_hashes
    while row:
        upper: list[bytes] = []
        for tile in _row(level, len(row)):
            hashes = row[tile.number * WIDTH : tile.number * WIDTH + tile.width]
            yield tile, b"".join(hashes)
            if tile.width == WIDTH:
                upper.append(subtree_hash(hashes))
        level, row = level + 1, upper


def decode_hashes(tile: bytes) -> list[bytes]:
    """The hashes of a tile, 1 to 256; ``Refused`` ``tile.form``."""
    count, rest = divmod(len(tile), HASH_SIZE)
    if rest or not 1 <= count <= WIDTH:
        raise Refused("tile.form", f"{len(tile)} bytes are not 1 to {WIDTH} hashes of {HASH_SIZE}")
    return [tile[at : at + HASH_SIZE] for at in range(0, len(tile), HASH_SIZE)]


def node_from_tiles(read: TileReader) -> Node:
    """The ``node`` of ``gateway.ledger.merkle`` that looks up complete subtrees in tiles.

    The node raises ``Refused`` ``tile.width`` where a tile holds fewer hashes than the subtree needs, and
    whatever ``read`` raises. A level 8k + i is hashed from 2^i hashes of a tile at level k.
    """

    def node(level: int, index: int) -> bytes:
        tile_level, inner = divmod(level, 8)
        number, first = divmod(index << inner, WIDTH)
        tile = read(tile_level, number)
        end = (first + (1 << inner)) * HASH_SIZE
        if len(tile) < end:
            raise Refused("tile.width", f"tile {tile_level}/{number} holds {len(tile)} bytes, not {end}")
        return subtree_hash([tile[at : at + HASH_SIZE] for at in range(first * HASH_SIZE, end, HASH_SIZE)])

    return node


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """A bundle of 1 to 256 entries of at most 65,535 bytes; an erased one is ``b""``. Else ``ValueError``."""
    if not 1 <= len(entries) <= WIDTH or any(len(entry) > MAX_ENTRY for entry in entries):
        raise ValueError(f"{len(entries)} entries, or one of over {MAX_ENTRY} bytes, are no bundle")
    return _frame(entries)


def decode_entries(bundle: bytes) -> list[bytes]:
    """The entries of a bundle, an erased one as ``b""``. ``Refused`` ``tile.form``: cut or too many."""
    found = _unframe(bundle, WIDTH)
    if not found:
        raise Refused("tile.form", f"not 1 to {WIDTH} entries, each with its length before it")
    return found


def encode_history(notes: Sequence[bytes]) -> bytes:
    """A history file of 1 to 256 checkpoint notes of 1 to 65,535 bytes; else ``ValueError``."""
    if not 1 <= len(notes) <= HISTORY_WIDTH or not all(0 < len(note) <= MAX_NOTE for note in notes):
        raise ValueError(f"{len(notes)} notes, or an empty or overlong one, are no history file")
    return _frame(notes)


def decode_history(file: bytes) -> list[bytes]:
    """The checkpoint notes of a history file, 1 to 256, none empty; ``Refused`` ``history.form``."""
    found = _unframe(file, HISTORY_WIDTH)
    if not found or not all(found):
        raise Refused("history.form", f"not 1 to {HISTORY_WIDTH} notes, each with its length before it")
    return found


def _frame(parts: Sequence[bytes]) -> bytes:
    return b"".join([len(part).to_bytes(2) + part for part in parts])


def _unframe(data: bytes, most: int) -> list[bytes] | None:
    """The parts, each u16be length ‖ bytes; None if there are too many or the bytes end within one."""
    parts: list[bytes] = []
    at = 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start])
        if at > len(data) or len(parts) == most:
            return None
        parts.append(data[start:at])
    return parts
