"""A mirrored log, fed message by message: what is taken, what is rubbish, what is a fork (laws 5, 6, 8)."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from gateway.bus.port import Message
from gateway.ledger import logbook
from gateway.node import rejudge
from gateway.node.follower import Follower
from tests.handmade import HandMade, stamp
from tests.node.parts import feed, follow, following, garbage, mirror_parts
from tests.simulator import World

NOW = int(time.time())


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each test: records are dated when they are made, which may be long after this file was read."""
    monkeypatch.setitem(globals(), "NOW", int(time.time()))


@pytest.fixture
def log(world: World) -> HandMade:
    """Sanhe's log with four leaves, nothing sealed."""
    log = world.log_of("sanhe")
    return log.add(*(log.entry(log.fresh()) for _ in range(4)))


def rows(follower: Follower, table: str) -> list[Any]:
    return follower.parts.mirrors.read.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()


def entries(follower: Follower) -> list[bytes]:
    return list(logbook.entries(follower.parts.mirrors.read, follower.log.number, 0, 1 << 20))


def seals(follower: Follower) -> list[tuple[int, int]]:
    found = logbook.seals(follower.parts.mirrors.read, follower.log.number, 0, 1 << 20)
    return [(seal.size, seal.date) for seal in found]


async def test_leaves_count_only_under_a_checkpoint_of_the_owner(world: World, log: HandMade) -> None:
    async with following(world, "sanhe") as follower:
        await feed(follower, log.message(0), log.message(1))
        assert entries(follower) == []
        await feed(follower, log.message(2, log.seal(size=3)), log.message(3))
        assert entries(follower) == log.entries[:3]
        assert len(rows(follower, "records")) == 3


async def test_a_checkpoint_by_anybody_else_covers_nothing(world: World, log: HandMade) -> None:
    forged = world.log_of("tongzhou").add(*log.entries)
    async with following(world, "sanhe") as follower:
        await feed(follower, log.message(0, forged.seal(size=1)))
        assert entries(follower) == []
        assert garbage(follower) == {"checkpoint.origin": 1}


async def test_the_same_messages_again_change_nothing(world: World, log: HandMade) -> None:
    messages = [log.message(0), log.message(1, log.seal(size=2)), log.message(2), log.message(3, log.seal())]
    async with following(world, "sanhe") as follower:
        await feed(follower, *messages)
        before = [rows(follower, table) for table in ("entries", "seals", "records", "ids", "terms")]
        await feed(follower, *messages, *reversed(messages))
        assert [rows(follower, table) for table in ("entries", "seals", "records", "ids", "terms")] == before
        assert garbage(follower) == {}


def with_headers(message: Message, change: Callable[[str, bytes], bytes | None]) -> Message:
    headers = ((name, change(name, value)) for name, value in message.headers)
    return Message(message.key, message.value, tuple((name, value) for name, value in headers if value is not None))


def header_gone(wanted: str) -> Callable[[Message], Message]:
    return lambda message: with_headers(message, lambda name, value: None if name == wanted else value)


def header_is(wanted: str, new: bytes) -> Callable[[Message], Message]:
    return lambda message: with_headers(message, lambda name, value: new if name == wanted else value)


def doubled(wanted: str) -> Callable[[Message], Message]:
    return lambda m: Message(m.key, m.value, m.headers + tuple(h for h in m.headers if h[0] == wanted))


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        (header_gone("log-index"), "message.form"),
        (header_gone("signature"), "message.form"),
        (header_is("log-index", b"-1"), "message.form"),
        (header_is("log-index", b"00"), "message.form"),
        (header_is("log-index", b"1e3"), "message.form"),
        (header_is("log-index", "１".encode()), "message.form"),
        (header_is("log-index", b"9" * 400), "message.form"),
        (doubled("log-index"), "message.form"),
        (doubled("signature"), "message.form"),
        (header_is("signature", b"*" * 70_000), "message.form"),
        (header_is("checkpoint", b"rubbish"), "note.form"),
        (header_is("signature", "— nobody AAAAAAAA\n".encode()), "root.mismatch"),
        (lambda m: Message(m.key, m.value.replace(b"01", b"02"), m.headers), "root.mismatch"),
        (lambda m: Message(b"", b"", m.headers), "root.mismatch"),
    ],
)
async def test_a_message_altered_on_the_way_costs_a_line_in_the_metrics(
    world: World, log: HandMade, alter: Callable[[Message], Message], reason: str
) -> None:
    async with following(world, "sanhe") as follower:
        before = [rows(follower, table) for table in ("entries", "seals", "records", "quarantine")]
        await feed(follower, alter(log.message(0, log.seal(size=1))))
        after = [rows(follower, table) for table in ("entries", "seals", "records", "quarantine")]
        assert after == before
        assert garbage(follower) == {reason: 1}
        assert follower.log.frozen is None
        await feed(follower, log.message(0, log.seal(size=1)))
        assert entries(follower) == log.entries[:1]


