"""Which trust data are in force, since when, and how sure is that? One face for signed and for plain trust (DESIGN §7).

Readers take ``current`` once a decision and keep to it (LESSONS 4). What is refused never changes it. Trust data that
nobody signs have no age; signed ones are confirmed by each good refresh, and what rests on them says so when that was
over a day ago, and rests on nothing after seven.

>>> trust.current.roster.version, trust.age_s()
(3, 41.7)
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import aiohttp
import structlog

from gateway.errors import GatewayError
from gateway.ledger.database import Database
from gateway.node.measures import Measures
from gateway.recognition.checks import TRUST_OLD_S, TRUST_STALE_S
from gateway.trust.trusted import TrustData

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """What one source of trust data said last. ``at``: s; ``fault``: why nothing was taken from it, if so."""

    source: str
    at: float
    fault: GatewayError | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How the trust data in force stand. ``age_s``, ``confirmed`` (s): None where nobody signs them. ``versions``,
    ``expires`` (s): of the signed metadata by role. ``threshold`` of ``keys`` must sign a root.
    """

    signed: bool
    age_s: float | None = None
    confirmed: float | None = None
    versions: Mapping[str, int] = field(default_factory=dict)
    expires: Mapping[str, int] = field(default_factory=dict)
    threshold: int = 0
    keys: int = 0

    @property
    def warning(self) -> str | None:
        """The reason why not everything may rest on them, or None."""
        if self.age_s is None:
            return None if self.signed else "trust.unsigned"
        if self.age_s > TRUST_STALE_S:
            return "trust.stale"
        return "trust.old" if self.age_s > TRUST_OLD_S else None


class InForce(ABC):
    """Holder of the trust data in force. ``now``, ``tick``: wall clock and steady clock, in seconds."""

    def __init__(self, measures: Measures) -> None:
        self.now: Callable[[], float] = time.time
        self.tick: Callable[[], float] = time.monotonic
        self.said: dict[str, Said] = {}
        self._measures = measures

    @property
    @abstractmethod
    def current(self) -> TrustData:
        """What everybody decides by. Raises ``CannotRun`` ``trust.none_held`` before there is any."""

    @property
    def held(self) -> bool:
        """Whether there are any yet."""
        return True

    @abstractmethod
    async def open(self, ledger: Database, session: aiohttp.ClientSession) -> None:
        """Take up what they are kept in and fetched by; afterwards there are some. Raises ``CannotRun``."""

    @abstractmethod
    def standing(self) -> Standing:
        """How it stands at this instant."""

    @abstractmethod
    async def refresh(self) -> bool:
        """Look whether there is anything newer, if it is time to; True when other trust data are in force now."""

    @abstractmethod
    def document(self, name: str) -> bytes:
        """Roster, agreements or catalogue in force, byte for byte. Raises ``GatewayError`` ``trust.missing``."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """Path → bytes of the signed repository as verified here; none where nobody signs."""
        return {}

    def age_s(self) -> float | None:
        """Seconds since they were last confirmed; None where they have no age."""
        return self.standing().age_s

    def heard(self, source: str, fault: GatewayError | None = None) -> None:
        """A source was asked; a refusal is counted each time and logged when it is another than the one before."""
        before = self.said.get(source)
        self.said[source] = Said(source, self.now(), fault)
        if fault is None:
            return
        self._measures.trust_refused.labels(fault.reason).inc()
        known = before.fault if before is not None else None
        if known is None or (known.reason, known.message) != (fault.reason, fault.message):
            log.error("trust.refused", source=source, reason=fault.reason, message=fault.message)


def rollback(held: TrustData, found: TrustData) -> str | None:
    """Which document is older than the one in force, if any is: nothing is ever taken back (DESIGN §7)."""
    for name in ("roster", "agreements", "catalogue"):
        old, new = getattr(held, name).version, getattr(found, name).version
        if new < old:
            return f"{name}.json has version {new}; version {old} is in force and stays so"
    return None
