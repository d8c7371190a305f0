"""GET / and POST /visit: the clerk's window. A text in, a verdict with its reasons out; and what the case at hand is.

It asks the same counter as POST /v1/verifications does and shows its answer; a question that is none comes back as a
sentence beside the search box.

>>> await window(request)  # GET /?q=JY11310820000017
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from markupsafe import Markup

from gateway.errors import Refused
from gateway.node.asked import SOURCE_PREFIX, Asked
from gateway.node.counter import MOST_MATCHES
from gateway.node.news import Wanted
from gateway.pages import visits
from gateway.pages.rendering import HEADERS, page, qr_svg
from gateway.pages.verdictview import verdict_view
from gateway.pages.visits import Visit
from gateway.pages.words import Words
from gateway.reasons import sentence
from gateway.records import scanned
from gateway.web import queries
from gateway.web.parts import COUNTER, NEWS, STATE, TRUST

ASKED = ("as_of", "known_at", "holder", "type")
MOST_FORM = 20_000
LONGEST_AFTER = 6_000
"""Characters of positions in an address; a network of more logs than that listens from when it is connected."""
FORM = "application/x-www-form-urlencoded"


async def window(request: web.Request) -> web.StreamResponse:
    """GET /: the search, and the verdict where something was asked; first of all, once, the case at hand."""
    visit = visits.of(request)
    if not visit.told or "case" in request.query:
        return page(request, visit, "visit.html", {"purposes": _purposes(request), "refused": None})
    q = queries.optional(request, "q") or ""
    question = _question(request, visit, q)
    shown: dict[str, Any] = {"q": q[: scanned.MOST_TEXT], "as_of": question.get("as_of", ""), "several": ()}
    if "number" not in question and "subject" not in question:
        return page(request, visit, "counter.html", {**shown, "view": None})
    return page(request, visit, "counter.html", {**shown, **await _answered(request, visit, question)})


async def begin(request: web.Request) -> web.StreamResponse:
    """POST /visit: purpose and case number of this session; then back to where one was."""
    visit = visits.of(request)
    form = await _form(request)
    visits.check_mark(request, visit, form.get("mark", ""))
    purpose, case = (" ".join(form.get(name, "").split()) for name in ("purpose", "case"))
    told = replace(visit, told=True, purpose=purpose, case=case)
    try:
        if max(len(purpose), len(case)) > visits.MOST_TEXT:
            raise Refused(
                "question.form",
                f"purpose and case number are at most {visits.MOST_TEXT} characters each",
                zh=f"用途和办件编号各不超过 {visits.MOST_TEXT} 个字符",
            )
        asked = Asked.parse({"number": "0", "purpose": purpose, "case": case})
    except Refused as refused:
        row = sentence(refused.reason)
        told_so = Words(visit.language).of((refused.zh or f"{row.zh}：{refused.message}", refused.message))
        shown = {"purposes": _purposes(request), "refused": told_so}
        return page(request, visit, "visit.html", shown, status=400)
    response = web.Response(status=303, headers={**HEADERS, "Location": visits.own_path(form.get("next", "/"))})
    visits.keep(request, response, replace(told, purpose=asked.purpose, case=asked.case))
    return response


async def _form(request: web.Request) -> dict[str, str]:
    if request.content_type != FORM or (request.content_length or MOST_FORM + 1) > MOST_FORM:
        raise Refused("page.form", f"a form of at most {MOST_FORM} bytes is taken here")
    found = await request.post()
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _question(request: web.Request, visit: Visit, q: str) -> dict[str, str]:
    """What is asked, as POST /v1/verifications takes it."""
    asked = {name: queries.optional(request, name) for name in (*ASKED, "source", "subject")}
    asked["number"] = q if q.strip() and not asked["subject"] else None
    asked |= {"purpose": visit.purpose, "case": visit.case}
    return {name: value for name, value in asked.items() if value}


async def _answered(request: web.Request, visit: Visit, question: dict[str, str]) -> dict[str, Any]:
    counter, say = request.app[COUNTER], Words(visit.language)
    before = request.app[NEWS].positions(Wanted())  # what comes while we judge is news to this page
    answer = counter.verify(question)
    if "matches" in answer:
        several = [_choice(request, match, question) for match in answer["matches"]]
        return {"view": None, "several": several, "cut": len(several) == MOST_MATCHES}
    source, subject = answer.get("source"), answer["subject"]
    known = counter.licence(source, subject) if source is not None and "licence" in answer else None
    view = verdict_view(answer, known, _names(request), say)
    code = answer.get("slip_code")
    qr = Markup(await asyncio.to_thread(qr_svg, code)) if code is not None else None  # noqa: S704 - made of modules only
    return {"view": view, "qr": qr, "events": _events(answer, before)}


def _events(answer: dict[str, Any], after: str) -> str:
    """Where the page listens: for its subject and for what is said of its holder."""
    subjects = [answer["subject"]]
    holder = answer.get("licence", {}).get("holder", {}).get("uscc")
    subjects += [f"{holder}:"] if holder else []
    asked = [("subject", each) for each in subjects]
    if len(after) <= LONGEST_AFTER:
        asked.append(("after", after))
    return "/v1/events?" + urlencode(asked, safe="/,=:")


def _choice(request: web.Request, match: dict[str, str], question: dict[str, str]) -> dict[str, Any]:
    """One of several, as it is told apart and asked for again."""
    known = request.app[COUNTER].licence(match["source"], match["subject"]) or {}
    data = known.get("present", {}).get("data", {})
    place = match["source"].removeprefix(SOURCE_PREFIX)
    kept = {name: question[name] for name in ASKED if name in question}
    return {
        "number": match["subject"].partition(":")[2],
        "type": data.get("type", {}).get("name", ""),
        "holder": data.get("holder", {}).get("name", ""),
        "issuer": data.get("issuer", {}).get("name", ""),
        "place": _names(request).get(place, place),
        "href": "/?" + urlencode({**kept, "source": place, "subject": match["subject"]}),
    }


def _names(request: web.Request) -> dict[str, str]:
    return {each.id: each.name for each in request.app[TRUST].current.roster.jurisdictions.values()}


def _purposes(request: web.Request) -> list[str]:
    """What agreements with this jurisdiction name; anything else may be typed."""
    here = request.app[STATE].jurisdiction
    found = request.app[TRUST].current.agreements.agreements
    named = (purpose for each in found if here in each.recognised_by for purpose in each.purposes)
    return sorted({purpose for purpose in named if purpose != "*"})
