"""Trust data that enough jurisdictions have signed: refreshed by python-tuf's client, kept in the ledger (DESIGN §7).

TUF decides what is accepted now; after each good refresh the verified targets stand in the ledger with the instant, and
everybody decides by that copy. What is refused (signatures, versions, dates, digests, a document that can't be read)
changes nothing and is said with its reason. With every source away, a restart included, the copy and its age go on.

``data/trust/`` shows the same as files: the documents in force, and the repository as verified, which partners are
served. ``data/trust/client/`` is what python-tuf remembers: it may be ahead, never behind.

>>> trust = SignedTrust(config, measures, own_clock_slow=lambda: False)
>>> await trust.open(ledger, session)
>>> await trust.refresh()
True
"""

from __future__ import annotations

import asyncio
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp
import structlog

from gateway.errors import CannotRun, GatewayError, Refused
from gateway.ledger.database import Database
from gateway.node import trustcopies, trustsources
from gateway.node.config import Config
from gateway.node.inforce import InForce, Standing, rollback
from gateway.node.measures import Measures
from gateway.node.trustcopies import Kept
from gateway.node.trustonline import ONLINE_KEY, stamp
from gateway.node.trustsources import Source
from gateway.records.packaged import data_path
from gateway.records.schema import SUFFIX, SchemaSet
from gateway.repository import client, layout
from gateway.repository.client import Verified
from gateway.trust.trusted import AGREEMENTS, CATALOGUE, ROSTER, TrustData, assemble

LEDGER = "ledger.sqlite"
CLIENT = "client"
SCHEMAS = "schemas"
RETRY_S = 30.0
"""Until sources are asked again when none had anything good."""
MOST_BEHIND_S = 60.0
"""So much may a clock be set back without the age of what was confirmed becoming unknown."""

log = structlog.get_logger(__name__)


