"""Private key files: who may read them, and what is said when something is wrong with one."""

import os
import shutil
import stat
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.errors import CannotRun
from gateway.trust import keyfiles
from tests.trust.signers import private


def refusal(path: Path, passphrase_file: Path | None = None) -> CannotRun:
    with pytest.raises(CannotRun) as caught:
        keyfiles.load(path, passphrase_file=passphrase_file)
    return caught.value


def secret_file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_a_generated_key_signs_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "record.pem"
    old = os.umask(0)
    try:
        keyfiles.generate(path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    signer, cosigner = (
        keyfiles.load_signer(path, "jjj.example/a"),
        keyfiles.load_cosigner(path, "jjj.example/a/w"),
    )
    assert signer.key.verify(b"text\n", signer.sign(b"text\n")) is None
    assert cosigner.key.verify(b"text\n", cosigner.cosign(b"text\n", 7)) == 7
    assert signer.key.public == cosigner.key.public
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n"), "PKCS8"


def test_every_generated_key_is_another(tmp_path: Path) -> None:
    for name in ("a", "b"):
        keyfiles.generate(tmp_path / name)
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


def test_no_key_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    keyfiles.generate(path)
    before = path.read_bytes()
    with pytest.raises(CannotRun, match=r"key\.exists"):
        keyfiles.generate(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644, 0o666])
def test_a_file_that_others_may_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key.pem"
    keyfiles.generate(path)
    path.chmod(mode)
    assert refusal(path).reason == "key.file_mode"
    path.chmod(0o400)
    keyfiles.load(path)


def test_the_mode_is_that_of_the_file_behind_a_link(tmp_path: Path) -> None:
    keyfiles.generate(tmp_path / "key.pem")
    (tmp_path / "link").symlink_to("key.pem")
    keyfiles.load(tmp_path / "link")
    (tmp_path / "key.pem").chmod(0o640)
    assert refusal(tmp_path / "link").reason == "key.file_mode"


