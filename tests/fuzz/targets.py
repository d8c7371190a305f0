"""What reads untrusted bytes: a row a reader, with good inputs to begin from, and the law that all of them keep.

The law: any bytes give a value that says exactly these bytes, or ``Refused``; nothing else is raised, ever. A reader
that takes what does not write back to the same bytes raises ``Broken`` (law 1). Keys and documents are made up and the
same on every run.

    judge(TARGETS["note"], data)        returns, or raises what broke the law
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root

from gateway.bus.messages import leaf_of
from gateway.bus.port import CHECKPOINT, LOG_INDEX, SIGNATURE, Message, header
from gateway.errors import Refused
from gateway.ledger import checkpoint, evidencefile, proof, tiles
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.node import statements
from gateway.node.tail import Tail
from gateway.records import compact
from gateway.records.record import judge_content, read_envelope
from gateway.records.schema import SchemaSet
from gateway.repository import drafting, proposals, rolekeys, signatures
from gateway.repository.charter import Charter, read_file
from gateway.trust import agreements, catalogue, gate, notes, roster
from gateway.trust.gate import Place
from gateway.trust.suites import COSIGNATURE, ED25519, CosignatureSigner, Ed25519Signer, VerifierKey
from gateway.trust.trusted import assemble
from tests.docs import worked
from tests.records import builders
from tests.trust import papers
from tests.trust.signers import gm_cosigner, gm_signer

LARGEST = 64 * 1024
DATE = builders.NOW // 1000
OWN = f"{papers.NETWORK}/tongzhou"
ORIGIN = f"{OWN}/licence"
PLACE, CREDIT_PLACE = (Place(f"{OWN}/{family}", "tongzhou", family, 1, DATE) for family in papers.FAMILIES)
TRUST = assemble(
    papers.written(papers.roster()),
    papers.written(papers.agreements()),
    papers.written(papers.catalogue()),
    SchemaSet.built_in(),
)

GM_TRUST = assemble(
    papers.written(papers.under_gm(papers.roster())),
    papers.written(papers.agreements()),
    papers.written(papers.catalogue()),
    SchemaSet.built_in(),
)


class Broken(AssertionError):
    """A reader took bytes that its value does not write back to."""


@dataclass(frozen=True)
class Target:
    """One reader. ``read`` takes any bytes; ``seeds`` are inputs that it takes, and near ones that it refuses."""

    name: str
    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]


def judge(target: Target, data: bytes) -> bool:
    """Whether the reader took the bytes; raises whatever it raises beside ``Refused``."""
    try:
        target.read(data)
    except Refused:
        return False
    return True


def _same(written: bytes, data: bytes) -> None:
    if written != data:
        raise Broken(f"{data[:80]!r} was taken, and writes back as {written[:80]!r}")


def _private(name: str, algorithm: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"{name}{algorithm}".encode()).digest())


RECORD_KEY = Ed25519Signer(OWN, _private(OWN, ED25519))
LOG_KEY = Ed25519Signer(ORIGIN, _private(ORIGIN, ED25519))
HEARTBEAT_KEY = CosignatureSigner(ORIGIN, _private(ORIGIN, COSIGNATURE))
GM_RECORD_KEY, GM_LOG_KEY, GM_HEARTBEAT_KEY = gm_signer(OWN), gm_signer(ORIGIN), gm_cosigner(ORIGIN)
LOG_KEYS = {(key.name, key.key.key_id): key.key for key in (LOG_KEY, HEARTBEAT_KEY)}


# Readers


def _vkey(data: bytes) -> None:
    _same(VerifierKey.parse(data.decode("latin-1")).text().encode("latin-1"), data)


def _signature(data: bytes) -> None:
    """A payload by every suite's key: no bytes are a signature of this text but those that were signed."""
    for known in (RECORD_KEY, HEARTBEAT_KEY, GM_RECORD_KEY, GM_HEARTBEAT_KEY):
        with contextlib.suppress(Refused):
            known.key.verify(LINES[0] + b"\n", data)
            if data not in SIGNED:
                raise Broken(f"{known} never signed {data!r}")
            return
    raise Refused("signature.invalid")


def _gm_entry(data: bytes) -> None:
    gate.read(data, PLACE, GM_TRUST)


def _gm_statement(data: bytes) -> None:
    statements.read(data, ORIGIN, "tongzhou", "licence", GM_TRUST)


def _line(data: bytes) -> None:
    compact.peek(data)
    _same(json.dumps(compact.parse(data), ensure_ascii=False, separators=(",", ":")).encode(), data)


def _record(data: bytes) -> None:
    judge_content(read_envelope(data), TRUST.schemas, TRUST.catalogue.number_checks)


def _entry(data: bytes) -> None:
    gate.read(data, PLACE, TRUST)


