"""Two nodes under signed trust: what administrators publish at one comes into force at the other over HTTP; with that
one away, and after a restart, the copy goes on; a ledger that is lost is recovered with it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson

from gateway.node import config as node_config
from gateway.ops import nodefolder
from gateway.ops.recovery import recover
from gateway.repository.ceremony import amend_repository
from tests.records import builders
from tests.repository.forge import DAY_S, Forge
from tests.repository.signedworld import show, sign
from tests.simulator import World, eventually

NUMBER = builders.food_number(1)


def publish(forge: Forge, name: str, **changes: object) -> None:
    """The administrators change a document."""
    newest = max((forge.folder / "targets").glob(f"*.{name}.json"), key=lambda path: path.stat().st_mtime_ns)
    body = orjson.dumps(orjson.loads(newest.read_bytes()) | changes)
    amend_repository(forge.folder, {f"{name}.json": body}, forge.signers, [forge.online], now=forge.now)


async def test_published_at_one_in_force_at_the_other_and_kept_when_that_is_away(tmp_path: Path) -> None:
    async with World(tmp_path / "world", "sanhe", "tongzhou", served=("sanhe", "tongzhou")) as world:
        forge = sign(world, tmp_path / "repository", "sanhe", "tongzhou")
        world.configure("tongzhou", "trust", urls=[world.urls["sanhe"]], refresh_s=1)  # type: ignore[arg-type]
        sanhe = await world.start("sanhe")
        tongzhou = await world.start("tongzhou")
        await sanhe.publish(builders.licence(number=NUMBER))
        await tongzhou.mirrored("sanhe", 1)
        assert tongzhou.verdict(NUMBER, source="sanhe") == "recognised"

        agreements = [world.agreement(witnesses=3)]
        publish(forge, "agreements", version=2, agreements=agreements)
        show(forge, world.folder / "sanhe" / "trust")
        await eventually(lambda: tongzhou.node.trust.current.agreements.version == 2, "the partner goes by it")
        assert tongzhou.reasons(NUMBER, source="sanhe")["witnessed"] == "witnessed.too_few"
        served = tongzhou.node.trust.files["metadata/timestamp.json"]
        assert served == (world.folder / "sanhe" / "trust" / "metadata" / "timestamp.json").read_bytes()

        await sanhe.stop()
        await tongzhou.stop()
        shutil.rmtree(world.folder / "tongzhou" / "data" / "trust")
        tongzhou = await world.start("tongzhou")
        assert tongzhou.node.trust.current.agreements.version == 2
        at = tongzhou.node.trust.now
        tongzhou.node.trust.now = lambda: at() + 2 * DAY_S
        assert [each["reason"] for each in tongzhou.verify(NUMBER, source="sanhe")["warnings"]] == ["trust.old"]
        tongzhou.node.trust.now = lambda: at() + 8 * DAY_S
        assert tongzhou.reasons(NUMBER, source="sanhe")["content_signature"] == "trust.stale"
        tongzhou.node.trust.now = at
        await tongzhou.audited()


async def test_a_lost_ledger_is_recovered_together_with_the_copies(tmp_path: Path) -> None:
    async with World(tmp_path / "world", "sanhe", "tongzhou", served=("sanhe", "tongzhou")) as world:
        sign(world, tmp_path / "repository", "sanhe")
        tongzhou, sanhe = await world.start("tongzhou"), await world.start("sanhe")
        await sanhe.publish(builders.licence(number=NUMBER))
        await tongzhou.mirrored("sanhe", 1)
        await sanhe.sent()
        await sanhe.stop()
        (world.folder / "sanhe" / "data" / "ledger.sqlite").write_bytes(b"damaged")
        done = await recover(node_config.load(world.folder / "sanhe" / nodefolder.CONFIG))
        assert {each.origin.rpartition("/")[2]: each.size for each in done} == {"licence": 1, "credit": 0}
        shutil.rmtree(world.folder / "sanhe" / "trust" / "metadata")
        sanhe = await (await world.start("sanhe")).sealing()
        assert sanhe.node.trust.standing().versions["targets"] == 1
        await sanhe.audited()
