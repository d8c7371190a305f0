"""How does an answer leave? JSON, newline-delimited JSON, or bytes as they stand in a file.

>>> json_answer({"logs": []})
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from aiohttp import web

NDJSON = "application/x-ndjson"
BYTES = "application/octet-stream"
NOTE = "text/plain"
FOR_EVER = "public, max-age=31536000, immutable"


def json_answer(value: Any) -> web.Response:
    """An object or list as JSON."""
    return web.Response(body=orjson.dumps(value), content_type="application/json")


def lines_answer(values: Iterable[Any]) -> web.Response:
    """One JSON object a line."""
    body = b"".join(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE) for value in values)
    return web.Response(body=body, content_type=NDJSON)


def file_answer(body: bytes, media: str = BYTES, caching: str = "") -> web.Response:
    """Bytes as they are kept; ``caching``: the Cache-Control line, empty for no caching."""
    headers = {"Cache-Control": caching} if caching else {}
    charset = "utf-8" if media == NOTE else None
    return web.Response(body=body, content_type=media, charset=charset, headers=headers)
