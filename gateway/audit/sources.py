"""Where do logs come from when they are audited or exported? One interface, whatever the source: a log is a set of
named files.

The names are those of C2SP tlog-tiles and DESIGN §4 (``checkpoint``, ``history/<n>``, ``tile/<L>/<N>``,
``tile/entries/<N>``), whether they lie in an exported folder, come over HTTP or are made from the rows of a node's
data folder. A source never writes where it reads, and nothing that comes from one is believed.

>>> for log in source.logs:
...     note = await log.file("checkpoint")
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gateway.audit.report import AuditFinding
from gateway.errors import GatewayError, Refused
from gateway.ledger import tiles
from gateway.ledger.tiles import Tile
from gateway.node.statements import Statement
from gateway.trust.gate import VerifiedRecord
from gateway.trust.trusted import AGREEMENTS, CATALOGUE, ROSTER, TrustData

MOST_FILE = 256 * (65_535 + 2)
"""Bytes of the largest file that a log may hold: a full bundle of entries."""
TILE = tiles.WIDTH
JURISDICTION = re.compile(r"[a-z][a-z0-9-]{0,63}")
LAST_PART = re.compile(r"[a-z][a-z_]{0,31}(\.([2-9]|[1-9][0-9]{1,5}))?")
"""The last part of an origin names the log's folder: a family, or ``<family>.<n>`` of a successor log."""
SCHEMA_FILE = re.compile(r"[a-z]{1,32}-[0-9]{1,4}\.[0-9]{1,4}\.schema\.json")
TRUST_FILES = (ROSTER, AGREEMENTS, CATALOGUE)


class Lacking(GatewayError):
    """Bytes could not be had, and nothing is known to be wrong with them: ``source.unreachable``,
    ``source.unreadable``.
    """


@dataclass(frozen=True, slots=True)
class Mark:
    """A root that must be that of the first ``size`` entries, and the file that says so; the reasons if it is not, or
    if the log is shorter ("": that is no fault)."""

    size: int
    root: bytes
    file: str
    other: str
    ahead: str


class Beside(Protocol):
    """What a source keeps beside the log's files and wants held against what the audit finds: a node's index and
    rows.
    """

    def statement(self, statement: Statement, *, sealed: bool) -> None:
        """A sealed checkpoint, or at last the checkpoint, as its note says it."""

    def judged(self, index: int, entry: bytes, sealed: Statement, result: VerifiedRecord | Refused) -> None:
        """A leaf with its covering seal, accepted or refused, in order."""

    def erased(self, index: int) -> None:
        """A leaf whose bytes are gone."""


class LogFiles(Protocol):
    """One log. ``origin``: as the source claims it, "" where only the folder's name is known; ``growing``: it may
    grow meanwhile.
    """

    @property
    def origin(self) -> str:
        """The claimed origin, or ""."""

    @property
    def jurisdiction(self) -> str:
        """Folder below ``logs/``."""

    @property
    def last_part(self) -> str:
        """Folder below the jurisdiction's."""

    @property
    def unborn(self) -> bool:
        """Whether the source says itself that there is no checkpoint yet."""

    @property
    def growing(self) -> bool:
        """Whether sealed checkpoints above the checkpoint that was read first are no fault."""

    @property
    def beside(self) -> Beside | None:
        """Set when the source keeps more than the files."""

    def label(self, path: str) -> str:
        """How people find a file of this log in the source."""

    async def file(self, path: str) -> bytes | None:
        """A file's bytes, None if there is no such file. Raises ``Lacking``, or ``Refused`` for what is damaged below
        it.
        """

    async def names(self) -> Set[str] | None:
        """The names of all files there are; None where they can't be listed."""

    async def marks(self) -> Sequence[Mark]:
        """Roots that are stated outside the log's files."""


class LogSource(Protocol):
    """Some logs with the trust data that lie beside them."""

    @property
    def name(self) -> str:
        """As the user named it."""

    @property
    def logs(self) -> Sequence[LogFiles]:
        """Every log here, in a stable order."""

    @property
    def trust(self) -> Path | None:
        """Folder with the roster, agreements and catalogue found here."""

    @property
    def schemas(self) -> tuple[Path, ...]:
        """Folders with schemas found here."""

    async def evidence(self) -> list[tuple[str, bytes]]:
        """The evidence files here, by the path where people find them."""

    async def around(self, trust: TrustData | None, *, given: bool) -> tuple[list[AuditFinding], list[str]]:
        """What is wrong outside the logs' files, and what is only to be said; called after all logs were read."""


def tree_files(size: int) -> Iterator[Tile]:
    """Every bundle and tile that a tree of ``size`` leaves needs, and none besides, bundles first."""
    yield from tiles.bundles_of(size)
    yield from tiles.tiles_of(size)


def count_files(size: int) -> int:
    """How many ``tree_files`` there are; a size that somebody only claims may be too large to list them."""
    found, count = -(-size // TILE), size
    while count:
        found += -(-count // TILE)
        count //= TILE
    return found


def belongs(name: str, size: int) -> bool:
    """Whether a tree of ``size`` leaves needs a tile or bundle of this name."""
    try:
        tile = tiles.parse_path(name)
    except Refused:
        return False
    return tile.width == min(TILE, (size >> 8 * (tile.level or 0)) - tile.number * TILE)


def last_part(origin: str) -> str:
    """The last part of an origin: the name of the log's folder."""
    return origin.rpartition("/")[2]


def printable(name: str) -> str:
    """A file name that can be printed and put into JSON, whatever bytes it is made of."""
    return name.encode("utf-8", "backslashreplace").decode()
