"""Checkpoints: what is signed is what is said, of our origin, by its owner's keys, and dated."""

import json
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.ledger import checkpoint, merkle
from gateway.ledger.checkpoint import MAX_DATE, MAX_SIZE, Checkpoint, SignedCheckpoint
from gateway.trust import notes
from gateway.trust.members import Policy
from gateway.trust.suites import VerifierKey
from tests.trust.signers import cosigner, gm_cosigner, gm_signer, keys, outcome, signer

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "signed_notes.json").read_bytes())
ORIGIN = "jjj.example/sanhe/licence"
LOG, HEARTBEAT = signer(ORIGIN), cosigner(ORIGIN)
TONGZHOU, XIONGAN = cosigner("jjj.example/tongzhou/witness"), cosigner("jjj.example/xiongan/witness")
OWNER = keys(LOG, HEARTBEAT)
ROOT = merkle.leaf_hash(b"root")
TREE = Checkpoint(ORIGIN, 812, ROOT)
TEXT = TREE.text()
DATE = 1795400000
NOTE = checkpoint.sign(TREE, LOG, HEARTBEAT, DATE)


def reason(note: bytes, *, origin: str = ORIGIN, require_date: bool = False) -> str:
    with pytest.raises(Refused) as caught:
        checkpoint.read(note, origin, OWNER, require_date=require_date)
    return caught.value.reason


def signed(text: bytes) -> bytes:
    return notes.sign(text, LOG)


def test_the_text_is_three_lines() -> None:
    assert f"{ORIGIN}\n812\n{b64encode(ROOT).decode()}\n".encode() == TEXT
    assert checkpoint.parse_text(TEXT) == TREE


@given(st.integers(1, MAX_SIZE), st.binary(min_size=32, max_size=32), st.integers(1, MAX_DATE))
def test_what_is_signed_is_what_is_read(size: int, root: bytes, date: int) -> None:
    tree = Checkpoint(ORIGIN, size, root)
    note = checkpoint.sign(tree, LOG, HEARTBEAT, date)
    found = checkpoint.read(note, ORIGIN, OWNER, require_date=True)
    assert (found.checkpoint, found.note, found.date) == (tree, note, date)
    assert [line.key for line in found.lines] == [LOG.key, HEARTBEAT.key]


def test_the_log_line_stands_first_and_the_owners_cosignature_after_it() -> None:
    lines = notes.parse(NOTE, 2).lines
    assert [(line.name, line.key_id) for line in lines] == list(OWNER)
    assert lines[0].payload == LOG.sign(TEXT)
    assert lines[1].payload == HEARTBEAT.cosign(TEXT, DATE)


def test_a_published_checkpoint_is_read() -> None:
    """A log of Certificate Transparency: its RFC 6962 line is passed over, four public witnesses count."""
    vector = VECTORS[3]
    known = [VerifierKey.parse(text) for text in vector["keys"]]
    named = {(key.name, key.key_id): key for key in known}
    found = checkpoint.read(vector["note"].encode(), known[0].name, named)
    assert found.checkpoint.size == 1432088532
    assert found.date is None, "no witness speaks for the owner"
    assert found.cosignatures == tuple((key.name, key.key_id, 0x6A122120) for key in known[1:])


def test_the_empty_tree_has_the_empty_root() -> None:
    empty = Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT)
    assert checkpoint.parse_text(empty.text()) == empty
    with pytest.raises(Refused, match=r"checkpoint\.form"):
        Checkpoint(ORIGIN, 0, ROOT)


ROOT_LINE = b64encode(ROOT)
BAD_TEXTS = {
    "an extension line": TEXT + b"extension\n",
    "an empty extension line": TEXT + b"\n",
    "no root": b"a\n1\n",
    "one line": b"a\n",
    "no line": b"\n",
    "an empty origin": b"\n1\n" + ROOT_LINE + b"\n",
    "a leading zero": b"a\n01\n" + ROOT_LINE + b"\n",
    "a sign": b"a\n+1\n" + ROOT_LINE + b"\n",
    "a negative size": b"a\n-1\n" + ROOT_LINE + b"\n",
    "a fraction": b"a\n1.0\n" + ROOT_LINE + b"\n",
    "an empty size": b"a\n\n" + ROOT_LINE + b"\n",
    "a space before the size": b"a\n 1\n" + ROOT_LINE + b"\n",
    "a size over 2^53-1": b"a\n9007199254740992\n" + ROOT_LINE + b"\n",
    "an endless size": b"a\n" + b"9" * 5000 + b"\n" + ROOT_LINE + b"\n",
    "a root without padding": b"a\n1\n" + ROOT_LINE.rstrip(b"=") + b"\n",
    "a root of 31 bytes": b"a\n1\n" + b64encode(ROOT[1:]) + b"\n",
    "a root of 33 bytes": b"a\n1\n" + b64encode(ROOT + b"x") + b"\n",
    "bits after the root": b"a\n1\n" + ROOT_LINE[:-2] + b"B=\n",
    "another root at size 0": b"a\n0\n" + ROOT_LINE + b"\n",
    "not UTF-8": b"\xff\n1\n" + ROOT_LINE + b"\n",
}


