"""All that is wrong with a row, said at once."""

from __future__ import annotations

from gateway.errors import Finding, Refused
from gateway.intake.refusals import finding, lacking, of_refused, reasons, renamed, several

FOUND = (lacking("甲"), finding("date.form", "丙", "不是日期", "no day", "x"), lacking("乙"))


def test_findings_are_told_by_what_is_wrong() -> None:
    refused = several(FOUND)
    assert (refused.reason, refused.field) == ("row.required", "甲、丙、乙")
    assert refused.zh == "甲、乙：表中没有这一列；丙：不是日期"
    assert refused.message == "甲, 乙: the table has no such column; 丙: no day"
    assert refused.findings == FOUND
    assert reasons(FOUND) == "row.required date.form"


def test_one_finding_in_its_own_words() -> None:
    refused = several(FOUND[1:2])
    assert (refused.reason, refused.field, refused.zh, refused.message) == ("date.form", "丙", "不是日期", "no day")


def test_a_refusal_without_findings_is_its_own() -> None:
    refused = Refused("uscc.check", "does not fit", field="data.holder.uscc", zh="不符")
    (own,) = of_refused(refused)
    assert (own.reason, own.field, own.zh, own.en) == ("uscc.check", "data.holder.uscc", "不符", "does not fit")
    assert of_refused(several(FOUND)) == FOUND


def test_names_of_columns() -> None:
    told = renamed((Finding("a", "data.x", "", "", "", ""),), {"data.x": "甲"}.__getitem__)
    assert told[0].field == "甲"


def test_values_are_masked() -> None:
    assert "19491231" not in repr(finding("a", "b", "c", "d", "11010519491231002X"))
