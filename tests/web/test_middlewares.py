"""What surrounds every request: headers, unknown paths and methods, errors of our own, and broken requests."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
import structlog
from aiohttp import web

from gateway.web.middlewares import HEADERS
from tests.simulator import eventually
from tests.web.desk import Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("path", ["/healthz", "/v1/logs", "/nothing", "/logs/sanhe/credit/checkpoint"])
async def test_every_answer_bears_the_safety_headers(desk: Desk, path: str) -> None:
    headers = (await desk.get(path)).headers
    assert {name for name in HEADERS if name not in headers} == set()
    assert headers["Server"] == "jjj-gateway"
    assert len(headers["X-Request-Id"]) == 16
    assert "Set-Cookie" not in headers


async def test_what_may_be_kept_says_so_itself(desk: Desk) -> None:
    assert (await desk.get("/v1/logs")).headers["Cache-Control"] == "no-store"
    await eventually(lambda: desk.serving.node.publisher.logs["credit"].published, "a first checkpoint")
    assert (await desk.get("/logs/sanhe/credit/checkpoint")).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/v2/records", "/v1", "/v1/logs/", "/logs/", "/logs/sanhe/licence", "/%2e%2e/%2e%2e/etc"]
)
async def test_an_unknown_path(desk: Desk, path: str) -> None:
    desk.refused(await desk.get(path), 404, "route.unknown")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/records", "GET, HEAD, POST"),
        ("GET", "/v1/verifications", "POST"),
        ("POST", "/v1/logs", "GET, HEAD"),
        ("PUT", "/trust/roster.json", "GET, HEAD"),
        ("TRACE", "/healthz", "GET, HEAD"),
    ],
)
async def test_a_method_that_is_not_known(desk: Desk, method: str, path: str, allowed: str) -> None:
    reply = await desk.ask(method, path)
    desk.refused(reply, 405, "route.method")
    assert reply.headers["Allow"] == allowed


async def test_an_error_of_ours_is_logged_by_number_and_told_by_number_only(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        raise ZeroDivisionError("the secret of the house")

    monkeypatch.setattr(desk.node.views, "connections", broken)
    with structlog.testing.capture_logs() as logged:
        reply = await desk.get("/v1/quarantine")
    found = desk.refused(reply, 500, "internal")
    assert b"secret" not in reply.body
    assert reply.headers["X-Request-Id"] in found["detail"]
    events = [event for event in logged if event["event"] == "http.internal"]
    assert [event["request_id"] for event in events] == [reply.headers["X-Request-Id"]]
    assert isinstance(events[0]["exc_info"], ZeroDivisionError)


async def test_what_the_library_raises_is_told_as_a_problem(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Any:
        raise web.HTTPGone

    monkeypatch.setattr(desk.node.views, "connections", gone)
    reply = await desk.get("/v1/quarantine")
    assert (reply.status, reply.json["status"], reply.json["reason"]) == (410, 410, "route.refused")


async def test_a_fault_of_the_middlewares_themselves(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> Any:
        raise ZeroDivisionError("the secret of the house")

    monkeypatch.setattr(desk.node.measures, "stage", broken)
    with structlog.testing.capture_logs() as logged:
        reply = await desk.get("/healthz")
    desk.refused(reply, 500, "internal")
    assert b"secret" not in reply.body
    assert [event["event"] for event in logged] == ["http.internal"]


BROKEN = [
    b"BREW /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"nonsense\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /v1/records HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
]


@pytest.mark.parametrize("request_bytes", BROKEN)
async def test_a_broken_request_is_told_so_and_nothing_else(desk: Desk, request_bytes: bytes) -> None:
    url = desk.http._base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(request_bytes)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.split(b" ")[1] == b"400"
    assert b"Content-Type: application/problem+json" in head
    found = orjson.loads(await reader.read())
    assert found["reason"] in ("request.form", "body.json")
    writer.close()
    await writer.wait_closed()
    assert (await desk.get("/healthz")).status == 200


async def test_a_request_without_a_host_is_not_answered(desk: Desk) -> None:
    url = desk.http._base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"GET /v1/logs HTTP/1.0\r\n\r\n")
    assert (await reader.readline()).split(b" ")[1] in (b"400", b"421")
    writer.close()
    await writer.wait_closed()
