"""Which of the keys at hand signs at this instant? The one that the roster says is good then (DESIGN §3b, §7; law 10).

Several keys of one task may lie in a node: the one in use, its successor that is not in the roster yet, one that has
ended. Of the good ones of a suite the one whose window began last signs, so a rotation is a matter of the roster alone;
each suite that has a good key signs. Pure: the roster and the instant are arguments.

>>> task = Task("sanhe", "log", "jjj.example/sanhe/licence", "licence")
>>> choose(roster, task, [newer, older], at=1795400000)
(Ed25519Signer(jjj.example/sanhe/licence+1a2b3c4d),)
>>> runs_out(roster, task, [newer, older], at=1795400000)
1890000000
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from gateway.instants import format_time
from gateway.trust.members import ANY, RosterKey
from gateway.trust.roster import Roster
from gateway.trust.suites import VerifierKey


class Held(Protocol):
    """A key at hand, of either kind: what signs with it stands behind."""

    @property
    def key(self) -> VerifierKey:
        """The public half."""


H = TypeVar("H", bound=Held)


class Standing(StrEnum):
    """What the roster says of a key at an instant."""

    UNLISTED = "unlisted"
    WAITING = "waiting"
    GOOD = "good"
    ENDED = "ended"
    REVOKED = "revoked"
    OTHER_FAMILY = "other_family"


@dataclass(frozen=True, slots=True)
class Task:
    """What a key is needed for: a role under a key name; ``family``: of records or of a log, "*" for all."""

    jurisdiction: str
    role: str
    name: str
    family: str = ANY

    def __str__(self) -> str:
        return f"{self.role} {self.name}" + ("" if self.family == ANY else f" ({self.family})")


def entry(roster: Roster, task: Task, held: Held) -> RosterKey | None:
    """The roster's entry of this key in this role, if there is one."""
    return roster.keys(task.role, task.jurisdiction).get((held.key.name, held.key.key_id))


def standing(found: RosterKey | None, family: str, at: int) -> Standing:
    """How a key with this entry stands at an instant (s). A revoked one signs nothing more, wherever it stays good."""
    if found is None:
        return Standing.UNLISTED
    if found.revoked is not None:
        return Standing.REVOKED
    if family != ANY and family not in found.families and ANY not in found.families:
        return Standing.OTHER_FAMILY
    if at < found.not_before:
        return Standing.WAITING
    return Standing.ENDED if at > found.not_after else Standing.GOOD


def choose(roster: Roster, task: Task, held: Sequence[H], at: int) -> tuple[H, ...]:
    """The key of each suite that signs at this instant (s), Ed25519 first: of a suite the good one whose window began
    last, else given first. ``()`` where nothing that could be signed would count under the policy.
    """
    listed = _listed(roster, task, held, Standing.GOOD, at)
    best = (max(each, key=lambda found: found[1].not_before)[0] for each in _by_suite(listed))
    chosen = sorted(best, key=lambda key: key.key.suite.gm)
    return tuple(chosen) if any(roster.counts(key.key, at) for key in chosen) else ()


def runs_out(roster: Roster, task: Task, held: Sequence[Held], at: int) -> int | None:
    """The last second up to which, from ``at`` on, each suite that signs now has a good key; None: none signs."""
    now = {key.key.suite.name for key in choose(roster, task, held, at)}
    listed = [
        found for wanted in (Standing.GOOD, Standing.WAITING) for found in _listed(roster, task, held, wanted, at)
    ]
    suites = [each for each in _by_suite(listed) if each[0][0].key.suite.name in now]
    return min((_end(each, at) for each in suites), default=None)


def _end(listed: Sequence[tuple[Held, RosterKey]], at: int) -> int:
    end = at - 1
    for begins, ends in sorted((found.not_before, found.not_after) for _, found in listed):
        if begins > end + 1:
            break
        end = max(end, ends)
    return end


def _by_suite(listed: Sequence[tuple[H, RosterKey]]) -> list[list[tuple[H, RosterKey]]]:
    suites: dict[str, list[tuple[H, RosterKey]]] = {}
    for found in listed:
        suites.setdefault(found[0].key.suite.name, []).append(found)
    return list(suites.values())


def described(roster: Roster, task: Task, held: Sequence[Held], at: int) -> str:
    """What the roster says of each of these keys at an instant, for the sentence that names what is lacking."""
    return "; ".join(_described(key, entry(roster, task, key), task, at) for key in held) or "no key file"


def _described(held: Held, found: RosterKey | None, task: Task, at: int) -> str:
    said = standing(found, task.family, at)
    name = held.key.key_id.hex()
    if found is None:
        return f"{name} is not in the roster"
    if found.revoked is not None:
        return f"{name} was revoked: {found.revoked.reason}"
    if said is Standing.OTHER_FAMILY:
        return f"{name} is for {', '.join(sorted(found.families)) or 'no family'}"
    return f"{name} is good from {format_time(found.not_before * 1000)} to {format_time(found.not_after * 1000)}"


def _listed(
    roster: Roster, task: Task, held: Sequence[H], wanted: Standing, at: int
) -> list[tuple[H, RosterKey]]:
    entries = ((key, entry(roster, task, key)) for key in held)
    return [(key, found) for key, found in entries if found and standing(found, task.family, at) is wanted]
