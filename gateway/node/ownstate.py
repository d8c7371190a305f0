"""What does a node keep of a log of its own: the growing end, who signs its records, how far it has signed?

>>> state.fault(1795400000)
CannotRun('key.none_good: no key for log jjj.example/sanhe/licence (licence) is good at …')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.errors import CannotRun
from gateway.ledger.highwater import HighWater
from gateway.node.sealer import OwnLog, Published
from gateway.trust.suites import Signer


@dataclass(slots=True)
class OwnState:
    """One own log with its high-water file. Which keys sign at an instant (s), one a suite: ``record`` the records that
    are logged then, it raises ``CannotRun`` when none is good; ``authorities``, by USCC, for those whom the node signs
    for. ``unsigned``: why the last heartbeat could not be signed.
    """

    own: OwnLog
    record: Callable[[int], Sequence[Signer]]
    highwater: HighWater
    authorities: Callable[[int], Mapping[str, Sequence[Signer]]]
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
