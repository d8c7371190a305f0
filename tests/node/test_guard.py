"""The fork guard: a ledger that is behind, or other than, what its own key has signed seals nothing (law 10)."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest
from aiohttp import web

from gateway.errors import CannotRun
from gateway.ledger.highwater import HighWater
from gateway.node.door import Draft
from tests.records import builders
from tests.simulator import NETWORK, Running, World, eventually

TYPE = "jjj.licence.issued"


def data(serial: int) -> dict[str, object]:
    return builders.licence(number=builders.food_number(serial))


def copied(world: World, jurisdiction: str, to: str = "backup") -> None:
    """Back the ledger up, as an operator would: everything but the high-water files."""
    folder = world.folder / jurisdiction
    (folder / to).mkdir()
    source = sqlite3.connect(folder / "data" / "ledger.sqlite")
    with sqlite3.connect(folder / to / "ledger.sqlite") as target:
        source.backup(target)
    target.close()
    source.close()


def restored(world: World, jurisdiction: str, from_: str = "backup") -> None:
    folder = world.folder / jurisdiction
    for end in ("", "-wal", "-shm"):
        (folder / "data" / f"ledger.sqlite{end}").unlink(missing_ok=True)
    shutil.copy(folder / from_ / "ledger.sqlite", folder / "data" / "ledger.sqlite")


def forgotten(world: World, jurisdiction: str, size: int = 0) -> None:
    """Put the high-water file back with the backup, against all advice."""
    path = world.folder / jurisdiction / "data" / "licence.highwater"
    path.unlink()
    mark = HighWater.create(path)
    if size:
        connection = sqlite3.connect(world.folder / jurisdiction / "data" / "ledger.sqlite")
        mark.write(size, connection.execute("SELECT root FROM seals ORDER BY key DESC LIMIT 1").fetchone()[0])
        connection.close()
    mark.close()


def without_topic(world: World, jurisdiction: str) -> None:
    for file in (world.folder / "bus").glob(f"jjj.{jurisdiction}.*"):
        file.unlink()


async def refuses(running: Running, reason: str, *words: str) -> None:
    """Nothing is sealed, the sentence says why and names the cure, and every caller is told."""

    def said() -> CannotRun | None:
        fault = running.node.publisher.refusing
        return None if fault is None or fault.reason == "node.starting" else fault

    fault = await eventually(said, f"{running.id} refuses to seal")
    assert fault.reason == reason
    assert all(word in fault.message for word in ("recover", *words)), fault.message
    size = running.node.publisher.logs["licence"].own.size
    with pytest.raises(CannotRun) as refused:
        await running.node.publisher.publish([Draft(TYPE, data(99))])
    assert refused.value.reason == reason
    assert running.node.publisher.logs["licence"].own.size == size


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path, "sanhe", "tongzhou", served=("sanhe", "tongzhou")) as world:
        yield world


async def signed(world: World, before: int, after: int) -> None:
    """Sanhe signs ``before`` records, is backed up, signs ``after`` more, and is restored from the backup."""
    sanhe = await world.start("sanhe")
    await sanhe.publish(*(data(serial) for serial in range(before)))
    await sanhe.stop()
    copied(world, "sanhe")
    sanhe = await world.start("sanhe")
    await sanhe.publish(*(data(serial) for serial in range(before, before + after)))
    await sanhe.sent()
    await sanhe.stop()
    restored(world, "sanhe")


async def test_a_node_that_has_signed_nothing_seals_at_once(world: World) -> None:
    sanhe = await (await world.start("sanhe")).sealing()
    assert (await sanhe.publish(data(1)))[0].size == 1


async def test_a_restart_goes_on_sealing(world: World) -> None:
    sanhe = await world.start("sanhe")
    await sanhe.publish(data(1))
    await sanhe.stop()
    sanhe = await world.start("sanhe")
    assert (await sanhe.publish(data(2)))[0].size == 2


async def test_a_ledger_from_a_backup_is_behind_its_high_water_mark(world: World) -> None:
    await signed(world, 1, 2)
    await refuses(await world.start("sanhe"), "ledger.behind", "1 records", "3", "licence.highwater")


async def test_a_backup_that_brought_its_mark_along_is_betrayed_by_the_topic(world: World) -> None:
    await signed(world, 1, 2)
    forgotten(world, "sanhe", 1)
    await refuses(await world.start("sanhe"), "ledger.behind", "1 records", "3", "jjj.sanhe.licence")


async def test_a_backup_is_betrayed_by_a_partner_where_the_topic_is_gone(world: World) -> None:
    tongzhou = await world.start("tongzhou")
    sanhe = await world.start("sanhe")
    await sanhe.publish(data(1))
    await tongzhou.mirrored("sanhe", 1)
    await sanhe.stop()
    copied(world, "sanhe")
    sanhe = await world.start("sanhe")
    await sanhe.publish(data(2))
    await tongzhou.mirrored("sanhe", 2)
    await sanhe.stop()
    restored(world, "sanhe")
    forgotten(world, "sanhe", 1)
    without_topic(world, "sanhe")
    await refuses(await world.start("sanhe"), "ledger.behind", "1 records", "2", world.urls["tongzhou"])


async def test_a_partner_whose_answer_comes_in_many_pieces_is_read_to_its_end(world: World) -> None:
    sanhe = await world.start("sanhe")
    await sanhe.publish(data(1))
    await sanhe.stop()
    more = world.log_of("sanhe").seal(size=2, root=bytes(32)).decode()
    said = {"origin": f"{NETWORK}/sanhe/licence", "checkpoint": more}
    body = orjson.dumps({"padding": "x" * (2 << 20), "logs": [said]})

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    address = urlsplit(world.urls["tongzhou"])
    await web.TCPSite(runner, address.hostname, address.port).start()
    try:
        await refuses(await world.start("sanhe"), "ledger.behind", f"but {world.urls['tongzhou']} holds")
    finally:
        await runner.cleanup()


async def test_another_tree_of_the_same_size_is_other(world: World) -> None:
    await signed(world, 0, 1)
    forgotten(world, "sanhe")
    (world.folder / "bus").rename(world.folder / "bus.aside")
    sanhe = await world.start("sanhe")
    await sanhe.publish(data(50))
    await sanhe.sent()
    await sanhe.stop()
    shutil.rmtree(world.folder / "bus")
    (world.folder / "bus.aside").rename(world.folder / "bus")
    await refuses(await world.start("sanhe"), "ledger.other", "another tree of 1 records")


async def test_a_mark_of_another_tree_is_other(world: World) -> None:
    sanhe = await world.start("sanhe")
    await sanhe.publish(data(1))
    await sanhe.stop()
    mark = HighWater(world.folder / "sanhe" / "data" / "licence.highwater")
    mark.read()
    mark.write(1, bytes(32))
    mark.close()
    await refuses(await world.start("sanhe"), "ledger.other", "licence.highwater")


async def test_a_missing_mark_is_said_and_stops_sealing_only(world: World) -> None:
    tongzhou = await world.start("tongzhou")
    sanhe = await world.start("sanhe")
    await sanhe.publish(data(1))
    await tongzhou.publish(data(2))
    await sanhe.stop()
    (world.folder / "sanhe" / "data" / "licence.highwater").unlink()
    sanhe = await world.start("sanhe")
    await refuses(sanhe, "highwater.missing", "licence.highwater")
    await tongzhou.publish(data(3))
    await sanhe.mirrored("tongzhou", 2)


async def test_a_damaged_mark_is_said(world: World) -> None:
    (world.folder / "sanhe" / "data" / "licence.highwater").write_bytes(b"\0" * 1024)
    await refuses(await world.start("sanhe"), "highwater.damaged", "licence.highwater")


async def test_while_nothing_is_sealed_mirroring_goes_on_and_no_date_is_signed(world: World) -> None:
    await signed(world, 1, 2)
    tongzhou = await world.start("tongzhou")
    sanhe = await world.start("sanhe")
    await refuses(sanhe, "ledger.behind")
    await tongzhou.publish(data(50), data(51))
    await sanhe.mirrored("tongzhou", 2)
    assert sanhe.node.publisher.logs["licence"].published is None
    number = builders.food_number(50)
    await eventually(lambda: sanhe.verdict(number, source="urn:jjj:tongzhou") == "recognised", "it answers")
    assert sanhe.reasons(builders.food_number(0), source="urn:jjj:sanhe")["fresh"] == "source.unheard"


async def test_statements_that_the_ledger_holds_are_no_reason_to_stop(world: World) -> None:
    """Old seals and heartbeats of one's own, at smaller sizes too; and whatever others have signed."""
    tongzhou = await world.start("tongzhou")
    sanhe = await world.start("sanhe")
    for serial in range(3):
        await sanhe.publish(data(serial))
    await tongzhou.mirrored("sanhe", 3)
    await sanhe.stop()
    foreign = world.log_of("tongzhou")
    foreign.add(*(foreign.entry(foreign.fresh()) for _ in range(9)))
    world.append("sanhe", foreign.message(8, foreign.seal()))
    world.append_checkpoint("sanhe", foreign.seal(), b"rubbish")
    sanhe = await world.start("sanhe")
    assert (await sanhe.publish(data(9)))[0].size == 4


