"""What a record topic proves, from its messages and the verifier keys alone: no network, no clock, no gateway.

``verify_topic.py`` beside it reads the messages from Kafka; ``docs/formats.md`` explains every byte used here.

    log = Log("jjj.sanhe.licence", read_vkeys(text))
    log.take(offset, value, headers)          each message of the record topic
    log.take_checkpoint(value)                each message of the checkpoint topic
    report = judge(log)

Anybody may append to a topic, so what no signed checkpoint covers counts for nothing: rubbish, re-sends and another
order cost nothing. What a record says is not judged: that takes schemas and roster.
"""

from __future__ import annotations

import base64
import itertools
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519, COSIGNATURE = 1, 4
MOST_BYTES, MOST_DATE, MOST_SIZE = 65_535, 253_402_300_799, 2**53 - 1
MOST_TRIES = 4096  # arrangements tried where several messages claim one index
MOST_HASHES = 2_000_000  # spent on finding out which two leaves were swapped

LINE = re.compile("— ([^\x00-\x20+\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+) ([A-Za-z0-9+/]+={0,2})")
CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
Identity = tuple[str, bytes]  # key name and key id
Edge = Sequence[tuple[int, bytes]]  # (width, hash) of a tree's complete subtrees, the largest first


class Unproven(Exception):
    """Why some bytes prove nothing."""


class CannotRun(Exception):
    """Why nothing can be checked."""


# 1. Keys and signed notes (C2SP signed-note, tlog-cosignature)


@dataclass
class Key:
    """A verifier key. ``uses``: (role, jurisdiction, family or ``*``) of each line that names it."""

    kind: int
    public: Ed25519PublicKey
    uses: set[tuple[str, str, str]] = field(default_factory=set)


