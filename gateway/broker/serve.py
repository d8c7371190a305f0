"""``make kafka``: the project's broker until Ctrl-C. Its data are thrown away with it.

>>> python -m gateway.broker.serve --brokers 3
127.0.0.1:9092,127.0.0.1:9093,127.0.0.1:9094
>>> python -m gateway.broker.serve --secure tongzhou,sanhe
127.0.0.1:9092
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from gateway.broker.cluster import Cluster
from gateway.broker.secured import give_access, make_certificates, table_for
from gateway.errors import GatewayError

PORT = 9092


@click.command()
@click.option("--brokers", type=click.Choice(["1", "3"]), default="1", help="how many brokers")
@click.option("--port", type=click.IntRange(0, 65_000), default=PORT, help="the first broker's; 0: any free one")
@click.option("--secure", default="", help="TLS, passwords and access lists for these jurisdictions: tongzhou,sanhe")
def main(brokers: str, port: int, secure: str) -> None:
    """Run the project's broker on loopback until Ctrl-C."""
    try:
        asyncio.run(serve(int(brokers), port, [name for name in secure.split(",") if name]))
    except GatewayError as error:
        click.echo(f"{error.reason}: {error.message}", err=True)
        sys.exit(2)


async def serve(brokers: int, port: int, secured: Sequence[str] = ()) -> None:
    """Run until SIGINT or SIGTERM; the addresses are the only line on standard output. ``secured``: for whom."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with tempfile.TemporaryDirectory(prefix="jjj-kafka-") as folder:
        secrets = Path(folder) / "secrets" if secured else None
        if secrets is not None:
            make_certificates(secrets, secured)
        async with Cluster(Path(folder), brokers=brokers, port=port, secrets=secrets, say=_say) as it:
            if secrets is not None:
                await give_access(secrets, it, secured)
                for name in secured:
                    _say(f"# {name}\n{table_for(secrets, it, name)}")
            click.echo(it.bootstrap)
            _say(f"Kafka answers; logs and data in {folder} until it ends. Ctrl-C ends it.")
            await stop.wait()


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
