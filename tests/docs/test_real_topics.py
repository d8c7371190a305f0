"""What a real node sends is clean for somebody who has only the keys of an export, and stays so after rubbish."""

from __future__ import annotations

from pathlib import Path

from topic_log import Log, judge, read_vkeys

from gateway.bus.port import Message, checkpoint_topic, record_topic
from tests.docs.outsiders import held, vkeys
from tests.docs.stories import STRANGER, entry, message
from tests.records import builders
from tests.simulator import Running, World

PLACE, FAMILY = "sanhe", "licence"


async def seen(node: Running) -> Log:
    """The log as an outsider reads it from the bus."""
    log = Log(record_topic("jjj", PLACE, FAMILY), read_vkeys(vkeys(node)))
    for position, each in await held(node.node.bus, record_topic("jjj", PLACE, FAMILY)):
        log.take(position, each.value, each.headers)
    for _, each in await held(node.node.bus, checkpoint_topic("jjj", PLACE)):
        log.take_checkpoint(each.value)
    return log


async def test_what_a_node_sends_is_clean_and_fresh_for_an_outsider(tmp_path: Path) -> None:
    async with World(tmp_path, PLACE) as world:
        node = await world.start(PLACE)
        for numbers in (range(1, 4), range(4, 5), range(5, 12)):
            await node.publish(*(builders.licence(number=builders.food_number(number)) for number in numbers))
            await node.sent()
        world.append(PLACE, message(4, entry(4, STRANGER)), message(11, entry(1)), Message(b"", b"\xff"))
        log = await seen(node)
        report = judge(log)
    assert (report.lines, report.lacking, report.verified) == ([], [], 11)
    assert report.date > 0
    assert set(log.roots) >= {3, 4, 11}
