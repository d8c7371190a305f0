"""What a person at the command line learns of evidence, and how a decision is written down (law 8)."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from gateway import cli
from gateway.ledger import logbook
from gateway.ledger.database import Database
from gateway.ledger.evidencefile import ENDED, FORK, Clash
from gateway.ledger.merkle import EMPTY_ROOT
from gateway.node.decisions import FILE, Decisions
from gateway.node.exhibits import EVIDENCE, Exhibits
from gateway.node.runtime import SCHEMA
from gateway.trust.members import Ended
from gateway.trust.trusted import load
from tests.simulator import World

ORIGIN = "jjj.test/sanhe/licence"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "sanhe", "tongzhou")


def told(*words: str) -> Result:
    return CliRunner().invoke(cli.main, [*words], catch_exceptions=False)


def kept(world: World, clash: Clash | None = None) -> Path:
    """Evidence that tongzhou keeps of sanhe: two roots at one size, or what is given."""
    log, other = world.log_of("sanhe"), world.log_of("sanhe")
    log.add(log.entry(log.fresh()))
    other.serial = 50
    other.add(other.entry(other.fresh()))
    trust = load(world.folder / "tongzhou" / "trust")
    exhibits = Exhibits(world.folder / "tongzhou" / "data" / EVIDENCE, "tongzhou")
    clash = clash or Clash(FORK, log.commit(), other.commit())
    identifier = exhibits.keep(exhibits.of(ORIGIN, clash, trust, where="topic jjj.sanhe.licence", at=1_795_400_000_000))
    return exhibits.folder / f"{identifier}.json"


def test_a_file_is_judged_with_nothing_but_itself(world: World) -> None:
    answer = told("evidence", "check", str(kept(world)))
    assert answer.exit_code == 0
    assert "two roots at size 1" in answer.output
    assert "--trust" in answer.output


def test_a_file_is_held_against_a_roster(world: World) -> None:
    file, trust = kept(world), world.folder / "tongzhou" / "trust"
    answer = told("evidence", "check", str(file), "--trust", str(trust), "--json")
    said = orjson.loads(answer.output)
    assert (answer.exit_code, said["proves"], said["roster"], len(said["statements"])) == (0, True, 1, 2)
    roster = orjson.loads((trust / "roster.json").read_bytes())
    for member in roster["jurisdictions"]:
        member["keys"] = [key for key in member["keys"] if key["role"] != "log"]
    (trust / "roster.json").write_bytes(orjson.dumps(roster))
    answer = told("evidence", "check", str(file), "--trust", str(trust), "--json")
    assert (answer.exit_code, orjson.loads(answer.output)["reason"]) == (1, "key.unknown")
    assert orjson.loads(answer.output)["step"] == "roster, first"


def test_a_key_revoked_since_has_signed_all_the_same(world: World) -> None:
    file, trust = kept(world), world.folder / "tongzhou" / "trust"
    roster = orjson.loads((trust / "roster.json").read_bytes())
    for member in roster["jurisdictions"]:
        for key in member["keys"]:
            if key["role"] == "log":
                key["revoked"] = {"at": "2026-01-01T00:00:00Z", "reason": "stolen", "good_below": {}}
    (trust / "roster.json").write_bytes(orjson.dumps(roster))
    assert told("evidence", "check", str(file), "--trust", str(trust)).exit_code == 0


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (lambda raw: raw.replace(b"\\n1\\n", b"\\n2\\n", 1), 1, "first: "),
        (lambda raw: raw.replace(b"log.fork", b"log.fork "), 2, "evidence.form"),
        (lambda raw: raw[:-20], 2, "evidence.form"),
        (lambda raw: b"", 2, "evidence.form"),
    ],
)
def test_an_altered_file_proves_nothing_and_the_step_is_named(
    world: World, change: object, code: int, said: str
) -> None:
    file = kept(world)
    file.write_bytes(change(file.read_bytes()))  # type: ignore[operator]
    answer = told("evidence", "check", str(file))
    assert answer.exit_code == code
    assert said in answer.output


def test_a_file_that_is_not_there_can_not_be_read(tmp_path: Path) -> None:
    answer = told("evidence", "check", str(tmp_path / "none.json"))
    assert (answer.exit_code, "file.unreadable" in answer.output) == (2, True)


def test_evidence_against_an_end_needs_the_roster_that_says_it(world: World) -> None:
    log = world.log_of("sanhe")
    log.add(log.entry(log.fresh()))
    file = kept(world, Clash(ENDED, log.commit(), b"", log.tree().root(), (), Ended(1, bytes(32))))
    assert told("evidence", "check", str(file)).exit_code == 1
    trust = world.folder / "tongzhou" / "trust"
    answer = told("evidence", "check", str(file), "--trust", str(trust))
    assert (answer.exit_code, "evidence.no_contradiction" in answer.output) == (1, True)
    end(world, 1, bytes(32))
    assert told("evidence", "check", str(file), "--trust", str(trust)).exit_code == 0


def test_a_node_lists_what_it_keeps(world: World) -> None:
    config = world.folder / "tongzhou" / "node.toml"
    assert "没有证据" in told("evidence", "list", str(config)).output
    file = kept(world)
    for place in (config, config.parent):
        listed = orjson.loads(told("evidence", "list", str(place), "--json").output)["evidence"]
        assert [(item["id"], item["reason"]) for item in listed] == [(file.stem, "log.fork")]


def end(world: World, size: int, root: bytes) -> None:
    """The roster ends sanhe's log so."""
    member = world.member("sanhe")
    member["logs"][0]["ended"] = {"size": size, "root": base64.b64encode(root).decode()}
    world.found(version=2, sanhe=member)


