"""A node with its server: where it listens, what keeps it from starting, and that it goes without a trace."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import aiohttp
import pytest

from gateway.errors import CannotRun
from gateway.serving import Serving
from gateway.web import connections
from tests.simulator import World
from tests.web.desk import configured, draft, founded, opened


async def test_port_0_takes_a_free_one_and_says_which(tmp_path: Path) -> None:
    async with Serving(configured(World(tmp_path, "sanhe"), "sanhe"), refused_keys=frozenset()) as serving:
        assert serving.url.startswith("http://127.0.0.1:")
        async with aiohttp.ClientSession() as client, client.get(f"{serving.url}/healthz") as answer:
            assert answer.status == 200


async def test_it_answers_before_it_seals(tmp_path: Path) -> None:
    config = configured(World(tmp_path, "sanhe"), "sanhe")
    async with Serving(config, refused_keys=frozenset()) as serving, aiohttp.ClientSession(serving.url) as client:
        async with client.get("/v1/logs") as answer:
            assert [log["size"] for log in (await answer.json())["logs"]] == [0, 0]
        async with client.post("/v1/records", json=draft()) as answer:
            assert (answer.status, (await answer.json(content_type=None))["reason"]) == (503, "node.starting")


async def test_a_port_that_is_taken(tmp_path: Path) -> None:
    world = World(tmp_path, "sanhe")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotRun, match=str(port)) as caught:
            async with Serving(configured(world, "sanhe", port=port), refused_keys=frozenset()):
                raise AssertionError("it must not come up")
    assert (caught.value.reason, caught.value.field) == ("http.bind", "http.port")
    async with opened(world) as desk:  # nothing of the failed start holds the folder
        assert (await desk.get("/readyz")).status == 200


def test_another_host_without_a_token_is_refused_before_anything_opens(tmp_path: Path) -> None:
    config = configured(World(tmp_path, "sanhe"), "sanhe", host="0.0.0.0")
    with pytest.raises(CannotRun, match="token"):
        Serving(config, refused_keys=frozenset())
    assert not (config.data / "ledger.sqlite").exists()


async def test_what_was_published_is_there_after_a_restart(tmp_path: Path) -> None:
    async with founded(tmp_path) as desk:
        receipt = (await desk.publish(draft())).json
        world = desk.world
    async with opened(world) as desk:
        assert (await desk.get("/v1/records/sanhe/licence/0")).json["id"] == receipt["id"]
        again = await desk.publish(draft())
        assert again.json == receipt | {"status": "duplicate"}


async def test_a_silent_connection_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "IDLE_S", 0.3)
    async with founded(tmp_path) as desk:
        url = desk.http._base_url
        for beginning in (b"", b"GET /healthz HTTP/1.1\r\nHost:"):
            reader, writer = await asyncio.open_connection(url.host, url.port)
            writer.write(beginning)
            async with asyncio.timeout(10):
                assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()


async def test_requests_under_way_are_answered_before_it_closes(tmp_path: Path) -> None:
    async with founded(tmp_path) as desk:
        answers = await asyncio.gather(*(desk.publish(draft(serial)) for serial in range(10)))
    assert [answer.json["status"] for answer in answers] == ["logged"] * 10
