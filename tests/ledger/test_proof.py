"""Proof files: one entry, one log, one file that anybody can check."""

import json
from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.ledger import checkpoint, merkle, proof, tiles
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.proof import Proof
from tests.ledger import naive
from tests.trust.signers import cosigner, keys, outcome, signer

ORIGIN = "jjj.example/sanhe/licence"
LOG, HEARTBEAT = signer(ORIGIN), cosigner(ORIGIN)
OWNER = keys(LOG, HEARTBEAT)
ENTRIES = [json.dumps({"number": number}).encode() for number in range(300)]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]
TILES = {(tile.level, tile.number): data for tile, data in tiles.build_tiles(LEAVES)}
NODE = tiles.node_from_tiles(lambda level, number: TILES[level, number])
ROOT = naive.tree_hash(LEAVES)
NOTE = checkpoint.sign(Checkpoint(ORIGIN, 300, ROOT), LOG, HEARTBEAT, 1795400000)
HASHES = tuple(sha256(text).digest() for text in (b"hash1", b"hash2"))
LINES = [b64encode(found).decode() for found in HASHES]


def proof_of(index: int) -> Proof:
    return Proof(index, tuple(merkle.inclusion_proof(index, 300, NODE)), NOTE)


def reason(text: bytes, entry: bytes = ENTRIES[0]) -> str:
    with pytest.raises(Refused) as caught:
        proof.verify(text, entry, ORIGIN, OWNER)
    return caught.value.reason


@pytest.mark.parametrize(
    ("made", "text"),
    [  # transparency-dev/formats, proof/tlog_proof_test.go
        (Proof(5, HASHES, b"test checkpoint\n"), f"index 5\n{LINES[0]}\n{LINES[1]}\n\ntest checkpoint\n"),
        (
            Proof(10, HASHES[:1], b"checkpoint data\n", b"extra information"),
            f"extra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n{LINES[0]}\n\ncheckpoint data\n",
        ),
        (Proof(0, (), b"checkpoint\n"), "index 0\n\ncheckpoint\n"),
    ],
)
def test_published_files(made: Proof, text: str) -> None:
    file = b"c2sp.org/tlog-proof@v1\n" + text.encode()
    assert made.encode() == file
    assert proof.parse(file) == made


@given(st.integers(0, 299), st.one_of(st.none(), st.binary(min_size=1, max_size=40)))
def test_every_entry_of_a_log_can_be_proven(index: int, extra: bytes | None) -> None:
    found = proof_of(index)
    file = Proof(index, found.hashes, NOTE, extra).encode()
    assert proof.parse(file) == Proof(index, found.hashes, NOTE, extra)
    at, signed = proof.verify(file, ENTRIES[index], ORIGIN, OWNER, require_date=True)
    assert (at, signed.checkpoint.size, signed.date, signed.note) == (index, 300, 1795400000, NOTE)


def test_a_log_of_one_entry_needs_no_hash() -> None:
    note = checkpoint.sign(Checkpoint(ORIGIN, 1, LEAVES[0]), LOG, HEARTBEAT, 1795400000)
    assert proof.verify(Proof(0, (), note).encode(), ENTRIES[0], ORIGIN, OWNER)[0] == 0


@given(st.integers(0, 299), st.data())
def test_nothing_else_is_proven(index: int, data: st.DataObject) -> None:
    found = proof_of(index)
    other = data.draw(st.integers(0, 299).filter(lambda number: number != index))
    assert reason(found.encode(), ENTRIES[other]) == "proof.inclusion"
    assert reason(found.encode(), ENTRIES[index] + b" ") == "proof.inclusion"
    assert reason(found.encode(), b"") == "proof.inclusion", "an erased entry proves nothing"
    assert reason(Proof(other, found.hashes, NOTE).encode(), ENTRIES[index]) == "proof.inclusion"
    assert reason(Proof(index, found.hashes[1:], NOTE).encode(), ENTRIES[index]) == "proof.inclusion"
    assert reason(Proof(300 + other, found.hashes, NOTE).encode(), ENTRIES[index]) == "proof.inclusion"


def test_an_inner_node_is_no_entry() -> None:
    """The two hash prefixes keep a node's content from being shown as an entry."""
    note = checkpoint.sign(Checkpoint(ORIGIN, 1, naive.tree_hash(LEAVES[:2])), LOG, HEARTBEAT, 1795400000)
    assert reason(Proof(0, (), note).encode(), LEAVES[0] + LEAVES[1]) == "proof.inclusion"


