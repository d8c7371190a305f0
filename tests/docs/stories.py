"""What may stand on a record topic, and what an outsider's program has to say of it: one table for every program.

A log of eight leaves, sealed at 3, 5 and 8, is sent as its owner sends it; each story does one thing to the topic.

>>> STORIES["dropped"].make().records[4].value      another leaf now stands at this offset
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from gateway.bus.messages import NOTE_TYPE, RECORD_TYPE
from gateway.bus.port import Message
from gateway.ledger import checkpoint, merkle
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.merkle import Frontier
from gateway.records.uuid7 import uuid7
from gateway.trust import notes
from gateway.trust.suites import CosignatureSigner, Ed25519Signer, Signer
from tests.docs.worked import BEAT, HEARTBEAT, LOG, ORIGIN, PLACE, RECORD, WITNESS, private
from tests.records import builders

SIZES = (3, 5, 8)
BEATEN = "2026-11-23T02:03:35Z"
CLEAN, FINDING, INCOMPLETE = 0, 1, 3
STRANGER = Ed25519Signer(RECORD.name, private(66))
OTHER_LOG = Ed25519Signer(LOG.name, private(67))
OTHER_BEAT = CosignatureSigner(HEARTBEAT.name, private(68))


@dataclass
class Topics:
    """Both topics of one log, as somebody finds them."""

    records: list[Message] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)


@dataclass(frozen=True)
class Story:
    """What is done to the topics; the exit code; the words before the last two lines; leaves verified."""

    make: Callable[[], Topics]
    code: int = CLEAN
    says: tuple[str, ...] = ()
    verified: int = 8
    signed: int = 8
    options: tuple[str, ...] = ()


# A log and its messages


def entry(number: int, signer: Signer = RECORD) -> bytes:
    """A signed record; each number another one."""
    data = builders.licence("filing", number=f"示通备〔2026〕{number}号")
    known = {"id": uuid7(builders.NOW, bytes([number]) * 10), "source": f"urn:jjj:{PLACE}"}
    return notes.sign(builders.line("jjj.licence.issued", data, **known) + b"\n", signer)


def log_of(*changed: tuple[int, bytes]) -> list[bytes]:
    """Eight entries, some of them replaced."""
    entries = [entry(number) for number in range(8)]
    for index, other in changed:
        entries[index] = other
    return entries


def seal(
    entries: Sequence[bytes], size: int, date: int = BEAT, log: Signer = LOG, beat: CosignatureSigner = HEARTBEAT
) -> bytes:
    tree = Frontier.from_hashes(map(merkle.leaf_hash, entries[:size]))
    return checkpoint.sign(Checkpoint(ORIGIN, size, tree.root()), log, beat, date)


def message(index: int | bytes, content: bytes, note: bytes | None = None) -> Message:
    value, _, signature = content.rpartition(b"\n\n")
    number = b"%d" % index if isinstance(index, int) else index
    headers = [RECORD_TYPE, ("log-index", number), ("signature", signature)]
    return Message(b"subject", value, tuple(headers if note is None else [*headers, ("checkpoint", note)]))


def note(content: bytes) -> Message:
    return Message(f"{ORIGIN} {ORIGIN}".encode(), content, (NOTE_TYPE,))


def sent(entries: Sequence[bytes] | None = None) -> Topics:
    """The topics as an owner of these entries leaves them: seals in headers, the newest on the checkpoint topic."""
    entries = log_of() if entries is None else entries
    seals = {size - 1: seal(entries, size, BEAT - 9 + size) for size in SIZES}
    records = [message(index, each, seals.get(index)) for index, each in enumerate(entries)]
    beaten = seal(entries, 8)
    return Topics(records, [note(beaten + checkpoint.cosign(notes.parse(beaten, 9).text, WITNESS, BEAT + 2))])


# What is done to them


def replaced(index: int, content: bytes) -> Callable[[], Topics]:
    """Another entry in a message's place; what the owner signed stays."""

    def make() -> Topics:
        topics = sent()
        value, _, signature = content.rpartition(b"\n\n")
        headers = tuple(
            (name, signature if name == "signature" else held) for name, held in topics.records[index].headers
        )
        topics.records[index] = Message(topics.records[index].key, value, headers)
        return topics

    return make


def without(*indexes: int) -> Topics:
    topics = sent()
    topics.records = [each for index, each in enumerate(topics.records) if index not in indexes]
    return topics


def exchanged(one: int, other: int) -> Topics:
    """Each of two records under the index (and seal) of the other."""
    topics, entries = sent(), log_of()
    for index, content in ((one, entries[other]), (other, entries[one])):
        held = dict(topics.records[index].headers)
        topics.records[index] = message(index, content, held.get("checkpoint"))
    return topics


def out_of_order() -> Topics:
    """Whole messages in another order: each leaf is what its index says."""
    topics = sent()
    topics.records[5:7] = topics.records[6], topics.records[5]
    return topics


def sent_again() -> Topics:
    """A relay that restarts sends some records once more, byte for byte."""
    topics = sent()
    topics.records[5:5] = topics.records[2:5]
    topics.records += topics.records[:4]
    return topics


