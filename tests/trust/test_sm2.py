"""SM2 with SM3: the answers of the standards, another implementation beside it, and every signature not to be taken."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import gmssl_pyx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.trust import sm2
from gateway.trust.sm2 import ORDER, PRIME, identity_digest, point_fault, sm3, verifier
from tests.trust.signers import gm_private

X = "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
Y = "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
ZA = "B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3"
E = "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"
R = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
S = "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
STANDARD = b"\x04" + bytes.fromhex(X + Y)
MESSAGE, SIGNATURE = b"message digest", bytes.fromhex(R + S)

KEY = gm_private("a")
CHECK = verifier(KEY.public)
TEXT = "某条记录\n".encode()
GOOD = KEY.sign(TEXT)


def test_sm3_gives_the_answers_of_gbt_32905() -> None:
    assert sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm3(b"abcd" * 16).hex() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


def test_the_example_of_gbt_32918_5_verifies_and_so_does_every_step_to_it() -> None:
    assert point_fault(STANDARD) is None
    assert identity_digest(STANDARD).hex().upper() == ZA
    assert sm3(bytes.fromhex(ZA) + MESSAGE).hex().upper() == E
    verifier(STANDARD)(SIGNATURE, MESSAGE)
    with pytest.raises(InvalidSignature):
        verifier(STANDARD)(SIGNATURE, MESSAGE + b".")


def test_the_private_key_of_the_example_has_its_public_key_and_signs() -> None:
    d = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
    signed = gmssl_pyx.sm2_sign(d, STANDARD[1:], MESSAGE, signer_id=sm2.ID)
    verifier(STANDARD)(raw(signed), MESSAGE)


def raw(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(32) + s.to_bytes(32)


def der(signature: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))


def other_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    return bool(gmssl_pyx.sm2_verify(public[1:], message, der(signature), signer_id=sm2.ID))


@settings(max_examples=25)
@given(st.binary(max_size=200))
def test_another_implementation_takes_ours_and_we_take_its(message: bytes) -> None:
    assert other_verifies(KEY.public, message, KEY.sign(message))
    public, private = gmssl_pyx.sm2_key_generate()
    verifier(b"\x04" + public)(raw(gmssl_pyx.sm2_sign(private, public, message, signer_id=sm2.ID)), message)


def test_what_we_refuse_the_other_implementation_refuses(capfd: pytest.CaptureFixture[str]) -> None:
    assert not other_verifies(KEY.public, TEXT + b"x", GOOD)
    assert not other_verifies(gm_private("b").public, TEXT, GOOD)
    capfd.readouterr()  # it says so on standard error


def replaced(r: int | None = None, s: int | None = None) -> bytes:
    found = [int.from_bytes(GOOD[:32]) if r is None else r, int.from_bytes(GOOD[32:]) if s is None else s]
    return b"".join(number.to_bytes(32) for number in found)


@pytest.mark.parametrize(
    "signature",
    [
        replaced(r=0),
        replaced(s=0),
        replaced(0, 0),
        replaced(r=ORDER),
        replaced(s=ORDER),
        replaced(r=ORDER + 1),
        replaced(r=2**256 - 1, s=2**256 - 1),
        replaced(s=ORDER - int.from_bytes(GOOD[32:])),
        replaced(r=ORDER - int.from_bytes(GOOD[:32])),
        GOOD[32:] + GOOD[:32],
        der(GOOD),
        GOOD[:-1],
        GOOD + b"\0",
        b"",
    ],
    ids=map(str, range(14)),
)
def test_no_other_bytes_are_this_signature(signature: bytes) -> None:
    CHECK(GOOD, TEXT)
    with pytest.raises(InvalidSignature):
        CHECK(signature, TEXT)


def test_every_flipped_bit_is_found() -> None:
    for place in range(64):
        with pytest.raises(InvalidSignature):
            CHECK(GOOD[:place] + bytes([GOOD[place] ^ 1 << place % 8]) + GOOD[place + 1 :], TEXT)
    for place in range(len(TEXT)):
        with pytest.raises(InvalidSignature):
            CHECK(GOOD, TEXT[:place] + bytes([TEXT[place] ^ 1]) + TEXT[place + 1 :])


@given(st.binary(max_size=80))
def test_any_bytes_are_a_signature_or_none(signature: bytes) -> None:
    with pytest.raises(InvalidSignature):
        CHECK(signature, TEXT)


def test_a_signature_under_another_id_is_none() -> None:
    """OpenSSL's own default is the empty one, which nobody else takes."""
    assert identity_digest(KEY.public, b"") != identity_digest(KEY.public)
    public, private = gmssl_pyx.sm2_key_generate()
    for other in (b"ALICE123@YAHOO.COM", b"12345678"):
        signed = raw(gmssl_pyx.sm2_sign(private, public, TEXT, signer_id=other))
        with pytest.raises(InvalidSignature):
            verifier(b"\x04" + public)(signed, TEXT)


def test_only_points_of_the_curve_are_keys() -> None:
    x, y = KEY.public[1:33], KEY.public[33:]
    other = (PRIME - int.from_bytes(y)).to_bytes(32)
    assert point_fault(b"\x04" + x + other) is None, "the other point above the same x is one"
    for wrong in (
        b"\x04" + x + (int.from_bytes(y) ^ 1).to_bytes(32),
        b"\x04" + bytes(64),
        b"\x04" + b"\xff" * 64,
        b"\x04" + PRIME.to_bytes(32) + y,
        b"\x02" + x,
        b"\x06" + x + y,
        x + y,
        KEY.public + b"\0",
        b"\0",
        b"",
    ):
        assert point_fault(wrong) is not None


def test_it_signs_anew_each_time() -> None:
    assert len({KEY.sign(TEXT) for _ in range(20)}) == 20
    assert all(len(KEY.sign(TEXT)) == 64 for _ in range(20))


def in_threads(call: Callable[[int], object], threads: int = 8) -> list[object]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(call, range(threads)))


def test_eight_threads_share_one_key() -> None:
    """Each signs and verifies its own messages with the same handles; all make the first verification at once."""
    key = sm2.PrivateKey.generate()
    check = verifier(key.public)

    def work(thread: int) -> bool:
        for turn in range(100):
            message = b"%d %d" % (thread, turn)
            signature = key.sign(message)
            check(signature, message)
            with pytest.raises(InvalidSignature):
                check(signature, message + b"x")
        return True

    assert in_threads(work) == [True] * 8


def test_random_points_and_digests_never_break_the_reader() -> None:
    for _ in range(200):
        assert point_fault(b"\x04" + os.urandom(64)) is not None