def _signed_line(data: bytes) -> None:
    """What a hostile node could sign: the gate reads on behind a signature that holds."""
    gate.read(notes.sign(data + b"\n", RECORD_KEY), CREDIT_PLACE if b"jjj.credit." in data else PLACE, TRUST)


def _note(data: bytes) -> None:
    note = notes.parse(data, checkpoint.MAX_LINES, max_size=checkpoint.MAX_NOTE)
    _same(note.text + b"\n" + b"".join(line.raw for line in note.lines), data)
    notes.verify(note, LOG_KEYS)


def _head(data: bytes) -> None:
    _same(checkpoint.parse_text(data).text(), data)


def _signed_head(data: bytes) -> None:
    """A checkpoint as a hostile owner could sign it."""
    note = notes.sign(data + b"\n", LOG_KEY) + checkpoint.cosign(data + b"\n", HEARTBEAT_KEY, DATE)
    statements.read(note, ORIGIN, "tongzhou", "licence", TRUST)


def _statement(data: bytes) -> None:
    statements.read(data, ORIGIN, "tongzhou", "licence", TRUST)


def _proof(data: bytes) -> None:
    _same(proof.parse(data).encode(), data)
    proof.verify(data, ENTRIES[0], ORIGIN, LOG_KEYS)


def _bundle(data: bytes) -> None:
    _same(tiles.encode_entries(tiles.decode_entries(data)), data)


def _history(data: bytes) -> None:
    _same(tiles.encode_history(tiles.decode_history(data)), data)


def _hashes(data: bytes) -> None:
    _same(b"".join(tiles.decode_hashes(data)), data)


def _path(data: bytes) -> None:
    path = data.decode("latin-1")
    if path.startswith("history/"):
        _same(tiles.history_path(tiles.parse_history_path(path)).encode(), data)
    else:
        _same(tiles.parse_path(path).path.encode(), data)


def _proposal(data: bytes) -> None:
    """What comes by mail: it must say the same when it is mailed on."""
    found = proposals.read(data)
    again = proposals.read(proposals.written(found))
    if (again.digest, again.base, again.files) != (found.digest, found.base, found.files):
        raise Broken("a proposal says something else when it is written again")


def _signatures(data: bytes) -> None:
    found = signatures.read(data)
    if signatures.read(signatures.written(found)) != found:
        raise Broken("signatures say something else when they are written again")


def _root(data: bytes) -> None:
    Charter.of(read_file(Root, data, "1.root.json").signed)


# A topic: messages apart by FENCE, their parts by BAR, all as anybody may append them

FENCE, BAR = b"\n====\n", b"\n----\n"


def _topic(data: bytes) -> None:
    """A topic read as a follower reads it, into a provisional end; what is left must still be of a piece."""
    tail = Tail(Frontier())
    for position, raw in enumerate(data.split(FENCE)):
        message = _message(raw)
        leaf = leaf_of(message)
        if leaf is not None:
            tail.add(*leaf, position)
        note = header(message, CHECKPOINT)
        if note is not None:
            _take_seal(tail, note)
    run = tail.take()
    if run is not None:
        if run.frontier.root() != Frontier.from_hashes(map(leaf_hash, run.entries)).root():
            raise Broken("a run's tree is not that of its leaves")
        tail.settled(run)


def _message(raw: bytes) -> Message:
    names = (LOG_INDEX, SIGNATURE, CHECKPOINT)
    value, *parts = raw.split(BAR)
    return Message(b"subject", value, tuple(zip(names, parts, strict=False)))


def _take_seal(tail: Tail, note: bytes) -> None:
    try:
        statement = statements.read(note, ORIGIN, "tongzhou", "licence", TRUST)
    except Refused:
        return
    if tail.covered < statement.size <= tail.end:
        tail.cover(statement, DATE * 1000)


# What they begin from


def _sealed(*entries: bytes) -> bytes:
    tree = Frontier.from_hashes(map(leaf_hash, entries))
    return checkpoint.sign(Checkpoint(ORIGIN, tree.size, tree.root()), LOG_KEY, HEARTBEAT_KEY, DATE)


def _sent(index: int, entry: bytes, *seal: bytes) -> bytes:
    value, _, signature = entry.partition(b"\n\n")
    return BAR.join([value, b"%d" % index, signature, *seal])


