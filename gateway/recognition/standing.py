"""Does the licence stand on the day asked? The checks that concern law: dates, state, successor, objection,
transfer (DESIGN §8).

A failing state is red only where it is proven and can't have been undone; ``Case.holds_back`` tells the rest
as "last known" (law 7). A passed ``valid_to`` can be undone: by renewal. Which states can't be is the
catalogue's word.

>>> state(case)
Outcome(result=<Result.FAIL: 'FAIL'>, reason='state.revoked', final=True)
"""

from __future__ import annotations

from gateway.recognition.checks import Case, Outcome, passed, unknown
from gateway.recognition.facts import Present, Successor
from gateway.recognition.present import ANNULLED
from gateway.records.record import Licence

TRANSFERRED_OUT = "06"

_STATES = {"01": "state.valid", TRANSFERRED_OUT: "state.by_transfer"}
_ENDS = {
    "02": "state.suspended",
    ANNULLED: "state.annulled",
    "04": "state.cancelled",
    "05": "state.expired",
    "07": "state.revoked",
}


def dates(case: Case) -> Outcome:
    """The day lies from the first to the last day, both included; where every item has its own last day, one
    of them stands.
    """
    present, licence = _present(case)
    day = case.question.as_of
    if day < licence.valid_from:
        return case.holds_back("dates.not_yet")
    if licence.valid_to is not None and licence.valid_to < day:
        return case.holds_back("dates.passed")
    if present.items and all(item.valid_to is not None and item.valid_to < day for item in present.items):
        return case.holds_back("dates.items_passed")
    return passed("dates")


def state(case: Case) -> Outcome:
    """The state code: 01 stands, 06 is judged by ``transfer`` alone, 99 is for a person to read."""
    code = _present(case)[1].state
    if code in _STATES:
        return passed(_STATES[code])
    if code not in _ENDS:
        return unknown("state.other")
    return case.holds_back(_ENDS[code], final=_irreversible(case, code))


def superseded(case: Case) -> Outcome:
    """No other record of the same source names it as predecessor. Only the source writes about its subjects
    (DESIGN §3): what another jurisdiction says without a transfer is a doubt, not an end. A successor
    annulled back to its start leaves one, too.
    """
    named = [other for other in _successors(case) if not other.transfer]
    own = [other for other in named if other.source == case.question.source and other.state != ANNULLED]
    if own:
        return case.holds_back("superseded", doubtful=all(_doubtful(case, other) for other in own))
    if any(other.source == case.question.source for other in named):
        return unknown("superseded.annulled")
    return unknown("superseded.elsewhere") if named else passed("not_superseded")


def objection(case: Case) -> Outcome:
    """No objection is open."""
    return unknown("objection.open") if case.facts.choice.objected else passed("objection.none")


def transfer(case: Case) -> Outcome:
    """Out without in, in without out, and two ins are for people to settle; out with one in has ended here."""
    arrivals = [other for other in _successors(case) if other.transfer]
    if len(arrivals) > 1:
        return unknown("transfer.two_ins")
    if _present(case)[1].state == TRANSFERRED_OUT:
        if not arrivals:
            return unknown("in_transfer")
        final = _irreversible(case, TRANSFERRED_OUT)
        return case.holds_back("transferred", final=final, doubtful=_doubtful(case, arrivals[0]))
    return unknown("transfer.in_without_out") if arrivals else _arrival(case)


def _arrival(case: Case) -> Outcome:
    if not case.facts.choice.arrived:
        return passed("transfer.none")
    origin = case.facts.came_from
    if origin is not None and origin.rivals:
        return unknown("transfer.two_ins")
    return passed("transfer.complete") if origin is not None and origin.left else unknown("transfer.in_without_out")


def _successors(case: Case) -> list[Successor]:
    return [other for other in case.facts.successors if not other.retracted and other.since <= case.question.as_of]


def _doubtful(case: Case, other: Successor) -> bool:
    return other.unread_above or case.fault(other.log) is not None


def _irreversible(case: Case, code: str) -> bool:
    return case.type is not None and code in case.type.irreversible


def _present(case: Case) -> tuple[Present, Licence]:
    present = case.facts.present
    if present is None or present.licence is None:
        raise ValueError("a rule about a licence was asked without one")
    return present, present.licence
