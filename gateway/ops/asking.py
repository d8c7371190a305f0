"""Asking a node, and showing its answer in a terminal so that it can't be misread (DESIGN §8).

Word, colour and shape say the same; every check stands with its reason and, where it did not pass, what to do and
whom to call.

>>> answers = await ask(session, "http://127.0.0.1:8470", [{"number": "JY11310820000017"}])
>>> console.print(card(answers[0]))
"""

from __future__ import annotations

import shlex
from collections import Counter
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
CASE_WORDS = {"purpose": "用途 purpose", "case": "办件编号 case"}
NOT_ANSWERED = "未作答"
QUESTIONS_A_REQUEST = 500
TIMEOUT = aiohttp.ClientTimeout(total=60)


async def ask(
    session: aiohttp.ClientSession, url: str, questions: Sequence[Mapping[str, Any]], *, token: str | None = None
) -> list[dict[str, Any]]:
    """POST questions to a node's counter; one answer, or problem details in its place, each in order. Raises
    ``CannotRun`` ``node.unreachable`` or the node's own reason.
    """
    answers: list[dict[str, Any]] = []
    for start in range(0, len(questions), QUESTIONS_A_REQUEST):
        answers += await _post(session, url, questions[start : start + QUESTIONS_A_REQUEST], token)
    return answers


async def _post(
    session: aiohttp.ClientSession, url: str, questions: Sequence[Mapping[str, Any]], token: str | None
) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    where = f"{url}/v1/verifications"
    try:
        async with session.post(where, json=list(questions), headers=headers, timeout=TIMEOUT) as answer:
            found = await answer.read()
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise CannotRun("node.unreachable", f"{url} does not answer: {str(error) or type(error).__name__}") from error
    if answer.status != 200:
        problem = problem_of(found)
        raise CannotRun(
            problem.get("reason", "node.refused"), f"{url}: {problem.get('detail', f'HTTP {answer.status}')}"
        )
    answers: list[dict[str, Any]] = orjson.loads(found)
    return answers


