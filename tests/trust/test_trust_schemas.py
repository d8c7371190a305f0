"""The schemas of the trust documents and their strict readers take and refuse the same.

The reader never takes what the schema refuses. What it refuses beyond the schema breaks a rule of ``CROSS_CHECKS``:
what contradicts itself, what is no real day, code or key, what stands twice. Every refusal says where, and which rule.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry

from gateway.errors import Refused
from gateway.records.packaged import data_path
from gateway.trust import agreements, catalogue, roster
from tests.trust import papers
from tests.trust.papers import TYPE

READERS: dict[str, Callable[[bytes], object]] = {
    "roster": roster.parse,
    "agreements": agreements.parse,
    "catalogue": catalogue.parse,
}
CROSS_CHECKS = {
    "characters",
    "unique",
    "integers only",
    "YYYY-MM-DD",
    "YYYY-MM-DDTHH:MM:SSZ",
    "since <= until",
    "not_before <= not_after",
    "base64, 32 bytes",
    "name+id+key",
    "name and algorithm of the role",
    "its logs",
    "<network>/<jurisdiction>/<family>[.<n>]",
    "GB 32100-2015",
}
STRANGERS: tuple[Any, ...] = (None, 7, -1, True, "", " ", "示例", [], ["示例"], {}, {"示例": 1}, 1 << 53, "2026-13-45")
SHAPES = (None, True, 7, "示例", [], {})


def documents() -> dict[str, dict[str, Any]]:
    """One document each with every member there is."""
    whole = papers.roster(jurisdictions=papers.roster()["jurisdictions"][:1])
    whole["policy"] = {"name": "gm", "since": "2027-01-01"}
    member = whole["jurisdictions"][0]
    member["aliases"] = ["110113"]
    member["logs"][0]["ended"] = {"size": 3, "root": "A" * 43 + "="}
    good_below = {member["logs"][0]["origin"]: 7}
    member["keys"][0]["revoked"] = {"at": "2026-05-01", "reason": "示例", "good_below": good_below}
    return {
        "roster": whole,
        "agreements": papers.agreements(papers.agreement(unchanged=["content"], types=["*"])),
        "catalogue": papers.catalogue(authority_signed={"sanhe": "2027-01-01"}),
    }


WHOLE = documents()
SCHEMAS = {
    name: Draft202012Validator(
        orjson.loads((data_path("schemas") / "trust" / f"{name}.schema.json").read_bytes()), registry=Registry()
    )
    for name in READERS
}


def paths(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where every value of a document stands."""
    yield path
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, value in members:
        yield from paths(value, (*path, name))


