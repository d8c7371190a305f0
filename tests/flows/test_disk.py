"""The disk under a node: nothing is acknowledged before it is synced; when the disk fails nothing half stays (law 4).

strace looks into a real node in a process of its own, in order to see the order of its calls, and to answer them with
errors in place of the disk. A full disk is also made without strace, by a limit on the size of files.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from gateway.audit import auditor
from tests.flows import killed_ledger as ledger
from tests.flows.killed_bench import OWNER, PARTNER, Bench, Row, living
from tests.flows.killed_process import KILLED, Child, Nursery, nursery
from tests.flows.killed_trace import ANSWER, SYNC, WRITE, Call, failing, needs_strace, strace
from tests.simulator import PATIENCE_S, World, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUIET_S = 3600.0  # seconds between heartbeats, so that only what the test does reaches the disk
PAGE = 4096
UNREADABLE = ("ledger.io", "ledger.damaged", "ledger.doubt")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nursery]:
    async with nursery(tmp_path_factory.mktemp("nursery")) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def bench(house: Nursery, tmp_path: Path) -> AsyncIterator[Bench]:
    async with World(tmp_path, OWNER, PARTNER, heartbeat_s=QUIET_S) as world:
        yield Bench(world, house, Row("disk"))
        await house.empty()


class Desk:
    """A node under test with some records published, and what it shows over HTTP."""

    def __init__(self, bench: Bench, child: Child, client: aiohttp.ClientSession) -> None:
        self.bench, self.child, self.client = bench, child, client
        self.department = bench.department

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.client.get(path) as answer:
            body = await answer.json(content_type=None)
            assert answer.status == status, body
            return body

    async def shown(self) -> list[tuple[str, int, str]]:
        """(origin, size, root) of the own logs as everybody may see them."""
        logs = (await self.get("/v1/logs"))["logs"]
        return sorted((log["origin"], log["size"], log["root"]) for log in logs if f"/{OWNER}/" in log["origin"])

    def stands(self) -> dict[str, ledger.Standing]:
        return ledger.standing(self.bench.data(OWNER), OWNER)

    async def settled(self) -> None:
        """Wait until what was published is sent, and the ledger knows: then the node is at rest."""
        await eventually(lambda: _unsent(self.bench) == 0, "all is sent")

    async def ready(self) -> None:
        """Wait until the node says that it is: after a fault of the disk the relay pauses."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async with self.client.get("/readyz") as answer:
                    if answer.status == 200:
                        return
                await asyncio.sleep(0.02)

    async def refused(self, drafts: list[dict[str, Any]], *reasons: str) -> None:
        """Hand in what must not be acknowledged now."""
        problem = await self.department.publish(self.client, drafts)
        assert problem is not None, "it was acknowledged"
        assert problem, f"the node is gone: {self.bench.nursery.last_words()}"
        assert problem["status"] == 503, problem
        assert problem["reason"] in reasons, problem
        assert problem["detail"]


def _unsent(bench: Bench) -> int:
    return sum(log.size - log.sent for log in ledger.rows(bench.data(OWNER)))


@pytest_asyncio.fixture(loop_scope="module")
async def desk(bench: Bench) -> AsyncIterator[Desk]:
    """A node at rest, with ten records acknowledged."""
    child = await bench.serving(OWNER)
    async with aiohttp.ClientSession(child.url) as client:
        opened = Desk(bench, child, client)
        assert await opened.department.publish(client, opened.department.batch(10)) is None
        await opened.settled()
        yield opened


async def restarted(desk: Desk) -> None:
    """Start anew; all is checked, what was not acknowledged is handed in again, and all stands once."""
    bench = desk.bench
    if not desk.child.ended.done():
        await desk.child.end()
    async with living(bench.world, PARTNER):
        child = await bench.serving(OWNER)
        assert await bench.check(child)
        await bench.department.settle(child.url)
        assert await bench.check(child)
        bench.whole()
        assert await child.end() == 0


# The order of things


@needs_strace
async def test_the_record_and_the_high_water_mark_are_synced_before_the_answer_and_before_anything_is_sent(
    desk: Desk, tmp_path: Path
) -> None:
    draft = desk.department.draft()
    assert draft["type"] == "jjj.licence.issued"
    calls_wanted = ",".join(dict.fromkeys((*SYNC, *WRITE, *ANSWER)))
    async with strace(desk.child.pid, tmp_path, "-s", "20000", "-e", f"trace={calls_wanted}") as trace:
        assert await desk.department.publish(desk.client, [draft]) is None
        await desk.settled()
    calls = trace.calls()
    frame = first(calls, WRITE, "ledger.sqlite-wal", draft["id"])
    synced = first([call for call in calls if call.began > frame.ended], SYNC, "ledger.sqlite-wal")
    marked = first(calls, WRITE, "licence.highwater")
    mark_synced = first([call for call in calls if call.began > marked.ended], SYNC, "licence.highwater")
    answered = next(call for call in calls if call.name in ANSWER and "HTTP/1.1 200" in call.text)
    sent = first(calls, WRITE, "jjj.sanhe.licence.sqlite-wal", draft["id"])
    assert synced.result == mark_synced.result == 0
    assert frame.ended < synced.began <= synced.ended < marked.began <= mark_synced.ended
    assert mark_synced.ended < answered.began
    assert mark_synced.ended < sent.began


