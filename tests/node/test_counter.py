"""A clerk's question in, a verdict with a signed slip out; and look-ups (DESIGN §8, §9). Nothing stored is believed."""

from __future__ import annotations

import base64
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import Refused
from gateway.instants import format_time
from gateway.ledger import proof
from gateway.recognition.slipcode import Code
from gateway.records import compact
from gateway.trust import notes
from tests.records import builders
from tests.records.builders import change
from tests.simulator import Running, World, eventually

NUMBER = builders.food_number(1)
CODE = builders.TYPE_CODES["permit"][0]
SUBJECT = f"{CODE}:{NUMBER}"
LISTED = builders.uscc(5)


@dataclass
class Desk:
    """Sanhe's records, asked about at tongzhou."""

    world: World
    sanhe: Running
    tongzhou: Running

    async def publish(self, data: dict[str, Any], kind: str = "jjj.licence.issued") -> int:
        """Publish at sanhe, wait for tongzhou; the index."""
        [receipt] = await self.sanhe.publish(data, kind=kind)
        await self.tongzhou.mirrored("sanhe", receipt.index + 1, kind.split(".")[1])
        return receipt.index

    def ask(self, **question: str) -> dict[str, Any]:
        return self.tongzhou.node.counter.verify({"purpose": "开办分店", **question})


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with World(tmp_path, "sanhe", "tongzhou") as world:
        restricted = {"kind": "dishonest_list", "effect": "restricted", "ground": "示例协议第六条"}
        world.agreements = [world.agreement(credit=[restricted], purposes=["开办分店"])]
        world.found()
        sanhe, tongzhou = await world.start("sanhe"), await world.start("tongzhou")
        await sanhe.sealing()
        for source in ("licence", "credit"):
            await eventually(lambda s=source: tongzhou.node.followers[f"jjj.test/sanhe/{s}"].freshness.newest)
            await eventually(lambda s=source: tongzhou.node.publisher.logs[s].published)
        yield Desk(world, sanhe, tongzhou)


def licence(**changes: Any) -> dict[str, Any]:
    return change(builders.licence(number=NUMBER), changes)


def reasons(answer: dict[str, Any], result: str = "") -> dict[str, str]:
    checks = answer["checks"]
    return {check["name"]: check["reason"] for check in checks if check["result"] == (result or check["result"])}


async def test_a_good_licence_is_recognised_with_everything_said(desk: Desk) -> None:
    await desk.publish(licence())
    answer = desk.ask(number=NUMBER)
    assert (answer["verdict"], answer["headline"]) == ("recognised", "予以互认")
    assert {check["result"] for check in answer["checks"]} == {"PASS"}
    assert (answer["source"], answer["subject"], answer["purpose"]) == ("urn:jjj:sanhe", SUBJECT, "开办分店")
    assert answer["agreement"] == {"id": "2026-001", "version": 1}
    assert answer["licence"]["number"] == NUMBER
    assert answer["relied_on"][0]["size"] == 1


async def test_the_slip_is_the_whole_answer_signed(desk: Desk) -> None:
    await desk.publish(licence())
    answer = desk.ask(number=NUMBER)
    note = notes.parse(answer.pop("slip").encode(), 1)
    signer = desk.world.keys("tongzhou").verdict
    assert notes.verify(note, {(signer.name, signer.key.key_id): signer.key})
    code = notes.parse(answer.pop("slip_code").encode(), 1)
    assert compact.parse(note.text[:-1]) == answer
    assert notes.verify(code, {(signer.name, signer.key.key_id): signer.key})
    assert Code.read(code.text).number == answer["slip_number"]


async def test_a_number_is_found_however_it_is_written(desk: Desk) -> None:
    await desk.publish(licence())
    wide = NUMBER.translate({ord("0") + digit: ord("０") + digit for digit in range(10)})
    for text in (NUMBER.lower(), f" {NUMBER[:6]} {NUMBER[6:]} ", wide):
        assert desk.ask(number=text)["subject"] == SUBJECT, text


async def test_an_agreement_that_does_not_cover_the_purpose(desk: Desk) -> None:
    await desk.publish(licence())
    answer = desk.ask(number=NUMBER, purpose="其他")
    assert (answer["verdict"], answer["headline"]) == ("not_recognised", "真实有效，但协议不予互认")


async def test_a_revoked_licence_is_not_recognised(desk: Desk) -> None:
    await desk.publish(licence())
    await desk.publish(licence(state={"code": "07", "since": "2025-06-01"}), "jjj.licence.revoked")
    answer = desk.ask(number=NUMBER)
    assert (answer["verdict"], answer["headline"]) == ("not_recognised", "证照当前无效")
    assert reasons(answer, "FAIL") == {"state": "state.revoked"}
    assert desk.ask(number=NUMBER, as_of="2025-05-31")["verdict"] == "recognised"


