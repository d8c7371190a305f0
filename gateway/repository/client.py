"""What do the administrators of enough cities say, as far as this source tells it? A repository read by python-tuf's
client (DESIGN §7, TUF 1.0.34 §5).

From the pinned root on every version of the root is followed; timestamp, snapshot and targets are held against their
signatures, their versions against those seen before, their end against the clock; each target against its digest. The
folder ``home`` remembers what was verified, so that no source can lead back behind it. Whatever comes, the answer is
``Verified`` or ``Refused`` with the reason; what anybody goes by is not touched here.

>>> found = refresh(Path("data/trust/client"), pinned, FolderFetcher(Path("trust")), now=time.time())
>>> found.versions["root"], sorted(found.targets)[:2]
(2, ['agreements.json', 'catalogue.json'])
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from securesystemslib.exceptions import StorageError
from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization import DeserializationError
from tuf.ngclient import Updater, UpdaterConfig

from gateway.errors import CannotRun, GatewayError, Refused
from gateway.repository import layout
from gateway.repository.fetching import MISSING, Bounded, FolderFetcher

PINNED = "root.json"
"""File of a trust folder: the root that everything is followed from."""
MOST_ROOTS = 1_000
CONFIG = UpdaterConfig(
    max_root_rotations=MOST_ROOTS,
    max_delegations=0,
    root_max_length=layout.MAX_ROOT,
    timestamp_max_length=layout.MAX_TIMESTAMP,
    snapshot_max_length=layout.MAX_SNAPSHOT,
    targets_max_length=layout.MAX_TARGETS,
)
ROLES = (Root.type, Timestamp.type, Snapshot.type, Targets.type)
_OTHER_VERSION = re.compile(r"Expected (snapshot version|targets v)")
_PINNED_BY = "pinned.sha256"


@dataclass(frozen=True, slots=True)
class Verified:
    """One state of a repository, whole. ``metadata``: name → bytes of every root from the pinned one on, the targets,
    snapshot and timestamp; ``targets``: target path → bytes; ``versions``, ``expires`` (seconds): by role;
    ``threshold``, ``keys``: of the root in force.
    """

    metadata: Mapping[str, bytes]
    targets: Mapping[str, bytes]
    versions: Mapping[str, int]
    expires: Mapping[str, int]
    threshold: int
    keys: int

    def files(self) -> dict[str, bytes]:
        """Path → bytes as a repository lies in a folder."""
        found = {f"{layout.METADATA}/{name}": body for name, body in self.metadata.items()}
        return found | {f"{layout.TARGETS}/{layout.target_file(path, b)}": b for path, b in self.targets.items()}


def pinned(folder: Path) -> bytes | None:
    """The pinned root of a trust folder; None where trust is unsigned. Raises ``CannotRun`` ``trust.root``."""
    file = folder / PINNED
    try:
        return file.read_bytes() if file.exists() else None
    except OSError as error:
        raise CannotRun("trust.root", f"{file} can't be read: {error.strerror}") from error


def root_keys(root: bytes) -> frozenset[bytes]:
    """Public keys, 32 bytes each, of all roles of a root. Raises ``CannotRun`` ``trust.root``."""
    try:
        keys = Metadata[Root].from_bytes(root).signed.keys.values()
        return frozenset(bytes.fromhex(str(key.keyval.get("public", ""))) for key in keys)
    except (RepositoryError, DeserializationError, ValueError) as error:
        raise CannotRun("trust.root", f"{PINNED}: {error}") from error


def refresh(home: Path, root: bytes, fetcher: Bounded, now: float) -> Verified:
    """Everything that the source has, verified as of ``now`` (s). Raises ``Refused`` ``trust.*``; ``CannotRun``
    ``trust.root`` where the pinned root is none, ``ledger.io`` where ``home`` can't be written.
    """
    _begin(home, root)
    with _named(fetcher):
        updater = _updater(home, root, fetcher)
        updater._trusted_set.reference_time = datetime.fromtimestamp(now, UTC)  # the clock that the caller captured
        updater.refresh()
        infos = Metadata[Targets].from_file(str(home / "targets.json")).signed.targets
        targets = {path: _target(updater, home, info) for path, info in infos.items()}
    return _state(home, targets)


def read_back(metadata: Mapping[str, bytes], targets: Mapping[str, bytes]) -> Verified:
    """A state from the copies of it that were kept: verified then, not again. Raises ``Refused`` ``trust.metadata``."""
    try:
        return _told(metadata, targets)
    except (RepositoryError, DeserializationError, ValueError) as error:
        raise Refused("trust.metadata", f"the copies kept do not fit together: {error}") from error


def seed(home: Path, root: bytes, held: Verified) -> None:
    """Remember in ``home`` what is held, where it was lost: nothing leads behind it. Raises as ``refresh`` does."""
    _begin(home, root)
    try:
        (home / "root_history").mkdir(exist_ok=True)
        for name, body in held.metadata.items():
            version, _, role = name.removesuffix(".json").rpartition(".")
            file = home / (f"root_history/{name}" if role == Root.type and version else f"{role}.json")
            if not file.exists():
                file.write_bytes(body)
    except OSError as error:
        raise CannotRun("ledger.io", f"{home}: {error.strerror}") from error


def verify_folder(folder: Path, root: bytes, home: Path, *, schemas: Sequence[Path]) -> Verified:
    """What lies in an archive (``FolderFetcher``), as it was to be judged when its timestamp was good: age is no fault
    of an archive. Raises as ``refresh`` does, ``trust.unsigned`` where there are no metadata.
    """
    try:
        raw = (folder / layout.METADATA / layout.TIMESTAMP_FILE).read_bytes()[: layout.MAX_TIMESTAMP]
        expires = Metadata[Timestamp].from_bytes(raw).signed.expires.timestamp()
    except OSError as error:
        raise Refused("trust.unsigned", f"{folder} holds no signed metadata: {error.strerror}") from error
    except (RepositoryError, DeserializationError) as error:
        raise Refused("trust.metadata", f"{layout.TIMESTAMP_FILE}: {error}") from error
    return refresh(home, root, FolderFetcher(folder, schemas=schemas), now=expires - 1)


def _begin(home: Path, root: bytes) -> None:
    """What another pinned root has led to is forgotten."""
    digest = sha256(root).hexdigest()
    mark = home / _PINNED_BY
    try:
        if mark.exists() and mark.read_text() == digest:
            return
        shutil.rmtree(home, ignore_errors=True)
        (home / "files").mkdir(parents=True)
        mark.write_text(digest)
    except OSError as error:
        raise CannotRun("ledger.io", f"{home}: {error.strerror}") from error


def _updater(home: Path, root: bytes, fetcher: Bounded) -> Updater:
    try:
        return Updater(
            str(home),
            f"{layout.METADATA}/",
            str(home / "files"),
            f"{layout.TARGETS}/",
            fetcher,
            CONFIG,
            bootstrap=root,
        )
    except RepositoryError as error:
        raise CannotRun("trust.root", f"{PINNED}: {error}") from error


def _target(updater: Updater, home: Path, info: TargetFile) -> bytes:
    if not layout.is_target(info.path):
        raise Refused("trust.form", f"a target of the name {info.path!a} is not known here")
    if info.length > layout.MAX_TARGET:
        raise Refused("trust.too_large", f"{info.path} is larger than {layout.MAX_TARGET} bytes")
    path = updater.find_cached_target(info) or updater.download_target(info)
    raw = Path(path).read_bytes()
    info.verify_length_and_hashes(raw)
    return raw


def _state(home: Path, targets: Mapping[str, bytes]) -> Verified:
    roots = {file.name: file for file in (home / "root_history").iterdir() if file.name.endswith(".root.json")}
    current = Metadata[Root].from_file(str(home / PINNED)).signed.version
    metadata = {name: file.read_bytes() for name, file in roots.items() if int(name.partition(".")[0]) <= current}
    for role in (Snapshot.type, Targets.type):
        raw = (home / f"{role}.json").read_bytes()
        metadata[f"{Metadata.from_bytes(raw).signed.version}.{role}.json"] = raw
    metadata[layout.TIMESTAMP_FILE] = (home / layout.TIMESTAMP_FILE).read_bytes()
    return _told(metadata, targets)


def _told(metadata: Mapping[str, bytes], targets: Mapping[str, bytes]) -> Verified:
    signed = {role: Metadata.from_bytes(_newest(metadata, role)).signed for role in ROLES}
    root = signed[Root.type]
    if not isinstance(root, Root):  # pragma: no cover - its file name says so, and the client has verified it
        raise Refused("trust.metadata", "the root is none")
    role = root.roles[Root.type]
    versions = {name: each.version for name, each in signed.items()}
    expires = {name: int(each.expires.timestamp()) for name, each in signed.items()}
    return Verified(metadata, targets, versions, expires, role.threshold, len(role.keyids))


def _newest(metadata: Mapping[str, bytes], role: str) -> bytes:
    names = [name for name in metadata if name.endswith(f"{role}.json")]
    return metadata[max(names, key=lambda name: int(name.partition(".")[0]) if "." in name[:-5] else 0)]


# What python-tuf says, in the words of the table of reasons

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (DownloadLengthMismatchError, "trust.too_large"),
    (DownloadError, "trust.unreachable"),
    (ExpiredMetadataError, "trust.expired"),
    (UnsignedMetadataError, "trust.signatures"),
    (DeserializationError, "trust.metadata"),
    (RepositoryError, "trust.metadata"),
    (StorageError, "trust.metadata"),
    (ValueError, "trust.metadata"),
)


@contextlib.contextmanager
def _named(fetcher: Bounded) -> Iterator[None]:
    """Errors of python-tuf inside this block become ``Refused``, with the file that they came with."""
    try:
        yield
    except GatewayError:
        raise
    except OSError as error:
        raise CannotRun("ledger.io", f"{error.filename}: {error.strerror}") from error
    except tuple(kind for kind, _ in _REASONS) as error:
        raise Refused(_reason(error, fetcher.last), f"{fetcher.last}: {error}") from error


def _reason(error: Exception, file: str) -> str:
    if isinstance(error, DownloadHTTPError) and error.status_code == MISSING:
        return "trust.incomplete"
    if isinstance(error, LengthOrHashMismatchError):
        return "trust.target" if file.startswith(f"{layout.TARGETS}/") else "trust.mixed"
    if isinstance(error, BadVersionNumberError):
        return "trust.mixed" if _OTHER_VERSION.match(str(error)) else "trust.rollback"
    return next(reason for kind, reason in _REASONS if isinstance(error, kind))
