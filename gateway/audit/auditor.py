"""Audit any source of logs: recompute everything from bytes, believe no stored tree, write nothing there (DESIGN §9,
audit; law 2).

An exported folder, a node's URL, a node's folder or its data folder, a Kafka cluster's topics. Without trust data of
one's own the audit uses what it finds there, and the report says so. Whatever the bytes are, the answer is a report;
only what is no source at all is ``CannotRun``.

>>> report = await audit("export", trust=Path("trust"))
>>> report.exit_code, report.to_json()
(0, {'ok': True, 'logs': 12, 'records': 812, …})
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from gateway.audit import signedchain, testimony
from gateway.audit.data import open_data, place_of
from gateway.audit.folder import LOGS, SCHEMAS, TRUST, ExportFolder
from gateway.audit.onelog import CHECKPOINT, Depth, LogAudit, LogName, Means
from gateway.audit.report import AuditFinding, LogReport, Report, found, found_error
from gateway.audit.sources import Lacking, LogFiles, LogSource, last_part
from gateway.audit.topics import SCHEME, open_topics
from gateway.audit.url import open_node
from gateway.errors import CannotRun, GatewayError, Refused
from gateway.ledger import checkpoint
from gateway.repository.places import is_address
from gateway.trust import notes
from gateway.trust.trusted import ROSTER, TrustData, load

READERS = max(2, os.cpu_count() or 2)

NOT_GIVEN = (
    "信任文件取自来源本身，可用 --trust 指定自己的"
    " · the trust data were found at the source itself; give your own with --trust"
)

NOT_ROOTED = (
    "信任文件按所见采用，其签名链未经核验；可用 --root 指定自己的信任根"
    " · the trust data were taken as found; they are signed: give a root of your own with --root to have that verified"
)

Progress = Callable[[int, int], None]
"""Takes records done and records known of."""


async def audit(
    source: str,
    *,
    trust: Path | None = None,
    root: Path | None = None,
    structure_only: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Audit a source. ``trust``: folder of roster, agreements and catalogue to judge by, with ``schemas`` in or
    beside it. ``root``: file of a pinned root; what is judged by must be signed as it says.

    ``structure_only`` looks at hashes, tiles, roots and forms, not at signatures and the gate. Raises ``CannotRun``:
    ``source.unknown``, ``trust.*`` of the folder given, ``config.*`` of a node's folder.
    """
    depth = Depth.STRUCTURE if structure_only else Depth.FULL
    given = load_given(trust) if trust is not None else None
    pinned = signedchain.read_root(root) if root is not None else None
    if given is None and source.startswith(SCHEME):
        return Report(source, "none", structure_only, (), (found("trust.none", lacking=True),))
    async with open_source(source, given) as opened:
        report = await audit_source(opened, depth, given, progress)
        if pinned is None:
            return report
        place = trust_places(trust) if trust is not None else (opened.trust, opened.schemas)
        return await asyncio.to_thread(_with_chain, report, place, pinned)


def _with_chain(report: Report, place: tuple[Path | None, tuple[Path, ...]], root: bytes) -> Report:
    """What the signed chain says of the trust data that the audit went by; a fault of theirs stands before all others.
    """
    folder, schemas = place
    if folder is None:
        return report
    notices = tuple(notice for notice in report.notices if notice not in (NOT_GIVEN, NOT_ROOTED))
    try:
        chain = signedchain.told(signedchain.verify(folder, schemas, root))
    except Refused as refused:
        lacking = refused.reason == "trust.unsigned"
        fault = found_error(refused, file=str(folder), lacking=lacking)
        return replace(report, before=(fault, *report.before), notices=notices)
    return replace(report, trust="signed", notices=(chain, *notices))


def load_given(folder: Path) -> TrustData:
    """Trust data that the user names; raises ``CannotRun``."""
    try:
        return load(*trust_places(folder))
    except GatewayError as error:
        zh = f"{folder}：{error.zh}" if error.zh else ""
        raise CannotRun(error.reason, f"{folder}: {error.message}", zh=zh) from error


def trust_places(folder: Path) -> tuple[Path, tuple[Path, ...]]:
    """Where trust data and schemas lie in a folder that the user names."""
    inner = folder if (folder / ROSTER).exists() or not (folder / TRUST).is_dir() else folder / TRUST
    return inner, tuple(place for place in (inner / SCHEMAS, inner.parent / SCHEMAS) if place.is_dir())


