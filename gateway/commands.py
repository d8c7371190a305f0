"""What each command does, between the words of ``gateway.cli`` and the rooms that do the work. Answers exit codes.

>>> await run(Path("sanhe/node.toml"))
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from gateway.audit import auditor, exporter
from gateway.bench import measure
from gateway.demo import run as demo_run
from gateway.demo.example import example_public_keys
from gateway.errors import CannotRun, Refused
from gateway.intake.reading import Item, RefusedRow, open_reading
from gateway.node.config import load
from gateway.ops import asking, handing, nodefolder, recovery, slips, telling
from gateway.records import families
from gateway.records.record import check_data
from gateway.records.schema import SchemaSet
from gateway.serving import Serving

CLEAN, FINDING = 0, 1


async def demo(
    records: Sequence[str], *, once: bool, as_json: bool, base_port: int, folder: Path | None, kafka: str | None
) -> int:
    """``demo``."""
    return await demo_run.demo(records, once=once, as_json=as_json, base_port=base_port, folder=folder, kafka=kafka)


def init(folder: Path, jurisdiction: str, network: str, port: int) -> int:
    """``init``: also prints what partners must enter in their rosters."""
    lines = nodefolder.make(folder, jurisdiction, network=network, port=port)
    console = Console()
    console.print(f"{folder / nodefolder.CONFIG} 已生成 · made. 本节点公钥 · public keys for the roster:")
    for line in lines:
        click.echo(line)
    console.print(f"→ jjj-gateway run {folder / nodefolder.CONFIG}")
    return CLEAN


async def run(config_file: Path) -> int:
    """``run``: until SIGINT or SIGTERM."""
    config = load(config_file)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Serving(config, refused_keys=example_public_keys()) as serving:
        click.echo(f"{config.jurisdiction}: {serving.url}", err=True)
        work = asyncio.create_task(serving.run())
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait([work, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if work.done():
            await work
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
    return CLEAN


async def recover(config_file: Path, without: Sequence[str]) -> int:
    """``recover``."""
    for done in await recovery.recover(load(config_file), without=without):
        click.echo(f"{done.origin}: {done.size} 条已恢复 recovered, {done.aside} 条移出待重新发布 moved aside")
    return CLEAN


def check(file: Path, profile: str | None, jurisdiction: str | None) -> int:
    """``check``: what ``publish`` would hand in, and why rows would be refused; nothing leaves this machine."""
    reading = open_reading(file, profile, nodes=[jurisdiction] if jurisdiction else None)
    tally, schemas = handing.Tally(), SchemaSet.built_in()
    for outcome in reading:
        tally.rows += 1
        if isinstance(outcome, RefusedRow):
            tally.refused[outcome.reason] += 1
            click.echo(f"{outcome.row}: {outcome.field} {outcome.zh} [{outcome.reason}]", err=True)
        elif isinstance(outcome, Item):
            _judge_item(outcome, schemas, tally)
        else:
            tally.duplicates += 1
    _show_tally(tally, "可发布 would be published")
    return FINDING if tally.refused else CLEAN


def _judge_item(item: Item, schemas: SchemaSet, tally: handing.Tally) -> None:
    """What a node's door would find in the data; whether the issuer stands in the roster only the node knows."""
    try:
        check_data(item.type, schemas.minors(families.family_of_type(item.type))[-1], item.data, schemas)
    except Refused as refused:
        tally.refused[refused.reason] += 1
        click.echo(f"{item.row}: {refused.field} {refused.zh or refused.message} [{refused.reason}]", err=True)
    else:
        tally.logged += 1


async def publish(file: Path, profile: str | None, report: Path | None, token: Path | None, node: str) -> int:
    """``publish``."""
    report = report or file.with_name(f"{file.stem}.rejected.csv")
    secret = _text(token).strip() if token is not None else None
    async with aiohttp.ClientSession() as session:
        own = await _jurisdiction(session, node)
        reading = open_reading(file, profile, own=own, nodes=[own])
        with progress("发布 publishing") as advance:
            tally = await handing.hand_in(reading, {own: node}, session, report=report, token=secret, progress=advance)
    _show_tally(tally, "已发布 published")
    if tally.refused:
        click.echo(f"→ {report}", err=True)
    return FINDING if tally.refused else CLEAN


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRun("file.unreadable", f"{file}: {error}") from error