def first(calls: list[Call], names: tuple[str, ...], file: str, text: str = "") -> Call:
    """The first call of such a name on such a file whose arguments hold the text."""
    found = [call for call in calls if call.name in names and call.file.endswith(f"/{file}") and text in call.text]
    assert found, f"no {'/'.join(names)} of {file} with {text!r}"
    return found[0]


# The disk says no


@pytest.mark.parametrize(
    ("error", "names"),
    [("EIO", SYNC), ("EIO", WRITE), ("ENOSPC", WRITE)],
    ids=["EIO on sync", "EIO on write", "ENOSPC on write"],
)
@needs_strace
async def test_a_ledger_that_cannot_be_written_acknowledges_nothing_keeps_nothing_and_goes_on_once_it_can(
    error: str, names: tuple[str, ...], desk: Desk, tmp_path: Path
) -> None:
    before, shown = desk.stands(), await desk.shown()
    wal = desk.bench.data(OWNER) / "ledger.sqlite-wal"
    async with strace(desk.child.pid, tmp_path, *failing(error, *names), only=[wal]) as trace:
        for _ in range(3):
            await desk.refused(desk.department.batch(4), "ledger.io")
        assert desk.stands() == before
        assert await desk.shown() == shown
        assert await desk.get("/healthz")
    assert trace.injected() >= 3
    await desk.department.settle(desk.child.url)
    after = desk.stands()
    assert sum(log.size for log in after.values()) == desk.department.made
    assert all(log.entries[: before[origin].size] == before[origin].entries for origin, log in after.items())
    await desk.settled()
    await restarted(desk)


@pytest.mark.parametrize("names", [SYNC, WRITE], ids=["sync", "write"])
@needs_strace
async def test_a_node_killed_while_its_ledger_cannot_be_written_starts_with_all_that_it_acknowledged(
    names: tuple[str, ...], desk: Desk, tmp_path: Path
) -> None:
    wal = desk.bench.data(OWNER) / "ledger.sqlite-wal"
    async with strace(desk.child.pid, tmp_path, *failing("EIO", *names), only=[wal]):
        await desk.refused(desk.department.batch(4), "ledger.io")
        desk.child.kill()
        assert await desk.child.gone() == KILLED
    await restarted(desk)


@pytest.mark.parametrize("nth", range(1, 6))
@needs_strace
async def test_a_single_sync_that_fails_anywhere_ends_no_node_and_loses_no_acknowledged_record(
    nth: int, desk: Desk, tmp_path: Path
) -> None:
    """The n-th sync of the ledger: of a commit, of the relay's position, of a heartbeat, as it comes."""
    wal = desk.bench.data(OWNER) / "ledger.sqlite-wal"
    refused = 0
    async with strace(desk.child.pid, tmp_path, *failing("EIO", *SYNC, when=str(nth)), only=[wal]) as trace:
        for _ in range(nth + 2):
            problem = await desk.department.publish(desk.client, desk.department.batch(1))
            refused += problem is not None
            assert problem is None or problem.get("reason") == "ledger.io", problem
        await eventually(lambda: trace.injected() == 1, "the sync fails")
        await desk.department.settle(desk.child.url)
        await desk.settled()
        await desk.ready()
    assert refused <= 1
    await restarted(desk)


