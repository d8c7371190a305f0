"""Keys and signatures: published answers, and every key that must not be taken."""

import copy
import json
import pickle
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.trust import sm2
from gateway.trust.suites import (
    COSIGNATURE,
    ED25519,
    CosignatureSigner,
    Ed25519Signer,
    Sm2CosignatureSigner,
    Sm2Signer,
    VerifierKey,
    key_id,
)
from tests.trust.signers import cosigner, gm_cosigner, gm_private, gm_signer, outcome, private, signer

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
REMORA = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
PLUS = (
    "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6"  # transparency-dev/formats: a plus in base64
)
VECTORS_FOLDER = Path(__file__).parent.parent / "vectors"
VECTORS = json.loads((VECTORS_FOLDER / "signed_notes.json").read_bytes())
PUBLIC = signer("a").key.public
GM = gm_signer("a").key.raw

RFC_8032 = json.loads((VECTORS_FOLDER / "rfc8032.json").read_bytes())  # section 7.1, all five


def reason(text: str) -> str:
    with pytest.raises(Refused) as caught:
        VerifierKey.parse(text)
    return caught.value.reason


def vkey(name: str, material: bytes) -> str:
    """A verifier key text whose id fits, so that it can be refused only for the rest."""
    known = sha256(name.encode() + b"\n" + material).hexdigest()[:8]
    return f"{name}+{known}+{b64encode(material).decode()}"


@pytest.mark.parametrize(
    "text", [PETER, REMORA, PLUS, *(key for vector in VECTORS for key in vector["keys"])]
)
def test_published_keys_go_round(text: str) -> None:
    assert VerifierKey.parse(text).text() == text


def test_a_key_is_what_its_text_says() -> None:
    key = VerifierKey.parse(PETER)
    assert (key.name, key.key_id.hex(), key.algorithm) == ("PeterNeumann", "c74f20a3", ED25519)
    assert key.public == b64decode(PETER.rpartition("+")[2])[1:]
    assert key == VerifierKey.of(key.name, ED25519, key.public)
    assert VerifierKey.parse(REMORA).algorithm == COSIGNATURE
    assert key_id("PeterNeumann", ED25519, key.public) == key.key_id


def test_no_part_and_no_near_miss_of_a_key_is_taken() -> None:
    for start in range(len(PETER)):
        for stop in range(start + 1, len(PETER) + 1):
            if (start, stop) != (0, len(PETER)):
                assert reason(PETER[start:stop]).startswith("key.")
    for place, letter in enumerate(PETER):
        assert reason(PETER[:place] + chr(ord(letter) + 1) + PETER[place + 1 :]).startswith("key.")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "key.form"),
        ("a+00000000", "key.form"),
        ("a+00000000+", "key.form"),
        (PETER.upper(), "key.form"),
        (PETER.replace("c74f20a3", "C74F20A3"), "key.form"),
        (PETER.replace("c74f20a3", "c74f20a"), "key.form"),
        (PETER.replace("c74f20a3", "０74f20a3"), "key.form"),
        (PETER.replace("c74f20a3", "c74f20a4"), "key.id"),
        (PETER.replace("PeterNeumann", "Peter"), "key.id"),
        (PETER.replace("PeterNeumann", ""), "key.form"),
        (PETER.replace("PeterNeumann", "Peter Neumann"), "key.form"),
        (PETER.replace("PeterNeumann", "Peter\ud800"), "key.form"),
        (PETER + "\n", "key.form"),
        (PETER + "\ud800", "key.form"),
        (vkey("a", b"\x01"), "key.form"),
        (vkey("a", b"\x01" + PUBLIC[:-1]), "key.public"),
        (vkey("a", b"\x01" + PUBLIC + b"\x00"), "key.public"),
        (vkey("a", b"\x04" + PUBLIC + b"\x00"), "key.public"),
        ("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "key.algorithm"),
        *((vkey("a", bytes([kind]) + PUBLIC), "key.algorithm") for kind in (0, 2, 3, 5, 6, 0xFA, 0xFF)),
    ],
)
def test_other_keys_are_refused(text: str, why: str) -> None:
    assert reason(text) == why


@given(st.text(max_size=80), st.binary(max_size=60))
def test_any_text_gives_a_key_or_a_refusal(text: str, material: bytes) -> None:
    for given_text in (text, f"a+{text}", PETER + text, vkey("a", material or b"\x01")):
        found = outcome(VerifierKey.parse, given_text)
        assert str(found).startswith("key.") or (
            isinstance(found, VerifierKey) and found.text() == given_text
        )