async def _jurisdiction(session: aiohttp.ClientSession, node: str) -> str:
    try:
        async with session.get(f"{node}/v1/logs", timeout=asking.TIMEOUT) as answer:
            logs = orjson.loads(await answer.read())["logs"]
        return str(next(log["jurisdiction"] for log in logs if log["own"]))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise CannotRun(
            "node.unreachable", f"{node} does not answer as a node: {str(error) or type(error).__name__}"
        ) from error


def _show_tally(tally: handing.Tally, word: str) -> None:
    table = Table(show_header=False, box=None)
    table.add_row("行 rows", str(tally.rows))
    table.add_row(word, str(tally.logged))
    table.add_row("重复 duplicates", str(tally.duplicates))
    for reason, count in tally.refused.most_common():
        table.add_row(f"拒收 refused {reason}", str(count))
    Console(stderr=True).print(table)


async def verify(
    number: str | None, listed: Path | None, asked: Mapping[str, str | None], *, as_json: bool, node: str
) -> int:
    """``verify``: one number, or one a line; the worst answer gives the exit code."""
    if number is None and listed is None:
        raise CannotRun("question.form", "which number? Give NUMBER or --file LIST")
    numbers = [number] if number is not None else []
    if listed is not None:
        numbers += [line.strip() for line in _text(listed).splitlines() if line.strip()]
    filters = {name: value for name, value in asked.items() if value}
    async with aiohttp.ClientSession() as session:
        answers = await asking.ask(session, node, [{"number": each, **filters} for each in numbers])
    if as_json:
        click.echo(orjson.dumps(answers[0] if listed is None else answers).decode())
    else:
        for answer in answers:
            Console().print(asking.card(answer))
    return worst(asking.EXIT[answer["verdict"]] for answer in answers)


def worst(codes: Iterator[int]) -> int:
    """Not recognised before indeterminate before recognised."""
    found = set(codes)
    return next((code for code in (1, 3) if code in found), CLEAN)


def verify_slip(slip: Path, trust: Path | None, *, as_json: bool) -> int:
    """``verify --slip``: offline, by the roster given."""
    if trust is None:
        raise CannotRun("trust.missing", "a slip is checked against a roster: give --trust DIR")
    try:
        answer = slips.read(slip.read_bytes(), trust)
    except OSError as error:
        raise CannotRun("slip.missing", f"{slip}: {error.strerror}") from error
    except Refused as refused:
        click.echo(f"{slip}: 回执无效 not valid: {refused.message} [{refused.reason}]", err=True)
        return FINDING
    if as_json:
        click.echo(orjson.dumps(answer).decode())
    else:
        Console().print(asking.card(answer))
    return asking.EXIT[answer["verdict"]]


async def audit(source: str, trust: Path | None, *, structure: bool, as_json: bool) -> int:
    """``audit``."""
    with progress("审计 replaying") as advance:
        report = await auditor.audit(source, trust=trust, structure_only=structure, progress=advance)
    if as_json:
        click.echo(orjson.dumps(report.to_json()).decode())
    else:
        click.echo(telling.told(report))
    return report.exit_code


async def export(folder: Path, source: str) -> int:
    """``export``."""
    with progress("导出 exporting") as advance:
        await exporter.export(folder, source, progress=advance)
    click.echo(f"{folder}: jjj-gateway audit {folder}", err=True)
    return CLEAN


async def bench(records: int, licences: int, *, as_json: bool) -> int:
    """``bench``."""
    with progress("测量 measuring") as advance:
        figures = await measure.bench(records, licences, progress=advance)
    click.echo(orjson.dumps(figures.to_json()).decode() if as_json else figures.text())
    return CLEAN


@contextmanager
def progress(what: str) -> Iterator[handing.Progress]:
    """A bar on standard error while work goes on; silent where nobody watches."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
