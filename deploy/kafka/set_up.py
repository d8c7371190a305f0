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

import argparse
import asyncio
import sys
from collections import Counter
from pathlib import Path

from gateway.bus.kafka_access import bring_about, load
from gateway.errors import GatewayError
from gateway.reasons import sentence

ZH = {"made": "已建立", "unchanged": "未改动", "beyond": "清单之外", "struck out": "已撤销"}


async def set_up(file: Path, *, strike_out: bool) -> int:
    """Print a line a step and a last line that sums up; the exit code."""
    counts: Counter[str] = Counter()
    async for step in bring_about(load(file), strike_out=strike_out):
        print(f"{ZH[step.what]} {step}")
        counts[step.what] += 1
    if set(counts) <= {"unchanged"}:
        print(f"没有任何改动 · nothing changed: {counts['unchanged']} things are as {file} says")
    else:
        print(" · ".join(f"{ZH[what]} {what} {count}" for what, count in counts.items()))
    return 1 if counts["beyond"] else 0


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Users, topics and access lists of a Kafka cluster, from one file.")
    parser.add_argument("file", type=Path, help="what access.toml beside this program shows")
    parser.add_argument("--strike-out", action="store_true", help="end rights beyond the file")
    arguments = parser.parse_args()
    try:
        return asyncio.run(set_up(arguments.file, strike_out=arguments.strike_out))
    except GatewayError as error:
        row = sentence(error.reason)
        print(f"✘ {row.zh} · {row.en} [{error.reason}]\n  {error.message}\n  → {row.do_zh} · {row.do_en}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
