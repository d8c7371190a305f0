"""Bad never hides bad news: what a partner can't read yet makes its verdict grey, never green; and red once it can
(laws 6 and 7).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.ledger.merkle import leaf_hash
from gateway.node import runtime
from tests.handmade import HandMade
from tests.records import builders
from tests.simulator import Running, World, eventually

NUMBER = builders.food_number(1)
REVOKED = {"code": "07", "since": "2025-01-01"}


@dataclass
class Scene:
    """A licence of sanhe's that tongzhou recognises."""

    world: World
    log: HandMade
    tongzhou: Running
    data: dict[str, Any]

    def later(self, **members: Any) -> dict[str, Any]:
        """What sanhe says of the licence after that."""
        return {**self.data, "state": REVOKED, **members}

    async def send(self, *entries: bytes) -> None:
        self.log.add(*entries).send()
        await self.tongzhou.mirrored("sanhe", len(self.log.entries))

    def verdict(self) -> tuple[str, dict[str, str]]:
        return self.tongzhou.verdict(NUMBER), self.tongzhou.reasons(NUMBER)


def subject_of(scene: Scene) -> str:
    return f"{scene.data['type']['code']}:{scene.data['number']}"


@pytest.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(runtime, "TRUST_EVERY_S", 0.1)
    async with World(tmp_path, "sanhe", "tongzhou") as world:
        log = world.log_of("sanhe")
        data = log.fresh()
        log.add(log.entry(data)).send()
        tongzhou = await world.start("tongzhou")
        await tongzhou.mirrored("sanhe", 1)
        assert tongzhou.verdict(NUMBER) == "recognised"
        yield Scene(world, log, tongzhou, data)


GREY = ("indeterminate", {"newer": "newer.unreadable"})


async def test_a_revocation_of_a_newer_schema_is_grey_and_then_red(scene: Scene) -> None:
    newer = scene.log.entry(
        scene.later(note="since 1.1"), type="jjj.licence.revoked", dataschema="urn:jjj:schema:licence:1.1"
    )
    await scene.send(newer)
    assert scene.verdict() == GREY
    scene.world.give_schema("tongzhou")
    await eventually(lambda: scene.tongzhou.verdict(NUMBER) == "not_recognised", "the schema came")
    assert scene.tongzhou.reasons(NUMBER) == {"state": "state.revoked"}
    assert scene.tongzhou.quarantine() == []
    await scene.tongzhou.audited()


async def test_a_revocation_by_a_key_that_the_roster_lacks_is_grey_and_then_red(scene: Scene) -> None:
    stranger = scene.log.stranger()
    await scene.send(scene.log.entry(scene.later(), stranger, type="jjj.licence.revoked"))
    assert scene.verdict() == GREY
    member = scene.world.member("sanhe")
    key = next(key for key in member["keys"] if key["role"] == "record") | {"vkey": stranger.key.text()}
    scene.world.found(sanhe={"keys": [*member["keys"], key]})
    await eventually(lambda: scene.tongzhou.verdict(NUMBER) == "not_recognised", "the key was entered")
    await scene.tongzhou.audited()


async def test_a_revocation_by_an_issuer_that_the_roster_lacks_is_grey_and_then_red(scene: Scene) -> None:
    other = builders.uscc(7, "11110112")
    issuer = {"name": "示例行政审批局", "uscc": other}
    await scene.send(scene.log.entry(scene.later(issuer=issuer), type="jjj.licence.revoked"))
    assert scene.verdict() == GREY
    member = scene.world.member("sanhe")
    entered = [*member["authorities"], {**member["authorities"][0], "uscc": other}]
    scene.world.found(sanhe={"authorities": entered})
    await eventually(lambda: scene.tongzhou.verdict(NUMBER) == "not_recognised", "the issuer was entered")


@pytest.mark.parametrize(
    "make",
    [
        lambda scene: scene.log.entry(scene.later(note="x"), type="jjj.licence.revoked"),
        lambda scene: scene.log.entry(scene.later(), type="jjj.licence.undone"),
        lambda scene: scene.log.entry(scene.later(), type="jjj.licence.revoked", source="urn:jjj:elsewhere"),
        lambda scene: scene.log.sign(scene.log.line(scene.later(remarks=1.5), type="jjj.licence.revoked")),
        lambda scene: scene.log.entry(scene.later(), type="jjj.licence.revoked").replace(b"07", b"08", 1),
        lambda scene: scene.log.entry({}, type="jjj.licence.revoked", subject=subject_of(scene)),
    ],
    ids=["extra field", "unknown type", "wrong source", "a fraction", "altered", "no data"],
)
async def test_anything_unreadable_about_a_licence_makes_it_grey(
    scene: Scene, make: Callable[[Scene], bytes]
) -> None:
    await scene.send(make(scene))
    assert scene.verdict() == GREY


