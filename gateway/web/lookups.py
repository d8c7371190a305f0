"""What does this node know of a number, a holder, a licence, a record? The look-ups of DESIGN §9 over the counter.

Nothing is decided here: the counter reads the index, and says no more than the gate let in.

>>> await search(request)  # GET /v1/search?q=JY11310820000017
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway.errors import Refused
from gateway.web import queries
from gateway.web.answers import NOTE, file_answer, json_answer
from gateway.web.parts import COUNTER

MOST_FOUND = 20
MOST_INDEX = (1 << 40) - 1


async def search(request: web.Request) -> web.StreamResponse:
    """GET /v1/search?q=: subjects by number, 证照标识, USCC or name."""
    limit = queries.whole(request, "limit", default=MOST_FOUND, least=1, most=MOST_FOUND)
    return json_answer({"results": request.app[COUNTER].search(queries.text(request, "q"), limit)})


async def licence(request: web.Request) -> web.StreamResponse:
    """GET /v1/licences?source=&subject=: one subject with its history."""
    source, subject = queries.text(request, "source"), queries.text(request, "subject")
    return _found(request.app[COUNTER].licence(source, subject), "not_found.subject", "this node holds no such subject")


async def subject(request: web.Request) -> web.StreamResponse:
    """GET /v1/subjects/{uscc}: what is known of one holder."""
    return json_answer(request.app[COUNTER].subject(request.match_info["uscc"]))


async def record_by_id(request: web.Request) -> web.StreamResponse:
    """GET /v1/records?id=: whether and where a record is logged, witnessed, and at whom."""
    found = request.app[COUNTER].record_by_id(queries.text(request, "id"))
    return _found(found, "not_found.record", "this node holds no record of this id")


async def record_at(request: web.Request) -> web.StreamResponse:
    """GET /v1/records/{jurisdiction}/{family}/{index}: one leaf of one log."""
    return _found(request.app[COUNTER].record_at(*_place(request)), "not_found.record", NO_LEAF)


async def proof(request: web.Request) -> web.StreamResponse:
    """GET /v1/records/{jurisdiction}/{family}/{index}/proof: C2SP tlog-proof, made now, under a signed checkpoint."""
    made = request.app[COUNTER].proof(*_place(request))
    if made is None:
        raise Refused("not_found.record", NO_LEAF)
    return file_answer(made, NOTE)


NO_LEAF = "this node holds no such leaf under a verified checkpoint"


def _place(request: web.Request) -> tuple[str, str, int]:
    known = request.match_info
    return known["jurisdiction"], known["family"], queries.number(known["index"], "index", least=0, most=MOST_INDEX)


def _found(value: dict[str, Any] | None, reason: str, message: str) -> web.Response:
    if value is None:
        raise Refused(reason, message)
    return json_answer(value)
