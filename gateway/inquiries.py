"""What the commands that ask and look through do, between the words of ``gateway.cli`` and the rooms that do the work.

Answers exit codes, like ``gateway.commands``.

>>> await verify(["JY11310820000017"], {"purpose": "开办分店"}, many=False, as_json=False, node=url, token=None)
0
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import click
import orjson
from rich.console import Console

from gateway.errors import CannotRun, Refused
from gateway.instants import parse_day, parse_time, shanghai_day
from gateway.ops import asking, linting, listed, slips
from gateway.recognition.lint import Weight, lint

CLEAN, FINDING, CANNOT_RUN = 0, 1, 2
WORST_FIRST = (CANNOT_RUN, FINDING, asking.EXIT["indeterminate"])
PAGE = 160
Question = Mapping[str, Any]


def questions(number: str | None, file: Path | None, asked: Question) -> list[dict[str, Any]]:
    """What is asked: one licence by number or subject, or every line of a list; ``asked`` is said of each that doesn't
    say it itself. Raises ``CannotRun`` ``question.form``.
    """
    if file is not None:
        if number is not None or "subject" in asked:
            raise CannotRun("question.form", "give NUMBER or --file, not both", zh="证号与 --file 只能给一个")
        return [{**asked, **each} for each in listed.read(file)]
    if number is None and "subject" not in asked:
        raise CannotRun("question.form", "which licence? Give NUMBER, --subject or --file", zh="请给出证号或 --file")
    return [{**asked, "number": number} if number is not None else dict(asked)]


async def verify(asked: Sequence[Question], *, many: bool, as_json: bool, node: str, token: str | None) -> int:
    """``verify``: each question answered; the worst answer gives the exit code."""
    async with aiohttp.ClientSession() as session:
        answers = await asking.ask(session, node, asked, token=token)
    if not many and "verdict" not in answers[0]:
        problem = answers[0]
        raise CannotRun(str(problem.get("reason", "node.refused")), str(problem.get("detail", "")))
    if as_json:
        click.echo(orjson.dumps(answers if many else answers[0]).decode())
    elif many:
        _wide().print(asking.overview(asked, answers))
    else:
        Console().print(asking.card(answers[0]))
    return worst(asking.EXIT[each["verdict"]] if "verdict" in each else CANNOT_RUN for each in answers)


def _wide() -> Console:
    """For tables: as wide as the terminal; in a file as wide as a page held crosswise."""
    return Console(width=None if sys.stdout.isatty() else PAGE)


def worst(codes: Iterable[int]) -> int:
    """Not answered before not recognised before indeterminate before recognised."""
    found = set(codes)
    return next((code for code in WORST_FIRST if code in found), CLEAN)


def presented(pairs: Iterable[str]) -> dict[str, list[str]]:
    """``field=value`` as given on the command line; a field given twice is a list. Raises ``CannotRun``."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        field, sign, value = pair.partition("=")
        if not sign:
            raise CannotRun("question.form", f"--presented {pair}: FIELD=VALUE is wanted, as in content=示例音乐会")
        found.setdefault(field, []).append(value)
    return found


def secret(file: Path | None) -> str | None:
    """The bearer token in a file. Raises ``CannotRun`` ``file.unreadable``."""
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRun("file.unreadable", f"{file}: {error}") from error


def verify_slips(files: Sequence[Path], trust: Path | None, *, as_json: bool) -> int:
    """``verify --slip``: offline, by the roster given; each file holds a slip, a node's whole answer, or what a scanner
    read from paper. A code and a slip together must be of one answer.
    """
    if trust is None:
        raise CannotRun("trust.missing", "a slip is checked against a roster: give --trust DIR")
    checked = slips.Checked()
    for file in files:
        try:
            checked.add(file.read_bytes(), trust)
        except OSError as error:
            raise CannotRun("slip.missing", f"{file}: {error.strerror}") from error
        except Refused as refused:
            click.echo(f"{file}: 回执无效 not valid: {refused.message} [{refused.reason}]", err=True)
            return FINDING
    if checked.revoked is not None:
        click.echo(slips.told(checked.revoked), err=True)
    found = checked.answer or checked.printed
    if as_json:
        click.echo(orjson.dumps(found).decode())
    else:
        Console().print(asking.card(found) if checked.answer else asking.printed(found))
    return asking.EXIT[found["verdict"]]


def trust_lint(folder: Path, at: str | None, *, as_json: bool) -> int:
    """``trust lint``: what is wrong in trust documents, and who recognises what. Notes alone are clean."""
    now = int(time.time())
    network = linting.read(folder, _instant(at, now) if at is not None else now)
    found = lint(network)
    if as_json:
        click.echo(orjson.dumps(linting.to_json(network, found)).decode())
    else:
        console = _wide()
        console.print(linting.matrix(network))
        console.print(linting.told(found))
    return FINDING if any(each.weight is Weight.FAULT for each in found) else CLEAN


def _instant(text: str, now: int) -> int:
    """Seconds of an instant, or of noon of a day in Asia/Shanghai; of today, ``now``: a key made since noon is good."""
    if text == shanghai_day(now).isoformat():
        return now
    try:
        return parse_time(text if "T" in text else f"{parse_day(text).isoformat()}T04:00:00.000Z") // 1000
    except Refused as refused:
        raise CannotRun("question.form", f"--at {text}: {refused.message}") from refused