def unbase64(text: str) -> bytes:
    """Padded base64 in its one spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    if not data or base64.b64encode(data).decode() != text:
        raise Unproven("its base64 is not canonical")
    return data


def read_vkeys(text: str) -> dict[Identity, Key]:
    """Lines ``<role> <jurisdiction> <family or *> <name>+<key id>+<base64(type ‖ public key)>``."""
    keys: dict[Identity, Key] = {}
    for number, line in enumerate(text.splitlines(), 1):
        try:
            role, jurisdiction, family, vkey = line.split(" ")
            name, hex_id, encoded = vkey.split("+", 2)
            material = unbase64(encoded)
            key_id = sha256(name.encode() + b"\n" + material).digest()[:4]
            if key_id.hex() != hex_id:
                raise CannotRun(f"vkeys line {number}: the key id does not fit the key")
            if material[0] in (ED25519, COSIGNATURE):  # lines of another type's keys prove nothing here
                key = Key(material[0], Ed25519PublicKey.from_public_bytes(material[1:]))
                keys.setdefault((name, key_id), key).uses.add((role, jurisdiction, family))
        except (ValueError, Unproven):
            raise CannotRun(f"vkeys line {number} is not: role jurisdiction family key") from None
    return keys


def open_note(note: bytes, most_lines: int, keys: dict[Identity, Key]) -> tuple[str, list[tuple[Identity, int]]]:
    """The text, and each line of a known key with a cosignature's time (else 0).

    The last blank line separates. Lines of unknown keys are passed over; one of a known key that fails spoils all.
    """
    body, _, block = note.rpartition(b"\n\n")
    try:
        text, lines = body.decode() + "\n", block.decode().split("\n")
    except UnicodeDecodeError:
        raise Unproven("it is not UTF-8") from None
    if len(note) > MOST_BYTES or not body or lines.pop() or not 0 < len(lines) <= most_lines:
        raise Unproven("it is no signed note")
    if CONTROL.search(note):
        raise Unproven("it has a control character")
    proven = []
    for line in lines:
        found = LINE.fullmatch(line)
        if found is None or len(data := unbase64(found[2])) <= 4:
            raise Unproven("a signature line has another form")
        identity = (found[1], data[:4])
        if identity in keys:
            proven.append((identity, check(keys[identity], text.encode(), data[4:], found[1])))
    return text, proven


def check(key: Key, text: bytes, payload: bytes, name: str) -> int:
    """Type 01 signs the text; type 04 signs a header with the time, and the text."""
    seconds = 0
    if key.kind == COSIGNATURE:
        seconds, payload = int.from_bytes(payload[:8], "big"), payload[8:]
        text = b"cosignature/v1\ntime %d\n" % seconds + text
    try:
        if key.kind == COSIGNATURE and not 0 < seconds <= MOST_DATE:
            raise InvalidSignature
        key.public.verify(payload, text)
    except InvalidSignature:
        raise Unproven(f"the signature by {name} does not hold") from None
    return seconds


# 2. The Merkle tree (RFC 6962, SHA-256)


def grow(edge: Edge, leaves: Iterable[bytes]) -> Edge:
    """The right edge of the tree with leaves appended."""
    grown = list(edge)
    for leaf in leaves:
        width, top = 1, leaf
        while grown and grown[-1][0] == width:
            width, top = 2 * width, sha256(b"\x01" + grown.pop()[1] + top).digest()
        grown.append((width, top))
    return grown


def root_of(edge: Edge) -> bytes:
    root = edge[-1][1] if edge else sha256(b"").digest()
    for _, left in reversed(edge[:-1]):
        root = sha256(b"\x01" + left + root).digest()
    return root


# 3. What the topics hold


@dataclass(frozen=True)
class Claim:
    """A message that claims an index. ``fault``: why no record key vouches for it, or ``""``."""

    leaf: bytes
    offset: int
    fault: str


class Log:
    """Everything read so far. Nothing in it is believed before ``judge``."""

    def __init__(self, topic: str, keys: dict[Identity, Key]) -> None:
        logs = {name for (name, _), key in keys.items() for role, _, _ in key.uses if role == "log"}
        fitting = [name for name in logs if topic.endswith("." + ".".join(name.split("/")[-2:]))]
        if len(fitting) != 1:
            raise CannotRun(f"vkeys name {len(fitting)} logs for the topic {topic}, not one")
        (self.origin,) = fitting
        self.jurisdiction, self.family = self.origin.split("/")[-2:]
        self.checkpoint_topic = topic.removesuffix(self.family) + "checkpoint"
        self.keys = keys
        if not any(self.vouches(key) for key in keys.values()):
            raise CannotRun(f"vkeys name no record key of {self.jurisdiction}")
        self.begins = self.messages = self.resent = 0  # begins: the first offset that retention has left
        self.claims: dict[int, dict[bytes, Claim]] = {}
        self.roots: dict[int, set[bytes]] = {}  # by size, as signed
        self.dates: set[tuple[int, int]] = set()  # (heartbeat in seconds, size)

    def vouches(self, key: Key) -> bool:
        return any(key.uses & {("record", self.jurisdiction, each) for each in ("*", self.family)})

    def take(self, offset: int, value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> None:
        """One message of the record topic: entry = value ‖ 0A 0A ‖ header ``signature``. A header twice is none."""
        known: dict[str, list[bytes]] = {}
        for name, content in headers:
            known.setdefault(name, []).append(content or b"")
        only = {name: values[0].decode("latin-1") for name, values in known.items() if len(values) == 1}
        self.take_checkpoint(only.get("checkpoint", "").encode("latin-1"))
        index = decimal(only.get("log-index", ""))
        entry = (value or b"") + b"\n\n" + only.get("signature", "").encode("latin-1")
        if value is None or "signature" not in only or index is None or len(entry) > MOST_BYTES:
            return
        self.messages += 1
        claims, leaf = self.claims.setdefault(index, {}), sha256(b"\x00" + entry).digest()
        if leaf in claims:
            self.resent += 1
        else:
            claims[leaf] = Claim(leaf, offset, self.fault_of(entry))

    def fault_of(self, entry: bytes) -> str:
        """A record is signed by a record key of its own jurisdiction, and by none of another's."""
        try:
            _, proven = open_note(entry, 16, self.keys)
        except Unproven as why:
            return str(why)
        records = [key for key in (self.keys[at] for at, _ in proven) if any(use[0] == "record" for use in key.uses)]
        if not records:
            return f"no known record key of {self.jurisdiction} has signed it"
        return "" if all(map(self.vouches, records)) else "a record key of another log has signed it"

    def take_checkpoint(self, note: bytes | None) -> None:
        """A note from either topic. What the log's own key has not signed is rubbish."""
        try:
            text, proven = open_note(note or b"", 128, self.keys)
            origin, count, encoded, end = text.split("\n")
            size, root = decimal(count), unbase64(encoded)
        except (Unproven, ValueError):
            return
        own = [(self.keys[at].kind, seconds) for at, seconds in proven if at[0] == self.origin]
        if origin != self.origin or end or size is None or len(root) != 32 or (ED25519, 0) not in own:
            return
        self.roots.setdefault(size, set()).add(root)
        self.dates |= {(seconds, size) for kind, seconds in own if kind == COSIGNATURE}

    def reaches(self, size: int) -> bool:
        """Whether the owner has signed so many leaves, and something claims each index."""
        return max(self.roots, default=0) >= size and all(index in self.claims for index in range(size))


def decimal(text: str) -> int | None:
    """An integer in its one spelling, at most 2^53-1."""
    return int(text) if re.fullmatch("0|[1-9][0-9]{0,15}", text) and int(text) <= MOST_SIZE else None


# 4. The judgement


