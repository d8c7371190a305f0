"""Signed trust of one node on a bench: its folder, its ledger, a clock that tests move, and what a refusal must leave
as it was.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp

from gateway.ledger.database import Database
from gateway.node import trustcopies
from gateway.node.config import Config, TrustConfig
from gateway.node.measures import Measures
from gateway.node.runtime import SCHEMA
from gateway.node.signedtrust import LEDGER, SignedTrust
from tests.repository.forge import NOW, Forge


@dataclass
class TrustDesk:
    """``forge``: whose root is pinned; ``now``, ``slow``: the node's clock; ``trust``: what the node goes by."""

    folder: Path
    forge: Forge
    now: float = NOW + 60.0
    slow: bool = False
    measures: Measures = field(default_factory=Measures)

    def __post_init__(self) -> None:
        self.config = Config(
            self.folder,
            "tongzhou",
            data=self.folder / "data",
            keys=self.folder / "keys",
            trust=self.folder / "trust",
        )
        for name in ("data", "keys", "trust"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "trust" / "root.json").write_bytes(self.forge.pinned)

    def show(self, source: Path | None = None) -> None:
        """Let the own folder hold what a repository holds now; None: nothing."""
        for name in ("metadata", "targets"):
            shutil.rmtree(self.config.trust / name, ignore_errors=True)
            if source is not None:
                shutil.copytree(source / name, self.config.trust / name)

    def at(self, *urls: str) -> None:
        self.config = replace(self.config, trust_from=TrustConfig(urls))

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[SignedTrust]:
        """A start of the node, as far as its trust data go."""
        async with Database(self.config.data / LEDGER, SCHEMA) as self.ledger, aiohttp.ClientSession() as session:
            trust = SignedTrust(self.config, self.measures, own_clock_slow=lambda: self.slow)
            trust.now = lambda: self.now
            trust.tick = lambda: 0.0
            self.trust = trust
            await trust.open(self.ledger, session)
            yield trust

    def state(self) -> Any:
        """All that a refusal leaves as it is."""
        kept = trustcopies.read(self.ledger.read)
        shown = {
            path.relative_to(self.config.shown_trust): path.read_bytes()
            for path in sorted(self.config.shown_trust.rglob("*"))
            if path.is_file() and "client" not in path.parts
        }
        return kept, self.trust.current.digest, dict(self.trust.files), shown

    def fault(self) -> str | None:
        """The reason why the newest answer of the first source was not taken."""
        found = [said.fault for said in self.trust.said.values()]
        return None if not found or found[0] is None else found[0].reason

    def refused(self, reason: str) -> float:
        return self.measures.registry.get_sample_value("jjj_trust_refused_total", {"reason": reason}) or 0.0
