"""Handing a file in: its rows as drafts to the nodes of their jurisdictions, refused rows into a report (DESIGN §9,
`publish`).

The rest goes on when a row is refused; nothing is silent: every row ends as logged, duplicate, repeated or refused
with a reason. Ids repeat, so handing the same file in again publishes nothing. Rows are read a handful at a time, in a
thread, while some requests are under way; a file of events, which may say several things of one subject in turn, is
sent one request after the other. Memory does not grow with the file.

>>> post = posting(session, {"sanhe": "http://127.0.0.1:8470"})
>>> tally = await hand_in(reading, post, report=Path("rows.rejected.xlsx"))
>>> tally.logged, tally.refused
(1582, {'area.no_node': 860})
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from gateway.errors import CannotRun, Refused
from gateway.intake.outcomes import Item, Outcome, PartRow, RefusedRow, RepeatedRow
from gateway.intake.reading import Reading
from gateway.intake.rejects import RejectFile
from gateway.ops.patience import NodeAway, Patience
from gateway.ops.resuming import ALREADY, IN_FLIGHT, Answered, Forgotten, Journal
from gateway.reasons import sentence
from gateway.records.uuid7 import NOISE_BYTES, uuid7

ITEMS_A_REQUEST = 500
BYTES_A_REQUEST = 4 << 20
LINES = {"Content-Type": "application/x-ndjson"}
TIMEOUT = aiohttp.ClientTimeout(total=120)
AWAY = frozenset((502, 503, 504))

Progress = Callable[[int, int], None]
Post = Callable[[str, bytes], Awaitable[list[dict[str, Any]]]]
"""Send drafts, one a line, to the node of a jurisdiction; one answer each in order."""


@dataclass(slots=True)
class Tally:
    """What became of a file's rows. ``merged``: rows that are part of a record which another row stands for."""

    rows: int = 0
    logged: int = 0
    duplicates: int = 0
    merged: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> int:
        """Rows refused, whatever for."""
        return self.refused.total()


async def hand_in(
    reading: Reading,
    post: Post,
    *,
    report: Path | None = None,
    journal: Journal | None = None,
    patience: Patience | None = None,
    progress: Progress = lambda done, all_: None,
) -> Tally:
    """Publish every row at the node of its jurisdiction. Raises ``CannotRun`` ``node.unreachable`` or a node's own
    reason when ``patience`` (none, unless given) ends, and ``Forgotten`` where a node has lost what the ``journal``
    holds.
    """
    patience = patience or Patience(say=_drop, pauses_s=())
    with RejectFile(report or Path("/dev/null"), reading.columns) as rejects:
        keep = rejects.add if report is not None else _drop
        handing = _Handing(reading, post, keep, journal, patience)
        try:
            async for outcome in _outcomes(reading):
                await handing.take(outcome)
                if handing.tally.rows % ITEMS_A_REQUEST == 0:
                    progress(handing.tally.rows, reading.rows)
            await handing.finish()
        finally:
            await handing.stop()
    progress(handing.tally.rows, reading.rows)
    return handing.tally


async def _outcomes(reading: Reading) -> AsyncIterator[Outcome]:
    """All of a file's, read in a thread meanwhile."""
    found = iter(reading)
    while chunk := await asyncio.to_thread(lambda: list(islice(found, ITEMS_A_REQUEST))):
        for outcome in chunk:
            yield outcome


def _drop(_: object) -> None:
    """Rows that nobody asked a report of are counted only, and nobody is told of pauses that are not made."""


@dataclass(slots=True)
class _Batch:
    """Items of one request, as they were encoded."""

    items: list[Item] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    size: int = 0

    def fits(self, line: bytes) -> bool:
        return len(self.lines) < ITEMS_A_REQUEST and self.size + len(line) <= BYTES_A_REQUEST

    def add(self, item: Item, line: bytes) -> None:
        self.items.append(item)
        self.lines.append(line)
        self.size += len(line)


@dataclass(slots=True)
class _UnderWay:
    """A request that is sent; ``known``: what the journal says of it, if it is sent once more."""

    batch: _Batch
    body: bytes
    known: Answered | None
    answer: asyncio.Task[Answered]


