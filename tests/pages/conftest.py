"""A node whose pages are asked for over HTTP, and a visitor with a cookie."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp
import pytest
import pytest_asyncio

from tests.web.desk import Desk, Reply, founded

FORM = "application/x-www-form-urlencoded"


@dataclass
class Visitor:
    """One browser: keeps its cookie."""

    desk: Desk
    cookie: str = ""

    async def get(self, path: str, **headers: str) -> Reply:
        return self._kept(await self.desk.get(path, Cookie=self.cookie, **headers))

    async def send(self, form: dict[str, str], **headers: str) -> Reply:
        body = urlencode(form).encode()
        named = {"Content_Type": FORM, "Cookie": self.cookie, **headers}
        return self._kept(await self.desk.ask("POST", "/visit", body, **named))

    async def begin(self, purpose: str = "", case: str = "", after: str = "/") -> Reply:
        """Say what the case is, as the form does."""
        form = {"mark": mark_of(await self.get("/?case")), "purpose": purpose, "case": case, "next": after}
        return await self.send(form)

    def _kept(self, reply: Reply) -> Reply:
        self.cookie = reply.headers.get("Set-Cookie", self.cookie).partition(";")[0]
        return reply


def mark_of(reply: Reply) -> str:
    """The mark in a page's form."""
    found = re.search(rb'name="mark" value="([0-9a-f]{64})"', reply.body)
    assert found is not None, reply
    return found[1].decode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A node of ``sanhe`` on loopback, sealing. Cookies are the visitor's business."""
    async with (
        founded(tmp_path_factory.mktemp("network"), "sanhe", "tongzhou") as opened,
        aiohttp.ClientSession(opened.serving.url, cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        yield Desk(opened.world, opened.serving, http)


@pytest.fixture
def visitor(desk: Desk) -> Visitor:
    """Somebody who has not been here before."""
    return Visitor(desk)
