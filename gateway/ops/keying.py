"""A node's keys as an administrator sees them: make the next one, see which signs, encrypt (DESIGN §3b, §9, `keys`).

A new key waits in its folder until the roster names it. The suggested window begins eight days on where a good key
stands: trust data older than seven days count nowhere, so whoever still decides anything has the roster by then.

>>> new(load_config(Path("sanhe/node.toml")), "record").entry["not_before"]
'2026-12-01T00:00:00Z'
>>> [row.signs for row in listed(load_config(Path("sanhe/node.toml")), at=1795400000).rows]
[('credit', 'licence'), ('*',), …]
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gateway.errors import CannotRun
from gateway.instants import format_time
from gateway.node.config import Config
from gateway.node.keyplace import (
    AUTHORITY,
    LOG_ROLES,
    NODE_ROLES,
    SEALING_ROLES,
    SUFFIXES,
    KeyPlace,
    suite_and_number,
)
from gateway.node.nodekeys import KeyFile, KeyFolder, load
from gateway.records.identifiers import uscc_error
from gateway.trust import keyfiles, keyring, trusted
from gateway.trust.keyring import Standing, Task
from gateway.trust.members import ANY
from gateway.trust.roster import Roster

DAY_S = 86_400
AHEAD_S = 8 * DAY_S
BEHIND_S = 300
"""A clock that stands a little behind must not find a key early that is needed at once."""
YEARS_S = 3 * 365 * DAY_S
ROLES = (*NODE_ROLES, *LOG_ROLES, AUTHORITY)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made. ``entry``: what the roster needs of it; ``passphrase``: the setting that its node lacks."""

    path: Path
    entry: dict[str, Any]
    passphrase: str = ""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key file. ``says``: how the roster has it now, "unreadable" for a file that can't be read; ``signs``:
    families that it signs for now, ("*",) where there is no family; ``days_left``: until its window ends.
    """

    role: str
    family: str
    file: str
    vkey: str
    says: str
    signs: tuple[str, ...] = ()
    not_before: str = ""
    not_after: str = ""
    days_left: int | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """All key files of a node. ``other``: PEM files in the folder that bear no name of a key; ``lacking``: what nothing
    can be signed for, and what must be seen to.
    """

    at: str
    roster: int
    rows: tuple[KeyRow, ...]
    other: tuple[str, ...]
    lacking: tuple[CannotRun, ...]

    def to_json(self) -> dict[str, Any]:
        """As `keys list --json` prints it."""
        told = [{"reason": each.reason, "message": each.message} for each in self.lacking]
        rows = [asdict(row) for row in self.rows]
        return {"at": self.at, "roster": self.roster, "keys": rows, "other": list(self.other), "lacking": told}


def new(
    config: Config,
    role: str,
    *,
    at: int,
    family: str = "",
    uscc: str = "",
    suite: str = "ed25519",
    passphrase_file: Path | None = None,
) -> NewKey:
    """Make the next key file of a role and suite; ``family``: needed for ``log`` and ``heartbeat``, for a record key
    those records alone; ``uscc``: whose key it is, for ``authority``. ``at``: now, s.

    Raises ``CannotRun`` ``key.task`` for what this node has no key for, and as ``keyfiles`` does.
    """
    place, roster = place_of(config)
    stem, task = _task(place, role, family, uscc)
    keys = KeyFolder(place, lambda: roster)
    path, vkey = make(place, stem, task, suite, passphrase_file)
    begins, ends = _window(roster, task, keys, stem, at)
    families = [family] if family else sorted(place.origins)
    entry = {
        "role": role,
        "vkey": vkey,
        "families": families,
        "not_before": _instant(begins),
        "not_after": _instant(ends),
    }
    return NewKey(path, entry, _setting(path, passphrase_file, place.passphrases.of(path.stem)))


def make(
    place: KeyPlace, stem: str, task: Task, suite: str = "ed25519", passphrase_file: Path | None = None
) -> tuple[Path, str]:
    """Make the next key file of a task and suite, and answer it with its verifier key; it waits until the roster names
    it.
    """
    first = stem + SUFFIXES[suite]
    taken = (suite_and_number(path) for path in place.files().get(stem, ()))
    numbers = [number for of, number in taken if of == suite]
    path = place.folder / (f"{first}-{max(numbers) + 1}.pem" if numbers else f"{first}.pem")
    keyfiles.generate(path, suite, passphrase_file=passphrase_file or place.passphrases.of(path.stem))
    readable = replace(place, passphrases=place.passphrases.with_key(path.stem, passphrase_file))
    return path, load(readable, path, task).key.text()


def listed(config: Config, *, at: int, refused: Collection[bytes] = ()) -> Listing:
    """Every key file and what the roster in force says of it at this instant (s); ``refused``: as for a node."""
    place, roster = place_of(config)
    keys = KeyFolder(place, lambda: roster, frozenset(refused))
    rows = tuple(_row(keys, roster, each, at) for each in keys.files())
    known = {row.file for row in rows}
    other = sorted(path.name for path in place.folder.glob("*.pem") if path.name not in known)
    missing = [
        CannotRun("key.missing", f"{place.folder / stem}.pem is missing")
        for stem, files in place.files().items()
        if not files
    ]
    lacking = (*missing, *keys.faults(at, SEALING_ROLES), *keys.warnings(at))
    return Listing(format_time(at * 1000), roster.version, rows, tuple(other), lacking)


def encrypt(files: Sequence[Path], passphrase_file: Path, old: Path | None) -> None:
    """Encrypt key files, or change their passphrase. Raises ``CannotRun`` as ``keyfiles.encrypt`` does."""
    for path in files:
        keyfiles.encrypt(path, passphrase_file=passphrase_file, old_passphrase_file=old)


def _setting(path: Path, given: Path | None, named: Path | None) -> str:
    """What the node's settings must say so that it can read the file; empty: they say it already."""
    if given is None or given.absolute() == named:
        return ""
    return f'[keys.passphrase_files]\n"{path.stem}" = "{given.absolute()}"'