async def test_the_key_of_a_message_means_nothing(world: World, log: HandMade) -> None:
    message = log.message(0, log.seal(size=1))
    async with following(world, "sanhe") as follower:
        await feed(follower, Message(b"another", message.value, message.headers))
        assert entries(follower) == log.entries[:1]


async def test_two_leaves_at_one_index_are_transport_rubbish_and_no_fork(world: World, log: HandMade) -> None:
    """The second is thrown away at once. Where the rubbish came first, tiles will say so."""
    other = log.entry(log.fresh())
    async with following(world, "sanhe") as follower:
        await feed(follower, log.message(0), log.message(0, entry=other), log.message(1, log.seal(size=2)))
        assert entries(follower) == log.entries[:2]
        await feed(follower, log.message(2, entry=other), log.message(2), log.message(3, log.seal()))
        assert entries(follower) == log.entries[:2]
        assert garbage(follower) == {"index.taken": 2, "root.mismatch": 1}
        assert follower.wanted == 4
        assert follower.log.frozen is None


async def test_leaves_at_wrong_indexes_wait_for_nothing_and_want_nothing(world: World, log: HandMade) -> None:
    """Only what the owner signed says that something lacks: no request goes out for what anybody appends."""
    async with following(world, "sanhe") as follower:
        await feed(follower, *(log.message(0, at=at) for at in (7, 1 << 39, 1 << 41, 10**14)))
        assert (follower.wanted, follower.wanted_since) == (0, None)
        assert entries(follower) == []


async def test_a_size_that_the_owner_signed_and_that_lacks_is_wanted(world: World, log: HandMade) -> None:
    async with following(world, "sanhe") as follower:
        await follower.hear(log.seal())
        assert follower.wanted == 4
        assert follower.wanted_since is not None
        await feed(follower, *(log.message(index) for index in range(3)), log.message(3, log.seal()))
        assert (follower.wanted, follower.wanted_since) == (0, None)


# Logged times


async def test_leaves_are_dated_by_the_smallest_seal_above_them(world: World, log: HandMade) -> None:
    async with following(world, "sanhe") as follower:
        first, second = log.seal(size=1, date=NOW - 50), log.seal(date=NOW)
        await feed(follower, log.message(0, first), log.message(1), log.message(2), log.message(3, second))
        found = follower.parts.mirrors.read.execute("SELECT logged FROM records ORDER BY key").fetchall()
        assert [row[0] for row in found] == [NOW - 50, NOW, NOW, NOW]


async def judged_as_first_read(follower: Follower) -> None:
    """The index and the one made anew from the log are the same."""
    queries = {
        "records": "SELECT r.key, s.subject, r.type, r.state, r.time, r.logged, r.known, r.erased FROM records r"
        " JOIN subjects s ON s.number = r.subject ORDER BY 1",
        "quarantine": "SELECT key, subject, id, reason, known FROM quarantine ORDER BY 1",
    }
    read = follower.parts.mirrors.read
    kept = {name: read.execute(query).fetchall() for name, query in queries.items()}
    await follower.parts.mirrors.write(lambda connection: rejudge.rebuild(connection, follower.parts.trust.current))
    assert {name: read.execute(query).fetchall() for name, query in queries.items()} == kept


async def test_a_seal_that_comes_late_dates_its_leaves_all_the_same(world: World, log: HandMade) -> None:
    """A copy of the leaves without their first seal came first; every machine must date them alike (law 9)."""
    first, second = log.seal(size=2, date=NOW - 50), log.seal(date=NOW)
    async with following(world, "sanhe") as follower:
        await feed(follower, *(log.message(index) for index in range(3)), log.message(3, second))
        known = follower.parts.mirrors.read.execute("SELECT DISTINCT known FROM records").fetchall()
        await feed(follower, log.message(1, first))
        found = follower.parts.mirrors.read.execute("SELECT logged FROM records ORDER BY key").fetchall()
        assert [row[0] for row in found] == [NOW - 50, NOW - 50, NOW, NOW]
        assert follower.parts.mirrors.read.execute("SELECT DISTINCT known FROM records").fetchall() == known
        assert seals(follower) == [(2, NOW - 50), (4, NOW)]
        await judged_as_first_read(follower)


