"""GET /v1/events: each new record once and in order, from where one stopped; bounded; ended with the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.node import news
from tests.records import builders
from tests.simulator import eventually
from tests.web.desk import Desk, draft, founded

loop_wide = pytest.mark.asyncio(loop_scope="module")
PATIENCE_S = 20.0
LICENCE = "jjj.test/sanhe/licence"


class Ear:
    """One who listens: events as they come, with their ids."""

    def __init__(self, content: Any) -> None:
        self._content = content
        self.last = ""

    async def next(self, *kinds: str) -> dict[str, Any]:
        """The next event of these kinds; the others, beats among them, are let go by."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                fields = await self._event()
                self.last = fields.get("id", self.last)
                if fields.get("event") in kinds:
                    return orjson.loads(fields["data"])

    async def _event(self) -> dict[str, str]:
        fields = {}
        while line := (await self._content.readline()).decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        if not fields and self._content.at_eof():
            raise EOFError
        return fields


@asynccontextmanager
async def listening(desk: Desk, query: str = "", **headers: str) -> AsyncIterator[Ear]:
    async with desk.http.get(f"/v1/events?{query}", headers=headers) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
        assert answer.headers["Cache-Control"] == "no-store"
        ear = Ear(answer.content)
        await ear.next("beat")
        yield ear


@loop_wide
async def test_a_new_record_is_told_by_log_and_index(desk: Desk) -> None:
    async with listening(desk, "family=licence&source=sanhe") as ear:
        one = draft(51)
        receipt = (await desk.publish(one)).json
        told = await ear.next("record")
    subject = f"{one['data']['type']['code']}:{one['data']['number']}"
    assert told == {
        "log": LICENCE,
        "index": receipt["index"],
        "source": "urn:jjj:sanhe",
        "subject": subject,
        "type": "jjj.licence.issued",
    }
    assert ear.last == f"{LICENCE}={receipt['index'] + 1}"


@loop_wide
async def test_who_comes_back_hears_exactly_what_was_missed(desk: Desk) -> None:
    async with listening(desk, "family=licence&source=sanhe") as ear:
        await desk.publish(draft(52))
        await ear.next("record")
    missed = (await desk.publish([draft(53), draft(54)])).json
    for query, headers in (("", {"Last-Event-ID": ear.last}), (f"after={ear.last}", {})):
        async with listening(desk, f"family=licence&source=sanhe&{query}", **headers) as again:
            heard = [(await again.next("record"))["index"] for _ in missed]
        assert heard == [each["index"] for each in missed]


@loop_wide
async def test_only_what_is_wanted_is_told(desk: Desk) -> None:
    wanted = draft(56)
    subject = f"{wanted['data']['type']['code']}:{wanted['data']['number']}"
    holder = builders.credit("penalty")["holder"]["uscc"]
    async with (
        listening(desk, f"subject={subject}") as exact,
        listening(desk, f"subject={holder}:") as facts,
        listening(desk, "source=tongzhou") as elsewhere,
    ):
        await desk.publish([draft(55), wanted])
        await desk.publish({"type": "jjj.credit.recorded", "data": builders.credit("penalty")})
        assert (await exact.next("record"))["subject"] == subject
        assert (await facts.next("record"))["subject"].startswith(f"{holder}:penalty:")
        await elsewhere.next("beat")
        assert "sanhe" not in elsewhere.last


@loop_wide
@pytest.mark.parametrize("query", ["family=x", "after=x", "after=a=-1", "after=a=01", "source=1&source=2"])
async def test_a_question_that_is_none(desk: Desk, query: str) -> None:
    desk.refused(await desk.get(f"/v1/events?{query}"), 400, "query.form")


@loop_wide
async def test_more_listeners_than_are_served_are_told_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "MOST_LISTENERS", 1)
    await eventually(lambda: not desk.node.news._listeners, "those of other tests are gone")
    async with listening(desk):
        desk.refused(await desk.get("/v1/events"), 503, "events.full")
    await eventually(lambda: not desk.node.news._listeners, "the one is gone")
    assert (await desk.ask("HEAD", "/v1/events")).status == 200


async def test_the_last_word_is_whole_when_the_server_ends(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as http:
        async with founded(tmp_path) as desk:
            answer = await http.get(f"{desk.serving.url}/v1/events")
        heard = await answer.read()  # raises where the handler had to be cut off
    assert heard.startswith(b"retry: ")


@given(st.dictionaries(st.from_regex(r"[a-z.]{1,20}/[a-z]{1,9}/[a-z]{1,9}", fullmatch=True), st.integers(0, 10**12)))
def test_positions_are_read_as_they_were_written(positions: dict[str, int]) -> None:
    assert news.read(news.written(positions)) == positions


@given(st.text())
def test_any_text_is_positions_or_is_refused(text: str) -> None:
    try:
        found = news.read(text)
    except Refused as refused:
        if refused.reason != "query.form":
            raise
    else:
        assert all(size >= 0 for size in found.values())
