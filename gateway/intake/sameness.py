"""Which subjects stand more than once in a file, and do their rows say the same? Told for any number of rows in little
memory.

Each row is two numbers of 64 bits: what it is about, and what it says. They lie in a temporary SQLite file that goes
with the process, so a million rows take no more memory than a thousand.

>>> with Sameness() as seen:
...     seen.add(number(b"subject"), number(b"content"))
...     seen.result()
Standing(counts={}, conflicting=frozenset())
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from gateway.errors import CannotRun

_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """Of subjects that stand more than once: how often, and which of them contradict themselves."""

    counts: Mapping[int, int]
    conflicting: frozenset[int]


class Sameness:
    """Collects rows of one pass."""

    def __init__(self) -> None:
        """Raises ``CannotRun`` "scratch.io", as every method does where the disk is full."""
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # a file without a name
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA cache_size = -16384")
        self._database.execute("CREATE TABLE rows (subject INTEGER, content INTEGER)")
        self._waiting: list[tuple[int, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, subject: int, content: int) -> None:
        """One row, by ``number``s of what it is about and what it says."""
        self._waiting.append((subject, content))
        if len(self._waiting) >= _BATCH:
            self._store()

    def result(self) -> Standing:
        """What stands more than once."""
        self._store()
        with _one_error():
            found = self._database.execute(
                "SELECT subject, COUNT(*), MIN(content) <> MAX(content) FROM rows GROUP BY subject HAVING COUNT(*) > 1"
            ).fetchall()
        return Standing(
            {subject: count for subject, count, _ in found},
            frozenset(subject for subject, _, conflict in found if conflict),
        )

    def _store(self) -> None:
        with _one_error():
            self._database.execute("BEGIN")
            self._database.executemany("INSERT INTO rows VALUES (?, ?)", self._waiting)
            self._database.execute("COMMIT")
        self._waiting.clear()


@contextmanager
def _one_error() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise CannotRun(
            "scratch.io", f"the temporary file of the first pass: {error}", zh="无法写入临时文件"
        ) from error


def number(text: bytes) -> int:
    """64 bits of hash, as SQLite keeps them: among a million subjects of one file two share a number once in thirty
    million files.
    """
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), signed=True)
