"""From where are a repository's files read, and how much of it at most? A folder, or a node's ``/trust/``.

Whoever answers may be hostile: every file has its limit, and so have the files, the bytes and the time of one refresh
together. Redirects are not followed. python-tuf judges what comes; nothing here is believed.

>>> FolderFetcher(Path("trust")).download_bytes("metadata/timestamp.json", 16_384)
b'{"signatures": …'
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import aiohttp
from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError, SlowRetrievalError
from tuf.ngclient.fetcher import FetcherInterface

from gateway.records.schema import SUFFIX

FILE_S = 10.0
"""Seconds that one file may take."""
REFRESH_S = 30.0
"""Seconds that all files of one refresh may take."""
MOST_FILES = 1_500
MOST_BYTES = 128 << 20
MISSING = 404
_CHUNK = 1 << 16
_PREFIXED = re.compile(r"targets/((?:schemas/)?)[0-9a-f]{64}\.([^/]+)")


class Bounded(FetcherInterface):
    """Counts what one refresh reads. Raises python-tuf's ``DownloadError`` and its kin."""

    def __init__(self) -> None:
        self.last = ""
        self._most = 0
        self.files = 0
        self._bytes = 0
        self._end = time.monotonic() + REFRESH_S

    @contextmanager
    def download_file(self, url: str, max_length: int) -> Iterator[IO[bytes]]:
        """As python-tuf has it; remembers which file, and what its limit is."""
        self.last, self._most = url, max_length
        self.files += 1
        if self.files > MOST_FILES:
            raise DownloadLengthMismatchError(f"over {MOST_FILES} files")
        if time.monotonic() > self._end:
            raise SlowRetrievalError(f"{url}: the refresh takes over {REFRESH_S:g} s")
        with super().download_file(url, max_length) as opened:
            yield opened

    @property
    def remaining_s(self) -> float:
        """Seconds that the next file may take."""
        return max(0.1, min(FILE_S, self._end - time.monotonic()))

    def take(self, url: str, size: int) -> None:
        """Count bytes of the file that is read; ``size``: of the file so far, with the newest ``_CHUNK`` of it."""
        if size > self._most:
            raise DownloadLengthMismatchError(f"{url} is larger than {self._most} bytes")

    def close(self, size: int) -> None:
        """A file of this size was read."""
        self._bytes += size
        if self._bytes > MOST_BYTES:
            raise DownloadLengthMismatchError(f"over {MOST_BYTES} bytes in all")


class FolderFetcher(Bounded):
    """A repository in a folder. ``schemas``: where schemas lie in an archive; there the targets lie by their own names
    beside ``metadata/``.
    """

    def __init__(self, folder: Path, *, schemas: Sequence[Path] = ()) -> None:
        super().__init__()
        self._folder = folder
        self._schemas = schemas

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self._path(url)
        try:
            if not path.is_file():
                raise DownloadHTTPError(f"{path} is missing", MISSING)
            with path.open("rb") as opened:
                raw = opened.read(self._most + 1)
        except OSError as error:
            raise DownloadError(f"{path}: {error.strerror}") from error
        self.take(url, len(raw))
        self.close(len(raw))
        yield raw

    def _path(self, url: str) -> Path:
        found = _PREFIXED.fullmatch(url) if self._schemas else None
        if found is None:
            return self._folder / url
        if not found[1]:
            return self._folder / found[2]
        places = [folder / f"{found[2].removesuffix('.json')}{SUFFIX}" for folder in self._schemas]
        return next((place for place in places if place.is_file()), places[0])


class NodeFetcher(Bounded):
    """A node's ``/trust/`` over HTTP. Used from another thread than the session's loop, which does the reading."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        """Called where the session's loop runs."""
        super().__init__()
        self._url = url.rstrip("/")
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._reading: concurrent.futures.Future[bytes] | None = None
        self._stopped = False

    def stop(self) -> None:
        """Give up: what is under way and all that would follow fails."""
        self._stopped = True
        if self._reading is not None:
            self._reading.cancel()

    def _fetch(self, url: str) -> Iterator[bytes]:
        if self._stopped:
            raise DownloadError("given up")
        limit = self.remaining_s
        reading = self._reading = asyncio.run_coroutine_threadsafe(self._read(url, limit), self._loop)
        try:
            yield reading.result(limit + 1)
        except (TimeoutError, concurrent.futures.TimeoutError) as error:
            reading.cancel()
            raise SlowRetrievalError(f"{url}: no whole answer within {limit:.0f} s") from error
        except (aiohttp.ClientError, concurrent.futures.CancelledError, OSError, ValueError) as error:
            raise DownloadError(f"{url}: {str(error) or type(error).__name__}") from error

    async def _read(self, url: str, limit: float) -> bytes:
        timeout = aiohttp.ClientTimeout(total=limit)
        body = bytearray()
        async with self._session.get(f"{self._url}/trust/{url}", timeout=timeout, allow_redirects=False) as answer:
            if answer.status != 200:
                raise DownloadHTTPError(f"{url}: HTTP {answer.status}", answer.status)
            async for chunk in answer.content.iter_chunked(_CHUNK):
                body += chunk
                self.take(url, len(body))
        self.close(len(body))
        return bytes(body)
