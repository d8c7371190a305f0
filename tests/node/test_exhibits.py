"""Evidence held against a roster: under the policy gm it takes SM2 to say that an owner contradicted itself (law 7)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gateway.errors import Refused
from gateway.ledger import checkpoint
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.evidencefile import FORK, ROLLBACK, Clash, Evidence
from gateway.node import exhibits
from gateway.node.exhibits import Exhibits
from gateway.trust import notes
from gateway.trust.trusted import TrustData, load
from tests.handmade import HandMade
from tests.simulator import NETWORK, World

ORIGIN = f"{NETWORK}/sanhe/licence"
NOW = int(time.time())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "sanhe", "tongzhou", gm=True)


@pytest.fixture
def log(world: World) -> HandMade:
    log = world.log_of("sanhe")
    return log.add(*(log.entry(log.fresh()) for _ in range(2)))


@pytest.fixture
def trust(world: World) -> TrustData:
    return load(world.folder / "tongzhou" / "trust")


def filed(world: World, trust: TrustData, clash: Clash) -> Evidence:
    folder = world.folder / "tongzhou" / "data" / "evidence"
    return Exhibits(folder, "tongzhou").of(ORIGIN, clash, trust, where="topic", at=NOW * 1000)


def by_ed25519(log: HandMade, root: bytes, *, dated: bool) -> bytes:
    pair, tree = log.keys.logs["licence"], Checkpoint(ORIGIN, 2, root)
    return checkpoint.sign(tree, pair.log, pair.heartbeat, NOW) if dated else notes.sign(tree.text(), pair.log)


def test_two_roots_signed_by_both_suites_are_proof(world: World, log: HandMade, trust: TrustData) -> None:
    evidence = filed(world, trust, Clash(FORK, log.seal(), log.seal(root=bytes(32))))
    assert exhibits.judge(evidence, trust).told == "two roots at size 2"
    assert len(exhibits.binding(evidence, trust)) == 2


@pytest.mark.parametrize("dated", [True, False])
def test_two_roots_of_which_ed25519_alone_signed_one_are_none(
    world: World, log: HandMade, trust: TrustData, *, dated: bool
) -> None:
    evidence = filed(world, trust, Clash(FORK, log.seal(), by_ed25519(log, bytes(32), dated=dated)))
    with pytest.raises(Refused) as refused:
        exhibits.judge(evidence, trust)
    assert refused.value.reason == "suite.gm_missing"


def test_nor_is_a_later_date_by_ed25519_alone_on_what_both_suites_signed(
    world: World, log: HandMade, trust: TrustData
) -> None:
    small = log.seal(size=1, date=NOW - 60)
    text = small[: small.rfind(b"\n\n") + 1]
    small += checkpoint.cosign(text, log.keys.logs["licence"].heartbeat, NOW)
    evidence = filed(world, trust, Clash(ROLLBACK, small, log.seal(size=2, date=NOW - 30)))
    with pytest.raises(Refused) as refused:
        exhibits.judge(evidence, trust)
    assert refused.value.reason == "suite.gm_missing"
