"""The witness's high-water file made anew: from what the mirrors remember, never in place of one that is there."""

from __future__ import annotations

from pathlib import Path

from gateway.bus.embedded import EmbeddedBus
from gateway.ledger import cosignatures, logbook
from gateway.ledger.database import Database
from gateway.ledger.witnessmarks import MARKS_FILE, WitnessMarks
from gateway.node.runtime import SCHEMA
from gateway.ops import witnessing
from gateway.trust import notes
from tests.records import builders
from tests.simulator import NETWORK, World, eventually

ORIGIN, ROOT = "jjj.test/sanhe/licence", b"r" * 32


def marks_of(data: Path) -> WitnessMarks:
    marks = WitnessMarks(data / MARKS_FILE)
    marks.close()
    assert marks.fault is None
    return marks


async def test_a_missing_file_is_made_of_what_the_mirrors_remember(tmp_path: Path) -> None:
    async with Database(tmp_path / "mirrors.sqlite", SCHEMA) as mirrors:
        log = await mirrors.write(lambda c: logbook.open_log(c, ORIGIN, "sanhe", "licence"))
        await mirrors.write(lambda c: logbook.open_log(c, "jjj.test/dachang/licence", "dachang", "licence"))
        await mirrors.write(lambda c: cosignatures.advance(c, log.number, 812, ROOT))
    assert witnessing.restore(tmp_path, {}) == 1
    assert marks_of(tmp_path).of(ORIGIN) == (812, ROOT)
    assert marks_of(tmp_path).of("jjj.test/dachang/licence") is None


async def test_what_the_own_topic_says_beyond_old_mirrors_counts(tmp_path: Path) -> None:
    """Mirrors from a backup, the file gone with the disk: the topic still has the newest word on each log."""
    async with World(tmp_path, "sanhe", "tongzhou") as world:
        sanhe, tongzhou = await world.start("sanhe"), await world.start("tongzhou")
        await sanhe.publish(builders.licence())
        cosigned = tongzhou.node.witness.messages
        await eventually(lambda: any(b"licence\n1\n" in each.value for each in cosigned()), "it is cosigned")
        await tongzhou.stop()
        trust = tongzhou.node.trust.current
        strange = notes.line(f"{NETWORK}/tongzhou/witness", b"none", bytes(72))
        world.append_checkpoint("tongzhou", world.log_of("sanhe").seal(size=9, root=ROOT) + strange, b"rubbish")
        async with EmbeddedBus(world.folder / "bus", prefix="jjj") as bus:
            said = await witnessing.said_on_bus(bus, "jjj", "tongzhou", trust)
        (tmp_path / "restored").mkdir()
        witnessing.restore(tmp_path / "restored", said)
        seal = logbook.seal_at(sanhe.node.ledger.read, 1, 1)
        assert seal is not None
        assert marks_of(tmp_path / "restored").of(ORIGIN) == (1, seal.root)


async def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    WitnessMarks.create(tmp_path / MARKS_FILE).close()
    before = (tmp_path / MARKS_FILE).read_bytes()
    assert witnessing.restore(tmp_path, {}) == 0
    assert (tmp_path / MARKS_FILE).read_bytes() == before


async def test_without_mirrors_it_is_the_file_of_a_new_witness(tmp_path: Path) -> None:
    assert witnessing.restore(tmp_path, {}) == 0
    assert marks_of(tmp_path).of(ORIGIN) is None
