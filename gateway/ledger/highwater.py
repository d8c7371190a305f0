"""The high-water file: how far this node's own key has signed, kept outside every backup (DESIGN §6).

A ledger restored from a backup would sign other entries at sizes that it has signed before: a fork. So the newest
(size, root) of each own log stands in a small file of its own, synced after the commit and before anything leaves the
node; what it says must stand in the ledger, else nothing is sealed until ``recover`` has asked every partner.

Two slots are written in turn, each with its own check sum, so that a torn write leaves the older one readable.

>>> mark = HighWater.create(folder / "licence.highwater")
>>> mark.write(size=3, root=root)
>>> mark.read()
(3, b'...')
"""

from __future__ import annotations

import hashlib
import os
import struct
from contextlib import suppress
from pathlib import Path

from gateway.errors import CannotRun
from gateway.ledger.merkle import EMPTY_ROOT

SLOT = 512
_FORM = struct.Struct(">8sQQ32s")
_MAGIC = b"jjj-high"


class HighWater:
    """One own log's file. ``write`` returns when the disk has it.

    A file that is missing is said when the mark is asked for: a node without it starts, mirrors and answers, but seals
    nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._turn = 0
        self._descriptor: int | None = None
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            pass  # said by ``_file``
        except OSError as error:
            raise CannotRun("ledger.io", f"{path}: {error}") from error
        with suppress(CannotRun):  # said when it is asked for
            self.read()  # so that the next turn is known, whoever writes first

    @property
    def _file(self) -> int:
        if self._descriptor is None:
            raise CannotRun(
                "highwater.missing",
                f"{self.path} is missing: run `jjj-gateway recover CONFIG`, which asks every partner how far this key"
                " has signed",
            )
        return self._descriptor

    @classmethod
    def create(cls, path: Path) -> HighWater:
        """Make the file for a log of size 0 (``init`` does this once); an existing file is an error."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, slot(0, 0, EMPTY_ROOT) + bytes(SLOT))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return cls(path)

    def read(self) -> tuple[int, bytes]:
        """(size, root) of the newest readable slot; ``CannotRun`` ``highwater.damaged`` or ``highwater.missing``."""
        try:
            slots = os.pread(self._file, 2 * SLOT, 0)
        except OSError as error:
            raise CannotRun("highwater.damaged", f"{self.path}: {error}: run `jjj-gateway recover`") from error
        self._turn, size, root = _newest(slots, self.path)
        return size, root

    def write(self, size: int, root: bytes) -> None:
        """Put a new mark and sync it. Raises ``CannotRun`` ``ledger.io``."""
        self._turn += 1
        try:
            os.pwrite(self._file, slot(self._turn, size, root), self._turn % 2 * SLOT)
            os.fdatasync(self._file)
        except OSError as error:
            raise CannotRun("ledger.io", f"{self.path}: {error}") from error

    def close(self) -> None:
        """Give the file back."""
        if self._descriptor is not None:
            os.close(self._descriptor)


def read(path: Path) -> tuple[int, bytes]:
    """(size, root) in a high-water file, for one who only looks; ``CannotRun`` ``highwater.missing``,
    ``highwater.damaged``.
    """
    try:
        slots = path.read_bytes()
    except FileNotFoundError as error:
        raise CannotRun("highwater.missing", f"{path} is missing") from error
    except OSError as error:
        raise CannotRun("highwater.damaged", f"{path}: {error}") from error
    return _newest(slots, path)[1:]


def _newest(file: bytes, path: Path) -> tuple[int, int, bytes]:
    slots = [parse_slot(file[at : at + SLOT]) for at in (0, SLOT)]
    newest = max((found for found in slots if found), default=None)
    if newest is None:
        raise CannotRun("highwater.damaged", f"{path} can't be read: run `jjj-gateway recover`")
    return newest


def slot(turn: int, size: int, root: bytes) -> bytes:
    """One slot: the mark of a turn with its own check sum, ``SLOT`` bytes."""
    body = _FORM.pack(_MAGIC, turn, size, root)
    return (body + hashlib.sha256(body).digest()).ljust(SLOT, b"\0")


def parse_slot(read: bytes) -> tuple[int, int, bytes] | None:
    """(turn, size, root) of a slot; None where it is torn or empty."""
    body, rest = read[: _FORM.size], read[_FORM.size :]
    if len(read) != SLOT or rest[:32] != hashlib.sha256(body).digest():
        return None
    _, turn, size, root = _FORM.unpack(body)
    return turn, size, root