def at(document: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


def changed(name: str, path: tuple[str | int, ...], change: Callable[[Any, Any], None]) -> dict[str, Any]:
    document = copy.deepcopy(WHOLE[name])
    change(at(document, path[:-1]), path[-1])
    return document


def takes(name: str, document: Any) -> tuple[bool, bool]:
    """Whether reader and schema take it."""
    return papers.reason_of(lambda: READERS[name](papers.written(document))) is None, SCHEMAS[name].is_valid(document)


EVERYWHERE = [(name, path) for name, document in WHOLE.items() for path in paths(document) if path]
OBJECTS = [(name, path) for name, path in EVERYWHERE if isinstance(at(WHOLE[name], path), dict)]


@pytest.mark.parametrize("name", READERS)
def test_the_schema_is_one_and_every_part_of_it_has_a_chinese_title(name: str) -> None:
    document = SCHEMAS[name].schema
    Draft202012Validator.check_schema(document)
    assert document["$id"] == f"urn:jjj:schema:trust:{name}"
    untitled = [path for path, node in _nodes(document) if "title" not in node and "$ref" not in node]
    assert not untitled


def _nodes(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every sub-schema that describes a member."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from _nodes(child, f"{path}.{name}")
    if "items" in node and "$ref" not in node["items"]:
        yield from _nodes(node["items"], f"{path}[]")
    for name, child in node.get("$defs", {}).items():
        yield from _nodes(child, f"#{name}")


@pytest.mark.parametrize("name", READERS)
def test_whole_documents_are_taken_by_both(name: str) -> None:
    assert takes(name, WHOLE[name]) == (True, True)


def test_example_documents_are_taken_by_both() -> None:
    folder: Path = data_path("keys/example") / "trust"
    for name in READERS:
        assert takes(name, orjson.loads((folder / f"{name}.json").read_bytes())) == (True, True)


@pytest.mark.parametrize(("name", "path"), EVERYWHERE)
def test_a_member_that_is_missing(name: str, path: tuple[str | int, ...]) -> None:
    read, fits = takes(name, changed(name, path, lambda node, key: node.pop(key)))
    if not isinstance(path[-1], int):
        assert read == fits


@pytest.mark.parametrize(("name", "path"), OBJECTS)
def test_a_member_too_many(name: str, path: tuple[str | int, ...]) -> None:
    document = changed(name, path, lambda node, key: node[key].update(surplus=7))
    assert takes(name, document) == (False, path[-1] == "good_below")


@pytest.mark.parametrize(("name", "path"), EVERYWHERE)
def test_a_value_of_another_shape(name: str, path: tuple[str | int, ...]) -> None:
    kind = type(at(WHOLE[name], path))
    for shape in SHAPES:
        if type(shape) is not kind:
            document = changed(name, path, lambda node, key, shape=shape: node.__setitem__(key, shape))  # type: ignore[misc]
            assert takes(name, document) == (False, False), shape


@pytest.mark.parametrize(("name", "path"), EVERYWHERE)
def test_whatever_the_reader_takes_the_schema_takes(name: str, path: tuple[str | int, ...]) -> None:
    for stranger in STRANGERS:
        document = changed(name, path, lambda node, key, stranger=stranger: node.__setitem__(key, stranger))  # type: ignore[misc]
        read, fits = takes(name, document)
        assert fits or not read, stranger


@pytest.mark.parametrize("name", READERS)
def test_a_list_that_names_something_twice(name: str) -> None:
    for where, path in EVERYWHERE:
        value = at(WHOLE[name], path) if where == name else None
        if isinstance(value, list) and value and isinstance(value[0], str):
            assert takes(name, changed(name, path, lambda node, key: node[key].append(node[key][0]))) == (False, False)


# For any change whatever

values = st.one_of(
    st.sampled_from(STRANGERS),
    st.sampled_from(["*", "2026-02-30", "2026-01-01T00:00:00Z", "2024-02-29", "sanhe", "permit", "0" * 18]),
    st.integers(-2, 200_000),
    st.text(max_size=12),
    st.lists(st.sampled_from(["*", "sanhe", "content", TYPE, 7]), max_size=3),
)


@st.composite
def mutants(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A whole document with up to three members changed, removed or added."""
    name = draw(st.sampled_from(list(READERS)))
    document = copy.deepcopy(WHOLE[name])
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([path for path in paths(document) if path] or [("version",)]))
        holder, key = at(document, path[:-1]), path[-1]
        match draw(st.sampled_from(["set", "set", "remove", "add"])):
            case "set":
                holder[key] = copy.deepcopy(draw(values))
            case "remove":
                holder.pop(key) if isinstance(holder, list) else holder.pop(key, None)
            case "add" if isinstance(holder, dict):
                added = draw(st.sampled_from(["until", "ended", "contact", "revoked", "surplus"]))
                holder[added] = copy.deepcopy(draw(values))
    return name, document


@given(mutants())
@settings(max_examples=200)
def test_what_the_schema_takes_and_the_reader_refuses_breaks_a_rule_that_no_schema_can_say(
    mutant: tuple[str, dict[str, Any]],
) -> None:
    name, document = mutant
    fits = SCHEMAS[name].is_valid(document)
    refused = refusal(name, document)
    if refused is None:
        assert fits
    else:
        assert refused.reason == "trust.form"
        assert not fits or refused.rule in CROSS_CHECKS, (refused.field, refused.rule)
        _says_where_and_which_rule(refused)


def refusal(name: str, document: Any) -> Refused | None:
    try:
        READERS[name](papers.written(document))
    except Refused as refused:
        return refused
    return None


def _says_where_and_which_rule(refused: Refused) -> None:
    assert refused.rule
    assert refused.message.startswith(f"{refused.field or 'document'}: ")
    assert refused.zh.startswith(f"信任文件 {refused.field or '整体'}：")
    assert re.search("[\u4e00-\u9fff]", refused.zh.partition("：")[2])


@pytest.mark.parametrize(
    ("name", "change", "field", "rule", "zh"),
    [
        ("agreements", {"agreements.0.until": "2025-12-31"}, "agreements[0].until", "since <= until", "早于起始日期"),
        ("agreements", {"agreements.0.since": "2026-02-30"}, "agreements[0].since", "YYYY-MM-DD", "真实日期"),
        ("agreements", {"agreements.0.freshness_s": 0}, "agreements[0].freshness_s", "1 to ", "应为 1 至"),
        ("catalogue", {"types.0.kind": "licence"}, "types[0].kind", "filing, permit", "不在允许值之内"),
        ("catalogue", {"types.0.motto": "x"}, "types[0].motto", "known members only", "没有这一成员"),
        ("roster", {"jurisdictions.0.authorities.0.uscc": "1" * 18}, "uscc", "GB 32100-2015", "信用代码"),
        ("roster", {"jurisdictions.0.keys.0.role": "king"}, "keys[0].role", "record, authority", "密钥用途"),
    ],
)
def test_a_refusal_names_the_member_and_the_rule_in_both_languages(
    name: str, change: dict[str, Any], field: str, rule: str, zh: str
) -> None:
    with pytest.raises(Refused) as refused:
        READERS[name](papers.written(papers.changed(WHOLE[name], change)))
    assert field in refused.value.field
    assert rule in refused.value.rule
    assert zh in refused.value.zh
    _says_where_and_which_rule(refused.value)
