"""Which key files does a node need, under which names, and whose are they? (DESIGN §3b)

`record.pem`, `log-<family>.pem`, `heartbeat-<family>.pem`, `witness.pem`, `verdict.pem`, `authority-<USCC>.pem` for
each issuing authority that leaves its signing to the node; their successors `record-2.pem`, `record-3.pem`, …; and the
same with SM2: `record-sm2.pem`, `record-sm2-2.pem`, …. The name says what a file is for, and nothing of when it signs.

>>> [stem for stem, *_ in names("jjj.example", "sanhe", ["licence"], ["ed25519", "sm2"])]
['record', 'witness', 'verdict', 'log-licence', 'heartbeat-licence', 'record-sm2', …]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.node.config import NO_PASSPHRASES, Passphrases
from gateway.records.identifiers import uscc_error
from gateway.trust.keyring import Task

AUTHORITY = "authority"
NODE_ROLES = ("record", "witness", "verdict")
LOG_ROLES = ("log", "heartbeat")
SEALING_ROLES = ("record", *LOG_ROLES)
DATED_ROLES = frozenset({"heartbeat", "witness"})

_FILE = re.compile(r"(?P<stem>[a-z]+(-[a-z][a-z_]*|-[0-9A-Z]{18})?)(?P<suite>-sm2)?(-(?P<number>[1-9][0-9]{0,5}))?")
SUFFIXES: Mapping[str, str] = {"ed25519": "", "sm2": "-sm2"}
"""Suite → what follows the stem in the name of its key file."""


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where the keys of a node lie, and whose they are. ``origins``: family → origin of each own log."""

    folder: Path
    network: str
    jurisdiction: str
    origins: Mapping[str, str]
    passphrases: Passphrases = NO_PASSPHRASES

    def tasks(self) -> Iterator[tuple[str, Task]]:
        """(file stem, task) of every key that the node needs, and of every authority that a key file stands for."""
        yield from self.needed()
        for uscc in sorted({uscc for path in self.folder.glob(f"{AUTHORITY}-*.pem") if (uscc := uscc_of(path))}):
            yield self.authority(uscc)

    def authority(self, uscc: str) -> tuple[str, Task]:
        """(file stem, task) of the key of an authority that leaves its signing to the node."""
        name = f"{self.network}/{self.jurisdiction}/{AUTHORITY}/{uscc}"
        return f"{AUTHORITY}-{uscc}", Task(self.jurisdiction, AUTHORITY, name)

    def needed(self) -> Iterator[tuple[str, Task]]:
        """(file stem, task) of every key without which the node can't run; the record task once, for all families."""
        node = f"{self.network}/{self.jurisdiction}"
        for role in NODE_ROLES:
            yield role, Task(self.jurisdiction, role, node if role == "record" else f"{node}/{role}")
        for family, origin in self.origins.items():
            for role in LOG_ROLES:
                yield f"{role}-{family}", Task(self.jurisdiction, role, origin, family)

    def signing(self) -> Iterator[tuple[str, Task]]:
        """As ``tasks``, with a record task for each family: what a good key signs for at every instant."""
        for stem, task in self.tasks():
            if task.role != "record":
                yield stem, task
            for family in self.origins if task.role == "record" else ():
                yield stem, Task(task.jurisdiction, task.role, task.name, family)

    def files(self) -> dict[str, list[Path]]:
        """File stem → key files of that task, the highest number first. Other files in the folder are not looked at."""
        found: dict[str, list[tuple[int, Path]]] = {stem: [] for stem, _ in self.tasks()}
        for path in self.folder.glob("*.pem"):
            fits = _FILE.fullmatch(path.stem)
            if fits is not None and fits["stem"] in found:
                found[fits["stem"]].append((int(fits["number"] or 1), path))
        return {stem: [path for _, path in sorted(each, reverse=True)] for stem, each in found.items()}


def names(
    network: str, jurisdiction: str, families: Sequence[str], suites: Sequence[str] = ("ed25519",)
) -> Iterator[tuple[str, str, str, str]]:
    """(file stem, role, family or "*", key name) of every key that a new node with these suites has (DESIGN §3b)."""
    origins = {family: f"{network}/{jurisdiction}/{family}" for family in families}
    for suite in suites:
        for stem, task in KeyPlace(Path(), network, jurisdiction, origins).needed():
            yield stem + SUFFIXES[suite], task.role, task.family, task.name


def suite_and_number(path: Path) -> tuple[str, int]:
    """What the name of a key file says: ``("sm2", 2)`` for ``record-sm2-2.pem``; the key itself may say otherwise."""
    fits = _FILE.fullmatch(path.stem)
    if fits is None:
        return "ed25519", 1
    return "sm2" if fits["suite"] else "ed25519", int(fits["number"] or 1)


def uscc_of(path: Path) -> str:
    """Of the authority whose key file this is; empty: it is none's."""
    fits = _FILE.fullmatch(path.stem)
    uscc = fits["stem"].removeprefix(f"{AUTHORITY}-") if fits is not None else ""
    return uscc if uscc_error(uscc) is None else ""
