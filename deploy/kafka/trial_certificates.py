"""Certificates for a trial of compose.yaml: an authority made for it, brokers, administrator, nodes, an auditor.

    python deploy/kafka/trial_certificates.py deploy/secrets

For a trial only: the authority's key is thrown away, so nothing can be renewed. A real network has an authority of its
own; deploy/README.md says which certificates it issues. A folder that holds an authority is left as it is.

试用证书。正式使用请由自己的证书机构签发，见 deploy/README.md。
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gateway.broker.certificates import ADMIN, BROKER, Authority
from gateway.bus.kafka_access import load
from gateway.errors import GatewayError

BROKERS = ("kafka-1", "kafka-2", "kafka-3")
ACCESS = Path(__file__).with_name("access.toml")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--days", default=90, help="Until they expire.")
@click.option("--access", type=click.Path(path_type=Path), default=ACCESS, help="Names those who log in.")
def main(folder: Path, days: int, access: Path) -> None:
    """Write ca.pem and, for each that takes part, NAME.pem and NAME.key into FOLDER."""
    if (folder / "ca.pem").exists():
        click.echo(f"{folder / 'ca.pem'} 已存在，未改动 · is there already; nothing was changed", err=True)
        sys.exit(2)
    try:
        users = [user.name for user in load(access).users]
    except GatewayError as error:
        click.echo(f"{error.reason}: {error.message}", err=True)
        sys.exit(2)
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    authority = Authority.made("JJJ trial authority")
    for name in BROKERS:
        authority.issue(folder, name, subject=BROKER, hosts=[name], days=days)
    for name in (ADMIN, *users):
        authority.issue(folder, name, days=days)
    authority.write(folder / "ca.pem")
    click.echo(f"{folder}: ca.pem, {', '.join((*BROKERS, ADMIN, *users))}")


if __name__ == "__main__":
    main()
