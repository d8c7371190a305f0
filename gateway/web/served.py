"""What of a log is shown over HTTP? Never more than the newest checkpoint that is held whole (DESIGN §4).

The ledger may already hold leaves that this checkpoint does not cover: committed, but their high-water mark not yet
synced. They are nobody's business until it is.

>>> served = find(views, "sanhe", "licence")
>>> served.size
812
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import Refused
from gateway.ledger import checkpoint, cosignatures
from gateway.ledger.merkle import EMPTY_ROOT
from gateway.node.views import LogView, Views
from gateway.trust import notes


@dataclass(frozen=True, slots=True)
class Served:
    """A log as it is shown: size and root of the newest checkpoint held whole; before there is one, the empty tree."""

    view: LogView
    size: int
    root: bytes

    @classmethod
    def of(cls, view: LogView) -> Served:
        """A log as it is shown now."""
        if not view.note:
            return cls(view, 0, EMPTY_ROOT)
        tree = checkpoint.parse_text(notes.parse(view.note, checkpoint.MAX_LINES).text)
        return cls(view, tree.size, tree.root)

    @property
    def cosigned(self) -> bytes:
        """The checkpoint with the cosignatures that are kept of its size."""
        lines = cosignatures.lines_at(self.view.connection, self.view.log.number, self.size)
        return cosignatures.with_lines(self.view.note, lines)


def find(views: Views, jurisdiction: str, name: str) -> Served:
    """The log of a path: its origin ends with ``name`` (family, with ``.<n>`` for a successor); ``Refused`` if none."""
    for view in views.all():
        if view.log.jurisdiction == jurisdiction and view.origin.rpartition("/")[2] == name:
            return Served.of(view)
    raise Refused("not_found.log", "this node holds no such log")
