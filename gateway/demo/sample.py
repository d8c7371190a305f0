"""What is one sample? A record to publish at one jurisdiction, or one that its door must refuse, and with which
reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sample:
    """One record in publishing order. ``expected_reason``: why the node refuses it, None where it takes it.

    ``corrects``: place in the list of the sample that this one retracts; whoever publishes puts ``index`` and
    ``leaf_hash`` of that sample's receipt into ``data``.
    """

    jurisdiction: str
    type: str
    data: dict[str, Any]
    expected_reason: str | None = None
    corrects: int | None = None
