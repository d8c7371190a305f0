"""Everything that a node holds, as a folder that stands by itself: what an auditor takes away (DESIGN §4, §9, export).

    DIR/logs/<jurisdiction>/<family>/{checkpoint,history/<n>,tile/<L>/<N>,tile/entries/<N>}
    DIR/evidence/*.json  DIR/vkeys.txt  DIR/trust/*.json  DIR/trust/metadata/*.json  DIR/schemas/*.json  DIR/SHA256SUMS

A log is written as far as its checkpoint reaches: only the tiles that it needs, in the widths that it needs. The
folder gets its name when all is written and has been read back: hashes, tiles, roots, and who signed the checkpoints.
What does not hold is not exported.

>>> await export(Path("export"), "http://127.0.0.1:8470")
Exported(logs=12, records=812, files=97, left_out=('jjj.example/xianghe/credit',))
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.audit import signedchain, vkeysfile
from gateway.audit.auditor import Progress, audit_source, load_given, open_source, trust_places
from gateway.audit.folder import LOGS, SCHEMAS, SUMS, TRUST, VKEYS, ExportFolder, read_file, write_sums
from gateway.audit.onelog import CHECKPOINT, Depth
from gateway.audit.sources import (
    JURISDICTION,
    LAST_PART,
    SCHEMA_FILE,
    TRUST_FILES,
    Lacking,
    LogFiles,
    LogSource,
    tree_files,
)
from gateway.errors import CannotRun, GatewayError, Refused
from gateway.ledger import checkpoint, tiles
from gateway.records.packaged import data_path
from gateway.repository.layout import METADATA
from gateway.trust import notes
from gateway.trust.trusted import load

AT_ONCE = 8
"""Files asked for at the same time."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. ``left_out``: origins of logs that have no checkpoint yet."""

    logs: int
    records: int
    files: int
    left_out: tuple[str, ...]