def place_of(config: Config) -> tuple[KeyPlace, Roster]:
    """Where a node's keys lie, and the roster in force."""
    roster = trusted.load(config.shown_trust, config.shown_schemas).roster
    own = roster.jurisdictions.get(config.jurisdiction)
    if own is None:
        raise CannotRun("roster.not_in", f"the roster in {config.trust} has no jurisdiction {config.jurisdiction!r}")
    origins = {entry.family: entry.origin for entry in own.logs if entry.ended is None}
    return KeyPlace(config.keys, roster.network, own.id, origins, config.passphrases), roster


def _task(place: KeyPlace, role: str, family: str, uscc: str) -> tuple[str, Task]:
    if (role == AUTHORITY) != (uscc_error(uscc) is None):
        raise CannotRun("key.task", f"an authority's key, and no other, takes its USCC: {uscc!a} with {role}")
    if role == AUTHORITY and not family:
        return place.authority(uscc)
    stem = f"{role}-{family}" if role in LOG_ROLES else role
    tasks = dict(place.needed())
    families = ", ".join(sorted(place.origins))
    if stem not in tasks or (family and family not in place.origins):
        raise CannotRun("key.task", f"no key {stem!r} is needed here: roles {', '.join(ROLES)}; families {families}")
    return stem, tasks[stem]


def _window(roster: Roster, task: Task, keys: KeyFolder, stem: str, at: int) -> tuple[int, int]:
    end = keyring.runs_out(roster, task, keys.held(stem), at)
    begins = at - BEHIND_S if end is None else min(at + AHEAD_S, end)
    return begins, begins + YEARS_S


def _instant(seconds: int) -> str:
    return format_time(seconds * 1000).replace(".000Z", "Z")


def _row(keys: KeyFolder, roster: Roster, file: KeyFile, at: int) -> KeyRow:
    task, fault = file.task, "" if file.fault is None else file.fault.message
    if file.signer is None:
        return KeyRow(task.role, task.family, file.path.name, "", "unreadable", fault=fault)
    found = keyring.entry(roster, task, file.signer)
    row = KeyRow(
        role=task.role,
        family=task.family,
        file=file.path.name,
        vkey=file.signer.key.text(),
        says=keyring.standing(found, ANY, at).value,
        signs=tuple(
            each.family
            for stem, each in keys.place.signing()
            if stem == file.stem and file.signer in keyring.choose(roster, each, keys.held(stem), at)
        ),
        fault=fault,
    )
    if found is None:
        return row
    left = (found.not_after - at) // DAY_S if row.says != Standing.REVOKED else None
    return replace(
        row, not_before=_instant(found.not_before), not_after=_instant(found.not_after), days_left=left
    )
