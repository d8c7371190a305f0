"""Which part of the node does a handler need? Each reaches only what it names here; the application holds no node.

>>> publisher = request.app[PUBLISHER]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from gateway.errors import GatewayError
from gateway.node.config import HttpConfig
from gateway.node.counter import Counter
from gateway.node.measures import Measures
from gateway.node.news import News
from gateway.node.publisher import Publisher
from gateway.node.trustfolder import TrustFolder
from gateway.node.views import Views

PUBLISHER = web.AppKey("publisher", Publisher)
COUNTER = web.AppKey("counter", Counter)
VIEWS = web.AppKey("views", Views)
NEWS = web.AppKey("news", News)
TRUST = web.AppKey("trust", TrustFolder)
MEASURES = web.AppKey("measures", Measures)
LIMITS = web.AppKey("limits", HttpConfig)
DOCUMENT = web.AppKey("document", bytes)


@dataclass(frozen=True, slots=True)
class State:
    """How the node is. ``…_fault``: why it is not ready, asked anew each time; ``started_at``: seconds;
    ``acknowledgement``: ``local`` or ``replicated``; ``unsent``: own leaves by origin; ``budget_s``, ``by_tiles``: of a
    jurisdiction.
    """

    jurisdiction: str
    started_at: float
    sealing_fault: Callable[[], GatewayError | None]
    relay_fault: Callable[[], GatewayError | None]
    unsent: Callable[[], dict[str, int]]
    acknowledgement: str
    budget_s: Callable[[str], float]
    by_tiles: Callable[[str], bool]


STATE = web.AppKey("state", State)
