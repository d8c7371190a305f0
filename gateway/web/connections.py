"""How long may a connection be idle, and what is said to bytes that are no HTTP request?

This lies below routes and middlewares. An idle connection, and one whose request does not come whole, is closed; a
broken request gets problem details like any other, without its bytes in an answer or in a log.

>>> server = await loop.create_server(lambda: Connection.made(runner.server), "127.0.0.1", 8470)
"""

from __future__ import annotations

import asyncio
from typing import Self

import structlog
from aiohttp import web

from gateway.web import problems
from gateway.web.middlewares import dress

IDLE_S = 30.0
"""Seconds from one request to the whole head of the next."""
LINGERING_S = 2.0
"""Seconds for which a body that nobody wants is still read, so that its sender gets the answer."""

log = structlog.get_logger(__name__)


class Connection(web.RequestHandler):
    """One connection of a client; a packed body stays packed, so that no small one grows large in here."""

    __slots__ = ()

    @classmethod
    def made(cls, server: web.Server) -> Self:
        """A new connection that the server answers."""
        return cls(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # None turns it off, says the manual
            auto_decompress=False,
            keepalive_timeout=IDLE_S,
            lingering_time=LINGERING_S,
        )

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer where no handler can give one: to a request that is none, or after a fault of the middlewares."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer had begun")
        if status < 500:
            log.info("http.broken_request", kind=type(exc).__name__)
            found = problems.details("request.form", "this is no HTTP request that this node understands")
        else:
            log.error("http.internal", exc_info=exc)
            found = problems.details("internal", "an error of this program; its log says more")
        answer = dress(problems.answer(found))
        answer.force_close()
        return answer