def test_what_is_no_key_file_is_said_to_be_none(tmp_path: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    other_pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public_pem = private("x").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for content in (
        b"",
        b"\xff\xfe",
        other_pem,
        public_pem,
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n",
        bytes(20_000),
    ):
        assert refusal(secret_file(tmp_path / "key", content)).reason == "key.file_form"
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert refusal(tmp_path / "pipe").reason == "key.file_form"
    assert refusal(tmp_path).reason == "key.file_form"
    assert refusal(tmp_path / "none").reason == "key.missing"
    assert refusal(tmp_path / "key" / "below").reason == "key.io"
    with pytest.raises(CannotRun, match=r"key\.io"):
        keyfiles.generate(tmp_path / "no folder" / "key.pem")


def test_an_encrypted_key_needs_its_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    right = secret_file(tmp_path / "right", "正确的口令\n".encode())
    wrong = secret_file(tmp_path / "wrong", b"another")
    keyfiles.generate(path, passphrase_file=right)
    assert b"ENCRYPTED" in path.read_bytes()
    keyfiles.load(path, passphrase_file=right)
    assert refusal(path).reason == "key.passphrase"
    assert refusal(path, wrong).reason == "key.passphrase"
    assert refusal(path, secret_file(tmp_path / "empty", b"\n")).reason == "key.passphrase"
    assert refusal(path, secret_file(tmp_path / "long", b"x" * 1024)).reason == "key.passphrase"
    right.chmod(0o644)
    assert refusal(path, right).reason == "key.file_mode"


def test_a_passphrase_for_a_file_without_one_is_a_mistake(tmp_path: Path) -> None:
    keyfiles.generate(tmp_path / "key.pem")
    passphrase = secret_file(tmp_path / "passphrase", b"secret")
    assert refusal(tmp_path / "key.pem", passphrase).reason == "key.passphrase"


def test_errors_and_signers_show_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    passphrase = secret_file(tmp_path / "passphrase", b"do-not-show-me")
    keyfiles.generate(path, passphrase_file=passphrase)
    body = path.read_bytes().splitlines()[1].decode()
    broken = secret_file(tmp_path / "broken", path.read_bytes().replace(b"\nM", b"\nX", 1))
    errors = [refusal(path), refusal(broken, passphrase), refusal(broken)]
    shown = [
        *map(str, errors),
        *map(repr, errors),
        repr(keyfiles.load_signer(path, "a", passphrase_file=passphrase)),
    ]
    assert all(error.__cause__ is None for error in errors)
    assert not any(secret in text for text in shown for secret in ("do-not-show-me", body))


# SM2


def test_a_generated_sm2_key_signs_as_what_its_file_says(tmp_path: Path) -> None:
    path, secret = tmp_path / "record-sm2.pem", secret_file(tmp_path / "secret", "口令".encode())
    for passphrase in (None, secret):
        keyfiles.generate(path, "sm2", passphrase_file=passphrase)
        assert (b"ENCRYPTED" in path.read_bytes()) == (passphrase is not None)
        signer = keyfiles.load_signer(path, "jjj.example/a", passphrase_file=passphrase)
        cosigner = keyfiles.load_cosigner(path, "jjj.example/a/w", passphrase_file=passphrase)
        assert (signer.key.suite.name, cosigner.key.suite.name) == ("sm2", "sm2-cosignature")
        assert signer.key.verify(b"text\n", signer.sign(b"text\n")) is None
        assert cosigner.key.verify(b"text\n", cosigner.cosign(b"text\n", 7)) == 7
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.unlink()


def test_an_sm2_key_is_what_openssl_writes_and_reads(tmp_path: Path) -> None:
    """PKCS8 as of GB/T 35276's curve, so that other programs of a 密码 department take the file."""
    keyfiles.generate(tmp_path / "ours.pem", "sm2")
    said = openssl("pkey", "-in", str(tmp_path / "ours.pem"), "-noout", "-text")
    assert "SM2" in said
    openssl("genpkey", "-algorithm", "SM2", "-out", str(tmp_path / "theirs.pem"))
    (tmp_path / "theirs.pem").chmod(0o600)
    assert keyfiles.load_signer(tmp_path / "theirs.pem", "a").key.suite.name == "sm2"


def openssl(*arguments: str) -> str:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("there is no program openssl here")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout


def test_an_sm2_key_is_refused_as_the_others_are(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    right = secret_file(tmp_path / "right", b"do-not-show-me")
    wrong = secret_file(tmp_path / "wrong", b"another")
    keyfiles.generate(path, "sm2", passphrase_file=right)
    errors = [refusal(path), refusal(path, wrong)]
    assert [error.reason for error in errors] == ["key.passphrase"] * 2
    plain = tmp_path / "plain.pem"
    keyfiles.generate(plain, "sm2")
    errors.append(refusal(plain, right))
    der = b64decode(b"".join(plain.read_bytes().splitlines()[1:-1]))
    other = b64encode(der.replace(bytes.fromhex("2a811ccf5501822d"), bytes.fromhex("2a811ccf5501822e")))
    pem = b"-----BEGIN PRIVATE KEY-----\n%b\n-----END PRIVATE KEY-----\n" % other
    errors.append(refusal(secret_file(tmp_path / "other curve", pem)))
    assert [error.reason for error in errors[2:]] == ["key.passphrase", "key.file_form"]
    with pytest.raises(CannotRun, match=r"key\.exists"):
        keyfiles.generate(path, "sm2")
    secrets = ("do-not-show-me", plain.read_bytes().splitlines()[1].decode())
    shown = [text for error in errors for text in (str(error), repr(error))]
    assert all(error.__cause__ is None for error in errors)
    assert not any(secret in text for text in shown for secret in secrets)


def test_a_key_file_is_encrypted_in_place_and_its_passphrase_changed(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    one, two = secret_file(tmp_path / "one", "甲".encode()), secret_file(tmp_path / "two", "乙".encode())
    keyfiles.generate(path)
    public = keyfiles.load_signer(path, "a").key
    keyfiles.encrypt(path, passphrase_file=one)
    keyfiles.encrypt(path, passphrase_file=two, old_passphrase_file=one)
    assert b"ENCRYPTED" in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert refusal(path, one).reason == "key.passphrase"
    assert keyfiles.load_signer(path, "a", passphrase_file=two).key == public
    assert {each.name for each in tmp_path.iterdir()} == {"key.pem", "one", "two"}


def test_a_wrong_old_passphrase_leaves_the_key_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    one, two = secret_file(tmp_path / "one", "甲".encode()), secret_file(tmp_path / "two", "乙".encode())
    keyfiles.generate(path, passphrase_file=one)
    before = path.read_bytes()
    for old in (two, None):
        with pytest.raises(CannotRun, match=r"key\.passphrase"):
            keyfiles.encrypt(path, passphrase_file=two, old_passphrase_file=old)
    assert path.read_bytes() == before
