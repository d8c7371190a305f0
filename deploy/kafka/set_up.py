"""Gives a Kafka cluster its users, topics and access lists, from one file; run it as often as you like.

    python deploy/kafka/set_up.py access.toml                 make what is missing; tell what is beyond the file
    python deploy/kafka/set_up.py access.toml --strike-out    also end rights that are beyond the file

It needs the gateway installed and nothing else, no Java: users (SCRAM) are beyond aiokafka's admin client, so the one
request for them is the gateway's own (gateway/bus/kafka_rights_wire.py), and a password travels as its salted hash.
Passwords are files; none is an argument, none is printed. Exit code: 0 all as the file says, 1 rights beyond it were
found and left, 2 it could not be done.

给 Kafka 集群建立用户、主题和访问控制列表；可重复运行，已有的不改动。口令只在文件中，缺少的口令文件自动生成。
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from pathlib import Path

import click

from gateway.bus.kafka_access import bring_about, load
from gateway.errors import GatewayError
from gateway.reasons import sentence

ZH = {"made": "已建立", "unchanged": "未改动", "beyond": "清单之外", "struck out": "已撤销"}


async def set_up(file: Path, *, strike_out: bool) -> int:
    """Say a line a step and a last line that sums up; the exit code."""
    counts: Counter[str] = Counter()
    async for step in bring_about(load(file), strike_out=strike_out):
        click.echo(f"{ZH[step.what]} {step}")
        counts[step.what] += 1
    if set(counts) <= {"unchanged"}:
        click.echo(f"没有任何改动 · nothing changed: {counts['unchanged']} things are as {file} says")
    else:
        click.echo(" · ".join(f"{ZH[what]} {what} {count}" for what, count in counts.items()))
    return 1 if counts["beyond"] else 0


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--strike-out", is_flag=True, help="End rights beyond the file.")
def main(file: Path, strike_out: bool) -> None:
    """Users, topics and access lists of a Kafka cluster, from one file, as access.toml beside this program."""
    try:
        sys.exit(asyncio.run(set_up(file, strike_out=strike_out)))
    except GatewayError as error:
        row = sentence(error.reason)
        click.echo(f"✘ {row.zh} · {row.en} [{error.reason}]", err=True)
        click.echo(f"  {error.message}\n  → {row.do_zh} · {row.do_en}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
