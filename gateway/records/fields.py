"""Which fields may a record's data have, and what does each hold? Every field of a published schema, in its order.

The schema is the one source: titles, national codes, lengths, lists and examples are read from it and said nowhere
else, so that data dictionary, CSV columns and templates can't differ from what is judged. A path names a member
(``holder.name``) or the members of a list (``items[].name``, ``premises[]``).

>>> [(field.path, field.title) for field in fields(SchemaSet.built_in(), "licence")][:2]
[('number', '证照编号（许可编号）'), ('type', '证照类型')]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.records.schema import SchemaSet, split_name

CORRECTION = "correction"
LIST = "[]"
_KINDS = {"date.form": "日期", "amount.form": "金额（万元）", "uscc.form": "统一社会信用代码"}
_OF_ONE_LENGTH = ("date.form", "uscc.form")
_TYPES = {"string": "文本", "integer": "整数", "array": "列表", "object": "对象"}
_REFERENCES = 8
"""How many references may follow one another."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. ``codes``: (standard, code, name) of national data items; ``kind``: in Chinese, with ``of_object``,
    ``of_list`` for programs; ``limits``: how long, how many, from where to where; ``required``: always; ``condition``:
    when else it is required or allowed; ``choices``: (value, label); ``rule``, ``note``: in Chinese, in English;
    ``since``: the first version that has it.
    """

    path: str
    title: str
    codes: tuple[tuple[str, str, str], ...]
    kind: str
    limits: str
    required: bool
    condition: str
    choices: tuple[tuple[str, str], ...]
    example: str
    rule: str
    note: str
    since: str
    of_object: bool
    of_list: bool


def fields(schemas: SchemaSet, family: str, part: str | None = None) -> tuple[Field, ...]:
    """Every field of the newest version of a family, with the version that brought it. ``part``: "correction" for the
    data of ``retracted`` and ``erased``; the family's own otherwise.
    """
    versions = [schemas.schemas[name] for name in schemas.minors(family)]
    seen: dict[str, str] = {}
    found: tuple[Field, ...] = ()
    for schema in versions:
        _, major, minor = split_name(schema.name) or ("", 0, 0)
        found = tuple(_of_object(schema.document, schema.document["$defs"][part or family], ""))
        for field in found:
            seen.setdefault(field.path, f"{major}.{minor}")
    by_path = {field.path: field for field in found}
    return tuple(replace(_in_place(field, by_path), since=seen[field.path]) for field in found)


def _in_place(field: Field, by_path: Mapping[str, Field]) -> Field:
    """What a field inside one that may be absent is: required where that one is given."""
    parent = by_path.get(field.path.rpartition(".")[0].removesuffix(LIST))
    if parent is None or parent.required or not field.required:
        return field
    return replace(field, required=False, condition=f"填写“{parent.title}”时必填")


def _of_object(
    document: Mapping[str, Any], node: Mapping[str, Any], above: str, told: Mapping[str, str] | None = None
) -> Iterator[Field]:
    """Fields of an object. ``told``: what conditions outside say of its members."""
    conditions = {**(told or {}), **dict(_conditions(document, node))}
    for name, raw in node.get("properties", {}).items():
        member = _resolved(document, raw)
        path = f"{above}{name}"
        field = _field(path, member, required=name in node.get("required", ()))
        yield replace(field, condition=conditions.get(name, ""))
        yield from _below(document, member, path, dict(_inside(document, node, name)))


def _below(
    document: Mapping[str, Any], member: Mapping[str, Any], path: str, told: Mapping[str, str]
) -> Iterator[Field]:
    """What stands inside a field: members of an object, or of the objects of a list, or the values of a list."""
    if "properties" in member:
        yield from _of_object(document, member, f"{path}.", told)
    elif "items" in member:
        inner = _resolved(document, member["items"])
        if "properties" in inner:
            yield from _of_object(document, inner, f"{path}{LIST}.")
        else:
            yield _field(f"{path}{LIST}", inner, required=False)


def _field(path: str, member: Mapping[str, Any], *, required: bool) -> Field:
    labels = member.get("x-jjj-labels", {})
    values = [member["const"]] if "const" in member else member.get("enum", ())
    example = next(iter(member.get("examples", ())), "")
    return Field(
        path=path,
        title=member.get("title", ""),
        codes=tuple((each["standard"], each["code"], each["name"]) for each in member.get("x-jjj-items", ())),
        kind=_kind(member),
        limits=_limits(member),
        required=required,
        condition="",
        choices=tuple((str(value), labels.get(value, "")) for value in values),
        example=str(example),
        rule=member.get("x-jjj-rule", {}).get("zh", ""),
        note=member.get("description", ""),
        since="",
        of_object=member.get("type") == "object",
        of_list=member.get("type") == "array",
    )


def _kind(member: Mapping[str, Any]) -> str:
    if "const" in member:
        return "固定值"
    if "enum" in member:
        return "代码"
    return _KINDS.get(member.get("x-jjj-reason", ""), _TYPES.get(member.get("type", ""), ""))


def _limits(member: Mapping[str, Any]) -> str:
    if "maxLength" in member:
        whole = member.get("x-jjj-reason") in _OF_ONE_LENGTH
        return f"{member['maxLength']} 字" if whole else f"≤ {member['maxLength']} 字"
    if "maxItems" in member:
        return f"{member.get('minItems', 0)}–{member['maxItems']} 项"
    if "maximum" in member:
        return f"{member.get('minimum', 0)}–{member['maximum']}"
    return ""


# Conditions: what a schema says with "if" about one member that is a constant


def _branches(node: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    """(member, constant, then, else) of the node's conditions."""
    for branch in (node, *node.get("allOf", ())):
        for name, test in branch.get("if", {}).get("properties", {}).items():
            if "const" in test:
                yield name, str(test["const"]), branch.get("then", {}), branch.get("else", {})


def _conditions(document: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, constant, then, otherwise in _branches(node):
        when = _when(document, node, name, constant)
        yield from ((member, f"{when}必填") for member in then.get("required", ()))
        only = [member for member, rule in otherwise.get("properties", {}).items() if rule.get("not") == {}]
        for member in only:
            must = "必填，其他种类不得填写" if member in then.get("required", ()) else "可填，其他种类不得填写"
            yield member, f"{when}{must}"


def _inside(document: Mapping[str, Any], node: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    """What the node's conditions say of the members of one of its members."""
    for switch, constant, then, _ in _branches(node):
        for member in then.get("properties", {}).get(name, {}).get("required", ()):
            yield member, f"{_when(document, node, switch, constant)}必填"


def _when(document: Mapping[str, Any], node: Mapping[str, Any], name: str, constant: str) -> str:
    switch = _resolved(document, node["properties"][name])
    return f"{switch.get('title', name)}为{switch.get('x-jjj-labels', {}).get(constant, constant)}时"


def _resolved(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node with what its references say, its own words first."""
    for _ in range(_REFERENCES):
        target = node.get("$ref", "")
        if not target:
            break
        rest = {key: value for key, value in node.items() if key != "$ref"}
        node = {**document["$defs"].get(target.rpartition("/")[2], {}), **rest}
    return node
