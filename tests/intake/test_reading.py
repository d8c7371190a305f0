"""One file through one profile: every row ends as an item, a repetition or a refusal with its reason."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.demo.example import example_trust
from gateway.errors import CannotRun, GatewayError, Refused
from gateway.instants import format_time
from gateway.intake import profiles
from gateway.intake.outcomes import Item, Outcome, RefusedRow, RepeatedRow
from gateway.intake.profilefile import parse
from gateway.intake.reading import Reading, open_reading, record_id
from gateway.intake.tables import open_table
from gateway.records import compact, families
from gateway.records.schema import SchemaSet
from gateway.trust import gate
from gateway.trust.trusted import TrustData, assemble
from tests.records import builders

Companies = Callable[..., Path]
NOW = 1_795_400_000
TABLES = [name for name in profiles.names() if name != profiles.RECORDS]


def outcomes(path: Path, profile: str | None = None, own: str | None = None) -> list[Outcome]:
    return list(open_reading(path, profile, own=own))


def reasons(found: list[Outcome]) -> list[str]:
    return [row.reason if isinstance(row, RefusedRow) else type(row).__name__ for row in found]


def test_a_row_is_an_item_with_its_cells(companies: Companies, good_row: str) -> None:
    (item,) = outcomes(companies(good_row))
    assert isinstance(item, Item)
    assert (item.row, item.jurisdiction, item.type) == (2, "sanhe", "jjj.licence.issued")
    assert item.cells == tuple(good_row.split(","))
    assert item.id == record_id("sanhe", item.type, item.data)


def test_rows_and_order(companies: Companies, good_row: str) -> None:
    other = good_row.replace("9113108200EX00073X", "9113108200EX00081Q")
    reading = open_reading(companies(good_row, "too,few", other, good_row.replace("131082,三河市", "120114,武清")))
    assert reading.rows == 4
    assert reasons(list(reading)) == ["Item", "row.width", "Item", "area.no_node"]
    assert list(reading) == list(reading)


def test_the_same_row_again_is_one_item(companies: Companies, good_row: str) -> None:
    found = outcomes(companies(good_row, good_row, good_row))
    assert reasons(found) == ["Item", "RepeatedRow", "RepeatedRow"]
    assert found[1:] == [RepeatedRow(3), RepeatedRow(4)]


def test_rows_that_contradict_each_other_are_refused_together(companies: Companies, good_row: str) -> None:
    other = good_row.replace("9113108200EX00073X", "9113108200EX00081Q")
    found = outcomes(companies(good_row, other, good_row.replace("示例路1号", "示例路2号"), good_row))
    assert reasons(found) == ["row.conflict", "Item", "row.conflict", "row.conflict"]
    assert isinstance(found[0], RefusedRow)
    assert found[0].field == "统一社会信用代码"


def test_one_number_in_two_jurisdictions_is_two_subjects(companies: Companies, good_row: str) -> None:
    found = outcomes(companies(good_row, good_row.replace("131082,三河市", "120116,滨海")))
    assert reasons(found) == ["Item", "Item"]


def test_a_number_written_two_ways_is_one_subject(write: Callable[..., Path]) -> None:
    profile = parse(
        {
            "type": "jjj.licence.issued",
            "constants": {"type": {"code": "ABC"}},
            "columns": [{"names": ["n"], "into": ["number"]}, {"names": ["c"], "into": ["content"]}],
        },
        "small",
    )
    table = open_table(write("n,c\n（京）1〔2024〕,x\n(京)1[2024],y\n2,x\n"))
    assert reasons(list(Reading(table, profile, own="sanhe"))) == ["row.conflict", "row.conflict", "schema.required"]
    assert reasons(list(Reading(table, profile))) == ["source.missing"] * 3


def test_a_number_that_no_subject_can_have(companies: Companies, good_row: str) -> None:
    (refused,) = outcomes(companies(good_row.replace("00EX", "00\u200bEX")))
    assert isinstance(refused, RefusedRow)
    assert (refused.reason, refused.zh != "") == ("number.character", True)


def test_identity_numbers_are_masked_in_every_text(companies: Companies, good_row: str) -> None:
    found = outcomes(companies(good_row.replace("2019-01-02", "11010519491231002X"), good_row))
    assert "11010519491231002X" not in repr(found)
    assert "11**************2X" in repr(found)


def test_a_fault_of_the_whole_file_comes_before_the_first_item(companies: Companies, good_row: str) -> None:
    with pytest.raises(Refused, match=r"table\.quote"):
        open_reading(companies(good_row, '"' + good_row))


def test_only_jurisdictions_that_have_a_node(companies: Companies, good_row: str) -> None:
    path = companies(good_row)
    assert reasons(list(open_reading(path, nodes={"sanhe"}))) == ["Item"]
    assert reasons(list(open_reading(path, nodes={"tongzhou"}))) == ["area.no_node"]


def test_what_a_node_refused_goes_beside_its_row(companies: Companies, good_row: str) -> None:
    reading = open_reading(companies(good_row))
    (item,) = reading
    assert isinstance(item, Item)
    (row,) = reading.refusals(item, Refused("uscc.check", "no", field="data.holder.uscc", zh="不符"))
    assert (row.row, row.cells) == (2, item.cells)
    assert (row.reason, row.field, row.zh, row.en) == ("uscc.check", "统一社会信用代码", "不符", "no")


def test_no_profile_fits(write: Callable[..., Path]) -> None:
    with pytest.raises(CannotRun, match=r"profile\.no_match"):
        open_reading(write("a,b\n1,2\n"))


# Finished records


def test_lines_are_events_in_their_order(write: Callable[..., Path]) -> None:
    issued = {"type": "jjj.licence.issued", "data": builders.licence(), "jurisdiction": "sanhe"}
    ended = builders.change(builders.licence(), {"state.code": "07"})
    revoked = issued | {"type": "jjj.licence.revoked", "data": ended}
    timed = issued | {"time": "2026-11-23T02:03:04.567Z"}
    lines = [issued, revoked, issued | {"id": builders.record_id()}, timed, {"x": 1}]
    found = outcomes(write("\n".join(map(json.dumps, lines)), name="records.ndjson"))
    assert reasons(found) == ["Item", "Item", "Item", "Item", "draft.form"]
    items = [item for item in found if isinstance(item, Item)]
    assert items[2].id == builders.record_id()
    assert items[3].time == timed["time"]
    assert len({item.id for item in items}) == 4
    last = found[-1]
    assert isinstance(last, RefusedRow)
    assert (last.row, last.cells, last.reason) == (5, ('{"x": 1}',), "draft.form")
    assert (last.field, last.zh) == ("x", "不认识的成员 'x'")


# Any cells

KNOWN = ("", "1", "0", "2024-03-01", "罚款", "91110112MA00EXA01W", "食品经营许可证", "监理资质", "D311000017")
CELL = st.sampled_from(KNOWN) | st.text(max_size=9)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(name=st.sampled_from(TABLES), form=st.integers(0, 1), data=st.data())
def test_any_cells_end_as_one_outcome_a_row(tmp_path: Path, name: str, form: int, data: st.DataObject) -> None:
    columns = [column.names[min(form, len(column.names) - 1)] for column in profiles.load(name).columns]
    rows = data.draw(st.lists(st.lists(CELL, max_size=len(columns)), max_size=4))
    path = tmp_path / "any.csv"
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        csv.writer(file).writerows([columns, *(row + [""] * (len(columns) - len(row)) for row in rows)])
    try:
        reading = open_reading(path, name, own="sanhe")
    except GatewayError:
        return
    found = list(reading)
    assert sorted(each.row for each in found) == sorted({each.row for each in found})
    assert len(found) == reading.rows
    assert all(each.zh and each.findings for each in found if isinstance(each, RefusedRow))


# Ids


def test_ids_repeat_and_differ() -> None:
    data = {"number": "1", "valid_from": "2019-01-02", "state": {"code": "01", "since": "2019-01-02"}}
    turned = dict(reversed(data.items()))
    first = record_id("sanhe", "jjj.licence.issued", data)
    assert first == record_id("sanhe", "jjj.licence.issued", turned) == "01680bdc-1800-70c7-83b6-f176e2209f13"
    others = [
        record_id("dachang", "jjj.licence.issued", data),
        record_id("sanhe", "jjj.licence.changed", data),
        record_id("sanhe", "jjj.licence.issued", data | {"number": "2"}),
        record_id("sanhe", "jjj.licence.issued", data, "2026-11-23T02:03:04.567Z"),
    ]
    assert len({first, *others}) == 5


@pytest.mark.parametrize(
    ("data", "milliseconds"),
    [
        ({"valid_from": "1970-01-02"}, 86_400_000),
        ({"decided_on": "1970-01-02"}, 86_400_000),
        ({"valid_from": "1950-01-01"}, 0),
        ({"valid_from": "x"}, 0),
        ({"valid_from": 7}, 0),
        ({}, 0),
    ],
)
def test_the_time_of_an_id_is_the_records_day(data: dict[str, object], milliseconds: int) -> None:
    made = record_id("sanhe", "jjj.licence.issued", data)
    assert int(made.replace("-", "")[:12], 16) == milliseconds
    assert made[14] == "7"


# Real companies


def trust() -> TrustData:
    found = example_trust({})
    return assemble(found["roster.json"], found["agreements.json"], found["catalogue.json"], SchemaSet.built_in())


def judge(item: Item, trusted: TrustData) -> None:
    """As a node's door does."""
    family = families.family_of_type(item.type)
    place = gate.Place(f"jjj.example/{item.jurisdiction}/{family}", item.jurisdiction, family, 0, NOW)
    envelope = {
        "specversion": "1.0",
        "id": item.id,
        "source": f"urn:jjj:{item.jurisdiction}",
        "type": item.type,
        "subject": families.subject_of_data(family, item.data),
        "time": format_time(NOW * 1000),
        "datacontenttype": "application/json",
        "dataschema": f"urn:jjj:schema:{family}:1.0",
        "data": item.data,
    }
    gate.judge_line(compact.encode(envelope), place, trusted)


def test_real_companies(real_data: Path) -> None:
    found = outcomes(real_data / "enterprises_jjj_2019.csv")
    items = [item for item in found if isinstance(item, Item)]
    refused = [row for row in found if isinstance(row, RefusedRow)]
    assert (len(found), len(items), len(refused)) == (2442, 1582, 860)
    assert {row.reason for row in refused} == {"area.no_node"}
    assert Counter(item.jurisdiction for item in items) == {
        "sanhe": 600,
        "binhai": 536,
        "tongzhou": 362,
        "xiongan": 44,
        "xianghe": 21,
        "dachang": 19,
    }
    assert len({item.id for item in items}) == 1582
    trusted = trust()
    for item in items:
        judge(item, trusted)


def test_real_companies_in_gb18030_are_the_same(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "enterprises_jjj_2019.csv"
    other = tmp_path / "companies.csv"
    other.write_text(source.read_text(encoding="utf-8-sig"), encoding="gb18030", newline="")
    assert outcomes(other) == outcomes(source)
