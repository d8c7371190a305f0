"""A node's data folder and a node's URL as sources: edited rows, a node that runs, a node that goes away."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from gateway.audit.auditor import audit
from gateway.audit.exporter import export
from gateway.audit.report import Report
from gateway.ledger import logbook
from gateway.ledger.highwater import HighWater
from gateway.ledger.merkle import leaf_hash
from gateway.node import rejudge
from gateway.ops.telling import told
from tests.audit.auditbuilder import NETWORK, Ground, filing, snapshot
from tests.simulator import World
from tests.web import desk

LEDGER, MIRRORS = "ledger.sqlite", "mirrors.sqlite"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    ground = Ground(tmp_path)
    return ground.keep(ground.log().grow(3, 2), ground.log(family="credit").grow(2), ground.log("tongzhou").grow(2, 1))


def reasons(report: Report) -> list[str]:
    return [finding.reason for finding in report.findings]


async def test_a_nodes_folder_is_clean_in_every_spelling_and_untouched(ground: Ground) -> None:
    before = snapshot(ground.node)
    for source in (ground.node, ground.node / "node.toml", ground.data):
        report = await audit(str(source))
        assert (report.exit_code, len(report.logs), report.records) == (0, 3, 10), told(report)
    assert snapshot(ground.node) == before


async def test_a_folder_on_a_read_only_shelf(ground: Ground) -> None:
    for path in (ground.data, *ground.data.iterdir()):
        path.chmod(0o500 if path.is_dir() else 0o400)
    assert (await audit(str(ground.node))).ok


# Rows edited behind the node's back

Edit = Callable[[Ground], None]


def sql(name: str, *statements: str) -> Edit:
    return lambda ground: ground.change(name, *statements)


def edit_entry_and_tree(ground: Ground) -> None:
    """Other bytes for one entry, and every stored tile made to fit them."""
    with closing(sqlite3.connect(ground.data / LEDGER)) as connection, connection:
        entries = list(logbook.entries(connection, 1, 0, 5))
        entries[2] = entries[2].replace("示例甲食品".encode(), "示例乙食品".encode())
        connection.execute("UPDATE entries SET entry = ? WHERE key = ?", (entries[2], logbook.key_of(1, 2)))
        hashes = b"".join(leaf_hash(entry) for entry in entries)
        connection.execute("UPDATE tiles SET hashes = ? WHERE key = ?", (hashes, 1 << 48))


def raise_mark(ground: Ground) -> None:
    mark = HighWater(ground.data / "licence.highwater")
    mark.read()
    mark.write(9, bytes(32))


def other_mark(ground: Ground) -> None:
    mark = HighWater(ground.data / "licence.highwater")
    mark.read()
    mark.write(4, bytes(32))


def cut(name: str, size: int) -> Edit:
    return lambda ground: os.truncate(ground.data / name, size)


LEAF, TILE, INDEX = logbook.key_of(1, 1), 1 << 48, logbook.INDEX_MASK
EDITS: dict[str, tuple[Edit, str]] = {
    "entry and tree": (edit_entry_and_tree, "signature.invalid"),
    "entry": (sql(LEDGER, f"UPDATE entries SET entry = CAST(entry || 'x' AS BLOB) WHERE key = {LEAF}"), "leaf.hash"),
    "entry as text": (sql(LEDGER, f"UPDATE entries SET entry = 'abc' WHERE key = {LEAF}"), "ledger.corrupt"),
    "entry gone": (sql(LEDGER, f"DELETE FROM entries WHERE key = {LEAF}"), "tile.width"),
    "entry too many": (
        sql(LEDGER, f"INSERT INTO entries SELECT key + 1, entry FROM entries WHERE key = {LEAF + 3}"),
        "file.unexpected",
    ),
    "tile": (sql(LEDGER, f"UPDATE tiles SET hashes = zeroblob(160) WHERE key = {TILE}"), "leaf.hash"),
    "tile too many": (
        sql(LEDGER, "INSERT INTO tiles SELECT key + 1, hashes FROM tiles WHERE key >> 48 = 1"),
        "file.unexpected",
    ),
    "seal gone": (sql(MIRRORS, f"DELETE FROM seals WHERE key & {INDEX} = 3"), "tile.width"),
    "seal below the newest gone": (sql(LEDGER, f"DELETE FROM seals WHERE key & {INDEX} = 3"), "index.other"),
    "seal's date": (sql(LEDGER, f"UPDATE seals SET date = date + 1 WHERE key & {INDEX} = 3"), "ledger.rows"),
    "seal's root": (sql(MIRRORS, f"UPDATE seals SET root = zeroblob(32) WHERE key & {INDEX} = 2"), "ledger.rows"),
    "size": (sql(LEDGER, "UPDATE logs SET size = 4 WHERE number = 1"), "ledger.size"),
    "rows of no log": (sql(MIRRORS, "INSERT INTO entries VALUES (99 << 40, x'00')"), "ledger.rows"),
    "log gone": (sql(LEDGER, "DELETE FROM logs WHERE number = 2"), "ledger.rows"),
    "state": (sql(MIRRORS, f"UPDATE records SET state = '07' WHERE key & {INDEX} = 1"), "index.other"),
    "record of the index gone": (sql(LEDGER, f"DELETE FROM records WHERE key & {INDEX} = 1"), "index.other"),
    "quarantine invented": (
        sql(LEDGER, f"INSERT INTO quarantine VALUES ({LEAF}, 'x', 'y', 'z', '', '', 0, 0)"),
        "index.other",
    ),
    "search term gone": (sql(LEDGER, "DELETE FROM terms WHERE kind = 'number' AND subject = 1"), "index.other"),
    "id's place": (sql(LEDGER, "UPDATE ids SET first = first + 1 WHERE first = 1"), "index.other"),
    "subject renamed": (sql(LEDGER, "UPDATE subjects SET subject = subject || '1' WHERE number = 2"), "index.other"),
    "logged time": (sql(LEDGER, "UPDATE records SET logged = logged - 1"), "index.other"),
    "frozen": (sql(MIRRORS, "UPDATE logs SET frozen = 'log.fork'"), "log.frozen"),
    "high water above": (raise_mark, "highwater.ahead"),
    "high water of another tree": (other_mark, "highwater.other"),
    "high water gone": (lambda ground: (ground.data / "credit.highwater").unlink(), "highwater.missing"),
    "high water damaged": (cut("credit.highwater", 10), "highwater.damaged"),
    "ledger gone": (lambda ground: (ground.data / LEDGER).unlink(), "file.missing"),
    "ledger cut short": (cut(LEDGER, 8192), "ledger.corrupt"),
    "no database": (lambda ground: (ground.data / MIRRORS).write_bytes(b"rubbish" * 1000), "ledger.corrupt"),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
async def test_an_edited_data_folder(ground: Ground, name: str) -> None:
    edit, reason = EDITS[name]
    edit(ground)
    before = snapshot(ground.node)
    report = await audit(str(ground.node))
    assert report.exit_code == 1, told(report)
    assert reasons(report)[0] == reason, told(report)
    assert snapshot(ground.node) == before


@pytest.mark.parametrize("name", ["entry and tree", "entry", "entry gone", "tile", "seal gone"])
async def test_an_edited_data_folder_by_structure_alone(ground: Ground, name: str) -> None:
    EDITS[name][0](ground)
    assert (await audit(str(ground.node), structure_only=True)).exit_code == 1


async def test_quarantine_is_part_of_the_index(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    log = ground.log("tongzhou").grow(2)
    log.add(log.entry(filing(9), dataschema="urn:jjj:schema:licence:1.1")).grow(1)
    ground.keep(log)
    assert (await audit(str(ground.node))).exit_code == 0
    ground.change(MIRRORS, "DELETE FROM quarantine")
    assert reasons(await audit(str(ground.node))) == ["index.other"]


async def test_an_index_of_other_trust_data_is_left_alone_and_that_is_said(ground: Ground) -> None:
    with closing(sqlite3.connect(ground.data / LEDGER)) as connection, connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = ?", ("other", rejudge.JUDGED_WITH))
    report = await audit(str(ground.node))
    assert report.ok
    assert any("ledger.sqlite" in notice for notice in report.notices)


async def test_an_empty_log_is_no_fault(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    report = await audit(str(ground.keep().node))
    assert (report.exit_code, reasons(report)) == (3, ["source.empty"])  # no log at all: nothing was checked
    ground.change(
        LEDGER,
        f"INSERT INTO logs (origin, jurisdiction, family) VALUES ('{NETWORK}/sanhe/licence', 'sanhe', 'licence')",
    )
    report = await audit(str(ground.node))
    assert (report.exit_code, report.records) == (0, 0), told(report)


# Write-ahead log, running nodes


@contextmanager
def left_open(ground: Ground) -> Iterator[None]:
    """Changes that stand in the write-ahead log only, as after a node was killed."""
    connection = sqlite3.connect(ground.data / LEDGER, isolation_level=None)
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("UPDATE records SET state = '07'")
    try:
        yield
    finally:
        connection.close()


async def test_what_the_write_ahead_log_holds_counts_and_nothing_is_written(ground: Ground, tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    with left_open(ground):
        killed.mkdir()
        for file in ground.data.iterdir():
            if not file.name.endswith("-shm"):
                (killed / file.name).write_bytes(file.read_bytes())
    (ground.data).rename(tmp_path / "old")
    killed.rename(ground.data)
    assert (ground.data / f"{LEDGER}-wal").stat().st_size > 0
    before = snapshot(ground.node)
    assert "index.other" in reasons(await audit(str(ground.node)))
    assert snapshot(ground.node) == before


async def test_a_folder_that_changes_while_it_is_read(ground: Ground) -> None:
    def progress(done: int, total: int) -> None:
        (ground.data / f"{LEDGER}-wal").write_bytes(b"something")

    report = await audit(str(ground.node), progress=progress)
    assert (report.exit_code, reasons(report)) == (3, ["source.changed"]), told(report)


async def test_a_locked_folder_is_read_beside_its_node(ground: Ground) -> None:
    with closing(sqlite3.connect(ground.data / LEDGER)) as node, (ground.data / "lock").open("w") as lock:
        node.execute("SELECT count(*) FROM entries").fetchone()
        fcntl.flock(lock, fcntl.LOCK_EX)
        report = await audit(str(ground.node))
    assert (report.exit_code, report.records) == (0, 10), told(report)


async def test_a_running_node_by_folder_and_by_url(tmp_path: Path) -> None:
    async with World(tmp_path / "net", "sanhe", "tongzhou") as world, desk.opened(world, "sanhe") as node:
        for first in (0, 40):
            await node.publish([desk.draft(serial) for serial in range(first + 1, first + 41)])
        trust = world.folder / "tongzhou" / "trust"
        for source in (str(world.folder / "sanhe"), node.serving.url):
            report = await audit(source, trust=trust)
            assert (report.exit_code, report.records, report.trust) == (0, 80, "given"), told(report)
            assert (await audit(source, structure_only=True)).ok
        found = await audit(node.serving.url)
        assert (found.exit_code, found.trust) == (0, "found"), told(found)
        done = await export(tmp_path / "export", node.serving.url)
        assert done.records == 80
    assert (await audit(str(tmp_path / "export"))).ok


# A node that shows a log, and hides or loses some of it


class Shown:
    """An export shown over HTTP as a node would; ``gone``: status of each path that is not given."""

    def __init__(self, folder: Path, origin: str) -> None:
        self.gone: dict[str, int] = {}
        self._folder = folder
        self._origin = origin

    async def logs(self, request: web.Request) -> web.Response:
        log = {"origin": self._origin, "jurisdiction": "sanhe", "family": "licence", "size": 5, "checkpoint": "…"}
        return web.json_response({"logs": [log]})

    async def schemas(self, request: web.Request) -> web.Response:
        return web.json_response({"schemas": [file.name for file in (self._folder / "schemas").iterdir()]})

    async def file(self, request: web.Request) -> web.Response:
        path = request.path.lstrip("/").replace("trust/schemas", "schemas")
        status = next((status for name, status in self.gone.items() if path.endswith(name)), 0)
        if status or not (self._folder / path).is_file():
            return web.Response(status=status or 404)
        return web.Response(body=(self._folder / path).read_bytes())


@pytest.fixture
async def shown(tmp_path: Path, aiohttp_server: Callable[..., object]) -> tuple[Shown, str]:
    ground = Ground(tmp_path)
    ground.keep(ground.log().grow(3, 2))
    await export(tmp_path / "export", str(ground.node))
    server = Shown(tmp_path / "export", f"{NETWORK}/sanhe/licence")
    app = web.Application()
    app.add_routes(
        [
            web.get("/v1/logs", server.logs),
            web.get("/trust/schemas/", server.schemas),
            web.get("/{path:.*}", server.file),
        ]
    )
    running = await aiohttp_server(app)
    return server, str(running.make_url("")).rstrip("/")


@pytest.mark.parametrize(
    ("gone", "reason", "code"),
    [
        ({}, [], 0),
        ({"entries/000.p/5": 404}, ["file.missing"], 1),
        ({"tile/0/000.p/5": 404}, ["file.missing"], 1),
        ({"checkpoint": 404}, ["file.missing"], 1),
        ({"history/0": 404}, ["leaf.unsealed", "history.newest"], 1),
        ({"entries/000.p/5": 503}, ["source.unreachable"], 3),
        ({"checkpoint": 500}, ["source.unreachable"], 3),
        ({"roster.json": 404}, ["trust.none"], 3),
    ],
)
async def test_what_a_node_does_not_give(
    shown: tuple[Shown, str], gone: dict[str, int], reason: list[str], code: int
) -> None:
    server, url = shown
    server.gone = gone
    report = await audit(url)
    assert (report.exit_code, reasons(report)) == (code, reason), told(report)


async def test_damage_over_http(shown: tuple[Shown, str], tmp_path: Path) -> None:
    file = tmp_path / "export/logs/sanhe/licence/tile/entries/000.p/5"
    file.write_bytes(file.read_bytes().replace("示例甲".encode(), "示例乙".encode(), 1))
    report = await audit(shown[1])
    assert (report.exit_code, reasons(report)[0], report.findings[0].index) == (1, "leaf.hash", 0)
