"""Which drafts become records, and what each of the others is told (DESIGN §9, POST /v1/records)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.errors import Refused
from gateway.ledger.merkle import leaf_hash
from gateway.node.door import Draft, Receipt
from tests.node.parts import draft, publishing
from tests.records import builders
from tests.simulator import World

IDS = [builders.record_id(number) for number in range(10)]


def said(receipt: Receipt) -> tuple[str, str]:
    return receipt.status, receipt.reason


# Duplicates


async def test_the_same_id_type_and_data_give_the_first_receipt(world: World) -> None:
    async with publishing(world) as press:
        first = await press.one(draft(1, id=IDS[0]))
        again = await press.one(draft(1, id=IDS[0]))
        assert again == replace(first, status="duplicate")


async def test_the_same_id_twice_in_one_batch_gives_one_leaf(world: World) -> None:
    async with publishing(world) as press:
        receipts = await press.publish(draft(1, id=IDS[0]), draft(1, id=IDS[0]))
        assert [(r.status, r.index, r.size) for r in receipts] == [("logged", 0, 1), ("duplicate", 0, 1)]
        assert len(press.entries()) == 1


async def test_the_same_id_with_other_content_conflicts(world: World) -> None:
    async with publishing(world) as press:
        await press.one(draft(1, id=IDS[0]))
        other_data = await press.one(draft(1, id=IDS[0], remarks="二"))
        other_type = await press.one(draft(1, "jjj.licence.changed", id=IDS[0]))
        assert [said(other_data), said(other_type)] == [("refused", "id.conflict")] * 2


async def test_a_repetition_after_a_later_record_is_superseded(world: World) -> None:
    """Else it would look as if the old state stood."""
    async with publishing(world) as press:
        await press.one(draft(1, id=IDS[0]))
        await press.one(draft(1, "jjj.licence.changed", id=IDS[1], remarks="二"))
        assert said(await press.one(draft(1, id=IDS[0]))) == ("refused", "record.superseded")
        assert said(await press.one(draft(1, "jjj.licence.changed", id=IDS[1], remarks="二"))) == ("duplicate", "")


async def test_the_same_as_the_present_is_a_duplicate_whatever_its_id(world: World) -> None:
    async with publishing(world) as press:
        first = await press.one(draft(1, id=IDS[0]))
        for again in (draft(1), draft(1, id=IDS[1])):
            assert await press.one(again) == replace(first, status="duplicate")


async def test_the_same_as_an_earlier_record_than_the_present_is_a_new_record(world: World) -> None:
    async with publishing(world) as press:
        changed = draft(1, "jjj.licence.changed", remarks="二")
        for each in (draft(1, "jjj.licence.changed"), changed, draft(1, "jjj.licence.changed")):
            assert (await press.one(each)).status == "logged"
        assert len(press.entries()) == 3


async def test_the_order_of_members_makes_no_other_content(world: World) -> None:
    async with publishing(world) as press:
        first = draft(1, id=IDS[0])
        await press.one(first)
        turned = Draft(first.type, dict(reversed(first.data.items())), first.id)
        assert (await press.one(turned)).status == "duplicate"


async def test_after_a_retraction_the_same_content_is_published_anew(world: World) -> None:
    async with publishing(world) as press:
        first = await press.one(draft(1))
        data = builders.correction(first.index, leaf_hash(press.entries()[0]))
        assert (await press.one(Draft("jjj.licence.retracted", data))).status == "logged"
        assert (await press.one(draft(1))).status == "logged"


async def test_a_retraction_in_the_batch_of_what_it_retracts(world: World) -> None:
    """The leaf below is in no table yet."""
    async with publishing(world) as press:
        receipts = await press.publish(draft(1), draft(1, "jjj.licence.suspended", state=suspended()), draft(1))
        assert [receipt.status for receipt in receipts] == ["logged"] * 3
        wrong = Draft("jjj.licence.retracted", builders.correction(2, bytes(32)))
        assert said(await press.one(wrong)) == ("refused", "correction.target")


def suspended() -> dict[str, str]:
    return {"code": "02", "since": "2025-01-01"}


@pytest.mark.parametrize("leaf", [-1, 7, 1 << 40, (1 << 40) + 1, (1 << 63) + 5, 1 << 80, True, "0"])
async def test_a_correction_of_a_leaf_that_cannot_be_is_refused(world: World, leaf: Any) -> None:
    async with publishing(world) as press:
        await press.one(draft(1))
        receipt = await press.one(Draft("jjj.licence.erased", builders.correction() | {"index": leaf}))
        assert receipt.status == "refused", receipt
        assert (await press.one(draft(2))).status == "logged"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (Draft("jjj.licence.invented", {}), "type.unknown"),
        (Draft("jjj.credit.recorded", builders.credit()), "family.no_log"),
        (Draft("jjj.licence.issued", {}), "schema.required"),
        (draft(1, id="1"), "envelope.id"),
        (draft(1, id="\ud800"), "form.character"),
        (draft(1, time="yesterday"), "time.form"),
        (draft(1, remarks="\ud800"), "form.character"),
        (draft(1, remarks=object()), "form.json"),
        (draft(1, remarks=1.5), "form.number"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_a_draft_that_makes_no_record_is_refused_by_name(world: World, given: Draft, reason: str) -> None:
    async with publishing(world) as press:
        assert said(await press.one(given)) == ("refused", reason)
        assert press.entries() == []


async def test_a_record_without_time_is_never_before_the_last_one(world: World) -> None:
    """Also when the clock was set back between the two."""
    now = [1_795_400_000.0]
    async with publishing(world, clock=lambda: now[0]) as press:
        await press.one(draft(1))
        now[0] -= 3600
        assert (await press.one(draft(1, "jjj.licence.changed", remarks="二"))).status == "logged"
        dates = [date for _, date in press.seals()]
        assert dates == [1_795_400_000] * 2


async def test_a_stated_time_before_the_last_record_is_refused(world: World) -> None:
    async with publishing(world) as press:
        await press.one(draft(1, time="2026-11-23T02:03:04.567Z"))
        late = draft(1, "jjj.licence.changed", time="2026-11-23T02:03:04.566Z", remarks="二")
        assert said(await press.one(late)) == ("refused", "time.backwards")


async def test_own_keys_that_partners_would_not_take_sign_nothing(world: World) -> None:
    """What every partner would put into quarantine is not logged."""
    member = world.member("sanhe")
    ended = [{**key, "not_after": "2026-01-01T00:00:00Z"} if key["role"] == "record" else key for key in member["keys"]]
    world.found(sanhe={"keys": ended})
    async with publishing(world) as press:
        assert said(await press.one(draft(1))) == ("refused", "key.expired")
    world.found(sanhe={"keys": [key for key in member["keys"] if key["role"] != "record"]})
    async with publishing(world) as press:
        assert said(await press.one(draft(1))) == ("refused", "key.unknown")
        assert press.entries() == []


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([], ""),
        ({}, "type"),
        ({"type": "jjj.licence.issued"}, "data"),
        ({"type": 1, "data": {}}, "type"),
        ({"type": "x", "data": []}, "data"),
        ({"type": "x", "data": {}, "id": None}, "id"),
        ({"type": "x", "data": {}, "source": "urn:jjj:sanhe"}, "source"),
    ],
)
def test_what_is_no_draft_is_refused_naming_the_member(value: Any, field: str) -> None:
    with pytest.raises(Refused) as refused:
        Draft.parse(value)
    assert (refused.value.reason, refused.value.field) == ("draft.form", field)


def test_a_draft_is_taken_as_it_comes() -> None:
    assert Draft.parse({"type": "x", "data": {"a": 1}, "id": "i", "time": "t"}) == Draft("x", {"a": 1}, "i", "t")


async def test_a_record_of_the_oldest_schema_that_fits(world: World) -> None:
    """Partners who lack a later minor can read what does not need it."""
    world.give_schema("sanhe")
    async with publishing(world) as press:
        await press.publish(draft(1), draft(2, note="since 1.1"))
        schemas = [orjson.loads(entry.partition(b"\n\n")[0])["dataschema"] for entry in press.entries()]
        assert schemas == ["urn:jjj:schema:licence:1.0", "urn:jjj:schema:licence:1.1"]


async def test_what_the_door_lets_in_is_what_a_partner_takes(world: World) -> None:
    """In one batch too: an erased leaf does not hide the suspension under it."""
    async with publishing(world) as press:
        await press.publish(draft(1), draft(1, "jjj.licence.suspended", state=suspended()))
        erasure = Draft("jjj.licence.erased", builders.correction(0, leaf_hash(press.entries()[0])))
        receipts = await press.publish(erasure, draft(1, "jjj.licence.changed"))
        assert [said(receipt) for receipt in receipts] == [("logged", ""), ("refused", "state.mismatch")]
