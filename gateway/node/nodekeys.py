"""A node's signing keys: files in one folder, looked at anew while it runs, never shown (law 10).

`record.pem`, `log-<family>.pem`, `heartbeat-<family>.pem`, `witness.pem`, `verdict.pem`, their successors
`record-2.pem`, `record-3.pem`, …, and the same with SM2: `record-sm2.pem`, `record-sm2-2.pem`, …. At each signing the
roster in force says which of a task's keys sign (``trust.keyring``), one a suite; the file name says nothing of it. A
new file and a new roster are taken up without a restart. Example keys sign in the demo only, under whatever file name.

>>> keys = KeyFolder(KeyPlace(folder / "keys", "jjj.example", "sanhe", origins), roster=lambda: trust.current.roster)
>>> keys.record("licence").at(1795400000)
(Ed25519Signer(jjj.example/sanhe+1a2b3c4d), Sm2Signer(jjj.example/sanhe+5e6f7a8b))
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar, cast

import structlog

from gateway.errors import CannotRun
from gateway.instants import format_time
from gateway.node.config import NO_PASSPHRASES, Passphrases
from gateway.trust import keyfiles, keyring
from gateway.trust.keyring import Task
from gateway.trust.members import ANY
from gateway.trust.roster import Roster
from gateway.trust.suites import Cosigner, Signer, VerifierKey

NODE_ROLES = ("record", "witness", "verdict")
LOG_ROLES = ("log", "heartbeat")
SEALING_ROLES = ("record", *LOG_ROLES)
DATED_ROLES = frozenset({"heartbeat", "witness"})
SOON_S = 30 * 86_400
"""A task whose last key ends within so long is warned of."""

_FILE = re.compile(r"(?P<stem>[a-z]+(-[a-z][a-z_]*)?)(?P<suite>-sm2)?(-(?P<number>[1-9][0-9]{0,5}))?")
SUFFIXES: Mapping[str, str] = {"ed25519": "", "sm2": "-sm2"}
"""Suite → what follows the stem in the name of its key file."""
_S = TypeVar("_S", Signer, Cosigner)
AnySigner = Signer | Cosigner

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The two keys of one own log that sign at one instant; both bear the origin as their name. ``also``: the same two
    of another suite, if the log has both.
    """

    log: Signer
    heartbeat: Cosigner
    also: tuple[tuple[Signer, Cosigner], ...] = ()


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where the keys of a node lie, and whose they are. ``origins``: family → origin of each own log."""

    folder: Path
    network: str
    jurisdiction: str
    origins: Mapping[str, str]
    passphrases: Passphrases = NO_PASSPHRASES

    def tasks(self) -> Iterator[tuple[str, Task]]:
        """(file stem, task) of every key that the node needs; the record task once, for all families."""
        node = f"{self.network}/{self.jurisdiction}"
        for role in NODE_ROLES:
            yield role, Task(self.jurisdiction, role, node if role == "record" else f"{node}/{role}")
        for family, origin in self.origins.items():
            for role in LOG_ROLES:
                yield f"{role}-{family}", Task(self.jurisdiction, role, origin, family)

    def signing(self) -> Iterator[tuple[str, Task]]:
        """As ``tasks``, with a record task for each family: what must have a good key at every instant."""
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
        for stem, task in KeyPlace(Path(), network, jurisdiction, origins).tasks():
            yield stem + SUFFIXES[suite], task.role, task.family, task.name


def suite_and_number(path: Path) -> tuple[str, int]:
    """What the name of a key file says: ``("sm2", 2)`` for ``record-sm2-2.pem``; the key itself may say otherwise."""
    fits = _FILE.fullmatch(path.stem)
    if fits is None:
        return "ed25519", 1
    return "sm2" if fits["suite"] else "ed25519", int(fits["number"] or 1)


@dataclass(frozen=True, slots=True)
class Ring(Generic[_S]):
    """The keys of one task. Safe to ask from any thread."""

    task: Task
    _stem: str
    _folder: KeyFolder

    def at(self, seconds: int) -> tuple[_S, ...]:
        """The key of each suite that signs at this instant, Ed25519 first; at least one. Raises ``CannotRun``
        ``key.none_good``, naming what the roster says.
        """
        found = keyring.choose(self._folder.roster(), self.task, self._folder.held(self._stem), seconds)
        if not found:
            raise self._folder.none_good(self._stem, self.task, seconds)
        return cast(tuple[_S, ...], found)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key file when it was looked at last. ``signer``: what it held, or held before it could not be read any more;
    ``fault``: why it can't be read.
    """

    path: Path
    stem: str
    task: Task
    stamp: tuple[int, ...]
    signer: AnySigner | None = None
    fault: CannotRun | None = None


