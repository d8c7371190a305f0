"""/trust/…: the files byte for byte, and nothing else of the disk."""

from __future__ import annotations

import pytest

from gateway.records.packaged import data_path
from tests.web.desk import Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("name", ["roster.json", "agreements.json", "catalogue.json"])
async def test_trust_files_are_served_as_they_lie(desk: Desk, name: str) -> None:
    reply = await desk.get(f"/trust/{name}")
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.body == (desk.world.folder / "sanhe" / "trust" / name).read_bytes()


async def test_schemas_are_listed_and_served(desk: Desk) -> None:
    names = (await desk.get("/trust/schemas/")).json["schemas"]
    assert names == ["credit-1.0.schema.json", "licence-1.0.schema.json"]
    for name in names:
        assert (await desk.get(f"/trust/schemas/{name}")).body == (data_path("schemas") / name).read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "roster.json.bak",
        "ROSTER.json",
        "%2e%2e%2fnode.toml",
        "..%2F..%2Fkeys%2Frecord.pem",
        "schemas",
        "schemas/licence-1.0",
        "schemas/..%2Froster.json",
        "schemas/licence-9.9.schema.json",
        "%00",
    ],
)
async def test_no_other_file(desk: Desk, path: str) -> None:
    reply = await desk.get(f"/trust/{path}")
    assert (reply.status, reply.json["reason"]) in [(404, "not_found.file"), (404, "route.unknown")]


async def test_a_file_that_has_gone_is_said(desk: Desk) -> None:
    file = desk.world.folder / "sanhe" / "trust" / "agreements.json"
    kept = file.read_bytes()
    file.unlink()
    try:
        desk.refused(await desk.get("/trust/agreements.json"), 503, "trust.missing")
    finally:
        file.write_bytes(kept)
