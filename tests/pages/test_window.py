"""The clerk's window over HTTP: who may see it, what it bears, what it remembers, where it leads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.pages import rendering
from gateway.pages.paths import PAGES
from gateway.web.routing import Route
from tests.pages.conftest import FORM, Visitor, mark_of
from tests.web.desk import TOKEN, Desk, draft, founded

pytestmark = pytest.mark.asyncio(loop_scope="module")
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "jjj-gateway",
}


def paths(route: Route) -> list[str]:
    names = (*rendering.MEDIA, "nothing") if "{" in route.template else ("",)
    return [route.template.format(name=name) for name in names]


ASKED = [(route, path) for route in PAGES for path in paths(route)]


@pytest.mark.parametrize(("route", "path"), ASKED, ids=lambda each: each if isinstance(each, str) else each.method)
async def test_every_page_and_file_bears_the_safety_headers(desk: Desk, route: Route, path: str) -> None:
    reply = await desk.ask(route.method, path, b"" if route.method == "POST" else None)
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    if reply.headers["Content-Type"].startswith("text/html"):
        assert {name: reply.headers[name] for name in SAFE} == SAFE
        assert reply.headers["Cache-Control"] == "no-store"


async def test_what_needs_no_token_is_the_files_alone() -> None:
    assert [route.template for route in PAGES if route.public] == ["/pages/{name}"]


async def test_a_file_may_be_kept_under_the_name_that_changes_with_it(visitor: Visitor) -> None:
    page = await visitor.get("/")
    named = rendering.name_of("counter.css")
    assert named.encode() in page.body
    reply = await visitor.get(named)
    assert "immutable" in reply.headers["Cache-Control"]
    assert reply.headers["Content-Type"] == "text/css; charset=utf-8"
    assert (await visitor.get("/pages/..%2Frendering.py")).status == 404


async def test_purpose_and_case_are_asked_once_and_travel_with_each_verification(desk: Desk, visitor: Visitor) -> None:
    one = draft(31)
    await desk.publish(one)
    first = await visitor.get(f"/?q={one['data']['number']}")
    assert b'name="purpose"' in first.body
    after = f"/?q={one['data']['number']}"
    told = {"purpose": "开办分店", "case": "通政务〔2026〕88号"}
    reply = await visitor.send({"mark": mark_of(first), **told, "next": after})
    assert (reply.status, reply.headers["Location"]) == (303, after)
    shown = (await visitor.get(reply.headers["Location"])).body.decode()
    assert 'name="purpose"' not in shown
    slip = shown.split('<pre id="slip"')[1]
    assert "&#34;purpose&#34;:&#34;开办分店&#34;" in slip
    assert "&#34;case&#34;:&#34;通政务〔2026〕88号&#34;" in slip
    assert "予以互认" in shown


async def test_the_chain_of_proof_leads_to_the_proof_of_this_record(desk: Desk, visitor: Visitor) -> None:
    one = draft(32)
    receipt = (await desk.publish(one)).json
    await visitor.begin()
    shown = (await visitor.get(f"/?q={one['data']['number']}")).body.decode()
    path = f"/v1/records/sanhe/licence/{receipt['index']}/proof"
    assert f'href="{path}"' in shown
    assert (await desk.get(path)).body.startswith(b"c2sp.org/tlog-proof@v1\n")
    assert "jjj.test/sanhe (" in shown  # who signed


async def test_the_cookie_is_the_sessions_own(visitor: Visitor) -> None:
    reply = await visitor.get("/")
    parts = {part.strip().partition("=")[0].lower() for part in reply.headers["Set-Cookie"].split(";")}
    assert parts == {"jjj-sanhe", "httponly", "path", "samesite"}
    assert "SameSite=Strict" in reply.headers["Set-Cookie"]
    assert "Set-Cookie" not in (await visitor.get("/")).headers


@pytest.mark.parametrize("given", ["", "0" * 64, "é"])
async def test_a_form_that_this_page_did_not_make_is_refused(visitor: Visitor, given: str) -> None:
    await visitor.get("/")
    reply = await visitor.send({"mark": given, "purpose": "x"})
    assert (reply.status, "page.form" in reply.body.decode()) == (400, True)


async def test_the_mark_of_another_visit_is_refused(desk: Desk, visitor: Visitor) -> None:
    await visitor.get("/")
    theirs = mark_of(await Visitor(desk).get("/"))
    assert (await visitor.send({"mark": theirs, "purpose": "x"})).status == 400


async def test_a_strangers_page_sends_no_form(visitor: Visitor) -> None:
    mark = mark_of(await visitor.get("/"))
    for origin in ("https://evil.example", "null"):
        reply = await visitor.send({"mark": mark, "purpose": "x"}, Origin=origin)
        assert (reply.status, "access.origin" in reply.body.decode()) == (403, True)
    assert (await visitor.send({"mark": mark}, Origin=str(visitor.desk.serving.url))).status == 303


ELSEWHERE = ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1", "/v1"]


@pytest.mark.parametrize("wanted", [*ELSEWHERE, "/%0d%0aX: y?", "/?a=\r\nX: y", "", "/?a b"])
async def test_it_leads_nowhere_but_to_itself(visitor: Visitor, wanted: str) -> None:
    assert (await visitor.begin(after=wanted)).headers["Location"] == "/"


@pytest.mark.parametrize("field", ["purpose", "case"])
@pytest.mark.parametrize("text", ["x" * 101, "a\u202eb"])
async def test_what_no_slip_can_hold_is_asked_for_again(visitor: Visitor, field: str, text: str) -> None:
    reply = await visitor.begin(**{field: text})
    assert reply.status == 400
    assert b'role="alert"' in reply.body
    assert b'name="purpose"' in reply.body


@pytest.mark.parametrize("body", [b"x" * 30_000, b'{"mark":1}'])
async def test_no_other_body_is_taken(desk: Desk, body: bytes) -> None:
    kind = FORM if body.startswith(b"x") else "application/json"
    assert (await desk.ask("POST", "/visit", body, Content_Type=kind)).status == 400


@pytest.mark.parametrize("query", ["q=1&q=2", "q=%00", "as_of=2026-02-30&q=1", f"q={'x' * 3000}", "lang=xx&q=1"])
async def test_a_question_that_is_none_is_told_beside_the_search(visitor: Visitor, query: str) -> None:
    await visitor.begin()
    reply = await visitor.get(f"/?{query}")
    assert reply.status in (200, 400)
    assert b'id="q"' in reply.body
    assert b"verdict recognised" not in reply.body
    assert reply.headers["Content-Type"].startswith("text/html")


async def test_several_are_listed_and_none_is_judged(desk: Desk, visitor: Visitor) -> None:
    await desk.publish([draft(41), draft(42)])
    await visitor.begin()
    name = draft(41)["data"]["holder"]["name"]
    page = (await visitor.get(f"/?q={name}")).body.decode()
    assert page.count('class="button" href="/?') >= 2
    assert 'id="answer"' not in page


async def test_the_language_is_kept(visitor: Visitor) -> None:
    await visitor.begin()
    assert b'<html lang="en">' in (await visitor.get("/?lang=en")).body
    assert b'<html lang="en">' in (await visitor.get("/")).body
    assert b'<html lang="zh-CN">' in (await visitor.get("/?lang=zh")).body


async def test_where_a_token_is_needed_a_plain_sentence_says_so(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    async with founded(tmp_path / "network", token=token) as guarded:
        reply = await guarded.get("/")
        assert (reply.status, "需要访问令牌" in reply.body.decode()) == (401, True)
        assert reply.headers["WWW-Authenticate"].startswith("Bearer ")
        assert b'id="q"' not in reply.body
        assert (await guarded.get("/pages/counter.css")).status == 200
        assert (await guarded.ask("POST", "/visit", b"")).status == 401
        assert (await guarded.get("/v1/events")).status == 401
        borne = await guarded.get("/", Authorization=f"Bearer {TOKEN}", Host="window.example")  # by a proxy
        assert (borne.status, b'name="purpose"' in borne.body) == (200, True)


async def test_a_name_bound_anew_gets_no_page(desk: Desk) -> None:
    reply = await desk.get("/", Host="evil.example")
    assert (reply.status, "access.host" in reply.body.decode()) == (421, True)


async def test_an_error_of_ours_is_a_page_without_a_verdict(desk: Desk, visitor: Visitor, monkeypatch: Any) -> None:
    await visitor.begin()
    monkeypatch.setattr(type(desk.node.counter), "verify", lambda *_: 1 // 0)
    reply = await visitor.get("/?q=1")
    assert reply.status == 500
    assert reply.headers["Content-Type"].startswith("text/html")
    assert b"verdict" not in reply.body
    assert b"ZeroDivision" not in reply.body
