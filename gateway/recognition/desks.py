"""Whom does a clerk call about this licence? Names, numbers and hours from the roster.

- ``issuer``: the authority that issued the licence; where no licence was found, the only one that the source enters for
  the type, if it is the only one.
- ``source_node``: who runs the node of the source. A jurisdiction enters them among its authorities, with a contact and
  no types; where it doesn't, the issuer is called, and by its own name.
- ``own_it``: who runs the asker's own node, entered likewise.

Contacts that have ended come last; a roster never forgets a number.

>>> desks(roster, "sanhe", "tongzhou", licence, type_code, at=1795400000)[0]
Desk(who='issuer', name='示例市市场监督管理局', phone='010-0000-0001', hours='工作日 9:00-17:00')
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.recognition.facts import Desk
from gateway.records.record import Licence
from gateway.trust.members import Authority
from gateway.trust.roster import Roster


def desks(
    roster: Roster, source: str | None, asking: str, licence: Licence | None, type_code: str | None, at: int
) -> tuple[Desk, ...]:
    """Every desk that there is; ``at``: now, seconds."""
    issuer = _issuer(roster, source, licence, type_code, at)
    found = [
        _desk("issuer", issuer),
        _source_node(roster, source, issuer, at),
        _desk("own_it", _reached(_runs_node(roster, asking), at)),
    ]
    return tuple(desk for desk in found if desk is not None)


def _issuer(
    roster: Roster, source: str | None, licence: Licence | None, type_code: str | None, at: int
) -> Authority | None:
    entries = _authorities(roster, source)
    if licence is not None:
        return _reached((entry for entry in entries if entry.uscc == licence.authority_uscc), at)
    issuing = [entry for entry in entries if type_code in entry.types and entry.stands(type_code, at)]
    return _reached(issuing, at) if len({entry.uscc for entry in issuing}) == 1 else None


def _source_node(roster: Roster, source: str | None, issuer: Authority | None, at: int) -> Desk | None:
    member = roster.jurisdiction(source) if source is not None else None
    if member is None:
        return None
    entered = _reached(_runs_node(roster, source), at) or issuer
    return _desk("source_node", entered) or Desk("source_node", member.name)


def _runs_node(roster: Roster, jurisdiction: str | None) -> list[Authority]:
    return [entry for entry in _authorities(roster, jurisdiction) if not entry.types]


def _authorities(roster: Roster, jurisdiction: str | None) -> tuple[Authority, ...]:
    member = roster.jurisdiction(jurisdiction) if jurisdiction is not None else None
    return member.authorities if member is not None else ()


def _reached(entries: Iterable[Authority], at: int) -> Authority | None:
    """The first with a contact; those that stand now before those that have ended."""
    reached = [entry for entry in entries if entry.contact is not None]
    return min(reached, key=lambda entry: not entry.stands(None, at), default=None)


def _desk(who: str, entry: Authority | None) -> Desk | None:
    if entry is None or entry.contact is None:
        return None
    return Desk(who, entry.name, entry.contact.phone, entry.contact.hours)