def freeze(world: World) -> None:
    async def write() -> None:
        async with Database(world.folder / "tongzhou" / "data" / "mirrors.sqlite", SCHEMA) as mirrors:
            await mirrors.write(lambda c: logbook.open_log(c, ORIGIN, "sanhe", "licence"))
            await mirrors.write(lambda c: logbook.freeze(c, ORIGIN, "log.fork"))

    asyncio.run(write())


def test_a_decision_is_journalled_with_its_ground_and_the_end_that_it_goes_by(world: World) -> None:
    file = kept(world)
    freeze(world)
    end(world, 0, EMPTY_ROOT)
    config = world.folder / "tongzhou" / "node.toml"
    answer = told("unfreeze", str(config), ORIGIN, "--ground", "联席会议 2026-11-25 决定")
    assert answer.exit_code == 0
    decisions = Decisions(world.folder / "tongzhou" / "data" / FILE)
    [line] = decisions.read()
    assert (line["ground"], line["was"], line["evidence"]) == ("联席会议 2026-11-25 决定", "log.fork", [file.stem])
    assert decisions.stands(ORIGIN, Ended(0, EMPTY_ROOT))
    assert not decisions.stands(ORIGIN, Ended(1, EMPTY_ROOT)), "another end is another decision"
    with decisions.file.open("ab") as torn:
        torn.write(b'{"at":"2026')
    assert decisions.stands(ORIGIN, Ended(0, EMPTY_ROOT))


@pytest.mark.parametrize(
    ("origin", "ground", "reason"),
    [
        (ORIGIN, "we like them", "unfreeze.not_ended"),
        (ORIGIN, " ", "unfreeze.ground"),
        ("jjj.test/sanhe/licence.7", "x", "log.unknown"),
        ("jjj.test/tongzhou/licence", "x", "unfreeze.own"),
    ],
)
def test_what_nobody_may_decide(world: World, origin: str, ground: str, reason: str) -> None:
    freeze(world)
    answer = told("unfreeze", str(world.folder / "tongzhou" / "node.toml"), origin, "--ground", ground)
    assert (answer.exit_code, reason in answer.output) == (2, True)
    assert not (world.folder / "tongzhou" / "data" / FILE).exists()


def test_what_is_not_frozen_needs_no_decision(world: World) -> None:
    freeze(world)
    end(world, 0, EMPTY_ROOT)

    async def thaw() -> None:
        async with Database(world.folder / "tongzhou" / "data" / "mirrors.sqlite", SCHEMA) as mirrors:
            await mirrors.write(lambda c: logbook.freeze(c, ORIGIN, None))

    asyncio.run(thaw())
    answer = told("unfreeze", str(world.folder / "tongzhou" / "node.toml"), ORIGIN, "--ground", "x")
    assert (answer.exit_code, "unfreeze.not_frozen" in answer.output) == (2, True)
