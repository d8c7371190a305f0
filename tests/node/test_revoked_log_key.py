"""A log's own keys are stolen and revoked: the thief's word neither counts as fresh, nor freezes what a good key
vouches for (DESIGN §7, laws 7 and 8).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.errors import Refused
from gateway.ledger import checkpoint
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.evidencefile import FORK, Clash
from gateway.node import exhibits, statements
from gateway.node.follower import Follower
from gateway.trust.suites import CosignatureSigner, Ed25519Signer
from gateway.trust.trusted import TrustData, load
from tests.handmade import HandMade, stamp
from tests.node.parts import feed, following, garbage
from tests.simulator import NETWORK, World

ORIGIN = f"{NETWORK}/sanhe/licence"
AT = int(time.time()) - 100
WINDOW = {"not_before": "2020-01-01T00:00:00Z", "not_after": "2040-01-01T00:00:00Z"}


@dataclass
class Owner:
    """Sanhe, whose log and heartbeat keys are stolen; it signs on with new ones."""

    world: World
    log: HandMade
    new_log: Ed25519Signer
    new_heartbeat: CosignatureSigner

    def revoke(self, good_below: int = 2) -> TrustData:
        revoked = {"revoked": {"at": stamp(AT), "reason": "示例", "good_below": {ORIGIN: good_below}}}
        keys: list[dict[str, Any]] = [
            key | (revoked if key["role"] in ("log", "heartbeat") and "licence" in key["families"] else {})
            for key in self.world.member("sanhe")["keys"]
        ]
        for role, signer in (("log", self.new_log), ("heartbeat", self.new_heartbeat)):
            keys.append({"role": role, "vkey": signer.key.text(), "families": ["licence"], **WINDOW})
        self.world.found(sanhe={"keys": keys})
        return load(self.world.folder / "tongzhou" / "trust")

    def states(self, size: int, date: int) -> bytes:
        """The owner's statement under the new keys."""
        tree = Checkpoint(ORIGIN, size, self.log.tree(size).root())
        return checkpoint.sign(tree, self.new_log, self.new_heartbeat, date)


@pytest.fixture
def owner(world: World) -> Owner:
    log = world.log_of("sanhe")
    log.add(*(log.entry(log.fresh()) for _ in range(2)))
    private = Ed25519PrivateKey.generate
    return Owner(world, log, Ed25519Signer(ORIGIN, private()), CosignatureSigner(ORIGIN, private()))


async def learn(follower: Follower) -> None:
    assert await follower.parts.trust.refresh()


async def hold(follower: Follower, owner: Owner) -> None:
    """Both leaves, sealed by the keys of old."""
    await feed(follower, owner.log.message(0), owner.log.message(1, owner.log.seal(date=AT - 10)))
    assert follower.log.size == 2


@pytest.mark.parametrize(
    ("size", "after_s", "fault"),
    [(2, 0, None), (1, -9, None), (2, 2, "key.revoked"), (3, 0, "key.revoked"), (0, 0, None)],
    ids=["at the end", "before it", "dated later", "larger", "empty"],
)
def test_a_statement_of_old_is_good_within_the_date_and_the_size_that_the_roster_names(
    owner: Owner, size: int, after_s: int, fault: str | None
) -> None:
    trust = owner.revoke()
    pair = owner.log.keys.logs["licence"]
    root = owner.log.tree(0).root() if size == 0 else bytes(32)
    note = checkpoint.sign(Checkpoint(ORIGIN, size, root), pair.log, pair.heartbeat, AT + after_s)
    if fault is None:
        assert statements.read(note, ORIGIN, "sanhe", "licence", trust).disowned
        return
    with pytest.raises(Refused) as refused:
        statements.read(note, ORIGIN, "sanhe", "licence", trust)
    assert refused.value.reason == fault


def test_the_owners_new_word_is_its_own(owner: Owner) -> None:
    trust = owner.revoke()
    assert not statements.read(owner.states(2, AT + 50), ORIGIN, "sanhe", "licence", trust).disowned


async def test_a_thief_who_dates_back_freezes_nothing_that_a_good_key_vouches_for(owner: Owner) -> None:
    async with following(owner.world, "sanhe") as follower:
        await hold(follower, owner)
        owner.revoke()
        await learn(follower)
        await follower.weigh_again()
        await follower.hear(owner.states(2, AT + 50))
        await follower.hear(owner.log.seal(root=bytes(32), date=AT - 5))
        assert follower.log.frozen is None
        assert garbage(follower) == {"key.revoked": 1}


