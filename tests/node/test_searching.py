"""Search: whatever names a licence leads to it, typed or scanned, own or mirrored; parts of names; never too much."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any

import pytest
import pytest_asyncio

from gateway.audit import auditor
from gateway.ledger import logbook
from gateway.node import holdernames, index, searching
from gateway.records import scanned
from gateway.records.identifiers import normalise_query
from tests.records import builders
from tests.simulator import Running, network

HOLDER = {"category": "法人及非法人组织"}
NAMES = [
    "示例甲食品有限公司",
    "示例甲食品有限公司三河分公司",
    "三河示例甲食品店",
    "示例（三河）建筑有限公司",
    "Example ３Ｍ 示例厂",
]


def licence(serial: int, name: str, **members: Any) -> dict[str, Any]:
    holder = {"name": name, "uscc": builders.uscc(serial), **HOLDER}
    return builders.licence(number=builders.food_number(serial), holder=holder, **members)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """The node of tongzhou, which mirrors what sanhe published."""
    async with network(tmp_path_factory.mktemp("search"), "sanhe", "tongzhou") as (_, (sanhe, tongzhou)):
        drafts = [licence(serial, name) for serial, name in enumerate(NAMES, 1)]
        drafts[0]["certificate_identifier"] = builders.certificate_identifier(builders.food_number(1))
        await sanhe.publish(*drafts)
        renewed = licence(1, NAMES[0], legal_representative="示例人甲")
        reorganised = builders.uscc(9, "11110112")
        renewed["certificate_identifier"] = builders.certificate_identifier(
            builders.food_number(1), "002", reorganised
        )
        await sanhe.publish(renewed, kind="jjj.licence.changed")
        await sanhe.publish(builders.credit(holder=drafts[1]["holder"]), kind="jjj.credit.recorded")
        await tongzhou.mirrored("sanhe", len(NAMES) + 1)
        await tongzhou.mirrored("sanhe", 1, "credit")
        yield tongzhou


def numbers(desk: Running, text: str) -> list[str]:
    """Numbers of the licences found, and kinds of credit facts."""
    return [match["subject"].split(":")[1] for match in desk.node.counter.search(text)]


pytestmark = pytest.mark.asyncio(loop_scope="module")
FIRST = builders.food_number(1)


@pytest.mark.parametrize(
    "text",
    [
        FIRST,
        FIRST.lower() + "\r\n\r\n",
        f"https://zz.example/q?no={FIRST}",
        builders.certificate_identifier(FIRST),
        builders.certificate_identifier(FIRST, "007"),
        builders.certificate_identifier(FIRST, "002", builders.uscc(9, "11110112")),
        builders.certificate_identifier(FIRST)[:-2],
        builders.certificate_identifier(FIRST).replace(".", "。"),
        f"https://zz.example/zz/{builders.certificate_identifier(FIRST, '003')}.html",
        builders.uscc(1),
        "示例甲食品有限公司\n",
    ],
)
async def test_number_every_identifier_code_and_name_lead_to_the_one_subject(desk: Running, text: str) -> None:
    assert numbers(desk, text)[0] == FIRST
    assert desk.verify(text, holder=builders.uscc(1))["verdict"] == "recognised"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("甲食", [3, 1, 2]),
        ("三河", [3, 4, 2]),
        ("示例甲食品有限公司", [1, 2]),
        ("三河示例甲食品店", [3]),
        ("(三河)", [4]),
        ("（三河）建", [4]),
        ("3m示例", [5]),
        ("ｅｘａｍｐｌｅ", [5]),
        ("店", [3]),
        ("%", []),
        ("_", []),
        ("甲品", []),
    ],
)
async def test_parts_of_names_the_nearest_first(desk: Running, text: str, found: list[int]) -> None:
    licences = [number for number in numbers(desk, text) if number != "penalty"]
    assert licences == [builders.food_number(serial) for serial in found]


async def test_a_holders_credit_facts_come_after_the_licences(desk: Running) -> None:
    assert numbers(desk, builders.uscc(2)) == [builders.food_number(2), "penalty"]


async def test_a_verification_by_name_lists_the_licences_only(desk: Running) -> None:
    found = desk.verify("甲食")
    assert found["checks"][0]["reason"] == "found.several"
    matches = [match["subject"].split(":")[1] for match in found["matches"]]
    assert matches == [builders.food_number(serial) for serial in (3, 1, 2)]


async def test_every_substring_finds_what_a_plain_look_through_all_names_finds(desk: Running) -> None:
    whole = [normalise_query(name) for name in NAMES]
    parts = {name[at : at + size] for name in whole for size in (1, 2, 3, 5) for at in range(len(name) - size + 1)}
    for part in sorted(parts):
        expected = {builders.food_number(at) for at, name in enumerate(whole, 1) if part in name}
        assert {number for number in numbers(desk, part) if number != "penalty"} == expected, part


async def test_the_case_and_its_purpose_travel_into_answer_and_slip(desk: Running) -> None:
    asked = {"number": FIRST, "purpose": "开办分店", "case": "通政务〔2026〕88号"}
    answer = desk.node.counter.verify({**asked, "presented": {"holder.name": NAMES[0]}})
    assert (answer["purpose"], answer["case"]) == ("开办分店", "通政务〔2026〕88号")
    assert answer["presented"] == {"holder.name": [NAMES[0]]}
    assert '"case":"通政务〔2026〕88号"' in answer["slip"]


async def test_a_persons_number_given_as_the_case_is_masked(desk: Running) -> None:
    answer = desk.node.counter.verify({"number": FIRST, "case": f"当事人{builders.PERSONS_NUMBER}"})
    assert builders.PERSONS_NUMBER not in answer["slip"]
    assert answer["case"].startswith("当事人11***")


async def test_what_was_asked_for_stands_in_an_answer_that_found_nothing_as_it_was_read(desk: Running) -> None:
    answer = desk.verify("https://zz.example/q?no=JY99999999999999\r\n")
    assert answer["subject"] == "JY99999999999999"
    assert answer["checks"][0]["reason"] == "no_record"


async def test_the_issuers_number_stands_beside_a_check_that_did_not_pass(desk: Running) -> None:
    answer = desk.verify(FIRST, as_of="2023-01-01", source="urn:jjj:sanhe", type=builders.TYPE_CODES["permit"][0])
    calls = {check["reason"]: check.get("call") for check in answer["checks"] if check["result"] != "PASS"}
    contact = {"phone": "010-0000-0001", "hours": "9-17"}
    assert calls["record.not_on_day"] == {"who": "issuer", "name": "示例市场监督管理局", **contact}


async def test_the_index_of_names_is_made_again_and_an_audit_misses_what_is_gone(desk: Running) -> None:
    assert (await auditor.audit(str(desk.world.folder / desk.id))).findings == ()


# Without a node: many names


class Names:
    """An index of names by themselves."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.executescript(logbook.TABLES + index.TABLES)
        self.count = 0

    def add(self, *names: str, family: str = "licence") -> None:
        for name in names:
            self.count += 1
            holdernames.add(self.connection, name)
            values = (self.count, family, "sanhe", f"T00:{self.count:07d}")
            self.connection.execute("INSERT INTO subjects VALUES (?, ?, ?, ?)", values)
            self.connection.execute("INSERT INTO terms VALUES ('name', ?, ?, 0)", (name, self.count))

    def find(self, text: str, limit: int = 20, family: str | None = None) -> list[int]:
        found = searching.find([self.connection], scanned.read(text), limit, family)
        return [int(match.subject.split(":")[1]) for match in found]


