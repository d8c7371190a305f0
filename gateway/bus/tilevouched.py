"""WHAT has a witness without a bus cosigned? Read from its node's ``/v1/logs``, as if it stood in its checkpoint topic.

One request tells all logs that the node holds, with the newest checkpoint of each and the cosignatures on it; its own
line and the owner's are passed on, others' are for their own topics. Nothing of it is believed here (law 5).

>>> await Vouched(session, sources, numbers, every_s=5.0).newest("tongzhou")
[Vouch(number=17, origin='jjj.example/sanhe/licence', witness='jjj.example/tongzhou/witness', note=b'...')]
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from gateway.bus.tileclient import TIMEOUT
from gateway.bus.tileheads import SourcesOf
from gateway.errors import Refused
from gateway.ledger import checkpoint
from gateway.trust import notes

MOST_ANSWER = 4 << 20
EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Vouch:
    """A checkpoint with the owner's lines and one witness's. ``number``: of this change among all that were seen."""

    number: int
    origin: str
    witness: str
    note: bytes


@dataclass(slots=True)
class _Watch:
    asked_at: float = -math.inf
    found: dict[str, Vouch] = field(default_factory=dict)


class Vouched:
    """Asks at most once in ``every_s`` for a jurisdiction, however many read."""

    def __init__(
        self, session: aiohttp.ClientSession, sources: SourcesOf, numbers: Iterator[int], *, every_s: float = EVERY_S
    ) -> None:
        self._session = session
        self._sources = sources
        self._numbers = numbers
        self._every_s = every_s
        self._watches: dict[str, _Watch] = {}

    async def newest(self, jurisdiction: str) -> list[Vouch]:
        """What its own node shows, the oldest change first; what could not be read is as it was."""
        watch = self._watches.setdefault(jurisdiction, _Watch())
        if time.monotonic() - watch.asked_at >= self._every_s:
            watch.asked_at = time.monotonic()
            for url in self._sources(jurisdiction).owner:
                for origin, witness, note in _vouched(await self._logs(url), jurisdiction):
                    before = watch.found.get(origin)
                    if before is None or before.note != note:
                        watch.found[origin] = Vouch(next(self._numbers), origin, witness, note)
        return sorted(watch.found.values(), key=lambda vouch: vouch.number)

    async def _logs(self, url: str) -> Any:
        try:
            async with self._session.get(f"{url}/v1/logs", timeout=TIMEOUT, allow_redirects=False) as answer:
                body = await answer.content.read(MOST_ANSWER) if answer.status == 200 else b"null"
                while answer.status == 200 and len(body) < MOST_ANSWER and (more := await answer.content.read(1 << 16)):
                    body += more
            return orjson.loads(body)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None


def _vouched(answer: Any, jurisdiction: str) -> Iterator[tuple[str, str, bytes]]:
    """(origin, witness's key name, note) of every log of others under which the jurisdiction's witness stands."""
    found = answer.get("logs") if isinstance(answer, dict) else None
    for each in found if isinstance(found, list) else ():
        note = each.get("checkpoint") if isinstance(each, dict) else None
        if isinstance(note, str) and (vouch := _of(note.encode(errors="replace"), jurisdiction)) is not None:
            yield vouch


def _of(note: bytes, jurisdiction: str) -> tuple[str, str, bytes] | None:
    try:
        parsed = notes.parse(note, checkpoint.MAX_LINES, max_size=checkpoint.MAX_NOTE)
        origin = checkpoint.parse_text(parsed.text).origin
    except Refused:
        return None
    witnesses = [line for line in parsed.lines if line.name.endswith(f"/{jurisdiction}/witness")]
    if not witnesses or origin.split("/")[-2:-1] == [jurisdiction]:
        return None
    lines = [line.raw for line in parsed.lines if line.name == origin or line in witnesses]
    return origin, witnesses[0].name, b"%b\n%b" % (parsed.text, b"".join(lines))