async def test_nor_while_the_leaves_of_the_owners_new_word_are_still_on_their_way(owner: Owner) -> None:
    async with following(owner.world, "sanhe") as follower:
        await hold(follower, owner)
        owner.log.add(owner.log.entry(owner.log.fresh()))
        owner.revoke()
        await learn(follower)
        await follower.weigh_again()
        await follower.hear(owner.states(3, AT + 50))
        assert follower.log.size == 2, "the third leaf has not come yet"
        await follower.hear(owner.log.seal(size=2, root=bytes(32), date=AT - 5))
        assert follower.log.frozen is None


async def test_who_joins_later_and_hears_the_thief_first_freezes_nothing_either(owner: Owner) -> None:
    owner.revoke()
    async with following(owner.world, "sanhe") as follower:
        await follower.hear(owner.log.seal(size=1, root=bytes(32), date=AT - 20))
        await follower.hear(owner.log.seal(root=bytes(32), date=AT - 5))
        await follower.hear(owner.states(2, AT + 50))
        await hold(follower, owner)
        assert follower.log.frozen is None
        assert follower.newest_note == owner.states(2, AT + 50)


@pytest.mark.parametrize("spoken", [True, False], ids=["the owner has spoken anew", "it has not"])
async def test_a_thiefs_word_in_evidence_freezes_no_more_than_by_itself(owner: Owner, *, spoken: bool) -> None:
    async with following(owner.world, "sanhe") as follower:
        await hold(follower, owner)
        trust = owner.revoke()
        await learn(follower)
        await follower.weigh_again()
        if spoken:
            await follower.hear(owner.states(2, AT + 50))
        clash = Clash(FORK, owner.log.seal(date=AT - 10), owner.log.seal(root=bytes(32), date=AT - 5))
        evidence = follower.parts.exhibits.of(ORIGIN, clash, trust, where="partner", at=AT * 1000)
        assert exhibits.judge(evidence, trust).told
        await follower.adopt(evidence)
        assert follower.log.frozen == (None if spoken else "log.fork")


async def test_until_the_owner_has_spoken_anew_two_roots_are_evidence(owner: Owner) -> None:
    async with following(owner.world, "sanhe") as follower:
        await hold(follower, owner)
        owner.revoke()
        await learn(follower)
        await follower.weigh_again()
        await follower.hear(owner.log.seal(root=bytes(32), date=AT - 5))
        assert follower.log.frozen == "log.fork"


async def test_a_thiefs_heartbeat_keeps_nothing_fresh(owner: Owner) -> None:
    async with following(owner.world, "sanhe") as follower:
        await hold(follower, owner)
        await follower.hear(owner.log.seal(date=AT + 90))
        assert follower.freshness.newest is not None
        assert follower.freshness.newest.date == AT + 90
        owner.revoke()
        await learn(follower)
        await follower.weigh_again()
        assert follower.freshness.age(time.time(), time.monotonic()) is None
        await follower.hear(owner.states(2, AT + 95))
        assert follower.freshness.newest is not None
        assert follower.newest_note == owner.states(2, AT + 95)


async def test_a_size_that_only_a_thief_has_shown_lacks_nobody(owner: Owner) -> None:
    async with following(owner.world, "sanhe") as follower:
        await hold(follower, owner)
        pair = owner.log.keys.logs["licence"]
        await follower.hear(checkpoint.sign(Checkpoint(ORIGIN, 900, bytes(32)), pair.log, pair.heartbeat, AT + 5))
        assert (follower.freshness.known_size, follower.wanted) == (900, 900)
        owner.revoke()
        await learn(follower)
        await follower.weigh_again()
        assert (follower.freshness.known_size, follower.wanted) == (follower.log.size, 0)


async def test_after_a_restart_the_last_word_of_a_revoked_key_counts_no_more(owner: Owner) -> None:
    async with following(owner.world, "sanhe") as follower:
        await hold(follower, owner)
        await follower.hear(owner.log.seal(date=AT + 90))
        await follower.keep_heartbeat()
    owner.revoke()
    async with following(owner.world, "sanhe") as follower:
        assert follower.log.size == 2
        assert follower.freshness.newest is None