@pytest.fixture
def index_of_names() -> Iterator[Names]:
    names = Names()
    with closing(names.connection):
        yield names


async def test_names_are_packed_and_none_is_lost_or_doubled(index_of_names: Names) -> None:
    names = [f"示例{number}号公司" for number in range(2_500)]
    index_of_names.add(*names, *names[:100])
    rows = index_of_names.connection.execute("SELECT count(*) FROM holder_names").fetchone()[0]
    assert rows == 2 + 2_500 - 2 * holdernames.A_ROW
    assert sorted(holdernames.containing(index_of_names.connection, "示例")) == sorted(names)
    assert list(holdernames.unlisted(index_of_names.connection)) == []
    for number in (0, 1_023, 1_024, 2_047, 2_048, 2_499):
        assert list(holdernames.containing(index_of_names.connection, f"例{number}号")) == [f"示例{number}号公司"]


async def test_a_name_that_no_search_would_find_is_told(index_of_names: Names) -> None:
    index_of_names.add("示例甲公司", "示例乙公司")
    index_of_names.connection.execute("DELETE FROM holder_names WHERE number = 1")
    assert list(holdernames.unlisted(index_of_names.connection)) == ["示例甲公司"]


async def test_a_name_that_no_subject_bears_any_longer_is_not_found(index_of_names: Names) -> None:
    index_of_names.add("示例甲公司", "示例乙公司")
    index_of_names.connection.execute("DELETE FROM terms WHERE subject = 1")
    assert index_of_names.find("公司") == [2]


async def test_many_found_are_cut_the_same_way_every_time(index_of_names: Names) -> None:
    index_of_names.add(*(f"{sign}示例公司" for sign in "子丑寅卯辰巳午未申酉戌亥甲乙丙丁戊己庚辛壬癸天地"))
    index_of_names.add("公司示例")
    found = index_of_names.find("公司")
    assert len(found) == 20
    assert found == index_of_names.find("公司")
    assert found[0] == 25


async def test_only_credit_facts_hide_no_licence(index_of_names: Names) -> None:
    index_of_names.add(*(f"示例{number:02d}公司" for number in range(40)), family="credit")
    index_of_names.add("示例九九公司")
    assert index_of_names.find("示例", 20, "licence") == [41]
