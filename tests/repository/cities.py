"""Six administrators in six cities, one online machine, and a client that reads what they publish by python-tuf alone.

cities = Cities(folder)
cities.begin()                                   the first proposal, signed by all, published
p = cities.propose({"roster.json": newer})       built on what is published
cities.publish(p, *FOUR)                         signed by these four
cities.client().read()                           target path → bytes, verified from the first root
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater

from gateway.records.packaged import data_path
from gateway.repository import drafting, published, signatures
from gateway.repository.charter import Charter
from gateway.repository.enacting import Done, publish, stamp
from gateway.repository.layout import Lives, schema_targets
from gateway.repository.proposals import Proposal
from gateway.repository.published import Published
from gateway.repository.rolekeys import RoleKey, of_signer
from gateway.repository.signatures import Signatures
from tests.trust import papers

SIX = ("tongzhou", "sanhe", "dachang", "xianghe", "xiongan", "binhai")
FOUR = SIX[:4]
NOW = 1_795_400_000
DAY_S = 86_400


def documents() -> dict[str, bytes]:
    """The targets of a beginning."""
    made = {"roster": papers.roster(), "agreements": papers.agreements(), "catalogue": papers.catalogue()}
    named = {f"{name}.json": papers.written(document) for name, document in made.items()}
    return named | schema_targets(data_path("schemas"))


def roster(version: int = 4, **changes: Any) -> dict[str, bytes]:
    """A newer roster as the change of a proposal; ``changes``: dotted paths with ``__`` for dots."""
    dotted = {path.replace("__", "."): value for path, value in changes.items()}
    return {"roster.json": papers.written(papers.changed(papers.roster(version=version), dotted))}


class Files(FetcherInterface):
    """What a web server over the folder would answer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self._folder / url.removeprefix("repo://")
        if not path.is_file():
            raise DownloadHTTPError(f"no {path}", 404)
        yield path.read_bytes()


@dataclass
class Client:
    """A reader that pinned the first root and keeps what it has verified, like a node; it knows python-tuf alone."""

    repository: Path
    folder: Path
    pinned: bytes

    def read(self, at: int = NOW) -> dict[str, bytes]:
        """Refresh and fetch every target; raises python-tuf's own errors."""
        self.folder.mkdir(exist_ok=True)
        where = str(self.folder)
        web = Files(self.repository)
        updater = Updater(where, "repo://metadata/", where, "repo://targets/", web, bootstrap=self.pinned)
        updater._trusted_set.reference_time = datetime.fromtimestamp(at, UTC)
        updater.refresh()
        found = {}
        for path in targets_of(self.folder):
            info = updater.get_targetinfo(path)
            assert info is not None
            found[path] = Path(updater.download_target(info, str(self.folder / "target"))).read_bytes()
        return found


def targets_of(folder: Path) -> list[str]:
    """Paths in the targets metadata that a client has verified."""
    return list(json.loads((folder / "targets.json").read_bytes())["signed"]["targets"])


@dataclass
class Cities:
    """The six, their keys and their repository."""

    folder: Path
    threshold: int = 4
    signers: dict[str, CryptoSigner] = field(default_factory=lambda: {p: CryptoSigner.generate_ed25519() for p in SIX})
    online: CryptoSigner = field(default_factory=CryptoSigner.generate_ed25519)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    def key(self, place: str) -> RoleKey:
        return of_signer(place, self.signers[place])

    def charter(self, **changes: Any) -> Charter:
        keys = tuple(self.key(place) for place in sorted(SIX))
        given = {"keys": keys, "threshold": self.threshold, "online": (of_signer("tongzhou", self.online),)}
        return Charter(**{**given, "lives": Lives(), **changes})

    def first(self) -> Proposal:
        return drafting.first(documents(), self.charter(), NOW)

    def state(self) -> Published:
        found = published.read(self.repository)
        assert found is not None
        return found

    def propose(self, changes: Mapping[str, bytes] = {}, *, now: int = NOW, **more: Any) -> Proposal:
        state = self.state()
        return drafting.following(state, files={**state.files, **changes}, now=now, **more)

    def signed(self, proposal: Proposal, *places: str) -> list[Signatures]:
        return [signatures.sign(proposal, self.signers[place]) for place in places]

    def publish(self, proposal: Proposal, *places: str, now: int = NOW, online: Any = None) -> Done:
        given = self.signed(proposal, *places)
        return publish(self.repository, proposal, given, online or [self.online], now=now)

    def begin(self) -> Done:
        return self.publish(self.first(), *SIX)

    def stamp(self, now: int) -> Done:
        return stamp(self.repository, [self.online], now=now)

    def client(self, pinned: bytes | None = None) -> Client:
        first = pinned or (self.repository / "metadata" / "1.root.json").read_bytes()
        return Client(self.repository, self.folder / f"client-{next(self.numbers)}", first)

    def files(self) -> dict[str, bytes]:
        """Every file of the repository."""
        found = (path for path in self.repository.rglob("*") if path.is_file() and path.name != ".lock")
        return {path.relative_to(self.repository).as_posix(): path.read_bytes() for path in found}
