"""The system's OpenSSL: what is said where there is none, and that nothing it holds is shown or left behind."""

import copy
import gc
import pickle
import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest

from gateway.errors import CannotRun
from gateway.trust import libcrypto, sm2
from gateway.trust.suites import VerifierKey
from tests.trust.signers import gm_private, gm_signer, signer


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which no name leads to an OpenSSL with SM2: one file is missing, one is another library."""
    monkeypatch.setattr(libcrypto, "NAMES", ("libjjj-none.so.3", "libc.so.6"))
    forget()
    yield
    forget()


def forget() -> None:
    libcrypto._library.cache_clear()
    libcrypto.available.cache_clear()


def test_a_machine_without_sm2_says_so_and_verifies_ed25519_all_the_same(without: None) -> None:
    for call in (libcrypto.available, sm2.PrivateKey.generate):
        with pytest.raises(CannotRun, match=r"suite\.unavailable: .*libjjj-none"):
            call()
    known = signer("jjj.example/sanhe")
    assert known.key.verify(b"text\n", known.sign(b"text\n")) is None


def test_an_sm2_key_is_refused_as_unavailable_where_it_is_read(
    request: pytest.FixtureRequest,
) -> None:
    text = gm_signer("jjj.example/sanhe").key.text()
    request.getfixturevalue("without")
    with pytest.raises(CannotRun, match=r"suite\.unavailable"):
        VerifierKey.parse(text)


def test_it_is_openssl_3_or_later() -> None:
    assert int(libcrypto.available().partition(".")[0]) >= 3


def test_no_key_is_shown_copied_or_pickled() -> None:
    key = sm2.PrivateKey.generate()
    for text in (repr(key), str(key), repr(key._handle)):
        assert text.startswith("<gateway.trust.")
    for call in (copy.copy, copy.deepcopy, pickle.dumps):
        for secret in (key._handle, key):
            with pytest.raises(TypeError):
                call(secret)


def test_a_wrong_point_or_signature_is_an_answer_and_no_crash() -> None:
    key = gm_private("a")
    for wrong in (b"", b"\0", b"\4" + bytes(64), key.public[:-1], key.public + b"\0"):
        with pytest.raises(libcrypto.Failed):
            libcrypto.public(wrong)
    handle = libcrypto.public(key.public)
    for der in (b"", b"\x30", bytes(70), b"\x30\x06\x02\x01\x01\x02\x01\x01"):
        assert not libcrypto.verify(handle, bytes(32), der)
    with pytest.raises(libcrypto.Failed):
        libcrypto.sign(handle, bytes(32))  # a public key signs nothing


def test_memory_is_given_back() -> None:
    """A thousand keys of about two kilobytes each would be seen, were they not freed with their objects."""
    public = gm_private("a").public

    def work(turns: int) -> int:
        for _ in range(turns):
            libcrypto.verify(libcrypto.public(public), bytes(32), b"\x30\x06\x02\x01\x01\x02\x01\x01")
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = work(100)
    assert work(1000) - before < 1500, "KiB more after a thousand keys"


def test_a_passphrase_is_never_asked_for_on_a_terminal() -> None:
    """OpenSSL asks on the terminal when nobody answers; a node would stand still at its start."""
    program = (
        "from gateway.trust import libcrypto\n"
        "pem = libcrypto.to_pem(libcrypto.new(), b'secret')\n"
        "try: libcrypto.from_pem(pem, None)\n"
        "except libcrypto.Failed: print('refused')\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, input="secret\n", check=True)
    assert (done.stdout, done.stderr) == ("refused\n", "")
