"""What evidence does this node keep of owners who contradicted themselves? (law 8; GET /v1/evidence)

Public, like the logs: whoever sees it can judge it without this node.

>>> await listed(request)  # {"evidence":[{"id":"sanhe-licence-…","reason":"log.fork","told":"two roots at …",…}]}
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from gateway.errors import Refused
from gateway.instants import format_time
from gateway.ledger import evidencefile
from gateway.ledger.evidencefile import Evidence
from gateway.web import queries
from gateway.web.answers import file_answer, json_answer
from gateway.web.parts import EXHIBITS
from gateway.web.routing import JSON

MOST, USUAL = 1_000, 100


async def evidences(request: web.Request) -> web.StreamResponse:
    """GET /v1/evidence: every file, the newest first."""
    limit = queries.whole(request, "limit", default=USUAL, least=1, most=MOST)
    after = queries.optional(request, "after")
    kept = await asyncio.to_thread(request.app[EXHIBITS].all)
    ids = [identifier for identifier, _ in kept]
    if after is not None and after not in ids:
        raise Refused("query.form", "after is the next of the page before", field="after")
    start = ids.index(after) + 1 if after is not None else 0
    page = kept[start : start + limit]
    found: dict[str, Any] = {"evidence": [_json(identifier, evidence) for identifier, evidence in page]}
    if start + limit < len(kept):
        found["next"] = page[-1][0]
    return json_answer(found)


def _json(identifier: str, evidence: Evidence) -> dict[str, Any]:
    try:
        proven = evidencefile.judge(evidence)
        told, zh = proven.told, proven.zh
    except Refused as refused:
        told, zh = f"proves nothing: {refused.message}", "不构成证明"
    return {
        "id": identifier,
        "origin": evidence.origin,
        "reason": evidence.clash.reason,
        "told": told,
        "zh": zh,
        "seen": {"at": format_time(evidence.seen.at), "by": evidence.seen.by, "where": evidence.seen.where},
    }


async def evidence_file(request: web.Request) -> web.StreamResponse:
    """GET /v1/evidence/{id}: one file, for `jjj-gateway evidence check`."""
    raw = await asyncio.to_thread(request.app[EXHIBITS].raw, request.match_info["id"])
    if raw is None:
        raise Refused("not_found.file", "this node keeps no such evidence")
    return file_answer(raw, JSON)
