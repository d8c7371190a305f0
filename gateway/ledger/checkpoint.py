"""How large is that log, with which root, since when does its owner say it? (C2SP tlog-checkpoint; law 8.)

    jjj.example/sanhe/licence⏎
    812⏎
    qqvOqqO8…=⏎
    ⏎
    — jjj.example/sanhe/licence <log key, type 01>⏎
    — jjj.example/sanhe/licence <log key, SM2, where the log has one>⏎
    — jjj.example/sanhe/licence <heartbeat key, type 04: dated>⏎
    — jjj.example/sanhe/licence <heartbeat key, SM2, dated, where the log has one>⏎
    — jjj.example/tongzhou/witness <type 04>⏎

A log is known by the origin that *we* configured, never by what a note says of itself. Pure: dates are
arguments.

>>> tree = Checkpoint("jjj.example/sanhe/licence", 812, root)
>>> note = sign(tree, log_signer, heartbeat_signer, date=1795400000)
>>> signed = read(note, "jjj.example/sanhe/licence", keys)
>>> signed.checkpoint.size, signed.date
(812, 1795400000)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.errors import Refused
from gateway.ledger.merkle import EMPTY_ROOT, HASH_SIZE
from gateway.trust import notes
from gateway.trust.canonical import decode_base64, decode_decimal, encode_base64
from gateway.trust.members import Policy
from gateway.trust.notes import Identity, Verified
from gateway.trust.suites import Cosigner, Signer, VerifierKey

MAX_SIZE = 2**53 - 1
MAX_LINES = 128
MAX_NOTE = 65_535  # what the frame of a history file holds
MAX_OWNED_LINES, MAX_OWNED = 16, 8_192  # of the owner: else what anybody adds in its name leaves witnesses no room
MAX_DATE = 253_402_300_799  # the last second of the year 9999


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: ``size`` in leaves, at most 2^53-1; 32 bytes of ``root``. Else ``checkpoint.form``."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin:
            raise Refused("checkpoint.form", "the origin is empty or goes over two lines")
        if not 0 <= self.size <= MAX_SIZE:
            raise Refused("checkpoint.form", f"the size {self.size} is not from 0 to {MAX_SIZE}")
        if len(self.root) != HASH_SIZE or (self.size == 0 and self.root != EMPTY_ROOT):
            raise Refused("checkpoint.form", "the root is not 32 bytes, or at size 0 not the empty tree's")

    def text(self) -> bytes:
        """The three lines that are signed."""
        return b"%b\n%d\n%b\n" % (self.origin.encode(), self.size, encode_base64(self.root))


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose log signature holds, with every line of a known key, each verified.

    ``note``: the bytes as received. ``date``: the newest of the owner's own cosignatures, seconds; None if
    there is none.
    """

    checkpoint: Checkpoint
    note: bytes
    date: int | None
    lines: tuple[Verified, ...]

    @property
    def cosignatures(self) -> tuple[tuple[str, bytes, int], ...]:
        """(key name, key id, seconds) of each verified cosignature, the owner's among them, as they stand."""
        return tuple((v.line.name, v.line.key_id, v.time) for v in self.lines if v.time is not None)


def parse_text(text: bytes) -> Checkpoint:
    """Read a note's text as a checkpoint without extension lines. Raises ``Refused`` ``checkpoint.form``."""
    parts = text.split(b"\n")
    if len(parts) != 4 or parts[3]:
        raise Refused("checkpoint.form", "not exactly three lines: origin, size, root")
    size, root = decode_decimal(parts[1], MAX_SIZE), decode_base64(parts[2])
    if size is None or root is None:
        raise Refused("checkpoint.form", "size or root is not in its one spelling, or the size is too large")
    try:
        origin = parts[0].decode()
    except UnicodeDecodeError:
        raise Refused("checkpoint.form", "the origin is not UTF-8") from None
    return Checkpoint(origin, size, root)


