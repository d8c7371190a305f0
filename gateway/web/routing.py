"""What is a route? One value: method, template, handler, and all that the OpenAPI document says of it.

Routes are lists of values (``routes``); the router, the access rule and the document are made from the same list, so
that a new route is documented and closed to strangers unless its value says otherwise.

>>> Route("GET", "/v1/search", search, "Find subjects", params=(Param("q", "what to look for", required=True),))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
TEXT: Mapping[str, Any] = {"type": "string"}
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a route. ``place``: "query" or "path"; ``schema``: JSON Schema of its value."""

    name: str
    description: str
    place: str = "query"
    required: bool = False
    schema: Mapping[str, Any] = field(default_factory=lambda: TEXT)


@dataclass(frozen=True, slots=True)
class Route:
    """One route. ``public``: open to anybody wherever the node listens; all else needs the token there (default deny).

    ``takes``: schema of the JSON body, if it has one; ``gives``: schema of the answer; ``media``: its media type;
    ``refusals``: statuses of problem details that this route answers beside those of every route.
    """

    method: str
    template: str
    handler: Handler
    summary: str
    params: tuple[Param, ...] = ()
    public: bool = False
    takes: Mapping[str, Any] | None = None
    gives: Mapping[str, Any] | None = None
    media: str = JSON
    refusals: tuple[int, ...] = ()
