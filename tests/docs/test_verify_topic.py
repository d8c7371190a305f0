"""Both programs for outsiders against a live topic: each story of the table, told alike in Python and in Java."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete

from gateway.bus.port import Message
from tests.docs import stories, worked
from tests.docs.stories import CLEAN, INCOMPLETE, STORIES, Story, Topics

pytestmark = pytest.mark.slow

CANNOT_RUN = 2
PROGRAM_S = 240
serial = itertools.count()


class Desk:
    """Somebody with both programs, a file of keys and the address of a broker, and nothing of ours."""

    def __init__(self, folder: Path, broker: str, programs: Sequence[list[str]]) -> None:
        self.broker = broker
        self._programs = programs
        self._vkeys = folder / "vkeys.txt"
        self._vkeys.write_text(worked.vkeys(), encoding="utf-8")

    def ask(self, topic: str, *options: str) -> tuple[int, list[str], str]:
        """Exit code, lines on standard output, standard error: of both programs, which must agree on the first two."""
        asked = ["--bootstrap", self.broker, "--topic", topic, "--vkeys", str(self._vkeys), *options]
        running = [
            subprocess.Popen([*program, *asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for program in self._programs
        ]
        told = [(*each.communicate(timeout=PROGRAM_S), each.returncode) for each in running]
        python, java = ((code, out.splitlines()) for out, _, code in told)
        assert python == java, told
        return *python, told[0][1]


@pytest.fixture(scope="module")
def desk(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, broker: str, java_program: list[str]
) -> Desk:
    python = [sys.executable, "-E", str(repository / "docs/examples/verify_topic.py")]
    return Desk(tmp_path_factory.mktemp("desk"), broker, [python, java_program])


def topics_of(prefix: str) -> tuple[str, str]:
    return f"{prefix}.{worked.PLACE}.{worked.FAMILY}", f"{prefix}.{worked.PLACE}.checkpoint"


async def put(broker: str, topics: Topics, delete_below: int = 0) -> str:
    """Make both topics as they stand in the story; the record topic's name."""
    records, notes = topics_of(f"story{next(serial)}")
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        compacted = {"cleanup.policy": "compact"}
        await admin.create_topics([NewTopic(records, 1, 1), NewTopic(notes, 1, 1, topic_configs=compacted)])
        await _send(broker, records, topics.records)
        await _send(broker, notes, topics.notes)
        if delete_below:
            await admin.delete_records({TopicPartition(records, 0): RecordsToDelete(before_offset=delete_below)})
    finally:
        await admin.close()
    return records


async def _send(broker: str, topic: str, messages: Sequence[Message]) -> None:
    """Plainly: a topic whose writer fences with transactions has a test of its own."""
    async with AIOKafkaProducer(bootstrap_servers=broker) as producer:
        for each in messages:
            await producer.send(topic, each.value, each.key, headers=list(each.headers))
        await producer.flush()


async def _send_in_transactions(broker: str, topic: str, *batches: tuple[Sequence[Message], bool]) -> None:
    """Each batch is committed, or given up."""
    producer: Any = AIOKafkaProducer(bootstrap_servers=broker, transactional_id=topic)
    async with producer:
        for messages, kept in batches:
            await producer.begin_transaction()
            for each in messages:
                await producer.send(topic, each.value, each.key, headers=list(each.headers))
            await (producer.commit_transaction() if kept else producer.abort_transaction())


@pytest.mark.parametrize("name", STORIES)
def test_both_programs_tell_each_story_alike(name: str, desk: Desk) -> None:
    story: Story = STORIES[name]
    topic = asyncio.run(put(desk.broker, story.make()))
    code, lines, _ = desk.ask(topic, *story.options or ("--once",))
    assert (code, lines[:-2]) == (story.code, list(story.says))
    dated = "none" if not story.signed else lines[-1].rpartition(" ")[2]
    word = {0: "clean", 1: "finding", 3: "incomplete"}[code]
    assert lines[-1] == (
        f"{word}: {worked.ORIGIN} verified {story.verified} of {story.signed} signed leaves, heartbeat {dated}"
    )


def test_a_writer_that_uses_transactions_is_read_to_the_end(desk: Desk) -> None:
    """The topic ends with a marker that no reader is handed, after records that were given up."""
    sent = stories.sent()
    topic = asyncio.run(put(desk.broker, Topics([], sent.notes)))
    batches = ((sent.records[:5], True), (sent.records[6:], False), (sent.records[5:], True), (sent.records[:2], False))
    asyncio.run(_send_in_transactions(desk.broker, topic, *batches))
    code, lines, _ = desk.ask(topic)
    assert code == CLEAN
    assert lines[0] == "messages 8, of them sent again 0"
    assert lines[1].endswith(f"verified 8 of 8 signed leaves, heartbeat {stories.BEATEN}")


def test_a_beginning_that_the_broker_has_deleted_is_incomplete(desk: Desk) -> None:
    topic = asyncio.run(put(desk.broker, stories.sent(), delete_below=4))
    code, lines, _ = desk.ask(topic)
    assert code == INCOMPLETE
    assert lines[0] == "lacking  leaves 0 to 3: deleted by retention, or dropped; begin from tiles"


def test_no_such_topic_and_no_such_key_cannot_run(desk: Desk) -> None:
    assert desk.ask(topics_of("nowhere")[0])[0] == CANNOT_RUN
    code, lines, error = desk.ask("jjj.sanhe.licence")
    assert (code, lines) == (CANNOT_RUN, [])
    assert "vkeys name 0 logs for the topic jjj.sanhe.licence" in error