def owned(note: bytes) -> bytes:
    """The checkpoint as its owner signed it: text and lines under the origin's name as they stand, without cosignatures
    of others. Raises ``Refused`` ``note.*``, also for over 16 lines or 8,192 bytes under that name, and ``key.unknown``
    for none.
    """
    parsed = notes.parse(note, MAX_LINES, max_size=MAX_NOTE)
    origin = parsed.text.partition(b"\n")[0]
    lines = [line.raw for line in parsed.lines if line.name.encode() == origin]
    if not lines:
        raise Refused("key.unknown", f"no line by the owner of {origin.decode()[:80]!a}")
    if len(lines) > MAX_OWNED_LINES or sum(len(line) for line in lines) > MAX_OWNED:
        raise Refused("note.lines", f"over {MAX_OWNED_LINES} lines, or {MAX_OWNED} bytes, in the owner's name")
    return note if len(lines) == len(parsed.lines) else b"%b\n%b" % (parsed.text, b"".join(lines))


def read(
    note: bytes,
    origin: str,
    keys: Mapping[Identity, VerifierKey],
    *,
    require_date: bool = False,
    policy: Policy | None = None,
) -> SignedCheckpoint:
    """Judge a checkpoint note for OUR configured origin, with the keys that may sign it (witnesses too).

    A log's line (name = origin, not dated) must stand and hold; the owner's cosignatures (dated, name = origin)
    give the date: the newest that counts under the policy. From the policy's instant on a log's line must count
    too. Lines of other keys are passed over; whether a key was good at the date is for the caller to say. Raises
    ``Refused``: ``note.*``, ``checkpoint.form``, ``checkpoint.origin``, ``signature.invalid``, ``key.unknown`` (no
    line of the log's key), ``checkpoint.date`` (after the year 9999), ``suite.gm_missing``, and with
    ``require_date`` ``checkpoint.no_date``.
    """
    parsed = notes.parse(note, MAX_LINES, max_size=MAX_NOTE)
    checkpoint = parse_text(parsed.text)
    if checkpoint.origin != origin:
        raise Refused("checkpoint.origin", f"it is of {checkpoint.origin[:80]!a}, not of {origin}")
    lines = notes.verify(parsed, keys)
    owned = [found for found in lines if found.key.name == origin]
    if all(found.key.suite.dated for found in owned):
        raise Refused("key.unknown", f"no line by a known log key of {origin}")
    if any(found.time is not None and found.time > MAX_DATE for found in lines):
        raise Refused("checkpoint.date", f"a cosignature for {origin} is dated after the year 9999")
    date = _date(owned, origin, policy)
    if require_date and date is None:
        raise Refused("checkpoint.no_date", f"no dated cosignature by the owner of {origin}")
    return SignedCheckpoint(checkpoint, note, date, lines)


def _date(owned: Sequence[Verified], origin: str, policy: Policy | None) -> int | None:
    """The newest of the owner's dates; under a policy the newest that counts, with a log's line that counts then.

    An Ed25519 date from the policy's instant on does not date anything: else who could forge only that would make
    an old statement young.
    """
    dates = [(found.time, found.key) for found in owned if found.time is not None]
    counted = [time for time, key in dates if policy is None or policy.counts(key, time)]
    date = max(counted, default=None)
    if policy is None or not dates:
        return date
    if date is None or not any(policy.counts(found.key, date) for found in owned if found.time is None):
        raise Refused("suite.gm_missing", f"no SM2 signature by the owner of {origin}, which the policy requires")
    return date


def cosign(text: bytes, signer: Cosigner, date: int) -> bytes:
    """A signature line, with its newline, that dates and cosigns a checkpoint's text. ``date``: seconds."""
    return notes.line(signer.name, signer.key.key_id, signer.cosign(text, date))


def sign(
    checkpoint: Checkpoint,
    log_signer: Signer,
    heartbeat_signer: Cosigner,
    date: int,
    *also: tuple[Signer, Cosigner],
) -> bytes:
    """The note of a seal or a heartbeat: text, the log's line, the owner's cosignature line. ``date``: seconds;
    ``also``: the same two of another suite, whose lines stand behind.

    ``ValueError`` if one of the signers does not bear the origin as its name.
    """
    logs = [log_signer, *(log for log, _ in also)]
    heartbeats = [heartbeat_signer, *(heartbeat for _, heartbeat in also)]
    _check_owner(checkpoint, *(log.key for log in logs), *(heartbeat.key for heartbeat in heartbeats))
    text = checkpoint.text()
    return notes.sign(text, *logs) + b"".join(cosign(text, heartbeat, date) for heartbeat in heartbeats)


def _check_owner(checkpoint: Checkpoint, *keys: VerifierKey) -> None:
    for key in keys:
        if key.name != checkpoint.origin:
            raise ValueError(f"{key.name} does not sign for the log {checkpoint.origin}")
