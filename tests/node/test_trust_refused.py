"""Attacks on signed trust data, each with its reason; nothing of them comes into force, and the honest repository is
taken afterwards.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from securesystemslib.signer import CryptoSigner

from tests.node.trustdesk import TrustDesk
from tests.repository.forge import DAY_S, PLACES, Forge, document


@dataclass(frozen=True)
class Attack:
    """What a hostile source does to the repository that a node has followed up to targets 2, snapshot 2, timestamp 2.
    ``later``: days that have gone by meanwhile.
    """

    does: Callable[[Forge], object]
    reason: str
    later: float = 0


def first(forge: Forge, count: int) -> list[CryptoSigner]:
    return [forge.signers[place] for place in PLACES[:count]]


def outdated_root(forge: Forge) -> None:
    shutil.copy(forge.path("root", 1), forge.path("root", 2))


def new_root(forge: Forge, signers: list[CryptoSigner]) -> None:
    forge.rewrite("root", lambda root: setattr(root, "version", 2), signers)


def rolled_back_targets(forge: Forge) -> None:
    def back(snapshot: object) -> None:
        snapshot.version = 3  # type: ignore[attr-defined]
        snapshot.meta["targets.json"].version = 1  # type: ignore[attr-defined]

    forge.rewrite("snapshot", back)
    forge.head(3)


def mixed_snapshot(forge: Forge) -> None:
    shutil.copy(forge.path("snapshot", 2), forge.path("snapshot", 3))
    forge.head(3)


def mixed_targets(forge: Forge) -> None:
    def onwards(snapshot: object) -> None:
        snapshot.version = 3  # type: ignore[attr-defined]
        snapshot.meta["targets.json"].version = 3  # type: ignore[attr-defined]

    shutil.copy(forge.path("targets", 2), forge.path("targets", 3))
    forge.rewrite("snapshot", onwards)
    forge.head(3)


def swapped_target(forge: Forge, change: Callable[[bytes], bytes]) -> None:
    body = document("roster", version=3)
    forge.publish_anyway(roster=body)
    newest = max((forge.folder / "targets").glob("*.roster.json"), key=lambda path: path.read_bytes() == body)
    newest.write_bytes(change(body))


def without_own(forge: Forge) -> None:
    roster = orjson.loads(document("roster", version=3))
    roster["jurisdictions"] = [one for one in roster["jurisdictions"] if one["id"] != "tongzhou"]
    forge.publish_anyway(roster=orjson.dumps(roster))


ATTACKS = {
    "an outdated root under the next number": Attack(outdated_root, "trust.rollback"),
    "a root signed by three of six": Attack(lambda forge: new_root(forge, first(forge, 3)), "trust.signatures"),
    "a root signed by strangers": Attack(
        lambda forge: new_root(forge, [CryptoSigner.generate_ed25519() for _ in range(6)]), "trust.signatures"
    ),
    "a root signed four times by one": Attack(
        lambda forge: new_root(forge, [forge.signers["sanhe"]] * 4), "trust.signatures"
    ),
    "a timestamp rolled back": Attack(
        lambda forge: forge.rewrite("timestamp", lambda signed: setattr(signed, "version", 1)), "trust.rollback"
    ),
    "a snapshot rolled back": Attack(lambda forge: forge.head(1), "trust.rollback"),
    "targets rolled back": Attack(rolled_back_targets, "trust.rollback"),
    "a snapshot of another version": Attack(mixed_snapshot, "trust.mixed"),
    "targets of another version": Attack(mixed_targets, "trust.mixed"),
    "a frozen timestamp": Attack(lambda forge: None, "trust.expired", later=1.1),
    "everything expired": Attack(lambda forge: None, "trust.expired", later=400),
    "targets signed by three of six": Attack(
        lambda forge: forge.publish_anyway(first(forge, 3), roster=document("roster", version=3)), "trust.signatures"
    ),
    "targets signed by the online key": Attack(
        lambda forge: forge.publish_anyway([forge.online], roster=document("roster", version=3)), "trust.signatures"
    ),
    "a timestamp by a wrong key": Attack(
        lambda forge: forge.head(2, signers=[CryptoSigner.generate_ed25519()]), "trust.signatures"
    ),
    "a timestamp by an administrator": Attack(
        lambda forge: forge.head(2, signers=[forge.signers["sanhe"]]), "trust.signatures"
    ),
    "a target with other bytes": Attack(
        lambda forge: swapped_target(forge, lambda body: body.replace(b"tongzhou", b"tongzhov", 1)), "trust.target"
    ),
    "a target cut short": Attack(lambda forge: swapped_target(forge, lambda body: body[:-1]), "trust.target"),
    "a target that goes on": Attack(lambda forge: swapped_target(forge, lambda body: body + b" "), "trust.too_large"),
    "a timestamp that goes on and on": Attack(
        lambda forge: forge.path("timestamp").write_bytes(b" " * (1 << 20)), "trust.too_large"
    ),
    "a timestamp of rubbish": Attack(lambda forge: forge.path("timestamp").write_bytes(b"[" * 9999), "trust.metadata"),
    "a snapshot in the place of the timestamp": Attack(
        lambda forge: shutil.copy(forge.path("snapshot"), forge.path("timestamp")), "trust.metadata"
    ),
    "a missing snapshot": Attack(lambda forge: forge.head(3), "trust.incomplete"),
    "a roster that can't be read": Attack(
        lambda forge: forge.publish_anyway(roster=document("roster", version=3, extra=1)), "trust.form"
    ),
    "a roster of lower version": Attack(
        lambda forge: forge.publish_anyway(roster=document("roster", version=1)), "trust.rollback"
    ),
    "a roster without this node": Attack(without_own, "roster.not_in"),
    "an unknown target": Attack(lambda forge: forge.publish_anyway(surprise=b"{}"), "trust.form"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Forge, Forge]:
    """What the node has followed, and what the administrators have published since."""
    folder = tmp_path_factory.mktemp("made")
    forge = Forge(folder / "repository")
    forge.amend(roster={"version": 2})
    honest = forge.fork(folder / "honest")
    honest.stamp(3)
    honest.amend(agreements={"version": 2})
    honest.amend(roster={"version": 4})
    return forge, honest


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_ends_with_its_reason_and_nothing_changed(
    made: tuple[Forge, Forge], tmp_path: Path, name: str
) -> None:
    attack = ATTACKS[name]
    forge, honest = made[0].fork(tmp_path / "hostile"), made[1].fork(tmp_path / "honest")
    desk = TrustDesk(tmp_path / "node", forge)
    desk.show(forge.folder)
    async with desk.opened() as trust:
        before = desk.state()
        assert trust.current.roster.version == 2
        attack.does(forge)
        desk.now += attack.later * DAY_S
        desk.show(forge.folder)
        assert not await trust.ask()
        assert desk.fault() == attack.reason
        assert desk.refused(attack.reason) == 1
        assert desk.state() == before
        if attack.later < 300:  # a year later the administrators must sign a new root by hand
            honest.now = int(desk.now)
            honest.stamp(1 if attack.later else 0)
            desk.show(honest.folder)
            assert await trust.ask(), desk.trust.said
            assert trust.current.roster.version == 4
