"""POST /v1/verifications: one question or many, one verdict each in order (DESIGN §8, §9).

A question that is none gets problem details in its place, so that one bad line of a list hides no other answer.

>>> await verify(request)  # {"source":"urn:jjj:sanhe","subject":"…"} -> {"verdict":"recognised",…}
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from gateway.errors import Refused
from gateway.node.counter import Counter
from gateway.web import bodies, problems
from gateway.web.answers import json_answer, lines_answer
from gateway.web.bodies import Shape
from gateway.web.parts import COUNTER, LIMITS

MOST_QUESTIONS = 1_000
A_TURN = 8


async def verify(request: web.Request) -> web.StreamResponse:
    """Handle the request; a single question that is none is a problem of the request."""
    body = await bodies.read(request, request.app[LIMITS])
    lines = request.content_type in bodies.LINES
    values = await bodies.off_loop(body, lambda: bodies.split(body, lines=lines, most=MOST_QUESTIONS))
    counter = request.app[COUNTER]
    if values.shape is Shape.ONE:
        return json_answer(_verdict(counter, values.found[0]))
    answers = []
    for place, asked in enumerate(values.found):
        if place % A_TURN == A_TURN - 1:
            await asyncio.sleep(0)  # others have their turn between the questions of a long list
        answers.append(_answer(counter, asked))
    return lines_answer(answers) if values.shape is Shape.LINES else json_answer(answers)


def _answer(counter: Counter, asked: Any) -> dict[str, Any]:
    try:
        return _verdict(counter, asked)
    except Refused as refused:
        return problems.of_error(refused)


def _verdict(counter: Counter, asked: Any) -> dict[str, Any]:
    if isinstance(asked, Refused):
        raise asked
    if not isinstance(asked, dict):
        raise Refused("question.form", "a question is a JSON object with source and subject")
    return counter.verify(asked)