@pytest.mark.parametrize("text", BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_other_texts_are_refused(text: bytes) -> None:
    with pytest.raises(Refused, match=r"checkpoint\.form"):
        checkpoint.parse_text(text)


def test_the_largest_size_is_taken() -> None:
    assert checkpoint.parse_text(b"a\n%d\n%b\n" % (MAX_SIZE, ROOT_LINE)).size == MAX_SIZE == 2**53 - 1


@given(st.binary(max_size=120))
def test_any_bytes_give_a_checkpoint_or_a_refusal(data: bytes) -> None:
    for text in (data, TEXT + data, b"a\n1\n" + data, b"a\n" + data + b"\n" + ROOT_LINE + b"\n"):
        found = outcome(checkpoint.parse_text, text)
        assert found == "checkpoint.form" or (isinstance(found, Checkpoint) and found.text() == text)
    for note in (data, NOTE + data, data + NOTE, signed(data + b"\n")):
        read = outcome(checkpoint.read, note, ORIGIN, OWNER)
        assert isinstance(read, SignedCheckpoint) or str(read).startswith(
            ("note.", "checkpoint.", "signature.")
        )


def test_only_our_configured_origin_is_read() -> None:
    other = "jjj.example/sanhe/credit"
    assert reason(NOTE, origin=other) == "checkpoint.origin"
    stranger = checkpoint.sign(Checkpoint(other, 812, ROOT), signer(other), cosigner(other), DATE)
    assert reason(stranger) == "checkpoint.origin"
    assert reason(signed(Checkpoint(other, 812, ROOT).text())) == "checkpoint.origin", "our key, another log"


def test_the_logs_own_line_is_required() -> None:
    dated_only = TEXT + b"\n" + checkpoint.cosign(TEXT, HEARTBEAT, DATE)
    assert reason(dated_only) == "key.unknown"
    assert reason(notes.sign(TEXT, signer(ORIGIN, "a key that is not the log's"))) == "key.unknown"
    assert reason(notes.sign(TEXT, signer("jjj.example/sanhe"))) == "key.unknown"


def test_a_log_key_of_another_log_does_not_count() -> None:
    other = signer("jjj.example/sanhe/credit")
    with pytest.raises(Refused, match=r"key\.unknown"):
        checkpoint.read(notes.sign(TEXT, other), ORIGIN, OWNER | keys(other))


def test_a_known_line_that_fails_fails_the_checkpoint() -> None:
    head = TEXT + b"\n"
    bad_log = notes.line(ORIGIN, LOG.key.key_id, LOG.sign(b"another\n"))
    bad_date = notes.line(
        ORIGIN, HEARTBEAT.key.key_id, (DATE + 1).to_bytes(8) + HEARTBEAT.cosign(TEXT, DATE)[8:]
    )
    good_log, good_date = notes.sign(TEXT, LOG)[len(head) :], checkpoint.cosign(TEXT, HEARTBEAT, DATE)
    assert reason(head + bad_log + good_date) == "signature.invalid"
    assert reason(head + good_log + bad_date) == "signature.invalid"
    assert reason(head + good_log + good_date + bad_date) == "signature.invalid"


def test_the_date_is_the_owners_newest() -> None:
    for dates in ((DATE, DATE + 600), (DATE + 600, DATE)):
        note = signed(TEXT) + b"".join(checkpoint.cosign(TEXT, HEARTBEAT, date) for date in dates)
        assert checkpoint.read(note, ORIGIN, OWNER).date == DATE + 600


def test_a_date_can_be_required() -> None:
    witnessed = signed(TEXT) + checkpoint.cosign(TEXT, TONGZHOU, DATE)
    assert checkpoint.read(witnessed, ORIGIN, OWNER | keys(TONGZHOU)).date is None
    assert reason(witnessed, require_date=True) == "checkpoint.no_date"
    with pytest.raises(Refused, match=r"checkpoint\.no_date"):
        checkpoint.read(witnessed, ORIGIN, OWNER | keys(TONGZHOU), require_date=True)


def test_a_date_after_the_year_9999_is_refused() -> None:
    """It would be no date to any calendar further on."""
    assert checkpoint.read(checkpoint.sign(TREE, LOG, HEARTBEAT, MAX_DATE), ORIGIN, OWNER).date == MAX_DATE
    assert reason(checkpoint.sign(TREE, LOG, HEARTBEAT, MAX_DATE + 1)) == "checkpoint.date"


def test_witnesses_count_only_when_their_keys_are_given() -> None:
    first, last = checkpoint.cosign(TEXT, TONGZHOU, DATE + 1), checkpoint.cosign(TEXT, TONGZHOU, DATE + 9)
    note = NOTE + first + last + checkpoint.cosign(TEXT, XIONGAN, DATE + 2)
    own = (ORIGIN, HEARTBEAT.key.key_id, DATE)
    assert checkpoint.read(note, ORIGIN, OWNER).cosignatures == (own,)
    found = checkpoint.read(note, ORIGIN, OWNER | keys(TONGZHOU))
    tongzhou = (TONGZHOU.name, TONGZHOU.key.key_id)
    assert found.cosignatures == (own, (*tongzhou, DATE + 1), (*tongzhou, DATE + 9))
    assert found.date == DATE


def test_grease_lines_change_nothing_up_to_the_limit() -> None:
    grease = "— grease.example/京 AAAAAAA=\n".encode()
    assert checkpoint.read(NOTE + grease * 126, ORIGIN, OWNER) == SignedCheckpoint(
        TREE, NOTE + grease * 126, DATE, checkpoint.read(NOTE, ORIGIN, OWNER).lines
    )
    assert reason(NOTE + grease * 127) == "note.lines"
    assert reason(NOTE + "— a ".encode() + b64encode(bytes(60_000)) + b"\n") == "note.size"


def test_only_the_owner_signs_and_dates() -> None:
    other = "jjj.example/sanhe/credit"
    for log_signer, heartbeat in ((signer(other), HEARTBEAT), (LOG, cosigner(other))):
        with pytest.raises(ValueError, match="does not sign for"):
            checkpoint.sign(TREE, log_signer, heartbeat, DATE)


# The policy gm

GM_LOG, GM_HEARTBEAT = gm_signer(ORIGIN), gm_cosigner(ORIGIN)
BOTH = checkpoint.sign(TREE, LOG, HEARTBEAT, DATE, (GM_LOG, GM_HEARTBEAT))
ALL = OWNER | keys(GM_LOG, GM_HEARTBEAT)
BEFORE, SINCE = Policy("gm", DATE + 1), Policy("gm", DATE)


def test_both_suites_sign_and_either_reader_reads() -> None:
    """Log lines first, then the dates; who knows no SM2 reads what it always read."""
    lines = notes.parse(BOTH, 4).lines
    assert [line.key_id for line in lines] == [s.key.key_id for s in (LOG, GM_LOG, HEARTBEAT, GM_HEARTBEAT)]
    assert checkpoint.read(BOTH, ORIGIN, OWNER).date == checkpoint.read(BOTH, ORIGIN, ALL).date == DATE
    assert checkpoint.read(BOTH, ORIGIN, ALL, policy=SINCE).date == DATE
    assert checkpoint.read(BOTH, ORIGIN, keys(GM_LOG, GM_HEARTBEAT), policy=SINCE).date == DATE


def test_what_is_dated_before_the_policy_needs_no_sm2() -> None:
    assert checkpoint.read(NOTE, ORIGIN, ALL, policy=BEFORE).date == DATE


@pytest.mark.parametrize(
    "note",
    [
        NOTE,
        notes.sign(TEXT, LOG) + checkpoint.cosign(TEXT, GM_HEARTBEAT, DATE),
        notes.sign(TEXT, LOG, GM_LOG) + checkpoint.cosign(TEXT, HEARTBEAT, DATE),
        notes.sign(TEXT, LOG) + checkpoint.cosign(TEXT, HEARTBEAT, DATE) + checkpoint.cosign(TEXT, GM_HEARTBEAT, DATE),
        checkpoint.sign(TREE, LOG, HEARTBEAT, DATE, (gm_signer(ORIGIN, "stranger"), gm_cosigner(ORIGIN, "stranger"))),
    ],
    ids=["ed25519 alone", "no sm2 log line", "no sm2 date", "sm2 date alone", "sm2 keys that nobody knows"],
)
def test_under_the_policy_both_sm2_lines_must_stand(note: bytes) -> None:
    with pytest.raises(Refused, match=r"suite\.gm_missing"):
        checkpoint.read(note, ORIGIN, ALL, policy=SINCE)


def test_an_ed25519_date_makes_no_old_statement_young() -> None:
    """Who could forge Ed25519 alone would else hold back a log's growth for as long as he likes."""
    young = BOTH + checkpoint.cosign(TEXT, HEARTBEAT, DATE + 3600)
    assert checkpoint.read(young, ORIGIN, ALL).date == DATE + 3600
    assert checkpoint.read(young, ORIGIN, ALL, policy=SINCE).date == DATE
    old = NOTE + checkpoint.cosign(TEXT, HEARTBEAT, DATE + 3600)
    assert checkpoint.read(old, ORIGIN, ALL, policy=BEFORE).date == DATE


def test_a_known_sm2_key_that_fails_fails_the_note_without_any_policy() -> None:
    broken = notes.line(ORIGIN, GM_LOG.key.key_id, GM_LOG.sign(b"another text\n"))
    with pytest.raises(Refused, match=r"signature\.invalid"):
        checkpoint.read(NOTE + broken, ORIGIN, ALL)
    assert checkpoint.read(NOTE + broken, ORIGIN, OWNER).date == DATE
