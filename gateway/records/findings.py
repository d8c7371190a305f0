"""How is a fault told to the person who must mend it? Findings, Chinese first, with values that are safe to
show.

A finding names the field by its dotted path below ``data``, the rule, and the value as far as it may be seen:
at most 80 characters, identity numbers masked. Sentences use the field's Chinese title from the schema.

>>> shown("11010519491231002X")
'11**************2X'
>>> refusal("uscc.check", "data.holder.uscc", "91310000059365511L", zh="校验不符", en="does not fit").message
'data.holder.uscc: does not fit'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import orjson
from jsonschema.exceptions import ValidationError

from gateway.errors import Finding, Refused
from gateway.records.identifiers import mask_resident_numbers

SHOWN = 80
_TYPES = {
    "string": ("文本", "text"),
    "integer": ("整数", "an integer"),
    "object": ("对象", "an object"),
    "array": ("列表", "a list"),
    "boolean": ("真假值", "true or false"),
}
Words = tuple[str, str]


def shown(value: object) -> str:
    """A value as answers, logs and quarantine may show it: masked, on one line, at most 80 characters."""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    text = mask_resident_numbers(text).replace("\n", "⏎")
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def refusal(reason: str, field: str, value: object, *, zh: str, en: str, rule: str = "") -> Refused:
    """A refusal of one value, which is also its one finding."""
    finding = Finding(reason, field, rule or en, shown(value), zh, en)
    return of_findings([finding])


def of_findings(findings: Iterable[Finding]) -> Refused:
    """The refusal that carries these findings; the first speaks for all."""
    every = tuple(findings)
    first = every[0]
    more = f" (and {len(every) - 1} more)" if len(every) > 1 else ""
    return Refused(
        first.reason,
        f"{first.field}: {first.en}{more}",
        field=first.field,
        rule=first.rule,
        value=first.value,
        zh=first.zh + (f"（另有 {len(every) - 1} 处）" if more else ""),
        findings=every,
    )


# Findings of a schema


def of_schema_error(error: ValidationError, titles: Mapping[tuple[str, ...], str]) -> Iterator[Finding]:
    """The findings that one error of ``jsonschema`` stands for. ``titles``: the Chinese title at a path,
    ``*`` for list places.
    """
    keyword = str(error.validator)
    place = tuple(error.absolute_path)
    for extra, value in _places(error, keyword):
        path = place + extra
        title = titles.get(tuple("*" if isinstance(step, int) else step for step in path), "") or shown(
            path[-1] if path else "data"
        )
        zh, en = _words(error, keyword)
        yield Finding(
            _reason(error, keyword),
            ".".join(("data", *(mask_resident_numbers(str(step))[:SHOWN] for step in path))),
            _rule(error, keyword),
            value,
            f"“{title}”{zh}",
            en,
        )


def _places(error: ValidationError, keyword: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where below the error's own place the fault lies, and the value to show: missing and unknown members
    have names of their own.
    """
    if keyword == "required" and isinstance(error.instance, dict):
        yield from (((name,), "") for name in _listed(error) if name not in error.instance)
    elif keyword == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        yield from (((name,), shown(value)) for name, value in error.instance.items() if name not in known)
    else:
        yield (), shown(error.instance)


def _listed(error: ValidationError) -> list[Any]:
    """The value of a keyword that holds a list."""
    return error.validator_value if isinstance(error.validator_value, list) else []


def _annotation(error: ValidationError, name: str) -> Any:
    """An ``x-jjj-`` annotation beside the keyword that failed."""
    return error.schema.get(name) if isinstance(error.schema, dict) else None


def _reason(error: ValidationError, keyword: str) -> str:
    special = _annotation(error, "x-jjj-reason")
    return special if isinstance(special, str) and keyword in _OF_THE_VALUE else f"schema.{keyword}"


def _rule(error: ValidationError, keyword: str) -> str:
    limit = error.validator_value
    if keyword in ("required", "additionalProperties", "not"):
        return keyword
    return f"{keyword} {limit if isinstance(limit, str) else orjson.dumps(limit, default=str).decode()}"[:200]


def _words(error: ValidationError, keyword: str) -> Words:
    written = _annotation(error, "x-jjj-rule")
    if keyword in _OF_THE_VALUE and isinstance(written, dict) and keyword != "maxLength":
        return str(written.get("zh", "")), str(written.get("en", ""))
    words = _SENTENCES.get(keyword)
    return (
        words(error) if words is not None else (f"不符合规则 {keyword}", f"does not fit the rule {keyword}")
    )


def _type(error: ValidationError) -> Words:
    zh, en = _TYPES.get(str(error.validator_value), (str(error.validator_value),) * 2)
    return f"应为{zh}", f"must be {en}"


def _enum(error: ValidationError) -> Words:
    values = [str(value) for value in _listed(error)]
    return f"应为以下之一：{'、'.join(values)}", f"must be one of: {', '.join(values)}"


def _size(zh: str, en: str) -> Callable[[ValidationError], Words]:
    return lambda error: (zh.format(error.validator_value), en.format(error.validator_value))


# Keywords whose failure lies in the value itself, so that the words and reason written beside them speak for
# it.
_OF_THE_VALUE = frozenset({"pattern", "minLength", "maxLength", "enum", "const", "not"})
_SENTENCES: dict[str, Callable[[ValidationError], Words]] = {
    "required": _size("是必填项，但没有提供", "is required and missing"),
    "additionalProperties": _size("不是已知的数据项", "is not a known member"),
    "type": _type,
    "enum": _enum,
    "const": _size("应为 {}", "must be {}"),
    "pattern": _size("格式不正确", "does not have the right form"),
    "not": _size("不应出现", "must not be here"),
    "minLength": _size("不能少于 {} 个字符", "must have at least {} characters"),
    "maxLength": _size("不能超过 {} 个字符", "must have at most {} characters"),
    "minItems": _size("至少应有 {} 项", "must have at least {} entries"),
    "maxItems": _size("最多 {} 项", "must have at most {} entries"),
    "uniqueItems": _size("含有重复的项", "must not repeat an entry"),
    "minProperties": _size("至少应有 {} 个成员", "must have at least {} members"),
    "minimum": _size("不能小于 {}", "must not be below {}"),
    "maximum": _size("不能大于 {}", "must not be above {}"),
}
