"""How does this node see the logs, the network and what it could not accept? (DESIGN §9: /v1/logs, /v1/network,
/v1/quarantine)

What is shown is what stands: sizes under verified checkpoints, ages, lag, faults with their reasons. Identity numbers
are masked.

>>> await logs(request)  # {"logs":[{"origin":"jjj.example/sanhe/licence","size":812,"age_s":3.2,…}]}
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from gateway.errors import GatewayError, Refused
from gateway.instants import format_time
from gateway.ledger import cosignatures
from gateway.node import subjects
from gateway.node.subjects import Quarantined
from gateway.node.views import LogView, Views
from gateway.records.identifiers import mask_resident_numbers
from gateway.trust.members import Jurisdiction
from gateway.trust.trusted import TrustData
from gateway.web import queries
from gateway.web.answers import json_answer
from gateway.web.parts import MEASURES, STATE, TRUST, VIEWS, State
from gateway.web.served import Served

MOST_LOGS = 1_000
MOST_LEAVES = 1_000
LEAVES = 100


async def logs(request: web.Request) -> web.StreamResponse:
    """GET /v1/logs: every log this node holds, own and mirrored, by origin; also those of size 0."""
    limit = queries.whole(request, "limit", default=MOST_LOGS, least=1, most=MOST_LOGS)
    after = queries.optional(request, "after") or ""
    held = sorted(request.app[VIEWS].all(), key=lambda view: view.origin)
    wanted = [view for view in held if view.origin > after]
    found: dict[str, Any] = {"logs": [log_json(view) for view in wanted[:limit]]}
    if len(wanted) > limit:
        found["next"] = wanted[limit - 1].origin
    return json_answer(found)


def log_json(view: LogView) -> dict[str, Any]:
    """One log as held here; ``checkpoint``: the note, null before there is one; ``lacking``: signed, not held yet."""
    served = Served.of(view)
    return {
        "origin": view.origin,
        "jurisdiction": view.log.jurisdiction,
        "family": view.log.family,
        "own": view.own,
        "size": served.size,
        "root": base64.b64encode(served.root).decode(),
        "checkpoint": served.cosigned.decode() if view.note else None,
        "date": None if view.date is None else format_time(view.date * 1000),
        "age_s": _rounded(view.age_s),
        "lacking": view.lacking,
        "frozen": view.log.frozen,
        "witnesses": witnesses_json(view),
        "quarantined": subjects.count_quarantined(view.connection, view.log),
    }


def witnesses_json(view: LogView) -> list[dict[str, Any]]:
    """Who has cosigned a log, and how far: by key name, the largest size and when last."""
    reached = cosignatures.reaches(view.connection, view.log.number)
    return [{"witness": each.name, "size": each.size, "at": format_time(each.date * 1000)} for each in reached]


async def network(request: web.Request) -> web.StreamResponse:
    """GET /v1/network: each jurisdiction with its logs, lag and freshness seen here, and how they come; own faults and
    what waits for the bus; trust versions. Seconds are null where nothing has happened yet.
    """
    trust, state, views = request.app[TRUST].current, request.app[STATE], request.app[VIEWS]
    measures = request.app[MEASURES]
    return json_answer(
        {
            "network": trust.roster.network,
            "jurisdiction": state.jurisdiction,
            "started_at": format_time(int(state.started_at * 1000)),
            "sealing": fault_json(state.sealing_fault()),
            "acknowledgement": state.acknowledgement,
            "relay": fault_json(state.relay_fault())
            | {"unsent": state.unsent(), "taken_s": _rounded(measures.taken_s)},
            "witness": [fault_json(fault) for fault in state.witness_faults()],
            "trust": _trust_json(trust),
            "topics": {topic: _rounded(measures.message_s(topic)) for topic in measures.topics},
            "jurisdictions": _jurisdictions(trust, state, views),
        }
    )


def fault_json(fault: GatewayError | None) -> dict[str, Any]:
    """Whether a part of the node works, and why not."""
    return {"ok": True} if fault is None else {"ok": False, "reason": fault.reason, "message": fault.message}


def _trust_json(trust: TrustData) -> dict[str, Any]:
    return {
        "roster": trust.roster.version,
        "agreements": trust.agreements.version,
        "catalogue": trust.catalogue.version,
        "schemas": list(trust.schemas.names()),
        "digest": trust.digest,
    }


def _jurisdictions(trust: TrustData, state: State, views: Views) -> list[dict[str, Any]]:
    held = list(views.all())
    return [
        _jurisdiction_json(one, state, [view for view in held if view.log.jurisdiction == one.id])
        for one in trust.roster.jurisdictions.values()
    ]


def _jurisdiction_json(one: Jurisdiction, state: State, held: Sequence[LogView]) -> dict[str, Any]:
    budget_s = state.budget_s(one.id)
    return {
        "id": one.id,
        "name": one.name,
        "region": one.region,
        "own": one.id == state.jurisdiction,
        "by_tiles": state.by_tiles(one.id),
        "urls": list(one.urls),
        "logs": [
            {
                "origin": view.origin,
                "family": view.log.family,
                "size": Served.of(view).size,
                "lacking": view.lacking,
                "age_s": _rounded(view.age_s),
                "budget_s": budget_s,
                "budget_left_s": round(left_s(view, budget_s), 3),
                "frozen": view.log.frozen,
                "witnesses": witnesses_json(view),
            }
            for view in held
        ],
    }


def left_s(view: LogView, budget_s: float) -> float:
    """Seconds until verdicts that rest on a log begin to be stale; 0: they are."""
    return 0.0 if view.age_s is None or view.lacking_long else max(0.0, budget_s - view.age_s)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


async def quarantine(request: web.Request) -> web.StreamResponse:
    """GET /v1/quarantine: leaves that failed the gate, with their reasons, own logs first, then mirrors."""
    limit = queries.whole(request, "limit", default=LEAVES, least=1, most=MOST_LEAVES)
    first, key = _cursor(queries.optional(request, "after"))
    found: list[tuple[str, Quarantined]] = []
    for place, connection in list(enumerate(request.app[VIEWS].connections()))[first:]:
        after = key if place == first else -1
        page = subjects.quarantine_page(connection, after, limit + 1 - len(found))
        found.extend((f"{place}-{row}", leaf) for row, leaf in page)
    answer: dict[str, Any] = {"leaves": [_leaf_json(leaf) for _, leaf in found[:limit]]}
    if len(found) > limit:
        answer["next"] = found[limit - 1][0]
    return json_answer(answer)


def _cursor(after: str | None) -> tuple[int, int]:
    """(which of the node's two files, row key) of the last leaf that was read."""
    if after is None:
        return 0, -1
    place, dash, key = after.partition("-")
    if not dash:
        raise Refused("query.form", "after is the next of the page before", field="after")
    most = (1 << 63) - 1
    return queries.number(place, "after", least=0, most=1), queries.number(key, "after", least=0, most=most)


def _leaf_json(leaf: Quarantined) -> dict[str, Any]:
    return {
        "origin": leaf.origin,
        "index": leaf.index,
        "subject": None if leaf.subject is None else mask_resident_numbers(leaf.subject),
        "id": None if leaf.id is None else mask_resident_numbers(leaf.id),
        "reason": leaf.reason,
        "field": leaf.field,
        "message": mask_resident_numbers(leaf.message),
        "known": format_time(leaf.known),
    }
