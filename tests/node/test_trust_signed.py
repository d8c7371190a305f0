"""Signed trust data in the life of a node: the first start, refreshes from folder and partners, age, restarts, root
rotation, the online key.
"""

from __future__ import annotations

import asyncio
import math
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from securesystemslib.signer import CryptoSigner

from gateway.demo.example import trust_signers
from gateway.errors import CannotRun
from gateway.node import signedtrust, trustcopies
from gateway.node.trustonline import ONLINE_KEY
from gateway.repository import fetching, published
from gateway.trust.trusted import load
from tests.node.trustdesk import TrustDesk
from tests.repository.forge import DAY_S, NOW, Forge


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Forge:
    return Forge(tmp_path_factory.mktemp("made") / "repository")


@pytest.fixture
def forge(made: Forge, tmp_path: Path) -> Forge:
    return made.fork(tmp_path / "repository")


@pytest.fixture
def desk(forge: Forge, tmp_path: Path) -> TrustDesk:
    desk = TrustDesk(tmp_path / "node", forge)
    desk.show(forge.folder)
    return desk


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[str]:
    """A node that shows a repository, as far as clients see it."""
    app = web.Application()
    app.router.add_static("/trust", folder)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


@asynccontextmanager
async def endless() -> AsyncIterator[str]:
    """A source that answers with data without end."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if "root" in request.path:
            raise web.HTTPNotFound
        response = web.StreamResponse()
        await response.prepare(request)
        with_end = asyncio.get_running_loop().time() + 30
        while asyncio.get_running_loop().time() < with_end:
            await response.write(b" " * 65_536)
        return response

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


@asynccontextmanager
async def silent() -> AsyncIterator[str]:
    """A source that takes the connection and never says anything."""
    held = asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await held.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        held.set()


# The first start


async def test_the_first_start_verifies_keeps_and_shows(desk: TrustDesk) -> None:
    async with desk.opened() as trust:
        standing = trust.standing()
        assert (standing.signed, standing.warning, standing.threshold, standing.keys) == (True, None, 4, 6)
        assert standing.versions == {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}
        assert standing.expires["timestamp"] == NOW + DAY_S
        kept = trustcopies.read(desk.ledger.read)
        assert kept is not None
        assert kept.confirmed == desk.now
        assert trust.document("roster.json") == (desk.config.shown_trust / "roster.json").read_bytes()
    assert load(desk.config.shown_trust).digest == trust.current.digest


async def test_a_start_without_any_source_says_so(desk: TrustDesk) -> None:
    desk.show(None)
    with pytest.raises(CannotRun, match="no source is known") as error:
        async with desk.opened():
            pass
    assert error.value.reason == "trust.none_held"


async def test_a_start_whose_sources_are_of_no_use_names_each(desk: TrustDesk) -> None:
    desk.show(None)
    desk.at("http://127.0.0.1:9", "http://127.0.0.1:19")
    with pytest.raises(CannotRun, match=r"trust\.unreachable.*trust\.unreachable"):
        async with desk.opened():
            pass


async def test_a_pinned_root_that_is_none_is_told(desk: TrustDesk) -> None:
    (desk.config.trust / "root.json").write_bytes(b"{}")
    with pytest.raises(CannotRun, match=r"trust\.root"):
        async with desk.opened():
            pass


async def test_example_administrators_are_refused_by_their_keys(desk: TrustDesk, tmp_path: Path) -> None:
    refused = frozenset(
        bytes.fromhex(signer.public_key.keyval["public"]) for signer in desk.forge.signers.values()
    )
    with pytest.raises(CannotRun, match=r"key\.example"):
        signedtrust.SignedTrust(desk.config, desk.measures, own_clock_slow=lambda: False, refused_keys=refused)


# Age


async def test_a_day_is_old_and_a_week_is_stale(desk: TrustDesk) -> None:
    async with desk.opened() as trust:
        desk.show(None)
        for days, warning in ((0.9, None), (1.1, "trust.old"), (6.9, "trust.old"), (7.1, "trust.stale")):
            desk.now = NOW + 60 + days * DAY_S
            await trust.ask()
            assert trust.standing().warning == warning, days


async def test_a_restart_with_every_source_away_goes_on_from_the_copy_and_its_age(desk: TrustDesk) -> None:
    async with desk.opened() as trust:
        digest = trust.current.digest
    desk.show(None)
    shutil.rmtree(desk.config.shown_trust)
    desk.now += 3 * DAY_S
    async with desk.opened() as trust:
        assert trust.current.digest == digest
        assert trust.age_s() == 3 * DAY_S
        assert trust.standing().warning == "trust.old"
        assert (desk.config.shown_trust / "metadata" / "timestamp.json").is_file()


async def test_sources_away_while_the_metadata_are_valid_change_nothing_but_the_age(desk: TrustDesk) -> None:
    async with serving(desk.forge.folder) as url:
        desk.show(None)
        desk.at(url)
        async with desk.opened() as trust:
            before = desk.state()
    desk.now += 3600
    async with desk.opened() as trust:
        assert not await trust.ask()
        assert desk.fault() == "trust.unreachable"
        assert desk.state() == before
        assert trust.age_s() == 3600


async def test_a_clock_set_back_makes_the_age_unknown_not_young(desk: TrustDesk) -> None:
    async with desk.opened():
        pass
    desk.show(None)
    desk.now -= 2 * 3600
    async with desk.opened() as trust:
        assert trust.age_s() == math.inf
        assert trust.standing().warning == "trust.stale"


async def test_a_clock_set_back_while_running_leaves_the_steady_clocks_age(desk: TrustDesk) -> None:
    async with desk.opened() as trust:
        trust.tick = lambda: 8.0 * DAY_S
        desk.now -= 30 * DAY_S
        assert trust.standing().warning == "trust.stale"


async def test_a_clock_ahead_refuses_what_is_good_and_ages(desk: TrustDesk) -> None:
    async with desk.opened() as trust:
        desk.now += 10 * DAY_S
        assert not await trust.ask()
        assert (desk.fault(), trust.standing().warning) == ("trust.expired", "trust.stale")


async def test_while_the_own_clock_is_known_slow_nothing_is_confirmed(desk: TrustDesk) -> None:
    async with desk.opened() as trust:
        before = desk.state()
        desk.forge.amend(roster={"version": 2})
        desk.show(desk.forge.folder)
        desk.slow = True
        desk.now += 600
        assert not await trust.ask()
        assert (desk.fault(), trust.age_s()) == ("own_clock", 600)
        assert desk.state() == before
        desk.slow = False
        assert await trust.ask()
        assert trust.current.roster.version == 2


# Refreshing


async def test_each_good_refresh_confirms_and_an_unchanged_repository_changes_nothing(desk: TrustDesk) -> None:
    async with desk.opened() as trust:
        desk.now += 7200
        assert not await trust.ask()
        assert trust.age_s() == 0
        kept = trustcopies.read(desk.ledger.read)
        assert kept is not None
        assert kept.confirmed == desk.now


async def test_the_own_folder_is_looked_at_at_once_and_others_when_it_is_time(desk: TrustDesk) -> None:
    async with desk.opened() as trust:
        assert not await trust.refresh()
        desk.forge.amend(roster={"version": 2})
        desk.show(desk.forge.folder)
        assert await trust.refresh()


async def test_any_partner_will_do_and_the_newest_valid_one_wins(
    desk: TrustDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "FILE_S", 1.0)
    behind, forged = desk.forge.fork(tmp_path / "behind"), desk.forge.fork(tmp_path / "forged")
    desk.forge.amend(roster={"version": 2})
    forged.rewrite("timestamp", lambda signed: setattr(signed, "version", 99), [CryptoSigner.generate_ed25519()])
    desk.show(None)
    async with (
        serving(behind.folder) as old,
        serving(desk.forge.folder) as new,
        serving(forged.folder) as wrong,
        endless() as much,
        silent() as mute,
    ):
        desk.at("http://127.0.0.1:9", wrong, much, mute, new, old)
        async with desk.opened() as trust:
            assert trust.current.roster.version == 2
            assert old not in trust.said, "what is new is applied before others are asked"
            assert not await trust.ask()
            said = {name: each.fault and each.fault.reason for name, each in trust.said.items()}
    assert said == {
        "http://127.0.0.1:9": "trust.unreachable",
        wrong: "trust.signatures",
        much: "trust.too_large",
        mute: "trust.unreachable",
        new: None,
        old: "trust.rollback",
    }


async def test_partners_of_the_roster_are_asked_too(desk: TrustDesk, tmp_path: Path) -> None:
    async with serving(desk.forge.folder) as url:
        desk.forge.urls = {"sanhe": url, "tongzhou": "http://127.0.0.1:9"}
        desk.forge.amend(roster={"version": 2})
        desk.show(desk.forge.folder)
        async with desk.opened() as trust:
            desk.show(None)
            desk.forge.amend(agreements={"version": 2})
            assert await trust.ask()
            assert trust.current.agreements.version == 2
            assert "http://127.0.0.1:9" not in trust.said, "a node asks itself for nothing"


async def test_the_root_is_followed_through_several_versions_at_once(desk: TrustDesk) -> None:
    async with desk.opened() as trust:
        for place in ("sanhe", "dachang", "xianghe"):
            desk.forge.rotate(place)
        desk.forge.amend(roster={"version": 2})
        desk.show(desk.forge.folder)
        assert await trust.ask()
        assert trust.standing().versions["root"] == 4
        assert {f"metadata/{number}.root.json" for number in (1, 2, 3, 4)} <= trust.files.keys()


async def test_what_python_tuf_remembered_is_made_again_from_the_copies(desk: TrustDesk, tmp_path: Path) -> None:
    old = desk.forge.fork(tmp_path / "old")
    desk.forge.amend(roster={"version": 2})
    desk.show(desk.forge.folder)
    async with desk.opened():
        pass
    shutil.rmtree(desk.config.shown_trust)
    desk.show(old.folder)
    async with desk.opened() as trust:
        assert not await trust.ask()
        assert (desk.fault(), trust.current.roster.version) == ("trust.rollback", 2)


async def test_another_pinned_root_changes_nothing_before_its_chain_verifies(desk: TrustDesk, tmp_path: Path) -> None:
    async with desk.opened():
        pass
    other = Forge(tmp_path / "other")
    (desk.config.trust / "root.json").write_bytes(other.pinned)
    async with desk.opened() as trust:
        assert not await trust.ask()
        assert desk.fault() == "trust.signatures"
        other.amend(roster={"version": 2})
        desk.show(other.folder)
        assert await trust.ask()
        assert trust.current.roster.version == 2


# The online key


def give_online_key(desk: TrustDesk) -> None:
    key = desk.config.keys / ONLINE_KEY
    key.write_bytes(desk.forge.online._private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key.chmod(0o600)


async def test_a_holder_of_the_online_key_signs_before_the_timestamp_ends(desk: TrustDesk) -> None:
    give_online_key(desk)
    async with desk.opened() as trust:
        for _ in range(9):
            desk.now += 0.45 * DAY_S
            await trust.ask()
            assert trust.standing().warning is None, trust.said
        assert trust.age_s() == 0
        assert trust.standing().versions["snapshot"] > 1


async def test_after_days_of_being_down_it_signs_at_once(desk: TrustDesk) -> None:
    give_online_key(desk)
    async with desk.opened():
        pass
    desk.now += 20 * DAY_S
    async with desk.opened() as trust:
        await trust.ask()
        assert trust.standing().warning is None, trust.said


async def test_a_second_holder_catches_up_so_that_it_can_take_over(desk: TrustDesk) -> None:
    give_online_key(desk)
    async with serving(desk.forge.folder) as url:
        desk.forge.stamp(5)
        desk.at(url)
        async with desk.opened() as trust:
            await trust.ask()
            assert trust.standing().versions["timestamp"] == 6
            await trust.ask()
            state = published.read(desk.config.trust)
            assert state is not None
            assert state.timestamp.version == trust.standing().versions["timestamp"] == 6
            assert trust.said[str(desk.config.trust)].fault is None


async def test_the_example_online_key_signs_nothing_outside_the_demo(desk: TrustDesk) -> None:
    give_online_key(desk)
    example = bytes.fromhex(trust_signers()["online"].public_key.keyval["public"])
    own = bytes.fromhex(desk.forge.online.public_key.keyval["public"])
    assert example != own
    async with desk.opened() as trust:
        trust._refused_keys = frozenset({own})
        desk.now += 0.9 * DAY_S
        await trust.ask()
        fault = trust.said[str(desk.config.keys / ONLINE_KEY)].fault
        assert fault is not None
        assert fault.reason == "key.example"
        assert trust.standing().versions["timestamp"] == 1