class SignedTrust(InForce):
    """Raises ``CannotRun`` ``trust.root``, ``key.example``, and what ``assemble`` says of copies that can't be read."""

    def __init__(
        self,
        config: Config,
        measures: Measures,
        *,
        own_clock_slow: Callable[[], bool],
        refused_keys: frozenset[bytes] = frozenset(),
    ) -> None:
        """``refused_keys``: public keys that may sign nothing here, in a root neither: ``key.example``."""
        super().__init__(measures)
        root = client.pinned(config.trust)
        if root is None:
            raise CannotRun("trust.root", f"{config.trust / client.PINNED} is missing")
        if client.root_keys(root) & refused_keys:
            raise CannotRun("key.example", f"{config.trust / client.PINNED} names example keys, which anybody has")
        self._root = root
        self._refused_keys = refused_keys
        self._config = config
        self._own_clock_slow = own_clock_slow
        self._online_key = config.keys / ONLINE_KEY
        self._home = config.shown_trust / CLIENT
        self._kept: Kept | None = None
        self._current: TrustData | None = None
        self._files: Mapping[str, bytes] = {}
        self._confirmed_tick: float | None = None
        self._next = -math.inf
        self._seen: tuple[int, ...] = ()
        kept = trustcopies.read_file(config.data / LEDGER)
        if kept is not None:
            self._hold(kept, self._assemble(kept.verified.targets))

    @property
    def held(self) -> bool:
        """Whether there are any trust data yet."""
        return self._current is not None

    @property
    def current(self) -> TrustData:
        """What everybody decides by."""
        if self._current is None:
            raise CannotRun("trust.none_held", "no trust data were verified yet")
        return self._current

    @property
    def files(self) -> Mapping[str, bytes]:
        """The repository as verified."""
        return self._files

    def document(self, name: str) -> bytes:
        """The copy in force."""
        if self._kept is None:
            raise GatewayError("trust.missing", f"{name}: no trust data were verified yet")
        return self._kept.verified.targets[name]

    def standing(self) -> Standing:
        """With the age that every verdict minds."""
        if self._kept is None:
            return Standing(signed=True, age_s=math.inf)
        verified, confirmed = self._kept.verified, self._kept.confirmed
        age_s = self._age_s(confirmed)
        expires, versions = verified.expires, verified.versions
        return Standing(True, age_s, confirmed, versions, expires, verified.threshold, verified.keys)

    def _age_s(self, confirmed: float) -> float:
        """The larger of wall clock and steady clock. Of an instant that lies ahead nobody knows how long ago it was."""
        age_s = self.now() - confirmed
        if self._confirmed_tick is not None:
            return max(age_s, self.tick() - self._confirmed_tick)
        return max(age_s, 0.0) if age_s >= -MOST_BEHIND_S else math.inf

    async def open(self, ledger: Database, session: aiohttp.ClientSession) -> None:
        """Take up the ledger that the copies stand in. Without copies the sources are asked first: raises ``CannotRun``
        ``trust.none_held`` naming what each of them said.
        """
        self._ledger, self._session = ledger, session
        if self._kept is None:
            await self.ask()
        else:
            kept = self._kept
            if trustcopies.read(ledger.read) is None:
                await ledger.write(lambda connection: trustcopies.keep(connection, kept.verified, kept.confirmed))
            await asyncio.to_thread(client.seed, self._home, self._root, kept.verified)
            await asyncio.to_thread(self._show)
        if self._kept is None:
            faults = (each.fault for each in self.said.values() if each.fault is not None)
            said = "; ".join(f"{fault.reason}: {fault.message}" for fault in faults)
            said = said or "no source is known; set [trust] urls, or put the repository into the trust folder"
            raise CannotRun("trust.none_held", f"{self._config.trust}: no trust data could be verified yet: {said}")

    async def refresh(self) -> bool:
        """Ask if it is time to, or if the own folder's repository has changed."""
        if self.tick() < self._next and self._look() == self._seen:
            return False
        return await self.ask()

    async def ask(self) -> bool:
        """Ask every source; the newest state that verifies wins. True when other trust data are in force now: then the
        sources that follow are asked the next time, so that nothing slow stands before a revocation.
        """
        await self._stamp()
        self._seen = self._look()
        before, good = self._digest, False
        sources = self._sources()
        for gone in self.said.keys() - {source.name for source in sources} - {str(self._online_key)}:
            del self.said[gone]
        for source in sources:
            good |= await self._ask(source)
            if self._digest != before:
                self._next = -math.inf
                return True
        self._next = self.tick() + (self._config.trust_from.refresh_s if good else RETRY_S)
        return False

    @property
    def _digest(self) -> str | None:
        return None if self._current is None else self._current.digest

    async def _stamp(self) -> None:
        """Where this node holds an online key and the repository."""
        folder, key = trustsources.own_folder(self._config), self._online_key
        if folder is None or not key.exists() or self._own_clock_slow():
            return
        held = None if self._kept is None else self._kept.verified.versions
        try:
            done = await asyncio.to_thread(stamp, self._config.trust, key, self._refused_keys, held, int(self.now()))
        except GatewayError as error:
            self.heard(str(self._online_key), error)
            return
        if done:
            log.info("trust.stamped", folder=str(folder))
            self.heard(str(self._online_key))

    def _sources(self) -> list[Source]:
        return trustsources.of(self._config, None if self._current is None else self._current.roster)

    async def _ask(self, source: Source) -> bool:
        try:
            await self._take(await source.read(self._home, self._root, self.now(), self._session))
        except GatewayError as error:
            self.heard(source.name, error)
            return False
        self.heard(source.name)
        return True

    async def _take(self, found: Verified) -> None:
        """Into the ledger, then into force, then onto the disk for others. Raises ``Refused``: nothing has changed."""
        same = self._kept is not None and self._kept.verified == found
        data = self.current if same else self._judged(found)
        confirmed = self._confirmed()
        if confirmed is None:
            raise Refused("own_clock", "this node's own clock is behind: it can't tell whether the metadata are good")
        kept = Kept(found, confirmed)
        if same:
            await self._ledger.write(lambda connection: trustcopies.confirm(connection, confirmed))
        else:
            await self._ledger.write(lambda connection: trustcopies.keep(connection, found, confirmed))
        self._hold(kept, data)
        self._confirmed_tick = self.tick()
        if not same:
            await asyncio.to_thread(self._show)

    def _confirmed(self) -> float | None:
        return None if self._own_clock_slow() else self.now()

    def _judged(self, found: Verified) -> TrustData:
        """The documents inside, read whole; none of them older than the one in force."""
        for name in (ROSTER, AGREEMENTS, CATALOGUE):
            if name not in found.targets:
                raise Refused("trust.form", f"the signed targets lack {name}")
        try:
            data = self._assemble(found.targets)
        except CannotRun as error:
            raise Refused(error.reason, error.message) from error
        fault = rollback(self._current, data) if self._current is not None else None
        if self._kept is not None and found.versions["root"] < self._kept.verified.versions["root"]:
            fault = f"the root has version {found.versions['root']}, older than the one in force"
        if fault is not None:
            raise Refused("trust.rollback", fault)
        if client.root_keys(found.metadata[f"{found.versions['root']}.root.json"]) & self._refused_keys:
            raise Refused("key.example", "the root names example keys, which anybody has")
        if self._config.jurisdiction not in data.roster.jurisdictions:
            raise Refused("roster.not_in", f"the roster has no jurisdiction {self._config.jurisdiction!r}")
        return data

    def _assemble(self, targets: Mapping[str, bytes]) -> TrustData:
        schemas = SchemaSet.load(data_path(SCHEMAS), *self._config.schemas).with_files(layout.schemas_of(targets))
        return assemble(targets[ROSTER], targets[AGREEMENTS], targets[CATALOGUE], schemas)

    def _hold(self, kept: Kept, data: TrustData) -> None:
        self._kept, self._current = kept, data
        self._files = kept.verified.files()

    def _look(self) -> tuple[int, ...]:
        """What shows that the own folder's repository has changed: files are only ever renamed into it."""
        folder = trustsources.own_folder(self._config)
        try:
            found = (folder / layout.METADATA).stat() if folder is not None else None
        except OSError:
            return ()
        return (found.st_mtime_ns, found.st_ino) if found is not None else ()

    def _show(self) -> None:
        """The files for auditors and export, the timestamp last: what it leads to is there by then."""
        if self._kept is None:
            return
        shown = {name: body for name, body in self._kept.verified.targets.items() if name in layout.DOCUMENTS}
        for name, body in layout.schemas_of(self._kept.verified.targets).items():
            shown[f"{SCHEMAS}/{name.replace(':', '-', 1)}{SUFFIX}"] = body
        shown |= dict(sorted(self._files.items(), key=lambda item: item[0].endswith(layout.TIMESTAMP_FILE)))
        try:
            for path, body in shown.items():
                _write(self._config.shown_trust / path, body)
        except OSError as error:
            log.error("trust.not_shown", folder=str(self._config.shown_trust), message=str(error.strerror))


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all, and only where it differs."""
    if path.is_file() and path.read_bytes() == body:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(handle, "wb") as opened:
        opened.write(body)
    Path(temporary).replace(path)
    path.chmod(0o644)
