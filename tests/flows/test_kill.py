"""SIGKILL anywhere: no acknowledged record is lost, none counts twice, every audit is clean (laws 4 and 5, DESIGN §10).

A node in a process of its own publishes what clients hand in over HTTP, kills itself at a random moment of the phase
under test, and is started again on what it left; clients hand in again, under the same ids, what was not acknowledged.
A partner that lives on in this process follows its bus. In the last phase it is the partner that dies, and the owner
that lives on. After every start all is checked from bytes. ``JJJ_SOAK=1`` kills ten times as often.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from gateway.bus.port import CHECKPOINT, header
from tests.flows import killed_ledger as ledger
from tests.flows.killed_bench import HEAD, OWNER, PARTNER, Bench, Row, garbage, living
from tests.flows.killed_process import KILLED, Nursery, nursery
from tests.flows.killed_trace import SYNC, WRITE, killing, needs_strace, strace
from tests.simulator import World, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

KILLS, GM_KILLS = 10, 3
ROUNDS = 10 if os.environ.get("JJJ_SOAK", "") not in ("", "0") else 1
MOST_TIMES = 20
MOST_MIRROR_TIMES = 6  # one transaction of a mirror takes in several of its owner's
MOST_WAIT_S = 0.3

AFTER_SENDING, ANY_INSTANT, IN_CALLS = "between send and position", "at any instant", "in a call on its files"
MIRRORING = "in a mirror's transaction"
PHASES = {
    "before commit": ("ledger.transaction",),
    "while sealing": ("sign.before", "sign.after", "cosign.before", "cosign.after"),
    "between commit and send": ("mark.before", "mark.after", "send.before", "bus.transaction"),
    AFTER_SENDING: ("send.after", "position.transaction"),
    ANY_INSTANT: ("",),
}
LEDGER, MARKS = ("ledger.sqlite", "ledger.sqlite-wal"), ("licence.highwater", "credit.highwater")
CALLS = ((WRITE, LEDGER, 150), (SYNC, LEDGER, 12), (WRITE, MARKS, 12), (SYNC, MARKS, 12))  # on what, how many at most


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[list[Row]]:
    """Rows to print when all phases are through."""
    rows: list[Row] = []
    yield rows
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    if terminal is None or capture is None:
        return
    with capture.global_and_fixture_disabled():
        terminal.write_line("")
        for line in (HEAD, *(row.text() for row in rows)):
            terminal.write_line(line)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nursery]:
    async with nursery(tmp_path_factory.mktemp("nursery")) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def bearer(house: Nursery) -> AsyncIterator[Nursery]:
    yield house
    await house.empty()


@pytest.mark.parametrize(("phase", "gm"), [*((phase, False) for phase in PHASES), (ANY_INSTANT, True)])
async def test_a_publishing_node_killed_and_started_again_loses_nothing_and_doubles_nothing(
    phase: str, gm: bool, tmp_path: Path, bearer: Nursery, table: list[Row]
) -> None:
    table.append(row := Row(phase, "gm, " if gm else ""))
    kills = GM_KILLS if gm else KILLS
    with row.timed():
        for number in range(ROUNDS):
            await kill_owner(Bench(World(tmp_path / str(number), OWNER, PARTNER, gm=gm), bearer, row), kills)
    assert row.kills == kills * ROUNDS
    assert row.acknowledged > 0
    assert phase == ANY_INSTANT or set(row.places) <= set(PHASES[phase])
    assert phase != AFTER_SENDING or row.resent >= row.kills


async def kill_owner(bench: Bench, kills: int) -> None:
    """Kills of the owner while clients publish, each followed by a start and a check."""
    row, killed = bench.row, 0
    async with bench.world, living(bench.world, PARTNER) as partner:
        while killed < kills:
            child = await bench.victim(OWNER, random.choice(PHASES[row.phase]), random.randint(1, MOST_TIMES))
            if child is None:
                continue
            if row.phase == ANY_INSTANT:
                wait_s = random.uniform(0, MOST_WAIT_S)
                asyncio.get_running_loop().call_later(wait_s, child.kill)
            await bench.department.until_killed(child)
            bench.died(child)
            bench.check_acknowledged()
            killed += 1
            row.kills += 1
        child = await bench.serving(OWNER)
        assert await bench.check(child)
        await bench.department.settle(child.url)
        assert await bench.check(child)
        bench.whole()
        assert garbage(partner) == {}
        assert await child.end() == 0


async def test_a_mirroring_node_killed_in_its_transaction_ends_with_the_owners_log(
    tmp_path: Path, bearer: Nursery, table: list[Row]
) -> None:
    table.append(row := Row(MIRRORING))
    with row.timed():
        for number in range(ROUNDS):
            await kill_partner(Bench(World(tmp_path / str(number), OWNER, PARTNER), bearer, row))
    assert row.kills == KILLS * ROUNDS
    assert set(row.places) == {"mirror.transaction"}


async def kill_partner(bench: Bench) -> None:
    """Ten kills of the partner while the owner publishes, each followed by a start and a check."""
    killed = 0
    async with bench.world, living(bench.world, OWNER) as owner:
        while killed < KILLS:
            child = await bench.victim(PARTNER, "mirror.transaction", random.randint(1, MOST_MIRROR_TIMES))
            if child is None:
                continue
            while not child.ended.done():
                await bench.department.publish_at(owner)
            bench.died(child)
            killed += 1
            bench.row.kills += 1
        child = await bench.serving(PARTNER)
        assert await bench.check(child)
        bench.whole()
        assert await child.end() == 0


@pytest.mark.parametrize("phase", [ANY_INSTANT, "between commit and send"])
async def test_what_waits_for_the_bus_when_its_node_is_killed_has_no_receipt_and_stands_once(
    phase: str, tmp_path: Path, bearer: Nursery, table: list[Row]
) -> None:
    """Acknowledgement ``replicated``: whatever is acknowledged, the bus has; whatever is not stands once in the end."""
    table.append(row := Row(phase, said="replicated: "))
    with row.timed():
        for number in range(ROUNDS):
            world = World(tmp_path / str(number), OWNER, PARTNER)
            world.configure(OWNER, acknowledgement="replicated")
            await kill_owner(Bench(world, bearer, row, replicated=True), KILLS)
    assert row.kills == KILLS * ROUNDS
    assert row.acknowledged > 0


@needs_strace
async def test_a_node_killed_at_any_call_on_its_files_starts_whole(
    tmp_path: Path, bearer: Nursery, table: list[Row]
) -> None:
    """Deeper than any place in the program: at the writes and syncs that one commit is made of."""
    table.append(row := Row(IN_CALLS))
    with row.timed():
        for number in range(ROUNDS):
            await kill_in_calls(Bench(World(tmp_path / str(number), OWNER, PARTNER), bearer, row))
    assert row.kills == KILLS * ROUNDS


async def kill_in_calls(bench: Bench) -> None:
    """Ten kills of the owner at a random call on its ledger and marks."""
    async with bench.world, living(bench.world, PARTNER):
        for _ in range(KILLS):
            child = await bench.serving(OWNER)
            assert await bench.check(child, OWNER)
            calls, names, most = random.choice(CALLS)
            options, files = killing(*calls, when=random.randint(1, most)), [bench.data(OWNER) / name for name in names]
            async with strace(child.pid, bench.world.folder, *options, only=files) as trace:
                await bench.department.until_killed(child)
                bench.died(child, trace.last())
            bench.row.kills += 1
        child = await bench.serving(OWNER)
        assert await bench.check(child)
        await bench.department.settle(child.url)
        assert await bench.check(child)
        bench.whole()
        assert await child.end() == 0


async def test_a_node_killed_between_commit_and_send_has_acknowledged_nothing_of_the_batch(
    tmp_path: Path, bearer: Nursery
) -> None:
    bench = Bench(World(tmp_path, OWNER, PARTNER), bearer, Row(""), replicated=True)
    bench.world.configure(OWNER, acknowledgement="replicated")
    async with bench.world, living(bench.world, PARTNER):
        child = await bench.start(OWNER, "send.before")
        assert await child.settled()
        async with aiohttp.ClientSession(child.url) as http:
            await bench.department.publish(http, bench.department.batch(30))
        assert await child.gone() == KILLED
        logs = ledger.standing(bench.data(OWNER), OWNER)
        assert sum(log.size for log in logs.values()) == 30
        assert bench.department.receipts == {}
        assert [bench.sent(origin) for origin in logs] == [{}, {}]
        child = await bench.serving(OWNER)
        await bench.department.settle(child.url)
        assert {receipt["status"] for receipt in bench.department.receipts.values()} == {"duplicate"}
        assert await bench.check(child)
        bench.whole()
        assert await child.end() == 0


async def test_what_is_sent_again_after_a_kill_is_the_same_to_the_byte_and_readers_skip_it(
    tmp_path: Path, bearer: Nursery
) -> None:
    bench = Bench(World(tmp_path, OWNER, PARTNER), bearer, Row(""))
    async with bench.world, living(bench.world, PARTNER) as partner:
        child = await bench.start(OWNER, "send.after")
        assert await child.settled()
        async with aiohttp.ClientSession(child.url) as http:
            await bench.department.publish(http, bench.department.batch(30))
        assert await child.gone() == KILLED
        logs = ledger.standing(bench.data(OWNER), OWNER)
        first = {origin: bench.sent(origin) for origin in logs}
        assert sorted(map(len, first.values())) in ([0, 10], [0, 20], [10, 20])
        child = await bench.serving(OWNER)
        sizes = {origin: log.size for origin, log in logs.items()}
        await eventually(lambda: bench.mirrored() == sizes, "the partner has all")
        assert ledger.standing(bench.data(OWNER), OWNER) == logs
        for origin, log in logs.items():
            again = bench.sent(origin)
            assert list(again) == list(range(log.size))
            assert [index for index in again if header(again[index][-1], CHECKPOINT)] == [log.size - 1]
            for index, copies in again.items():
                assert copies == [copies[0]] * (1 + (index in first[origin]))
                assert index not in first[origin] or first[origin][index] == copies[:1]
        assert (garbage(partner), partner.quarantine()) == ({}, [])
        assert await bench.check(child)
        await bench.department.settle(child.url)
        assert await child.end() == 0
    assert ledger.standing(bench.data(OWNER), OWNER) == logs