@asynccontextmanager
async def open_source(source: str, trust: TrustData | None = None) -> AsyncIterator[LogSource]:
    """The source that a text means; ``trust``: of one's own, without which topics can't be read.

    Raises ``CannotRun``: ``source.unknown``, naming what is taken, ``trust.none``.
    """
    if source.startswith(SCHEME):
        async with open_topics(source, trust) as topics:
            yield topics
        return
    if is_address(source):
        async with open_node(source) as node:
            yield node
        return
    path = Path(source)
    place = place_of(path)
    if place is not None:
        async with open_data(place, source) as folder:
            yield folder
    elif (path / LOGS).is_dir():
        yield ExportFolder(path)
    else:
        raise CannotRun(
            "source.unknown",
            f"{source} is no exported folder (logs/), no node's folder (node.toml), no data folder, no"
            " node's URL and no kafka://HOST:PORT",
        )


async def audit_source(
    source: LogSource, depth: Depth, given: TrustData | None, progress: Progress | None = None
) -> Report:
    """Audit an opened source at some depth."""
    before: list[AuditFinding] = []
    trust = given if given is not None or depth is Depth.STRUCTURE else _find_trust(source, before)
    total = sum([await _claimed_size(log) for log in source.logs]) if progress is not None else 0
    with ThreadPoolExecutor(READERS, thread_name_prefix="audit") as pool:
        means = Means(trust, depth, pool, _counter(progress, total))
        logs = [await _audit_log(log, means, before) for log in source.logs]
    if not source.logs:
        before.append(found("source.empty", lacking=True))
    after, notices = await _around(source, trust, given=given is not None)
    unproven, proven = testimony.look(await source.evidence(), trust)
    after, notices = [*after, *unproven], [*notices, *proven]
    if trust is not None and given is None:
        chained = source.trust is not None and signedchain.metadata_names(source.trust)
        notices.insert(0, NOT_ROOTED if chained else NOT_GIVEN)
    said = "none" if trust is None else "given" if given is not None else "found"
    return Report(source.name, said, depth is Depth.STRUCTURE, tuple(logs), tuple(before), tuple(after), tuple(notices))


async def _around(source: LogSource, trust: TrustData | None, *, given: bool) -> tuple[list[AuditFinding], list[str]]:
    try:
        return await source.around(trust, given=given)
    except Lacking as error:
        return [found(error.reason, file=error.field, detail=error.message, lacking=True)], []
    except Refused as error:
        return [found_error(error, file=error.field)], []


def _find_trust(source: LogSource, before: list[AuditFinding]) -> TrustData | None:
    """The trust data that lie in the source; what is wrong with them is a finding, and that there are none is one
    too.
    """
    if source.trust is None:
        before.append(found("trust.none", lacking=True))
        return None
    try:
        return load(source.trust, source.schemas)
    except GatewayError as error:
        before.append(found_error(error, file=str(source.trust)))
        return None


async def _audit_log(log: LogFiles, means: Means, before: list[AuditFinding]) -> LogReport:
    name = _name_of(log, means.trust, before)
    if name is None:
        origin = await _claimed_origin(log)
        if means.trust is not None:
            before.append(found("log.unknown", origin, file=log.label(CHECKPOINT), detail=origin, lacking=True))
        family = log.last_part.partition(".")[0]
        means = Means(None, Depth.STRUCTURE, means.pool, means.progress)
        name = LogName(origin, log.jurisdiction, family)
    return await LogAudit(log, name, means).run()


def _name_of(log: LogFiles, trust: TrustData | None, before: list[AuditFinding]) -> LogName | None:
    """The log by the roster: of the origin that the source claims, or of the folder where it lies; None if unknown."""
    if trust is None:
        return None
    origin = log.origin or f"{trust.roster.network}/{log.jurisdiction}/{log.last_part}"
    known = trust.roster.log(origin)
    if known is None:
        return None
    if (known[0].id, last_part(origin)) != (log.jurisdiction, log.last_part):
        before.append(found("log.place", origin, file=log.label(CHECKPOINT), detail=origin))
    return LogName(origin, known[0].id, known[1].family)


async def _claimed_origin(log: LogFiles) -> str:
    """Without a roster: the source's word, or what the checkpoint calls itself, if the folder bears that name."""
    place = f"{log.jurisdiction}/{log.last_part}"
    if log.origin:
        return log.origin
    said = await _claims(log)
    return said.origin if said is not None and said.origin.endswith(f"/{place}") else place


async def _claimed_size(log: LogFiles) -> int:
    said = await _claims(log)
    return said.size if said is not None else 0


async def _claims(log: LogFiles) -> checkpoint.Checkpoint | None:
    """What the checkpoint says of itself: good for a progress bar, and where there are no keys."""
    try:
        note = await log.file(CHECKPOINT)
        return (
            None
            if note is None
            else checkpoint.parse_text(notes.parse(note, checkpoint.MAX_LINES, max_size=checkpoint.MAX_NOTE).text)
        )
    except GatewayError:
        return None


def _counter(progress: Progress | None, total: int) -> Callable[[int], None]:
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, max(done, total))

    return count
