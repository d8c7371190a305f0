"""A log cut off is the log that a reader who stopped there would hold: leaves, tiles, seals, index (DESIGN §4)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.ledger import logbook
from gateway.node import cutting
from tests.node.histories import BASE, STEPS, Desk, Ground, Step, found_ground, reading, step, written


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return found_ground(tmp_path_factory.mktemp("cutting"))


def tables(desk: Desk) -> list[object]:
    names = ("entries", "tiles", "seals", "heartbeats")
    found: list[object] = [desk.connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in names]
    return [*found, desk.log.size, desk.log.position, desk.kept()]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=1, max_size=12), data=st.data())
def test_what_is_left_is_what_a_reader_who_stopped_there_holds(
    ground: Ground, steps: list[Step], data: st.DataObject
) -> None:
    size = data.draw(st.integers(0, len(steps)))
    trust = data.draw(st.sampled_from(ground.trusts))
    with reading(ground) as whole, reading(ground) as short:
        written(whole, *steps)
        short.author.lines, short.author.entries = whole.author.lines, whole.author.entries
        whole.read(list(range(1, len(steps) + 1)), trust)
        if size:
            short.read(list(range(1, size + 1)), trust)
        gone = cutting.beyond(whole.connection, whole.log, size)
        cutting.cut(whole.connection, whole.log, size, trust.schemas)
        assert gone == whole.author.entries[size:]
        assert tables(whole) == tables(short)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 600])
def test_tiles_of_any_width_are_cut_to_the_tree_that_is_left(ground: Ground, size: int) -> None:
    with reading(ground) as desk:
        log, hashes = desk.log, [bytes([n % 251]) * 32 for n in range(600)]
        logbook.append(desk.connection, log.number, 0, [b"x"] * 600, hashes)
        logbook.set_heartbeat(desk.connection, log.number, 600, BASE, b"beat")
        roots = [logbook.root_at(desk.connection, log.number, at) for at in (size, size // 2)]
        logbook.cut(desk.connection, log.number, size)
        assert [logbook.root_at(desk.connection, log.number, at) for at in (size, size // 2)] == roots
        assert logbook.leaf_hash_at(desk.connection, log.number, size) is None
        beats = desk.connection.execute("SELECT size FROM heartbeats").fetchall()
        assert beats == ([(600,)] if size == 600 else [])
        logbook.append(desk.connection, log.number, size, [], hashes[size:])
        assert logbook.root_at(desk.connection, log.number, 600) == logbook.frontier(
            desk.connection, log.number, 600
        ).root()


def test_an_erasure_that_lies_beyond_the_end_erases_nothing(ground: Ground) -> None:
    with reading(ground) as desk:
        written(desk, step("issued"), step("erased", named=0))
        desk.read([1, 2], ground.trusts[0])
        assert desk.connection.execute("SELECT erased FROM records WHERE key & 1 = 0").fetchone()[0] != 0
        cutting.cut(desk.connection, desk.log, 1, ground.trusts[0].schemas)
        assert desk.connection.execute("SELECT erased FROM records").fetchall() == [(0,)]
