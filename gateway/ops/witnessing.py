"""A witness's high-water file that is missing, made anew by `recover` (DESIGN §6).

The mirrors remember in a table of their own how far each log was cosigned, in the same step as the cosignature: as long
as they are not lost or restored together with the file, nothing is forgotten. Where both are gone the node is a new
witness: its mirrors come from its partners anew, and whatever contradicts what it once cosigned freezes the log as soon
as any partner shows the old cosignature.

>>> restore(Path("sanhe/data"))
12
"""

from __future__ import annotations

from pathlib import Path

from gateway.ledger import cosignatures, logbook
from gateway.ledger.database import connect, faults_named
from gateway.ledger.witnessmarks import MARKS_FILE, Mark, WitnessMarks

MIRRORS = "mirrors.sqlite"


def restore(data: Path) -> int:
    """Make the file of a data folder if it is missing; answers for how many logs it has a mark then. A file that is
    there stays as it is. Raises ``CannotRun`` ``ledger.*`` where the mirrors can't be read.
    """
    path = data / MARKS_FILE
    if path.exists():
        return 0
    marks = _cosigned(data / MIRRORS)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    made = WitnessMarks.create(new)
    try:
        made.write(marks)
    finally:
        made.close()
    new.rename(path)
    return len(marks)


def _cosigned(mirrors: Path) -> dict[str, Mark]:
    if not mirrors.exists():
        return {}
    connection = connect(mirrors, read_only=True)
    try:
        with faults_named(mirrors):
            logs = logbook.all_logs(connection)
            found = {log.origin: cosignatures.cosigned(connection, log.number) for log in logs}
    finally:
        connection.close()
    return {origin: mark for origin, mark in found.items() if mark is not None}
