"""The worked examples of ``docs/formats.md``, made by the gateway's own code from fixed keys and instants.

    .venv/bin/python -m tests.docs.worked        writes them into the document anew

In the document each example is a fenced block under a line ``<!-- example: NAME -->``; everything else there is prose.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.bus.messages import NOTE_TYPE, RECORD_TYPE
from gateway.bus.port import Message
from gateway.ledger import checkpoint, merkle, tiles
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.merkle import Frontier
from gateway.ledger.proof import Proof
from gateway.recognition import slipcode
from gateway.recognition.answer import to_json
from gateway.recognition.verdict import judge
from gateway.records import compact
from gateway.records.uuid7 import uuid7
from gateway.trust import notes
from gateway.trust.suites import CosignatureSigner, Ed25519Signer
from tests.recognition.desk import AT, asked, log
from tests.records import builders

DOCUMENT = Path(__file__).parents[2] / "docs" / "formats.md"
BLOCK = re.compile(r"<!-- example: ([a-z0-9-]+) -->\n```text\n(.*?)```\n", re.DOTALL)
NETWORK, PLACE, FAMILY = "jjj.example", "tongzhou", "licence"
ORIGIN, TOPIC = f"{NETWORK}/{PLACE}/{FAMILY}", f"jjj.{PLACE}.{FAMILY}"
SEALED = (1_795_399_385, 1_795_399_395)  # when the sizes 2 and 3 were sealed
BEAT = 1_795_399_415


def private(number: int) -> Ed25519PrivateKey:
    """The private key whose 32 bytes are all this number: for this document, never for anything else."""
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


RECORD = Ed25519Signer(f"{NETWORK}/{PLACE}", private(1))
LOG = Ed25519Signer(ORIGIN, private(2))
HEARTBEAT = CosignatureSigner(ORIGIN, private(3))
WITNESS = CosignatureSigner(f"{NETWORK}/sanhe/witness", private(4))
VERDICT = Ed25519Signer(f"{NETWORK}/{PLACE}/verdict", private(5))
KEYS = (
    ("heartbeat", PLACE, FAMILY, HEARTBEAT),
    ("log", PLACE, FAMILY, LOG),
    ("record", PLACE, "*", RECORD),
    ("verdict", PLACE, "*", VERDICT),
    ("witness", "sanhe", "*", WITNESS),
)


def vkeys() -> str:
    """``vkeys.txt`` of these keys."""
    return "".join(f"{role} {place} {family} {signer.key.text()}\n" for role, place, family, signer in KEYS)


@cache
def entries() -> tuple[bytes, ...]:
    """Three records: two filings, then the first of them suspended."""
    first, second = (builders.licence("filing", number=f"示通备〔2026〕{number}号") for number in (17, 18))
    suspended = first | {"state": {"code": "02", "since": "2026-11-23"}}
    return (
        _entry(0, "issued", first, "2026-11-23T02:03:04.567Z"),
        _entry(1, "issued", second, "2026-11-23T02:03:04.567Z"),
        _entry(2, "suspended", suspended, "2026-11-23T02:03:14.890Z"),
    )


def _entry(index: int, verb: str, data: dict[str, object], time: str) -> bytes:
    known = {"id": uuid7(builders.NOW, bytes([index]) * 10), "source": f"urn:jjj:{PLACE}", "time": time}
    return notes.sign(builders.line(f"jjj.licence.{verb}", data, **known) + b"\n", RECORD)


def leaves() -> list[bytes]:
    """Leaf hashes."""
    return [merkle.leaf_hash(entry) for entry in entries()]


def tree(size: int) -> Checkpoint:
    """The log at a size."""
    return Checkpoint(ORIGIN, size, Frontier.from_hashes(leaves()[:size]).root())


def seal(size: int) -> bytes:
    """The sealed checkpoint of size 2 or 3."""
    return checkpoint.sign(tree(size), LOG, HEARTBEAT, SEALED[size - 2])


def heartbeat() -> bytes:
    """The newest seal, dated anew by its owner and cosigned by a witness."""
    return checkpoint.redate(seal(3), HEARTBEAT, BEAT) + checkpoint.cosign(tree(3).text(), WITNESS, BEAT + 1)


def messages() -> list[Message]:
    """The record topic."""
    found = []
    for index, entry in enumerate(entries()):
        value, _, signature = entry.rpartition(b"\n\n")
        headers = [RECORD_TYPE, ("log-index", b"%d" % index), ("signature", signature)]
        if index in (1, 2):
            headers.append(("checkpoint", seal(index + 1)))
        found.append(Message((compact.peek(value)[0] or "").encode(), value, tuple(headers)))
    return found


def announced() -> Message:
    """The checkpoint topic's newest message."""
    return Message(f"{ORIGIN} {ORIGIN}".encode(), heartbeat(), (NOTE_TYPE,))


