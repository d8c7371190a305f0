"""Does the node live, is it ready, what does it measure? For supervisors and for Prometheus.

>>> await ready(request)  # 200 {"ready":true}, or 503 with each reason
"""

from __future__ import annotations

import math
from typing import Any

from aiohttp import web

from gateway.ledger import cosignatures
from gateway.web import problems
from gateway.web.answers import json_answer
from gateway.web.overview import fault_json, left_s
from gateway.web.parts import MEASURES, STATE, VIEWS

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


async def alive(request: web.Request) -> web.StreamResponse:
    """GET /healthz: the process lives."""
    return json_answer({"status": "ok"})


async def ready(request: web.Request) -> web.StreamResponse:
    """GET /readyz: 200 only while the node seals and the bus takes what it sends; else 503 with the reasons. Both say
    what of partners' logs it does not cosign now, and what must be seen to before it stops the node (``warnings``).
    """
    state = request.app[STATE]
    faults = [fault for fault in (state.sealing_fault(), state.relay_fault()) if fault is not None]
    told = [{"reason": warning.reason, "message": warning.message} for warning in state.warnings()]
    held_back = [fault_json(fault) for fault in state.witness_faults()]
    warnings: dict[str, Any] = {"warnings": told} if told else {}
    warnings |= {"witness": held_back} if held_back else {}
    if not faults:
        return json_answer({"ready": True, "witness": held_back, **warnings})
    said = "; ".join(f"{fault.reason}: {fault.message}" for fault in faults)
    reasons = [fault_json(fault) for fault in faults]
    more = {"witness": held_back, **warnings}
    return problems.answer(problems.details("node.not_ready", said, ready=False, reasons=reasons, **more))


async def metrics(request: web.Request) -> web.StreamResponse:
    """GET /metrics: what the node measures; sizes, ages and lags as they are now."""
    measures, state = request.app[MEASURES], request.app[STATE]
    for view in request.app[VIEWS].all():
        budget_s = state.budget_s(view.log.jurisdiction)
        measures.size.labels(view.origin).set(view.size)
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
    measures.mode.labels(state.acknowledgement).set(1)
    return web.Response(body=measures.text(), headers={"Content-Type": PROMETHEUS})
