"""What does a person see when something went wrong? The same problem details, as a page with what to do now.

A middleware around the one that explains: an answer of a page's route that carries problem details becomes a page of
the same status. It holds no verdict, so nothing on it is green.

>>> web.Application(middlewares=around(access, public, (friendly,)))
"""

from __future__ import annotations

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.pages import visits
from gateway.pages.rendering import page
from gateway.reasons import sentence
from gateway.web import problems

PATHS = frozenset({"/", "/visit"})


@web.middleware
async def friendly(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn a problem of a page into a page."""
    response = await handler(request)
    resource = request.match_info.route.resource
    if resource is None or resource.canonical not in PATHS or not isinstance(response, web.Response):
        return response
    if response.content_type != problems.MEDIA or not isinstance(response.body, bytes):
        return response
    found = orjson.loads(response.body)
    row = sentence(found["reason"])
    shown = {"problem": found, "row": row, "wants_token": found["reason"] == "access.token"}
    told = page(request, visits.of(request), "problem.html", shown, status=response.status)
    for name in ("WWW-Authenticate", "Allow"):
        if name in response.headers:
            told.headers[name] = response.headers[name]
    return told
