"""Every kind of damage is named, and makes exit code 1; what is lacking makes 3; nothing at the source changes."""

from __future__ import annotations

import asyncio
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.auditor import audit
from gateway.audit.exporter import export
from gateway.audit.report import Report
from gateway.errors import CannotRun
from gateway.ledger import tiles
from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.ops.telling import told
from gateway.trust import notes
from gateway.trust.canonical import encode_base64
from tests.audit.auditbuilder import BASE, NETWORK, Ground, Written, files_of, filing, snapshot
from tests.records import builders
from tests.trust.signers import signer

LOG = "logs/sanhe/licence"
ENTRIES, ENTRIES_END = f"{LOG}/tile/entries/000", f"{LOG}/tile/entries/001.p/38"


async def exported(folder: Path, *logs: Written, ground: Ground) -> Path:
    ground.keep(*logs)
    await export(folder / "export", str(ground.node))
    return folder / "export"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of three logs; the first with a full tile, a partial one and a level above."""
    folder = tmp_path_factory.mktemp("whole")
    ground = Ground(folder)
    logs = (ground.log().grow(3, 250, 40, 1), ground.log(family="credit").grow(2), ground.log("tongzhou").grow(2, 3))
    return asyncio.run(exported(folder, *logs, ground=ground))


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "export"))


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def reasons(report: Report) -> list[str]:
    return [finding.reason for finding in report.findings]


def flip(file: Path, at: int = -1) -> None:
    raw = bytearray(file.read_bytes())
    raw[at] ^= 1
    file.write_bytes(raw)


def bundle(file: Path, change: Callable[[list[bytes]], Any]) -> None:
    """Edit a bundle's entries, or a history file's notes."""
    parts = tiles.decode_entries(file.read_bytes())
    change(parts)
    file.write_bytes(b"".join(struct.pack(">H", len(part)) + part for part in parts))


def swap(parts: list[bytes]) -> None:
    parts[10], parts[20] = parts[20], parts[10]


# A whole export


async def test_a_whole_export_is_clean_and_every_leaf_was_read(whole: Path) -> None:
    steps: list[tuple[int, int]] = []
    report = await audit(str(whole), progress=lambda done, total: steps.append((done, total)))
    assert (report.ok, report.exit_code, report.trust) == (True, 0, "found"), told(report)
    assert (len(report.logs), report.records, report.newer, report.erased) == (3, 301, 0, 0)
    assert steps[-1] == (301, 301)
    assert orjson.loads(orjson.dumps(report.to_json()))["findings"] == []


async def test_with_the_auditors_own_trust_data(whole: Path) -> None:
    report = await audit(str(whole), trust=whole / "trust")
    assert (report.ok, report.trust, report.notices) == (True, "given", ())


async def test_structure_alone_needs_no_keys(copy: Path) -> None:
    shutil.rmtree(copy / "trust")
    (copy / "SHA256SUMS").unlink()
    report = await audit(str(copy), structure_only=True)
    assert (report.ok, report.records, report.trust) == (True, 301, "none"), told(report)


async def test_an_export_without_sums_is_judged_without_them(copy: Path) -> None:
    (copy / "SHA256SUMS").unlink()
    assert (await audit(str(copy))).ok


# Damage: (what is done, what the first finding says)

Damage = tuple[Callable[[Path], Any], set[str]]


def forge(folder: Path, *, signed: bool) -> None:
    """Change a record's text, and make the whole tree fit it; the checkpoint can't be signed by a stranger."""
    log = folder / LOG
    entries = [e for file in (folder / ENTRIES, folder / ENTRIES_END) for e in tiles.decode_entries(file.read_bytes())]
    entries[7] = entries[7].replace("示例甲食品".encode(), "示例乙食品".encode())
    if signed:  # by a key of the stranger's own, under the jurisdiction's name
        line = entries[7].rpartition(b"\n\n")[0] + b"\n"
        entries[7] = notes.sign(line, signer(f"{NETWORK}/sanhe"))
    hashes = [leaf_hash(entry) for entry in entries]
    for tile, raw in tiles.build_tiles(hashes):
        (log / tile.path).write_bytes(raw)
    (folder / ENTRIES).write_bytes(tiles.encode_entries(entries[:256]))
    (folder / ENTRIES_END).write_bytes(tiles.encode_entries(entries[256:]))
    sealed = tiles.decode_history((log / "history/0").read_bytes())
    forged = [rerooted(note, hashes[: size_of(note)]) for note in sealed]
    (log / "history/0").write_bytes(tiles.encode_history(forged))
    (log / "checkpoint").write_bytes(forged[-1])


def size_of(note: bytes) -> int:
    return int(note.split(b"\n")[1])


def rerooted(note: bytes, hashes: list[bytes]) -> bytes:
    origin, size, _, rest = note.split(b"\n", 3)
    root = encode_base64(Frontier.from_hashes(hashes).root())
    return b"\n".join((origin, size, root, rest))


def roll_back(folder: Path) -> None:
    """The checkpoint of an earlier size, under the tiles of now."""
    (folder / LOG / "checkpoint").write_bytes(tiles.decode_history((folder / LOG / "history/0").read_bytes())[1])


def on_history(change: Callable[[list[bytes]], Any]) -> Callable[[Path], None]:
    return lambda folder: bundle(folder / LOG / "history/0", change)


def written(path: str, content: bytes = b"x") -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)

    return write


DAMAGES: dict[str, Damage] = {
    "entry flipped": (lambda f: flip(f / ENTRIES, 5000), {"leaf.hash"}),
    "entry flipped at the end": (lambda f: flip(f / ENTRIES_END), {"leaf.hash"}),
    "entry length flipped": (lambda f: flip(f / ENTRIES, 0), {"tile.form", "tile.width", "leaf.hash"}),
    "leaf tile flipped": (lambda f: flip(f / LOG / "tile/0/000", 320), {"leaf.hash"}),
    "partial leaf tile flipped": (lambda f: flip(f / LOG / "tile/0/001.p/38"), {"leaf.hash"}),
    "upper tile flipped": (lambda f: flip(f / LOG / "tile/1/000.p/1"), {"tile.mismatch"}),
    "tile replaced": (lambda f: shutil.copy(f / LOG / "tile/0/000", f / LOG / "tile/0/001.p/38"), {"tile.width"}),
    "tile grown": (lambda f: (f / LOG / "tile/1/000.p/1").write_bytes(bytes(64)), {"tile.width"}),
    "leaves swapped": (lambda f: bundle(f / ENTRIES, swap), {"leaf.hash"}),
    "leaf dropped": (lambda f: bundle(f / ENTRIES, lambda parts: parts.pop(10)), {"tile.width"}),
    "leaf added": (lambda f: bundle(f / ENTRIES_END, lambda parts: parts.append(parts[0])), {"tile.width"}),
    "leaf doubled": (lambda f: bundle(f / ENTRIES, lambda parts: parts.__setitem__(9, parts[8])), {"leaf.hash"}),
    "leaf emptied": (lambda f: bundle(f / ENTRIES, lambda parts: parts.__setitem__(9, b"")), {"leaf.erased"}),
    "bundle truncated": (lambda f: (f / ENTRIES).write_bytes((f / ENTRIES).read_bytes()[:-1]), {"tile.form"}),
    "bundle empty": (written(ENTRIES, b""), {"tile.form"}),
    "checkpoint root changed": (lambda f: reroot(f / LOG / "checkpoint"), {"signature.invalid"}),
    "checkpoint flipped": (lambda f: flip(f / LOG / "checkpoint"), {"note.form", "note.base64", "signature.invalid"}),
    "forged leaf, own tree": (lambda f: forge(f, signed=False), {"signature.invalid"}),
    "forged leaf, own tree and key": (lambda f: forge(f, signed=True), {"signature.invalid"}),
    "old checkpoint, new tiles": (roll_back, {"file.missing"}),
    "history flipped": (lambda f: flip(f / LOG / "history/0"), {"note.form"}),
    "history signature flipped": (lambda f: flip(f / LOG / "history/0", -9), {"note.base64", "signature.invalid"}),
    "newest seal gone": (on_history(lambda parts: parts.pop()), {"leaf.unsealed"}),
    "first seal gone": (on_history(lambda parts: parts.pop(0)), {"file.sum"}),
    "seals reordered": (on_history(lambda parts: parts.reverse()), {"history.order"}),
    "seal doubled": (on_history(lambda parts: parts.insert(1, parts[0])), {"history.order"}),
    "history of another log": (
        lambda f: shutil.copy(f / "logs/tongzhou/licence/history/0", f / LOG / "history/0"),
        {"checkpoint.origin"},
    ),
    "history empty": (written(f"{LOG}/history/0", b""), {"history.form"}),
    "history file too many": (written(f"{LOG}/history/1"), {"history.width", "history.form"}),
    "stray history file": (written(f"{LOG}/history/7"), {"file.unexpected"}),
    "stray tile": (written(f"{LOG}/tile/0/001"), {"file.unexpected"}),
    "stray partial tile": (written(f"{LOG}/tile/entries/001.p/37"), {"file.unexpected"}),
    "stray file in a log": (written(f"{LOG}/readme.txt"), {"file.unexpected"}),
    "stray file beside the logs": (written("logs/readme.txt"), {"file.unexpected"}),
    "stray file beside a log": (written("logs/sanhe/readme.txt"), {"file.unexpected"}),
    "stray trust file": (written("trust/roster.old.json"), {"file.unexpected"}),
    "stray schema": (written("schemas/more.json"), {"file.unexpected"}),
    "log folder without a checkpoint": (written("logs/sanhe/inspection/tile/0/000"), {"log.unknown"}),
    "a whole log removed": (lambda f: shutil.rmtree(f / "logs/tongzhou"), {"file.missing"}),
    "roster flipped": (lambda f: flip(f / "trust/roster.json", 40), {"trust.form", "file.sum"}),
    "agreements flipped": (lambda f: flip(f / "trust/agreements.json"), {"trust.form"}),
    "schema flipped": (lambda f: flip(f / "schemas/licence-1.0.schema.json", 60), {"schema.invalid", "schema.changed"}),
    "a key renamed": (lambda f: replace(f / "vkeys.txt", b"record sanhe", b"record tongzhou"), {"vkeys.unknown"}),
    "a key left out": (lambda f: drop_line(f / "vkeys.txt"), {"vkeys.missing"}),
    "keys flipped": (lambda f: flip(f / "vkeys.txt"), {"file.form"}),
    "sums flipped": (lambda f: flip(f / "SHA256SUMS", 3), {"file.sum", "file.form"}),
}  # fmt: skip
MISSING = (
    "checkpoint", "history/0", "tile/0/000", "tile/0/001.p/38", "tile/1/000.p/1",
    "tile/entries/000", "tile/entries/001.p/38",
)  # fmt: skip


def reroot(file: Path) -> None:
    file.write_bytes(rerooted(file.read_bytes(), [bytes(32)]))


def replace(file: Path, old: bytes, new: bytes) -> None:
    assert old in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(old, new))


def drop_line(file: Path) -> None:
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[1:]))


@pytest.mark.parametrize("name", DAMAGES)
async def test_damage_is_named(copy: Path, name: str) -> None:
    damage, expected = DAMAGES[name]
    damage(copy)
    before = snapshot(copy)
    report = await audit(str(copy))
    assert report.exit_code == 1, told(report)
    assert reasons(report)[0] in expected, told(report)
    assert snapshot(copy) == before
    assert all(finding.zh and finding.en for finding in report.findings)


@pytest.mark.parametrize("name", MISSING)
async def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / LOG / name).unlink()
    report = await audit(str(copy))
    assert report.exit_code == 1, told(report)
    assert ("file.missing", f"{LOG}/{name}") in {(f.reason, f.file) for f in report.findings}, told(report)


@pytest.mark.parametrize("name", ["vkeys.txt", "trust/catalogue.json", "schemas/credit-1.0.schema.json"])
async def test_a_missing_file_outside_the_logs_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    report = await audit(str(copy))
    assert report.exit_code == 1, told(report)


STRUCTURAL = [
    name for name in DAMAGES if name.startswith(("entry", "leaf", "leaves", "tile", "upper", "bundle", "old", "stray"))
]


@pytest.mark.parametrize("name", STRUCTURAL)
async def test_structure_alone_names_structural_damage(copy: Path, name: str) -> None:
    DAMAGES[name][0](copy)
    assert (await audit(str(copy), structure_only=True)).exit_code == 1


async def test_the_index_of_the_first_bad_leaf_is_named(copy: Path) -> None:
    bundle(copy / ENTRIES, swap)
    first = (await audit(str(copy))).findings[0]
    assert (first.reason, first.log, first.index) == ("leaf.hash", f"{NETWORK}/sanhe/licence", 10)


async def test_a_pipe_in_place_of_a_file_is_not_waited_for(copy: Path) -> None:
    (copy / LOG / "tile/0/000").unlink()
    os.mkfifo(copy / LOG / "tile/0/000")
    assert "file.form" in reasons(await audit(str(copy)))


# History that only an owner's key could have signed, and should not have


async def test_a_note_missing_from_a_full_history_file(tmp_path: Path, ground: Ground) -> None:
    folder = await exported(tmp_path, ground.log().grow(*[1] * 258), ground=ground)
    assert (await audit(str(folder))).ok
    bundle(folder / LOG / "history/0", lambda parts: parts.pop(3))
    (folder / "SHA256SUMS").unlink()
    assert reasons(await audit(str(folder))) == ["history.width"]


async def test_dates_that_go_back(tmp_path: Path, ground: Ground) -> None:
    log = ground.log().grow(2)
    log.add(log.entry(filing(2))).seal(date=BASE - 5)
    report = await audit(str(ground.keep(log).node))
    assert "history.date" in reasons(report), told(report)
    with pytest.raises(CannotRun, match="dated before"):
        await export(tmp_path / "export", str(ground.node))


async def test_a_seal_over_another_tree(ground: Ground) -> None:
    log = ground.log().grow(2)
    log.add(log.entry(filing(2))).seal(root=bytes(32)).grow(1)
    assert reasons(await audit(str(ground.keep(log).node)))[0] == "root.mismatch"


async def test_a_checkpoint_dated_before_the_newest_seal(tmp_path: Path, ground: Ground) -> None:
    log = ground.log().grow(2, 1)
    folder = await exported(tmp_path, log, ground=ground)
    (folder / LOG / "checkpoint").write_bytes(log.checkpoint(3, log.seals[-1].root, BASE))
    assert reasons(await audit(str(folder)))[0] == "checkpoint.date"


# Leaves that the gate refuses


def quoted(log: Written, **members: Any) -> bytes:
    return log.entry(filing(len(log.entries)), **members)


def unsigned(log: Written) -> bytes:
    entry = quoted(log).rpartition(b"\n\n")[0] + b"\n"
    return notes.sign(entry, signer(f"{NETWORK}/sanhe"))


FORGED: dict[str, tuple[Callable[[Written], bytes], str]] = {
    "unknown key": (unsigned, "key.unknown"),
    "altered byte": (lambda log: quoted(log).replace(b"2024-03-01", b"2024-03-02"), "signature.invalid"),
    "replayed id": (lambda log: quoted(log, id=orjson.loads(log.entries[0].split(b"\n")[0])["id"]), "record.replayed"),
    "time going back": (lambda log: log.entry(filing(0), time="2020-01-01T00:00:00.000Z"), "time.backwards"),
    "time ahead": (lambda log: quoted(log, time="2030-01-01T00:00:00.000Z"), "time.future"),
    "another source": (lambda log: quoted(log, source="urn:jjj:tongzhou"), "source.mismatch"),
    "not the form": (lambda log: log.sign(b'{"a": 1}'), "form.white_space"),
    "no note": (lambda log: b"rubbish", "note.form"),
    "unknown schema": (lambda log: quoted(log, dataschema="urn:jjj:schema:licence:9.0"), "schema.unknown"),
    "objection to nothing": (lambda log: quoted(log, type="jjj.licence.objected"), "state.no_previous"),
}


@pytest.mark.parametrize("name", FORGED)
async def test_a_leaf_that_the_gate_refuses(ground: Ground, name: str) -> None:
    make, reason = FORGED[name]
    log = ground.log().grow(3)
    log.add(make(log)).grow(1)
    report = await audit(str(ground.keep(log).node))
    assert [(f.reason, f.index) for f in report.findings] == [(reason, 3)], told(report)
    assert report.exit_code == 1


NEWER = {"dataschema": "urn:jjj:schema:licence:1.1"}


async def test_leaves_of_a_newer_schema_are_listed(tmp_path: Path, ground: Ground) -> None:
    log = ground.log().grow(3)
    log.add(log.entry(filing(100), **NEWER)).grow(1)
    folder = await exported(tmp_path, log, ground=ground)
    report = await audit(str(folder))
    assert (report.exit_code, report.newer, report.logs[0].listed[0].index) == (0, 1, 3), told(report)


async def test_what_follows_a_newer_leaf_is_not_held_against_it(ground: Ground) -> None:
    log = ground.log().grow(3)
    log.add(log.entry(filing(0), type="jjj.licence.suspended", **NEWER))
    suspended = filing(0) | {"state": {"code": "02", "since": "2024-03-01"}}
    log.add(log.entry(suspended, type="jjj.licence.objected")).seal()
    report = await audit(str(ground.keep(log).node))
    assert [(leaf.reason, leaf.index) for leaf in report.logs[0].listed] == [("schema.newer", 3), ("state.mismatch", 4)]
    assert report.exit_code == 0, told(report)


# Erased


def erased(log: Written, index: int) -> bytes:
    subject = orjson.loads(log.entries[index].split(b"\n")[0])["subject"]
    data = builders.correction(index, leaf_hash(log.entries[index]))
    return log.entry(data, type="jjj.licence.erased", subject=subject)


def erase(folder: Path, *indexes: int) -> None:
    file = next((folder / LOG / "tile/entries").glob("000*"))
    file = next(file.iterdir()) if file.is_dir() else file
    bundle(file, lambda parts: [parts.__setitem__(index, b"") for index in indexes])


@pytest.mark.parametrize("structure_only", [False, True])
async def test_an_erased_leaf_whose_commitment_is_intact(tmp_path: Path, ground: Ground, structure_only: bool) -> None:
    log = ground.log().grow(3)
    objected = log.entry(filing(1), type="jjj.licence.objected")
    log.add(objected).seal().add(erased(log, 1)).grow(1)
    folder = await exported(tmp_path, log, ground=ground)
    erase(folder, 1)
    report = await audit(str(folder), structure_only=structure_only)
    assert (report.exit_code, report.erased, report.records) == (0, 1, 6), told(report)
    assert [leaf.index for leaf in report.logs[0].listed] == ([] if structure_only else [3])


@pytest.mark.parametrize("structure_only", [False, True])
async def test_an_empty_leaf_that_no_record_declares_is_damage(
    tmp_path: Path, ground: Ground, structure_only: bool
) -> None:
    log = ground.log().grow(3)
    log.add(erased(log, 1)).grow(1)
    folder = await exported(tmp_path, log, ground=ground)
    erase(folder, 1, 2)
    report = await audit(str(folder), structure_only=structure_only)
    assert [(f.reason, f.index) for f in report.findings] == [("leaf.erased", 2)], told(report)


# Lacking bytes or keys; no source


async def test_without_any_trust_data_keys_are_lacking(copy: Path) -> None:
    shutil.rmtree(copy / "trust")
    (copy / "SHA256SUMS").unlink()
    report = await audit(str(copy))
    assert (report.exit_code, reasons(report), report.trust) == (3, ["trust.none"], "none")


async def test_a_log_that_the_given_roster_does_not_know(copy: Path, tmp_path: Path) -> None:
    roster = orjson.loads((copy / "trust/roster.json").read_bytes())
    del roster["jurisdictions"][1]
    mine = tmp_path / "mine"
    shutil.copytree(copy / "trust", mine)
    (mine / "roster.json").write_bytes(orjson.dumps(roster))
    report = await audit(str(copy), trust=mine)
    assert (report.exit_code, reasons(report)) == (3, ["log.unknown"]), told(report)
    assert any("vkeys.txt" in notice for notice in report.notices)


async def test_an_export_without_a_log_is_not_called_clean(copy: Path) -> None:
    for log in (copy / "logs").iterdir():
        shutil.rmtree(log)
    (copy / "SHA256SUMS").unlink()
    report = await audit(str(copy))
    assert (report.exit_code, reasons(report)) == (3, ["source.empty"])


@pytest.mark.parametrize("source", ["nowhere", ".", "http://127.0.0.1:9", "amqp://127.0.0.1:9"])
async def test_what_is_no_source(tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotRun) as error:
        await audit(source)
    assert error.value.reason == "source.unknown"


async def test_trust_data_that_cannot_be_used(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotRun) as error:
        await audit(str(whole), trust=tmp_path)
    assert error.value.reason == "trust.missing"


async def test_a_size_that_somebody_only_claims_costs_nothing(copy: Path) -> None:
    file = copy / LOG / "checkpoint"
    file.write_bytes(file.read_bytes().replace(b"\n294\n", b"\n9007199254740991\n"))
    assert reasons(await audit(str(copy)))[0] == "signature.invalid"
    assert (await audit(str(copy), structure_only=True)).exit_code == 1


# Any single byte


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    ground = Ground(folder)
    return asyncio.run(exported(folder, ground.log().grow(2, 1), ground=ground))


@settings(max_examples=120)
@given(data=st.data())
async def test_no_single_changed_byte_goes_unseen(small: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(list(files_of(small))))
    whole = file.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != whole[at]))
    try:
        file.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
        report = await audit(str(small))
    finally:
        file.write_bytes(whole)
    assert report.exit_code == 1, (file, at, byte)
