"""Six jurisdictions as one another's witnesses: logged, then witnessed; too few; a split view; a late joiner."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from gateway.ledger import checkpoint, cosignatures, logbook
from gateway.trust import notes
from tests.node.parts import draft
from tests.records.builders import food_number
from tests.simulator import NETWORK, Running, World, eventually

SANHE = f"{NETWORK}/sanhe/licence"


def witness_names(node: Running, size: int, source: str = "sanhe") -> set[str]:
    """Jurisdictions whose cosignature on a size of a log a node keeps."""
    database = node.node.ledger if node.id == source else node.node.mirrors
    held = logbook.find_log(database.read, f"{NETWORK}/{source}/licence")
    assert held is not None
    return {each.name.split("/")[1] for each in cosignatures.at(database.read, held.number, size)}


def status(node: Running, record_id: str) -> tuple[str, list[str]]:
    found = node.node.counter.record_by_id(record_id)
    return ("", []) if found is None else (found["status"], [name.split("/")[1] for name in found["witnesses"]])


async def test_a_record_is_logged_then_witnessed_by_those_who_run(tmp_path: Path) -> None:
    """Three of five witnesses run: enough for three, too few for four."""
    async with World(tmp_path, "sanhe", "tongzhou", "dachang", "binhai", "xiongan", "xianghe") as world:
        world.agreements = [
            world.agreement(id="three", witnesses=3, recognised_by=["tongzhou"]),
            world.agreement(id="four", witnesses=4, recognised_by=["dachang"]),
        ]
        world.found()
        sanhe, tongzhou, dachang, binhai = [
            await world.start(each) for each in ("sanhe", "tongzhou", "dachang", "binhai")
        ]
        begun = time.monotonic()
        (receipt,) = await sanhe.publish(draft(1).data)
        await eventually(lambda: status(sanhe, receipt.id)[0] == "witnessed", "the owner knows of a witness")
        running = ["binhai", "dachang", "tongzhou"]
        for node in (sanhe, tongzhou, dachang, binhai):
            await eventually(lambda node=node: status(node, receipt.id) == ("witnessed", running), f"{node.id} knows all")
        assert time.monotonic() - begun < 10
        number = food_number(1)
        assert "witnessed" not in tongzhou.reasons(number)
        relied = tongzhou.verify(number)["relied_on"][0]
        assert [name.split("/")[1] for name in relied["witnesses"]] == running
        assert dachang.reasons(number)["witnessed"] == "witnessed.too_few"
        for node in (sanhe, tongzhou):
            await node.audited()