@dataclass
class Report:
    """``lines`` to print, ``findings`` of them bad; ``lacking``: what keeps it from being complete; ``verified``:
    leaves under signed roots; ``date``: the newest heartbeat of exactly that size in seconds, or 0.
    """

    lines: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    findings: int = 0
    verified: int = 0
    date: int = 0

    def find(self, what: str, told: str) -> None:
        self.lines.append(f"{what:8} {told}")
        self.findings += 1


def judge(log: Log) -> Report:
    """Leaf by leaf in index order, root by root in rising sizes; each signed size ends a window of leaves."""
    report, known = Report(), sorted(log.claims)
    judge_statements(log, report)
    edge: Edge = []
    used: set[bytes] = set()
    start, newest = 0, -1
    for size in sorted(log.roots.keys() | {0}):
        indexes = known[bisect_left(known, start) : bisect_left(known, size)]
        options = [sorted(log.claims[at].values(), key=lambda each: rank(each, used)) for at in indexes]
        picked, roots = None, log.roots.get(size, {root_of([])})
        if whole := report.verified == start and len(indexes) == size - start:
            picked = pick(edge, options, roots)
            if picked is not None:
                newest = tell_order(report, picked, start, newest)
            else:
                picked = unswap(edge, [each[0] for each in options], roots, start, report)
        chosen = [each[0] for each in options] if picked is None else picked
        forged = [(index, each) for index, each in zip(indexes, chosen, strict=True) if each.fault]
        if log.begins and picked is None:  # a stranger may have put it where retention has deleted the owner's
            indexes, forged = [index for index in indexes if index not in dict(forged)], []
        for index, each in forged:
            report.find("forged", f"leaf {index} (offset {each.offset}): {each.fault}")
        tell_missing(log, report, start, size, indexes)
        if picked is not None:
            edge, report.verified = grow(edge, [each.leaf for each in picked]), size
            used.update(each.leaf for each in picked)
        elif whole and not forged:
            report.find("root", f"{span(start, size)}: nothing that the topic holds gives the root of size {size}")
        start = size
    report.date = max((date for date, size in log.dates if size == report.verified), default=0)
    return report


def judge_statements(log: Log, report: Report) -> None:
    """Two signed statements that can't both be true are a fork, whatever the leaves are."""
    for size, roots in sorted(log.roots.items()):
        if len(roots) > 1:
            report.find("fork", f"size {size}: the owner has signed {len(roots)} roots")
    highest = 0
    for date, size in sorted(log.dates):
        if size < highest:
            report.find("fork", f"size {size}: dated {when(date)}, after size {highest}")
        highest = max(highest, size)


def rank(claim: Claim, used: set[bytes]) -> tuple[bool, bool, int]:
    """Signed ones first, those that stand in the log already last, else in the order of the topic."""
    return claim.fault != "", claim.leaf in used, claim.offset


def pick(edge: Edge, options: list[list[Claim]], roots: set[bytes]) -> list[Claim] | None:
    """One message for each index so that the root fits; normally the first that is tried."""
    for tried in itertools.islice(itertools.product(*options), MOST_TRIES):
        if root_of(grow(edge, [each.leaf for each in tried])) in roots:
            return list(tried)
    return None


def unswap(edge: Edge, order: list[Claim], roots: set[bytes], start: int, report: Report) -> list[Claim] | None:
    """Whether the root fits once two leaves are exchanged; near pairs are tried first."""
    pairs = ((at, at + apart) for apart in range(1, len(order)) for at in range(len(order) - apart))
    for one, other in itertools.islice(pairs, MOST_HASHES // max(1, len(order))):
        order[one], order[other] = order[other], order[one]
        if root_of(grow(edge, [each.leaf for each in order])) in roots:
            report.find("swapped", f"leaves {start + one} and {start + other}: each bears the index of the other")
            return order
        order[one], order[other] = order[other], order[one]
    return None


def tell_missing(log: Log, report: Report, start: int, size: int, indexes: list[int]) -> None:
    """Indexes that the owner has signed and no message bears; no finding where retention may have deleted them."""
    for index in [*indexes, size]:
        if index > start and log.begins:
            report.lacking.append(f"{span(start, index)}: deleted by retention, or dropped; begin from tiles")
        elif index > start:
            report.find("dropped", f"{span(start, index)}: no message, though the owner has signed size {size}")
        start = index + 1


def tell_order(report: Report, picked: list[Claim], start: int, newest: int) -> int:
    """Another order in the topic is worth a word and harmless: the index counts, an offset never does."""
    for index, each in enumerate(picked, start):
        if each.offset < newest:
            report.lines.append(f"note     leaf {index} (offset {each.offset}) came before a leaf of lower index")
        newest = max(newest, each.offset)
    return newest


def span(start: int, stop: int) -> str:
    return f"leaf {start}" if start + 1 == stop else f"leaves {start} to {stop - 1}"


def when(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
