"""What surrounds every request: a number, a timing and a count by route; problem details for whatever went wrong; the
access rule.

The list of ``around`` runs from the outside in, so that a refusal is measured and answered as any other answer is. An
unexpected error is logged with its request number, and the caller learns that number and nothing else.

>>> application = web.Application(middlewares=around(access, frozenset({"/v1/logs"})))
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from structlog.contextvars import bound_contextvars, get_contextvars

from gateway.errors import GatewayError
from gateway.ledger import database
from gateway.web import problems
from gateway.web.access import CHALLENGE, Access
from gateway.web.parts import MEASURES

UNKNOWN_ROUTE = "unknown"
HEADERS: Mapping[str, str] = {
    "Server": "jjj-gateway",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

log = structlog.get_logger(__name__)


def around(access: Access, public: frozenset[str], shown: Sequence[Middleware] = ()) -> list[Middleware]:
    """The middlewares in order; ``public``: templates of the routes that are open to anybody; ``shown``: what turns
    answers into what people read.
    """
    return [_measured, *shown, _explained, _guard(access, public)]


def route_name(request: web.Request) -> str:
    """Method and template of the route that fits, never what the caller wrote: metrics must not grow with requests."""
    resource = request.match_info.route.resource
    return UNKNOWN_ROUTE if resource is None else f"{request.match_info.route.method} {resource.canonical}"


def dress(response: web.StreamResponse) -> web.StreamResponse:
    """Add the headers that every answer bears, where it does not bear its own."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


@web.middleware
async def _measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    measures = request.app[MEASURES]
    number = secrets.token_hex(8)
    route = route_name(request)
    with measures.stage(f"http {route}"), bound_contextvars(request_id=number):
        response = await handler(request)
    measures.requests.labels(route, str(response.status)).inc()
    response.headers["X-Request-Id"] = number
    return dress(response)


@web.middleware
async def _explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    headers: Mapping[str, str] = {}
    try:
        return await handler(request)
    except GatewayError as error:
        found = problems.of_error(error)
        headers = CHALLENGE if error.reason == "access.token" else {}
    except sqlite3.Error as error:
        found = problems.of_error(database.fault(Path("ledger"), error))
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        found = problems.details("route.method", f"{request.method[:20]} is not known here; known: {allowed}")
        headers = {"Allow": allowed}
    except web.HTTPNotFound:
        found = problems.details("route.unknown", "no such path; /openapi.json lists them all")
    except web.HTTPException as error:
        found = problems.details("route.refused", error.reason) | {"status": error.status}
    except Exception as error:  # the last place where it can be told; the caller gets the number only
        number = get_contextvars()["request_id"]
        log.error("http.internal", request_id=number, route=route_name(request), exc_info=error)
        found = problems.details("internal", f"an error of this program; its log names it by {number}")
    log.info("http.refused", route=route_name(request), status=found["status"], reason=found["reason"])
    return problems.answer(found, headers)


def _guard(access: Access, public: frozenset[str]) -> Middleware:
    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        is_public = resource is not None and resource.canonical in public
        access.check(public=is_public, method=request.method, headers=request.headers)
        return await handler(request)

    return guarded
