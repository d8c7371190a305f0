"""How does a page leave? Templates with everything escaped, headers that let in nothing of others, files of our own.

The policy allows styles and scripts from this node's files only: none stands in a page, so text of a record that
slipped through the escaping would still be no script. Pages are never kept by a cache, files for ever under a name that
changes with their content.

>>> page(request, visit, "counter.html", {"view": None})
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import segno
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.errors import Refused
from gateway.pages import visits
from gateway.pages.visits import Visit
from gateway.pages.words import Words
from gateway.web.answers import FOR_EVER, file_answer
from gateway.web.parts import STATE, TRUST

HERE = Path(__file__).resolve().parent
MEDIA: Mapping[str, str] = {
    "counter.css": "text/css",
    "counter.js": "text/javascript",
    "mark.svg": "image/svg+xml",
}
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # Not "no-referrer": with it a browser hides the origin of our own forms, and the rule of access asks for it.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
OLD_S = 60
"""Seconds after which a result is out of date whatever happens; the style sheet says the same."""
QR_MASK = 3
"""One of the eight masks: to weigh them all takes four times as long, and any can be read."""

_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    request: web.Request, visit: Visit, template: str, shown: Mapping[str, Any], *, status: int = 200
) -> web.Response:
    """A page of this visit, its cookie with it."""
    say = Words(visit.language)
    roster = request.app[TRUST].current.roster
    here = roster.jurisdictions.get(request.app[STATE].jurisdiction)
    frame = {
        "say": say,
        "visit": visit,
        "mark": visits.mark(request, visit),
        "here": here.name if here is not None else request.app[STATE].jurisdiction,
        "own_path": visits.own_path(request.path_qs),
        "other_language": _in_other_language(request, say),
        "q": "",
        "as_of": "",
    }
    body = render(template, {**frame, **shown})
    response = web.Response(text=body, status=status, content_type="text/html", charset="utf-8", headers=HEADERS)
    visits.keep(request, response, visit)
    return response


def render(template: str, shown: Mapping[str, Any]) -> str:
    """The text of a template; every value is escaped, a name that is not given is an error."""
    return _TEMPLATES.get_template(template).render({"file": name_of, **shown})


def _in_other_language(request: web.Request, say: Words) -> str:
    return request.rel_url.with_path("/", keep_query=True).update_query(lang=say.other).raw_path_qs


async def file(request: web.Request) -> web.StreamResponse:
    """GET /pages/{name}: a style sheet, script or picture of the pages."""
    name = request.match_info["name"]
    if name not in MEDIA:
        raise Refused("not_found.file", "no such file of the pages")
    found = _files()[name]
    response = file_answer(found, MEDIA[name], FOR_EVER)
    response.charset = "utf-8"
    return response


@cache
def _files() -> Mapping[str, bytes]:
    return MappingProxyType({name: (HERE / "static" / name).read_bytes() for name in MEDIA})


@cache
def name_of(name: str) -> str:
    """The address of a file, which changes with its content."""
    return f"/pages/{name}?v={sha256(_files()[name]).hexdigest()[:16]}"


def qr_svg(text: str) -> str:
    """A QR code as SVG, without a size of its own; middle error correction (15 % may be dirt)."""
    code = segno.make_qr(text.encode(), error="m", boost_error=False, mask=QR_MASK)
    return code.svg_inline(omitsize=True, svgclass="qr", lineclass=None, border=4)
