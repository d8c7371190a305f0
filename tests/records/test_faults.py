"""Fault names: sentences for all, places counted right, nothing personal repeated."""

import pytest

from gateway.errors import Refused
from gateway.records import compact, faults
from tests.records.builders import PERSONS_NUMBER


def test_every_fault_has_both_sentences() -> None:
    for sentence in faults.SENTENCES.values():
        assert sentence.en
        assert any("\u4e00" <= character <= "\u9fff" for character in sentence.zh)


def test_brackets_in_strings_do_not_nest() -> None:
    assert faults.too_deep('{"a":"' + "[" * 99 + '"}', 1) is None
    assert faults.too_deep('{"a":[[1]]}', 2) == 6


def test_brackets_after_an_escaped_quote_are_still_in_the_string() -> None:
    assert faults.too_deep('{"a":"\\"[[[["}', 1) is None


def test_a_member_name_in_a_message_is_masked() -> None:
    with pytest.raises(Refused) as caught:
        compact.parse(f'{{"{PERSONS_NUMBER}":null}}'.encode())
    assert PERSONS_NUMBER not in str(caught.value) + caught.value.field + caught.value.zh


def test_a_repeated_name_in_a_message_is_masked() -> None:
    with pytest.raises(Refused) as caught:
        compact.parse(f'{{"{PERSONS_NUMBER}":1,"{PERSONS_NUMBER}":1}}'.encode())
    assert caught.value.reason == "form.duplicate_name"
    assert PERSONS_NUMBER not in str(caught.value) + caught.value.field + caught.value.zh