async def test_a_mark_that_lags_behind_the_ledger_is_brought_up_before_anything_leaves(world: World) -> None:
    """The node died between its commit and the mark: what it shows after the restart must be marked first."""
    sanhe = await world.start("sanhe")
    await sanhe.publish(data(1))
    await sanhe.stop()
    forgotten(world, "sanhe")
    sanhe = await world.start("sanhe")
    assert sanhe.node.publisher.logs["licence"].highwater.read()[0] == 1
    await sanhe.sealing()


async def test_a_backup_with_its_old_roster_is_betrayed_by_the_key_in_the_folder(world: World) -> None:
    """The log key was rotated after the backup: the roster restored does not name the key that signed last."""
    sanhe = await world.start("sanhe")
    await sanhe.publish(data(1))
    await sanhe.stop()
    copied(world, "sanhe")
    roster = (world.folder / "sanhe" / "trust" / "roster.json").read_bytes()
    world.rotate_log("sanhe")
    sanhe = await world.start("sanhe")
    await sanhe.publish(data(2))
    await sanhe.sent()
    await sanhe.stop()
    restored(world, "sanhe")
    forgotten(world, "sanhe", 1)
    (world.folder / "sanhe" / "trust" / "roster.json").write_bytes(roster)
    await refuses(await world.start("sanhe"), "ledger.behind", "1 records", "2", "jjj.sanhe.licence")
