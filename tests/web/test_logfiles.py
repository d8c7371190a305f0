"""/logs/…: every file of an own and of a mirrored log, held against the tree computed anew from the entries."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.ledger import checkpoint, logbook, merkle, tiles
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.logbook import Seal
from gateway.trust import notes
from gateway.web.overview import witnesses_json
from tests.simulator import eventually
from tests.web.desk import Desk, draft, founded, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEALS = 257
LEAVES = 300
LOG = "/logs/sanhe/licence"
IMMUTABLE = "public, max-age=31536000, immutable"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own(desk: Desk) -> Desk:
    """The node of sanhe with 300 leaves under 257 sealed checkpoints: a tile, a bundle and a history file are full."""
    for serial in range(SEALS - 1):
        assert (await desk.publish(draft(serial))).json["size"] == serial + 1
    await desk.publish([draft(serial) for serial in range(SEALS - 1, LEAVES)])
    assert desk.size() == LEAVES
    return desk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mirror(own: Desk) -> AsyncIterator[Desk]:
    """The node of tongzhou, which holds all of sanhe's log."""
    async with opened(own.world, "tongzhou") as desk:
        follower = desk.node.followers["jjj.test/sanhe/licence"]
        await eventually(lambda: follower.log.size == LEAVES, "tongzhou holds sanhe's log")
        yield desk


@pytest.fixture(params=["own", "mirror"])
def holder(request: pytest.FixtureRequest, own: Desk, mirror: Desk) -> Desk:
    """Either of them: nobody can tell a mirror's files from the owner's."""
    return own if request.param == "own" else mirror


async def entries_of(desk: Desk, size: int = LEAVES) -> list[bytes]:
    found: list[bytes] = []
    for tile in tiles.bundles_of(size):
        found += tiles.decode_entries((await desk.get(f"{LOG}/{tile.path}")).body)
    return found


async def test_the_checkpoint_is_that_of_the_entries(holder: Desk) -> None:
    reply = await holder.get(f"{LOG}/checkpoint")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.headers["Cache-Control"] == "no-cache"
    keys = holder.node.trust.current.roster.verifier_keys
    tree = checkpoint.read(reply.body, "jjj.test/sanhe/licence", keys, require_date=True).checkpoint
    hashes = [hashlib.sha256(b"\0" + entry).digest() for entry in await entries_of(holder)]
    assert tree == Checkpoint("jjj.test/sanhe/licence", LEAVES, naive_root(hashes))