def test_the_checkpoint_must_be_ours_and_signed() -> None:
    found = proof_of(7)
    changed = NOTE.replace(b"\n300\n", b"\n301\n")
    assert reason(Proof(7, found.hashes, changed).encode(), ENTRIES[7]) == "signature.invalid"
    with pytest.raises(Refused, match=r"checkpoint\.origin"):
        proof.verify(found.encode(), ENTRIES[7], "jjj.example/sanhe/credit", OWNER)
    with pytest.raises(Refused, match=r"key\.unknown"):
        proof.verify(found.encode(), ENTRIES[7], ORIGIN, {})
    undated = Proof(7, found.hashes, NOTE[: NOTE.rindex("—".encode())]).encode()
    assert proof.verify(undated, ENTRIES[7], ORIGIN, OWNER)[1].date is None
    with pytest.raises(Refused, match=r"checkpoint\.no_date"):
        proof.verify(undated, ENTRIES[7], ORIGIN, OWNER, require_date=True)


HEAD = "c2sp.org/tlog-proof@v1\n"
BAD = {
    "empty": "",
    "another header": "wrong-header\nindex 0\n\ncheckpoint\n",
    "another version": "c2sp.org/tlog-proof@v2\nindex 0\n\ncheckpoint\n",
    "header alone": HEAD,
    "no checkpoint": HEAD + "index 0\n\n",
    "no blank line": HEAD + "index 0\n",
    "no index": HEAD + "\n\ncheckpoint\n",
    "extra and no index": HEAD + "extra ZXh0\n\ncheckpoint\n",
    "a word for the index": HEAD + "index notanumber\n\ncheckpoint\n",
    "another word for index": HEAD + "number 5\n\ncheckpoint\n",
    "a negative index": HEAD + "index -5\n\ncheckpoint\n",
    "a leading zero": HEAD + "index 05\n\ncheckpoint\n",
    "two spaces": HEAD + "index  5\n\ncheckpoint\n",
    "a space after": HEAD + "index 5 \n\ncheckpoint\n",
    "an index that no log has": HEAD + "index 9007199254740991\n\ncheckpoint\n",
    "extra that is no base64": HEAD + "extra !!notbase64!!\nindex 0\n\ncheckpoint\n",
    "empty extra": HEAD + "extra \nindex 0\n\ncheckpoint\n",
    "extra twice": HEAD + "extra ZXh0\nextra ZXh0\nindex 0\n\ncheckpoint\n",
    "extra after the index": HEAD + "index 0\nextra ZXh0\n\ncheckpoint\n",
    "a hash that is no base64": HEAD + "index 0\n!!notbase64!!\n\ncheckpoint\n",
    "a hash of 64 bytes": HEAD + f"index 0\n{b64encode(bytes(64)).decode()}\n\ncheckpoint\n",
    "a hash without padding": HEAD + f"index 0\n{LINES[0].rstrip('=')}\n\ncheckpoint\n",
    "65 hashes": HEAD + "index 0\n" + f"{LINES[0]}\n" * 65 + "\ncheckpoint\n",
    "carriage returns": HEAD.replace("\n", "\r\n") + "index 0\r\n\r\ncheckpoint\r\n",
    "endless": HEAD + "index 0\n\n" + "x" * 200_000,
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_other_files_are_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"proof\.form"):
        proof.parse(text.encode())


def test_64_hashes_are_taken() -> None:
    many = Proof(0, (bytes(32),) * 64, b"checkpoint\n")
    assert proof.parse(many.encode()) == many


@given(st.binary(max_size=80))
def test_any_bytes_give_a_proof_or_a_refusal(data: bytes) -> None:
    for file in (
        data,
        HEAD.encode() + data,
        HEAD.encode() + b"index 0\n" + data + b"\n\nx",
        proof_of(3).encode() + data,
    ):
        found = outcome(proof.parse, file)
        assert found == "proof.form" or (isinstance(found, Proof) and found.encode() == file)


@given(st.data(), st.integers(1, 255))
def test_no_byte_of_a_proof_can_be_changed_to_prove_something_else(data: st.DataObject, mask: int) -> None:
    file = proof_of(200).encode()
    place = data.draw(st.integers(0, len(file) - 1))
    changed = file[:place] + bytes([file[place] ^ mask]) + file[place + 1 :]
    found = outcome(proof.verify, changed, ENTRIES[200], ORIGIN, OWNER)
    if isinstance(found, tuple):  # an unknown line may say what it likes
        assert (found[0], found[1].checkpoint) == (200, Checkpoint(ORIGIN, 300, ROOT))
