"""POST /v1/records: drafts in, one answer each in order, when all that was let in is durable (DESIGN §9, law 5).

One bad draft refuses itself and no other; the answer has the shape of the request. ``?lane=bulk`` is for historic
records: they go behind all live ones, in small parts (``node.lanes``); receipts mean the same in both lanes. The
publisher judges; here only bytes become drafts and receipts become JSON.

>>> await publish(request)  # 200 {"id":"…","status":"logged","log":"jjj.example/sanhe/licence","index":7,"size":8}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import structlog
from aiohttp import web

from gateway.errors import Refused
from gateway.node.door import Draft, Receipt, refusal
from gateway.records.identifiers import mask_resident_numbers
from gateway.web import bodies, queries
from gateway.web.answers import json_answer, lines_answer
from gateway.web.bodies import Shape
from gateway.web.parts import LIMITS, MEASURES, PUBLISHER

Item = Draft | Receipt

LANES = ("live", "bulk")

log = structlog.get_logger(__name__)


async def publish(request: web.Request) -> web.StreamResponse:
    """Handle the request; raises ``Refused`` ``body.*`` or ``query.form`` for the whole of it, ``CannotRun`` when
    nothing is sealed.
    """
    limits, measures = request.app[LIMITS], request.app[MEASURES]
    bulk = queries.one_of(request, "lane", LANES) == "bulk"
    body = await bodies.read(request, limits)
    lines = request.content_type in bodies.LINES
    with measures.stage("http.read_drafts"):
        shape, items = await bodies.off_loop(body, lambda: read(body, lines=lines, most=limits.records_a_request))
    measures.receipts([item for item in items if isinstance(item, Receipt)])
    drafts = [item for item in items if isinstance(item, Draft)]
    receipts = iter(await request.app[PUBLISHER].publish(drafts, bulk=bulk))
    answers = [receipt_json(next(receipts) if isinstance(item, Draft) else item) for item in items]
    refused = Counter(answer["reason"] for answer in answers if answer["status"] == "refused")
    if refused:
        log.info("publish.refused", reasons=dict(refused), of=len(answers))
    if shape is Shape.LINES:
        return lines_answer(answers)
    return json_answer(answers if shape is Shape.ARRAY else answers[0])


def read(body: bytes, *, lines: bool, most: int) -> tuple[Shape, Sequence[Item]]:
    """What a body asks to publish: a draft, or the answer to what is none, in order. Raises ``Refused`` ``body.*``."""
    values = bodies.split(body, lines=lines, most=most)
    return values.shape, [_item(value) for value in values.found]


def _item(value: Any) -> Item:
    if isinstance(value, Refused):
        return refusal("", value)
    try:
        return Draft.parse(value)
    except Refused as refused:
        claimed = value.get("id") if isinstance(value, dict) else None
        return refusal(claimed if isinstance(claimed, str) else "", refused)


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """A receipt as DESIGN §9 has it; a refused draft has no place, so its log, index and size are null."""
    found: dict[str, Any] = {
        "id": receipt.id,
        "status": receipt.status,
        "log": receipt.log or None,
        "index": receipt.index,
        "size": receipt.size,
    }
    if receipt.reason:
        said = {"reason": receipt.reason, "field": receipt.field, "message": receipt.message}
        found |= {name: mask_resident_numbers(text) for name, text in said.items() if text}
    return found
