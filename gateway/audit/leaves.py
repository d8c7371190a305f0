"""Would the gate let each of these leaves in, today as when they were logged? Every leaf once through the one gate,
in order (law 2).

``read`` needs only bytes, place and trust data and runs in threads; ``settle`` needs what stands below and runs in
order. Leaves of a newer schema are listed, and so are those that were signed while their key may have been a thief's:
nobody can say whether they are forged. So is a leaf that fails only because of what it follows, where that can't
be read: an objection to a newer record, or to one whose bytes were erased. Everything else that the gate refuses is a
finding: nobody may log it.

>>> with LeafJudge(("jjj.example/sanhe/licence", "sanhe", "licence"), trust, find, beside=None) as judge:
...     judge.settle(batch, judge.read(batch.leaves))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TypeVar

from gateway.audit.history import AuditHistory
from gateway.audit.report import Listed, found, found_error
from gateway.audit.seals import Find
from gateway.audit.sources import Beside
from gateway.errors import Refused
from gateway.node.statements import Statement
from gateway.records import compact
from gateway.records.record import Correction
from gateway.trust import gate
from gateway.trust.gate import Place, Reading, VerifiedRecord
from gateway.trust.trusted import TrustData

T = TypeVar("T")
OPEN = frozenset({"schema.newer", "key.in_doubt"})
"""Reasons for which nobody can say, here or at all, whether a leaf is good."""
RESTS_ON_STATE = frozenset({"state.no_previous", "state.mismatch"})
"""What ``settle`` may say of a leaf only because the record before it could not be read."""
MOST_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf on its way to judgement, with the seal whose date is its logged time."""

    index: int
    entry: bytes
    sealed: Statement


@dataclass(frozen=True, slots=True)
class Batch:
    """Leaves that belong together. ``hashes``: of all entries from ``start``, the beginning of a tile, on; ``gone``:
    leaves without bytes, with the hash that their tile holds; ``leaves``: those that a good seal covers, in order;
    ``entries``: how many were read."""

    start: int
    hashes: tuple[bytes, ...]
    gone: Mapping[int, bytes]
    leaves: tuple[Leaf, ...]
    entries: int


class Judge(Protocol[T]):
    """Judges one log's leaves: ``read`` in any thread and order, ``settle`` in the order of the log, ``close`` after
    the last.
    """

    @property
    def newer(self) -> int:
        """Leaves listed because they can't be judged yet."""

    @property
    def erased(self) -> int:
        """Leaves without bytes that a later record declares erased."""

    @property
    def listed(self) -> Sequence[Listed]:
        """The first of the leaves listed."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def read(self, leaves: Sequence[Leaf]) -> list[T]:
        """What needs nothing from below."""

    def settle(self, batch: Batch, readings: Sequence[T]) -> None:
        """What depends on the leaves below; the next batch of the log."""

    def close(self) -> None:
        """What can be said only when all has been seen."""


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A refused leaf that may only follow one whose bytes are gone."""

    index: int
    subject: str
    refused: Refused


class LeafJudge:
    """The gate's judgement of every leaf. ``log``: origin, jurisdiction, family."""

    def __init__(self, log: tuple[str, str, str], trust: TrustData, find: Find, beside: Beside | None) -> None:
        self.newer = 0
        self.listed: list[Listed] = []
        self._log = log
        self._trust = trust
        self._history = AuditHistory()
        self._find = find
        self._beside = beside
        self._erasures: dict[int, str] = {}
        self._doubts: list[_Doubt] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._history.close()

    @property
    def erased(self) -> int:
        """Leaves without bytes that a later record declares erased."""
        return len(self._erasures)

    def read(self, leaves: Sequence[Leaf]) -> list[Reading | Refused]:
        """Checks that need nothing from below; safe in any thread."""
        return [self._read(leaf) for leaf in leaves]

    def _read(self, leaf: Leaf) -> Reading | Refused:
        try:
            return gate.read(leaf.entry, self._place(leaf), self._trust)
        except Refused as refused:
            return refused

    def _place(self, leaf: Leaf) -> Place:
        return Place(*self._log, leaf.index, leaf.sealed.date)

    def settle(self, batch: Batch, readings: Sequence[Reading | Refused]) -> None:
        """The rest of the gate for the next leaves of the log, in order."""
        self._history.add_hashes(batch.start, batch.hashes)
        self._history.gone.update(batch.gone)
        for leaf, reading in zip(batch.leaves, readings, strict=True):
            if leaf.entry:
                self._settle(leaf, reading)
            elif self._beside is not None:
                self._beside.erased(leaf.index)
        self._history.flush()

    def _settle(self, leaf: Leaf, reading: Reading | Refused) -> None:
        result: VerifiedRecord | Refused
        try:
            if isinstance(reading, Refused):
                raise reading
            history = self._history.below(leaf.index, reading.record.subject)
            result = gate.settle(reading, self._place(leaf), history)
        except Refused as refused:
            result = refused
            settled = isinstance(reading, Reading)
            self._refuse(leaf, refused, settled=settled)
        else:
            self._accept(result)
        if self._beside is not None:
            self._beside.judged(leaf.index, leaf.entry, leaf.sealed, result)

    def _accept(self, verified: VerifiedRecord) -> None:
        content = verified.record.content
        if not isinstance(content, Correction):
            self._history.accept(verified, content.state)
            return
        self._history.accept(verified, "")
        if verified.record.type.endswith(".erased") and content.index in self._history.gone:
            self._erasures.setdefault(content.index, verified.record.subject)

    def _refuse(self, leaf: Leaf, refused: Refused, *, settled: bool) -> None:
        subject, record_id = compact.peek(leaf.entry.rpartition(b"\n\n")[0])
        self._history.claim(leaf.index, subject, record_id)
        rests = settled and refused.reason in RESTS_ON_STATE and subject is not None
        if refused.reason in OPEN:
            self._list(leaf.index, refused.reason)
            if subject is not None:
                self._history.mark_unread(subject, leaf.index)
        elif rests and subject is not None and self._history.is_unread(subject):
            self._list(leaf.index, refused.reason)
        elif rests and subject is not None and self._history.gone:
            self._doubts.append(_Doubt(leaf.index, subject, refused))
        else:
            self._find(leaf.index, found_error(refused, self._log[0], index=leaf.index))

    def _list(self, index: int, reason: str) -> None:
        self.newer += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append(Listed(reason, self._log[0], index))

    def close(self) -> None:
        """After the last leaf: which leaves are gone without a record that says so, and which doubts that leaves."""
        for index in sorted(self._history.gone.keys() - self._erasures.keys()):
            self._find(index, found("leaf.erased", self._log[0], index=index))
        for doubt in self._doubts:
            if any(index < doubt.index and subject == doubt.subject for index, subject in self._erasures.items()):
                self._list(doubt.index, doubt.refused.reason)
            else:
                self._find(doubt.index, found_error(doubt.refused, self._log[0], index=doubt.index))
