"""Which paths are there? One list (DESIGN §9); whoever adds a route adds a row, and has it documented, guarded and
measured.

``public`` stands on what partners and auditors need from a node that they hold no token of: logs, tiles, trust files,
and whether it lives.

>>> [route.template for route in ROUTES if route.method == "POST"]
['/v1/records', '/v1/verifications']
"""

from __future__ import annotations

from aiohttp import web

from gateway.web import events, exhibited, health, logfiles, lookups, overview, publishing, trustfiles, verifying
from gateway.web.answers import BYTES, NOTE
from gateway.web.openapi import ref
from gateway.web.parts import DOCUMENT
from gateway.web.routing import Param, Route

LIMIT = Param("limit", "at most so many", schema={"type": "integer", "minimum": 1})
AFTER = Param("after", "the next of the page before")
LIST = (LIMIT, AFTER)
LOGS = {"type": "object", "properties": {"logs": {"type": "array", "items": ref("Log")}, "next": {"type": "string"}}}


async def openapi(request: web.Request) -> web.StreamResponse:
    """GET /openapi.json: the document made of this list."""
    return web.Response(body=request.app[DOCUMENT], content_type="application/json")


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/records",
        publishing.publish,
        "Publish drafts: one, an array or NDJSON; one receipt each in order",
        params=(
            Param(
                "lane",
                "bulk: historic records, behind all live ones",
                schema={"enum": list(publishing.LANES), "default": publishing.LANES[0]},
            ),
        ),
        takes=ref("Draft"),
        gives={"oneOf": [ref("Receipt"), {"type": "array", "items": ref("Receipt")}]},
        refusals=(400, 401, 403, 408, 413, 415, 421, 503),
    ),
    Route(
        "POST",
        "/v1/verifications",
        verifying.verify,
        "Verify licences: one question, an array or NDJSON; one verdict each in order",
        takes=ref("Question"),
        gives={"oneOf": [ref("Verdict"), {"type": "array", "items": {"type": "object"}}]},
        refusals=(400, 401, 403, 408, 413, 415, 421),
    ),
    Route(
        "GET",
        "/v1/search",
        lookups.search,
        "Find subjects by number, 证照标识, USCC or name",
        params=(
            Param("q", "what to look for", required=True),
            Param("limit", "at most so many", schema={"type": "integer", "minimum": 1, "maximum": lookups.MOST_FOUND}),
        ),
        refusals=(400,),
    ),
    Route(
        "GET",
        "/v1/licences",
        lookups.licence,
        "One licence with its history",
        params=(
            Param("source", "urn:jjj:<jurisdiction>", required=True),
            Param("subject", "<type code>:<normalised number>", required=True),
        ),
        refusals=(400, 404),
    ),
    Route("GET", "/v1/subjects/{uscc}", lookups.subject, "What is known of one holder"),
    Route(
        "GET",
        "/v1/records",
        lookups.record_by_id,
        "Where a record is logged",
        params=(Param("id", "the record's UUIDv7", required=True),),
        refusals=(400, 404),
    ),
    Route(
        "GET",
        "/v1/records/{jurisdiction}/{family}/{index}",
        lookups.record_at,
        "One leaf of one log",
        refusals=(400, 404),
    ),
    Route(
        "GET",
        "/v1/records/{jurisdiction}/{family}/{index}/proof",
        lookups.proof,
        "Inclusion proof of one leaf (C2SP tlog-proof)",
        media=NOTE,
        refusals=(400, 404),
    ),
    Route("GET", "/v1/logs", overview.logs, "Every log held, own and mirrored", params=LIST, public=True, gives=LOGS),
    Route(
        "GET",
        "/v1/evidence",
        exhibited.evidences,
        "Evidence of owners who signed what can't both be true, the newest first",
        params=LIST,
        public=True,
        refusals=(400,),
    ),
    Route(
        "GET",
        "/v1/evidence/{id}",
        exhibited.evidence_file,
        "One evidence file: proves its case without this node",
        public=True,
        refusals=(404,),
    ),
    Route("GET", "/v1/network", overview.network, "Each jurisdiction as this node sees it, and its own faults"),
    Route(
        "GET",
        "/v1/events",
        events.events,
        "New records and changed logs as they come (server-sent events)",
        params=(
            Param("family", "of this family only"),
            Param("source", "of this jurisdiction only"),
            Param("subject", "of this subject, or of all that begin so where it ends in a colon; up to 8 times"),
            Param("after", "id of the last event heard; from now on where it is absent"),
        ),
        media=events.MEDIA,
        refusals=(400, 503),
    ),
    Route("GET", "/v1/quarantine", overview.quarantine, "Leaves that failed the gate, with reasons", params=LIST),
    Route(
        "GET",
        "/logs/{jurisdiction}/{family}/checkpoint",
        logfiles.newest_checkpoint,
        "Newest checkpoint held whole",
        public=True,
        media=NOTE,
        refusals=(404,),
    ),
    Route(
        "GET",
        "/logs/{jurisdiction}/{family}/tile/{path:.+}",
        logfiles.tile,
        "A tile or a bundle of entries (C2SP tlog-tiles)",
        public=True,
        media=BYTES,
        refusals=(404,),
    ),
    Route(
        "GET",
        "/logs/{jurisdiction}/{family}/history/{number}",
        logfiles.history,
        "256 sealed checkpoints, rising by size: u16be length, note",
        public=True,
        media=BYTES,
        refusals=(404,),
    ),
    Route("GET", "/trust/schemas/", trustfiles.schemas, "Names of the schema files in force", public=True),
    Route("GET", "/trust/schemas/{name}", trustfiles.schema, "A schema file", public=True, refusals=(404,)),
    Route("GET", "/trust/metadata/", trustfiles.metadata_names, "Names of the signed metadata (TUF)", public=True),
    Route(
        "GET",
        "/trust/metadata/{name}",
        trustfiles.metadata,
        "Signed metadata (TUF), as this node has verified it",
        public=True,
        refusals=(404,),
    ),
    Route(
        "GET",
        "/trust/targets/{path:.+}",
        trustfiles.target,
        "A signed trust document, by its digest",
        public=True,
        refusals=(404,),
    ),
    Route(
        "GET",
        "/trust/{name}",
        trustfiles.document,
        "roster.json, agreements.json or catalogue.json, byte for byte",
        public=True,
        refusals=(404, 503),
    ),
    Route("GET", "/healthz", health.alive, "The process lives", public=True),
    Route("GET", "/readyz", health.ready, "The node seals and the bus takes what it sends", refusals=(503,)),
    Route("GET", "/metrics", health.metrics, "Prometheus metrics", media="text/plain"),
    Route("GET", "/openapi.json", openapi, "This document"),
)
