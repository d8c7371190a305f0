"""Which part of the node does a handler need? Each reaches only what it names here; the application holds no node.

>>> publisher = request.app[PUBLISHER]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aiohttp import web

from gateway.errors import CannotRun, GatewayError
from gateway.node.config import HttpConfig
from gateway.node.counter import Counter
from gateway.node.exhibits import Exhibits
from gateway.node.inforce import InForce
from gateway.node.measures import Measures
from gateway.node.news import News
from gateway.node.publisher import Publisher
from gateway.node.views import Views
from gateway.trust.keyring import Task

PUBLISHER = web.AppKey("publisher", Publisher)
COUNTER = web.AppKey("counter", Counter)
VIEWS = web.AppKey("views", Views)
EXHIBITS = web.AppKey("exhibits", Exhibits)
NEWS = web.AppKey("news", News)
TRUST = web.AppKey("trust", InForce)
MEASURES = web.AppKey("measures", Measures)
LIMITS = web.AppKey("limits", HttpConfig)
DOCUMENT = web.AppKey("document", bytes)


@dataclass(frozen=True, slots=True)
class State:
    """How the node is. ``…_fault``: why it is not ready, asked anew each time; ``witness_faults``: what of partners'
    logs it does not cosign now, and why; ``started_at``: seconds; ``acknowledgement``: ``local`` or ``replicated``;
    ``unsent``: own leaves by origin; ``budget_s``, ``by_tiles``: of a jurisdiction; ``warnings``: what must be seen to;
    ``keys_left``: the node's own tasks, and for how many seconds each has a good one.
    """

    jurisdiction: str
    started_at: float
    sealing_fault: Callable[[], GatewayError | None]
    relay_fault: Callable[[], GatewayError | None]
    witness_faults: Callable[[], list[CannotRun]]
    unsent: Callable[[], dict[str, int]]
    acknowledgement: str
    budget_s: Callable[[str], float]
    by_tiles: Callable[[str], bool]
    warnings: Callable[[], Sequence[GatewayError]]
    keys_left: Callable[[], Iterable[tuple[Task, int]]]


STATE = web.AppKey("state", State)
