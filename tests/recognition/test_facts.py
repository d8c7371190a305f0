"""From what the gate lets through to what a verdict looks at."""

from __future__ import annotations

from datetime import date

from gateway.recognition.facts import Item, Question, present_of
from gateway.records.record import Licence, judge_content, read_envelope
from gateway.records.schema import SchemaSet
from gateway.trust.gate import Place, VerifiedRecord
from tests.recognition.desk import NUMBER_CHECK
from tests.records import builders

PLACE = Place("jjj.example/tongzhou/licence", "tongzhou", "licence", 7, builders.NOW // 1000)


def verified(line: bytes) -> VerifiedRecord:
    record, _ = judge_content(read_envelope(line), SchemaSet.built_in())
    return VerifiedRecord(record, PLACE, ("jjj.example/tongzhou",), (NUMBER_CHECK,))


def test_a_licence_comes_with_its_items_its_data_and_its_warnings() -> None:
    found = present_of(verified(builders.line("jjj.licence.issued", builders.whole_licence())), carried=True)
    assert isinstance(found.licence, Licence)
    assert found.index == 7
    assert found.items == (Item("热食类食品制售", date(2027, 10, 20)), Item("冷食类食品制售", None))
    assert found.data["number"] == builders.food_number()
    assert (found.carried, found.warnings) == (True, (NUMBER_CHECK,))


def test_a_retraction_speaks_of_no_licence() -> None:
    subject = f"{builders.TYPE_CODES['permit'][0]}:{builders.food_number()}"
    found = present_of(verified(builders.line("jjj.licence.retracted", builders.correction(), subject=subject)))
    assert (found.licence, found.items) == (None, ())


def test_a_bare_number_has_no_type_code() -> None:
    def code(subject: str) -> str | None:
        return Question("sanhe", subject, "tongzhou", date(2026, 11, 23), 0).type_code

    assert (code("ABC:JY1:2"), code("JY1")) == ("ABC", None)
