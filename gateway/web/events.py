"""GET /v1/events: new records and changed logs as they come (server-sent events; DESIGN §9).

    event: record
    id: jjj.example/sanhe/licence=813
    data: {"log":"jjj.example/sanhe/licence","index":812,"source":"urn:jjj:sanhe","subject":"…","type":"…"}

An event says that something is new and where; what it says is read from the record itself. ``id`` is where to go on:
a browser sends it again as ``Last-Event-ID``, another program may give it as ``after``.
"""

from __future__ import annotations

import asyncio

import orjson
from aiohttp import web

from gateway.errors import Refused
from gateway.node import news
from gateway.node.asked import SOURCE_PREFIX
from gateway.node.news import Told, Wanted
from gateway.records import families
from gateway.web import queries
from gateway.web.middlewares import dress
from gateway.web.parts import NEWS

MEDIA = "text/event-stream"
MOST_SUBJECTS = 8
SEND_S = 20.0
"""Seconds that one event may take on its way out; a listener who takes nothing any more is let go."""
AGAIN_MS = 1_000


async def events(request: web.Request) -> web.StreamResponse:
    """GET /v1/events?family=&source=&subject=&after="""
    wanted = _wanted(request)
    after = news.read(request.headers.get("Last-Event-ID") or request.query.get("after", ""))
    with request.app[NEWS].listening(wanted, after) as listener:
        response = web.StreamResponse(headers={"Content-Type": f"{MEDIA}; charset=utf-8", "X-Accel-Buffering": "no"})
        await dress(response).prepare(request)
        if request.method == "HEAD":
            return response
        try:
            await response.write(f"retry: {AGAIN_MS}\n\n".encode())
            async for told in listener.told():
                async with asyncio.timeout(SEND_S):
                    await response.write(frame(told))
        except (ConnectionError, TimeoutError):
            response.force_close()
    return response


def frame(told: Told) -> bytes:
    """An event as it travels."""
    return f"event: {told.kind}\nid: {told.after}\ndata: ".encode() + orjson.dumps(told.data) + b"\n\n"


def _wanted(request: web.Request) -> Wanted:
    family, source = queries.optional(request, "family"), queries.optional(request, "source")
    if family is not None and family not in families.FAMILIES:
        raise Refused("query.form", f"family is one of {', '.join(families.FAMILIES)}", field="family")
    subjects = tuple(request.query.getall("subject", []))
    if len(subjects) > MOST_SUBJECTS or any(len(each) > queries.LONGEST for each in subjects):
        raise Refused("query.form", f"at most {MOST_SUBJECTS} subjects in one request", field="subject")
    return Wanted(family, None if source is None else source.removeprefix(SOURCE_PREFIX), subjects)
