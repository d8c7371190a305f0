"""Trust documents looked through before they are given out: what is wrong, and who recognises what (DESIGN §9, trust).

>>> network = read(Path("trust"), at=1795400000)
>>> console.print(matrix(network))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gateway.audit.auditor import load_given
from gateway.instants import format_time
from gateway.reasons import sentence
from gateway.recognition.lint import Found, Weight
from gateway.recognition.network import Network, fields_of

_LOOKS = {Weight.FAULT: ("✘", "red"), Weight.NOTE: ("·", "yellow")}


def read(folder: Path, at: int) -> Network:
    """The documents of a folder, with ``schemas`` in or beside it, on one instant (s). Raises ``CannotRun``."""
    trust = load_given(folder)
    return Network(trust.roster, trust.agreements, trust.catalogue, fields_of(trust.schemas), at)


def told(found: Sequence[Found]) -> RenderableType:
    """What was found, faults first, each with its place and what to do."""
    if not found:
        return Text("✔ 未发现矛盾、缺口和重叠 · nothing contradicts, lacks or overlaps", style="green")
    ordered = sorted(found, key=lambda each: each.weight is Weight.NOTE)
    return Group(*(line for each in ordered for line in _lines(each)))


def _lines(found: Found) -> Iterator[Text]:
    words, (mark, style) = sentence(found.reason), _LOOKS[found.weight]
    yield Text(f"{mark} {found.document} {found.where}: {words.zh} · {words.en} [{found.reason}]", style=style)
    yield Text(f"    {found.detail}")
    if found.weight is Weight.FAULT:
        yield Text(f"    → {words.do_zh}", style="italic")


def matrix(network: Network) -> Table:
    """Who recognises what on the day: a column for each that is asked, a row for each issuer's types on which all
    answer alike.
    """
    askers = list(network.roster.jurisdictions)
    table = Table(title=f"互认一览 · who recognises what, {network.day}", show_lines=True)
    for name in ("颁发 issued by", "证照类型 types", *(f"{asker} 互认 recognises" for asker in askers)):
        table.add_column(name, overflow="fold")
    for issuer in askers:
        for answers, codes in _alike(network, issuer).items():
            marks = [_mark(found, own=asker == issuer) for asker, found in zip(askers, answers, strict=True)]
            table.add_row(Text(issuer), Text(_types(network, codes)), *marks)
    return table


def _alike(network: Network, issuer: str) -> dict[tuple[tuple[str, ...], ...], list[str]]:
    """Agreements that cover, by asker → types."""
    covering: dict[str, dict[str, tuple[str, ...]]] = {}
    for cell in network.matrix():
        if cell.issuer == issuer:
            covering.setdefault(cell.type_code, {})[cell.asker] = cell.agreements
    rows: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for code, by_asker in covering.items():
        rows.setdefault(tuple(by_asker.get(asker, ()) for asker in network.roster.jurisdictions), []).append(code)
    return rows


def _types(network: Network, codes: Sequence[str]) -> str:
    if len(codes) == len(network.catalogue.types) > 1:
        return f"目录全部 {len(codes)} 类 all"
    return "\n".join(network.catalogue.types[code].name for code in codes)


def _mark(agreements: tuple[str, ...], *, own: bool) -> Text:
    if own:
        return Text("本地 own", style="dim")
    return Text("\n".join(agreements), style="green") if agreements else Text("— 不予互认", style="yellow")


def to_json(network: Network, found: Sequence[Found]) -> dict[str, Any]:
    """Everything, for programs."""
    return {
        "ok": not any(each.weight is Weight.FAULT for each in found),
        "at": format_time(network.at * 1000),
        "findings": [_finding(each) for each in found],
        "matrix": [
            {
                "issued_by": cell.issuer,
                "recognised_by": cell.asker,
                "type": cell.type_code,
                "carried": cell.carried,
                "agreements": list(cell.agreements),
            }
            for cell in network.matrix()
        ],
    }


def _finding(found: Found) -> dict[str, str]:
    words = sentence(found.reason)
    return {
        "weight": found.weight.value,
        "reason": found.reason,
        "document": found.document,
        "where": found.where,
        "detail": found.detail,
        "zh": words.zh,
        "en": words.en,
    }
