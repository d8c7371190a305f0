"""Which of the messages that claim an index does the owner's signed root mean? Window by window, each ended by a
signed size (laws 3, 5 and 8).

A leaf that is missing, forged or under another's index is named; what a stranger appended beside the right ones costs
nothing. Where retention has deleted the beginning, what is missing is lacking and no finding. The same judgement as
``docs/examples/topic_log.py``, which outsiders use.

>>> arranged = arrange(claims, "jjj.example/sanhe/licence", "jjj.sanhe.licence")
>>> arranged.size, arranged.findings
(812, [])
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.audit.claims import Claim, Claims
from gateway.audit.report import AuditFinding, found
from gateway.audit.tree import TreeWalk
from gateway.ledger.merkle import EMPTY_ROOT, Frontier

MOST_TRIES = 4_096
"""Arrangements tried where several messages claim one index."""
MOST_HASHES = 2_000_000
"""Spent on finding out which two leaves were exchanged."""
MOST_TOLD = 100
"""Missing or forged leaves said of one log; the rest is counted by its size."""


@dataclass
class Arranged:
    """``size``: leaves under signed roots, each from the one below; ``sizes``: (size, root) of the windows they end."""

    size: int = 0
    sizes: list[tuple[int, bytes]] = field(default_factory=list)
    findings: list[AuditFinding] = field(default_factory=list)


def arrange(claims: Claims, origin: str, topic: str) -> Arranged:
    """Choose, make tiles of what is chosen, and say what is wrong."""
    return _Arranging(claims, origin, topic).run()


class _Arranging:
    def __init__(self, claims: Claims, origin: str, topic: str) -> None:
        self._claims = claims
        self._origin, self._topic = origin, topic
        self._done = Arranged()
        self._edge = Frontier()
        self._tiles = TreeWalk()
        self._deleted: tuple[int, int] | None = None

    def run(self) -> Arranged:
        roots: dict[int, set[bytes]] = {0: {EMPTY_ROOT}}
        for size, root in self._claims.statements:
            roots.setdefault(size, set()).add(root)
        self._judge_statements(roots)
        start = 0
        for size in sorted(roots):
            self._window(start, size, roots[size])
            start = size
        self._say_deleted()
        for made in self._tiles.rest():
            self._claims.keep_tile(made.path, b"".join(made.hashes))
        return self._done

    def _judge_statements(self, roots: dict[int, set[bytes]]) -> None:
        """Two signed statements that can't both be true are a fork, whatever the leaves are."""
        for size, several in sorted(roots.items()):
            if len(several) > 1:
                self._say("log.fork", size, len(several))
        highest = 0
        dated = {(said.date, said.size) for kept in (self._claims.statements, self._claims.newest)
                 for said in kept.values()}  # fmt: skip
        for _, size in sorted(dated):
            if size < highest:
                self._say("log.rollback", size, highest)
            highest = max(highest, size)

    def _window(self, start: int, size: int, roots: set[bytes]) -> None:
        options = list(self._claims.known(start, size))
        whole = self._done.size == start and len(options) == size - start
        picked = None
        if whole:
            picked = self._pick(options, roots)
            if picked is None:
                picked = self._unswapped([each[0] for each in options], roots, start)
        if picked is not None:
            self._accept(picked, start, size)
            return
        if self._claims.begins:
            self._say_left(start, size, options)
            return
        forged = self._say_forged(options)
        for first, last in _gaps(start, size, [each[0].index for each in options]):
            self._say("topic.dropped", first, last)
        if whole and not forged:
            self._say("topic.root", start, size)

    def _accept(self, picked: list[Claim], start: int, size: int) -> None:
        leaves = [claim.leaf for claim in picked]
        self._claims.choose(picked, start)
        self._edge.extend(leaves)
        self._tiles.extend(leaves)
        for made in self._tiles.take():
            self._claims.keep_tile(made.path, b"".join(made.hashes))
        self._done.size = size
        if size:
            self._done.sizes.append((size, self._edge.root()))

    def _pick(self, options: list[list[Claim]], roots: set[bytes]) -> list[Claim] | None:
        """One message for each index so that the root fits; normally the first that is tried."""
        for tried in itertools.islice(itertools.product(*options), MOST_TRIES):
            if self._root_with(tried) in roots:
                return list(tried)
        return None

    def _unswapped(self, order: list[Claim], roots: set[bytes], start: int) -> list[Claim] | None:
        """Whether the root fits once two leaves are exchanged; near pairs are tried first."""
        pairs = ((at, at + apart) for apart in range(1, len(order)) for at in range(len(order) - apart))
        for one, other in itertools.islice(pairs, MOST_HASHES // max(1, len(order))):
            order[one], order[other] = order[other], order[one]
            if self._root_with(order) in roots:
                self._say("topic.swapped", start + one, start + other)
                return order
            order[one], order[other] = order[other], order[one]
        return None

    def _root_with(self, leaves: tuple[Claim, ...] | list[Claim]) -> bytes:
        tree = self._edge.copy()
        tree.extend(claim.leaf for claim in leaves)
        return tree.root()

    def _say_forged(self, options: list[list[Claim]]) -> bool:
        """The best of an index is not vouched for: the right one is gone."""
        told = False
        for best in (each[0] for each in options):
            fault = self._claims.fault(best)
            if fault:
                self._say("topic.forged", best.index, f"{self._topic} @{best.position}: {fault}")
                told = True
        return told

    def _say_left(self, start: int, size: int, options: list[list[Claim]]) -> None:
        """After a deletion by retention anybody's claim may stand in the place of the right one: that is no fault."""
        there = [each[0].index for each in options if not self._claims.fault(each[0])]
        whole = self._done.size == start and len(there) == size - start
        for first, last in _gaps(start, size, [] if whole else there):
            if self._deleted is not None and self._deleted[1] == first - 1:
                self._deleted = self._deleted[0], last
            else:
                self._say_deleted()
                self._deleted = first, last

    def _say_deleted(self) -> None:
        if self._deleted is not None:
            self._say("topic.deleted", *self._deleted, lacking=True)

    def _say(self, reason: str, index: int, detail: object, *, lacking: bool = False) -> None:
        if len(self._done.findings) < MOST_TOLD:
            self._done.findings.append(
                found(reason, self._origin, index=index, file=self._topic, detail=detail, lacking=lacking)
            )


def _gaps(start: int, size: int, there: list[int]) -> Iterator[tuple[int, int]]:
    """(first, last) of each run of indexes that nothing claims."""
    for index in [*there, size]:
        if index > start:
            yield start, index - 1
        start = index + 1
