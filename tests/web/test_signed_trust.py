"""A node under signed trust, as it is seen from outside: what it serves, what any TUF client makes of that, what it
says of the age of its trust data, what an auditor takes away.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from tuf.ngclient import Updater

from gateway.audit.auditor import NOT_ROOTED, audit
from gateway.audit.exporter import export
from gateway.demo.example import example_public_keys
from gateway.node.config import TrustConfig
from gateway.serving import Serving
from tests.repository.forge import DAY_S, Forge
from tests.repository.signedworld import DOCUMENTS, sign
from tests.simulator import World
from tests.web.desk import Desk, configured, draft, opened
from tests.web.test_health import of, samples

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("network")
    async with World(folder / "world", "sanhe", "tongzhou") as world:
        sign(world, folder / "repository", "sanhe")
        async with opened(world) as desk:
            assert [each["status"] for each in (await desk.publish([draft(1)])).json] == ["logged"]
            yield desk


def root_of(desk: Desk) -> Path:
    return Path(desk.world.folder / "sanhe" / "trust" / "root.json")


async def verdict(desk: Desk) -> Any:
    number = draft(1)["data"]["number"]
    return (await desk.ask("POST", "/v1/verifications", {"number": number, "source": "sanhe"})).json


# What it serves


async def test_the_repository_is_served_file_by_file(desk: Desk) -> None:
    names = (await desk.get("/trust/metadata/")).json["metadata"]
    assert names == ["1.root.json", "1.snapshot.json", "1.targets.json", "timestamp.json"]
    for name in names:
        reply = await desk.get(f"/trust/metadata/{name}")
        assert reply.body == (desk.node.config.trust / "metadata" / name).read_bytes()
        assert ("immutable" in reply.headers.get("Cache-Control", "")) == (name != "timestamp.json")


@pytest.mark.parametrize(
    "path", ["metadata/2.root.json", "metadata/..%2F..%2Fnode.toml", "targets/roster.json", "targets/../roster.json"]
)
async def test_nothing_else_of_the_disk_is(desk: Desk, path: str) -> None:
    assert (await desk.get(f"/trust/{path}")).status in (404, 200 if path.endswith("/../roster.json") else 404)


async def test_any_tuf_client_reads_it(desk: Desk, tmp_path: Path) -> None:
    """python-tuf's own, with its own HTTP: nothing of this project."""

    def read() -> bytes:
        base = f"{desk.serving.url}/trust"
        updater = Updater(
            str(tmp_path),
            f"{base}/metadata/",
            str(tmp_path),
            f"{base}/targets/",
            bootstrap=root_of(desk).read_bytes(),
        )
        info = updater.get_targetinfo("roster.json")
        assert info is not None
        return Path(updater.download_target(info)).read_bytes()

    assert await asyncio.to_thread(read) == (await desk.get("/trust/roster.json")).body


async def test_another_node_starts_from_it_alone(desk: Desk) -> None:
    trust = desk.world.folder / "tongzhou" / "trust"
    for name in DOCUMENTS:
        (trust / name).unlink()
    (trust / "root.json").write_bytes(root_of(desk).read_bytes())
    config = configured(desk.world, "tongzhou")
    object.__setattr__(config, "trust_from", TrustConfig((desk.serving.url,)))
    async with Serving(config, refused_keys=example_public_keys()) as other:
        assert other.node.trust.current.digest == desk.node.trust.current.digest
        assert other.node.jurisdiction.id == "tongzhou"


# What it says of their age


async def test_fresh_trust_data_are_said_to_be_signed_and_nothing_is_minded(desk: Desk) -> None:
    trust = (await desk.get("/readyz")).json["trust"]
    assert (trust["signed"], trust["warning"]) == (True, None)
    assert 0 <= trust["age_s"] < 60
    seen = (await desk.get("/v1/network")).json["trust"]
    assert (seen["threshold"], seen["keys"], seen["roster"]) == (4, 6, 1)
    assert {role: each["version"] for role, each in seen["metadata"].items()} == dict.fromkeys(
        ("root", "timestamp", "snapshot", "targets"), 1
    )
    assert [each["ok"] for each in seen["sources"]] == [True]
    found = await verdict(desk)
    assert found["verdict"] == "recognised", found
    assert "warnings" not in found