async def test_what_was_known_at_an_instant(desk: Desk) -> None:
    await desk.publish(licence())
    between = format_time(int(time.time() * 1000) + 1)
    await eventually(lambda: format_time(int(time.time() * 1000)) > between)
    await desk.publish(licence(state={"code": "07", "since": "2024-06-01"}), "jjj.licence.revoked")
    assert desk.ask(number=NUMBER)["verdict"] == "not_recognised"
    assert reasons(desk.ask(number=NUMBER, known_at=between))["state"] == "state.valid"


async def test_successors_and_listings_that_were_not_known_at_the_instant_do_not_speak(desk: Desk) -> None:
    await desk.publish(licence(**{"holder.uscc": LISTED}))
    between = format_time(int(time.time() * 1000) + 1)
    await eventually(lambda: format_time(int(time.time() * 1000)) > between)
    successor = {"number": builders.food_number(2), "predecessor": {"source": "urn:jjj:sanhe", "subject": SUBJECT}}
    await desk.publish(licence(**successor))
    await desk.publish(change(builders.credit("dishonest_list"), {"holder.uscc": LISTED}), "jjj.credit.recorded")
    now = desk.ask(number=NUMBER)
    assert reasons(now, "FAIL") == {"superseded": "superseded", "credit": "credit.restricted"}
    then = desk.ask(number=NUMBER, known_at=between)
    assert (reasons(then, "FAIL"), then["credit"]["facts"]) == ({}, [])
    assert [warning["reason"] for warning in then["warnings"]] == ["known_at.past"]


async def test_what_was_in_force_at_the_instant_and_is_repaired_since_is_shown_as_of_no_instant(desk: Desk) -> None:
    await desk.publish(licence(**{"holder.uscc": LISTED}))
    fact = change(builders.credit("dishonest_list"), {"holder.uscc": LISTED})
    await desk.publish(fact, "jjj.credit.recorded")
    between = format_time(int(time.time() * 1000) + 1)
    await eventually(lambda: format_time(int(time.time() * 1000)) > between)
    await desk.publish({**fact, "state": "repaired"}, "jjj.credit.repaired")
    then = desk.ask(number=NUMBER, known_at=between)
    assert (reasons(then, "FAIL"), then["credit"]["facts"]) == ({}, [])


async def test_a_holder_on_a_list_is_restricted_by_the_agreement(desk: Desk) -> None:
    await desk.publish(licence(**{"holder.uscc": LISTED}))
    fact = builders.credit("dishonest_list")
    await desk.publish(change(fact, {"holder.uscc": LISTED}), "jjj.credit.recorded")
    answer = desk.ask(number=NUMBER)
    assert reasons(answer, "FAIL") == {"credit": "credit.restricted"}
    assert (answer["verdict"], answer["credit"]["answer"]) == ("not_recognised", "restricted")
    assert answer["credit"]["facts"][0]["ground"] == "示例协议第六条"


async def test_several_matches_are_listed_and_nothing_is_judged_until_one_is_chosen(desk: Desk) -> None:
    await desk.publish(licence())
    await desk.tongzhou.publish(licence(**{"holder.name": "示例乙食品有限公司"}))
    answer = desk.ask(number=NUMBER)
    assert (answer["verdict"], reasons(answer)["found"]) == ("indeterminate", "found.several")
    assert {match["source"] for match in answer["matches"]} == {"urn:jjj:sanhe", "urn:jjj:tongzhou"}
    assert "licence" not in answer
    for chosen in ({"source": "urn:jjj:sanhe"}, {"source": "sanhe"}, {"holder": "示例甲食品有限公司"}):
        assert desk.ask(number=NUMBER, **chosen)["source"] == "urn:jjj:sanhe"
    assert desk.ask(subject=SUBJECT, source="urn:jjj:sanhe")["verdict"] == "recognised"