def test_a_key_that_anybody_can_sign_under_is_refused() -> None:
    """Under a point of small order the signature (identity, 0) verifies for many messages, with no secret."""
    for encoding in small_order_encodings():
        assert reason(vkey("a", b"\x01" + encoding)) == "key.public"
        assert reason(vkey("a", b"\x04" + encoding)) == "key.public"
    neutral = (1).to_bytes(32, "little")
    Ed25519PublicKey.from_public_bytes(neutral).verify(neutral + bytes(32), b"why this test is here")


def small_order_encodings() -> list[bytes]:
    """Every encoding, canonical or not, of the eight points P with 8·P = 0, reached by adding them up."""
    prime = 2**255 - 19
    d = -121665 * pow(121666, -1, prime) % prime

    def add(p: tuple[int, int], q: tuple[int, int]) -> tuple[int, int]:
        cross = d * p[0] * q[0] * p[1] * q[1] % prime
        x = (p[0] * q[1] + q[0] * p[1]) * pow(1 + cross, -1, prime) % prime
        return x, (p[1] * q[1] + p[0] * q[0]) * pow(1 - cross, -1, prime) % prime

    order_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
    y = int.from_bytes(bytes.fromhex(order_8), "little")
    square = (y * y - 1) * pow(d * y * y + 1, -1, prime) % prime
    x = pow(square, (prime + 3) // 8, prime)
    x = x if x * x % prime == square else x * pow(2, (prime - 1) // 4, prime) % prime
    points = [(0, 1)]
    while (following := add(points[-1], (x, y))) != (0, 1):
        points.append(following)
    assert len(points) == 8
    values = {value for _, y in points for value in (y, y + prime) if value < 2**255}
    return [(value | sign << 255).to_bytes(32, "little") for value in values for sign in (0, 1)]


def test_bytes_that_are_no_point_in_its_one_encoding_are_refused() -> None:
    for y in (2, 2**255 - 19 + 3, 2**255 - 1):
        assert reason(vkey("a", b"\x01" + y.to_bytes(32, "little"))) == "key.public"


@given(st.binary(min_size=32, max_size=32))
def test_every_generated_key_is_taken(seed: bytes) -> None:
    key = Ed25519Signer("a", Ed25519PrivateKey.from_private_bytes(seed)).key
    assert VerifierKey.parse(key.text()) == key


@pytest.mark.parametrize("vector", RFC_8032, ids=lambda vector: vector["test"])
def test_published_signatures(vector: dict[str, str]) -> None:
    secret, public, message, signature = (
        bytes.fromhex(vector[name]) for name in ("secret", "public", "message", "signature")
    )
    known = Ed25519Signer("a", Ed25519PrivateKey.from_private_bytes(secret))
    assert known.key.raw == public
    assert known.sign(message) == signature
    assert known.key.verify(message, signature) is None


def test_a_cosignature_is_dated_and_bound_to_its_date() -> None:
    witness, text = cosigner("jjj.example/sanhe/witness"), b"jjj.example/a\n0\n"
    payload = witness.cosign(text, 1679315147)
    assert (len(payload), payload[:8].hex()) == (72, "000000006418" + "50cb")
    assert witness.key.verify(text, payload) == 1679315147
    plain = private("cosign jjj.example/sanhe/witness ").sign(b"cosignature/v1\ntime 1679315147\n" + text)
    assert payload[8:] == plain, "the signed bytes are those of C2SP tlog-cosignature"
    for wrong in (
        (1679315148).to_bytes(8) + payload[8:],
        payload[:-1],
        payload + b"\0",
        payload[8:],
        b"",
        b"\1",
    ):
        with pytest.raises(Refused, match=r"signature\.invalid"):
            witness.key.verify(text, wrong)


@pytest.mark.parametrize("time", [0, 2**63, 2**64 - 1])
def test_times_outside_the_range_are_refused_even_if_signed(time: int) -> None:
    witness, text = cosigner("w"), b"jjj.example/a\n0\n"
    signed = private("cosign w ").sign(b"cosignature/v1\ntime %d\n" % time + text)
    with pytest.raises(Refused, match=r"signature\.invalid"):
        witness.key.verify(text, time.to_bytes(8) + signed)
    with pytest.raises(ValueError, match="no time"):
        witness.cosign(text, time)


def test_the_last_time_is_taken() -> None:
    witness = cosigner("w")
    assert witness.key.verify(b"a\n", witness.cosign(b"a\n", 2**63 - 1)) == 2**63 - 1


@given(st.binary(max_size=80))
def test_any_payload_is_refused(payload: bytes) -> None:
    for key in (signer("a").key, cosigner("a").key, gm_signer("a").key, gm_cosigner("a").key):
        with pytest.raises(Refused, match=r"signature\.invalid"):
            key.verify(b"text\n", payload)


def test_copies_of_a_key_still_verify() -> None:
    for known in (signer("a"), gm_signer("a")):
        for twin in (copy.deepcopy(known.key), pickle.loads(pickle.dumps(known.key))):
            assert twin == known.key
            assert twin.verify(b"text\n", known.sign(b"text\n")) is None


SM2_NAME = b"sm2-with-sm3.1.2.156.10197.1.501"


def test_an_sm2_key_says_its_suite_in_words_and_goes_round() -> None:
    """The identifier is part of the public key in the sense of C2SP: the key id is made over it too."""
    for known, words in ((gm_signer("a"), SM2_NAME), (gm_cosigner("a"), b"cosignature/v1+" + SM2_NAME)):
        key = known.key
        assert (key.algorithm, key.public[: len(words)], len(key.raw)) == (0xFF, words, 65)
        assert key.key_id == sha256(b"a\n\xff" + words + key.raw).digest()[:4]
        assert VerifierKey.parse(key.text()) == key
        assert VerifierKey.parse(key.text()).suite is key.suite


@pytest.mark.parametrize(
    ("material", "why"),
    [
        (b"\xff" + b"sm2-with-sm3" + GM, "key.algorithm"),
        (b"\xff" + SM2_NAME.upper() + GM, "key.algorithm"),
        (b"\xff" + b"another.example/suite" + GM, "key.algorithm"),
        (b"\xff" + GM, "key.algorithm"),
        (b"\x01" + SM2_NAME + GM, "key.public"),
        (b"\xff" + SM2_NAME, "key.public"),
        (b"\xff" + SM2_NAME + PUBLIC, "key.public"),
        (b"\xff" + SM2_NAME + GM + b"\0", "key.public"),
        (b"\xff" + SM2_NAME + GM[:-1] + bytes([GM[-1] ^ 1]), "key.public"),
        (b"\xff" + SM2_NAME + b"\x04" + bytes(64), "key.public"),
        (b"\xff" + b"cosignature/v1+" + SM2_NAME + GM[1:], "key.public"),
    ],
)
def test_no_other_identifier_and_no_other_point_is_an_sm2_key(material: bytes, why: str) -> None:
    assert reason(vkey("a", material)) == why


def test_no_suite_takes_the_signatures_of_another() -> None:
    """Which suite verifies is said by our key alone; a line of 64 bytes fits several."""
    text = b"text\n"
    plain, gm = signer("a"), gm_signer("a")
    dated, gm_dated = cosigner("a"), gm_cosigner("a")
    payloads = {s.key.suite.name: s.sign(text) for s in (plain, gm)}
    payloads |= {s.key.suite.name: s.cosign(text, 7) for s in (dated, gm_dated)}
    for known in (plain, gm, dated, gm_dated):
        for name, payload in payloads.items():
            if name == known.key.suite.name:
                assert known.key.verify(text, payload) == (7 if known.key.suite.dated else None)
            else:
                with pytest.raises(Refused, match=r"signature\.invalid"):
                    known.key.verify(text, payload)


def test_an_sm2_cosignature_is_bound_to_its_date() -> None:
    witness, text = gm_cosigner("w"), b"jjj.example/a\n0\n"
    payload = witness.cosign(text, 1679315147)
    assert (len(payload), payload[:8].hex()) == (72, "00000000641850cb")
    sm2.verifier(witness.key.raw)(payload[8:], b"cosignature/v1\ntime 1679315147\n" + text)
    for wrong in ((1679315148).to_bytes(8) + payload[8:], payload[:-1], payload + b"\0", payload[8:], b"", bytes(72)):
        with pytest.raises(Refused, match=r"signature\.invalid"):
            witness.key.verify(text, wrong)


def test_signers_show_their_name_and_id_only() -> None:
    secret, gm_secret, name = private("secret"), gm_private("secret"), "jjj.example/a"
    for known in (
        Ed25519Signer(name, secret),
        CosignatureSigner(name, secret),
        Sm2Signer(name, gm_secret),
        Sm2CosignatureSigner(name, gm_secret),
    ):
        shown = f"{type(known).__name__}(jjj.example/a+{known.key.key_id.hex()})"
        assert repr(known) == str(known) == shown
        with pytest.raises(TypeError):
            pickle.dumps(known)


def test_a_signer_needs_a_key_name() -> None:
    with pytest.raises(Refused, match=r"key\.form"):
        Ed25519Signer("two words", private("x"))