@pytest.mark.parametrize("names", [SYNC, WRITE], ids=["sync", "write"])
@needs_strace
async def test_without_its_high_water_mark_nothing_is_acknowledged_shown_or_sent_until_a_restart(
    names: tuple[str, ...], desk: Desk, tmp_path: Path
) -> None:
    shown, sent = await desk.shown(), {origin: desk.bench.sent(origin) for origin in desk.stands()}
    mark = desk.bench.data(OWNER) / "licence.highwater"
    async with strace(desk.child.pid, tmp_path, *failing("EIO", *names), only=[mark]) as trace:
        drafts = [draft for draft in desk.department.batch(6) if draft["type"].startswith("jjj.licence")]
        desk.department.made = 10 + len(drafts)
        await desk.refused(drafts, "ledger.io")
    assert trace.injected() == 1
    await desk.refused(desk.department.batch(1), "ledger.doubt")
    assert await desk.shown() == shown
    await desk.get(f"/v1/records?id={drafts[0]['id']}", 404)
    found = await desk.get(f"/v1/search?q={drafts[0]['data']['number']}")
    assert all("present" not in each for each in found["results"])
    async with desk.client.post("/v1/verifications", json={"number": drafts[0]["data"]["number"]}) as answer:
        assert (answer.status, (await answer.json())["verdict"]) == (200, "indeterminate")
    assert {origin: desk.bench.sent(origin) for origin in desk.stands()} == sent
    ready = await desk.get("/readyz", 503)
    assert "restart the node" in str(ready)
    await restarted(desk)
    assert {desk.department.receipts[draft["id"]]["status"] for draft in drafts} == {"duplicate"}


@needs_strace
async def test_a_mirror_that_cannot_be_written_stays_as_it_was_and_catches_up_once_it_can(
    bench: Bench, tmp_path: Path
) -> None:
    async with living(bench.world, OWNER) as owner:
        child = await bench.serving(PARTNER)
        await bench.department.publish_at(owner)
        await eventually(lambda: sum(bench.mirrored().values()) == bench.department.made, "the mirror is whole")
        held = ledger.standing(bench.data(PARTNER), OWNER, ledger.MIRRORS)
        wal = bench.data(PARTNER) / "mirrors.sqlite-wal"
        async with strace(child.pid, tmp_path, *failing("EIO", *SYNC), only=[wal]) as trace:
            await bench.department.publish_at(owner)
            await eventually(lambda: trace.injected() >= 2, "the mirror tries and tries again")
            assert ledger.standing(bench.data(PARTNER), OWNER, ledger.MIRRORS) == held
        assert await bench.check(child)
        assert sum(bench.mirrored().values()) == bench.department.made
        assert await child.end() == 0


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system can't limit the files of another process")
async def test_a_full_disk_stops_writing_and_nothing_else_and_the_node_goes_on_when_there_is_room(desk: Desk) -> None:
    """No file of the node can grow: ledger, bus, all of them."""
    before, shown = desk.stands(), await desk.shown()
    with no_room(desk.child.pid, 4096):
        for _ in range(3):
            await desk.refused(desk.department.batch(4), "ledger.io")
        assert (desk.stands(), await desk.shown()) == (before, shown)
    await desk.department.settle(desk.child.url)
    await desk.settled()
    await restarted(desk)


@contextmanager
def no_room(pid: int, most: int) -> Iterator[None]:
    """No file that a process writes may be larger than this; the limit can be raised again, for it is the soft one."""
    old = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, old[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, old)


@needs_strace
async def test_a_ledger_that_cannot_be_read_acknowledges_nothing(desk: Desk, tmp_path: Path) -> None:
    before, shown = desk.stands(), await desk.shown()
    files = [desk.bench.data(OWNER) / name for name in ("ledger.sqlite", "ledger.sqlite-wal")]
    async with strace(desk.child.pid, tmp_path, *failing("EIO", "pread64"), only=files) as trace:
        for _ in range(2):
            await desk.refused(desk.department.batch(4), *UNREADABLE)
        assert (desk.stands(), await desk.shown()) == (before, shown)
    assert trace.injected() >= 2
    assert await desk.shown() == shown
    await restarted(desk)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
async def test_damage_to_a_ledger_is_told_in_a_sentence_and_found_by_an_audit(share: float, desk: Desk) -> None:
    """Pages overwritten while the node was down: whichever they are, the node says so or stands, and never crashes."""
    file = desk.bench.data(OWNER) / "ledger.sqlite"
    await desk.child.end()
    with file.open("r+b") as opened:
        opened.seek(int(file.stat().st_size * share) // PAGE * PAGE)
        opened.write(b"\xff" * 2 * PAGE)
    child = await desk.bench.start(OWNER)
    if await child.settled() and child.refusing is None:
        async with aiohttp.ClientSession(child.url) as client:
            for _ in range(3):
                problem = await desk.department.publish(client, desk.department.batch(4))
                assert problem is None or problem["reason"] in UNREADABLE, (problem, desk.bench.nursery.last_words())
            assert (await client.get("/healthz")).status == 200
    elif child.url:
        assert (child.refusing or "").startswith("ledger.")
    else:
        assert (await child.gone(), (child.refusing or "").partition(":")[0]) == (2, "ledger.damaged")
    assert (await auditor.audit(str(desk.bench.world.folder / OWNER))).exit_code == 1