def naive_root(hashes: list[bytes]) -> bytes:
    """RFC 6962 §2.1, as it stands there."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + naive_root(hashes[:split]) + naive_root(hashes[split:])).digest()


async def test_every_tile_is_that_of_the_entries(holder: Desk) -> None:
    hashes = [merkle.leaf_hash(entry) for entry in await entries_of(holder)]
    seen = []
    for tile, expected in tiles.build_tiles(hashes):
        reply = await holder.get(f"{LOG}/{tile.path}")
        assert (reply.status, reply.body) == (200, expected), tile
        assert reply.headers["Content-Type"] == "application/octet-stream"
        assert reply.headers["Cache-Control"] == IMMUTABLE
        seen.append(tile.path)
    assert seen == ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"]


async def test_a_partial_tile_of_any_width_is_cut_from_what_is_held(holder: Desk) -> None:
    whole = (await holder.get(f"{LOG}/tile/0/000")).body
    bundle = tiles.decode_entries((await holder.get(f"{LOG}/tile/entries/000")).body)
    for width in (1, 2, 3, 44, 100, 254, 255):
        assert (await holder.get(f"{LOG}/tile/0/000.p/{width}")).body == whole[: 32 * width]
        part = (await holder.get(f"{LOG}/tile/entries/000.p/{width}")).body
        assert tiles.decode_entries(part) == bundle[:width]


NOT_THERE = [
    "tile/0/001",
    "tile/0/001.p/45",
    "tile/0/001.p/255",
    "tile/0/002.p/1",
    "tile/1/000",
    "tile/1/000.p/2",
    "tile/2/000.p/1",
    "tile/6/000.p/1",
    "tile/entries/001",
    "tile/entries/001.p/45",
    "tile/entries/x001/000",
    "history/2",
    "history/9999999999",
]
NO_NAME = [
    "tile/0/000.p/0",
    "tile/0/000.p/256",
    "tile/0/000.p/01",
    "tile/0/0",
    "tile/0/x000/000",
    "tile/00/000",
    "tile/7/000.p/1",
    "tile/-1/000",
    "tile/0/000/",
    "tile/0/000.p",
    "tile/entries/000.p/1/2",
    "tile/entries/..%2f..%2fnode.toml",
    "history/00",
    "history/-1",
    "history/x000",
    "history/0.p/1",
    "tile/0/\u0660\u0660\u0660",
]


@pytest.mark.parametrize("path", NOT_THERE)
async def test_what_the_checkpoint_does_not_cover_is_not_there(holder: Desk, path: str) -> None:
    holder.refused(await holder.get(f"{LOG}/{path}"), 404, "not_found.file")


@pytest.mark.parametrize("path", NO_NAME)
async def test_a_name_has_one_spelling(own: Desk, path: str) -> None:
    reply = await own.get(f"{LOG}/{path}")
    assert (reply.status, reply.json["reason"]) in [(404, "not_found.file"), (404, "route.unknown")]


@pytest.mark.parametrize("log", ["sanhe/permits", "nowhere/licence", "sanhe/licence.2", "SANHE/licence"])
@pytest.mark.parametrize("file", ["checkpoint", "tile/0/000", "history/0"])
async def test_a_log_that_is_not_held(own: Desk, log: str, file: str) -> None:
    own.refused(await own.get(f"/logs/{log}/{file}"), 404, "not_found.log")


async def test_history_holds_every_sealed_checkpoint(own: Desk) -> None:
    full, rest = await own.get(f"{LOG}/history/0"), await own.get(f"{LOG}/history/1")
    kept = [tiles.decode_history(reply.body) for reply in (full, rest)]
    sizes = [checkpoint.parse_text(notes.parse(note, 128).text).size for file in kept for note in file]
    assert [len(file) for file in kept] == [256, 1]
    assert sizes == [*range(1, SEALS), LEAVES]
    assert (full.headers["Cache-Control"], rest.headers["Cache-Control"]) == ("public, max-age=3600", "no-cache")


async def test_history_is_framed_by_two_bytes_of_length(own: Desk) -> None:
    body = (await own.get(f"{LOG}/history/1")).body
    length = int.from_bytes(body[:2])
    assert len(body) == 2 + length
    assert body[2:].startswith(b"jjj.test/sanhe/licence\n300\n")


async def test_a_mirror_serves_the_owners_history(own: Desk, mirror: Desk) -> None:
    """The seals as their owner committed them; under them each node puts the cosignatures that it knows."""
    for number in (0, 1):
        files = [(await desk.get(f"{LOG}/history/{number}")).body for desk in (own, mirror)]
        first, second = ([checkpoint.owned(note) for note in tiles.decode_history(file)] for file in files)
        assert first == second


async def test_checkpoint_history_and_logs_show_who_has_cosigned(own: Desk, mirror: Desk) -> None:
    witness = mirror.node.witness.name
    line = f"— {witness} ".encode()
    size = own.node.publisher.logs["licence"].own.size
    for desk in (own, mirror):
        await eventually(lambda d=desk: shown(d) == [(witness, size)], "it is cosigned, and that is known")
        assert line in (await desk.get(f"{LOG}/checkpoint")).body
        assert line in (await desk.get(f"{LOG}/history/1")).body
        logs = (await desk.get("/v1/logs")).json["logs"]
        (one,) = [each for each in logs if each["origin"] == "jjj.test/sanhe/licence"]
        assert [each["witness"] for each in one["witnesses"]] == [witness]
        assert line.decode() in one["checkpoint"]
        metrics = (await desk.get("/metrics")).body.decode()
        assert f'jjj_witness_lag_leaves{{origin="jjj.test/sanhe/licence",witness="{witness}"}} 0.0' in metrics


def shown(desk: Desk) -> list[tuple[str, int]]:
    """Witnesses of sanhe's licences as a node knows them, and how far each has come."""
    view = desk.node.views.log("jjj.test/sanhe/licence")
    assert view is not None
    return [(each["witness"], each["size"]) for each in witnesses_json(view)]


