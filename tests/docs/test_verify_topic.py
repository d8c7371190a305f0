"""Both programs for outsiders against a live topic: each story of the table, told alike in Python and in Java.

Each story starts a Java program, so `make test` tells the six that say most; ``JJJ_SOAK=1`` tells all.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.conn import create_conn
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from gateway.bus import kafka_topics
from gateway.bus.kafka import KafkaBus
from gateway.bus.port import Message, checkpoint_topic, record_topic
from gateway.ops.nodefolder import OneBroker
from tests.brokers import Kafka
from tests.docs import stories, worked
from tests.docs.outsiders import vkeys
from tests.docs.stories import CLEAN, INCOMPLETE, STORIES, Story, Topics
from tests.docs.tlsbroker import certified, tls_broker
from tests.records import builders
from tests.simulator import World

pytestmark = pytest.mark.slow

SOAK = os.environ.get("JJJ_SOAK", "") not in ("", "0")
TOLD = STORIES if SOAK else ("clean", "rubbish", "forged", "foreign key", "dropped", "swapped")
CANNOT_RUN = 2
PROGRAM_S = 240
serial = itertools.count()


class Desk:
    """Somebody with both programs, a file of keys and the address of a broker, and nothing of ours."""

    def __init__(self, folder: Path, kafka: Kafka, programs: Sequence[list[str]]) -> None:
        self.kafka = kafka
        self.programs = programs
        self._vkeys = folder / "vkeys.txt"
        self._vkeys.write_text(worked.vkeys(), encoding="utf-8")

    def ask(self, topic: str, *options: str, vkeys: Path | None = None) -> tuple[int, list[str], str]:
        """Exit code, lines on standard output, standard error: of both programs, which must agree on the first two."""
        asked = ["--bootstrap", self.kafka.bootstrap, "--topic", topic, "--vkeys", str(vkeys or self._vkeys), *options]
        running = [
            subprocess.Popen([*program, *asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for program in self.programs
        ]
        told = [(*each.communicate(timeout=PROGRAM_S), each.returncode) for each in running]
        python, java = ((code, out.splitlines()) for out, _, code in told)
        assert python == java, told
        return *python, told[0][1]


@pytest.fixture(scope="module")
def desk(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, kafka: Kafka, java_program: list[str]
) -> Desk:
    python = [sys.executable, "-E", str(repository / "docs/examples/verify_topic.py")]
    return Desk(tmp_path_factory.mktemp("desk"), kafka, [python, java_program])


def topics_of(prefix: str) -> tuple[str, str]:
    return record_topic(prefix, worked.PLACE, worked.FAMILY), checkpoint_topic(prefix, worked.PLACE)


async def put(kafka: Kafka, topics: Topics, delete_below: int = 0) -> str:
    """Make both topics, as the gateway itself sends to Kafka; the record topic's name."""
    prefix = f"story{next(serial)}"
    records, notes = topics_of(prefix)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        wanted = {topic: kafka_topics.wanted(topic, kafka.settings) for topic in (records, notes)}
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=each) for topic, each in wanted.items()])
        async with KafkaBus(kafka.settings, prefix=prefix) as bus:
            writer = await bus.claim(worked.PLACE)
            await writer.publish(records, topics.records)
            await writer.publish(notes, topics.notes)
        if delete_below:
            await admin.delete_records({TopicPartition(records, 0): RecordsToDelete(before_offset=delete_below)})
    finally:
        await admin.close()
    return records


async def send(kafka: Kafka, topic: str, messages: Sequence[Message], compression: str | None) -> None:
    """As a stranger does: plainly, with whatever compression."""
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, compression_type=compression) as producer:
        for each in messages:
            await producer.send(topic, each.value, each.key or None, headers=list(each.headers))
        await producer.flush()


async def give_up(kafka: Kafka, topic: str, messages: Sequence[Message]) -> None:
    """A transaction that is aborted: its records stay in the topic, and no reader is handed them."""
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=topic) as producer:
        await producer.begin_transaction()
        for each in messages:
            await producer.send(topic, each.value, each.key, headers=list(each.headers))
        await producer.abort_transaction()


@pytest.mark.parametrize("name", TOLD)
def test_both_programs_tell_each_story_alike(name: str, desk: Desk) -> None:
    story: Story = STORIES[name]
    topic = asyncio.run(put(desk.kafka, story.make()))
    code, lines, _ = desk.ask(topic, *story.options or ("--once",))
    assert (code, lines[:-2]) == (story.code, list(story.says))
    dated = "none" if not story.signed else lines[-1].rpartition(" ")[2]
    word = {0: "clean", 1: "finding", 3: "incomplete"}[code]
    assert lines[-1] == (
        f"{word}: {worked.ORIGIN} verified {story.verified} of {story.signed} signed leaves, heartbeat {dated}"
    )


def test_what_strangers_send_costs_nothing_whatever_its_compression(desk: Desk) -> None:
    topic = asyncio.run(put(desk.kafka, stories.sent()))
    strewn, sent = stories.rubbish(), stories.sent()
    junk = [each for each in strewn.records if each not in sent.records]
    for compression in (None, "gzip", "snappy", "lz4", "zstd"):
        asyncio.run(send(desk.kafka, topic, junk, compression))
        asyncio.run(send(desk.kafka, topic.replace(worked.FAMILY, "checkpoint"), strewn.notes[:1], compression))
    code, lines, _ = desk.ask(topic)
    assert (code, lines[1:]) == (
        CLEAN,
        [f"clean: {worked.ORIGIN} verified 8 of 8 signed leaves, heartbeat {stories.BEATEN}"],
    )


