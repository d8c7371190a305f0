"""WHICH leaf did a log's owner seal with which checkpoint? Read from a source's ``history/<n>``, rising by size.

Sources may number their files differently: what was found in one says nothing of another. One file is held; a new
reader finds its place among them by bisection.

>>> await SealFiles(source).between(512, 768)
{640: b"jjj.example/sanhe/licence\\n640\\n...", 768: b"..."}
"""

from __future__ import annotations

from itertools import pairwise

from gateway.bus.tileclient import TileClient, Unreachable
from gateway.errors import Refused
from gateway.ledger import checkpoint
from gateway.ledger.tiles import HISTORY_WIDTH
from gateway.trust import notes

_Seals = list[tuple[int, bytes]]
MOST_FILES = checkpoint.MAX_SIZE // HISTORY_WIDTH + 1


class SealFiles:
    """The sealed checkpoints that one source shows of one log."""

    def __init__(self, source: TileClient) -> None:
        self.source = source
        self._number: int | None = None
        self._seals: _Seals = []

    async def between(self, start: int, stop: int) -> dict[int, bytes]:
        """Notes by size, of sizes above ``start`` up to ``stop``, which a larger or equal seal covers. Raises
        ``Unreachable``; ``Refused`` where the files show none that does, or do not rise.
        """
        number = self._number
        if number is None or not self._seals or self._seals[0][0] > start:
            number = await self._locate(start)
        elif self._seals[-1][0] < stop and len(self._seals) < HISTORY_WIDTH:
            await self._load(number)  # it may have grown
        found: dict[int, bytes] = {}
        while True:
            if number != self._number:
                await self._load(number)
            found |= {size: note for size, note in self._seals if start < size <= stop}
            if self._seals[-1][0] >= stop:
                return found
            if len(self._seals) < HISTORY_WIDTH:
                raise Refused("history.short", f"{self.source.url} shows no sealed checkpoint of {stop} or more")
            number += 1

    async def _locate(self, start: int) -> int:
        """The last file that begins at ``start`` or below, else the first file."""
        low, high = 0, 1
        while high < MOST_FILES and await self._begins_below(high, start):
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if await self._begins_below(middle, start) else (low, middle)
        return low

    async def _begins_below(self, number: int, start: int) -> bool:
        if start == 0:
            return False
        try:
            await self._load(number)
        except Unreachable as error:
            if error.reason != "source.missing":
                raise
            return False
        return self._seals[0][0] <= start

    async def _load(self, number: int) -> None:
        last = self._seals[-1][0] if self._number is not None and number == self._number + 1 else -1
        seals = [(_size(note), note) for note in await self.source.history(number)]
        if any(one >= other for one, other in pairwise([last, *(size for size, _ in seals)])):
            raise Refused("history.order", f"{self.source.url}: the sizes in history/{number} do not rise")
        self._number, self._seals = number, seals


def _size(note: bytes) -> int:
    return checkpoint.parse_text(notes.parse(note, checkpoint.MAX_LINES, max_size=checkpoint.MAX_NOTE).text).size
