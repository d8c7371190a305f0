"""Has every entry the form of a signed record, and is every empty one declared erased? For an audit that looks at
structure alone.

No key, no schema, no gate: what is signed by whom is not asked here.

>>> with FormJudge("jjj.example/sanhe/licence", find) as judge:
...     judge.settle(batch, judge.read(batch.leaves))
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import orjson

from gateway.audit.leaves import Batch, Leaf
from gateway.audit.report import Listed, found, found_error
from gateway.audit.seals import Find
from gateway.errors import Refused
from gateway.ledger import tiles
from gateway.trust import notes
from gateway.trust.canonical import decode_base64
from gateway.trust.gate import MAX_SIGNATURE_LINES

ERASED = b'.erased"'
Erasure = tuple[int, bytes]


class FormJudge:
    """Reads the signed-note form of every entry and, of ``erased`` records, which leaf they name."""

    newer = 0
    listed: Sequence[Listed] = ()

    def __init__(self, origin: str, find: Find) -> None:
        self.erased = 0
        self._origin = origin
        self._find = find
        self._gone: dict[int, bytes] = {}
        self._declared: dict[int, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gone.clear()

    def read(self, leaves: Sequence[Leaf]) -> list[Erasure | Refused | None]:
        """For each entry: what is wrong with its form, or the leaf that it declares erased."""
        return [_read(leaf.entry) if leaf.entry else None for leaf in leaves]

    def settle(self, batch: Batch, readings: Sequence[Erasure | Refused | None]) -> None:
        """Take note of empty leaves and of what declares them."""
        self._gone.update(batch.gone)
        for leaf, reading in zip(batch.leaves, readings, strict=True):
            if isinstance(reading, Refused):
                self._find(leaf.index, found_error(reading, self._origin, index=leaf.index))
            elif reading is not None and reading[0] < leaf.index:
                self._declared.setdefault(*reading)

    def close(self) -> None:
        """Count the leaves that are gone and declared; the others are damage."""
        for index, held in self._gone.items():
            if self._declared.get(index) == held:
                self.erased += 1
            else:
                self._find(index, found("leaf.erased", self._origin, index=index))


def _read(entry: bytes) -> Erasure | Refused | None:
    try:
        note = notes.parse(entry, MAX_SIGNATURE_LINES, max_size=tiles.MAX_ENTRY)
    except Refused as refused:
        return refused
    return _erasure(note.text) if ERASED in note.text else None


def _erasure(line: bytes) -> Erasure | None:
    try:
        record = orjson.loads(line)
        kind, index, text = record["type"], record["data"]["index"], record["data"]["leaf_hash"]
        held = decode_base64(text.encode()) if isinstance(text, str) else None
    except (ValueError, TypeError, KeyError):
        return None
    if held is None or not isinstance(index, int) or not isinstance(kind, str) or not kind.endswith(".erased"):
        return None
    return index, held
