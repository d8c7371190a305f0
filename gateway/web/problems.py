"""What went wrong, for a program and for a person: problem details (RFC 9457) with the house's stable reasons.

One table gives each reason its HTTP status, by the longest prefix that fits. No answer carries a traceback or a text
that the node did not write itself.

>>> of_error(Refused("query.missing", "q is missing", field="q")).status
400
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web

from gateway.errors import GatewayError
from gateway.reasons import UNLISTED, sentence
from gateway.records.identifiers import mask_resident_numbers

MEDIA = "application/problem+json"
PREFIX = "urn:jjj:problem:"

STATUS: Mapping[str, int] = {
    "access.token": 401,
    "access.origin": 403,
    "access.host": 421,
    "body.": 400,
    "body.encoding": 415,
    "body.slow": 408,
    "body.too_large": 413,
    "body.too_many": 413,
    "bus.": 503,
    "date.": 400,
    "events.full": 503,
    "form.": 400,
    "highwater.": 503,
    "internal": 500,
    "key.none_good": 503,
    "ledger.": 503,
    "node.": 503,
    "not_found.": 404,
    "page.form": 400,
    "publish.": 503,
    "query.": 400,
    "request.": 400,
    "question.": 400,
    "route.method": 405,
    "route.unknown": 404,
    "time.": 400,
    "trust.": 503,
}
"""Status by prefix of the reason; what no row fits was refused for its content: 422."""


def status_of(reason: str) -> int:
    """The HTTP status of a reason."""
    fitting = [prefix for prefix in STATUS if reason.startswith(prefix)]
    return STATUS[max(fitting, key=len)] if fitting else 422


def details(reason: str, detail: str, *, field: str = "", **more: Any) -> dict[str, Any]:
    """The members of problem details; identity numbers in them are masked, whoever wrote them."""
    status = status_of(reason)
    found: dict[str, Any] = {
        "type": PREFIX + reason,
        "title": _title(reason, status),
        "status": status,
        "detail": mask_resident_numbers(detail),
        "reason": reason,
    }
    if field:
        found["field"] = mask_resident_numbers(field)
    return found | more


def _title(reason: str, status: int) -> str:
    """The same for every occurrence of a reason, in both languages where the table of reasons has it."""
    row = sentence(reason)
    return HTTPStatus(status).phrase if row is UNLISTED else f"{row.zh} · {row.en}"


def of_error(error: GatewayError) -> dict[str, Any]:
    """Problem details of an error of the house; the sentence in both languages where it has both."""
    detail = f"{error.zh} {error.message}".strip() if error.zh else error.message
    return details(error.reason, detail, field=error.field)


def answer(found: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> web.Response:
    """The HTTP answer that carries problem details."""
    return web.Response(
        status=found["status"], body=orjson.dumps(found), content_type=MEDIA, headers=dict(headers or {})
    )
