"""A node as witness: what it cosigns, what it never does, and which cosignatures of others count (laws 4, 5 and 8)."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.errors import CannotRun
from gateway.ledger import checkpoint, cosignatures, logbook
from gateway.ledger.cosignatures import Cosignature
from gateway.ledger.witnessmarks import MARKS_FILE, WitnessMarks
from gateway.node import cosigned, cosigners, statements, witness
from gateway.node.cosigners import Cosigners
from gateway.node.ending import Ending
from gateway.node.follower import Follower
from gateway.node.mirrorparts import MirrorParts
from gateway.node.views import LogView
from gateway.node.witness import Witness, WitnessKeys
from gateway.trust import keyfiles, notes
from gateway.trust.members import Ended, Policy
from gateway.trust.suites import CosignatureSigner
from gateway.trust.trusted import load
from tests.handmade import HandMade
from tests.node.parts import feed, follow, mirror_parts
from tests.simulator import NETWORK, World, eventually

ORIGIN = f"{NETWORK}/sanhe/licence"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "sanhe", "tongzhou", "dachang")


@pytest.fixture
def log(world: World) -> HandMade:
    """Sanhe's log with six leaves, nothing sealed."""
    log = world.log_of("sanhe")
    return log.add(*(log.entry(log.fresh()) for _ in range(6)))


@dataclass
class Post:
    """Tongzhou as witness of sanhe's log, by itself: nothing is sent, and nothing is done that a test does not ask for.
    ``now``: its clock, s.
    """

    world: World
    now: float = field(default_factory=time.time)
    follower: Follower = field(init=False)
    witness: Witness = field(init=False)
    cosigners: Cosigners = field(init=False)
    marks: WitnessMarks = field(init=False)

    def made(self, parts: MirrorParts) -> Witness:
        folder, keys = self.world.folder / "tongzhou", self.world.keys("tongzhou")
        self.marks = WitnessMarks(folder / "data" / MARKS_FILE)
        self.cosigners = Cosigners(parts.trust, parts.measures, lambda: None, self.clock)
        followers = _One(self)
        self.witness = Witness(
            WitnessKeys(keys.witness.name, lambda at: keys.witnesses),
            parts.mirrors,
            self.marks,
            followers,
            self.cosigners,
            announce=lambda: None,
            wake=asyncio.Event(),
            clock=self.clock,
        )
        return self.witness

    def clock(self) -> float:
        return self.now

    async def hold(self, log: HandMade, start: int, size: int) -> None:
        """Leaves come on the record topic under a seal; nothing is published yet."""
        last = size - 1
        seal = log.seal(size=size, date=int(self.now))
        await feed(self.follower, *(log.message(at, seal if at == last else None) for at in range(start, size)))
        assert self.follower.log.size == size

    async def cosign(self, *checkpoints: bytes, after_s: float = 1.0) -> bytes | None:
        """Checkpoints are published, the witness does what is due; answers what it would send."""
        for each in checkpoints:
            await self.follower.hear(each)
        self.now += after_s
        self.witness._watch(self.follower.log).due_at = 0.0  # a second has gone by
        await self.witness.step()
        return self.witness.newest.get(ORIGIN)

    def kept(self, size: int) -> list[Cosignature]:
        return cosignatures.at(self.follower.parts.mirrors.read, self.follower.log.number, size)

    def cosigned(self) -> tuple[int, bytes] | None:
        return cosignatures.cosigned(self.follower.parts.mirrors.read, self.follower.log.number)

    def refused(self) -> dict[str, float]:
        return {
            sample.labels["reason"]: sample.value
            for metric in self.follower.parts.measures.registry.collect()
            for sample in metric.samples
            if sample.name == "jjj_cosignatures_refused_total"
        }


class _One(dict[str, Follower]):
    """The one follower, once there is one."""

    def __init__(self, post: Post) -> None:
        super().__init__()
        self._post = post

    def get(self, key: str, default: Any = None) -> Any:
        return self._post.follower

    def __getitem__(self, key: str) -> Follower:
        return self._post.follower


@asynccontextmanager
async def posted(world: World, now: float | None = None) -> AsyncIterator[Post]:
    """A witness from what its disk holds."""
    post = Post(world)
    post.now = now or post.now
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(mirror_parts(world, "tongzhou", clock=post.clock, witness=post.made))
        stack.callback(post.marks.close)
        stack.callback(post.witness.close)
        post.follower = await follow(parts, "sanhe")
        post.witness._watch(post.follower.log)
        yield post


