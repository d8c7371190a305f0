"""What is published now? A repository's folder, read and verified link by link, as a client would from its first root.

Unlike a client this reader takes expired metadata, for whoever renews them must read them first; and it tells a broken
online signature (``timestamp_good``) instead of failing, for whoever replaces a lost online key must read what it
signed.

>>> state = read(Path("trust-repository"))
>>> state.root.version, state.targets.version, sorted(state.files)[:2]
(2, 7, ['agreements.json', 'catalogue.json'])
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from gateway.errors import Refused
from gateway.repository.charter import Charter, SignedT, canonical, read_file
from gateway.repository.layout import (
    MAX_ROOT,
    MAX_SNAPSHOT,
    MAX_TARGET,
    MAX_TARGETS,
    MAX_TIMESTAMP,
    METADATA,
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TIMESTAMP_FILE,
    digest,
    is_target,
    metadata_file,
)
from gateway.repository.proposals import At, Base


@dataclass(frozen=True, slots=True)
class Published:
    """The verified state of a repository. ``snapshot_good``, ``timestamp_good``: they verify by its root."""

    charter: Charter
    root: Root
    targets: Targets
    snapshot: Snapshot
    timestamp: Timestamp
    files: Mapping[str, bytes]
    snapshot_good: bool
    timestamp_good: bool

    @property
    def base(self) -> Base:
        """What a proposal that builds on this names."""
        return Base(_at(self.root), _at(self.targets))


def _at(signed: Root | Targets) -> At:
    return At(signed.version, digest(canonical(signed)))


def read(folder: Path) -> Published | None:
    """The state of a repository, None where there is none yet.

    Raises ``Refused`` ``trust.repository``, ``trust.form``: what is missing, too large or doesn't verify.
    """
    if not (folder / METADATA / TIMESTAMP_FILE).exists():  # written last the first time
        return None
    root = _chain(folder, _root_versions(folder))
    timestamp = read_file(Timestamp, _bytes(folder, f"{METADATA}/{TIMESTAMP_FILE}", MAX_TIMESTAMP), TIMESTAMP)
    snapshot = _version(folder, Snapshot, timestamp.signed.snapshot_meta.version, MAX_SNAPSHOT)
    listed = snapshot.signed.meta.get(f"{TARGETS}.json")
    if listed is None:
        raise _broken("the snapshot lists no targets")
    targets = _version(folder, Targets, listed.version, MAX_TARGETS)
    if not _verifies(root, TARGETS, targets):
        raise _broken(f"{listed.version}.targets.json is not signed by enough keys of the root")
    return Published(
        Charter.of(root),
        root,
        targets.signed,
        snapshot.signed,
        timestamp.signed,
        _files(folder, targets.signed),
        _verifies(root, SNAPSHOT, snapshot),
        _verifies(root, TIMESTAMP, timestamp),
    )


def _root_versions(folder: Path) -> list[int]:
    names = (path.name.split(".") for path in (folder / METADATA).glob(f"*.{ROOT}.json"))
    return sorted(int(name[0]) for name in names if len(name) == 3 and name[0].isdecimal())


def _chain(folder: Path, versions: list[int]) -> Root:
    """The newest root, each signed by the threshold of the one before and by its own."""
    held: Root | None = None
    for version in versions:
        found = _version(folder, Root, version, MAX_ROOT)
        if held is not None and version != held.version + 1:
            raise _broken(f"{held.version + 1}.root.json is missing")
        if not found.signed.get_root_verification_result(held, found.signed_bytes, found.signatures):
            raise _broken(f"{version}.root.json is not signed by enough keys")
        held = found.signed
    if held is None:
        raise _broken("there is no root")
    return held


def _version(folder: Path, kind: type[SignedT], version: int, most: int) -> Metadata[SignedT]:
    name = metadata_file(kind.type, version)
    found = read_file(kind, _bytes(folder, name, most), name)
    if found.signed.version != version:
        raise _broken(f"{name} holds version {found.signed.version}")
    return found


def _verifies(root: Root, role: str, found: Metadata[SignedT]) -> bool:
    try:
        root.verify_delegate(role, found.signed_bytes, found.signatures)
    except RepositoryError:
        return False
    return True


def _files(folder: Path, targets: Targets) -> dict[str, bytes]:
    found = {}
    for path, entry in targets.targets.items():
        if not is_target(path):
            raise _broken(f"{path[:80]!a} is no name of a target")
        where = f"{TARGETS}/{entry.get_prefixed_paths()[0]}"
        found[path] = _bytes(folder, where, min(entry.length, MAX_TARGET))
        try:
            entry.verify_length_and_hashes(found[path])
        except RepositoryError as error:
            raise _broken(f"{where}: {error}") from error
    return found


def _bytes(folder: Path, name: str, most: int) -> bytes:
    try:
        with (folder / name).open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise _broken(f"{name}: {error.strerror}") from error
    if len(content) > most:
        raise _broken(f"{name} is larger than {most} bytes")
    return content


def _broken(told: str) -> Refused:
    return Refused("trust.repository", told, zh=f"信任仓库不完整或验签不通过：{told}")