SLIP_NUMBER = slipcode.number("2026-11-23", "110112", bytes(range(10)))


def slip() -> bytes:
    """The counter's answer to the question about one licence, signed."""
    relied_on = log(root=b64encode(sha256(b"812 licences").digest()).decode(), heartbeat=AT // 1000 - 4)
    body = {"slip_number": SLIP_NUMBER} | to_json(judge(asked().question(), asked(logs=(relied_on,)).facts()))
    return notes.sign(compact.encode(body) + b"\n", VERDICT)


def slip_code() -> bytes:
    """The code that a printed slip of this answer bears."""
    answer = to_json(judge(asked().question(), asked().facts()))
    return notes.sign(slipcode.text(SLIP_NUMBER, answer, slip().decode()), VERDICT)


def examples() -> dict[str, str]:
    """Name → text of every example."""
    slips = {"slip": _text(slip()), "slip-code": _text(slip_code())}
    made = (_keys(), _record(), _tree(), _statements(), _proofs(), _files(), _topics(), slips)
    return {name: text for each in made for name, text in each.items()}


def _keys() -> dict[str, str]:
    key = RECORD.key
    material = bytes([key.algorithm]) + key.public
    steps = f"""\
name         {key.name}
type ‖ key   {material.hex()}
hashed       {(key.name.encode() + bytes([0x0A]) + material).hex()}
key id       {key.key_id.hex()}
verifier key {key.text()}
"""
    return {"vkeys": vkeys(), "key-id": steps}


def _record() -> dict[str, str]:
    entry = entries()[1]
    note = notes.parse(entry, 16)
    line = note.lines[0]
    taken = f"""\
name       {line.name}
key id     {line.key_id.hex()}
signature  {line.payload.hex()}
signed     {len(note.text)} bytes: the record line and one newline
"""
    return {"record": _text(entry), "signature": taken}


def _tree() -> dict[str, str]:
    first, second, third = leaves()
    pair = merkle.node_hash(first, second)
    hashed = "".join(
        f"leaf {index}   SHA-256(00{entry[:8].hex()}… {len(entry)} + 1 bytes) = {leaf.hex()}\n"
        for index, (entry, leaf) in enumerate(zip(entries(), leaves(), strict=True))
    )
    root = f"""\
root of 0  SHA-256()                     = {merkle.EMPTY_ROOT.hex()}
root of 1  leaf 0                        = {tree(1).root.hex()}
root of 2  SHA-256(01 ‖ leaf 0 ‖ leaf 1) = {pair.hex()}
root of 3  SHA-256(01 ‖ root of 2 ‖ leaf 2)
                                         = {merkle.node_hash(pair, third).hex()}
base64     {b64encode(tree(3).root).decode()}
"""
    return {"leaf": hashed, "root": root}


def _statements() -> dict[str, str]:
    payload = notes.parse(seal(3), 128).lines[1].payload
    cosigned = f"cosignature/v1\ntime {SEALED[1]}\n" + _text(tree(3).text())
    taken = f"time       {payload[:8].hex()} = {int.from_bytes(payload[:8])}\nsignature  {payload[8:].hex()}\n"
    return {
        "checkpoint": _text(seal(3)),
        "cosigned": cosigned,
        "cosignature": taken,
        "heartbeat": _text(heartbeat()),
    }


def _proofs() -> dict[str, str]:
    node = tiles.node_from_tiles(lambda level, number: b"".join(leaves()))
    path = merkle.inclusion_proof(1, 3, node)
    merkle.verify_inclusion(leaves()[1], 1, 3, path, tree(3).root)
    older = merkle.consistency_proof(2, 3, node)
    merkle.verify_consistency(2, 3, older, tree(2).root, tree(3).root)
    inclusion = f"""\
proof      {path[0].hex()}   (leaf 0)
           {path[1].hex()}   (leaf 2)
step 1     fn=1 sn=2: fn is odd  → r = SHA-256(01 ‖ proof[0] ‖ leaf 1), fn=0 sn=1
step 2     fn=0 sn=1: fn is even → r = SHA-256(01 ‖ r ‖ proof[1]), fn=0 sn=0
r          {tree(3).root.hex()}   (root of 3)
"""
    consistency = f"""\
proof      {older[0].hex()}   (leaf 2)
begin      2 is a power of two: the root of 2 goes before it; fn=0 sn=1 after shifting; fr = sr = root of 2
step 1     fn=0 sn=1: fn is even → sr = SHA-256(01 ‖ sr ‖ proof[0]), fn=0 sn=0
fr         {tree(2).root.hex()}   (root of 2)
sr         {tree(3).root.hex()}   (root of 3)
"""
    proof = Proof(1, tuple(path), seal(3)).encode()
    return {"inclusion": inclusion, "consistency": consistency, "tlog-proof": _text(proof)}


def _files() -> dict[str, str]:
    (tile, content), *_ = tiles.build_tiles(leaves())
    (bundle,) = tiles.bundles_of(3)
    packed, history = tiles.encode_entries(entries()), tiles.encode_history([seal(2), seal(3)])
    rows = "\n".join(content.hex()[at : at + 64] for at in range(0, len(content.hex()), 64))
    paths = "".join(f"{what:36} {path}\n" for what, path in _paths())
    framed = f"""\
{bundle.path} ({len(packed)} bytes)
{_frames(packed, [len(entry) for entry in entries()])}\

{tiles.history_path(0)} ({len(history)} bytes)
{_frames(history, [len(seal(2)), len(seal(3))])}"""
    return {"paths": paths, "tile": f"{tile.path} ({len(content)} bytes)\n{rows}\n", "framed": framed}


def _paths() -> list[tuple[str, str]]:
    return [
        ("hashes of leaves 0 to 255", tiles.tile_path(0, 0)),
        ("hashes of leaves 0 to 2, size 3", tiles.tile_path(0, 0, 3)),
        ("level 0, tile 1234067", tiles.tile_path(0, 1_234_067)),
        ("level 1, tile 5, 17 hashes so far", tiles.tile_path(1, 5, 17)),
        ("entries 256 to 511", tiles.entries_path(1)),
        ("sealed checkpoints 512 to 767", tiles.history_path(2)),
    ]


def _frames(file: bytes, lengths: list[int]) -> str:
    lines, at = [], 0
    for length in lengths:
        lines.append(f"{at:6}  {file[at : at + 2].hex()} = {length:5}  then  {file[at + 2 : at + 14].hex()}…\n")
        at += 2 + length
    return "".join(lines)


def _topics() -> dict[str, str]:
    shown = [_shown(TOPIC, index, message) for index, message in enumerate(messages())]
    newest = _shown(f"jjj.{PLACE}.checkpoint", 7, announced())
    return {"message": shown[1], "messages": f"{shown[0]}\n{shown[2]}", "announced": newest}


def _shown(topic: str, offset: int, message: Message) -> str:
    """Every newline within a part is shown as ⏎; a part of several lines goes on below its name."""
    parts = [("topic, offset", f"{topic}, {offset}".encode()), ("key", message.key)]
    parts += [(f"header {name}", value) for name, value in message.headers] + [("value", message.value)]
    lines = []
    for name, content in parts:
        first, *rest = _text(content).replace("\n", "⏎\n").removesuffix("\n").split("\n")
        lines += [f"{name:20} {first}", *(f"{'':20} {line}" for line in rest)]
    return "\n".join(lines) + "\n"


def _text(content: bytes) -> str:
    return content.decode()


def rewritten(document: str) -> str:
    """The document with every example as it is made now."""
    made = examples()
    return BLOCK.sub(lambda found: f"<!-- example: {found[1]} -->\n```text\n{made[found[1]]}```\n", document)


if __name__ == "__main__":
    DOCUMENT.write_text(rewritten(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