def overview(questions: Sequence[Mapping[str, Any]], answers: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Many answers, a row each: what was asked, headline, holder, what did not pass and whom to call; then the sums."""
    table = Table(show_lines=False)
    for heading in ("#", "证照 asked", "结论 verdict", "持证主体 holder", "未通过 not passed", "致电 call"):
        table.add_column(heading, overflow="fold")
    for place, (question, answer) in enumerate(zip(questions, answers, strict=True), 1):
        asked = " ".join(str(question[name]) for name in ("number", "case") if name in question)
        table.add_row(str(place), Text(asked), *_row(answer))
    sums = Counter(answer.get("headline", NOT_ANSWERED) for answer in answers)
    return Group(table, Text("  ".join(f"{headline} {count}" for headline, count in sums.most_common())))


def _row(answer: Mapping[str, Any]) -> tuple[Text, ...]:
    """Cells as ``Text``: what stands in brackets is no markup."""
    if "verdict" not in answer:
        reason = answer.get("reason", "")
        return Text(f"! {NOT_ANSWERED}", style="bold red"), Text(), Text(f"{sentence(reason).zh} [{reason}]"), Text()
    mark, style = LOOKS[answer["verdict"]]
    open_checks = [check for check in answer["checks"] if _speaks(check)]
    told = "\n".join(f"{check['zh']} [{check['reason']}]" for check in open_checks)
    calls = dict.fromkeys(_call(check["call"]) for check in open_checks if "call" in check)
    holder = answer.get("licence", {}).get("holder", {}).get("name", "")
    return Text(f"{mark} {answer['headline']}", style=style), Text(holder), Text(told), Text("\n".join(calls))


def _speaks(check: Mapping[str, Any]) -> bool:
    return bool(check["result"] != "PASS" and check["reason"] != "not_judged")


def _call(desk: Mapping[str, str]) -> str:
    return " ".join(desk[name] for name in ("name", "phone", "hours") if name in desk)


def card(answer: Mapping[str, Any]) -> Panel:
    """One verdict as a card: headline, licence, what did not pass, what to do, whom to call, warnings, credit."""
    mark, style = LOOKS[answer["verdict"]]
    parts: list[RenderableType] = [Text(f"{mark} {answer['headline']}", style=f"{style} reverse")]
    parts.append(Text(f"{answer.get('source', '—')}  {answer['subject']}", style="dim"))
    case = [f"{word} {answer[name]}" for name, word in CASE_WORDS.items() if name in answer]
    if case:
        parts.append(Text("  ".join(case)))
    if "licence" in answer:
        parts.append(_licence(answer["licence"]))
    if "matches" in answer:
        parts.append(_matches(answer["matches"]))
    parts.append(_checks(answer["checks"]))
    parts += [Text(f"! {told['zh']} {told['detail']} [{told['reason']}]") for told in answer.get("warnings", ())]
    if "otherwise" in answer.get("agreement", {}):
        parts.append(Text(f"协议 {answer['agreement']['id']}：{answer['agreement']['otherwise']}"))
    parts.append(_credit(answer["credit"]))
    title = f"核验 · {answer['verdict']} · {answer['at']}"
    return Panel(Group(*parts), title=title, title_align="left", border_style=style.removeprefix("bold "))


def printed(found: Mapping[str, Any]) -> Panel:
    """What the code of a printed slip says, as a card."""
    mark, style = LOOKS[found["verdict"]]
    lines = (f"{found.get('source', '—')}  {found['subject']}", f"回执编号 slip {found['slip_number']}")
    digest = f"电子回执摘要 SHA-256 of the slip {found['slip_sha256']}"
    parts = [Text(f"{mark} {found['headline']}", style=f"{style} reverse"), *map(Text, (*lines, digest))]
    title = f"回执二维码 printed code · {found['at']}"
    return Panel(Group(*parts), title=title, title_align="left", border_style=style.removeprefix("bold "))


def _matches(matches: Sequence[Mapping[str, str]]) -> Text:
    """Several found: each as it is asked for again."""
    text = Text("请选定一项重新核验 · choose one and ask again:")
    for match in matches:
        source = match["source"].rpartition(":")[2]
        text.append(f"\n  --source {source} --subject {shlex.quote(match['subject'])}")
    return text


def _licence(licence: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    rows = {
        "证照 licence": f"{licence['type']['name']}  {licence['number']}",
        "持证主体 holder": f"{licence['holder']['name']}  {licence['holder']['uscc']}",
        "颁发机构 issuer": licence["issuer"]["name"],
        "有效期 valid": f"{licence['valid_from']} — {licence.get('valid_to', '长期')}",
    }
    for name, value in rows.items():
        table.add_row(Text(name, style="dim"), Text(value))
    return table


def _checks(checks: Sequence[Mapping[str, Any]]) -> Table:
    table = Table.grid(padding=(0, 1))
    passed = [check["name"] for check in checks if check["result"] == "PASS"]
    for check in checks:
        if not _speaks(check):
            continue
        mark, style = MARKS[check["result"]]
        words = sentence(check["reason"])
        table.add_row(
            Text(mark, style=style), Text(check["name"], style=style), Text(f"{check['zh']} [{check['reason']}]")
        )
        table.add_row("", "", Text(f"→ {words.do_zh}", style="italic"))
        if "call" in check:
            table.add_row("", "", Text(f"☎ {_call(check['call'])}"))
    if passed:
        table.add_row(Text("✔", style="green"), Text("通过 passed", style="green"), Text(" ".join(passed), style="dim"))
    return table


def _credit(credit: Mapping[str, Any]) -> Text:
    words = {"clear": "无不良信用信息", "notice": "有信用提示", "restricted": "受限", "unknown": "未知"}
    text = Text(f"信用 credit: {words.get(credit['answer'], credit['answer'])}", style="dim")
    for fact in credit["facts"]:
        text.append(f"\n  · {fact['kind']} {fact.get('summary', fact['subject'])} {fact.get('ground', '')}")
    return text