LINES = (
    builders.line("jjj.licence.issued", builders.whole_licence()),
    builders.line("jjj.licence.issued", builders.licence("qualification")),
    builders.line("jjj.licence.retracted", builders.correction(), subject="11100000MB0341032Y002:JY11101120000017"),
    *(builders.line("jjj.credit.recorded", builders.credit(kind)) for kind in builders.CREDIT_OBJECTS),
)
ENTRIES = tuple(notes.sign(line + b"\n", RECORD_KEY) for line in LINES[:3])
SEALS = tuple(_sealed(*ENTRIES[:count]) for count in range(4))
HEADS = tuple(seal.partition(b"\n\n")[0] + b"\n" for seal in SEALS)
PATHS = ("tile/0/x001/234", "tile/1/000.p/17", "tile/entries/003", "history/2", "tile/0/x001/x234/067.p/3")
TOPIC = FENCE.join(
    [_sent(0, ENTRIES[0], SEALS[1]), _sent(2, ENTRIES[2]), _sent(1, ENTRIES[1]), _sent(2, ENTRIES[2], SEALS[3])]
)
SHORT = b'{"a":"\xe4\xb8\xad\\n","b":[1,-2,{"c":true}]}'
GM_ENTRIES = tuple(notes.sign(line + b"\n", RECORD_KEY, GM_RECORD_KEY) for line in LINES[:2])
GM_SEALS = tuple(
    checkpoint.sign(checkpoint.parse_text(head), LOG_KEY, HEARTBEAT_KEY, DATE, (GM_LOG_KEY, GM_HEARTBEAT_KEY))
    for head in HEADS[:2]
)
VKEYS = tuple(
    known.key.text().encode() for known in (RECORD_KEY, HEARTBEAT_KEY, GM_RECORD_KEY, GM_LOG_KEY, GM_HEARTBEAT_KEY)
)
SIGNED = (
    *(known.sign(LINES[0] + b"\n") for known in (RECORD_KEY, GM_RECORD_KEY)),
    *(known.cosign(LINES[0] + b"\n", DATE) for known in (HEARTBEAT_KEY, GM_HEARTBEAT_KEY)),
)
PROOF = proof.Proof(0, (leaf_hash(ENTRIES[1]), leaf_hash(ENTRIES[2])), SEALS[3])


ADMINISTRATORS = [CryptoSigner(_private(place, ED25519)) for place in ("tongzhou", "sanhe", "binhai")]
CHARTER = Charter(
    tuple(rolekeys.of_signer(place, each) for place, each in zip(("tongzhou", "sanhe"), ADMINISTRATORS, strict=False)),
    2,
    (rolekeys.of_signer("binhai", ADMINISTRATORS[2]),),
)
PROPOSAL = drafting.first({"catalogue.json": papers.written(papers.catalogue())}, CHARTER, DATE)


def _papers(document: object) -> tuple[bytes, ...]:
    return papers.written(document), json.dumps(document).encode()


EVIDENCE = worked.evidence()


def _evidence(data: bytes) -> None:
    evidence = evidencefile.parse(data)
    if evidencefile.parse(evidence.encode()) != evidence:
        raise Broken(f"{data[:80]!r} was taken, and reads back otherwise")
    evidencefile.judge(evidence)


TARGETS = {
    target.name: target
    for target in (
        Target("line", _line, (SHORT, *LINES)),
        Target("record", _record, LINES),
        Target("entry", _entry, ENTRIES),
        Target("signed-line", _signed_line, LINES),
        Target("note", _note, (*SEALS, ENTRIES[0])),
        Target("checkpoint", _head, HEADS),
        Target("signed-checkpoint", _signed_head, tuple(head[:-1] for head in HEADS)),
        Target("statement", _statement, SEALS),
        Target("proof", _proof, (PROOF.encode(), proof.Proof(7, (), SEALS[0], b"more").encode())),
        Target("bundle", _bundle, (tiles.encode_entries(ENTRIES), tiles.encode_entries([b"", b"x"]))),
        Target("history", _history, (tiles.encode_history(SEALS),)),
        Target("hashes", _hashes, (b"".join(map(leaf_hash, ENTRIES)), bytes(32 * 256))),
        Target("path", _path, tuple(path.encode() for path in PATHS)),
        Target("topic", _topic, (TOPIC, _sent(0, ENTRIES[0], SEALS[1]))),
        Target("evidence", _evidence, (EVIDENCE, EVIDENCE.replace(b'"log.fork"', b'"log.rollback"'))),
        Target("vkey", _vkey, VKEYS),
        Target("signature", _signature, SIGNED),
        Target("gm-entry", _gm_entry, (*GM_ENTRIES, ENTRIES[0])),
        Target("gm-statement", _gm_statement, (*GM_SEALS, SEALS[1])),
        Target("roster", roster.parse, (*_papers(papers.roster()), papers.written(papers.under_gm(papers.roster())))),
        Target("agreements", agreements.parse, _papers(papers.agreements())),
        Target("catalogue", catalogue.parse, _papers(papers.catalogue())),
        Target("proposal", _proposal, (proposals.written(PROPOSAL),)),
        Target("signatures", _signatures, (signatures.written(signatures.sign(PROPOSAL, ADMINISTRATORS[0])),)),
        Target("role-key", rolekeys.parse_public, (json.dumps(CHARTER.keys[0].to_json()).encode(),)),
        Target("root", _root, (Metadata(CHARTER.root(1, DATE)).to_bytes(),)),
    )
}
