"""Tens of thousands of documents against both schemas: each keyword broken at each place, each rule broken, and as many
good ones. No validator, rule or table may see one otherwise than the others (DESIGN §3, schemas).

``JJJ_SOAK=1``: ten times as many, over 80,000 documents, every keyword broken 100 times at each place where it is used;
a table of the counts is printed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from gateway.errors import Refused
from gateway.records import compact
from gateway.records.record import judge_content, read_envelope
from gateway.records.schema import Schema, SchemaSet
from tests.records import field_table, generated, keywords, plain_rules
from tests.records.rule_changes import RULES

SOAK = os.environ.get("JJJ_SOAK", "") not in ("", "0")
TIMES = 100 if SOAK else 10
SCHEMAS = SchemaSet.built_in()
FAMILIES = ("licence", "credit")
# A value that is no object takes the branch of corrections, whose own "type" refuses it: this one is never asked.
SHADOWED = {(("else", "type"), "")}


@dataclass
class Counts:
    """What was tried: good and broken documents, broken keywords by kind, broken rules by name."""

    good: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    least: dict[str, int] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)

    def rows(self) -> Iterator[str]:
        """The table to print."""
        good, broken, rules = self.good.total(), self.broken.total(), self.rules.total()
        yield f"{good + broken + rules:,} documents: {good:,} good, {broken:,} break a keyword, {rules:,} a rule"
        yield f"{'keyword':28} {'places':>7} {'broken':>9} {'least':>7}"
        for kind, times in sorted(self.kinds.items()):
            yield f"{kind:28} {self.places[kind]:>7} {times:>9,} {self.least[kind]:>7}"
        yield f"{'rule':40} {'broken':>9}"
        yield from (f"{name:40} {times:>9,}" for name, times in sorted(self.rules.items()))


@pytest.fixture(scope="module")
def counts(request: pytest.FixtureRequest) -> Iterator[Counts]:
    """Counts of all tests of this file, printed when they are through if the run is a long one."""
    counted = Counts()
    yield counted
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    if not SOAK or terminal is None or capture is None:
        return
    with capture.global_and_fixture_disabled():
        terminal.write_line("")
        for line in counted.rows():
            terminal.write_line(line)


def schema_of(family: str) -> Schema:
    return SCHEMAS.schemas[f"{family}:1.0"]


def refusal_of(record: dict[str, Any]) -> str | None:
    """The reason for which the gateway refuses a whole record, or None."""
    try:
        judge_content(read_envelope(compact.encode(record)), SCHEMAS)
    except Refused as refused:
        return refused.reason
    return None


def assert_rules_agree(record: dict[str, Any]) -> None:
    reason, expected = refusal_of(record), plain_rules.faults(record)
    assert (reason in expected) if expected else (reason is None), (reason, expected, record)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_keyword_broken_is_refused_by_both_validators_and_the_table_of_fields(
    family: str, counts: Counts
) -> None:
    schema, random, seen = schema_of(family), Random(f"{family} keywords"), Counter[Any]()
    found = keywords.occurrences(schema.document)
    assert len({one.key for one in found}) == len(found), "two keywords at one place could not be told apart"
    for one in (one for one in found if one.key not in SHADOWED):
        for _ in range(TIMES):
            data, place = keywords.broken(one, family, random)
            errors = list(schema.exact.iter_errors(data))
            keys = {keywords.error_key(error) for error in errors}
            assert one.key in keys, (one, data)
            assert all(tuple(error.absolute_path) == place[: len(error.absolute_path)] for error in errors), (one, data)
            assert not schema.quick.is_valid(data), (one, data)
            assert field_table.faults(family, data), (one, data)
            counts.broken[family] += 1
            seen.update(keys)
        assert all("不符合规则" not in finding.zh and finding.en for finding in schema.judge(data)), (one, data)
    assert {one.key for one in found} - SHADOWED == {key for key, times in seen.items() if times >= TIMES}
    for one in found:
        if one.key not in SHADOWED:
            counts.places[one.keyword] += 1
            counts.kinds[one.keyword] += seen[one.key]
            counts.least[one.keyword] = min(counts.least.get(one.keyword, seen[one.key]), seen[one.key])


@pytest.mark.parametrize("family", FAMILIES)
def test_every_good_document_is_taken_by_all_and_both_ways_of_every_condition_are_gone(
    family: str, counts: Counts
) -> None:
    schema, random, taken = schema_of(family), Random(f"{family} good"), Counter[Any]()
    found, words = keywords.conditions(schema.document), Counter[Any]()
    many = TIMES * len(keywords.occurrences(schema.document))
    for turn in range(many):
        data = generated.document(family, random, correction=turn % 8 == 0)
        assert schema.exact.is_valid(data), data
        assert schema.quick.is_valid(data), data
        assert field_table.faults(family, data) == set(), data
        assert_rules_agree(generated.record(family, data, random))
        for condition in found:
            holds = _holds(schema, condition, data)
            taken.update([] if holds is None else [(condition.path, holds)])
        words.update((path, value) for path, value in _texts(data, ()))
    counts.good[family] += many
    assert {key for key, times in taken.items() if times >= TIMES} == {
        (condition.path, way) for condition in found for way in (True, False)
    }
    listed = [one for one in keywords.occurrences(schema.document) if one.keyword == "enum"]
    assert [(one.place, word) for one in listed for word in one.value if not words[(one.place, word)]] == []


def _holds(schema: Schema, condition: keywords.Condition, data: Any) -> bool | None:
    """Which way an ``if`` goes; None where it is not asked."""
    if condition.path[0] == "else" and "index" in data:
        return None
    for step in condition.place:
        if step not in data:
            return None
        data = data[step]
    return bool(schema.exact.evolve(schema=condition.schema).is_valid(data))


def _texts(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    if isinstance(value, str):
        yield path, value
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield from _texts(inner, (*path, name))
    for inner in value if isinstance(value, list) else ():
        yield from _texts(inner, (*path, keywords.EACH))


@pytest.mark.parametrize("rule", RULES)
def test_what_a_schema_cannot_see_is_refused_by_its_rule(rule: str, counts: Counts) -> None:
    change, random = RULES[rule], Random(rule)
    for turn in range(TIMES * 2):
        family = change.family or FAMILIES[turn % 2]
        data = generated.document(family, random, correction=change.correction)
        record = generated.record(family, data, random)
        change.change(record, random)
        assert schema_of(family).fits(record["data"]), record
        assert plain_rules.faults(record) & change.reasons, (rule, record)
        assert_rules_agree(record)
        counts.rules[rule] += 1


def test_a_keyword_that_nobody_can_break_is_an_error() -> None:
    document = {"type": "object", "properties": {"colour": {"contains": {"const": "红"}}}}
    with pytest.raises(AssertionError, match="properties/colour: nobody knows how to break 'contains'"):
        keywords.occurrences(document)
