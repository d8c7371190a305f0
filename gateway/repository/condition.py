"""How does the repository stand? Versions, days left, who holds which key, and who has signed a proposal.

>>> condition = of(state, now=1795400000)
>>> [(each.role, each.version, each.days_left) for each in condition.roles]
[('root', 2, 341), ('targets', 7, 341), ('snapshot', 9, 6), ('timestamp', 31, 0)]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.errors import GatewayError
from gateway.instants import format_time
from gateway.repository import enacting, laws
from gateway.repository.charter import Charter, seconds
from gateway.repository.drafting import DAY_S
from gateway.repository.enacting import Tally
from gateway.repository.proposals import Proposal
from gateway.repository.published import Published
from gateway.repository.rolekeys import RoleKey
from gateway.repository.signatures import Signatures

SOON_DAYS = {"root": 60, "targets": 60, "snapshot": 2, "timestamp": 0}
"""Days left from which on a role's end is worth a warning."""


@dataclass(frozen=True, slots=True)
class RoleState:
    """One role's metadata. ``expires``: s since the epoch; ``days_left``: whole days, negative once over."""

    role: str
    version: int
    expires: int
    days_left: int
    good: bool

    @property
    def over(self) -> bool:
        """Whether clients refuse it."""
        return self.days_left < 0 or not self.good

    @property
    def soon(self) -> bool:
        """Whether it ends soon."""
        return self.days_left < SOON_DAYS[self.role]


@dataclass(frozen=True, slots=True)
class Condition:
    """All roles on one instant, the charter in force, and versions of the documents."""

    roles: tuple[RoleState, ...]
    charter: Charter
    documents: dict[str, int]

    @property
    def good(self) -> bool:
        """Whether a client would take it."""
        return not any(each.over for each in self.roles)

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        roles = {
            each.role: {
                "version": each.version,
                "expires": format_time(each.expires * 1000),
                "days_left": each.days_left,
                "good": not each.over,
            }
            for each in self.roles
        }
        keys, online = ([key.to_json() for key in keys] for keys in (self.charter.keys, self.charter.online))
        charter = {"threshold": self.charter.threshold, "keys": keys, "online": online}
        return {"ok": self.good, "roles": roles, **charter, "documents": self.documents}


def of(state: Published, now: int) -> Condition:
    """How a repository stands at an instant (s)."""
    trust = laws.read_files(state.files)
    roles = (
        (state.root, True),
        (state.targets, True),
        (state.snapshot, state.snapshot_good),
        (state.timestamp, state.timestamp_good),
    )
    versions = {name: getattr(trust, name).version for name in ("roster", "agreements", "catalogue")}
    states = (
        RoleState(signed.type, signed.version, seconds(signed), (seconds(signed) - now) // DAY_S, good)
        for signed, good in roles
    )
    return Condition(tuple(states), state.charter, versions)


@dataclass(frozen=True, slots=True)
class Collecting:
    """How far the signatures on a proposal have come. ``fault``: why it could not be published whoever signs;
    ``published``: it is in force already.
    """

    digest: str
    tally: Tally
    fault: GatewayError | None
    published: bool

    @property
    def ready(self) -> bool:
        """Whether it can be published, or is."""
        return self.published or (self.fault is None and not self.tally.missing)

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        fault = None if self.fault is None else {"reason": self.fault.reason, "message": self.fault.message}
        return {
            "digest": self.digest,
            "ready": self.ready,
            "published": self.published,
            "missing": self.tally.missing,
            "signed": _holders(self.tally.signed),
            "unsigned": _holders(self.tally.unsigned),
            "fault": fault,
        }


def _holders(keys: Sequence[RoleKey]) -> list[dict[str, str]]:
    return [{"jurisdiction": key.jurisdiction, "keyid": key.keyid} for key in keys]


def collecting(state: Published | None, proposal: Proposal, given: Sequence[Signatures], now: int) -> Collecting:
    """Count the signatures, and judge the proposal. Raises ``Refused`` for a signature that counts for nothing."""
    fault: GatewayError | None = None
    published = state is not None and enacting.stands(state, proposal)
    try:
        if not published:
            laws.check(state, proposal, now)
    except GatewayError as error:
        fault = error
    return Collecting(proposal.digest, enacting.tally(state, proposal, given), fault, published)
