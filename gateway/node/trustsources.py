"""Where may a node ask for signed trust data? Its own folder's repository, the addresses set, any partner (DESIGN §7).

Any of them will do and none is believed. One that is away, behind, broken or hostile costs its own limit of time and
nothing else.

>>> [source.name for source in of(config, roster)]
['trust', 'https://tongzhou.example']
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from gateway.node.config import Config
from gateway.repository import client, layout
from gateway.repository.client import Verified
from gateway.repository.fetching import FolderFetcher, NodeFetcher
from gateway.trust.roster import Roster

MOST = 64
"""Sources asked in one round."""


@dataclass(frozen=True, slots=True)
class Source:
    """One of them: a folder, or a node's URL."""

    name: str
    folder: Path | None = None

    async def read(self, home: Path, root: bytes, now: float, session: aiohttp.ClientSession) -> Verified:
        """Everything it has, verified; raises as ``client.refresh`` does."""
        if self.folder is not None:
            return await asyncio.to_thread(client.refresh, home, root, FolderFetcher(self.folder), now)
        fetcher = NodeFetcher(self.name, session)
        try:
            return await asyncio.to_thread(client.refresh, home, root, fetcher, now)
        finally:
            fetcher.stop()


def own_folder(config: Config) -> Path | None:
    """The repository that a node's own folder holds, if it does."""
    return config.trust if (config.trust / layout.METADATA).is_dir() else None


def of(config: Config, roster: Roster | None) -> list[Source]:
    """Every source, each once, the own folder first."""
    folder = own_folder(config)
    found = [Source(str(folder), folder)] if folder is not None else []
    urls = dict.fromkeys((*config.trust_from.urls, *_partners(roster, config.jurisdiction)))
    return [*found, *(Source(url) for url in urls)][:MOST]


def _partners(roster: Roster | None, own: str) -> Iterator[str]:
    for jurisdiction in roster.jurisdictions.values() if roster is not None else ():
        if jurisdiction.id != own:
            yield from jurisdiction.urls
