"""What does a node keep of a log of its own: the growing end, who signs its records, how far it has signed?

>>> state.fault(1795400000)
CannotRun('key.none_good: no key for log jjj.example/sanhe/licence (licence) is good at …')
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.errors import CannotRun
from gateway.ledger.highwater import HighWater
from gateway.node.sealer import OwnLog, Published
from gateway.trust.suites import Signer


@dataclass(slots=True)
class OwnState:
    """One own log with its high-water file. ``record``: which keys sign records that are logged at this instant (s),
    one a suite; it raises ``CannotRun`` when none is good then. ``unsigned``: why the last heartbeat could not be
    signed.
    """

    own: OwnLog
    record: Callable[[int], Sequence[Signer]]
    highwater: HighWater
    published: Published | None = None
    published_at: float = 0.0
    unsigned: CannotRun | None = None

    def fault(self, now: int) -> CannotRun | None:
        """Why no record can be signed and sealed now (s), or None."""
        date = self.own.date(now)
        try:
            self.record(date)
            self.own.keys(date)
        except CannotRun as error:
            return error
        return None
