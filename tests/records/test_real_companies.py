"""Real companies, read from where JJJ_REAL_DATA says: every code passes, and every row makes a record that is read
back.
"""

import csv
from pathlib import Path

from gateway.records.identifiers import mask_resident_numbers, normalise_number, normalise_query, uscc_error
from gateway.records.record import Licence, judge_content, read_envelope
from gateway.records.schema import SchemaSet
from tests.records.builders import licence, line, record_id

SCHEMAS = SchemaSet.built_in()


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "enterprises_jjj_2019.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_all_2442_codes_pass_and_none_is_taken_for_a_person(real_data: Path) -> None:
    codes = [row["统一社会信用代码"] for row in rows(real_data)]
    assert len(codes) == 2442
    assert [code for code in codes if uscc_error(code) is not None] == []
    assert [code for code in codes if mask_resident_numbers(code) != code] == []
    assert [code for code in codes if not code == normalise_number(code) == normalise_query(code)] == []


def test_every_row_makes_a_record(real_data: Path) -> None:
    for number, row in enumerate(rows(real_data)):
        code = row["统一社会信用代码"]
        data = licence(
            "registration",
            number=code,
            holder={"name": row["企业名称"], "uscc": code, "category": "法人及非法人组织"},
            content=row["经营范围"] or "无",
            premises=[row["注册地址"] or "无"],
            valid_from=row["注册日期"],
            state={"code": "01", "since": row["注册日期"]},
        )
        record, warnings = judge_content(read_envelope(line("jjj.licence.issued", data, id=record_id(number))), SCHEMAS)
        assert isinstance(record.content, Licence)
        assert (record.content.number, record.content.holder_uscc, warnings) == (code, code, ())
