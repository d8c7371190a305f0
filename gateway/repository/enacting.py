"""When is a proposal in force? When enough have signed it, and its files lie in the repository in an order that no kill
can make unreadable.

Thresholds: targets by the root in force and by the next; a next root by both as well. Order: targets,
``N.targets.json``, ``N.snapshot.json`` (nobody reads these yet), ``timestamp.json`` (now the new targets are read, by
the old root and by the new alike), and ``N.root.json`` last. Each is written to a new file, synced and renamed;
publishing the same proposal again goes on where a kill ended it.

>>> publish(Path("trust-repository"), proposal, signatures, [online], now=1795400000)
Done(root=1, targets=8, snapshot=8, timestamp=31, seamless=True)
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from securesystemslib.signer import Signature, Signer
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, Timestamp
from tuf.api.serialization.json import JSONSerializer

from gateway.errors import CannotRun, Refused
from gateway.repository import laws, published
from gateway.repository.charter import Charter, SignedT, canonical, instant, seconds
from gateway.repository.drafting import DAY_S
from gateway.repository.layout import METADATA, SNAPSHOT, TARGETS, TIMESTAMP_FILE, metadata_file, target_file
from gateway.repository.proposals import Proposal
from gateway.repository.published import Published
from gateway.repository.rolekeys import SHORT, RoleKey
from gateway.repository.signatures import Signatures, counted

LOCK = ".lock"
_JSON = JSONSerializer()


@dataclass(frozen=True, slots=True)
class Step:
    """One file of the repository to be written."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """Versions in force. ``seamless``: False where clients between two files saw an online signature by a key that
    their root does not know (a lost online key was replaced); they keep what they have until the next refresh.
    """

    root: int
    targets: int
    snapshot: int
    timestamp: int
    seamless: bool = True


@dataclass(frozen=True, slots=True)
class Tally:
    """Who has signed, who could, and how many signatures each threshold lacks."""

    signed: tuple[RoleKey, ...]
    unsigned: tuple[RoleKey, ...]
    missing: int


def electorate(state: Published | None, proposal: Proposal) -> dict[str, RoleKey]:
    """Who may sign a proposal, by key id: the keys of the charter in force and of the proposed one."""
    charters = [state.charter if state is not None else None, proposal.charter]
    return {key.keyid: key for charter in charters if charter is not None for key in charter.keys}


def tally(state: Published | None, proposal: Proposal, given: Iterable[Signatures]) -> Tally:
    """Count signatures against every threshold. Raises ``Refused`` as ``signatures.counted`` does."""
    known = electorate(state, proposal)
    counting = counted(proposal, given, known)
    missing = max((_missing(root, proposal, counting) for root in _roots(state, proposal)), default=1)
    signed = tuple(known[keyid] for keyid in counting)
    return Tally(signed, tuple(key for keyid, key in known.items() if keyid not in counting), missing)


def _roots(state: Published | None, proposal: Proposal) -> list[Root]:
    roots = [state.root if state is not None else None, proposal.root]
    return [root for root in roots if root is not None]


def _missing(root: Root, proposal: Proposal, counting: Mapping[str, Signatures]) -> int:
    """How many more must sign for this root's thresholds, over every payload."""
    return max(
        root.get_verification_result(role, payload, _by_key(role, counting)).missing
        for role, payload in proposal.payloads.items()
    )


def _by_key(role: str, counting: Mapping[str, Signatures]) -> dict[str, Signature]:
    return {keyid: each.of(role) for keyid, each in counting.items()}


def publish(
    folder: Path, proposal: Proposal, given: Iterable[Signatures], online: Sequence[Signer], *, now: int
) -> Done:
    """Put a proposal in force, or go on where a kill ended that.

    Raises ``Refused``: what ``laws.check`` and ``signatures.counted`` raise, ``trust.threshold``, ``trust.online_key``;
    ``CannotRun``: ``trust.busy``, ``trust.io``.
    """
    with _locked(folder):
        state = published.read(folder)
        made, done = prepared(state, proposal, given, online, now=now)
        write(folder, made)
    return done


def prepared(
    state: Published | None, proposal: Proposal, given: Iterable[Signatures], online: Sequence[Signer], *, now: int
) -> tuple[list[Step], Done]:
    """The files to write, in their order; checks everything that ``publish`` does, and writes nothing."""
    begun = state is not None and canonical(state.targets) == proposal.payloads[TARGETS]
    if state is not None and stands(state, proposal):
        return [], _versions(state)
    if not begun:
        laws.check(state, proposal, now)
    elif state is not None and (proposal.base is None or state.base.root != proposal.base.root):
        raise laws.stale(state, proposal)
    counting = _enough(state, proposal, given)
    root = [] if proposal.root is None else [_signed(proposal.root, counting)]
    if state is not None and begun:
        return root, _versions(state, root=state.root.version + 1)
    before, charter = _charters(state, proposal)
    signers, seamless = _online(before, charter, online)
    snapshot, timestamp = _heads(state, proposal.targets.version, charter, now)
    files = [Step(f"{TARGETS}/{target_file(path, content)}", content) for path, content in proposal.files.items()]
    heads = [_signed(proposal.targets, counting), _stamped(snapshot, signers), _stamped(timestamp, signers)]
    order = [*files, *root, *heads] if state is None else [*files, *heads, *root]
    version = proposal.root.version if proposal.root is not None else state.root.version if state is not None else 1
    return order, Done(version, proposal.targets.version, snapshot.version, timestamp.version, seamless)


