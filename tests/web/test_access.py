"""Who may ask: strangers' pages and names on loopback, the token elsewhere, and that no route is open by oversight."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.errors import CannotRun, Refused
from gateway.node.config import HttpConfig
from gateway.web.access import Access, is_loopback
from gateway.web.openapi import canonical
from gateway.web.routes import ROUTES
from gateway.web.routing import Route
from tests.web.desk import TOKEN, Desk, Reply, draft, founded

loop_wide = pytest.mark.asyncio(loop_scope="module")
OPEN = {
    "GET /v1/logs",
    "GET /v1/evidence",
    "GET /v1/evidence/{id}",
    "GET /logs/{jurisdiction}/{family}/checkpoint",
    "GET /logs/{jurisdiction}/{family}/tile/{path}",
    "GET /logs/{jurisdiction}/{family}/history/{number}",
    "GET /trust/schemas/",
    "GET /trust/schemas/{name}",
    "GET /trust/{name}",
    "GET /trust/metadata/",
    "GET /trust/metadata/{name}",
    "GET /trust/targets/{path}",
    "GET /healthz",
}


def name_of(route: Route) -> str:
    return f"{route.method} {canonical(route.template)}"


def path_of(route: Route) -> str:
    known = {
        "jurisdiction": "sanhe",
        "family": "licence",
        "index": "0",
        "number": "0",
        "uscc": "x",
        "name": "roster.json",
        "id": "sanhe-licence-0123456789abcdef",
    }
    return canonical(route.template).format(path="0/000", **known)


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "http.token"
    path.write_text(text)
    path.chmod(mode)
    return path


# Settings


def test_loopback_needs_no_token() -> None:
    Access.of(HttpConfig(host="127.0.0.1")).check(public=False, method="POST", headers={"Host": "127.0.0.1:8470"})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "node.sanhe.example", "", "127.0.0.1.example"])
def test_any_other_host_needs_a_token_at_start(host: str) -> None:
    with pytest.raises(CannotRun, match=r"\[http\] token") as caught:
        Access.of(HttpConfig(host=host))
    assert (caught.value.reason, caught.value.field) == ("http.token", "http.token")


@pytest.mark.parametrize(
    ("text", "mode", "word"),
    [
        (TOKEN[:-1], 0o600, "32 to"),
        ("", 0o600, "32 to"),
        (f"{TOKEN} {TOKEN}", 0o600, "spaces"),
        (f"{TOKEN}\n{TOKEN}", 0o600, "one line"),
        ("令牌" * 20, 0o600, "can't be read"),
        (TOKEN, 0o640, "chmod 600"),
        (TOKEN, 0o604, "chmod 600"),
    ],
)
def test_a_token_file_that_will_not_do(tmp_path: Path, text: str, mode: int, word: str) -> None:
    with pytest.raises(CannotRun, match=word) as caught:
        Access.of(HttpConfig(host="0.0.0.0", token=written(tmp_path, text, mode)))
    assert caught.value.reason == "http.token"
    assert TOKEN not in str(caught.value)


def test_a_token_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="can't be read"):
        Access.of(HttpConfig(token=tmp_path / "none"))


def test_the_token_is_never_shown(tmp_path: Path) -> None:
    assert TOKEN not in repr(Access.of(HttpConfig(token=written(tmp_path, TOKEN + "\n"))))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST.", "::1", "[::1]"])
def test_what_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "127.0.0.1.nip.io", "localhost.example", "0.0.0.0", "2130706433", "10.0.0.1", "a b"]
)
def test_what_is_not(host: str) -> None:
    assert not is_loopback(host)


# On loopback


@loop_wide
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "[::1]:8470", "127.0.0.2"])
async def test_a_loopback_name_is_answered(desk: Desk, host: str) -> None:
    assert (await desk.get("/v1/network", Host=host)).status == 200


@loop_wide
@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8470", "192.168.0.1", "[", "x@127.0.0.1.example"]
)
@pytest.mark.parametrize("path", ["/v1/network", "/v1/logs", "/nothing"])
async def test_a_name_bound_anew_is_not(desk: Desk, host: str, path: str) -> None:
    desk.refused(await desk.get(path, Host=host), 421, "access.host")


@loop_wide
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "file://"])
async def test_a_strangers_page_publishes_nothing(desk: Desk, origin: str) -> None:
    before = desk.size()
    desk.refused(await desk.publish(draft(), Origin=origin), 403, "access.origin")
    assert desk.size() == before


@loop_wide
async def test_a_page_of_our_own_may(desk: Desk) -> None:
    reply = await desk.publish(draft(), Origin=str(desk.serving.url))
    assert reply.json["status"] == "logged"


@loop_wide
async def test_no_page_of_others_may_read(desk: Desk) -> None:
    reply = await desk.get("/v1/logs", Origin="https://evil.example")
    assert not [name for name in reply.headers if name.lower().startswith("access-control")]
    assert (await desk.ask("OPTIONS", "/v1/records", Origin="https://evil.example")).status == 405


# With a token


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A node with a token, which is then needed wherever it listens."""
    folder = tmp_path_factory.mktemp("guarded")
    async with founded(folder, token=written(folder, TOKEN + "\n")) as desk:
        yield desk


