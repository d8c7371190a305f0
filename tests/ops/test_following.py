"""Partners' records are followed: each once, nothing that may not be told, and no source is believed."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.audit import exporter
from gateway.errors import CannotRun
from gateway.instants import format_time
from gateway.ledger import tiles
from gateway.ledger.merkle import leaf_hash
from gateway.ops.followfiles import DailyFiles
from gateway.ops.following import CLEAN, FINDING, LACKED, Wanted, follow
from tests.audit.auditbuilder import BASE, Ground, Written, filing
from tests.ops.followed_source import OWN, PARTNER, FollowDesk
from tests.records import builders
from tests.simulator import PATIENCE_S, eventually

DAY = 86_400


@pytest.fixture
def desk(tmp_path: Path) -> FollowDesk:
    return FollowDesk(tmp_path)


def fact(serial: int = 1, **members: Any) -> dict[str, Any]:
    return builders.credit(number=f"示例〔2026〕{serial}号", **members)


def state(log: Written, word: str, serial: int = 1, **members: Any) -> Written:
    """One leaf more: the fact in this state."""
    verb = "recorded" if word == "in_force" else word
    return log.add(log.entry(fact(serial, state=word, **members), type=f"jjj.credit.{verb}"))


def filed(log: Written, *numbers: int) -> Written:
    """So many leaves more: filings of these numbers."""
    for number in numbers:
        log.add(log.entry(filing(number)))
    return log


def corrected(log: Written, verb: str, index: int) -> Written:
    """One leaf more: a correction of an earlier one."""
    subject = orjson.loads(log.entries[index].partition(b"\n\n")[0])["subject"]
    data = builders.correction(index, leaf_hash(log.entries[index]))
    return log.add(log.entry(data, type=f"jjj.{log.family}.{verb}", subject=subject))


def indices(count: int, family: str = "licence") -> list[tuple[str, int]]:
    return [(family, index) for index in range(count)]


# Each once


async def test_every_record_of_a_partner_is_told_once_and_own_ones_never(desk: FollowDesk) -> None:
    licences, facts = desk.log().grow(3, 2), desk.log("credit").grow(2)
    source = desk.source(licences, facts, desk.log(jurisdiction=OWN).grow(4))
    assert await desk.follow(ground=source) == (CLEAN, [])
    assert sorted(desk.told()) == sorted(indices(5) + indices(2, "credit"))
    files = {path.name: path.read_bytes() for path in desk.out.glob("[0-9]*")}
    assert await desk.follow(ground=source) == (CLEAN, [])
    assert files == {path.name: path.read_bytes() for path in desk.out.glob("[0-9]*")}


async def test_a_line_holds_the_entry_as_it_was_signed_and_the_instant_of_its_seal(desk: FollowDesk) -> None:
    log = desk.log().grow(1, 1)
    await desk.follow(log)
    raw = next(desk.out.glob("*[0-9].ndjson")).read_bytes().splitlines()[1]
    line = orjson.loads(raw)
    record = raw.partition(b'"record":')[2].rpartition(b',"signature":')[0]
    assert record + b"\n\n" + line["signature"].encode() == log.entries[1]
    assert (line["log"], line["index"]) == (log.origin, 1)
    assert line["logged"] == format_time(log.seals[1].date * 1000)


async def test_what_comes_later_is_told_later_in_batches_as_in_one(desk: FollowDesk) -> None:
    log = desk.log().grow(2)
    await desk.follow(log)
    desk.today += DAY
    await desk.follow(log.grow(1, 300, 700))
    assert desk.told() == indices(1003)
    assert len(list(desk.out.glob("*[0-9].ndjson"))) == 2
    assert len(desk.rows("licence")) == 1003


async def test_a_long_history_is_read_file_by_file(desk: FollowDesk) -> None:
    log = desk.log().grow(*[1] * 300)
    await desk.follow(log)
    await desk.follow(log.grow(*[1] * 250))
    assert desk.told() == indices(550)


async def test_only_the_family_and_the_indices_that_are_wanted_are_told(desk: FollowDesk) -> None:
    source = desk.source(desk.log().grow(5), desk.log("credit").grow(5))
    assert await desk.follow(ground=source, family="licence", start=3) == (CLEAN, [])
    assert desk.told() == [("licence", 3), ("licence", 4)]


async def test_a_leaf_that_the_gate_refuses_is_listed_aside_once_with_its_reason(desk: FollowDesk) -> None:
    log = desk.log().grow(1)
    forged = log.entry(filing(7)).replace("示例".encode(), "示列".encode(), 1)
    filed(log.add(forged), 8).seal()
    for _ in range(2):
        assert await desk.follow(log) == (CLEAN, [])
    assert desk.told() == [("licence", 0), ("licence", 2)]
    assert desk.refused() == [(1, "signature.invalid")]


# Credit facts


@pytest.mark.parametrize("word", ["repaired", "ended", "withdrawn"])
async def test_a_fact_that_is_over_before_it_was_told_never_is(word: str, desk: FollowDesk) -> None:
    log = desk.log("credit")
    state(log, "in_force").seal()
    state(state(log, "in_force", 2), word).seal()
    assert await desk.follow(log) == (CLEAN, [])
    assert desk.told() == [("credit", 1)]
    assert not any(word.encode() in path.read_bytes() for path in desk.out.glob("[0-9]*"))


@pytest.mark.parametrize("word", ["repaired", "ended", "withdrawn", "retracted"])
async def test_a_fact_that_was_told_and_is_over_is_taken_back_once_by_its_subject(word: str, desk: FollowDesk) -> None:
    log = desk.log("credit")
    await desk.follow(state(log, "in_force").seal())
    (corrected(log, word, 0) if word == "retracted" else state(log, word)).seal()
    for _ in range(2):
        await desk.follow(log)
    assert desk.told() == [("credit", 0), ("not_public", 1)]
    line = desk.lines()[1]
    assert line.keys() == {"log", "index", "logged", "gone", "because"}
    assert line["gone"] == desk.lines()[0]["record"]["subject"]
    assert desk.rows("credit")[1][4:6] == ["不再公示", line["gone"]]


async def test_a_fact_past_its_day_is_not_told_and_on_its_day_it_is(desk: FollowDesk) -> None:
    log = desk.log("credit")
    today = datetime.datetime.fromtimestamp(BASE, datetime.timezone(datetime.timedelta(hours=8))).date()
    yesterday = today - datetime.timedelta(days=1)
    state(log, "in_force", 1, public_until=yesterday.isoformat())
    state(log, "in_force", 2, public_until=today.isoformat()).seal()
    await desk.follow(log)
    assert desk.told() == [("credit", 1)]
    desk.today += DAY
    for _ in range(2):
        await desk.follow(log)
    assert desk.told() == [("credit", 1), ("not_public", 1)]


async def test_an_objection_is_told_with_the_fact_that_stays_in_force(desk: FollowDesk) -> None:
    log = desk.log("credit")
    await desk.follow(state(log, "in_force").seal())
    log.add(log.entry(fact(), type="jjj.credit.objected")).seal()
    await desk.follow(log)
    assert desk.told() == [("credit", 0), ("credit", 1)]


async def test_facts_wait_while_their_log_cannot_be_read_to_its_end(desk: FollowDesk) -> None:
    log = desk.log("credit")
    for serial in range(300):
        state(log, "in_force", serial)
    log.seal()
    for serial in range(300, 900):
        state(log, "in_force", serial)
    log.seal()
    state(log, "repaired", 5).seal()
    await exporter.export(desk.folder / "export", str(desk.source(log).node))
    bundle = desk.folder / "export" / "logs" / PARTNER / "credit" / tiles.entries_path(2, tiles.WIDTH)
    bundle.rename(desk.folder / "lost")
    code, said = await desk.follow(source=str(desk.folder / "export"))
    assert (code, desk.told()) == (LACKED, [])
    assert "[source.missing]" in said[0], said
    assert await desk.follow(log) == (CLEAN, [])
    assert desk.told() == [("credit", index) for index in range(900) if index != 5]


# Trust data that change


def changed_roster(ground: Ground, **changes: Any) -> Ground:
    """The node's roster with members of the partner's record key changed."""
    file = ground.node / "trust" / "roster.json"
    roster = orjson.loads(file.read_bytes())
    partner = next(each for each in roster["jurisdictions"] if each["id"] == PARTNER)
    next(key for key in partner["keys"] if key["role"] == "record").update(changes)
    file.write_bytes(orjson.dumps({**roster, "version": roster["version"] + 1}))
    return ground


async def test_a_key_that_proves_bad_takes_back_what_it_signed_and_is_told_again_if_it_was_good(
    desk: FollowDesk,
) -> None:
    log, facts = desk.log().grow(3), desk.log("credit").grow(1)
    await desk.follow(log, facts)
    bad = {"at": "2020-01-01T00:00:00Z", "reason": "示例", "good_below": {log.origin: 2}}
    for _ in range(2):
        assert await desk.follow(ground=changed_roster(desk.source(log, facts), revoked=bad)) == (CLEAN, [])
    first = [*indices(3), ("credit", 0)]
    assert desk.told()[:4] == first
    assert sorted(desk.told()[4:]) == [("refused", 0), ("refused", 2)]
    assert sorted(index for index, _ in desk.refused()) == [0, 2]
    assert {reason.partition(".")[0] for _, reason in desk.refused()} == {"key"}
    assert await desk.follow(log, facts) == (CLEAN, [])
    assert sorted(desk.told()[6:]) == [("credit", 0), ("licence", 2)]


async def test_what_an_earlier_schema_could_not_read_is_told_when_the_schema_comes(desk: FollowDesk) -> None:
    log = desk.log().grow(1)
    newer = log.entry({**filing(9), "note": "示例"}, dataschema="urn:jjj:schema:licence:1.1")
    log.add(newer).seal()
    await desk.follow(log)
    assert (desk.told(), desk.refused()) == ([("licence", 0)], [(1, "schema.newer")])
    ground = desk.source(log)
    (ground.node / "trust" / "schemas").mkdir()
    document = orjson.loads((Path("schemas") / "licence-1.0.schema.json").read_bytes())
    document["$id"] = "urn:jjj:schema:licence:1.1"
    document["$defs"]["licence"]["properties"]["note"] = {"type": "string", "maxLength": 200}
    (ground.node / "trust" / "schemas" / "licence-1.1.schema.json").write_bytes(orjson.dumps(document))
    await desk.follow(ground=ground, trust=ground.node / "trust")
    assert desk.told() == [("licence", 0), ("licence", 1)]


# Sources that do not hold


async def test_a_fork_ends_with_a_finding_and_the_others_are_told(desk: FollowDesk) -> None:
    log = desk.log().grow(2)
    await desk.follow(log)
    other = desk.log()
    filed(other, 50, 51).seal()
    code, said = await desk.follow(other, desk.log("credit").grow(1))
    assert code == FINDING
    assert said[0].startswith(f"{log.origin}: ")
    assert "[log.fork]" in said[0]
    assert desk.told() == [*indices(2), ("credit", 0)]


async def test_a_tree_that_does_not_extend_the_one_followed_is_a_finding(desk: FollowDesk) -> None:
    await desk.follow(desk.log().grow(2))
    other = desk.log()
    filed(other, 50, 51).seal().grow(1)
    code, said = await desk.follow(other)
    assert (code, desk.told()) == (FINDING, indices(2))
    assert "[log.fork]" in said[0], said
    other = desk.log()
    filed(other, 50, 51, 52).seal()
    code, said = await desk.follow(other)
    assert (code, desk.told()) == (FINDING, indices(2))
    assert "[root.mismatch]" in said[0], said


async def test_a_fork_behind_changed_trust_data_is_found_all_the_same(desk: FollowDesk) -> None:
    await desk.follow(desk.log().grow(2))
    other = desk.log()
    filed(other, 50, 51).seal()
    code, said = await desk.follow(ground=changed_roster(desk.source(other), not_before="2020-01-02T00:00:00Z"))
    assert code == FINDING
    assert "[log.fork]" in said[0], said
    assert desk.told() == indices(2)


async def test_a_later_word_on_a_smaller_tree_is_a_finding_and_an_earlier_one_is_only_behind(desk: FollowDesk) -> None:
    log = desk.log().grow(2, 2)
    await desk.follow(log)
    code, said = await desk.follow(desk.log().grow(2))
    assert code == LACKED
    assert "[source.behind]" in said[0], said
    rolled = desk.log().grow(2)
    rolled.seals[0] = rolled.seal(date=BASE + DAY).seals.pop()
    code, said = await desk.follow(rolled)
    assert code == FINDING
    assert "[log.rollback]" in said[0], said
    assert await desk.follow(log) == (CLEAN, [])
    assert desk.told() == indices(4)


async def test_a_seal_that_its_leaves_do_not_make_ends_there_after_what_holds_was_told(desk: FollowDesk) -> None:
    log = desk.log().grow(2)
    log.add(log.entry(filing(9))).seal(root=bytes(32))
    code, said = await desk.follow(log)
    assert code == FINDING
    assert "[root.mismatch]" in said[0], said
    assert desk.told() == indices(2)


async def test_an_empty_leaf_that_nobody_declared_is_a_finding_until_it_is_mended(desk: FollowDesk) -> None:
    log = desk.log().grow(3)
    emptied = desk.source(log)
    emptied.change("mirrors.sqlite", "UPDATE entries SET entry = x'' WHERE key & 1099511627775 = 1")
    for _ in range(2):
        code, said = await desk.follow(ground=emptied)
        assert code == FINDING
        assert "[leaf.erased]" in said[0], said
    assert await desk.follow(log) == (CLEAN, [])
    assert sorted(desk.told()) == indices(3)


async def test_an_empty_leaf_that_a_later_record_declares_is_passed_over(desk: FollowDesk) -> None:
    log = desk.log().grow(3)
    corrected(log, "erased", 1).seal()
    emptied = desk.source(log)
    emptied.change("mirrors.sqlite", "UPDATE entries SET entry = x'' WHERE key & 1099511627775 = 1")
    assert await desk.follow(ground=emptied) == (CLEAN, [])
    assert desk.told() == [("licence", 0), ("licence", 2), ("licence", 3)]


async def test_without_once_a_finding_ends_it_and_a_source_that_is_away_does_not(desk: FollowDesk) -> None:
    ground, said = desk.source(desk.log().grow(2)), []
    away, forked = ground.node.with_name("away"), filed(desk.log(), 50, 51).seal()
    with DailyFiles(desk.out) as sink:
        wanted = Wanted(str(ground.node), OWN)
        work = asyncio.create_task(follow(wanted, sink, once=False, say=said.append, every_s=0.01))
        await eventually(lambda: len(desk.lines()) == 2, "both records are told")
        ground.node.rename(away)
        await eventually(lambda: "[source.unknown]" in said[-1], "it says that the source is away")
        desk.source(forked).node.rename(ground.node)
        async with asyncio.timeout(PATIENCE_S):
            assert await work == FINDING
    assert sum("[source.unknown]" in text for text in said) == 1
    assert "[log.fork]" in said[-1]


async def test_a_source_without_trust_data_is_not_followed(desk: FollowDesk) -> None:
    ground = desk.source(desk.log().grow(1))
    for name in ("roster.json", "agreements.json", "catalogue.json"):
        (ground.node / "trust" / name).unlink()
    with pytest.raises(CannotRun) as error:
        await desk.follow(ground=ground)
    assert error.value.reason.startswith("trust.")
