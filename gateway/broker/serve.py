"""``make kafka``: the project's broker until Ctrl-C. Its data are thrown away with it.

>>> python -m gateway.broker.serve --brokers 3
127.0.0.1:9092,127.0.0.1:9093,127.0.0.1:9094
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from pathlib import Path

import click

from gateway.broker.cluster import Cluster
from gateway.errors import CannotRun

PORT = 9092


@click.command()
@click.option("--brokers", type=click.Choice(["1", "3"]), default="1", help="how many brokers")
@click.option("--port", type=click.IntRange(0, 65_000), default=PORT, help="the first broker's; 0: any free one")
def main(brokers: str, port: int) -> None:
    """Run the project's broker on loopback until Ctrl-C."""
    try:
        asyncio.run(serve(int(brokers), port))
    except CannotRun as error:
        click.echo(f"{error.reason}: {error.message}", err=True)
        sys.exit(2)


async def serve(brokers: int, port: int) -> None:
    """Run until SIGINT or SIGTERM; the addresses are the only line on standard output."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with tempfile.TemporaryDirectory(prefix="jjj-kafka-") as folder:
        async with Cluster(Path(folder), brokers=brokers, port=port, say=lambda text: click.echo(text, err=True)) as it:
            click.echo(it.bootstrap)
            click.echo(f"Kafka answers; logs and data in {folder} until it ends. Ctrl-C ends it.", err=True)
            await stop.wait()


if __name__ == "__main__":
    main()
