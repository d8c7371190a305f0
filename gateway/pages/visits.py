"""What does the page remember of a visit? Language, purpose and case number, in a cookie that ends with the browser.

Nothing of it is believed: it is the visitor's own, read strictly, and goes into questions as if it were typed again.
What sets it must come from a form of this page: the form bears a mark of the visit's drawn id by a key of this process
(so no other site's page can send it), and ``SameSite=Strict`` keeps the cookie from following links of others.

>>> visit = visits.of(request)
>>> visit.purpose, visit.case
('开办分店', '通政务〔2026〕88号')
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, replace

import orjson
from aiohttp import web

from gateway.errors import Refused
from gateway.pages.words import LANGUAGES

MOST_TEXT = 100
"""Characters of purpose and of case number each: both must fit a cookie."""
LONGEST_COOKIE = 3_500
_ID = re.compile("[0-9a-f]{32}")
_OWN_PATH = re.compile(r"/(\?[!#-;=?-\[\]-~]*)?")
MARK_KEY = web.AppKey("page_mark", bytes)
COOKIE = web.AppKey("page_cookie", str)


@dataclass(frozen=True, slots=True)
class Visit:
    """``told``: purpose and case were asked for already, whatever the answer was."""

    id: str
    language: str = next(iter(LANGUAGES))
    told: bool = False
    purpose: str = ""
    case: str = ""

    @classmethod
    def new(cls) -> Visit:
        """A visit that begins."""
        return cls(secrets.token_hex(16))

    @classmethod
    def read(cls, text: str) -> Visit | None:
        """From a cookie's value; None for anything that ``text`` did not write."""
        try:
            if len(text) > LONGEST_COOKIE:
                return None
            found = orjson.loads(urlsafe_b64decode(text.encode("ascii")))
            visit = cls(*found)
        except (ValueError, TypeError):
            return None
        words = (visit.id, visit.language, visit.purpose, visit.case)
        if not all(isinstance(each, str) for each in words) or not isinstance(visit.told, bool):
            return None
        short = len(visit.purpose) <= MOST_TEXT and len(visit.case) <= MOST_TEXT
        return visit if _ID.fullmatch(visit.id) and visit.language in LANGUAGES and short else None

    def text(self) -> str:
        """As a cookie's value."""
        members = [self.id, self.language, self.told, self.purpose, self.case]
        return urlsafe_b64encode(orjson.dumps(members)).decode()


def furnish(app: web.Application, jurisdiction: str) -> None:
    """Draw the key of this process. Nodes of one machine differ in ports only, which cookies don't see: each has a name
    of its own.
    """
    app[MARK_KEY] = secrets.token_bytes(32)
    app[COOKIE] = f"jjj-{jurisdiction}"


def of(request: web.Request) -> Visit:
    """The visit that a request belongs to, in the language that it asks for."""
    visit = Visit.read(request.cookies.get(request.app[COOKIE], "")) or Visit.new()
    wanted = request.query.get("lang", "")
    return replace(visit, language=wanted) if wanted in LANGUAGES else visit


def keep(request: web.Request, response: web.StreamResponse, visit: Visit) -> None:
    """Send the cookie along with an answer, where it is not the visitor's already."""
    name, value = request.app[COOKIE], visit.text()
    if request.cookies.get(name) != value:
        response.set_cookie(name, value, httponly=True, samesite="Strict", secure=request.secure, path="/")


def mark(request: web.Request, visit: Visit) -> str:
    """What a form of this visit bears."""
    return hmac.new(request.app[MARK_KEY], visit.id.encode(), hashlib.sha256).hexdigest()


def check_mark(request: web.Request, visit: Visit, given: str) -> None:
    """Raises ``Refused`` ``page.form`` for a form that this page did not make for this visit."""
    if not hmac.compare_digest(mark(request, visit).encode(), given.encode(errors="replace")):
        raise Refused("page.form", "the form is not of this visit, or the node was restarted", field="mark")


def own_path(wanted: str) -> str:
    """Where to go on: a path of this page, whatever was asked for."""
    return wanted if _OWN_PATH.fullmatch(wanted) else "/"
