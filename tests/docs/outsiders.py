"""What somebody without our software has of a running node: the keys of an export, and the messages of a topic."""

from __future__ import annotations

from contextlib import aclosing

from gateway.audit import vkeysfile
from gateway.bus.port import Bus, Message
from tests.simulator import Running


def vkeys(node: Running) -> str:
    """``vkeys.txt`` as an export has it."""
    return "".join(f"{line}\n" for line in vkeysfile.lines(node.node.trust.current.roster))


async def held(bus: Bus, topic: str) -> list[tuple[int, Message]]:
    """All that stands on a topic now."""
    found: list[tuple[int, Message]] = []
    end = await bus.end(topic)
    if end:
        async with aclosing(bus.read(topic, None)) as batches:
            async for batch in batches:
                found += [(each.position, each.message) for each in batch]
                if found[-1][0] >= end - 1:
                    break
    return found
