"""One file, whole, to one node: whose node is it, what does the file hold, and where did an earlier run stop? What
`publish` and `watch` do with a file.

A file of more rows than one commit takes goes into the bulk lane unless told otherwise: it would hold up whoever comes
meanwhile by more than the one commit that everybody waits for (``node.lanes``). What is restated (made the present
again, over a later record) is decided by a person for few rows: one request, never sent again by itself, for in between
somebody may have said something newer. A file of more rows than one request
takes gets a note of how far it is (``resuming``). A node that does not answer at all is an error before anything is
read; one that goes away later is waited for (``patience``).

>>> tally = await deliver(Path("history.csv"), Terms("http://127.0.0.1:8470"), session, say=print)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import orjson

from gateway.errors import CannotRun
from gateway.intake.reading import Reading, open_reading
from gateway.node.lanes import MOST_A_COMMIT
from gateway.ops import asking
from gateway.ops.handing import ITEMS_A_REQUEST, Progress, Tally, hand_in, posting, restating
from gateway.ops.patience import PAUSES_S, Patience
from gateway.ops.resuming import Forgotten, Journal

BULK_ABOVE = MOST_A_COMMIT

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """Where files go, and how. ``profile``: None, by the columns; ``sheet``: of a workbook, None, the one that holds
    such rows; ``bulk``: None, by the number of rows; ``restate``: also over later records of the subjects.
    """

    node: str
    profile: str | None = None
    sheet: str | None = None
    token: str | None = field(default=None, repr=False)
    bulk: bool | None = None
    restate: bool = False
    pauses_s: Sequence[float] = PAUSES_S


async def deliver(
    file: Path,
    terms: Terms,
    session: aiohttp.ClientSession,
    *,
    report: Path | None = None,
    say: Say,
    progress: Progress = lambda done, all_: None,
) -> Tally:
    """Publish a file. Raises ``CannotRun`` "node.*", "file.busy", and what its reading and its handing in do."""
    own = await jurisdiction_of(session, terms.node)
    reading = await asyncio.to_thread(_opened, file, terms, own, progress)
    bulk = reading.rows > BULK_ABOVE if terms.bulk is None else terms.bulk
    post = posting(session, {own: terms.node}, token=terms.token, bulk=bulk)
    if terms.restate:
        _check_few(reading)
        return await hand_in(reading, restating(post), report=report, progress=progress)
    patience = Patience(say=say, pauses_s=terms.pauses_s)
    if reading.rows <= ITEMS_A_REQUEST:
        return await hand_in(reading, post, report=report, patience=patience, progress=progress)
    with Journal(file, terms.node, say=say) as journal:
        if journal.resumed:
            say(f"{file.name}: 接续上次中断的发布 · going on where an earlier run stopped")
        while True:
            try:
                tally = await hand_in(
                    reading, post, report=report, journal=journal, patience=patience, progress=progress
                )
            except Forgotten:
                say(f"{file.name}: 节点丢失了已确认的记录，全部重发 · the node lost records: all is sent again")
                journal.forget()
                continue
            journal.finish()
            return tally


def _check_few(reading: Reading) -> None:
    if reading.rows > ITEMS_A_REQUEST:
        raise CannotRun(
            "restate.too_many",
            f"{reading.rows} rows to restate; {ITEMS_A_REQUEST} are allowed: name only those that somebody looked at",
            zh=f"共 {reading.rows} 行需要重申，最多 {ITEMS_A_REQUEST} 行：请只列出经人工核对的行",
        )


def _opened(file: Path, terms: Terms, own: str, progress: Progress) -> Reading:
    return open_reading(
        file, terms.profile, own=own, nodes=[own], sheet=terms.sheet, tell=lambda rows: progress(rows, 0)
    )


async def jurisdiction_of(session: aiohttp.ClientSession, node: str) -> str:
    """Which jurisdiction a node speaks for. Raises ``CannotRun`` "node.unreachable"."""
    try:
        async with session.get(f"{node}/v1/logs", timeout=asking.TIMEOUT) as answer:
            logs = orjson.loads(await answer.read())["logs"]
        return str(next(log["jurisdiction"] for log in logs if log["own"]))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise CannotRun(
            "node.unreachable", f"{node} does not answer as a node: {str(error) or type(error).__name__}"
        ) from error
