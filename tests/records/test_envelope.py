"""The envelope: exactly nine members, each in its one form."""

import pytest

from gateway.errors import Refused
from gateway.records.envelope import MEMBERS, check_members
from gateway.records.record import read_envelope
from tests.records.builders import PERSONS_NUMBER, envelope, licence, line, record_id

GOOD = envelope("jjj.licence.issued", licence())


def test_a_whole_envelope_passes_in_any_order() -> None:
    check_members(GOOD)
    check_members(dict(reversed(GOOD.items())))


@pytest.mark.parametrize("name", MEMBERS)
def test_a_missing_member_is_named(name: str) -> None:
    with pytest.raises(Refused) as caught:
        check_members({key: value for key, value in GOOD.items() if key != name})
    assert (caught.value.reason, caught.value.field) == ("envelope.missing", name)


def test_a_further_member_is_named_and_masked() -> None:
    with pytest.raises(Refused) as caught:
        check_members(GOOD | {"traceparent": "x"})
    assert (caught.value.reason, caught.value.field) == ("envelope.extra", "traceparent")
    with pytest.raises(Refused) as caught:
        check_members(GOOD | {PERSONS_NUMBER: "x"})
    assert PERSONS_NUMBER not in str(caught.value) + caught.value.zh


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("value", [1, True, ["x"], {"x": "y"}, ""])
def test_a_member_of_another_type_is_refused(name: str, value: object) -> None:
    if name == "data" and isinstance(value, dict):
        value = [value]
    if name in ("type", "time") and value == "":
        value = 0  # any text is left to the tables of types and instants
    with pytest.raises(Refused) as caught:
        check_members(GOOD | {name: value})
    assert (caught.value.reason, caught.value.field) == (f"envelope.{name}", name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "1.1"),
        ("id", record_id().upper()),
        ("id", record_id()[:14] + "4" + record_id()[15:]),
        ("id", record_id()[:19] + "c" + record_id()[20:]),
        ("id", record_id().replace("-", "")),
        ("id", "{" + record_id() + "}"),
        ("source", "tongzhou"),
        ("source", "urn:jjj:"),
        ("source", "urn:jjj:Tongzhou"),
        ("source", "urn:jjj:tong.zhou"),
        ("source", "urn:jjj:-a"),
        ("source", "URN:jjj:tongzhou"),
        ("subject", "x" * 1025),
        ("datacontenttype", "application/json; charset=utf-8"),
        ("dataschema", "urn:jjj:schema:licence:1"),
        ("dataschema", "urn:jjj:schema:licence:01.0"),
        ("dataschema", "licence:1.0"),
    ],
)
def test_other_forms_are_refused(name: str, value: str) -> None:
    with pytest.raises(Refused) as caught:
        read_envelope(line("jjj.licence.issued", licence(), **{name: value}))
    assert (caught.value.reason, caught.value.field) == (f"envelope.{name}", name)
    assert caught.value.zh