async def export(
    destination: Path, source: str, *, trust: Path | None = None, progress: Progress | None = None
) -> Exported:
    """Export all logs of a source (see ``auditor.open_source``) into a new or empty folder.

    ``trust``: trust data to judge the checkpoints by and to write, instead of those found at the source. Raises
    ``CannotRun``: ``export.destination`` (not empty), ``export.source`` (bytes or trust data that could not be had),
    ``export.damaged`` (what was read does not hold; the message names the first fault), and what ``open_source``
    raises. Then nothing is left at the destination.
    """
    destination = await asyncio.to_thread(_free_place, destination)
    given = load_given(trust) if trust is not None else None
    partial = destination.with_name(f".{destination.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.mkdir(parents=True)
        async with open_source(source, given) as opened:
            writer = _Writer(partial, opened, progress)
            left_out = await writer.write_logs()
            await writer.write_evidence()
            await asyncio.to_thread(_write_around, partial, opened, trust)
        report = await audit_source(ExportFolder(partial), Depth.SEALS, given)
        if not report.ok:
            raise CannotRun(
                "export.damaged", f"{source} was not exported: {report.findings[0].en}", zh=report.findings[0].zh
            )
        partial.rename(destination)
    except OSError as error:
        raise CannotRun("export.destination", f"{destination}: {error.strerror}") from error
    except GatewayError as error:
        raise _cannot(source, error) from error
    finally:
        await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
    return Exported(len(report.logs), report.records, writer.files, tuple(left_out))


def _free_place(destination: Path) -> Path:
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise CannotRun("export.destination", f"{destination} exists and is not an empty folder")
    return destination.absolute()


def _cannot(source: str, error: GatewayError) -> CannotRun:
    """What stopped an export: the source's bytes are damaged, or could not be had."""
    if isinstance(error, CannotRun):
        return error
    reason = "export.source" if isinstance(error, Lacking) else "export.damaged"
    return CannotRun(reason, f"{source}: {error.message}", zh=error.zh)


class _Writer:
    """Writes the logs' files below a folder that nobody else knows yet."""

    def __init__(self, folder: Path, source: LogSource, progress: Progress | None) -> None:
        self.files = 0
        self._folder = folder
        self._source = source
        self._progress = progress or (lambda done, total: None)
        self._done = 0
        self._total = 0

    async def write_logs(self) -> list[str]:
        """Write every log that has a checkpoint; answers the others. Raises ``GatewayError`` for what can't be had."""
        (self._folder / LOGS).mkdir()
        heads = [(log, await self._head(log)) for log in self._source.logs]
        self._total = sum(head[1].size for _, head in heads if head is not None)
        for log, head in heads:
            if head is not None:
                await self._write_log(log, *head)
        return [log.origin or log.label("") for log, head in heads if head is None]

    async def write_evidence(self) -> None:
        """Write the evidence files as the source has them."""
        for path, raw in await self._source.evidence():
            await self._write(self._folder / path, raw)

    async def _head(self, log: LogFiles) -> tuple[bytes, checkpoint.Checkpoint] | None:
        note = await log.file(CHECKPOINT)
        if note is None:
            return None
        if JURISDICTION.fullmatch(log.jurisdiction) is None or LAST_PART.fullmatch(log.last_part) is None:
            raise Refused("source.unknown", f"{log.jurisdiction!a}/{log.last_part!a} is no log's folder")
        parsed = notes.parse(note, checkpoint.MAX_LINES, max_size=checkpoint.MAX_NOTE)
        return note, checkpoint.parse_text(parsed.text)

    async def _write_log(self, log: LogFiles, note: bytes, head: checkpoint.Checkpoint) -> None:
        """Tiles and history first, the checkpoint last: it is never ahead of them."""
        folder = self._folder / LOGS / log.jurisdiction / log.last_part
        wanted = tree_files(head.size)
        while batch := [tile for _, tile in zip(range(AT_ONCE), wanted, strict=False)]:
            await asyncio.gather(*(self._copy(log, tile.path, folder) for tile in batch))
            self._count(sum(tile.width for tile in batch if tile.level is None))
        await self._write_history(log, folder, head.size)
        await self._write(folder / CHECKPOINT, note)

    def _count(self, records: int) -> None:
        self._done += records
        self._progress(self._done, self._total)

    async def _copy(self, log: LogFiles, path: str, folder: Path) -> None:
        raw = await log.file(path)
        if raw is None:
            raise CannotRun("export.damaged", f"{log.label(path)} is missing")
        await self._write(folder / path, raw)

    async def _write_history(self, log: LogFiles, folder: Path, size: int) -> None:
        """Sealed checkpoints up to the size of the checkpoint: the source may have gone on since."""
        number = 0
        while (raw := await log.file(tiles.history_path(number))) is not None:
            found = tiles.decode_history(raw)
            kept = [note for note in found if _size_of(note) <= size]
            if kept:
                await self._write(folder / tiles.history_path(number), tiles.encode_history(kept))
            if len(kept) < tiles.HISTORY_WIDTH:
                return
            number += 1

    async def _write(self, file: Path, raw: bytes) -> None:
        await asyncio.to_thread(_write_file, file, raw)
        self.files += 1


def _size_of(note: bytes) -> int:
    return checkpoint.parse_text(notes.parse(note, checkpoint.MAX_LINES, max_size=checkpoint.MAX_NOTE).text).size


def _write_file(file: Path, raw: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("xb") as opened:
        opened.write(raw)


def _write_around(folder: Path, source: LogSource, given: Path | None) -> None:
    """Trust data, schemas, keys and sums; the files as they lie where they come from."""
    trust, schemas = (source.trust, source.schemas) if given is None else trust_places(given)
    if trust is None:
        raise CannotRun("export.source", f"{source.name} has no trust data; give them with --trust")
    _copy_files(trust, folder / TRUST, TRUST_FILES)
    if signed := signedchain.metadata_names(trust):
        _copy_files(trust / METADATA, folder / TRUST / METADATA, signed)
    for place in (data_path(SCHEMAS), *schemas):
        names = sorted(file.name for file in place.glob("*.json") if SCHEMA_FILE.fullmatch(file.name))
        _copy_files(place, folder / SCHEMAS, names)
    roster = load(folder / TRUST, (folder / SCHEMAS,)).roster
    (folder / VKEYS).write_text("".join(f"{line}\n" for line in vkeysfile.lines(roster)), encoding="utf-8")
    (folder / SUMS).write_bytes(write_sums(folder))


def _copy_files(source: Path, destination: Path, names: Sequence[str]) -> None:
    destination.mkdir(exist_ok=True)
    for name in names:
        raw = read_file(source / name, name)
        if raw is None:
            raise CannotRun("export.source", f"{source / name} is missing")
        (destination / name).write_bytes(raw)
