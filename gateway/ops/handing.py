"""Handing a file in: its rows as drafts to the nodes of their jurisdictions, refused rows into a report (DESIGN §9,
`publish`).

The rest goes on when a row is refused; nothing is silent: every row ends as logged, duplicate, repeated or refused
with a reason. Ids repeat, so handing the same file in again publishes nothing.

>>> tally = await hand_in(reading, {"sanhe": "http://127.0.0.1:8470"}, session, report=Path("rows.rejected.xlsx"))
>>> tally.logged, tally.refused
(1582, {'area.no_node': 860})
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from gateway.errors import CannotRun, Refused
from gateway.intake.outcomes import Item, PartRow, RefusedRow, RepeatedRow
from gateway.intake.reading import Reading
from gateway.intake.rejects import RejectFile

ITEMS_A_REQUEST = 500
LINES = {"Content-Type": "application/x-ndjson"}
TIMEOUT = aiohttp.ClientTimeout(total=120)

Progress = Callable[[int, int], None]


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
    urls: Mapping[str, str],
    session: aiohttp.ClientSession,
    *,
    report: Path | None = None,
    token: str | None = None,
    progress: Progress = lambda done, all_: None,
) -> Tally:
    """Publish every row at the node of its jurisdiction. Raises ``CannotRun`` ``node.unreachable`` or a node's own
    reason.
    """
    tally = Tally()
    waiting: dict[str, list[Item]] = {}
    with RejectFile(report or Path("/dev/null"), reading.columns) as rejects:
        keep = rejects.add if report is not None else _drop
        for outcome in reading:
            tally.rows += 1
            match outcome:
                case RefusedRow():
                    _refuse(tally, outcome, keep)
                case RepeatedRow():
                    tally.duplicates += 1
                case PartRow():
                    pass  # counted with its record
                case Item():
                    batch = waiting.setdefault(outcome.jurisdiction, [])
                    batch.append(outcome)
                    if len(batch) >= ITEMS_A_REQUEST:
                        await _send(session, urls, waiting.pop(outcome.jurisdiction), reading, tally, keep, token)
            if tally.rows % ITEMS_A_REQUEST == 0:
                progress(tally.rows, reading.rows)
        for batch in waiting.values():
            await _send(session, urls, batch, reading, tally, keep, token)
    progress(tally.rows, reading.rows)
    return tally


def _drop(row: RefusedRow) -> None:
    """Rows that nobody asked a report of are counted only."""


def _refuse(tally: Tally, row: RefusedRow, keep: Callable[[RefusedRow], None]) -> None:
    tally.refused[row.reason] += 1
    keep(row)


async def _send(
    session: aiohttp.ClientSession,
    urls: Mapping[str, str],
    batch: list[Item],
    reading: Reading,
    tally: Tally,
    keep: Callable[[RefusedRow], None],
    token: str | None,
) -> None:
    answers = await publish(session, urls[batch[0].jurisdiction], [_draft(item) for item in batch], token=token)
    for item, answer in zip(batch, answers, strict=True):
        match answer["status"]:
            case "logged":
                tally.logged += 1
            case "duplicate":
                tally.duplicates += 1
            case _:
                for row in reading.refusals(item, _refused(answer)):
                    _refuse(tally, row, keep)
                continue
        tally.merged += len(item.parts)


def _draft(item: Item) -> dict[str, Any]:
    draft: dict[str, Any] = {"type": item.type, "data": item.data, "id": item.id}
    return draft | ({"time": item.time} if item.time is not None else {})


def _refused(answer: Mapping[str, Any]) -> Refused:
    return Refused(answer.get("reason", "refused"), answer.get("message", ""), field=answer.get("field", ""))


async def publish(
    session: aiohttp.ClientSession, url: str, drafts: Iterable[Mapping[str, Any]], *, token: str | None = None
) -> list[dict[str, Any]]:
    """POST drafts as NDJSON to one node; one answer each in order. Raises ``CannotRun``."""
    headers = LINES | ({"Authorization": f"Bearer {token}"} if token else {})
    body = b"".join(orjson.dumps(draft) + b"\n" for draft in drafts)
    try:
        async with session.post(f"{url}/v1/records", data=body, headers=headers, timeout=TIMEOUT) as answer:
            found = await answer.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise CannotRun("node.unreachable", f"{url} does not answer: {str(error) or type(error).__name__}") from error
    if answer.status != 200:
        problem = problem_of(found)
        raise CannotRun(
            problem.get("reason", "node.refused"), f"{url}: {problem.get('detail', f'HTTP {answer.status}')}"
        )
    return [orjson.loads(line) for line in found.splitlines()]


def problem_of(body: bytes) -> dict[str, str]:
    """Problem details (RFC 9457) of an answer, or nothing where it holds none."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
