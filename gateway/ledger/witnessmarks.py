"""The witness's high-water file: how far this node has cosigned each partner's log, kept outside every backup.

Mirrors that were restored from a backup, or fetched anew from an owner that now shows another tree, would let a witness
cosign a second tree at sizes that it has vouched for. So the largest (size, root) of each log stands in one small file
as well, synced before a cosignature is kept or sent; what it says must stand in the mirror, else that log is not
cosigned (``node.witness``).

A row a log: its origin, then two slots written in turn, each with its own check sum (``highwater``), so that a torn
write leaves the older one readable.

>>> marks = WitnessMarks.create(folder / MARKS_FILE)
>>> marks.write({"jjj.example/sanhe/licence": (812, root)})
>>> marks.of("jjj.example/sanhe/licence")
(812, b'...')
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import CannotRun
from gateway.ledger.highwater import SLOT, parse_slot, slot
from gateway.ledger.merkle import EMPTY_ROOT

MARKS_FILE = "witness.highwater"
_HEAD = b"jjj witness high-water 1\n".ljust(SLOT, b"\0")
_ROW = 3 * SLOT
MOST_NAME = SLOT - 34
MOST_BYTES = 1 << 26

Mark = tuple[int, bytes]
"""Size and root."""


@dataclass(slots=True)
class _Row:
    at: int
    turn: int
    mark: Mark


class WitnessMarks:
    """All marks of one node. ``write`` returns when the disk has them; a file that is missing or damaged is said by
    ``fault``, and nothing is written then.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fault: CannotRun | None = None
        self._rows: dict[str, _Row] = {}
        self._end = SLOT
        self._descriptor: int | None = None
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            self._load(os.pread(self._descriptor, MOST_BYTES, 0))
        except FileNotFoundError:
            self.fault = CannotRun("witness.unmarked", f"{path} is missing: `jjj-gateway recover CONFIG` makes it anew")
        except OSError as error:
            self.fault = CannotRun("witness.unmarked", f"{path}: {error}")
        except ValueError as error:
            told = f"{path} can't be read ({error}): move it away; `jjj-gateway recover CONFIG` makes it anew"
            self.fault = CannotRun("witness.unmarked", told)

    @classmethod
    def create(cls, path: Path) -> WitnessMarks:
        """Make the file of a witness that has cosigned nothing yet (``init`` does); an existing one is an error."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, _HEAD)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return cls(path)

    def of(self, origin: str) -> Mark | None:
        """How far a log was cosigned; None: never."""
        row = self._rows.get(origin)
        return None if row is None else row.mark

    def write(self, marks: Mapping[str, Mark]) -> None:
        """Put new marks and sync them. Raises ``CannotRun`` ``ledger.io``, or what ``fault`` says; after an error no
        more is written: nobody knows what the disk has.
        """
        if self.fault is not None or self._descriptor is None:
            raise self.fault or CannotRun("witness.unmarked", f"{self.path} is closed")
        try:
            self._make_rows(self._descriptor, [origin for origin in marks if origin not in self._rows])
            for origin, (size, root) in marks.items():
                row = self._rows[origin]
                row.turn, row.mark = row.turn + 1, (size, root)
                os.pwrite(self._descriptor, slot(row.turn, size, root), row.at + SLOT * (1 + row.turn % 2))
            os.fdatasync(self._descriptor)
        except OSError as error:
            self.fault = CannotRun("ledger.io", f"{self.path}: {error}; nothing is cosigned until a restart")
            raise self.fault from error

    def _make_rows(self, descriptor: int, origins: list[str]) -> None:
        """Rows for new logs, durable before the first mark in one of them."""
        for origin in origins:
            os.pwrite(descriptor, _name(origin) + slot(0, 0, EMPTY_ROOT) + bytes(SLOT), self._end)
            self._rows[origin] = _Row(self._end, 0, (0, EMPTY_ROOT))
            self._end += _ROW
        if origins:
            os.fdatasync(descriptor)

    def _load(self, file: bytes) -> None:
        if file[:SLOT] != _HEAD:
            raise ValueError("its head is not that of such a file")
        for at in range(SLOT, len(file), _ROW):
            row = file[at : at + _ROW]
            origin = _parse_name(row[:SLOT])
            slots = [parse_slot(row[place : place + SLOT]) for place in (SLOT, 2 * SLOT)]
            newest = max((found for found in slots if found is not None), default=None)
            if origin is None or newest is None:
                if at + _ROW >= len(file) and not any(row[2 * SLOT :]):
                    return  # the machine stopped while the row was made: nothing was cosigned by it
                raise ValueError(f"the row at {at}")
            turn, size, root = newest
            self._rows[origin] = _Row(at, turn, (size, root))
            self._end = at + _ROW

    def close(self) -> None:
        """Give the file back."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def _name(origin: str) -> bytes:
    text = origin.encode()
    if len(text) > MOST_NAME:
        raise CannotRun("ledger.io", f"{origin[:80]}…: an origin of over {MOST_NAME} bytes has no row")
    return hashlib.sha256(text).digest() + len(text).to_bytes(2) + text.ljust(MOST_NAME, b"\0")


def _parse_name(read: bytes) -> str | None:
    text = read[34 : 34 + int.from_bytes(read[32:34])]
    return text.decode() if len(read) == SLOT and hashlib.sha256(text).digest() == read[:32] else None