def rubbish() -> Topics:
    """Everything that a stranger may append, before, between and after what the owner sends."""
    topics = sent()
    strange = [entry(number, STRANGER) for number in range(8)]
    plain = topics.records[0]
    twice = replace(plain, headers=(*plain.headers, ("log-index", b"7")))
    junk = [
        Message(b"", b""),
        Message(b"\xff\xfe", bytes(range(256)), (("log-index", b"3"), ("signature", b"\xff\x00"))),
        Message(b"x", b"{}", (("log-index", b"9007199254740990"), ("signature", b"\xe2\x80\x94 a b=\n"))),
        *(message(number, plain.value + b"\n\n") for number in (b"-1", b"01", b"", b"1" * 400, b"9" * 16)),
        twice,
        Message(b"big", b"x" * 200_000, (("log-index", b"4"), ("signature", b"y"))),
        message(6, strange[6], seal(strange, 7, log=OTHER_LOG, beat=OTHER_BEAT)),
        message(6, strange[6], b"jjj.example/sanhe/licence\n1\n\n\xff"),
    ]
    claims = [message(index, each) for index, each in enumerate(strange)]
    topics.records = [*claims, *junk, *topics.records, *junk, *claims, message(8, entry(9, STRANGER))]
    forged = seal(strange, 8, BEAT + 99, OTHER_LOG, OTHER_BEAT)
    topics.notes = [note(forged), note(b""), note(b"\n\n"), *topics.notes, note(forged[:-9])]
    return topics


def copied() -> Topics:
    """Good entries once more under indexes that are not theirs, before and after those whose place it is."""
    topics, entries = sent(), log_of()
    topics.records[5:5] = [message(6, entries[0]), message(5, entries[1]), message(7, entries[1])]
    topics.records += [message(2, entries[3]), message(9, entries[3]), message(8, entries[3])]
    return topics


def forked() -> Topics:
    topics = sent()
    topics.notes.insert(0, note(seal(log_of((4, entry(44))), 5, BEAT - 4)))
    return topics


def rolled_back() -> Topics:
    topics = sent()
    topics.notes.append(note(seal(log_of(), 5, BEAT + 60)))
    return topics


def unsealed() -> Topics:
    topics = sent()
    plain = [replace(each, headers=each.headers[:3]) for each in topics.records]
    return Topics(plain, [note(seal(log_of(), 8, log=OTHER_LOG))])


def growing() -> Topics:
    """Leaves that no checkpoint covers yet."""
    topics = sent()
    topics.records += [message(8, entry(8)), message(9, entry(9))]
    return topics


CHANGED = entry(4).replace("示例甲".encode(), "示例乙".encode())
NOT_HELD = f"the signature by {RECORD.name} does not hold"
NOT_KNOWN = f"no known record key of {PLACE} has signed it"

STORIES = {
    "clean": Story(sent),
    "sent again": Story(sent_again),
    "growing": Story(growing),
    "rubbish": Story(rubbish),
    "copied": Story(copied),
    "empty": Story(Topics, INCOMPLETE, ("lacking  no checkpoint by this log's key has been seen",), 0, 0),
    "unsealed": Story(unsealed, INCOMPLETE, ("lacking  no checkpoint by this log's key has been seen",), 0, 0),
    "old": Story(
        sent, INCOMPLETE, ("lacking  the newest heartbeat of size 8 is too old",), options=("--max-age", "1")
    ),
    "short": Story(
        sent, INCOMPLETE, ("lacking  size 9 was not reached",), options=("--until-size", "9", "--wait", "1")
    ),
    "long enough": Story(sent, options=("--until-size", "8")),
    "forged": Story(replaced(4, CHANGED), FINDING, (f"forged   leaf 4 (offset 4): {NOT_HELD}",), 3),
    "foreign key": Story(
        replaced(4, entry(4, STRANGER)), FINDING, (f"forged   leaf 4 (offset 4): {NOT_KNOWN}",), 3
    ),
    "forged and sealed": Story(
        lambda: sent(log_of((4, entry(4, STRANGER)))), FINDING, (f"forged   leaf 4 (offset 4): {NOT_KNOWN}",)
    ),
    "another's place": Story(
        replaced(4, entry(1)),
        FINDING,
        ("root     leaves 3 to 4: nothing that the topic holds gives the root of size 5",),
        3,
    ),
    "dropped": Story(
        lambda: without(4), FINDING, ("dropped  leaf 4: no message, though the owner has signed size 8",), 3
    ),
    "dropped first": Story(
        lambda: without(0), FINDING, ("dropped  leaf 0: no message, though the owner has signed size 3",), 0
    ),
    "dropped end": Story(
        lambda: without(6, 7), FINDING, ("dropped  leaves 6 to 7: no message, though the owner has signed size 8",), 5
    ),
    "swapped": Story(
        lambda: exchanged(5, 6), FINDING, ("swapped  leaves 5 and 6: each bears the index of the other",)
    ),
    "swapped apart": Story(
        lambda: exchanged(5, 7), FINDING, ("swapped  leaves 5 and 7: each bears the index of the other",)
    ),
    "out of order": Story(out_of_order, CLEAN, ("note     leaf 6 (offset 5) came before a leaf of lower index",)),
    "forked": Story(forked, FINDING, ("fork     size 5: the owner has signed 2 roots",)),
    "rolled back": Story(rolled_back, FINDING, ("fork     size 5: dated 2026-11-23T02:04:35Z, after size 8",)),
}
