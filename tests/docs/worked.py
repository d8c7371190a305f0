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

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.bus.messages import RECORD_TYPE, of_checkpoint, of_cosignature
from gateway.bus.port import Message
from gateway.ledger import checkpoint, evidencefile, merkle, tiles
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.evidencefile import FORK, Clash, Evidence, Seen
from gateway.ledger.merkle import Frontier
from gateway.ledger.proof import Proof
from gateway.recognition import slipcode
from gateway.recognition.answer import to_json
from gateway.recognition.verdict import judge
from gateway.records import compact
from gateway.records.uuid7 import uuid7
from gateway.trust import notes, sm2
from gateway.trust.suites import CosignatureSigner, Ed25519Signer, Sm2CosignatureSigner, Sm2Signer
from tests.recognition.desk import AT, asked, log
from tests.records import builders
from tests.trust.signers import gm_private_of

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
AUTHORITY = Ed25519Signer(f"{NETWORK}/{PLACE}/authority/{builders.ISSUER}", private(6))
GM_RECORD = Sm2Signer(f"{NETWORK}/{PLACE}", gm_private_of(int.from_bytes(b"\x06" * 32)))
GM_HEARTBEAT = Sm2CosignatureSigner(ORIGIN, gm_private_of(int.from_bytes(b"\x07" * 32)))
# SM2 signs the same text differently each time: these were made once, and are verified whenever the page is made.
GM_SIGNATURE = (
    "bb91f8aaaada68cda21b0cbcb23367f247e8052217b7252f13c7824cf6aeccf7aa4172498f3edefe40c349a51e86260d"
    "aed4cf8c8c043b9e18724aa0f0a32d7f"
)
GM_COSIGNATURE = (
    "000000006b039ef744a4e5159ecb445a83c478f38b3f30ee9948bac7fb916be955606e574e9c4516068fb56f17d8c6ee"
    "6a56130872952a098bb92bb4e5652b6447918d2edd702f1a"
)
KEYS = (
    ("authority", PLACE, FAMILY, AUTHORITY),
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


def beaten() -> bytes:
    """The newest seal, dated anew by its owner."""
    return checkpoint.sign(tree(3), LOG, HEARTBEAT, BEAT)


def heartbeat() -> bytes:
    """The same, cosigned by a witness."""
    return beaten() + checkpoint.cosign(tree(3).text(), WITNESS, BEAT + 1)


def cosigned_seal() -> bytes:
    """The newest seal as ``history/`` has it: the owner's lines as committed, then a witness's first and last."""
    return seal(3) + b"".join(checkpoint.cosign(tree(3).text(), WITNESS, date) for date in (SEALED[1] + 1, BEAT + 1))


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
    return of_checkpoint(ORIGIN, beaten())


def vouched() -> Message:
    """What a witness says of it, in its own topic."""
    return of_cosignature(ORIGIN, WITNESS.name, heartbeat())


SLIP_NUMBER = slipcode.number("2026-11-23", "110112", bytes(range(10)))


def slip() -> bytes:
    """The counter's answer to the question about one licence, signed."""
    relied_on = log(root=b64encode(sha256(b"812 licences").digest()).decode(), heartbeat=AT // 1000 - 4)
    body = {"slip_number": SLIP_NUMBER} | to_json(judge(asked().question(), asked(logs=(relied_on,)).facts()))
    return notes.sign(compact.encode(body) + b"\n", VERDICT)


def evidence() -> bytes:
    """The owner's key has signed another tree of two leaves than the one with which its log of three begins."""
    other = Checkpoint(ORIGIN, 2, merkle.node_hash(leaves()[0], leaves()[2]))
    first = checkpoint.sign(other, LOG, HEARTBEAT, SEALED[0])
    node = tiles.node_from_tiles(lambda level, number: b"".join(leaves()))
    proof = tuple(merkle.consistency_proof(2, 3, node))
    clash = Clash(FORK, first, seal(3), tree(2).root, proof)
    seen = Seen(BEAT * 1000, "sanhe", f"topic {TOPIC}")
    made = Evidence(ORIGIN, clash, (LOG.key, HEARTBEAT.key), 3, seen)
    evidencefile.judge(made)
    return made.encode()


def slip_code() -> bytes:
    """The code that a printed slip of this answer bears."""
    answer = to_json(judge(asked().question(), asked().facts()))
    return notes.sign(slipcode.text(SLIP_NUMBER, answer, slip().decode()), VERDICT)


def examples() -> dict[str, str]:
    """Name → text of every example."""
    whole = {"slip": _text(slip()), "slip-code": _text(slip_code()), "evidence": _text(evidence())}
    signed = (_keys(), _record(), _authority(), whole)
    made = (*signed, _tree(), _statements(), _proofs(), _files(), _topics(), _gm())
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


def handed_in() -> bytes:
    """The second record as its authority signs it, before any node has."""
    return notes.sign(notes.parse(entries()[1], 16).text, AUTHORITY)


def signed_by_both() -> bytes:
    """The entry that a node makes of it."""
    return handed_in() + notes.parse(entries()[1], 16).lines[0].raw


def _authority() -> dict[str, str]:
    lines = b"".join(line.raw for line in notes.parse(signed_by_both(), 16).lines)
    return {"handed-in": _text(orjson.dumps({"signed": _text(handed_in())})) + "\n", "both-lines": _text(lines)}


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
        "cosigned-seal": _text(cosigned_seal()),
        "witnessed": _witnessed(),
    }


def _witnessed() -> str:
    """One line of a witness taken apart."""
    line = notes.parse(heartbeat(), 128).lines[-1]
    seconds = int.from_bytes(line.payload[:8])
    assert WITNESS.key.verify(tree(3).text(), line.payload) == seconds
    return f"""\
name       {line.name}
key id     {line.key_id.hex()}
time       {line.payload[:8].hex()} = {seconds}
signature  {line.payload[8:].hex()}
signed     cosignature/v1⏎time {seconds}⏎ and the three lines of the checkpoint
"""


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
    said = _shown("jjj.sanhe.checkpoint", 12, vouched())
    return {"message": shown[1], "messages": f"{shown[0]}\n{shown[2]}", "announced": newest, "vouched": said}


def _gm() -> dict[str, str]:
    key, text = GM_RECORD.key, notes.parse(entries()[1], 16).text
    payload, cosigned = bytes.fromhex(GM_SIGNATURE), bytes.fromhex(GM_COSIGNATURE)
    key.verify(text, payload)
    GM_HEARTBEAT.key.verify(tree(3).text(), cosigned)
    curve = b"".join(number.to_bytes(32) for number in (sm2.A, sm2.B, sm2.GX, sm2.GY))
    za = sm2.identity_digest(key.raw)
    steps = f"""\
ff ‖ identifier   ff {key.suite.identifier.hex()}   ({key.suite.identifier.decode()})
public key        {key.raw[:1].hex()}
                  {key.raw[1:33].hex()}
                  {key.raw[33:].hex()}
key id            SHA-256(name ‖ 0A ‖ ff ‖ identifier ‖ public key)[:4] = {key.key_id.hex()}
"""
    digest = f"""\
ENTL ‖ ID         0080 {sm2.ID.hex()}   (128 bits: {sm2.ID.decode()})
a ‖ b ‖ Gx ‖ Gy   {curve[:32].hex()}
                  {curve[32:64].hex()}
                  {curve[64:96].hex()}
                  {curve[96:].hex()}
ZA                SM3(ENTL ‖ ID ‖ a ‖ b ‖ Gx ‖ Gy ‖ x ‖ y) = {za.hex()}
e                 SM3(ZA ‖ the {len(text)} bytes of above) = {sm2.sm3(za + text).hex()}
r                 {payload[:32].hex()}
s                 {payload[32:].hex()}
"""
    dated = notes.line(ORIGIN, GM_HEARTBEAT.key.key_id, cosigned)
    lines = notes.line(key.name, key.key_id, payload) + dated
    return {
        "sm2-vkeys": f"heartbeat {PLACE} {FAMILY} {GM_HEARTBEAT.key.text()}\nrecord {PLACE} * {key.text()}\n",
        "sm2-key": steps,
        "sm2-signature": digest,
        "sm2-lines": _text(lines),
    }


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