async def test_a_late_seal_can_show_that_a_record_was_stated_for_the_future(world: World) -> None:
    log = world.log_of("sanhe")
    data = log.fresh()
    log.add(
        log.entry(data, time=stamp(NOW)),
        log.entry({**data, "remarks": "二"}, type="jjj.licence.changed", time=stamp(NOW)),
    )
    async with following(world, "sanhe") as follower:
        await feed(follower, log.message(0), log.message(1, log.seal(date=NOW)))
        assert rows(follower, "quarantine") == []
        await feed(follower, log.message(0, log.seal(size=1, date=NOW - 3600)))
        assert [(row[0] & 1, row[3]) for row in rows(follower, "quarantine")] == [(0, "time.future")]
        await judged_as_first_read(follower)


async def test_a_heartbeat_taken_for_a_seal_gives_way_to_the_seal_as_committed(world: World, log: HandMade) -> None:
    """Dates never go back, so of two notes of one size the earlier is the seal."""
    async with following(world, "sanhe") as follower:
        leaves = [log.message(index) for index in range(3)]
        await feed(follower, *leaves, log.message(3, log.seal(date=NOW)))
        await feed(follower, log.message(3, log.seal(date=NOW - 50)))
        await feed(follower, log.message(3, log.seal(date=NOW - 20)))
        assert seals(follower) == [(4, NOW - 50)]
        await judged_as_first_read(follower)


async def test_a_seal_of_a_size_within_a_batch_is_kept_whatever_the_order(world: World, log: HandMade) -> None:
    first, second = log.seal(size=2, date=NOW - 50), log.seal(date=NOW)
    async with following(world, "sanhe") as follower:
        await feed(follower, *(log.message(i) for i in range(3)), log.message(3, second), log.message(1, first))
        assert seals(follower) == [(2, NOW - 50), (4, NOW)]
        await judged_as_first_read(follower)


# Trust data that change while leaves are being read


class Changing(ThreadPoolExecutor):
    """Readers during whose first work something else happens."""

    def __init__(self, happens: Callable[[], None]) -> None:
        super().__init__(1)
        self.happens: Callable[[], None] | None = happens

    def submit(self, work: Any, /, *given: Any, **named: Any) -> Future[Any]:
        job = super().submit(work, *given, **named)
        job.result()
        if self.happens is not None:
            happens, self.happens = self.happens, None
            happens()
        return job


async def test_leaves_read_while_a_schema_came_are_judged_by_it(world: World) -> None:
    """Else they would stand in quarantine until the next change: that round of judging again is over."""
    log = world.log_of("sanhe")
    log.add(log.entry(log.fresh(note="since 1.1"), dataschema="urn:jjj:schema:licence:1.1"))

    def comes() -> None:
        world.give_schema("tongzhou")
        assert parts.trust.read_again()

    with Changing(comes) as readers:
        async with mirror_parts(world, "tongzhou", readers=readers) as parts:
            follower = await follow(parts, "sanhe")
            await feed(follower, log.message(0, log.seal()))
            assert rows(follower, "quarantine") == []
            assert len(rows(follower, "records")) == 1


# Starting again


async def test_a_restart_goes_on_where_the_last_covered_leaf_was(world: World, log: HandMade) -> None:
    async with following(world, "sanhe") as follower:
        await feed(follower, log.message(0), log.message(1, log.seal(size=2)), log.message(2))
    async with following(world, "sanhe") as follower:
        assert (follower.log.size, follower.tail.position) == (2, 2)
        await feed(follower, log.message(2), log.message(3, log.seal()))
        assert entries(follower) == log.entries


async def test_a_restart_knows_the_newest_checkpoint_that_it_held(world: World, log: HandMade) -> None:
    async with following(world, "sanhe") as follower:
        await feed(follower, *(log.message(i) for i in range(3)), log.message(3, log.seal(date=NOW - 50)))
        beat = log.seal(date=NOW)
        await follower.hear(beat)
        await follower.keep_heartbeat()
    async with following(world, "sanhe") as follower:
        assert follower.newest_note == beat
        assert follower.freshness.newest.date == NOW
        await follower.hear(log.add(log.entry(log.fresh())).seal(date=NOW - 1))
        assert follower.log.frozen == "log.rollback"


async def test_a_heartbeat_heard_before_its_leaves_is_shown_with_them(world: World, log: HandMade) -> None:
    async with following(world, "sanhe") as follower:
        beat = log.seal(date=NOW)
        await follower.hear(beat)
        assert follower.newest_note == b""
        await feed(follower, *(log.message(i) for i in range(3)), log.message(3, log.seal(date=NOW - 50)))
        assert follower.newest_note == beat
