"""Evidence over HTTP: listed, handed out byte for byte, and shown wherever people look at the network (law 8)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.ledger.evidencefile import FORK, Clash
from tests.web.desk import Desk, founded
from tests.web.test_health import of, samples

pytestmark = pytest.mark.asyncio(loop_scope="module")
ORIGIN = "jjj.test/tongzhou/licence"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """Sanhe's node, which keeps proof of three forks of tongzhou's log, and has frozen it."""
    async with founded(tmp_path_factory.mktemp("exhibited"), "sanhe", "tongzhou") as desk:
        exhibits, trust = desk.node.exhibits, desk.node.trust.current
        log = desk.world.log_of("tongzhou")
        log.add(log.entry(log.fresh()))
        for at in range(3):
            clash = Clash(FORK, log.seal(date=1_795_400_000), log.seal(root=bytes([at]) * 32, date=1_795_400_000))
            evidence = exhibits.of(ORIGIN, clash, trust, where="topic", at=1_795_400_000_000 + at)
            await desk.node.custody.take(evidence, None)
        (exhibits.folder / "tongzhou-licence-0000000000000000.json").write_bytes(b"rubbish")
        yield desk


async def test_what_is_kept_is_listed_the_newest_first_page_by_page(desk: Desk) -> None:
    whole = (await desk.get("/v1/evidence")).json
    assert [item["seen"]["at"][-5:-1] for item in whole["evidence"]] == [".002", ".001", ".000"]
    assert {item["told"] for item in whole["evidence"]} == {"two roots at size 1"}
    first = (await desk.get("/v1/evidence?limit=2")).json
    rest = (await desk.get(f"/v1/evidence?limit=2&after={first['next']}")).json
    assert first["evidence"] + rest["evidence"] == whole["evidence"]
    assert "next" not in rest
    desk.refused(await desk.get("/v1/evidence?after=nothing"), 400, "query.form")


async def test_a_file_is_handed_out_as_it_lies_there(desk: Desk) -> None:
    [(kept, _), *_] = desk.node.exhibits.all()
    reply = await desk.get(f"/v1/evidence/{kept}")
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.body == (desk.node.exhibits.folder / f"{kept}.json").read_bytes()


@pytest.mark.parametrize("name", ["tongzhou-licence-ffffffffffffffff", "..%2F..%2Fnode", "x", "%00", "decisions"])
async def test_nothing_else_is_handed_out(desk: Desk, name: str) -> None:
    desk.refused(await desk.get(f"/v1/evidence/{name}"), 404, "not_found.file")


async def test_it_is_shown_where_people_and_programs_look(desk: Desk) -> None:
    network = (await desk.get("/v1/network")).json
    assert len(network["evidence"]) == 3
    [licence] = [log for each in network["jurisdictions"] for log in each["logs"] if log["origin"] == ORIGIN]
    assert (licence["frozen"], licence["ended"]) == ("log.fork", None)
    ready = await desk.get("/readyz")
    assert (ready.status, ready.json["ready"], ready.json["frozen"]) == (200, True, {ORIGIN: "log.fork"})
    now = await samples(desk)
    assert now[of("jjj_log_frozen", origin=ORIGIN)] == 1
    assert now[of("jjj_log_frozen", origin="jjj.test/tongzhou/credit")] == 0
    assert now[of("jjj_evidence_files")] == 3
    assert now[of("jjj_forks_total", origin=ORIGIN)] == 1
