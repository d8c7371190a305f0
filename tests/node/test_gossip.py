"""What partners hold and keep: two readers who were shown two trees find out, and rubbish costs a log line (law 8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.bus.embedded_topic import TopicFile
from gateway.bus.port import record_topic
from gateway.ledger import checkpoint, logbook
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.evidencefile import FORK, Clash, Evidence, Seen
from gateway.node.custody import MOST_KEPT
from gateway.trust import notes
from gateway.trust.suites import CosignatureSigner, Ed25519Signer
from tests.handmade import HandMade
from tests.records import builders
from tests.simulator import Running, World

ORIGIN = "jjj.test/sanhe/licence"


@dataclass
class Apart:
    """Two partners that read two buses: what the owner sends to one, the other never sees."""

    world: World
    tongzhou: Running
    wuqing: Running

    def send(self, log: HandMade, bus: str) -> None:
        """Send what a log holds to one of them alone."""
        place = self.world.folder / bus
        place.mkdir(exist_ok=True)
        with closing(TopicFile.made(place / f"{record_topic('jjj', 'sanhe', 'licence')}.sqlite", busy_s=5)) as file:
            file.append(log.messages())


@pytest.fixture
async def apart(tmp_path: Path) -> AsyncIterator[Apart]:
    async with World(tmp_path, "sanhe", "tongzhou", "wuqing", served=("tongzhou", "wuqing")) as world:
        world.configure("wuqing", "bus", folder="../other")
        yield Apart(world, await world.start("tongzhou"), await world.start("wuqing"))


def branches(world: World) -> tuple[HandMade, HandMade]:
    """One beginning, two third leaves."""
    one, other = world.log_of("sanhe"), world.log_of("sanhe")
    one.add(*(one.entry(one.fresh()) for _ in range(3)))
    other.serial = 50
    other.add(*one.entries[:2], other.entry(other.fresh()))
    return one, other


async def test_two_partners_who_were_shown_two_trees_find_out(apart: Apart) -> None:
    one, other = branches(apart.world)
    apart.send(one, "bus")
    apart.send(other, "other")
    for each in (apart.tongzhou, apart.wuqing):
        await each.mirrored("sanhe", 3)
        assert each.evidence() == []
    await apart.tongzhou.node.gossip.round()
    assert apart.tongzhou.follower("sanhe").log.frozen == "log.fork"
    await apart.wuqing.node.gossip.round()
    assert apart.wuqing.follower("sanhe").log.frozen == "log.fork"
    [(_, kept)] = apart.tongzhou.node.exhibits.all()
    assert kept.seen.where == f"partner {apart.world.urls['wuqing']}"
    assert {kept.clash.first, kept.clash.second} == {one.seals[0], other.seals[0]}


async def test_proof_that_a_partner_keeps_freezes_a_log_of_which_this_node_has_nothing(apart: Apart) -> None:
    one, other = branches(apart.world)
    trust = apart.wuqing.node.trust.current
    clash = Clash(FORK, one.commit(), other.commit())
    kept = apart.wuqing.node.exhibits.keep(apart.wuqing.node.exhibits.of(ORIGIN, clash, trust, where="topic", at=7))
    await apart.tongzhou.node.gossip.round()
    assert apart.tongzhou.follower("sanhe").log.frozen == "log.fork"
    assert apart.tongzhou.node.exhibits.raw(kept) == apart.wuqing.node.exhibits.raw(kept)
    await apart.tongzhou.stop()
    (apart.world.folder / "tongzhou" / "data" / "mirrors.sqlite").unlink()
    again = await apart.world.start("tongzhou")
    assert again.follower("sanhe").log.frozen == "log.fork", "the file outlives the mirrors"


async def test_who_makes_any_number_of_forks_of_its_own_log_fills_nobodys_disk(apart: Apart) -> None:
    log, exhibits = apart.world.log_of("sanhe"), apart.wuqing.node.exhibits
    log.add(log.entry(log.fresh()))
    for at in range(MOST_KEPT + 5):
        clash = Clash(FORK, log.seal(), log.seal(root=bytes([at]) * 32))
        exhibits.keep(exhibits.of(ORIGIN, clash, apart.wuqing.node.trust.current, where="topic", at=at))
    for _ in range(3):
        await apart.tongzhou.node.gossip.round()
    assert len(apart.tongzhou.node.exhibits.all()) == MOST_KEPT


async def test_files_that_freeze_nothing_leave_room_for_the_one_that_does(apart: Apart) -> None:
    """Undated forks can be made by any number, and bind nobody; the real one comes after them."""
    log, exhibits = apart.world.log_of("sanhe"), apart.wuqing.node.exhibits
    log.add(log.entry(log.fresh()))
    trust, signer = apart.wuqing.node.trust.current, log.keys.logs["licence"].log

    def undated(root: bytes) -> bytes:
        return notes.sign(Checkpoint(ORIGIN, 1, root).text(), signer)

    for at in range(MOST_KEPT):
        clash = Clash(FORK, undated(bytes(32)), undated(bytes([at + 1]) * 32))
        exhibits.keep(exhibits.of(ORIGIN, clash, trust, where="topic", at=at))
    await apart.tongzhou.node.gossip.round()
    assert len(apart.tongzhou.node.exhibits.all()) == MOST_KEPT
    assert apart.tongzhou.follower("sanhe").log.frozen is None
    clash = Clash(FORK, log.seal(), log.seal(root=bytes(32)))
    exhibits.keep(exhibits.of(ORIGIN, clash, trust, where="topic", at=99))
    await apart.tongzhou.node.gossip.round()
    assert apart.tongzhou.follower("sanhe").log.frozen == "log.fork"


async def test_one_own_fork_told_in_any_number_of_ways_fills_no_disk(apart: Apart) -> None:
    sanhe = await apart.world.start("sanhe")
    await sanhe.publish(builders.licence())
    other = apart.world.log_of("sanhe").seal(size=1, root=bytes(32))
    for junk in range(MOST_KEPT + 5):
        told = other + notes.line(ORIGIN, b"junk", b"%d" % junk)
        await sanhe.node.custody.hear_own(ORIGIN, told, "partner")
    assert sanhe.node.publisher.refusing is not None
    assert sanhe.node.publisher.refusing.reason == "log.fork"
    assert len(sanhe.node.exhibits.all()) <= MOST_KEPT


async def test_a_mirror_that_breaks_while_partners_are_asked_does_not_end_the_node(apart: Apart) -> None:
    one, _ = branches(apart.world)
    apart.send(one, "other")
    await apart.wuqing.mirrored("sanhe", 3)
    await apart.tongzhou.node.mirrors.write(lambda connection: connection.execute("DROP TABLE seals"))
    await apart.tongzhou.node.gossip.round()


async def test_what_only_looks_like_proof_freezes_nothing(apart: Apart) -> None:
    """Keys of one's own making under the log's name: the file proves something about them, and nothing here."""
    log = Ed25519Signer(ORIGIN, Ed25519PrivateKey.generate())
    heart = CosignatureSigner(ORIGIN, Ed25519PrivateKey.generate())
    notes = [checkpoint.sign(Checkpoint(ORIGIN, 7, bytes([n]) * 32), log, heart, 1_795_400_000) for n in (1, 2)]
    forged = Evidence(ORIGIN, Clash(FORK, *notes), (log.key, heart.key), 1, Seen(7, "wuqing", "topic"))
    apart.wuqing.node.exhibits.keep(forged)
    (apart.wuqing.node.exhibits.folder / "rubbish.json").write_bytes(b"{}")
    before = apart.tongzhou.state()
    await apart.tongzhou.node.gossip.round()
    assert apart.tongzhou.state() == before
    assert apart.tongzhou.node.exhibits.all() == []


async def test_an_owner_hears_from_partners_what_its_key_has_signed_elsewhere(tmp_path: Path) -> None:
    async with World(tmp_path, "sanhe", "tongzhou", served=("tongzhou",)) as world:
        world.configure("tongzhou", "bus", folder="../other")
        sanhe, tongzhou = await world.start("sanhe"), await world.start("tongzhou")
        await sanhe.publish(builders.licence())
        thief = world.log_of("sanhe")
        thief.serial = 50
        thief.add(thief.entry(thief.fresh()))
        Apart(world, tongzhou, tongzhou).send(thief, "other")
        await tongzhou.mirrored("sanhe", 1)
        await sanhe.node.gossip.round()
        assert sanhe.node.publisher.refusing is not None
        assert sanhe.node.publisher.refusing.reason == "log.fork"
        [(_, kept)] = sanhe.node.exhibits.all()
        own = logbook.seal_at(sanhe.node.ledger.read, 1, 1)
        assert own is not None
        assert {kept.clash.first, kept.clash.second} == {own.note, thief.seals[0]}
        await sanhe.stop()
        again = await world.start("sanhe")
        await again.node.gossip.round()
        assert again.node.publisher.refusing is not None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"logs":[{"origin":7,"checkpoint":["x"]},{}],"evidence":{"a":1}}',
        b'{"logs":[],"evidence":[{"id":"../x"}]}',
    ],
)
async def test_a_partner_that_answers_with_anything_costs_a_line_in_the_log(tmp_path: Path, body: bytes) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body)

    async with World(tmp_path, "tongzhou", "wuqing", served=("wuqing",)) as world:
        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        address = urlsplit(world.urls["wuqing"])
        await web.TCPSite(runner, address.hostname, address.port).start()
        try:
            world.urls.clear()  # the roster has named it; nobody else is to listen there
            tongzhou = await world.start("tongzhou")
            before = tongzhou.state()
            await tongzhou.node.gossip.round()
            assert tongzhou.state() == before
            assert tongzhou.node.exhibits.all() == []
        finally:
            await runner.cleanup()