@dataclass(slots=True)
class KeyFolder:
    """The keys of a running node. ``roster``: the one in force, asked at each signing; ``refused``: public keys that
    may not sign here. A file that can't be read is no error here, but for who ``open``s the folder to sign.
    """

    place: KeyPlace
    roster: Callable[[], Roster]
    refused: frozenset[bytes] = frozenset()
    _read: Mapping[Path, KeyFile] = field(default_factory=dict)
    _held: Mapping[str, tuple[AnySigner, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._look()

    @classmethod
    def open(cls, place: KeyPlace, roster: Callable[[], Roster], refused: frozenset[bytes]) -> KeyFolder:
        """The folder of a node that is to sign. Raises ``CannotRun`` ``key.*`` for a task without a file, and for every
        file that can't be used.
        """
        keys = cls(place, roster, refused)
        for stem, files in place.files().items():
            if not files:
                raise CannotRun("key.missing", f"{place.folder / stem}.pem is missing")
        for fault in keys.unusable():
            raise fault
        return keys

    def files(self) -> list[KeyFile]:
        """Every key file, by task, the highest number first."""
        return list(self._read.values())

    def record(self, family: str) -> Ring[Signer]:
        """The keys that sign records of a family."""
        return self._ring("record", family)

    @property
    def witness(self) -> Ring[Cosigner]:
        """The keys that cosign partners' checkpoints."""
        return self._ring("witness")

    @property
    def verdict(self) -> Ring[Signer]:
        """The keys that sign verification slips."""
        return self._ring("verdict")

    def log(self, family: str, seconds: int) -> LogKeys:
        """The pairs that sign a statement of an own log dated so. Raises ``CannotRun`` ``key.none_good``."""
        signs: Ring[Signer] = self._ring(f"log-{family}")
        dates: Ring[Cosigner] = self._ring(f"heartbeat-{family}")
        (log_key, *logs), (heartbeat, *heartbeats) = signs.at(seconds), dates.at(seconds)
        return LogKeys(log_key, heartbeat, tuple(zip(logs, heartbeats, strict=False)))

    def held(self, stem: str) -> tuple[AnySigner, ...]:
        """Every usable key of a file stem, the highest number first, whatever the roster says of it."""
        return self._held.get(stem, ())

    def verifiers(self, family: str) -> list[VerifierKey]:
        """Public halves of every log and heartbeat key of a family at hand."""
        return [signer.key for role in LOG_ROLES for signer in self.held(f"{role}-{family}")]

    def faults(self, seconds: int, roles: Sequence[str]) -> list[CannotRun]:
        """What can't be signed in these roles at this instant."""
        return [
            self.none_good(stem, task, seconds)
            for stem, task in self.place.signing()
            if task.role in roles and not keyring.choose(self.roster(), task, self.held(stem), seconds)
        ]

    def unusable(self) -> list[CannotRun]:
        """Why key files can't be read, one fault a file."""
        return [found.fault for found in self._read.values() if found.fault is not None]

    def ends(self, seconds: int) -> Iterator[tuple[Task, int | None]]:
        """(task, last second up to which it has a good key from now on; None: it has none)."""
        for stem, task in self.place.signing():
            yield task, keyring.runs_out(self.roster(), task, self.held(stem), seconds)

    def warnings(self, seconds: int) -> list[CannotRun]:
        """What does not stop sealing: tasks whose last key ends within 30 days, slips and cosignatures that can't be
        signed, files that could not be taken up.
        """
        silent = self.faults(seconds, ("witness", "verdict"))
        ending = [
            CannotRun(
                "key.ending",
                f"the last key for {task} ends at {format_time(end * 1000)}; make its successor with"
                f" `jjj-gateway keys new DIR --role {task.role}` and have it entered in the roster",
            )
            for task, end in self.ends(seconds)
            if end is not None and end - seconds < SOON_S
        ]
        return [*silent, *ending, *self.unusable()]

    def refresh(self) -> None:
        """Look at the folder again: new and changed files are taken up; what is gone signs no more; what can't be read
        any more goes on as it was, and is warned of.
        """
        before = {str(fault) for fault in self.unusable()}
        held = self._held
        self._look()
        for fault in self.unusable():
            if str(fault) not in before:
                log.error("keys.refused", reason=fault.reason, message=fault.message)
        if held != self._held:
            log.info("keys.taken", keys={stem: [repr(key) for key in found] for stem, found in self._held.items()})

    def none_good(self, stem: str, task: Task, seconds: int) -> CannotRun:
        """Why nothing is signed for a task: what the roster says of its keys, and the command that helps."""
        said = keyring.described(self.roster(), task, self.held(stem), seconds)
        of_family = f" --family {task.family}" if task.role in LOG_ROLES else ""
        return CannotRun(
            "key.none_good",
            f"no key for {task} is good at {format_time(seconds * 1000)} by roster version {self.roster().version}:"
            f" {said}. See `jjj-gateway keys list CONFIG`; make one with `jjj-gateway keys new DIR --role"
            f" {task.role}{of_family}` and have it entered in the roster",
        )

    def _ring(self, stem: str, family: str = ANY) -> Ring[_S]:
        task = next(task for each, task in self.place.tasks() if each == stem)
        if task.role == "record":
            task = Task(task.jurisdiction, task.role, task.name, family)
        return Ring(task, stem, self)

    def _look(self) -> None:
        """Read what is new or has changed; what stands is replaced whole, because other threads choose from it."""
        tasks = dict(self.place.tasks())
        read: dict[Path, KeyFile] = {}
        held: dict[str, tuple[AnySigner, ...]] = {}
        for stem, files in self.place.files().items():
            for path in files:
                read[path] = self._file(path, stem, tasks[stem])
            signers = (read[path].signer for path in files)
            held[stem] = tuple(signer for signer in signers if signer is not None)
        self._read, self._held = read, held

    def _file(self, path: Path, stem: str, task: Task) -> KeyFile:
        stamp = _stamp(path)
        known = self._read.get(path)
        if known is not None and known.stamp == stamp and known.fault is None:
            return known
        try:
            return KeyFile(path, stem, task, stamp, load(self.place, path, task, self.refused))
        except CannotRun as fault:
            return KeyFile(path, stem, task, stamp, known.signer if known is not None else None, fault)


def load(place: KeyPlace, path: Path, task: Task, refused: frozenset[bytes] = frozenset()) -> AnySigner:
    """One key file as signer for its task. Raises ``CannotRun`` ``key.*``; ``key.example`` for a key of ``refused``."""
    make = keyfiles.load_cosigner if task.role in DATED_ROLES else keyfiles.load_signer
    signer: AnySigner = make(path, task.name, passphrase_file=place.passphrases.of(path.stem))
    if signer.key.raw in refused:
        raise CannotRun(
            "key.example",
            f"{path} holds an example key, which anybody has; they sign in the demo only."
            " Make this node's own: `jjj-gateway init DIR --jurisdiction ID`, or `jjj-gateway keys new`",
        )
    return signer


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
