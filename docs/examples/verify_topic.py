#!/usr/bin/env python3
"""Check one record topic of the data-exchange gateway without the gateway: signatures, order, Merkle roots.

    pip install "aiokafka[zstd]" cryptography
    python verify_topic.py --bootstrap broker:9092 --topic jjj.sanhe.licence --vkeys vkeys.txt --once

Believes nothing but the verifier keys in ``vkeys.txt``, which you have from somebody you trust. Names a forged, a
dropped, a swapped record, and a fork of the log.

Exit codes: 0 clean · 1 a finding · 2 cannot run · 3 incomplete (no checkpoint, too old, a beginning that retention
has deleted, an end that was not reached).
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
import sys
import time
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from topic_log import CannotRun, Log, Report, judge, read_vkeys, when

CLEAN, FINDING, CANNOT_RUN, INCOMPLETE = 0, 1, 2, 3


class Reader:
    """Both topics of a log, from their beginnings."""

    def __init__(self, log: Log, consumer: AIOKafkaConsumer, topic: str) -> None:
        self.log, self.consumer, self.topic = log, consumer, topic
        self.places: list[TopicPartition] = []
        self.most: dict[TopicPartition, int] = {}  # how many messages to take at a time, where that matters

    async def open(self) -> None:
        topics = await self.consumer.topics()
        if self.topic not in topics:
            raise CannotRun(f"the broker shows no topic {self.topic}")
        # Checkpoints first: the leaves that they cover were sent before them.
        self.places = [TopicPartition(each, 0) for each in (self.log.checkpoint_topic, self.topic) if each in topics]
        self.consumer.assign(self.places)
        begins = await self.consumer.beginning_offsets(self.places)
        for place in self.places:
            self.consumer.seek(place, begins[place])
        self.log.begins = begins[self.places[-1]]

    async def read_some(self) -> None:
        for place in self.places:
            at = await self.consumer.position(place)
            try:
                found = await self.consumer.getmany(place, timeout_ms=100, max_records=self.most.get(place))
            except UnicodeDecodeError:
                self.step_over(place, at)
                continue
            for message in found.get(place, []):
                if place.topic == self.topic:
                    self.log.take(message.offset, message.value, message.headers)
                else:
                    self.log.take_checkpoint(message.value)

    def step_over(self, place: TopicPartition, at: int) -> None:
        """A stranger's header whose name is not UTF-8 stops aiokafka: read up to it one by one, then go past it."""
        if self.most.pop(place, None):
            self.consumer.seek(place, at + 1)
        else:
            self.most[place] = 1
            self.consumer.seek(place, at)

    async def read_until_size(self, size: int, deadline: float) -> None:
        while not self.log.reaches(size) and time.monotonic() < deadline:
            await self.read_some()

    async def read_to_end(self, deadline: float) -> bool:
        """To the ends that the topics have now; whether that was done before the deadline."""
        ends = [(await self.consumer.end_offsets([place]))[place] for place in self.places]
        while not all([await self.consumer.position(at) >= end for at, end in zip(self.places, ends, strict=True)]):
            if time.monotonic() > deadline:
                return False
            await self.read_some()
        return True


async def read(log: Log, options: argparse.Namespace) -> bool:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=options.bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        security_protocol="SSL" if options.tls else "PLAINTEXT",
        ssl_context=ssl.create_default_context(cafile=options.tls) if options.tls else None,
    )
    try:
        await consumer.start()
        reader = Reader(log, consumer, options.topic)
        await reader.open()
        await reader.read_until_size(options.until_size, time.monotonic() + options.wait)
        return await reader.read_to_end(time.monotonic() + options.wait)
    finally:
        await consumer.stop()


def conclude(log: Log, report: Report, until_size: int, oldest: int) -> int:
    """Print the report; the exit code. ``oldest``: the least heartbeat in seconds that is fresh enough."""
    if not log.roots:
        report.lacking.append("no checkpoint by this log's key has been seen")
    elif report.date < oldest:
        report.lacking.append(f"the newest heartbeat of size {report.verified} is too old")
    if report.verified < until_size:
        report.lacking.append(f"size {until_size} was not reached")
    code = FINDING if report.findings else INCOMPLETE if report.lacking else CLEAN
    for line in [*report.lines, *(f"lacking  {what}" for what in report.lacking)]:
        print(line)
    print(f"messages with an index {log.messages}, of them sent again {log.resent}")
    signed, dated = max(log.roots, default=0), when(report.date) if report.date else "none"
    word = {CLEAN: "clean", FINDING: "finding", INCOMPLETE: "incomplete"}[code]
    print(f"{word}: {log.origin} verified {report.verified} of {signed} signed leaves, heartbeat {dated}")
    return code


def main() -> int:
    parser = argparse.ArgumentParser(description="Check a record topic of the data-exchange gateway.")
    parser.add_argument("--bootstrap", required=True, help="HOST:PORT[,HOST:PORT…]")
    parser.add_argument("--topic", required=True, help="a record topic, such as jjj.sanhe.licence")
    parser.add_argument("--vkeys", required=True, type=Path, help="lines: role jurisdiction family verifier-key")
    parser.add_argument("--once", action="store_true", help="read to the present end (the default)")
    parser.add_argument("--until-size", type=int, default=0, metavar="N", help="wait until N leaves are signed")
    parser.add_argument("--wait", type=int, default=60, metavar="S", help="wait for at most S seconds (60)")
    parser.add_argument("--max-age", type=int, default=0, metavar="S", help="an older heartbeat is incomplete")
    parser.add_argument("--tls", metavar="PEM", help="use TLS, trusting the authorities in this file")
    options = parser.parse_args()
    try:
        log = Log(options.topic, read_vkeys(options.vkeys.read_text(encoding="utf-8")))
        whole = asyncio.run(read(log, options))
    except (CannotRun, OSError, UnicodeDecodeError, KafkaError) as why:
        print(f"cannot run: {why}", file=sys.stderr)
        return CANNOT_RUN
    # A topic that was read in part would seem to lack what was only not read.
    report = judge(log) if whole else Report(lacking=["the end of the topic was not reached"])
    oldest = int(time.time()) - options.max_age if options.max_age else 0
    return conclude(log, report, options.until_size, oldest)


if __name__ == "__main__":
    sys.exit(main())
