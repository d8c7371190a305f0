"""What the commands for departments do: follow partners' records, and print the data dictionary. Answers exit codes.

>>> await follow(None, node="http://127.0.0.1:8470", family=None, start=0, trust=None, once=True)
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import nullcontext
from pathlib import Path

import aiohttp
import click

from gateway.commands import CLEAN
from gateway.ops import dictionary, following
from gateway.ops.delivery import jurisdiction_of
from gateway.ops.followfiles import DailyFiles, Lines
from gateway.ops.following import Wanted
from gateway.records.schema import SchemaSet


async def follow(
    out: Path | None, *, node: str, family: str | None, start: int, trust: Path | None, once: bool
) -> int:
    """``follow``: until it is told to stop, or a log does not hold; with ``once``, until nothing is new."""
    async with aiohttp.ClientSession() as session:
        own = await jurisdiction_of(session, node)
    wanted = Wanted(node, own, family, start, trust)
    place = DailyFiles(out) if out is not None else nullcontext(Lines(_write, _aside))
    with place as sink:
        work = asyncio.create_task(following.follow(wanted, sink, once=once, say=_say))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, work.cancel)
        try:
            return await work
        except asyncio.CancelledError:
            return CLEAN


def _write(lines: bytes) -> None:
    sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()


def _aside(lines: bytes) -> None:
    click.echo(lines, err=True, nl=False)


def _say(text: str) -> None:
    click.echo(text, err=True)


def write_dictionary(folder: Path) -> int:
    """``dictionary``."""
    for path in dictionary.write(folder, SchemaSet.built_in()):
        click.echo(path)
    return CLEAN