@pytest.mark.parametrize(("days", "warning"), [(2, "trust.old"), (8, "trust.stale")])
async def test_older_ones_are_said_everywhere(desk: Desk, days: float, warning: str) -> None:
    trust = desk.node.trust
    trust.now = lambda: time.time() + days * DAY_S
    try:
        ready = await desk.get("/readyz")
        seen = (await desk.get("/v1/network")).json["trust"]
        found, figures = await verdict(desk), await samples(desk)
    finally:
        trust.now = time.time
    assert (ready.status, ready.json["trust"]["warning"], seen["warning"]) == (200, warning, warning)
    assert [each["reason"] for each in found["warnings"]] == ["trust.old"]
    assert figures[of("jjj_trust_age_seconds")] > days * DAY_S - 1
    assert figures[of("jjj_trust_expires_seconds", role="timestamp")] < 0
    assert figures[of("jjj_trust_version", part="targets")] == figures[of("jjj_trust_signed")] == 1
    resting = {check["name"]: check["reason"] for check in found["checks"] if check["result"] == "UNKNOWN"}
    if warning == "trust.old":
        assert (found["verdict"], resting) == ("recognised", {})
    else:
        assert found["verdict"] == "indeterminate"
        names = ("content_signature", "issuer", "in_log", "witnessed", "fresh", "agreement", "credit")
        assert {name: resting.get(name) for name in names} == dict.fromkeys(names, "trust.stale")


async def test_a_refusal_is_seen_in_network_and_metrics(desk: Desk) -> None:
    timestamp = desk.node.config.trust / "metadata" / "timestamp.json"
    kept = timestamp.read_bytes()
    timestamp.write_bytes(b"{}")
    try:
        await desk.node.trust.ask()
        seen = (await desk.get("/v1/network")).json["trust"]["sources"][0]
        figures = await samples(desk)
    finally:
        timestamp.write_bytes(kept)
    assert (seen["ok"], seen["reason"]) == (False, "trust.metadata")
    assert figures[of("jjj_trust_refused_total", reason="trust.metadata")] == 1


# What an auditor takes away


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exported(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("auditor") / "export"
    await export(folder, desk.serving.url)
    return folder


async def test_an_export_holds_the_chain_and_audits_by_a_root_of_ones_own(desk: Desk, exported: Path) -> None:
    report = await audit(str(exported), root=root_of(desk))
    assert (report.findings, report.trust) == ((), "signed")
    assert "root version 1 (4 of 6), targets version 1" in report.notices[0]


async def test_without_a_root_the_documents_are_taken_as_found_and_that_is_said(exported: Path) -> None:
    report = await audit(str(exported))
    assert (report.findings, report.trust, report.notices[0]) == ((), "found", NOT_ROOTED)


async def test_the_nodes_url_and_folder_audit_by_the_root_too(desk: Desk) -> None:
    for source in (desk.serving.url, str(desk.world.folder / "sanhe")):
        report = await audit(source, root=root_of(desk))
        assert (report.findings, report.trust) == ((), "signed"), source


async def test_a_chain_of_other_administrators_is_a_finding(exported: Path, tmp_path: Path) -> None:
    other = tmp_path / "root.json"
    other.write_bytes(Forge(tmp_path / "other").pinned)
    report = await audit(str(exported), root=other)
    assert (report.exit_code, report.findings[0].reason, report.trust) == (1, "trust.signatures", "found")


async def test_a_document_put_in_place_of_the_signed_one_is_a_finding(
    desk: Desk, exported: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "export"
    shutil.copytree(exported, copy)
    agreements = orjson.loads((copy / "trust" / "agreements.json").read_bytes())
    agreements["agreements"][0]["witnesses"] = 3
    (copy / "trust" / "agreements.json").write_bytes(orjson.dumps(agreements))
    report = await audit(str(copy), root=root_of(desk))
    assert (report.exit_code, report.findings[0].reason) == (1, "trust.target")


async def test_an_export_without_metadata_lacks_them(desk: Desk, exported: Path, tmp_path: Path) -> None:
    copy = tmp_path / "export"
    shutil.copytree(exported, copy)
    shutil.rmtree(copy / "trust" / "metadata")
    (copy / "SHA256SUMS").unlink()
    report = await audit(str(copy), root=root_of(desk))
    assert (report.exit_code, [finding.reason for finding in report.findings]) == (3, ["trust.unsigned"])
