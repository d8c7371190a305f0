"""The command ``demo``: a stage, the play, what is shown; then it serves until Ctrl-C, or ends (DESIGN §9).

Exit code 0 if it ran as planned and audits clean, else 1.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import click
from rich.console import Console

from gateway.broker.cluster import Cluster
from gateway.bus.kafka import KafkaBus
from gateway.bus.kafka_settings import KafkaSettings
from gateway.bus.port import record_topic
from gateway.demo import show
from gateway.demo.play import Outcome, play
from gateway.demo.stage import PLACES, SILENT, Stage
from gateway.node.config import BusConfig, load
from gateway.ops import nodefolder
from gateway.ops.nodefolder import OneBroker

PIPED_WIDTH = 110


async def demo(
    files: Sequence[str],
    *,
    once: bool,
    as_json: bool,
    base_port: int,
    folder: Path | None,
    kafka: str | None = None,
    suite: str = "ed25519",
) -> int:
    """Run the demo; ``folder``: where the nodes' folders stay, else a temporary one. ``kafka``: its address, or "" for
    the project's own, which is begun and ended here; None for no Kafka.
    ``suite``: "gm" for SM2 beside Ed25519, under the policy that requires it.
    """
    begun = time.monotonic()
    quiet = _console(to_stderr=True)
    console = quiet if as_json else _console(to_stderr=False)
    with _place(folder) as home:
        async with (
            _bus(home, kafka, quiet) as bus,
            Stage(home, base_port=base_port, kafka=bus, suite=suite) as stage,
        ):
            reports = folder / "rejected" if folder is not None else None
            if reports is not None:
                reports.mkdir(parents=True, exist_ok=True)
            outcome = await play(stage, files, reports=reports, say=lambda text: quiet.print(text, style="dim"))
            seconds = time.monotonic() - begun
            _show(console, stage, outcome, seconds)
            if as_json:
                click.echo(show.as_json(outcome, seconds))
            if not once:
                await _serve(stage, quiet)
    return 0 if outcome.as_planned else 1


def _console(*, to_stderr: bool) -> Console:
    """As wide as the terminal; where there is none, wide enough for the table."""
    stream = sys.stderr if to_stderr else sys.stdout
    return Console(stderr=to_stderr, width=None if stream.isatty() else PIPED_WIDTH)


def _show(console: Console, stage: Stage, outcome: Outcome, seconds: float) -> None:
    console.print(show.network(stage))
    show.outcome(console, stage, outcome, seconds)


async def _serve(stage: Stage, console: Console) -> None:
    if SILENT not in stage.running:
        await stage.start(SILENT)
    show.serving(console, stage)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


@asynccontextmanager
async def _bus(home: Path, kafka: str | None, console: Console) -> AsyncIterator[OneBroker | None]:
    if kafka is None:
        yield None
    elif kafka:
        yield OneBroker(kafka, prefix=await _prefix(home, kafka, console))
    else:
        async with Cluster(home / "kafka", say=lambda text: console.print(text, style="dim")) as cluster:
            yield OneBroker(cluster.bootstrap)


async def _prefix(home: Path, kafka: str, console: Console) -> str:
    """The usual prefix of topics or, where the example keys have signed other logs under it, one of this run alone: no
    node may take its own signatures of another day for a fork. Folders that are kept keep theirs.
    """
    config = home / PLACES[0] / nodefolder.CONFIG
    if config.exists():
        return load(config).bus.prefix
    usual = BusConfig().prefix
    async with KafkaBus(KafkaSettings(tuple(kafka.split(",")))) as bus:
        topics = [record_topic(usual, place, family) for place in PLACES for family in nodefolder.FAMILIES]
        if not any([await bus.end(topic) for topic in topics]):
            return usual
    prefix = f"{usual}-demo-{secrets.token_hex(4)}"
    console.print(f"{kafka}: 已有 {usual}.* 主题，本次使用 {prefix}.* · holds {usual}.* topics; these are {prefix}.*")
    return prefix


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="jjj-demo-") as made:
        yield Path(made)
