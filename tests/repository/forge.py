"""A signed repository with every private key at hand, and whatever a hostile source can make of it.

    forge = Forge(tmp_path / "made")
    forge.amend(roster={"version": 2})
    forge.rewrite("timestamp", lambda signed: setattr(signed, "version", 9), [stranger])
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Snapshot, TargetFile, Targets

from gateway.demo import cast
from gateway.demo.example import example_trust
from gateway.repository import enacting, layout, published
from gateway.repository.ceremony import amend_repository, make_repository
from gateway.repository.charter import Charter
from gateway.repository.rolekeys import of_signer

NOW = 1_795_400_000
DAY_S = 86_400
PLACES = tuple(place.id for place in cast.PLACES)
THRESHOLD = 4


def document(name: str, urls: dict[str, str] | None = None, **changes: Any) -> bytes:
    """Roster, agreements or catalogue of the example with some members changed."""
    return orjson.dumps(orjson.loads(example_trust(urls or {})[f"{name}.json"]) | changes)


class Forge:
    """Six administrators, four of whom must sign; one online key."""

    def __init__(self, folder: Path, *, now: int = NOW, documents: dict[str, bytes] | None = None) -> None:
        self.folder = folder
        self.now = now
        self.urls: dict[str, str] = {}
        self.signers = {place: CryptoSigner.generate_ed25519() for place in PLACES}
        self.online = CryptoSigner.generate_ed25519()
        made = documents or {f"{name}.json": document(name) for name in ("roster", "agreements", "catalogue")}
        make_repository(folder, made, self.signers, {"tongzhou": self.online}, threshold=THRESHOLD, now=now)

    @property
    def pinned(self) -> bytes:
        return (self.folder / "metadata" / "1.root.json").read_bytes()

    def amend(self, **changes: dict[str, Any]) -> None:
        """Publish documents with some members changed, as the administrators do."""
        files = {f"{name}.json": document(name, self.urls, **members) for name, members in changes.items()}
        amend_repository(self.folder, files, self.signers, [self.online], now=self.now)

    def stamp(self, times: int = 1) -> None:
        for _ in range(times):
            enacting.stamp(self.folder, [self.online], now=self.now)

    def rotate(self, place: str) -> None:
        """A new root in which one administrator has another key, signed by old and new."""
        state = published.read(self.folder)
        assert state is not None
        new = {**self.signers, place: CryptoSigner.generate_ed25519()}
        keys = tuple(of_signer(each, signer) for each, signer in new.items())
        online = (of_signer("tongzhou", self.online),)
        charter = Charter(keys, THRESHOLD, online, state.charter.lives)
        both = {**self.signers, f"{place}-new": new[place]}
        amend_repository(self.folder, {}, both, [self.online], now=self.now, charter=charter)
        self.signers = new

    def fork(self, folder: Path) -> Forge:
        """The same somewhere else, with the same keys: what is done there is not done here."""
        shutil.copytree(self.folder, folder)
        other = Forge.__new__(Forge)
        other.__dict__ |= self.__dict__ | {"folder": folder}
        return other

    # Hostile hands

    def path(self, role: str, version: int | None = None) -> Path:
        """The newest file of a role, or that of a version."""
        if role == "timestamp":
            return self.folder / layout.METADATA / layout.TIMESTAMP_FILE
        state = published.read(self.folder)
        return self.folder / layout.metadata_file(role, version or getattr(state, role).version)

    def rewrite(
        self,
        role: str,
        change: Callable[[Any], object],
        signers: Sequence[CryptoSigner] | None = None,
        *,
        source: Path | None = None,
        name: str | None = None,
    ) -> None:
        """A file of a role changed and signed anew; ``name``: under which it lies, else that of its version."""
        found: Metadata[Any] = Metadata.from_file(str(source or self.path(role)))
        change(found.signed)
        self.write(found, role, signers, name)

    def write(
        self, found: Metadata[Any], role: str, signers: Sequence[CryptoSigner] | None = None, name: str | None = None
    ) -> None:
        found.signatures.clear()
        usual = [self.online] if role in ("snapshot", "timestamp") else list(self.signers.values())
        for signer in usual if signers is None else signers:
            found.sign(signer, append=True)
        stem = "timestamp" if role == "timestamp" else f"{found.signed.version}.{role}"
        (self.folder / "metadata" / (name or f"{stem}.json")).write_bytes(found.to_bytes())

    def publish_anyway(self, signers: Sequence[CryptoSigner] | None = None, **documents: bytes) -> None:
        """New targets that no honest administrator would sign, with the heads that lead to them."""
        found: Metadata[Targets] = Metadata.from_file(str(self.path("targets")))
        found.signed.version += 1
        for name, body in documents.items():
            info = TargetFile.from_data(f"{name}.json", body, ["sha256"])
            found.signed.targets[info.path] = info
            (self.folder / "targets" / layout.target_file(info.path, body)).write_bytes(body)
        snapshot: Metadata[Snapshot] = Metadata.from_file(str(self.path("snapshot")))
        self.write(found, "targets", signers)
        snapshot.signed.version += 1
        snapshot.signed.meta["targets.json"].version = found.signed.version
        self.write(snapshot, "snapshot")
        self.head(snapshot.signed.version)

    def head(self, snapshot: int, *, steps: int = 1, signers: Sequence[CryptoSigner] | None = None) -> None:
        """A newer timestamp that names a version of the snapshot."""

        def change(signed: Any) -> None:
            signed.version += steps
            signed.snapshot_meta.version = snapshot

        self.rewrite("timestamp", change, signers)