class _Handing:
    """A file on its way: batches by jurisdiction, requests under way, answers counted in the order of requests."""

    def __init__(
        self,
        reading: Reading,
        post: Post,
        keep: Callable[[RefusedRow], None],
        journal: Journal | None,
        patience: Patience,
    ) -> None:
        self.tally = Tally()
        self._reading = reading
        self._post = post
        self._keep = keep
        self._journal = journal
        self._patience = patience
        self._batches: dict[str, _Batch] = {}
        self._under_way: deque[_UnderWay] = deque()
        self._most_under_way = 1 if reading.profile.events else IN_FLIGHT
        # What an interrupted run had under way may have been taken without a note of it.
        self._unsure = self._most_under_way if journal is not None and journal.resumed else 0

    async def take(self, outcome: Outcome) -> None:
        """One row."""
        self.tally.rows += 1
        match outcome:
            case RefusedRow():
                self._refuse(outcome)
            case RepeatedRow():
                self.tally.duplicates += 1
            case PartRow():
                pass  # counted with its record
            case Item():
                await self._add(outcome)

    async def finish(self) -> None:
        """Send what waits, and count all answers."""
        for jurisdiction in list(self._batches):
            await self._send(jurisdiction)
        while self._under_way:
            await self._count_oldest()

    async def stop(self) -> None:
        """No request goes on without somebody who waits for it."""
        answers = [each.answer for each in self._under_way]
        for answer in answers:
            answer.cancel()
        await asyncio.gather(*answers, return_exceptions=True)

    async def _add(self, item: Item) -> None:
        line = orjson.dumps(_draft(item)) + b"\n"
        batch = self._batches.setdefault(item.jurisdiction, _Batch())
        if not batch.fits(line):
            await self._send(item.jurisdiction)
            batch = self._batches[item.jurisdiction] = _Batch()
        batch.add(item, line)

    async def _send(self, jurisdiction: str) -> None:
        batch = self._batches.pop(jurisdiction)
        body = b"".join(batch.lines)
        known = self._journal.recall(body) if self._journal is not None else None
        if known is not None and not known.probe:
            self._count(batch, known)
            return
        while len(self._under_way) >= self._most_under_way:
            await self._count_oldest()
        unsure = known is None and self._unsure > 0
        self._unsure -= unsure
        answer = asyncio.create_task(self._ask(jurisdiction, body, unsure))
        self._under_way.append(_UnderWay(batch, body, known, answer))

    async def _ask(self, jurisdiction: str, body: bytes, unsure: bool) -> Answered:
        async def work(again: bool) -> Answered:
            return Answered.read(await self._post(jurisdiction, body), again=again or unsure)

        return await self._patience.ask(work)

    async def _count_oldest(self) -> None:
        sent = self._under_way[0]
        answered = await asyncio.shield(sent.answer)
        self._under_way.popleft()
        if sent.known is not None:
            if answered.logged:
                raise Forgotten
            self._count(sent.batch, sent.known)
            return
        if self._journal is not None:
            self._journal.note(sent.body, answered)
        self._count(sent.batch, answered)

    def _count(self, batch: _Batch, answered: Answered) -> None:
        self.tally.logged += answered.logged
        self.tally.duplicates += answered.duplicates
        for place, item in enumerate(batch.items):
            said = answered.refused.get(place)
            if said is None:
                self.tally.merged += len(item.parts)
                continue
            for row in self._reading.refusals(item, _refused(said)):
                self._refuse(row)

    def _refuse(self, row: RefusedRow) -> None:
        self.tally.refused[row.reason] += 1
        self._keep(row)


def _draft(item: Item) -> dict[str, Any]:
    draft: dict[str, Any] = {"type": item.type, "data": item.data, "id": item.id}
    return draft | ({"time": item.time} if item.time is not None else {})


def _refused(answer: Mapping[str, Any]) -> Refused:
    reason = answer.get("reason", "refused")
    return Refused(reason, answer.get("message", ""), field=answer.get("field", ""), zh=sentence(reason).zh)


def posting(
    session: aiohttp.ClientSession, urls: Mapping[str, str], *, token: str | None = None, bulk: bool = False
) -> Post:
    """How requests reach nodes, by jurisdiction; ``bulk``: behind all live records (``node.lanes``)."""
    return lambda jurisdiction, body: _post(session, urls[jurisdiction], body, token=token, bulk=bulk)


def restating(post: Post) -> Post:
    """The same, and what is refused because its subject has a later record is handed in again under a new id: it
    becomes the present. Twice said is once logged: the node knows its present and answers "duplicate".
    """

    async def send(jurisdiction: str, body: bytes) -> list[dict[str, Any]]:
        answers = await post(jurisdiction, body)
        places = [place for place, answer in enumerate(answers) if answer.get("reason") == ALREADY]
        drafts = body.splitlines()
        anew = [orjson.dumps(orjson.loads(drafts[place]) | {"id": _new_id()}) + b"\n" for place in places]
        for place, answer in zip(places, await post(jurisdiction, b"".join(anew)) if anew else (), strict=True):
            answers[place] = answer
        return answers

    return send


def _new_id() -> str:
    return uuid7(time.time_ns() // 1_000_000, secrets.token_bytes(NOISE_BYTES))


async def publish(
    session: aiohttp.ClientSession, url: str, drafts: Iterable[Mapping[str, Any]], *, token: str | None = None
) -> list[dict[str, Any]]:
    """POST drafts as NDJSON to one node; one answer each in order. Raises ``NodeAway`` where it may be better later,
    else ``CannotRun``.
    """
    return await _post(session, url, b"".join(orjson.dumps(draft) + b"\n" for draft in drafts), token=token, bulk=False)


async def _post(
    session: aiohttp.ClientSession, url: str, body: bytes, *, token: str | None, bulk: bool
) -> list[dict[str, Any]]:
    headers = LINES | ({"Authorization": f"Bearer {token}"} if token else {})
    where = f"{url}/v1/records?lane=bulk" if bulk else f"{url}/v1/records"
    try:
        async with session.post(where, data=body, headers=headers, timeout=TIMEOUT) as answer:
            found = await answer.read()
    except (aiohttp.InvalidURL, aiohttp.ClientSSLError) as error:  # no better later
        raise CannotRun("node.unreachable", f"{url} can't be asked: {str(error) or type(error).__name__}") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        told = str(error) or type(error).__name__
        raise NodeAway("node.unreachable", f"{url} does not answer: {told}", zh=f"{url} 没有应答") from error
    if answer.status != 200:
        problem = problem_of(found)
        kind = NodeAway if answer.status in AWAY else CannotRun
        raise kind(problem.get("reason", "node.refused"), f"{url}: {problem.get('detail', f'HTTP {answer.status}')}")
    answers = [orjson.loads(line) for line in found.splitlines()]
    if len(answers) != body.count(b"\n"):
        raise NodeAway("node.unreachable", f"{url} did not answer every draft")
    return answers


def problem_of(body: bytes) -> dict[str, str]:
    """Problem details (RFC 9457) of an answer, or nothing where it holds none."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