async def test_what_nobody_has_is_never_said_not_to_exist(desk: Desk) -> None:
    answer = desk.ask(number=NUMBER, source="urn:jjj:sanhe", type=CODE)
    assert (answer["verdict"], answer["headline"]) == ("indeterminate", "查无此证")
    assert "不存在" not in str(answer)


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({}, "number"),
        ({"number": ""}, "number"),
        ({"number": 1}, "number"),
        ({"number": "*" * 100_000}, "number"),
        ({"number": NUMBER, "holder": "*" * 513}, "holder"),
        ({"number": NUMBER, "note": "x"}, "note"),
    ],
)
async def test_what_is_no_question_is_refused_by_field(desk: Desk, question: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        desk.tongzhou.node.counter.verify(question)
    assert (refused.value.reason, refused.value.field) == ("question.form", field)


# What lies on the disk is not believed


def tampered(desk: Desk, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(desk.world.folder / "tongzhou" / "data" / "mirrors.sqlite")) as mirrors, mirrors:
        assert mirrors.execute(statement, values).rowcount > 0


async def test_an_index_that_says_otherwise_than_the_record_does_not_turn_red_to_green(desk: Desk) -> None:
    await desk.publish(licence(state={"code": "07", "since": "2025-06-01"}), "jjj.licence.revoked")
    tampered(desk, "UPDATE records SET state = '01', type = 'jjj.licence.issued'")
    assert reasons(desk.ask(number=NUMBER), "FAIL") == {"state": "state.revoked"}


async def test_bytes_that_were_altered_are_not_green(desk: Desk) -> None:
    await desk.publish(licence(state={"code": "07", "since": "2025-06-01"}), "jjj.licence.revoked")
    entry = desk.tongzhou.node.mirrors.read.execute("SELECT entry FROM entries").fetchone()[0]
    better = entry.replace(b"licence.revoked", b"licence.changed").replace(b'"code":"07"', b'"code":"01"')
    tampered(desk, "UPDATE entries SET entry = ?", better)
    answer = desk.ask(number=NUMBER)
    assert answer["verdict"] == "indeterminate"
    assert "licence" not in answer


async def test_a_leaf_that_is_not_in_the_signed_tree_is_red(desk: Desk) -> None:
    """Rightly signed by its owner, and never logged where it is said to stand."""
    await desk.publish(licence(state={"code": "07", "since": "2025-06-01"}), "jjj.licence.revoked")
    log = desk.world.log_of("sanhe")
    tampered(desk, "UPDATE entries SET entry = ?", log.entry(licence()))
    answer = desk.ask(number=NUMBER)
    assert reasons(answer, "FAIL") == {"in_log": "leaf.altered"}
    assert answer["verdict"] == "not_recognised"


# Look-ups


async def test_a_licence_with_its_history(desk: Desk) -> None:
    await desk.publish(licence())
    await desk.publish(licence(remarks="二"), "jjj.licence.changed")
    found = desk.tongzhou.node.counter.licence("urn:jjj:sanhe", SUBJECT)
    assert [each["index"] for each in found["history"]] == [0, 1]
    assert found["present"]["data"]["remarks"] == "二"
    assert desk.tongzhou.node.counter.licence("urn:jjj:elsewhere", SUBJECT) is None
    assert desk.tongzhou.node.counter.licence("urn:jjj:sanhe", f"{CODE}:JY0") is None


async def test_a_record_that_erases_an_older_one_is_no_present(desk: Desk) -> None:
    await desk.publish(licence())
    await desk.publish(licence(remarks="二"), "jjj.licence.changed")
    counter = desk.tongzhou.node.counter
    leaf = base64.b64decode(counter.record_at("sanhe", "licence", 0)["leaf_hash"])
    await desk.publish(builders.correction(0, leaf), "jjj.licence.erased")
    found = counter.licence("urn:jjj:sanhe", SUBJECT)
    assert [each["index"] for each in found["history"]] == [0, 1, 2]
    (listed,) = counter.search(NUMBER)
    assert [each["present"]["index"] for each in (found, listed)] == [1, 1]


async def test_a_record_by_its_id_and_by_its_place(desk: Desk) -> None:
    await desk.publish(licence())
    counter = desk.tongzhou.node.counter
    at = counter.record_at("sanhe", "licence", 0)
    assert (at["log"], at["index"], at["size"], at["status"]) == ("jjj.test/sanhe/licence", 0, 1, "logged")
    assert counter.record_by_id(at["id"]) == at
    assert counter.record_by_id(builders.record_id(7)) is None
    assert counter.record_at("sanhe", "licence", 1) is None
    assert counter.record_at("sanhe", "licence", -1) is None
    assert counter.record_at("elsewhere", "licence", 0) is None


async def test_a_proof_stands_by_itself(desk: Desk) -> None:
    for serial in range(1, 6):
        await desk.publish(builders.licence(number=builders.food_number(serial)))
    given = desk.tongzhou.node.counter.proof("sanhe", "licence", 2)
    entry = desk.tongzhou.node.counter.record_at("sanhe", "licence", 2)["entry"].encode()
    keys = desk.world.keys("sanhe").logs["licence"]
    known = {(key.name, key.key_id): key for key in (keys.log.key, keys.heartbeat.key)}
    index, signed = proof.verify(given, entry, "jjj.test/sanhe/licence", known)
    assert (index, signed.checkpoint.size) == (2, 5)
    assert desk.tongzhou.node.counter.proof("sanhe", "licence", 5) is None


async def test_what_stands_about_a_holder(desk: Desk) -> None:
    await desk.publish(licence(**{"holder.uscc": LISTED}))
    await desk.publish(change(builders.credit("dishonest_list"), {"holder.uscc": LISTED}), "jjj.credit.recorded")
    repaired = change(builders.credit("abnormal_list"), {"holder.uscc": LISTED})
    await desk.publish(repaired, "jjj.credit.recorded")
    await desk.publish({**repaired, "state": "repaired"}, "jjj.credit.repaired")
    found = desk.tongzhou.node.counter.subject(LISTED)["records"]
    assert sorted((each["family"], each["subject"].split(":")[1]) for each in found) == [
        ("credit", "dishonest_list"),
        ("licence", NUMBER),
    ]
    assert {match["subject"] for match in desk.tongzhou.node.counter.search(NUMBER)} == {SUBJECT}
