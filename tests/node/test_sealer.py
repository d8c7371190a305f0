"""Seals and heartbeats: dates that never go back, and an edge that moves on only with what is durable (DESIGN §4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger import checkpoint
from gateway.ledger.checkpoint import SignedCheckpoint
from gateway.ledger.logbook import Log
from gateway.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash
from gateway.node import publisher as publisher_module
from gateway.node.nodekeys import LogKeys
from gateway.node.sealer import OwnLog
from gateway.trust import notes
from tests.node.parts import draft, publishing
from tests.simulator import World, eventually
from tests.trust.signers import cosigner, keys, signer

ORIGIN = "jjj.test/sanhe/licence"
LOG, BEAT = signer(ORIGIN), cosigner(ORIGIN)
NOW = 1_795_400_000


def own() -> OwnLog:
    log = Log(1, ORIGIN, "sanhe", "licence", 0, None, 0, None)
    return OwnLog(log, Frontier(0, []), None, lambda at: LogKeys(LOG, BEAT))


def read(note: bytes) -> SignedCheckpoint:
    return checkpoint.read(note, ORIGIN, keys(LOG, BEAT), require_date=True)


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % index) for index in range(count)]


def test_a_seal_states_the_tree_with_its_leaves_and_is_dated() -> None:
    log = own()
    sealed = log.seal(leaves(3), NOW, NOW * 1000)
    signed = read(sealed.seal.note)
    tree = Frontier(0, [])
    tree.extend(leaves(3))
    assert (signed.checkpoint.size, signed.checkpoint.root, signed.date) == (3, tree.root(), NOW)


def test_a_seal_that_is_not_durable_changes_nothing() -> None:
    log = own()
    log.seal(leaves(3), NOW, 0)
    assert (log.size, log.root(), log.newest) == (0, EMPTY_ROOT, None)


def test_a_durable_seal_is_what_the_next_one_grows_from() -> None:
    log = own()
    log.advance(log.seal(leaves(2), NOW, 0))
    log.advance(log.seal(leaves(3)[2:], NOW + 1, 0))
    tree = Frontier(0, [])
    tree.extend(leaves(3))
    assert (log.size, log.root()) == (3, tree.root())


def test_a_heartbeat_is_the_newest_seal_dated_anew() -> None:
    log = own()
    log.advance(log.seal(leaves(2), NOW, 0))
    beat = log.heartbeat(NOW + 9)
    assert (beat.size, beat.date) == (2, NOW + 9)
    signed = read(beat.note)
    assert (signed.checkpoint.size, signed.date) == (2, NOW + 9)
    assert notes.parse(beat.note, 9).lines[0] == notes.parse(log.newest.note, 9).lines[0]


def test_before_anything_was_published_the_empty_tree_has_a_heartbeat() -> None:
    beat = own().heartbeat(NOW)
    assert (beat.size, read(beat.note).checkpoint.root) == (0, EMPTY_ROOT)


@given(clocks=st.lists(st.tuples(st.booleans(), st.integers(NOW - 4000, NOW + 4000)), max_size=20))
def test_dates_never_go_back_whatever_the_clock_does(clocks: list[tuple[bool, int]]) -> None:
    log, dates, sizes = own(), [], []
    for is_seal, now in clocks:
        if is_seal:
            sealed = log.seal([leaf_hash(b"x")], now, 0)
            log.advance(sealed)
            dates.append(read(sealed.seal.note).date)
        else:
            log.beat(log.heartbeat(now))
            dates.append(read(log.newest.note).date)
        sizes.append(log.size)
    assert dates == sorted(dates)
    assert sizes == sorted(sizes)


async def test_dates_never_go_back_across_a_restart_with_the_clock_set_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "PUBLISH_EVERY_S", 0.02)
    async with publishing(world, clock=lambda: NOW, heartbeat_s=0.02) as press:
        await press.publish(draft(1))
    async with publishing(world, clock=lambda: NOW + 500, heartbeat_s=0.02) as press:
        await eventually(lambda: press.own.newest.date == NOW + 500, "a heartbeat, later than the seal")
    async with publishing(world, clock=lambda: NOW - 86_400, heartbeat_s=0.02) as press:
        await eventually(lambda: press.publisher.logs["licence"].published, "a heartbeat after the restart")
        assert press.own.newest.date == NOW + 500
        await press.publish(draft(2))
        assert press.seals() == [(1, NOW), (2, NOW + 500)]


async def test_the_empty_log_of_a_new_node_is_dated_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher_module, "PUBLISH_EVERY_S", 0.02)
    async with publishing(world, clock=lambda: NOW, heartbeat_s=0.02) as press:
        published = press.publisher.logs["licence"]
        await eventually(lambda: published.published, "a heartbeat at size 0")
        assert (published.published.size, published.published.date) == (0, NOW)


async def test_a_published_checkpoint_is_never_of_more_than_is_durable(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "PUBLISH_EVERY_S", 0.01)
    async with publishing(world, heartbeat_s=0.01) as press:
        state, seen = press.publisher.logs["licence"], set()
        for serial in range(1, 30):
            await press.publish(draft(serial))
            if state.published is not None:
                assert state.published.size <= len(press.entries())
                seen.add(state.published.size)
        assert len(seen) > 1
