"""The web application of one node: routes and middlewares as lists of values, and to each handler the part that it
needs.

>>> runner = web.AppRunner(application(node, Access.of(node.config.http)))
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import orjson
from aiohttp import web
from aiohttp.typedefs import Middleware

from gateway.errors import GatewayError
from gateway.node.config import LOCAL, REPLICATED
from gateway.node.keyplace import AUTHORITY, SEALING_ROLES
from gateway.node.runtime import Node
from gateway.trust.keyring import Task
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
    app[parts.EXHIBITS] = node.exhibits
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

    def sealing_fault() -> GatewayError | None:
        return node.publisher.refusing or next(iter(node.keys.faults(int(time.time()), SEALING_ROLES)), None)

    def keys_left() -> Iterator[tuple[Task, int]]:
        now = int(time.time())
        ends = node.keys.ends(now)
        yield from ((task, 0 if end is None else end - now) for task, end in ends if task.role != AUTHORITY)

    return parts.State(
        node.jurisdiction.id,
        node.started_at,
        sealing_fault=sealing_fault,
        relay_fault=lambda: node.relay.fault,
        witness_faults=lambda: node.witness.holding_back,
        unsent=unsent,
        acknowledgement=REPLICATED if node.config.replicated else LOCAL,
        budget_s=node.budget_s,
        by_tiles=node.config.by_tiles,
        warnings=lambda: node.keys.warnings(int(time.time())),
        keys_left=keys_left,
    )
