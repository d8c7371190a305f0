"""Does the node live, is it ready, what does it measure? For supervisors and for Prometheus.

>>> await ready(request)  # 200 {"ready":true}, or 503 with each reason
"""

from __future__ import annotations

import asyncio
import math
from typing import Any

from aiohttp import web

from gateway.ledger import cosignatures
from gateway.node.inforce import InForce
from gateway.node.measures import Measures
from gateway.web import problems
from gateway.web.answers import json_answer
from gateway.web.overview import fault_json, left_s, standing_json
from gateway.web.parts import EXHIBITS, MEASURES, STATE, TRUST, VIEWS

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


async def alive(request: web.Request) -> web.StreamResponse:
    """GET /healthz: the process lives."""
    return json_answer({"status": "ok"})


async def ready(request: web.Request) -> web.StreamResponse:
    """GET /readyz: 200 only while the node seals and the bus takes what it sends; else 503 with the reasons. Either way
    with how the trust data stand (a node whose trust data are old still publishes); and where there is anything to
    tell, which of partners' logs are ``frozen``, what of them it does not cosign now (``witness``), and what must be
    seen to before it stops the node (``warnings``).
    """
    state = request.app[STATE]
    more: dict[str, Any] = {"trust": standing_json(request.app[TRUST].standing())}
    if held_back := [fault_json(fault) for fault in state.witness_faults()]:
        more["witness"] = held_back
    faults = [fault for fault in (state.sealing_fault(), state.relay_fault()) if fault is not None]
    told = [{"reason": warning.reason, "message": warning.message} for warning in state.warnings()]
    if told:
        more["warnings"] = told
    if frozen := {view.origin: view.log.frozen for view in request.app[VIEWS].all() if view.log.frozen is not None}:
        more["frozen"] = frozen
    if not faults:
        return json_answer({"ready": True, **more})
    said = "; ".join(f"{fault.reason}: {fault.message}" for fault in faults)
    reasons = [fault_json(fault) for fault in faults]
    return problems.answer(problems.details("node.not_ready", said, ready=False, reasons=reasons, **more))


async def metrics(request: web.Request) -> web.StreamResponse:
    """GET /metrics: what the node measures; sizes, ages and lags as they are now."""
    measures, state = request.app[MEASURES], request.app[STATE]
    for view in request.app[VIEWS].all():
        budget_s = state.budget_s(view.log.jurisdiction)
        measures.size.labels(view.origin).set(view.size)
        measures.frozen.labels(view.origin).set(view.log.frozen is not None)
        measures.lag.labels(view.origin).set(view.lacking)
        measures.age.labels(view.origin).set(math.inf if view.age_s is None else view.age_s)
        measures.budget.labels(view.origin).set(budget_s)
        for reached in cosignatures.reaches(view.connection, view.log.number):
            measures.witness_lag.labels(view.origin, reached.name).set(max(0, view.size - reached.size))
        measures.budget_left.labels(view.origin).set(left_s(view, budget_s))
    for origin, unsent in state.unsent().items():
        measures.unsent.labels(origin).set(unsent)
    for task, left_of_key_s in state.keys_left():
        measures.key_left.labels(task.role, task.family).set(left_of_key_s)
    measures.evidence.set(len(await asyncio.to_thread(request.app[EXHIBITS].all)))
    measures.mode.labels(state.acknowledgement).set(1)
    _trust_now(measures, request.app[TRUST])
    return web.Response(body=measures.text(), headers={"Content-Type": PROMETHEUS})


def _trust_now(measures: Measures, in_force: InForce) -> None:
    """Without an age, trust data that nobody signs have none here either: the figure is not a number."""
    standing, trust = in_force.standing(), in_force.current
    measures.trust_signed.set(standing.signed)
    measures.trust_age.set(math.nan if standing.age_s is None else standing.age_s)
    for role, version in standing.versions.items():
        measures.trust_version.labels(role).set(version)
        measures.trust_left.labels(role).set(standing.expires[role] - in_force.now())
    for name in ("roster", "agreements", "catalogue"):
        measures.trust_version.labels(name).set(getattr(trust, name).version)
