"""Asking a node, and showing its answer in a terminal so that it can't be misread (DESIGN §8).

Word, colour and shape say the same; every check stands with its reason and, where it did not pass, what to do and
whom to call.

>>> answers = await ask(session, "http://127.0.0.1:8470", [{"number": "JY11310820000017"}])
>>> console.print(card(answers[0]))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import orjson
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gateway.errors import CannotRun
from gateway.ops.handing import problem_of
from gateway.reasons import sentence

EXIT = {"recognised": 0, "not_recognised": 1, "indeterminate": 3}
LOOKS = {"recognised": ("✔", "bold green"), "not_recognised": ("✘", "bold red"), "indeterminate": ("?", "bold yellow")}
MARKS = {"PASS": ("✔", "green"), "FAIL": ("✘", "red"), "UNKNOWN": ("?", "yellow")}
TIMEOUT = aiohttp.ClientTimeout(total=60)


async def ask(session: aiohttp.ClientSession, url: str, questions: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """POST questions to a node's counter. Raises ``CannotRun`` ``node.unreachable`` or the node's own reason."""
    try:
        async with session.post(f"{url}/v1/verifications", json=list(questions), timeout=TIMEOUT) as answer:
            found = await answer.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise CannotRun("node.unreachable", f"{url} does not answer: {str(error) or type(error).__name__}") from error
    if answer.status != 200:
        problem = problem_of(found)
        raise CannotRun(
            problem.get("reason", "node.refused"), f"{url}: {problem.get('detail', f'HTTP {answer.status}')}"
        )
    answers: list[dict[str, Any]] = orjson.loads(found)
    return answers


def card(answer: Mapping[str, Any]) -> Panel:
    """One verdict as a card: headline, licence, what did not pass with what to do, credit, what it rests on."""
    mark, style = LOOKS[answer["verdict"]]
    parts: list[RenderableType] = [Text(f"{mark} {answer['headline']}", style=f"{style} reverse")]
    parts.append(Text(f"{answer.get('source', '—')}  {answer['subject']}", style="dim"))
    if "licence" in answer:
        parts.append(_licence(answer["licence"]))
    parts.append(_checks(answer["checks"]))
    parts.append(_credit(answer["credit"]))
    title = f"核验 · {answer['verdict']} · {answer['at']}"
    return Panel(Group(*parts), title=title, title_align="left", border_style=style.removeprefix("bold "))


def _licence(licence: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    rows = {
        "证照 licence": f"{licence['type']['name']}  {licence['number']}",
        "持证主体 holder": f"{licence['holder']['name']}  {licence['holder']['uscc']}",
        "颁发机构 issuer": licence["issuer"]["name"],
        "有效期 valid": f"{licence['valid_from']} — {licence.get('valid_to', '长期')}",
    }
    for name, value in rows.items():
        table.add_row(Text(name, style="dim"), value)
    return table


def _checks(checks: Sequence[Mapping[str, str]]) -> Table:
    table = Table.grid(padding=(0, 1))
    passed = [check["name"] for check in checks if check["result"] == "PASS"]
    for check in checks:
        judged = check["reason"] != "not_judged"
        if check["result"] == "PASS" or not judged:
            continue
        mark, style = MARKS[check["result"]]
        words = sentence(check["reason"])
        table.add_row(
            Text(mark, style=style), Text(check["name"], style=style), Text(f"{check['zh']} [{check['reason']}]")
        )
        table.add_row("", "", Text(f"→ {words.do_zh}", style="italic"))
    if passed:
        table.add_row(Text("✔", style="green"), Text("通过 passed", style="green"), Text(" ".join(passed), style="dim"))
    return table


def _credit(credit: Mapping[str, Any]) -> Text:
    words = {"clear": "无不良信用信息", "notice": "有信用提示", "restricted": "受限", "unknown": "未知"}
    text = Text(f"信用 credit: {words.get(credit['answer'], credit['answer'])}", style="dim")
    for fact in credit["facts"]:
        text.append(f"\n  · {fact['kind']} {fact.get('summary', fact['subject'])} {fact.get('ground', '')}")
    return text