def test_what_is_open_is_this_and_nothing_else() -> None:
    assert {name_of(route) for route in ROUTES if route.public} == OPEN


WRONG = {
    "none": {},
    "wrong": {"Authorization": f"Bearer {TOKEN[::-1]}"},
    "longer": {"Authorization": f"Bearer {TOKEN}0"},
    "cut": {"Authorization": f"Bearer {TOKEN[:-1]}"},
    "empty": {"Authorization": "Bearer "},
    "another scheme": {"Authorization": f"Basic {TOKEN}"},
    "no scheme": {"Authorization": TOKEN},
    "no ASCII": {"Authorization": f"Bearer {TOKEN}é"},
}


@loop_wide
@pytest.mark.parametrize("credential", WRONG)
@pytest.mark.parametrize("route", ROUTES, ids=name_of)
async def test_every_other_route_wants_the_token(guarded: Desk, route: Route, credential: str) -> None:
    reply = await guarded.ask(route.method, path_of(route), **WRONG[credential])
    if name_of(route) in OPEN:
        assert reply.status in (200, 404)
    else:
        guarded.refused(reply, 401, "access.token")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer ")


@loop_wide
async def test_strangers_do_not_learn_which_paths_there_are(guarded: Desk) -> None:
    guarded.refused(await guarded.get("/nothing"), 401, "access.token")
    guarded.refused(await guarded.ask("DELETE", "/v1/records"), 401, "access.token")


@loop_wide
async def test_the_bearer_may_publish_and_ask(guarded: Desk) -> None:
    assert (await bear(guarded, "POST", "/v1/records", draft())).json["status"] == "logged"
    assert (await bear(guarded, "GET", "/v1/network")).status == 200
    guarded.refused(await bear(guarded, "GET", "/nothing"), 404, "route.unknown")


@loop_wide
async def test_a_stranger_publishes_nothing(guarded: Desk) -> None:
    before = guarded.size()
    guarded.refused(await guarded.publish(draft(9)), 401, "access.token")
    assert guarded.size() == before


@loop_wide
async def test_behind_a_proxy_the_host_may_have_any_name(guarded: Desk) -> None:
    assert (await guarded.get("/v1/logs", Host="node.sanhe.example")).status == 200


async def bear(desk: Desk, method: str, path: str, body: object = None) -> Reply:
    return await desk.ask(method, path, body, Authorization=f"Bearer {TOKEN}")


def test_a_refusal_names_no_token(tmp_path: Path) -> None:
    access = Access.of(HttpConfig(token=written(tmp_path, TOKEN)))
    with pytest.raises(Refused) as caught:
        access.check(public=False, method="GET", headers={"Authorization": f"Bearer {TOKEN}x"})
    assert TOKEN not in str(caught.value)
