"""A node's signing keys: files in one folder, looked at anew while it runs, never shown (law 10).

Any number of files a task, named as ``keyplace`` says: at each signing the roster in force says which of a task's keys
sign (``trust.keyring``), one a suite. A new file and a new roster are taken up without a restart. Example keys sign in
the demo only, under whatever file name.

>>> keys = KeyFolder(KeyPlace(folder / "keys", "jjj.example", "sanhe", origins), roster=lambda: trust.current.roster)
>>> keys.record("licence").at(1795400000)
(Ed25519Signer(jjj.example/sanhe+1a2b3c4d), Sm2Signer(jjj.example/sanhe+5e6f7a8b))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar, cast

import structlog

from gateway.errors import CannotRun
from gateway.instants import format_time
from gateway.node.keyplace import AUTHORITY, DATED_ROLES, LOG_ROLES, KeyPlace, uscc_of
from gateway.trust import keyfiles, keyring
from gateway.trust.keyring import Task
from gateway.trust.members import ANY
from gateway.trust.roster import Roster
from gateway.trust.suites import Cosigner, Signer, VerifierKey

SOON_S = 30 * 86_400
"""A task whose last key ends within so long is warned of."""

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
        for path in place.folder.glob(f"{AUTHORITY}-*.pem"):
            if not uscc_of(path):
                raise CannotRun("key.file_form", f"{path}: its name bears no unified social credit code")
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
        logs, heartbeats = signs.at(seconds), dates.at(seconds)
        alike = [(one, two) for one in logs for two in heartbeats if one.key.suite.gm is two.key.suite.gm]
        first, *also = alike or [(logs[0], heartbeats[0])]
        return LogKeys(*first, tuple(also))

    def authorities(self, seconds: int) -> Mapping[str, tuple[Signer, ...]]:
        """By USCC, which keys sign for an authority at this instant; one that is not good then where none is: what it
        would sign is refused by name, not logged without its signature.
        """
        found: dict[str, tuple[Signer, ...]] = {}
        for stem, held in self._held.items():
            if stem.startswith(f"{AUTHORITY}-") and held:
                uscc = stem.removeprefix(f"{AUTHORITY}-")
                task = self.place.authority(uscc)[1]
                chosen = keyring.choose(self.roster(), task, held, seconds) or held[:1]
                found[uscc] = cast(tuple[Signer, ...], chosen)
        return found

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
                f" `jjj-gateway keys new DIR {_options(task)}` and have it entered in the roster",
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
        return CannotRun(
            "key.none_good",
            f"no key for {task} is good at {format_time(seconds * 1000)} by roster version {self.roster().version}:"
            f" {said}. See `jjj-gateway keys list CONFIG`; make one with `jjj-gateway keys new DIR"
            f" {_options(task)}` and have it entered in the roster",
        )

    def _ring(self, stem: str, family: str = ANY) -> Ring[_S]:
        task = next(task for each, task in self.place.needed() if each == stem)
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


def _options(task: Task) -> str:
    """What `keys new` is told of a task."""
    if task.role in LOG_ROLES:
        return f"--role {task.role} --family {task.family}"
    uscc = f" --uscc {task.name.rpartition('/')[2]}" if task.role == AUTHORITY else ""
    return f"--role {task.role}{uscc}"


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
