"""An export holds what its checkpoints need and nothing besides, stands by itself, and is all there or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from gateway.audit.auditor import audit
from gateway.audit.exporter import export
from gateway.audit.vkeysfile import lines
from gateway.errors import CannotRun
from gateway.ledger import checkpoint, tiles
from gateway.trust import notes
from gateway.trust.suites import VerifierKey
from gateway.trust.trusted import load
from tests.audit.auditbuilder import NETWORK, Ground, files_of, snapshot

LOG = "logs/sanhe/licence"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    ground = Ground(tmp_path)
    return ground.keep(ground.log().grow(3, 255, 1), ground.log(family="credit"), ground.log("tongzhou").grow(2))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in files_of(folder)}


def left_behind(folder: Path) -> list[str]:
    """What an export has left beside the node's folder."""
    return sorted(path.name for path in folder.iterdir() if "out" in path.name)


async def test_the_layout(ground: Ground, tmp_path: Path) -> None:
    before = snapshot(ground.node)
    steps: list[tuple[int, int]] = []
    done = await export(tmp_path / "out", str(ground.node), progress=lambda *step: steps.append(step))
    assert snapshot(ground.node) == before
    assert (done.logs, done.records, done.left_out) == (2, 261, (f"{NETWORK}/sanhe/credit",))
    assert steps[-1] == (261, 261)
    found = {str(path.relative_to(tmp_path / "out")) for path in files_of(tmp_path / "out")}
    tree = [tile.path for tile in (*tiles.tiles_of(259), *tiles.bundles_of(259))]
    assert {name[len(LOG) + 1 :] for name in found if name.startswith(LOG)} == {"checkpoint", "history/0", *tree}
    trust = {f"trust/{name}.json" for name in ("roster", "agreements", "catalogue")}
    schemas = {f"schemas/{name}-1.0.schema.json" for name in ("licence", "credit")}
    assert {name for name in found if not name.startswith("logs/")} == {"vkeys.txt", "SHA256SUMS", *trust, *schemas}
    assert left_behind(tmp_path) == ["out"]


async def test_bytes_are_those_of_the_node(ground: Ground, tmp_path: Path) -> None:
    await export(tmp_path / "out", str(ground.node))
    for name in ("roster", "agreements", "catalogue"):
        assert (tmp_path / f"out/trust/{name}.json").read_bytes() == (ground.node / f"trust/{name}.json").read_bytes()
    note = (tmp_path / "out" / LOG / "checkpoint").read_bytes()
    assert tiles.decode_history((tmp_path / "out" / LOG / "history/0").read_bytes())[-1] == note


async def test_every_key_ever_used_has_a_line_by_which_a_stranger_can_verify(ground: Ground, tmp_path: Path) -> None:
    await export(tmp_path / "out", str(ground.node))
    rows = [line.split(" ") for line in (tmp_path / "out/vkeys.txt").read_text().splitlines()]
    assert [" ".join(row) for row in rows] == lines(load(ground.node / "trust").roster)
    assert {row[2] for row in rows if row[0] == "record"} == {"*"}
    keys = {(key.name, key.key_id): key for row in rows for key in [VerifierKey.parse(row[3])]}
    read = checkpoint.read((tmp_path / "out" / LOG / "checkpoint").read_bytes(), f"{NETWORK}/sanhe/licence", keys)
    assert read.checkpoint.size == 259
    entry = tiles.decode_entries((tmp_path / "out" / LOG / "tile/entries/000").read_bytes())[17]
    assert [line.line.name for line in notes.verify(notes.parse(entry, 16), keys)] == [f"{NETWORK}/sanhe"]


async def test_sums_are_those_of_sha256sum(ground: Ground, tmp_path: Path) -> None:
    await export(tmp_path / "out", str(ground.node))
    for line in (tmp_path / "out/SHA256SUMS").read_text().splitlines():
        digest, _, path = line.partition("  ")
        assert hashlib.sha256((tmp_path / "out" / path).read_bytes()).hexdigest() == digest


async def test_an_export_can_be_exported_again(ground: Ground, tmp_path: Path) -> None:
    await export(tmp_path / "one", str(ground.node))
    await export(tmp_path / "two", str(tmp_path / "one"), trust=ground.node / "trust")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


async def test_an_empty_folder_is_taken_and_a_full_one_refused(ground: Ground, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    await export(tmp_path / "out", str(ground.node))
    before = snapshot(tmp_path / "out")
    with pytest.raises(CannotRun) as error:
        await export(tmp_path / "out", str(ground.node))
    assert error.value.reason == "export.destination"
    assert snapshot(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ("UPDATE entries SET entry = CAST(entry || x'0a' AS BLOB) WHERE key = 1099511627777", "entry 1"),
        ("UPDATE tiles SET hashes = zeroblob(8192) WHERE key = 281474976710656", "entry 0"),
        ("DELETE FROM entries WHERE key = 1099511627777", "entries"),
    ],
)
async def test_what_does_not_hold_is_not_exported(ground: Ground, tmp_path: Path, edit: str, said: str) -> None:
    ground.change("ledger.sqlite", edit)
    with pytest.raises(CannotRun, match=said) as error:
        await export(tmp_path / "out", str(ground.node))
    assert error.value.reason == "export.damaged"
    assert left_behind(tmp_path) == []


async def test_without_trust_data_nothing_is_exported(ground: Ground, tmp_path: Path) -> None:
    (ground.node / "trust").rename(tmp_path / "elsewhere")
    with pytest.raises(CannotRun) as error:
        await export(tmp_path / "out", str(ground.node))
    assert error.value.reason == "export.source"
    await export(tmp_path / "out", str(ground.node), trust=tmp_path / "elsewhere")
    assert (await audit(str(tmp_path / "out"))).ok
