"""The witness's high-water file made anew: from what the mirrors remember, never in place of one that is there."""

from __future__ import annotations

from pathlib import Path

from gateway.ledger import cosignatures, logbook
from gateway.ledger.database import Database
from gateway.ledger.witnessmarks import MARKS_FILE, WitnessMarks
from gateway.node.runtime import SCHEMA
from gateway.ops import witnessing

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
    assert witnessing.restore(tmp_path) == 1
    assert marks_of(tmp_path).of(ORIGIN) == (812, ROOT)
    assert marks_of(tmp_path).of("jjj.test/dachang/licence") is None


async def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    WitnessMarks.create(tmp_path / MARKS_FILE).close()
    before = (tmp_path / MARKS_FILE).read_bytes()
    assert witnessing.restore(tmp_path) == 0
    assert (tmp_path / MARKS_FILE).read_bytes() == before


async def test_without_mirrors_it_is_the_file_of_a_new_witness(tmp_path: Path) -> None:
    assert witnessing.restore(tmp_path) == 0
    assert marks_of(tmp_path).of(ORIGIN) is None
