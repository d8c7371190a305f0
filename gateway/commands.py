"""What each command does, between the words of ``gateway.cli`` and the rooms that do the work. Answers exit codes.

>>> await run(Path("sanhe/node.toml"))
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from gateway.audit import auditor, exporter
from gateway.bench import backlog, bysuite, measure, overkafka
from gateway.bench.backlog import History
from gateway.bench.bysuite import SuiteFigures
from gateway.bench.figures import Figures
from gateway.bench.overkafka import KafkaFigures
from gateway.demo import run as demo_run
from gateway.demo.example import example_public_keys
from gateway.inquiries import secret
from gateway.intake import profiles
from gateway.intake.outcomes import Item, RefusedRow, RepeatedRow
from gateway.intake.reading import open_reading
from gateway.intake.refusals import reasons
from gateway.intake.rejects import report_beside
from gateway.node.config import load
from gateway.ops import handing, nodefolder, recovery, telling, templating
from gateway.ops.advancing import Advance
from gateway.ops.delivery import Terms, deliver
from gateway.ops.dropfolder import DropFolder
from gateway.ops.watching import Watcher
from gateway.records.schema import SchemaSet
from gateway.serving import Serving

CLEAN, FINDING = 0, 1
NOBODY = "own"  # stands for the node that a file will be handed in at, where a dry run isn't told which


async def demo(
    records: Sequence[str],
    *,
    once: bool,
    as_json: bool,
    base_port: int,
    folder: Path | None,
    kafka: str | None,
    suite: str,
) -> int:
    """``demo``."""
    return await demo_run.demo(
        records, once=once, as_json=as_json, base_port=base_port, folder=folder, kafka=kafka, suite=suite
    )


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
    stop = _stopping()
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


def check(file: Path, profile: str | None, jurisdiction: str | None, sheet: str | None) -> int:
    """``check``: what ``publish`` would hand in, and why rows would be refused; nothing leaves this machine."""
    nodes = [jurisdiction] if jurisdiction else None
    reading = open_reading(file, profile, own=jurisdiction or NOBODY, nodes=nodes, sheet=sheet)
    tally = handing.Tally()
    for outcome in reading:
        tally.rows += 1
        match outcome:
            case RefusedRow():
                tally.refused[outcome.reason] += 1
                click.echo(f"{outcome.row}: {_told(outcome)} [{reasons(outcome.findings)}]", err=True)
            case Item():
                tally.logged += 1
                tally.merged += len(outcome.parts)
            case RepeatedRow():
                tally.duplicates += 1
    _show_tally(tally, "可发布 would be published")
    return FINDING if tally.refused else CLEAN


def _told(row: RefusedRow) -> str:
    """What is wrong with a row; several findings name their columns themselves."""
    return row.zh if len(row.findings) > 1 else f"{row.field} {row.zh}".strip()


def template(profile: str, output: Path | None) -> int:
    """``template``."""
    chosen = profiles.load(profile)
    path = output or Path(f"{chosen.name}.xlsx")
    templating.write(chosen, path, SchemaSet.built_in())
    click.echo(path)
    return CLEAN


async def publish(file: Path, terms: Terms, report: Path | None) -> int:
    """``publish``."""
    report = report or report_beside(file)
    async with aiohttp.ClientSession() as session:
        with progress("发布 publishing") as advance:
            try:
                tally = await deliver(file, terms, session, report=report, say=_tell, progress=advance)
            except asyncio.CancelledError:
                _tell("已中断，再次运行同一命令即可接续 · interrupted: the same command goes on where this one stopped")
                raise
    _show_tally(tally, "已发布 published")
    if tally.refused:
        click.echo(f"→ {report}", err=True)
    return FINDING if tally.refused else CLEAN


async def watch(path: Path, terms: Terms, *, once: bool) -> int:
    """``watch``: until SIGINT or SIGTERM; ``once``: what lies there now."""
    if terms.profile is not None:
        profiles.load(terms.profile)
    stop = _stopping()
    async with aiohttp.ClientSession() as session:
        with DropFolder(path) as folder:
            hand = partial(deliver, terms=terms, session=session, say=_tell)
            watcher = Watcher(folder, lambda file, report: hand(file, report=report), say=_tell)
            if not once:
                _tell(f"{path}: 监视中 watching → {terms.node}")
                await watcher.run(stop)
                return CLEAN
            taken = await watcher.drain(stop)
    if watcher.trouble is not None:
        raise watcher.trouble
    return FINDING if any(each.rejected for each in taken) else CLEAN


def _stopping() -> asyncio.Event:
    """Set at SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _tell(line: str) -> None:
    click.echo(line, err=True)


def terms(node: str, profile: str | None, token: Path | None, **given: Any) -> Terms:
    """Where files go, and how. Raises ``CannotRun`` "file.unreadable" for the token's file."""
    return Terms(node.rstrip("/"), profile, token=secret(token), **given)


def _show_tally(tally: handing.Tally, word: str) -> None:
    table = Table(show_header=False, box=None)
    table.add_row("行 rows", str(tally.rows))
    table.add_row(word, str(tally.logged))
    table.add_row("重复 duplicates", str(tally.duplicates))
    if tally.merged:
        table.add_row("并入同一证照 rows of the same licence", str(tally.merged))
    for reason, count in tally.refused.most_common():
        table.add_row(f"拒收 refused {reason}", str(count))
    Console(stderr=True).print(table)


async def audit(source: str, trust: Path | None, root: Path | None, *, structure: bool, as_json: bool) -> int:
    """``audit``."""
    with progress("审计 replaying") as advance:
        report = await auditor.audit(source, trust=trust, root=root, structure_only=structure, progress=advance)
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


async def bench(records: int, licences: int, history: int | None, *, kafka: bool, suite: str, as_json: bool) -> int:
    """``bench``."""
    with progress("测量 measuring") as advance:
        figures: Figures | History | KafkaFigures | SuiteFigures
        if kafka:
            figures = await overkafka.over_kafka(records, progress=advance)
        elif history is not None:
            figures = await backlog.history(history, progress=advance)
        elif suite == "gm":
            figures = await bysuite.by_suite(records, licences, progress=advance)
        else:
            figures = await measure.bench(records, licences, progress=advance)
    click.echo(orjson.dumps(figures.to_json()).decode() if as_json else figures.text())
    return CLEAN


@contextmanager
def progress(what: str) -> Iterator[handing.Progress]:
    """A bar on standard error while work goes on; a line now and then where no terminal shows it."""
    if not sys.stderr.isatty():
        yield Advance(what, say=_tell)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
