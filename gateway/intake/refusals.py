"""Why was a row not taken? All that is wrong with it at once, in the words of its own columns.

>>> several([lacking("统一社会信用代码"), lacking("行政处罚决定书文号")]).zh
'统一社会信用代码、行政处罚决定书文号：表中没有这一列'
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from gateway.errors import Finding, Refused
from gateway.records.identifiers import mask_resident_numbers

_LONGEST = 2_000


def finding(reason: str, field: str, zh: str, en: str, value: str = "") -> Finding:
    """One thing wrong with a row; ``field``: the header of the column."""
    return Finding(reason, field, "", mask_resident_numbers(value)[:80], zh, en)


def lacking(column: str) -> Finding:
    """A required column that the table doesn't have."""
    return finding("row.required", column, "表中没有这一列", "the table has no such column")


def of_refused(refused: Refused) -> tuple[Finding, ...]:
    """All findings of a refusal; itself where it carries none."""
    own = Finding(
        refused.reason, refused.field, refused.rule, refused.value, refused.zh or refused.message, refused.message
    )
    return refused.findings or (own,)


def several(findings: Sequence[Finding]) -> Refused:
    """The refusal that says all findings; the first gives its reason."""
    first = findings[0]
    zh, en = told(findings)
    return Refused(
        first.reason, en, field=fields(findings), rule=first.rule, value=first.value, zh=zh, findings=tuple(findings)
    )


def renamed(findings: Sequence[Finding], header_of: Callable[[str], str]) -> tuple[Finding, ...]:
    """The findings with the columns' own names instead of members of ``data``."""
    return tuple(replace(each, field=header_of(each.field)) for each in findings)


def fields(findings: Sequence[Finding]) -> str:
    """The columns that findings are about, each once."""
    return "、".join(dict.fromkeys(each.field for each in findings if each.field))[:_LONGEST]


def reasons(findings: Sequence[Finding]) -> str:
    """The reason codes of findings, each once."""
    return " ".join(dict.fromkeys(each.reason for each in findings))


def told(findings: Sequence[Finding]) -> tuple[str, str]:
    """Chinese and English: one finding in its own words, several by what is wrong, each with its columns."""
    if len(findings) == 1:
        return findings[0].zh, findings[0].en
    zh: dict[str, list[str]] = {}
    en: dict[str, list[str]] = {}
    for each in findings:
        zh.setdefault(each.zh, []).append(each.field)
        en.setdefault(each.en, []).append(each.field)
    in_chinese = "；".join(f"{'、'.join(names)}：{text}" for text, names in zh.items())
    in_english = "; ".join(f"{', '.join(names)}: {text}" for text, names in en.items())
    return in_chinese[:_LONGEST], in_english[:_LONGEST]
