"""Evidence: what a file proves by itself, and that nothing else ever does (law 8)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.ledger import checkpoint, evidencefile, merkle
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.evidencefile import ENDED, FORK, ROLLBACK, Clash, Evidence, Seen
from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.trust.members import Ended
from gateway.trust.suites import CosignatureSigner, Ed25519Signer

ORIGIN = "jjj.test/sanhe/licence"
NOW = 1_795_400_000
LOG = Ed25519Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
HEART = CosignatureSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32))
STRANGER = Ed25519Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes([2]) * 32))
KEYS = (LOG.key, HEART.key)
SEEN = Seen(NOW * 1000 + 123, "tongzhou", "topic jjj.sanhe.licence")
HONEST = [leaf_hash(b"%d" % leaf) for leaf in range(40)]
OTHER = [*HONEST[:5], *(leaf_hash(b"other %d" % leaf) for leaf in range(5, 40))]


def root(leaves: list[bytes], size: int) -> bytes:
    return Frontier.from_hashes(leaves[:size]).root()


def note(leaves: list[bytes], size: int, date: int = NOW, signer: Any = LOG) -> bytes:
    return checkpoint.sign(Checkpoint(ORIGIN, size, root(leaves, size)), signer, HEART, date)


def proof(leaves: list[bytes], old: int, new: int) -> tuple[bytes, ...]:
    def node(level: int, index: int) -> bytes:
        return Frontier.from_hashes(leaves[index << level : index + 1 << level]).root()

    return tuple(merkle.consistency_proof(old, new, node))


def evidence(clash: Clash, keys: Any = KEYS) -> Evidence:
    return Evidence(ORIGIN, clash, keys, 3, SEEN)


def larger(old: int, new: int) -> Clash:
    """An honest statement, and a larger tree of the other branch."""
    return Clash(FORK, note(HONEST, old), note(OTHER, new), root(OTHER, old), proof(OTHER, old, new))


ONE_SIZE = evidence(Clash(FORK, note(HONEST, 7), note(OTHER, 7)))
EXTENDS_NOT = evidence(larger(7, 23))
BACK = evidence(Clash(ROLLBACK, note(HONEST, 7, NOW + 60), note(HONEST, 23)))
END = Ended(9, root(HONEST, 9))
ENDED_OTHERWISE = evidence(Clash(ENDED, note(OTHER, 23), b"", root(OTHER, 9), proof(OTHER, 9, 23), END))
ALL = (ONE_SIZE, EXTENDS_NOT, BACK, ENDED_OTHERWISE)


def judged(found: Evidence) -> str:
    """What it proves, or the reason why it proves nothing."""
    try:
        return evidencefile.judge(found).told
    except Refused as refused:
        return refused.reason


@pytest.mark.parametrize("found", ALL, ids=lambda found: found.clash.reason)
def test_a_file_reads_back_as_it_was_written_and_proves_its_case(found: Evidence) -> None:
    assert evidencefile.parse(found.encode()) == found
    assert found.encode().count(b"\n") == 1
    assert evidencefile.judge(found).first.checkpoint.origin == ORIGIN


@settings(max_examples=60)
@given(st.integers(6, 40), st.integers(6, 40))
def test_any_two_sizes_beyond_the_branch_prove_the_fork(one: int, other: int) -> None:
    old, new = sorted((one, other))
    found = evidence(larger(old, new) if old < new else Clash(FORK, note(HONEST, old), note(OTHER, new)))
    assert judged(found).startswith(("two roots", "the tree of"))


@pytest.mark.parametrize(
    ("clash", "reason"),
    [
        (Clash(FORK, note(HONEST, 7), note(HONEST, 7, NOW + 9)), "evidence.no_contradiction"),  # dated anew
        (Clash(FORK, note(HONEST, 7), note(HONEST, 23)), "proof.form"),
        (
            Clash(FORK, note(HONEST, 7), note(HONEST, 23), root(HONEST, 7), proof(HONEST, 7, 23)),
            "evidence.no_contradiction",
        ),
        (Clash(FORK, note(HONEST, 7), note(HONEST, 23), root(OTHER, 7), proof(HONEST, 7, 23)), "proof.consistency"),
        (Clash(FORK, note(HONEST, 7), note(HONEST, 23), root(OTHER, 7), proof(OTHER, 7, 23)), "proof.consistency"),
        (Clash(FORK, note(HONEST, 23), note(OTHER, 7)), "evidence.no_contradiction"),  # the smaller one stands first
        (Clash(FORK, note(HONEST, 7), note(OTHER, 7), root(OTHER, 7)), "evidence.no_contradiction"),
        (Clash(ROLLBACK, note(HONEST, 7), note(HONEST, 23)), "evidence.no_contradiction"),  # of one instant
        (Clash(ROLLBACK, note(HONEST, 23, NOW + 60), note(HONEST, 7)), "evidence.no_contradiction"),
        (Clash(FORK, note(HONEST, 7, signer=STRANGER), note(OTHER, 7)), "key.unknown"),
        (Clash(FORK, note(HONEST, 7).replace(b"\n7\n", b"\n8\n"), note(OTHER, 8)), "signature.invalid"),
        (Clash(ENDED, note(HONEST, 23), b"", root(HONEST, 9), proof(HONEST, 9, 23), END), "evidence.no_contradiction"),
        (Clash(ENDED, note(OTHER, 7), b"", root(OTHER, 7), (), END), "evidence.no_contradiction"),  # may still end so
        (Clash(ENDED, note(OTHER, 23), b"", root(OTHER, 9), proof(HONEST, 9, 23), END), "proof.consistency"),
    ],
)
def test_what_can_all_be_true_or_was_not_signed_proves_nothing(clash: Clash, reason: str) -> None:
    assert judged(evidence(clash)) == reason


def test_keys_of_another_log_prove_nothing_of_this_one() -> None:
    other = Ed25519Signer("jjj.test/sanhe/credit", Ed25519PrivateKey.from_private_bytes(bytes(32))).key
    assert judged(evidence(ONE_SIZE.clash, (*KEYS, other))) == "evidence.key"
    assert judged(evidence(ONE_SIZE.clash, (HEART.key,))) == "key.unknown"


def test_one_contradiction_has_one_name_whoever_saw_it() -> None:
    seen_elsewhere = Evidence(ORIGIN, ONE_SIZE.clash, KEYS, 4, Seen(NOW, "wuqing", "tiles"))
    assert ONE_SIZE.id == seen_elsewhere.id != EXTENDS_NOT.id
    assert ONE_SIZE.id.startswith("sanhe-licence-")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
).map(lambda value: json.dumps(value).encode()))
def test_no_rubbish_is_evidence(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        evidencefile.judge(evidencefile.parse(raw))
    assert refused.value.reason == "evidence.form"


def put(member: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.__setitem__(member, value)


@pytest.mark.parametrize(
    "change",
    [
        put("form", "jjj-evidence/2"),
        put("reason", "log.rollback"),
        put("reason", "root.mismatch"),
        put("origin", "sanhe"),
        put("origin", 7),
        put("first", None),
        put("keys", []),
        put("keys", ["rubbish"]),
        put("keys", [LOG.key.text()] * 17),
        put("roster", -1),
        put("roster", True),
        put("proof", [base64.b64encode(bytes(31)).decode()]),
        put("proof", [base64.b64encode(bytes(32)).decode()] * 65),
        put("root", "?"),
        put("seen", {"at": "2026-11-23", "by": "tongzhou", "where": ""}),
        put("seen", {}),
        put("ended", {"size": 7, "root": ""}),
        put("more", 1),
        lambda document: document.pop("second"),
        lambda document: document.pop("proof"),
    ],
)
def test_another_form_is_refused_by_name(change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(EXTENDS_NOT.encode())
    change(document)
    with pytest.raises(Refused) as refused:
        evidencefile.parse(json.dumps(document).encode())
    assert refused.value.reason == "evidence.form"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_file_that_was_altered_stops_proving_or_is_true_all_the_same(data: st.DataObject) -> None:
    """Whatever byte changes: if it still proves something, the true keys have signed both notes as they stand."""
    found = data.draw(st.sampled_from(ALL))
    raw = bytearray(found.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(32, 126))
    try:
        altered = evidencefile.parse(bytes(raw))
        proven = evidencefile.judge(altered)
    except Refused:
        return
    keys = {(key.name, key.key_id): key for key in KEYS}
    for each in (proven.first, proven.second):
        if each is not None:
            assert checkpoint.read(each.note, altered.origin, keys).checkpoint == each.checkpoint
    statements = [each.checkpoint for each in (proven.first, proven.second) if each is not None]
    assert statements == [each.checkpoint for each in _statements(found)], "sizes and roots are as they were"


def _statements(found: Evidence) -> list[checkpoint.SignedCheckpoint]:
    proven = evidencefile.judge(found)
    return [each for each in (proven.first, proven.second) if each is not None]