async def test_a_later_record_that_can_be_read_ends_the_doubt(scene: Scene) -> None:
    await scene.send(scene.log.entry(scene.later(note="x"), type="jjj.licence.revoked"))
    assert scene.verdict() == GREY
    await scene.send(scene.log.entry(scene.data, type="jjj.licence.changed"))
    assert scene.verdict() == ("recognised", {})


async def test_an_unreadable_leaf_of_a_licence_that_nobody_knows_is_not_no_record(scene: Scene) -> None:
    """Asked for by its subject, by its number and type, or by the number alone."""
    number, code = builders.food_number(50), scene.data["type"]["code"]
    questions = [
        {"source": "urn:jjj:sanhe", "subject": f"{code}:{number}"},
        {"source": "urn:jjj:sanhe", "number": number, "type": code},
        {"source": "urn:jjj:sanhe", "number": number},
    ]
    ask = scene.tongzhou.node.counter.verify
    assert [ask(question)["headline"] for question in questions] == ["查无此证"] * 3
    await scene.send(scene.log.entry({**scene.data, "number": number, "note": "x"}))
    for answer in map(ask, questions):
        assert (answer["verdict"], answer["headline"]) == ("indeterminate", "暂时无法核验")
        assert answer["checks"][0]["reason"] == "leaf.unread"


async def test_an_unreadable_leaf_of_another_licence_changes_nothing(scene: Scene) -> None:
    await scene.send(scene.log.entry(scene.log.fresh(note="x"), type="jjj.licence.revoked"))
    assert scene.verdict() == ("recognised", {})


async def test_a_leaf_that_names_nobody_only_warns(scene: Scene) -> None:
    """It may be about anything: every verdict that rests on the log says so."""
    assert "warnings" not in scene.tongzhou.verify(NUMBER)
    await scene.send(scene.log.sign(b"[]"))
    answer = scene.tongzhou.verify(NUMBER)
    assert answer["verdict"] == "recognised"
    assert [(each["reason"], each["detail"]) for each in answer["warnings"]] == [
        ("leaf.no_subject", f"{scene.log.origin}: 1")
    ]


async def test_a_leaf_that_names_two_subjects_names_nobody(scene: Scene) -> None:
    line = scene.log.line(scene.later(), type="jjj.licence.revoked")
    await scene.send(scene.log.sign(line.replace(b'"subject":', b'"subject":"x:1","subject":')))
    assert scene.tongzhou.verdict(NUMBER) == "recognised"
    assert scene.tongzhou.verify(NUMBER)["warnings"][0]["reason"] == "leaf.no_subject"


async def test_an_erased_leaf_is_no_unread_leaf(scene: Scene) -> None:
    """Its owner has said what it was: also after everything was judged again."""
    unreadable = scene.log.entry(scene.later(note="x"), type="jjj.licence.revoked")
    await scene.send(unreadable)
    assert scene.verdict() == GREY
    named = builders.correction(1, leaf_hash(unreadable))
    await scene.send(scene.log.entry(named, type="jjj.licence.erased", subject=subject_of(scene)))
    assert scene.verdict() == ("recognised", {})
    newer = scene.log.entry(
        {**scene.data, "note": "since 1.1"}, type="jjj.licence.changed", dataschema="urn:jjj:schema:licence:1.1"
    )
    await scene.send(newer)
    assert scene.verdict() == GREY
    scene.world.give_schema("tongzhou")
    await eventually(lambda: scene.verdict() == ("recognised", {}), "the schema came")
    assert scene.tongzhou.quarantine() == []


async def test_records_accepted_above_a_leaf_that_can_be_read_now_are_judged_again(scene: Scene) -> None:
    """As a first reading would have: the change was good only while the suspension below it could not be read."""
    suspended = {**scene.data, "state": {"code": "02", "since": "2025-01-01"}, "note": "since 1.1"}
    await scene.send(
        scene.log.entry(suspended, type="jjj.licence.suspended", dataschema="urn:jjj:schema:licence:1.1"),
        scene.log.entry({**scene.data, "remarks": "二"}, type="jjj.licence.changed"),
    )
    assert scene.verdict() == ("recognised", {})
    scene.world.give_schema("tongzhou")
    await eventually(lambda: scene.verdict()[0] == "indeterminate", "the schema came")
    assert [(index, reason) for index, reason, _ in scene.tongzhou.quarantine()] == [(2, "state.mismatch")]
    assert scene.verdict()[1] == {"newer": "newer.unreadable", "state": "last_known.suspended"}