def test_a_header_name_that_is_not_utf_8_stops_neither_program(desk: Desk) -> None:
    """Java reads it somehow, aiokafka raises: what stands before and after it is read all the same."""
    sent = stories.sent()
    topic = asyncio.run(put(desk.kafka, Topics(sent.records[:3], sent.notes)))
    for each in sent.records[3:]:
        asyncio.run(send_raw(desk.kafka, topic, ill_named()))
        asyncio.run(send(desk.kafka, topic, [each], None))
    asyncio.run(send_raw(desk.kafka, topic, ill_named()))
    code, lines, _ = desk.ask(topic)
    assert (code, lines[0]) == (CLEAN, "messages with an index 8, of them sent again 0")


def ill_named() -> bytes:
    """A record batch, as Kafka has it, with a header whose name is not UTF-8: no client sends it."""
    fields = {"is_transactional": 0, "producer_id": -1, "producer_epoch": -1, "base_sequence": -1}
    builder = DefaultRecordBatchBuilder(magic=2, compression_type=0, batch_size=1 << 16, **fields)
    builder.append(0, 1_795_399_385_000, b"key", b"value", [("name", b"x")])
    raw = bytes(builder.build()).replace(b"name", b"\xff\xfe\xfd\xfc")
    return raw[:17] + calc_crc32c(raw[21:]).to_bytes(4, "big") + raw[21:]


async def send_raw(kafka: Kafka, topic: str, batch: bytes) -> None:
    host, port = kafka.bootstrap.split(":")
    connection = await create_conn(host, int(port), request_timeout_ms=30_000)
    try:
        answer = await connection.send(ProduceRequest(None, 1, 30_000, [(topic, [(0, batch)])]))
        assert answer.topics[0][1][0][1] == 0, answer
    finally:
        connection.close()


def test_what_a_writer_gave_up_is_not_read(desk: Desk) -> None:
    """The topic ends with a marker that no reader is handed, after records that were given up."""
    topic = asyncio.run(put(desk.kafka, stories.sent()))
    asyncio.run(give_up(desk.kafka, topic, [stories.message(8, stories.entry(8))]))
    code, lines, _ = desk.ask(topic)
    assert (code, lines[0]) == (CLEAN, "messages with an index 8, of them sent again 0")


async def test_what_a_real_node_sends_is_clean_and_fresh(tmp_path: Path, desk: Desk) -> None:
    prefix = f"story{next(serial)}"
    async with World(tmp_path, worked.PLACE, kafka=OneBroker(desk.kafka.bootstrap, prefix)) as world:
        node = await world.start(worked.PLACE)
        for numbers in (range(1, 4), range(4, 12)):
            await node.publish(*(builders.licence(number=builders.food_number(number)) for number in numbers))
        await node.sent()
        file = tmp_path / "vkeys.txt"
        file.write_text(vkeys(node), encoding="utf-8")
    # Not before it is stopped: two readers of a running node see two heartbeats.
    code, (*_, last), _ = desk.ask(topics_of(prefix)[0], "--until-size", "11", "--max-age", "600", vkeys=file)
    assert code == CLEAN
    assert last.startswith(f"clean: jjj.test/{worked.PLACE}/licence verified 11 of 11 signed leaves, heartbeat 2")


def test_a_beginning_that_the_broker_has_deleted_is_incomplete(desk: Desk) -> None:
    """Nor does a stranger make it a finding who puts something where the owner's leaf is gone."""
    topics = stories.sent()
    topic = asyncio.run(put(desk.kafka, topics, delete_below=4))
    asyncio.run(send(desk.kafka, topic, [replace(topics.records[1], value=b"{}")], None))
    code, lines, _ = desk.ask(topic)
    assert code == INCOMPLETE
    assert lines[0] == "lacking  leaves 0 to 3: deleted by retention, or dropped; begin from tiles"


def test_no_such_topic_and_no_such_key_cannot_run(desk: Desk) -> None:
    assert desk.ask(topics_of("nowhere")[0])[0] == CANNOT_RUN
    code, lines, error = desk.ask("jjj.sanhe.licence")
    assert (code, lines) == (CANNOT_RUN, [])
    assert "vkeys name 0 logs for the topic jjj.sanhe.licence" in error


def test_a_broker_is_read_over_tls_and_only_under_the_authority_given(tmp_path: Path, desk: Desk) -> None:
    if desk.kafka.cluster is None:
        pytest.skip("TLS to a broker: JJJ_KAFKA names one that is not ours to set")
    with tls_broker(tmp_path) as (plain, address, authority):
        topic = asyncio.run(put(Kafka(plain), stories.sent()))
        over_tls = Desk(tmp_path, Kafka(address), desk.programs)
        assert over_tls.ask(topic, "--tls", str(authority))[0] == CLEAN
        _, another = certified(tmp_path / "another")
        assert over_tls.ask(topic, "--tls", str(another))[0] == CANNOT_RUN
