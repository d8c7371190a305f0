"""What takes followed records: the contract of a sink, and the transaction that keeps it in step with the state.

A sink's state and what it was told change together. ``sync`` makes what was told last, then the state is committed;
whoever dies in between finds at the next start what belongs to the state, and drops the rest.

>>> with transaction(sink):
...     sink.tell(told, schemas)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from gateway.errors import CannotRun
from gateway.ops.followed import Told
from gateway.records.schema import SchemaSet


class Sink(Protocol):
    """Takes what is told. ``name``: for sentences."""

    @property
    def name(self) -> str: ...

    @property
    def connection(self) -> sqlite3.Connection:
        """The state, which is committed with what was told."""

    def begin(self) -> None:
        """A transaction is about to begin."""

    def tell(self, told: Told, schemas: SchemaSet) -> None:
        """One record, or something that is taken back."""

    def refuse(self, line: bytes) -> None:
        """One leaf that the gate refused."""

    def sync(self) -> None:
        """All that was told is where it belongs, for good."""

    def forget(self) -> None:
        """What was told since the last commit never was."""


@contextmanager
def transaction(sink: Sink) -> Iterator[None]:
    """What is told inside and the state change together, or not at all. Raises ``CannotRun`` ``output.io``."""
    try:
        sink.begin()
        sink.connection.execute("BEGIN IMMEDIATE")
        yield
        sink.sync()
        sink.connection.execute("COMMIT")
    except BaseException as error:
        with suppress(sqlite3.Error):
            sink.connection.execute("ROLLBACK")
        sink.forget()
        if isinstance(error, sqlite3.Error):
            raise CannotRun("output.io", f"{sink.name}: {error}", zh=f"{sink.name} 无法读写") from error
        raise
