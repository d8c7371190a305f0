"""An exported folder as a source of logs, and what must agree in it outside the logs (DESIGN §4, export).

    DIR/logs/<jurisdiction>/<family>/{checkpoint,history/<n>,tile/…}   every file is read; none may lack or be too many
    DIR/vkeys.txt                          a line a key ever used; must agree with the roster
    DIR/trust/*.json  DIR/schemas/*.json   what was in force
    DIR/trust/metadata/*.json              who signed it, where it is signed (TUF)
    DIR/evidence/*.json                    what the source keeps of owners who contradicted themselves
    DIR/SHA256SUMS                         of every file that neither a tree nor a signature covers

The sums are no proof against anybody who can compute them; they show what decayed or was edited by the way. An export
without them is judged without them.

>>> source = ExportFolder(Path("export"))
>>> [log.label("checkpoint") for log in source.logs]
['logs/sanhe/licence/checkpoint']
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import stat
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from gateway.audit import testimony, vkeysfile
from gateway.audit.report import AuditFinding, found
from gateway.audit.sources import MOST_FILE, Beside, Lacking, Mark, printable
from gateway.errors import CannotRun, Refused
from gateway.node.exhibits import EVIDENCE
from gateway.trust.trusted import TrustData

LOGS, TRUST, SCHEMAS, VKEYS, SUMS = "logs", "trust", "schemas", "vkeys.txt", "SHA256SUMS"
CLOSED = (LOGS, TRUST, SCHEMAS, EVIDENCE)
"""Folders in which nothing may lie that the sums do not name."""
_SUM = re.compile(r"([0-9a-f]{64})  ([^\n]+)")


class ExportLog:
    """One log of an exported folder."""

    origin = ""
    unborn = False
    growing = False
    beside: Beside | None = None

    def __init__(self, folder: Path) -> None:
        self.jurisdiction, self.last_part = printable(folder.parent.name), printable(folder.name)
        self._folder = folder

    def label(self, path: str) -> str:
        """As it stands below the exported folder."""
        return f"{LOGS}/{self.jurisdiction}/{self.last_part}/{printable(path)}"

    async def file(self, path: str) -> bytes | None:
        """A file's bytes; None if there is none."""
        return await asyncio.to_thread(read_file, self._folder / path, self.label(path))

    async def names(self) -> Set[str]:
        """Every file below the log's folder."""
        return await asyncio.to_thread(
            lambda: {found.relative_to(self._folder).as_posix() for found in files_below(self._folder)}
        )

    async def marks(self) -> Sequence[Mark]:
        """None."""
        return ()


class ExportFolder:
    """A folder that ``export`` wrote."""

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder
        try:
            places = sorted(
                place
                for owner in (folder / LOGS).iterdir()
                if owner.is_dir()
                for place in owner.iterdir()
                if place.is_dir()
            )
        except OSError as error:
            raise CannotRun("source.unknown", f"{folder} can't be listed: {error.strerror}") from error
        self.logs = [ExportLog(place) for place in places]
        self.trust = folder / TRUST if (folder / TRUST).is_dir() else None
        self.schemas = (folder / SCHEMAS,) if (folder / SCHEMAS).is_dir() else ()

    async def evidence(self) -> testimony.Files:
        """What was exported with the logs."""
        return await asyncio.to_thread(testimony.in_folder, self._folder)

    async def around(self, trust: TrustData | None, *, given: bool) -> tuple[list[AuditFinding], list[str]]:
        """Files that no log owns, the verifier keys, the sums."""
        return await asyncio.to_thread(self._around, trust, given)

    def _around(self, trust: TrustData | None, given: bool) -> tuple[list[AuditFinding], list[str]]:
        notices: list[str] = []
        keys = read_file(self._folder / VKEYS, VKEYS)
        findings = [found("file.missing", file=VKEYS)] if keys is None else []
        if keys is not None:
            findings, notices = vkeysfile.compare(keys, VKEYS, trust, given=given)
        return [*self._strays(), *findings, *self._sums()], notices

    def _strays(self) -> Iterator[AuditFinding]:
        """Files under ``logs/`` that lie in no log's folder."""
        for file in files_below(self._folder / LOGS):
            path = file.relative_to(self._folder)
            if len(path.parts) < 4:
                yield found("file.unexpected", file=printable(path.as_posix()))

    def _sums(self) -> Iterator[AuditFinding]:
        raw = read_file(self._folder / SUMS, SUMS)
        if raw is None:
            return
        try:
            sums = parse_sums(raw)
        except Refused as refused:
            yield found("file.form", file=SUMS, detail=refused.message)
            return
        there = {path: file for path, file in loose_files(self._folder) if path != SUMS}
        for path in sorted(sums.keys() - there.keys()):
            yield found("file.missing", file=path)
        for path, file in there.items():
            if path in sums and digest(file) != sums[path]:
                yield found("file.sum", file=path)
            elif path not in sums and path.partition("/")[0] in (TRUST, SCHEMAS, EVIDENCE):
                yield found("file.unexpected", file=path)


def loose_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file of an export that neither a tree nor a signature covers, by its path: all but tiles, bundles and
    checkpoints (to which anybody may add the line of another witness).
    """
    for file in files_below(folder):
        parts = file.relative_to(folder).parts
        if not (len(parts) > 3 and parts[0] == LOGS and parts[3] in ("tile", "checkpoint")):
            yield printable("/".join(parts)), file


def digest(file: Path) -> str:
    """SHA-256 (hex) of a regular file, "" for anything else; raises ``Lacking``."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return ""
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise Lacking("source.unreadable", str(error.strerror), field=str(file)) from error


def write_sums(folder: Path) -> bytes:
    """The content of ``SHA256SUMS`` for a folder, in the form of ``sha256sum``."""
    lines = (f"{digest(file)}  {path}\n" for path, file in loose_files(folder) if path != SUMS)
    return "".join(lines).encode()


def parse_sums(raw: bytes) -> dict[str, str]:
    """Path → digest; raises ``Refused`` ``file.form``."""
    try:
        lines = raw.decode().split("\n")
    except UnicodeDecodeError:
        raise Refused("file.form", "not UTF-8") from None
    parsed = [_SUM.fullmatch(line) for line in lines[:-1]]
    sums = {line[2]: line[1] for line in parsed if line is not None}
    if lines[-1] or len(sums) != len(lines) - 1:
        raise Refused("file.form", "not a line of SHA-256, two spaces and path for each file")
    return sums


def files_below(folder: Path) -> Iterator[Path]:
    """Everything below a folder that is no folder, in a stable order; raises ``Lacking``."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise Lacking("source.unreadable", str(error.strerror), field=str(folder)) from error
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            yield from files_below(entry)
        else:
            yield entry


def read_file(path: Path, label: str) -> bytes | None:
    """The bytes of a regular file of at most ``MOST_FILE`` bytes; None if there is none.

    Raises ``Lacking`` ``source.unreadable``, ``Refused`` ``file.form`` for what is no regular file, or too large.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would never end
            raise Refused("file.form", "not a regular file", field=label)
        with path.open("rb") as opened:
            raw = opened.read(MOST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Lacking("source.unreadable", str(error.strerror), field=label) from error
    if len(raw) > MOST_FILE:
        raise Refused("file.form", f"over {MOST_FILE} bytes", field=label)
    return raw
