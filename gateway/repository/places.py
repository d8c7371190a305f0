"""Where is the repository? In a folder, or at a node's address; what is fetched is laid out as a folder and read alike.

Nothing fetched is believed before ``published.read`` has verified it. A root that the administrator holds already
(``pinned``) stands in the place of the one that would be fetched, so that the chain begins where he trusts it.

>>> with opened("https://node.sanhe.example", pinned=Path("1.root.json")) as state:
...     state.targets.version
8
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.api.metadata import Root, Snapshot, Targets, Timestamp
from tuf.ngclient import FetcherInterface, Urllib3Fetcher

from gateway.errors import CannotRun, Refused
from gateway.repository import published
from gateway.repository.charter import read_file
from gateway.repository.layout import (
    MAX_FILES,
    MAX_ROOT,
    MAX_SNAPSHOT,
    MAX_TARGET,
    MAX_TARGETS,
    MAX_TIMESTAMP,
    METADATA,
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP_FILE,
    is_target,
    metadata_file,
)
from gateway.repository.published import Published

TIMEOUT_S = 15
MAX_ROOTS = 1_000
NOT_THERE = (403, 404)
_SCHEMES = ("http://", "https://")


@contextmanager
def opened(place: str, pinned: Path | None = None) -> Iterator[tuple[Path, Published | None]]:
    """A folder that holds the repository, and its verified state.

    Raises ``Refused`` as ``published.read``; ``CannotRun`` ``source.unreachable``, ``trust.missing`` for ``pinned``.
    """
    if not place.startswith(_SCHEMES):
        yield Path(place), published.read(Path(place))
        return
    with tempfile.TemporaryDirectory(prefix="jjj-trust-") as folder:
        _fetch(_base(place), Path(folder), pinned)
        yield Path(folder), published.read(Path(folder))


def _base(place: str) -> str:
    """The address below which ``metadata/`` and ``targets/`` stand: a node's own, or one that ends in ``/trust``."""
    address = place.rstrip("/")
    return address if address.endswith("/trust") else f"{address}/trust"


def _fetch(base: str, folder: Path, pinned: Path | None) -> None:
    web = _Web(base, folder)
    version = 1
    if pinned is not None:
        content = _pinned(pinned)
        version = read_file(Root, content, str(pinned)).signed.version
        web.put(metadata_file(ROOT, version), content)
        version += 1
    while web.get(metadata_file(ROOT, version), MAX_ROOT, wanted=False) is not None:
        version += 1
        if version > MAX_ROOTS:
            raise CannotRun("source.too_large", f"{base}: more than {MAX_ROOTS} roots")
    timestamp = read_file(Timestamp, web.need(f"{METADATA}/{TIMESTAMP_FILE}", MAX_TIMESTAMP), TIMESTAMP_FILE)
    number = timestamp.signed.snapshot_meta.version
    snapshot = read_file(Snapshot, web.need(metadata_file(SNAPSHOT, number), MAX_SNAPSHOT), SNAPSHOT)
    listed = snapshot.signed.meta.get(f"{TARGETS}.json")
    if listed is None:
        raise Refused("trust.repository", "the snapshot lists no targets", zh="快照未列出 targets")
    targets = read_file(Targets, web.need(metadata_file(TARGETS, listed.version), MAX_TARGETS), TARGETS).signed
    if len(targets.targets) > MAX_FILES or not all(map(is_target, targets.targets)):
        raise Refused("trust.repository", "the targets are not those of a trust repository", zh="目标文件不属信任仓库")
    for entry in targets.targets.values():
        web.need(f"{TARGETS}/{entry.get_prefixed_paths()[0]}", min(entry.length, MAX_TARGET))


def _pinned(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_ROOT)
    except OSError as error:
        raise CannotRun("trust.missing", f"{path}: {error.strerror}") from error


class _Web:
    """Files below an address, kept below a folder as they come."""

    def __init__(self, base: str, folder: Path) -> None:
        self._base, self._folder = base, folder
        self._fetcher: FetcherInterface = Urllib3Fetcher(socket_timeout=TIMEOUT_S)

    def get(self, name: str, most: int, *, wanted: bool = True) -> bytes | None:
        """The file, None where there is none and none is ``wanted``. Raises ``CannotRun`` ``source.unreachable``."""
        try:
            content = self._fetcher.download_bytes(f"{self._base}/{name}", most)
        except DownloadHTTPError as error:
            if not wanted and error.status_code in NOT_THERE:
                return None
            raise CannotRun("source.unreachable", f"{self._base}/{name}: HTTP {error.status_code}") from error
        except DownloadError as error:
            raise CannotRun("source.unreachable", f"{self._base}/{name}: {error}") from error
        self.put(name, content)
        return content

    def need(self, name: str, most: int) -> bytes:
        """The file; raises as ``get``."""
        content = self.get(name, most)
        if content is None:
            raise CannotRun("source.unreachable", f"{self._base}/{name}")
        return content

    def put(self, name: str, content: bytes) -> None:
        """Keep a file."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
