"""How large is that log, with which root, since when does its owner say it? (C2SP tlog-checkpoint; law 8.)

    jjj.example/sanhe/licence⏎
    812⏎
    qqvOqqO8…=⏎
    ⏎
    — jjj.example/sanhe/licence <log key, type 01>⏎
    — jjj.example/sanhe/licence <heartbeat key, type 04: dated>⏎
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

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import Refused
from gateway.ledger.merkle import EMPTY_ROOT, HASH_SIZE
from gateway.trust import notes
from gateway.trust.canonical import decode_base64, decode_decimal, encode_base64
from gateway.trust.notes import Identity, Verified
from gateway.trust.suites import COSIGNATURE, ED25519, Cosigner, Signer, VerifierKey

MAX_SIZE = 2**53 - 1
MAX_LINES = 128
MAX_NOTE = 65_535  # what the frame of a history file holds
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


def read(
    note: bytes, origin: str, keys: Mapping[Identity, VerifierKey], *, require_date: bool = False
) -> SignedCheckpoint:
    """Judge a checkpoint note for OUR configured origin, with the keys that may sign it (witnesses too).

    The log's line (type 01, name = origin) must stand and hold; the owner's cosignatures (type 04, name =
    origin) give the date. Lines of other keys are passed over; whether a key was good at the date is for the
    caller to say. Raises ``Refused``: ``note.*``, ``checkpoint.form``, ``checkpoint.origin``,
    ``signature.invalid``, ``key.unknown`` (no line of the log's key), ``checkpoint.date`` (after the year
    9999), and with ``require_date`` ``checkpoint.no_date``.
    """
    parsed = notes.parse(note, MAX_LINES, max_size=MAX_NOTE)
    checkpoint = parse_text(parsed.text)
    if checkpoint.origin != origin:
        raise Refused("checkpoint.origin", f"it is of {checkpoint.origin[:80]!a}, not of {origin}")
    lines = notes.verify(parsed, keys)
    if not any(_is_by(found, origin, ED25519) for found in lines):
        raise Refused("key.unknown", f"no line by a known log key of {origin}")
    if any(found.time is not None and found.time > MAX_DATE for found in lines):
        raise Refused("checkpoint.date", f"a cosignature for {origin} is dated after the year 9999")
    dates = [found.time for found in lines if found.time is not None and _is_by(found, origin, COSIGNATURE)]
    if require_date and not dates:
        raise Refused("checkpoint.no_date", f"no dated cosignature by the owner of {origin}")
    return SignedCheckpoint(checkpoint, note, max(dates, default=None), lines)


def _is_by(found: Verified, origin: str, algorithm: int) -> bool:
    return found.key.algorithm == algorithm and found.key.name == origin


def cosign(text: bytes, signer: Cosigner, date: int) -> bytes:
    """A signature line, with its newline, that dates and cosigns a checkpoint's text. ``date``: seconds."""
    return notes.line(signer.name, signer.key.key_id, signer.cosign(text, date))


def sign(checkpoint: Checkpoint, log_signer: Signer, heartbeat_signer: Cosigner, date: int) -> bytes:
    """The note of a seal or a heartbeat: text, the log's line, the owner's cosignature line. ``date``: seconds.

    ``ValueError`` if one of the signers does not bear the origin as its name.
    """
    _check_owner(checkpoint, log_signer.key, heartbeat_signer.key)
    text = checkpoint.text()
    return notes.sign(text, log_signer) + cosign(text, heartbeat_signer, date)


def _check_owner(checkpoint: Checkpoint, *keys: VerifierKey) -> None:
    for key in keys:
        if key.name != checkpoint.origin:
            raise ValueError(f"{key.name} does not sign for the log {checkpoint.origin}")