def read(world: World, note: bytes, witness: str = "tongzhou") -> tuple[int, int]:
    """(size, the witness's date) of a cosigned note, judged with the owner's and the witness's key."""
    keys = world.keys("sanhe").logs["licence"]
    vouching = world.keys(witness).witness.key
    known = {(key.name, key.key_id): key for key in (keys.log.key, keys.heartbeat.key, vouching)}
    found = checkpoint.read(note, ORIGIN, known, require_date=True)
    dates = [date for name, _, date in found.cosignatures if name == vouching.name]
    assert len(dates) == 1
    return found.checkpoint.size, dates[0]


# What it cosigns


async def test_a_published_checkpoint_is_cosigned_when_its_tree_is_held_whole(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        assert await post.cosign(log.seal(size=3)) is None, "nothing of it is held yet"
        await post.hold(log, 0, 3)
        note = await post.cosign()
        assert note is not None
        assert read(world, note) == (3, int(post.now))
        assert post.marks.of(ORIGIN) == post.cosigned() == (3, log.tree(3).root())
        assert [each.line() for each in post.kept(3)] == [note.splitlines(keepends=True)[-1]]


async def test_what_a_thief_published_before_the_key_was_revoked_is_neither_signed_nor_marked(
    world: World, log: HandMade
) -> None:
    async with posted(world) as post:
        await post.follower.hear(log.seal(size=3, root=bytes(32), date=int(post.now) + 20))
        await post.follower.weigh_again()  # the roster has revoked it: what was heard counts no more
        await post.hold(log, 0, 3)
        assert await post.cosign() is None
        assert post.marks.of(ORIGIN) is None, "a mark of a tree that nobody has would hold this witness back for ever"
        note = await post.cosign(log.seal(size=3, date=int(post.now)))
        assert note is not None
        assert post.marks.of(ORIGIN) == (3, log.tree(3).root())


@pytest.mark.parametrize("junk", [[64] * 126, [40_000]], ids=["many lines", "a long line"])
async def test_lines_that_anybody_adds_in_the_owners_name_take_no_room_from_witnesses(
    world: World, log: HandMade, junk: list[int]
) -> None:
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        seal = log.seal(size=3, date=int(post.now))
        stuffed = seal + b"".join(notes.line(ORIGIN, b"junk", bytes(size)) for size in junk)
        note = await post.cosign(stuffed, seal)
        assert note is not None
        assert read(world, note)[0] == 3
        assert note.startswith(seal)


async def test_a_seal_that_was_not_published_is_not_cosigned(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        assert await post.cosign() is None


async def test_the_largest_published_checkpoint_that_is_held_is_taken(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        now = int(post.now)
        await post.hold(log, 0, 4)
        note = await post.cosign(*(log.seal(size=size, date=now + size - 4) for size in (2, 3, 5)))
        assert note is not None
        assert read(world, note)[0] == 3
        await post.hold(log, 4, 5)
        later = await post.cosign()
        assert later is not None
        assert read(world, later)[0] == 5


async def test_a_heartbeat_is_cosigned_again_with_a_later_date(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        notes_ = [await post.cosign(log.seal(size=3, date=int(post.now) + beat)) for beat in range(3)]
        dates = [read(world, note)[1] for note in notes_ if note is not None]
        assert len(dates) == 3
        assert dates == sorted(set(dates))
        assert [each.date for each in post.kept(3)] == [dates[0], dates[-1]], "first and last stay"
        assert await post.cosign() == notes_[-1], "without a new heartbeat there is nothing to say"


async def test_a_log_is_cosigned_once_a_second_at_most(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        first = await post.cosign(log.seal(size=3))
        await post.follower.hear(log.seal(size=3, date=int(post.now) + 1))
        await post.witness.step()
        assert post.witness.newest[ORIGIN] == first
        assert await post.cosign() != first


async def test_a_date_never_goes_back_with_the_clock(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        first = await post.cosign(log.seal(size=3, date=int(post.now)))
        later = log.seal(size=3, date=int(post.now) + 5)
        post.now -= 600
        again = await post.cosign(later)
        assert first is not None
        assert again is not None
        assert read(world, again)[1] >= read(world, first)[1]


# What it never does


async def test_a_smaller_size_is_never_cosigned(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        now = int(post.now)
        await post.hold(log, 0, 5)
        note = await post.cosign(log.seal(size=5, date=now))
        assert await post.cosign(log.seal(size=3, date=now - 5)) == note
        assert post.kept(3) == []
        assert post.cosigned() == (5, log.tree(5).root())


async def test_another_root_freezes_the_log_and_nothing_more_is_cosigned(world: World, log: HandMade) -> None:
    other = world.log_of("sanhe")
    other.add(*(other.entry(other.fresh()) for _ in range(4)))
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        note = await post.cosign(log.seal(size=3, date=int(post.now)))
        assert await post.cosign(other.seal(size=3, date=int(post.now) + 1)) == note
        assert post.follower.log.frozen == "log.fork"
        assert await post.cosign(log.seal(size=3, date=int(post.now) + 2)) == note
        assert len(post.kept(3)) == 1


async def test_an_ended_log_is_cosigned_up_to_its_end_and_no_further(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        await post.hold(log, 0, 2)
        await post.hold(log, 2, 5)
        now = int(post.now)
        for size in (2, 5):
            await post.follower.hear(log.seal(size=size, date=now + size - 5))
        ended = Ended(3, log.tree(3).root())
        member = world.member("sanhe")
        member["logs"][0]["ended"] = {"size": 3, "root": base64.b64encode(ended.root).decode()}
        world.found(version=2, sanhe=member)
        assert await post.follower.parts.trust.refresh()
        note = await post.cosign()
        assert note is not None
        assert read(world, note)[0] == 2
        assert await post.cosign(log.seal(size=5, date=now + 9)) == note
        assert post.cosigned() == (2, log.tree(2).root())


async def test_what_was_cosigned_beyond_the_end_is_cut_off_and_holds_nothing_back(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        await post.hold(log, 3, 5)
        assert await post.cosign(log.seal(size=5, date=int(post.now))) is not None
        root = log.tree(3).root()
        member = world.member("sanhe")
        member["logs"][0]["ended"] = {"size": 3, "root": base64.b64encode(root).decode()}
        world.found(version=2, sanhe=member)
        assert await post.follower.parts.trust.refresh()
        assert not await Ending(post.follower).look(Ended(3, root))
        assert post.kept(5) == []
        await post.cosign()
        assert post.witness.holding_back == []
        assert post.marks.of(ORIGIN) == post.cosigned() == (5, log.tree(5).root()), "an end is no licence to go back"


async def test_a_log_frozen_while_it_is_signed_is_not_cosigned(world: World, log: HandMade) -> None:
    """The signature was made; the one step finds the log frozen, and nothing of it stays or leaves."""
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        await post.follower.hear(log.seal(size=3))
        mirrors = post.follower.parts.mirrors
        await mirrors.write(lambda c: logbook.freeze(c, ORIGIN, "log.fork"))
        await post.witness.step()
        assert (post.kept(3), post.cosigned(), post.witness.newest) == ([], None, {})


async def test_the_step_refuses_what_goes_back(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        mirrors, number = post.follower.parts.mirrors, post.follower.log.number
        tries = [(5, b"a" * 32), (5, b"a" * 32), (5, b"b" * 32), (4, b"a" * 32), (6, b"c" * 32)]
        done = [await mirrors.write(lambda c, t=each: cosignatures.advance(c, number, *t)) for each in tries]
        assert done == [True, True, False, False, True]
        assert post.cosigned() == (6, b"c" * 32)


# After a stop, a restored mirror, a lost mark


async def test_what_was_cosigned_and_not_sent_is_sent_after_the_next_start(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        note = await post.cosign(log.seal(size=3, date=int(post.now)))
        await post.hold(log, 3, 5)
        now = post.now
    async with posted(world, now) as post:
        assert note is not None
        assert read(world, post.witness.newest[ORIGIN]) == read(world, note)
        assert await post.cosign(log.seal(size=2, date=int(now) - 9)) == post.witness.newest[ORIGIN]
        later = await post.cosign(log.seal(size=5, date=int(now) + 1))
        assert later is not None
        assert read(world, later)[0] == 5


async def test_a_restored_mirror_cosigns_nothing_until_it_has_caught_up(world: World, log: HandMade) -> None:
    data = world.folder / "tongzhou" / "data"
    async with posted(world) as post:
        await post.hold(log, 0, 3)
    backup = {file.name: file.read_bytes() for file in data.glob("mirrors.sqlite*")}
    async with posted(world) as post:
        await post.hold(log, 3, 5)
        await post.cosign(log.seal(size=5, date=int(post.now)))
        now = post.now
    for file in data.glob("mirrors.sqlite*"):
        file.unlink()
    for name, content in backup.items():
        (data / name).write_bytes(content)
    async with posted(world, now) as post:
        assert await post.cosign(log.seal(size=3, date=int(now) - 9)) is None
        (fault,) = post.witness.holding_back
        assert fault.reason == "witness.behind"
        assert "5" in fault.message
        await post.hold(log, 3, 5)
        assert await post.cosign() is None, "the smaller one that waited is not cosigned any more"
        assert post.witness.holding_back == []
        note = await post.cosign(log.seal(size=5, date=int(now) + 1))
        assert note is not None
        assert read(world, note)[0] == 5


async def test_a_mirror_fetched_anew_of_another_tree_is_not_cosigned(world: World, log: HandMade) -> None:
    """The owner took the chance of a lost mirror to show another past: what was cosigned is remembered outside it."""
    other = world.log_of("sanhe")
    other.add(*(other.entry(other.fresh()) for _ in range(6)))
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        await post.cosign(log.seal(size=3))
    for file in (world.folder / "tongzhou" / "data").glob("mirrors.sqlite*"):
        file.unlink()
    async with posted(world) as post:
        await post.hold(other, 0, 6)
        assert await post.cosign(other.seal(size=6)) is None
        assert [fault.reason for fault in post.witness.holding_back] == ["witness.other"]


@pytest.mark.parametrize("harm", ["missing", "empty", "head", "row"])
async def test_without_its_high_water_file_a_witness_is_silent(world: World, log: HandMade, harm: str) -> None:
    path = world.folder / "tongzhou" / "data" / MARKS_FILE
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        await post.cosign(log.seal(size=3))
    held = path.read_bytes()
    path.unlink()
    harmed = {"empty": b"", "head": b"x" + held[1:], "row": held[:600] + b"\xff" * 1100 + held[1700:]}
    if harm in harmed:
        path.write_bytes(harmed[harm])
    async with posted(world) as post:
        before = post.witness.newest.get(ORIGIN)
        assert await post.cosign(log.seal(size=3, date=int(post.now) + 2)) == before
        assert [fault.reason for fault in post.witness.holding_back] == ["witness.unmarked"]


async def test_a_mark_that_the_disk_refuses_lets_nothing_leave(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        await post.follower.hear(log.seal(size=3))
        post.marks.close()
        post.marks._descriptor = -1  # a disk that has gone
        with pytest.raises(CannotRun, match="nothing is cosigned"):
            await post.witness.step()
        assert (post.kept(3), post.cosigned(), post.witness.newest) == ([], None, {})
        assert [fault.reason for fault in post.witness.holding_back] == ["ledger.io"]
        post.marks._descriptor = None


# What others say


def vouched(world: World, note: bytes, by: str = "dachang", *, date: int | None = None, signer: Any = None) -> bytes:
    """A note with a cosignature of a jurisdiction's witness key, or of another signer, under it."""
    signer = signer or world.keys(by).witness
    text = note[: note.rfind(b"\n\n") + 1]
    return note + checkpoint.cosign(text, signer, int(time.time()) if date is None else date)


async def test_the_cosignature_of_another_witness_is_kept_first_and_last(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        now, seal = int(post.now), log.seal(size=3)
        for date in (now, now + 7, now + 3):
            await post.follower.hear(vouched(world, seal, date=date), by="dachang")
        await post.cosigners.keep(all_of_it=True)
        assert [(each.name, each.date) for each in post.kept(3)] == [
            (f"{NETWORK}/dachang/witness", now),
            (f"{NETWORK}/dachang/witness", now + 7),
        ]
        assert post.refused() == {}


async def test_a_cosignature_waits_for_its_tree(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        await post.follower.hear(vouched(world, log.seal(size=3)), by="dachang")
        await post.cosigners.keep(all_of_it=True)
        assert post.kept(3) == []
        assert post.follower.freshness.known_size == 3
        await post.hold(log, 0, 3)
        await post.cosigners.keep()
        assert len(post.kept(3)) == 1


Forge = Callable[[World, HandMade], bytes]
FORGED: dict[str, tuple[str, Forge]] = {
    "another signature under the witness's key": (
        "signature.invalid",
        lambda w, log: vouched(w, log.seal(size=3))[:-8] + b"AAAAAA=\n",
    ),
    "a key that no roster knows": (
        "key.unknown",
        lambda w, log: vouched(w, log.seal(size=3), signer=strange(f"{NETWORK}/dachang/witness")),
    ),
    "the witness's own key under another name": (
        "key.unknown",
        lambda w, log: vouched(w, log.seal(size=3), signer=renamed(w, f"{NETWORK}/dachang/observer")),
    ),
    "dated before its key was good": ("key.early", lambda w, log: vouched(w, log.seal(size=3), date=1_000_000_000)),
    "dated ahead": ("witness.ahead", lambda w, log: vouched(w, log.seal(size=3), date=int(time.time()) + 90)),
    "of another jurisdiction than the topic's": (
        "witness.topic",
        lambda w, log: vouched(w, log.seal(size=3), "tongzhou"),
    ),
    "the owner's own witness key": ("witness.own_log", lambda w, log: vouched(w, log.seal(size=3), "sanhe")),
    "the heartbeat key of another log": (
        "key.role",
        lambda w, log: vouched(w, log.seal(size=3), signer=w.keys("dachang").logs["licence"].heartbeat),
    ),
    "on another log": ("checkpoint.origin", lambda w, log: vouched(w, w.log_of("dachang").seal(size=0))),
    "without the owner's line": ("key.unknown", lambda w, log: without_owner(vouched(w, log.seal(size=3)))),
    "one key on three lines": (
        "note.lines",
        lambda w, log: vouched(w, vouched(w, vouched(w, log.seal(size=3), date=1_790_000_001), date=1_790_000_002)),
    ),
}


def strange(name: str) -> Any:
    return CosignatureSigner(name, Ed25519PrivateKey.generate())


def renamed(world: World, name: str) -> Any:
    return keyfiles.load_cosigner(world.folder / "dachang" / "keys" / "witness.pem", name)


def without_owner(note: bytes) -> bytes:
    """The witness's line alone under the owner's text."""
    parsed = notes.parse(note, 9)
    return parsed.text + b"\n" + parsed.lines[-1].raw


@pytest.mark.parametrize("forged", FORGED)
async def test_a_cosignature_that_does_not_count_costs_a_line_in_the_metrics(
    world: World, log: HandMade, forged: str
) -> None:
    reason, forge = FORGED[forged]
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        await post.follower.hear(forge(world, log), by="dachang")
        await post.cosigners.keep(all_of_it=True)
        assert post.refused() == {reason: 1}
        assert post.kept(3) == []


async def test_a_key_that_is_revoked_later_vouches_for_nothing_any_more(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        await post.follower.hear(vouched(world, log.seal(size=3)), by="dachang")
        await post.cosigners.keep(all_of_it=True)
        held, read_ = post.follower.log, post.follower.parts.mirrors.read
        view = LogView(held, False, read_, 0.0, 0, False, b"", None)
        trust = post.follower.parts.trust.current
        assert cosigned.jurisdictions(view, 2, trust) == {"dachang": f"{NETWORK}/dachang/witness"}
        assert cosigned.jurisdictions(view, 3, trust) == {}, "a leaf beyond what was cosigned"
        member = world.member("dachang")
        for key in member["keys"]:
            if key["role"] == "witness":
                key["not_after"] = "2021-01-01T00:00:00Z"
        world.found(dachang=member)
        assert await post.follower.parts.trust.refresh()
        assert cosigned.jurisdictions(view, 2, post.follower.parts.trust.current) == {}


async def test_a_size_that_only_witnesses_were_shown_makes_the_log_unfresh(world: World, log: HandMade) -> None:
    """The owner shows this node an old tree; a cosignature of another shows that there is a larger one."""
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        await post.follower.hear(log.seal(size=3, date=int(post.now)))
        await post.follower.hear(vouched(world, log.seal(size=5, date=int(post.now) + 90)), by="dachang")
        fresh, tick = post.follower.freshness, time.monotonic()
        assert fresh.from_future == 1, "the owner's date is of no use"
        assert (fresh.lacking(tick), fresh.lacking(tick + 301)) == (False, True)
        assert fresh.age(post.now, tick + 301) is None
        await post.hold(log, 3, 5)
        assert not post.follower.freshness.lacking(tick + 301)


async def test_a_flood_of_cosignatures_by_a_hostile_witness_finds_an_end(
    world: World, log: HandMade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cosigners, "MOST_WAITING", 2)
    async with posted(world) as post:
        for size in range(1, 6):
            await post.follower.hear(vouched(world, log.seal(size=size, date=int(post.now) + size)), by="dachang")
        assert post.refused() == {"witness.room": 3}


async def test_history_teaches_old_cosignatures(world: World, log: HandMade) -> None:
    async with posted(world) as post:
        await post.hold(log, 0, 2)
        await post.hold(log, 2, 4)
        seals = [log.seal(size=2), log.seal(size=3), log.seal(size=4, root=bytes(32)), log.seal(size=4)]
        await post.witness.learn(post.follower, [b"rubbish", *(vouched(world, seal) for seal in seals)])
        assert [len(post.kept(size)) for size in (2, 3, 4)] == [1, 0, 1]


async def test_a_history_of_more_than_may_wait_is_learned_whole(
    world: World, log: HandMade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cosigners, "MOST_WAITING", 2)
    async with posted(world) as post:
        for size in range(1, 7):
            await post.hold(log, size - 1, size)
        await post.witness.learn(post.follower, [vouched(world, log.seal(size=size)) for size in range(1, 7)])
        assert [len(post.kept(size)) for size in range(1, 7)] == [1] * 6
        assert post.refused() == {}


async def test_a_fault_of_the_witness_is_said_and_it_goes_on(
    world: World, log: HandMade, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Damaged tiles, say: the node goes on, and its witness is begun again."""
    monkeypatch.setattr(witness, "PAUSE_S", 0.01)
    async with posted(world) as post:
        await post.hold(log, 0, 3)
        await post.follower.hear(log.seal(size=3))
        mirrors = post.follower.parts.mirrors
        held = mirrors.read.execute("SELECT key, hashes FROM tiles").fetchall()
        await mirrors.write(lambda c: c.execute("DELETE FROM tiles"))
        running = asyncio.create_task(post.witness.run())
        await eventually(lambda: crashes(post) >= 1, "the fault is counted")
        await mirrors.write(lambda c: c.executemany("INSERT INTO tiles VALUES (?, ?)", held))
        await eventually(lambda: post.cosigned() is not None, "it cosigns")
        running.cancel()


def crashes(post: Post) -> float:
    found = post.follower.parts.measures.registry.get_sample_value("jjj_mirror_crashes_total", {"origin": "witness"})
    return found or 0.0


def test_a_statement_is_what_its_owner_signed_whoever_cosigned_it(world: World, log: HandMade) -> None:
    seal, trust = log.seal(size=3), _trust(world)
    said = statements.read(vouched(world, seal), ORIGIN, "sanhe", "licence", trust)
    assert said == replace(statements.read(seal, ORIGIN, "sanhe", "licence", trust))
    assert said.note == seal


def _trust(world: World) -> Any:
    return load(world.folder / "tongzhou" / "trust", ())


def test_under_the_policy_gm_an_ed25519_cosignature_is_kept_and_vouches_for_nothing(tmp_path: Path) -> None:
    """What counts is asked of the roster, by the key's suite and the cosignature's own date."""
    world = World(tmp_path, "sanhe", "tongzhou", gm=True)
    trust, since = load(world.folder / "sanhe" / "trust"), 1_795_400_000
    trust = replace(trust, roster=replace(trust.roster, policy=Policy("gm", since)))
    log = logbook.Log(1, ORIGIN, "sanhe", "licence", 1, None, 0, None)
    view = LogView(log, False, None, None, 0, False, b"", None)  # type: ignore[arg-type]
    keys = {key.vkey.suite.gm: key for key in trust.roster.keys("witness", "tongzhou").values()}
    for gm, date, counts in ((False, since - 1, True), (False, since, False), (True, since, True)):
        key = keys[gm]
        given = Cosignature(1, key.vkey.name, key.vkey.key_id, date, b"payload")
        assert cosigned._counts(key, view, given, trust) is counts
