"""The web application of one node: routes and middlewares as lists of values, and to each handler the part that it
needs.

>>> runner = web.AppRunner(application(node, Access.of(node.config.http)))
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from aiohttp import web
from aiohttp.typedefs import Middleware

from gateway.node.config import LOCAL, REPLICATED
from gateway.node.runtime import Node
from gateway.web import parts
from gateway.web.access import Access
from gateway.web.middlewares import around
from gateway.web.openapi import canonical, document
from gateway.web.routes import ROUTES
from gateway.web.routing import Route


def application(
    node: Node, access: Access, pages: Sequence[Route] = (), shown: Sequence[Middleware] = ()
) -> web.Application:
    """The application over an open node; it starts nothing and keeps nothing of its own. ``pages``: routes for people,
    under the same rule of access; ``shown``: as ``middlewares.around`` has it.
    """
    routes = (*ROUTES, *pages)
    public = frozenset(canonical(route.template) for route in routes if route.public)
    app = web.Application(middlewares=around(access, public, shown), client_max_size=node.config.http.body_bytes)
    app.add_routes([web.route(route.method, route.template, route.handler) for route in routes])
    app[parts.PUBLISHER] = node.publisher
    app[parts.COUNTER] = node.counter
    app[parts.VIEWS] = node.views
    app[parts.NEWS] = node.news
    app[parts.TRUST] = node.trust
    app[parts.MEASURES] = node.measures
    app[parts.LIMITS] = node.config.http
    app[parts.STATE] = _state(node)
    app[parts.DOCUMENT] = orjson.dumps(document(ROUTES))
    app.on_shutdown.append(_end_events)
    return app


async def _end_events(app: web.Application) -> None:
    """Who listens would go on for ever, and the server waits for requests under way."""
    app[parts.NEWS].close()


def _state(node: Node) -> parts.State:
    def unsent() -> dict[str, int]:
        return {state.own.log.origin: node.relay.unsent(state) for state in node.publisher.logs.values()}

    return parts.State(
        node.jurisdiction.id,
        node.started_at,
        sealing_fault=lambda: node.publisher.refusing,
        relay_fault=lambda: node.relay.fault,
        unsent=unsent,
        acknowledgement=REPLICATED if node.config.replicated else LOCAL,
        budget_s=node.budget_s,
        by_tiles=node.config.by_tiles,
    )