async def test_an_empty_log_has_a_checkpoint_and_no_files(own: Desk) -> None:
    empty = "/logs/sanhe/credit"
    assert (await own.get(f"{empty}/checkpoint")).body.startswith(b"jjj.test/sanhe/credit\n0\n47DEQpj8HBSa")
    for file in ("tile/0/000.p/1", "tile/entries/000.p/1", "history/0"):
        own.refused(await own.get(f"{empty}/{file}"), 404, "not_found.file")


async def test_a_silent_partners_log_is_held_and_empty(own: Desk) -> None:
    own.refused(await own.get("/logs/tongzhou/licence/tile/0/000.p/1"), 404, "not_found.file")


async def test_head_has_the_size_and_no_body(own: Desk) -> None:
    reply = await own.ask("HEAD", f"{LOG}/tile/0/000")
    assert (reply.status, reply.headers["Content-Length"], reply.body) == (200, str(256 * 32), b"")


async def test_nothing_beyond_the_checkpoint_is_served(own: Desk) -> None:
    """What is committed while its high-water mark is not yet synced: in the ledger, and not shown."""
    state = own.node.publisher.logs["licence"]
    entry = b"{}\n\n\xe2\x80\x94 nobody AAAAAAA=\n"
    sealed = state.own.seal([merkle.leaf_hash(entry)], 0, 0)
    number = state.own.log.number

    def commit(connection: sqlite3.Connection) -> None:
        logbook.append(connection, number, LEAVES, [entry], [merkle.leaf_hash(entry)])
        seal = Seal(sealed.seal.size, sealed.seal.root, sealed.seal.date, sealed.seal.note, 0)
        logbook.add_seal(connection, number, seal)

    await own.node.ledger.write(commit)
    try:
        for path in ("tile/0/001.p/45", "tile/entries/001.p/45"):
            own.refused(await own.get(f"{LOG}/{path}"), 404, "not_found.file")
        assert len(tiles.decode_history((await own.get(f"{LOG}/history/1")).body)) == 1
        shown = next(log for log in (await own.get("/v1/logs")).json["logs"] if log["origin"].endswith("sanhe/licence"))
        assert shown["size"] == LEAVES
    finally:
        await own.node.ledger.write(lambda connection: take_back(connection, number))


def take_back(connection: sqlite3.Connection, number: int) -> None:
    for table in ("entries", "seals"):
        key = logbook.key_of(number, LEAVES + (table == "seals"))
        connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,))
    connection.execute("UPDATE logs SET size = ? WHERE number = ?", (LEAVES, number))


async def test_a_damaged_tile_is_not_served_short(own: Desk) -> None:
    number = own.node.publisher.logs["licence"].own.log.number
    whole = logbook.tile(own.node.ledger.read, number, 0, 0)
    await own.node.ledger.write(
        lambda c: c.execute("UPDATE tiles SET hashes = ? WHERE hashes = ?", (whole[:-1], whole))
    )
    try:
        own.refused(await own.get(f"{LOG}/tile/0/000"), 503, "ledger.damaged")
        assert (await own.get(f"{LOG}/tile/0/000.p/255")).status == 200
    finally:
        await own.node.ledger.write(
            lambda c: c.execute("UPDATE tiles SET hashes = ? WHERE hashes = ?", (whole, whole[:-1]))
        )


async def test_before_its_first_checkpoint_a_log_has_none(tmp_path: Path) -> None:
    async with founded(tmp_path, "sanhe", "tongzhou") as desk:
        desk.refused(await desk.get("/logs/tongzhou/licence/checkpoint"), 404, "not_found.file")


async def test_a_damaged_ledger_serves_nothing_wrong(own: Desk) -> None:
    number = own.node.publisher.logs["licence"].own.log.number
    key = logbook.key_of(number, 17)
    entry = own.node.ledger.read.execute("SELECT entry FROM entries WHERE key = ?", (key,)).fetchone()
    await own.node.ledger.write(lambda c: c.execute("DELETE FROM entries WHERE key = ?", (key,)))
    try:
        own.refused(await own.get(f"{LOG}/tile/entries/000"), 503, "ledger.damaged")
    finally:
        await own.node.ledger.write(lambda c: c.execute("INSERT INTO entries VALUES (?, ?)", (key, *entry)))