def stands(state: Published, proposal: Proposal) -> bool:
    """Whether a proposal is in force, whole."""
    root = proposal.root is None or canonical(state.root) == canonical(proposal.root)
    return root and canonical(state.targets) == proposal.payloads[TARGETS]


def _versions(state: Published, root: int | None = None) -> Done:
    return Done(root or state.root.version, state.targets.version, state.snapshot.version, state.timestamp.version)


def _charters(state: Published | None, proposal: Proposal) -> tuple[Charter, Charter]:
    """The charter in force before, and after."""
    after = proposal.charter or (state.charter if state is not None else None)
    if after is None:
        raise Refused("trust.form", "the first proposal has no root", zh="首个提案缺少根元数据")
    return state.charter if state is not None else after, after


def _enough(state: Published | None, proposal: Proposal, given: Iterable[Signatures]) -> dict[str, Signatures]:
    given = list(given)
    found = tally(state, proposal, given)
    if found.missing:
        signed, unsigned = ([key.told() for key in keys] for keys in (found.signed, found.unsigned))
        raise Refused(
            "trust.threshold",
            f"{found.missing} more must sign; signed: {', '.join(signed) or 'nobody'};"
            f" not yet: {', '.join(unsigned) or 'nobody'}",
            zh=f"还差 {found.missing} 个签名；已签：{'、'.join(signed) or '无'}；未签：{'、'.join(unsigned) or '无'}",
        )
    return counted(proposal, given, electorate(state, proposal))


def _online(before: Charter, after: Charter, online: Sequence[Signer]) -> tuple[list[Signer], bool]:
    """The signers that some root knows, and whether each root knows one of them."""
    ids = {signer.public_key.keyid for signer in online}
    old, new = ({key.keyid for key in charter.online} & ids for charter in (before, after))
    if not new:
        names = ", ".join(key.told() for key in after.online)
        given = ", ".join(keyid[:SHORT] for keyid in sorted(ids)) or "none"
        raise Refused(
            "trust.online_key",
            f"an online key of the charter must sign ({names}); given: {given}",
            zh=f"须用章程中的在线密钥签署（{names}），所给为 {given}",
        )
    return [signer for signer in online if signer.public_key.keyid in old | new], bool(old)


def _heads(state: Published | None, targets: int, charter: Charter, now: int) -> tuple[Snapshot, Timestamp]:
    number = 1 if state is None else state.snapshot.version + 1
    snapshot = Snapshot(number, None, instant(now + charter.lives.snapshot * DAY_S), _meta(TARGETS, targets))
    return snapshot, _timestamp(state, number, charter, now)


def _timestamp(state: Published | None, snapshot: int, charter: Charter, now: int) -> Timestamp:
    number = 1 if state is None else state.timestamp.version + 1
    return Timestamp(number, None, instant(now + charter.lives.timestamp * DAY_S), MetaFile(snapshot))


def _meta(role: str, version: int) -> dict[str, MetaFile]:
    return {f"{role}.json": MetaFile(version)}


def _signed(signed: SignedT, counting: Mapping[str, Signatures]) -> Step:
    made = Metadata(signed, _by_key(signed.type, counting))
    return Step(metadata_file(signed.type, signed.version), made.to_bytes(_JSON))


def _stamped(signed: SignedT, signers: Sequence[Signer]) -> Step:
    made = Metadata(signed)
    for signer in signers:
        made.sign(signer, append=True)
    timestamp = f"{METADATA}/{TIMESTAMP_FILE}"
    name = metadata_file(SNAPSHOT, signed.version) if signed.type == SNAPSHOT else timestamp
    return Step(name, made.to_bytes(_JSON))


# Renewal


def is_due(state: Published, now: int) -> bool:
    """Whether half of the timestamp's or snapshot's life is over, or one no longer verifies."""
    lives = state.charter.lives
    old = seconds(state.timestamp) - now < lives.timestamp * DAY_S // 2
    return old or not state.timestamp_good or _snapshot_due(state, now)


def _snapshot_due(state: Published, now: int) -> bool:
    return not state.snapshot_good or seconds(state.snapshot) - now < state.charter.lives.snapshot * DAY_S // 2


def stamp(folder: Path, online: Sequence[Signer], *, now: int) -> Done:
    """A new timestamp, and a new snapshot when half of its life is over: what must be done every day, by one online
    key.

    Raises ``Refused``: ``trust.online_key``, ``trust.repository``; ``CannotRun``: ``trust.none_yet``, ``trust.busy``,
    ``trust.io``.
    """
    with _locked(folder):
        state = published.read(folder)
        if state is None:
            raise CannotRun("trust.none_yet", f"{folder}: nothing is published yet", zh=f"{folder} 尚无已发布内容")
        signers, _ = _online(state.charter, state.charter, online)
        if _snapshot_due(state, now):
            snapshot, timestamp = _heads(state, state.targets.version, state.charter, now)
            made, number = [_stamped(snapshot, signers)], snapshot.version
        else:
            made, number = [], state.snapshot.version
            timestamp = _timestamp(state, number, state.charter, now)
        write(folder, [*made, _stamped(timestamp, signers)])
    return Done(state.root.version, state.targets.version, number, timestamp.version)


# Disk


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One writer at a time."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotRun("trust.io", f"{folder}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun("trust.busy", f"{folder}: another program is publishing there") from None
        yield
    finally:
        os.close(descriptor)


def write(folder: Path, steps: Iterable[Step]) -> None:
    """Write the files in this order; each is whole and on the disk before the next begins. Raises ``CannotRun``
    ``trust.io``.
    """
    for step in steps:
        path = folder / step.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, step.content)
        except OSError as error:
            raise CannotRun("trust.io", f"{path}: {error.strerror}") from error


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
