"""A followed record as a line and as a row: nothing is lost, nothing runs, no identity number stands in the clear."""

from __future__ import annotations

import csv
import io

import orjson

from gateway.errors import Refused
from gateway.ops import followed
from gateway.ops.followed import Gone, Told
from gateway.records.fields import fields
from gateway.records.schema import SchemaSet
from tests.audit.auditbuilder import BASE, Written, filing, founded
from tests.records import builders

SCHEMAS = SchemaSet.built_in()
COLUMNS = followed.columns(SCHEMAS, "licence")
PATHS = [column.path for column in COLUMNS]


def row(told: Told, paths: list[str] = PATHS) -> list[str]:
    return next(csv.reader(io.StringIO(followed.row(told, paths).decode())))


def told(data: dict[str, object]) -> Told:
    log = Written(founded(), "tongzhou", "licence")
    entry = log.entry(data)
    return Told(log.origin, "licence", 7, BASE, orjson.loads(entry.partition(b"\n\n")[0])["subject"], entry)


def test_every_value_of_a_whole_record_has_its_column_and_no_heading_stands_twice() -> None:
    data = builders.whole_licence()
    cells = row(told(data))[len(followed.PLACE) :]
    by_path = dict(zip(PATHS, cells, strict=True))
    assert by_path["number"] == data["number"]
    assert by_path["holder.uscc"] == data["holder"]["uscc"]
    assert by_path["premises"] == "；".join(data["premises"])
    assert orjson.loads(by_path["items"]) == data["items"]
    headings = [column.heading for column in COLUMNS]
    assert len(set(headings)) == len(headings)
    values = {field.path for field in fields(SCHEMAS, "licence") if not field.of_object and "[]" not in field.path}
    assert values <= set(PATHS)


def test_the_header_has_a_cell_a_column_behind_the_mark_of_utf_8() -> None:
    raw = followed.header(COLUMNS)
    assert raw.startswith(b"\xef\xbb\xbf")
    assert len(next(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))) == len(followed.PLACE) + len(COLUMNS)


def test_no_cell_is_run_as_a_formula_and_lines_within_a_cell_stay_in_it() -> None:
    data = {**filing(1), "remarks": "=1+1", "content": "一\n二"}
    cells = dict(zip(PATHS, row(told(data))[len(followed.PLACE) :], strict=True))
    assert cells["remarks"] == "'=1+1"
    assert cells["content"] == "一\n二"


def test_what_is_taken_back_shows_its_subject_alone() -> None:
    gone = Told("示例", "licence", 7, BASE, "甲:乙", b"", Gone.REFUSED)
    assert orjson.loads(followed.line(gone)).keys() == {"log", "index", "logged", "gone", "because"}
    cells = row(gone)
    assert len(cells) == len(followed.PLACE) + len(COLUMNS)
    assert cells[4:6] == ["不再采信", "甲:乙"]


def test_a_refused_leaf_shows_why_and_what_it_claims_to_be_and_no_identity_number() -> None:
    number = "11010519491231002X"
    entry = orjson.dumps({"subject": f"示例:{number}", "id": "示例"}) + b"\n\nx"
    refused = Refused("identity_number", f"{number} stands there", field="remarks")
    line = followed.refusal("示例", 3, BASE, entry, refused)
    assert number.encode() not in line
    found = orjson.loads(line)
    assert (found["index"], found["reason"], found["field"], found["id"]) == (3, "identity_number", "remarks", "示例")


def test_a_refused_leaf_of_any_bytes_is_one_line() -> None:
    for entry in (b"", b"\n\n\n\n", b"\xff\xfe", b"{}"):
        assert followed.refusal("示例", 0, BASE, entry, Refused("note.form")).count(b"\n") == 1
