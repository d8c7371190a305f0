"""Drafts in, receipts out: one durable commit for all that wait, and each draft told what became of it (laws 4, 5)."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from gateway.errors import CannotRun
from gateway.node import lanes
from gateway.node import publisher as publisher_module
from gateway.node.door import Receipt
from gateway.trust.suites import CosignatureSigner, Ed25519Signer
from tests.node.parts import draft, publishing
from tests.records import builders
from tests.simulator import World, eventually

IDS = [builders.record_id(number) for number in range(10)]


def said(receipt: Receipt) -> tuple[str, str]:
    return receipt.status, receipt.reason


async def test_a_record_is_answered_with_its_place_once_it_is_durable(world: World) -> None:
    async with publishing(world) as press:
        receipt = await press.one(draft(1, id=IDS[0]))
        assert receipt == Receipt(IDS[0], "logged", "jjj.test/sanhe/licence", 0, 1)
        assert len(press.entries()) == 1
        assert press.publisher.logs["licence"].highwater.read() == (1, press.own.root())


async def test_what_was_published_is_what_the_next_start_finds(world: World) -> None:
    async with publishing(world) as press:
        await press.publish(draft(1), draft(2))
        root = press.own.root()
    async with publishing(world) as press:
        assert (press.own.size, press.own.root()) == (2, root)
        assert (await press.one(draft(3))).index == 2


class Held(Ed25519Signer):
    """A signer that waits until it is let go, as a slow device would; and counts."""

    __slots__ = ("go", "signed", "waiting")

    def __init__(self, signer: Any) -> None:
        super().__init__(signer.name, signer._private)
        self.go = threading.Event()
        self.waiting = threading.Event()
        self.signed = 0

    def sign(self, message: bytes) -> bytes:
        self.waiting.set()
        assert self.go.wait(10)
        self.signed += 1
        return super().sign(message)


async def test_callers_who_come_while_it_works_share_the_next_commit(world: World) -> None:
    signer = Held(world.keys("sanhe").record)
    async with publishing(world, record=signer) as press:
        first = asyncio.create_task(press.one(draft(1)))
        await asyncio.to_thread(signer.waiting.wait, 10)
        others = [asyncio.create_task(press.one(draft(serial))) for serial in range(2, 22)]
        await asyncio.sleep(0)
        signer.go.set()
        receipts = await asyncio.gather(first, *others)
        assert sorted(receipt.index for receipt in receipts) == list(range(21))
        assert press.seals() == [(1, press.seals()[0][1]), (21, press.seals()[1][1])]
        assert {receipt.size for receipt in receipts[1:]} == {21}


async def test_who_comes_while_it_is_idle_waits_for_nobody(world: World) -> None:
    async with publishing(world) as press:
        for serial in range(1, 4):
            assert (await press.one(draft(serial))).size == serial
        assert [size for size, _ in press.seals()] == [1, 2, 3]


async def test_a_batch_is_one_commit(world: World) -> None:
    async with publishing(world) as press:
        await press.publish(*(draft(serial) for serial in range(1, 51)))
        assert [size for size, _ in press.seals()] == [50]


async def test_a_large_batch_is_cut_and_every_draft_is_answered_in_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "MOST_A_COMMIT", 3)
    async with publishing(world) as press:
        receipts = await press.publish(*(draft(serial) for serial in range(1, 9)))
        assert [receipt.index for receipt in receipts] == list(range(8))
        assert [size for size, _ in press.seals()] == [3, 6, 8]


async def test_one_bad_record_does_not_keep_out_the_others(world: World) -> None:
    async with publishing(world) as press:
        receipts = await press.publish(draft(1), draft(2, note="x"), draft(3))
        assert [said(receipt) for receipt in receipts] == [
            ("logged", ""),
            ("refused", "schema.additionalProperties"),
            ("logged", ""),
        ]
        assert receipts[1].field == "data.note"
        assert [receipt.index for receipt in receipts] == [0, None, 1]


async def test_nothing_good_is_no_commit(world: World) -> None:
    async with publishing(world) as press:
        await press.publish(draft(1))
        before = press.state()
        receipts = await press.publish(draft(1), draft(2, note="x"))
        assert [said(receipt)[0] for receipt in receipts] == ["duplicate", "refused"]
        assert press.state() == before


# When something fails


class Broken(Ed25519Signer):
    """A signer whose device fails after some signatures."""

    __slots__ = ("error", "left")

    def __init__(self, signer: Any, left: int, error: Exception) -> None:
        super().__init__(signer.name, signer._private)
        self.left = left
        self.error = error

    def sign(self, message: bytes) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise self.error
        return super().sign(message)


@pytest.mark.parametrize("key", ["record", "log"])
async def test_a_signer_that_fails_leaves_nothing_behind(world: World, key: str) -> None:
    keys = world.keys("sanhe")
    ours = keys.record if key == "record" else keys.logs["licence"].log
    broken = Broken(ours, 3 if key == "record" else 1, CannotRun("signer.failed", "the device does not answer"))
    async with publishing(world, **{key: broken}) as press:
        await press.publish(draft(1), draft(2))
        before, size = press.state(), press.own.size
        with pytest.raises(CannotRun, match=r"signer\.failed"):
            await press.publish(draft(3), draft(4))
        assert (press.state(), press.own.size) == (before, size)
        broken.left = 99
        assert [receipt.index for receipt in await press.publish(draft(3), draft(4))] == [2, 3]


class BrokenBeat(CosignatureSigner):
    """A heartbeat signer whose device fails while told to."""

    __slots__ = ("failing",)

    def __init__(self, signer: Any) -> None:
        super().__init__(signer.name, signer._private)
        self.failing = False

    def cosign(self, text: bytes, time: int) -> bytes:
        if self.failing:
            raise CannotRun("signer.failed", "the device does not answer")
        return super().cosign(text, time)


async def test_a_heartbeat_that_cannot_be_signed_stops_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "PUBLISH_EVERY_S", 0.02)
    beat = BrokenBeat(world.keys("sanhe").logs["licence"].heartbeat)
    beat.failing = True
    async with publishing(world, heartbeat=beat, heartbeat_s=0.02) as press:
        with pytest.raises(CannotRun, match=r"signer\.failed"):
            await press.publish(draft(1))
        assert press.own.newest is None
        beat.failing = False
        await press.publish(draft(1))
        await eventually(lambda: press.publisher.logs["licence"].published, "a checkpoint is published again")


async def test_nobody_waits_for_ever_when_the_publisher_itself_breaks(world: World) -> None:
    broken = Broken(world.keys("sanhe").record, 0, RuntimeError("a fault of the program"))

    async def ask() -> None:
        async with publishing(world, record=broken) as press:
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(press.publish(draft(1)), 5)

    with pytest.raises(RuntimeError, match="a fault of the program"):
        await ask()


async def test_while_nothing_may_be_sealed_every_caller_is_told_why(world: World) -> None:
    async with publishing(world) as press:
        press.publisher.refuse(CannotRun("ledger.behind", "run recover"))
        with pytest.raises(CannotRun, match=r"ledger\.behind"):
            await press.publish(draft(1))
        assert press.entries() == []


async def test_room_for_waiting_drafts_is_bounded_and_nobody_is_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "MOST_WAITING", 10)
    signer = Held(world.keys("sanhe").record)
    async with publishing(world, record=signer) as press:
        callers = [asyncio.create_task(press.publish(draft(2 * n), draft(2 * n + 1))) for n in range(1, 21)]
        await asyncio.to_thread(signer.waiting.wait, 10)
        waiting = press.publisher._lanes.waiting
        assert waiting == 10
        signer.go.set()
        receipts = [receipt for answer in await asyncio.gather(*callers) for receipt in answer]
        assert {receipt.status for receipt in receipts} == {"logged"}
        assert press.publisher._lanes.waiting == 0


async def test_a_caller_who_gives_up_takes_no_room(world: World) -> None:
    signer = Held(world.keys("sanhe").record)
    async with publishing(world, record=signer) as press:
        caller = asyncio.create_task(press.one(draft(1)))
        await asyncio.to_thread(signer.waiting.wait, 10)
        caller.cancel()
        await asyncio.wait([caller])
        assert press.publisher._lanes.waiting == 0
        signer.go.set()
        assert (await press.one(draft(2))).index == 1


async def test_a_node_that_may_not_seal_does_not_spin(world: World) -> None:
    async with publishing(world, heartbeat_s=1.0) as press:
        press.publisher.refuse(CannotRun("ledger.behind", "run recover"))
        rounds = 0
        original = press.publisher._until_next_checkpoint

        def counted() -> float:
            nonlocal rounds
            rounds += 1
            return original()

        press.publisher._until_next_checkpoint = counted  # type: ignore[method-assign]
        await asyncio.sleep(0.3)
        assert rounds < 5
