"""A record key is stolen and revoked: what stood before stays for ever, what came since is in doubt or refused, the
same at every node and in every year; and a record under the new key heals its subject (DESIGN §7, laws 6, 7 and 9).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.auditor import audit
from gateway.audit.exporter import export
from gateway.node import runtime
from gateway.trust import keyfiles
from tests.handmade import stamp
from tests.records import builders
from tests.simulator import NETWORK, Running, World, eventually

ORIGIN = f"{NETWORK}/sanhe/licence"
YEAR_S = 365 * 86_400
GOOD, RESTATED, DOUBTED, LATER = (builders.food_number(number) for number in (1, 2, 3, 4))
QUARANTINE = [(2, "key.in_doubt"), (3, "key.in_doubt"), (4, "key.revoked")]
"""Leaves 0 and 1 are the owner's; then come the thief's: another holder of RESTATED, DOUBTED, and later on LATER."""


@dataclass
class Clock:
    """Everybody's clock, which a test may put on."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def licence(number: str, **holder: str) -> dict[str, Any]:
    changes = {f"holder.{name}": value for name, value in holder.items()}
    return builders.change(builders.licence(number=number, valid_to="2090-12-31"), changes)


@dataclass
class Theft:
    """Sanhe's key was stolen, used, and revoked; tongzhou was there all the while, dachang has yet to join."""

    world: World
    clock: Clock
    sanhe: Running
    tongzhou: Running
    joined: list[Running] = field(default_factory=list)

    @property
    def nodes(self) -> list[Running]:
        return [self.sanhe, self.tongzhou, *self.joined]


@pytest.fixture
async def theft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Theft]:
    monkeypatch.setattr(runtime, "TRUST_EVERY_S", 0.1)
    clock = Clock()
    async with World(tmp_path, "sanhe", "tongzhou", "dachang", clock=clock) as world:
        sanhe, tongzhou = await world.start("sanhe"), await world.start("tongzhou")
        await sanhe.publish(licence(GOOD), licence(RESTATED))
        await sanhe.publish(licence(RESTATED, name="冒名有限公司"), kind="jjj.licence.changed")
        await sanhe.publish(licence(DOUBTED))
        await tongzhou.mirrored("sanhe", 4)
        assert tongzhou.verdict(DOUBTED) == tongzhou.verdict(RESTATED) == "recognised"  # nobody knows yet
        stolen_by = clock()
        clock.ahead += 60
        await sanhe.publish(licence(LATER))
        await tongzhou.mirrored("sanhe", 5)
        await sanhe.sent()
        await sanhe.stop()
        revoke(world, stamp(int(stolen_by) + 1), good_below=2)
        yield Theft(world, clock, await world.start("sanhe"), tongzhou)


def revoke(world: World, at: str, good_below: int) -> None:
    """Sanhe's record key gives way to a new one; the roster says so."""
    old = next(key for key in world.member("sanhe")["keys"] if key["role"] == "record")
    file = world.folder / "sanhe" / "keys" / "record.pem"
    file.unlink()
    keyfiles.generate(file)
    revoked = {**old, "revoked": {"at": at, "reason": "示例：密钥被盗", "good_below": {ORIGIN: good_below}}}
    world.found(sanhe={"keys": [*world.member("sanhe")["keys"], revoked]})


def quarantine(node: Running) -> list[tuple[int, str]]:
    """What this node has refused of sanhe's licence log, its own ledger's or its mirror's."""
    database = node.node.ledger if node.id == "sanhe" else node.node.mirrors
    rows = database.read.execute("SELECT key & 1099511627775, reason FROM quarantine ORDER BY key")
    return [tuple(row) for row in rows]


async def judged_alike(node: Running) -> None:
    """The verdicts of every node, in every year."""
    await eventually(lambda: quarantine(node) == QUARANTINE, f"{node.id} has judged again")
    await eventually(lambda: node.verdict(GOOD) == "recognised", f"{node.id} recognises what stood before")
    assert node.verify(RESTATED)["verdict"] == "indeterminate"
    assert node.reasons(RESTATED) == {"newer": "key.in_doubt"}
    assert node.verify(RESTATED)["licence"]["holder"]["name"] != "冒名有限公司"
    for number, reasons in ((DOUBTED, {"key.in_doubt"}), (LATER, {"leaf.unread", "newer.unreadable"})):
        answer = node.verify(number)
        assert (answer["verdict"], "licence" in answer) == ("indeterminate", False)
        assert {check["reason"] for check in answer["checks"] if check["name"] in ("found", "newer")} == reasons


async def test_a_stolen_key_revoked(theft: Theft, tmp_path: Path) -> None:
    for node in theft.nodes:
        await judged_alike(node)

    theft.clock.ahead += YEAR_S
    theft.joined.append(await theft.world.start("dachang"))
    await theft.joined[0].mirrored("sanhe", 5)
    for node in theft.nodes:
        await judged_alike(node)

    await theft.sanhe.publish(licence(RESTATED), licence(DOUBTED))
    for node in theft.nodes:
        for healed in (GOOD, RESTATED, DOUBTED):
            await eventually(lambda at=node, number=healed: at.verdict(number) == "recognised", f"{node.id} {healed}")
        assert node.verdict(LATER) == "indeterminate"
        assert quarantine(node) == QUARANTINE

    await theft.sanhe.stop()
    await theft.joined[0].stop()
    await export(tmp_path / "out", str(theft.world.folder / "dachang"))
    for source in (theft.world.folder / "sanhe", theft.world.folder / "dachang", tmp_path / "out"):
        report = await audit(str(source))
        assert [(finding.reason, finding.index) for finding in report.findings] == [("key.revoked", 4)], source
        listed = [(leaf.index, leaf.reason) for log in report.logs for leaf in log.listed]
        assert listed == [(2, "key.in_doubt"), (3, "key.in_doubt")]
