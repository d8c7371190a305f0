"""Where is a node's private key, and who else may read it? (Law 10.)

One file a key: PKCS8 PEM, Ed25519 or SM2, mode 0600; encrypted if a passphrase file is named. A file that its group
or the world may read is refused, not repaired: nobody knows who has read it. Secrets are paths here; nothing
shows a key but its name and id.

>>> generate(folder / "record.pem")
>>> load_signer(folder / "record.pem", "jjj.example/sanhe")
Ed25519Signer(jjj.example/sanhe+1a2b3c4d)
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.errors import CannotRun
from gateway.trust import sm2, suites
from gateway.trust.suites import Cosigner, PrivateKey, Signer

MAX_FILE = 16 * 1024
MAX_PASSPHRASE = 1023  # what OpenSSL takes
KINDS: Mapping[str, Callable[[], PrivateKey]] = {
    "ed25519": Ed25519PrivateKey.generate,
    "sm2": sm2.PrivateKey.generate,
}
"""Which kinds of key there are, by the suite's name, and how one is made."""


def generate(path: Path, suite: str = "ed25519", *, passphrase_file: Path | None = None) -> None:
    """Make a new key of a suite of ``KINDS`` and save it. Raises ``CannotRun`` as ``save`` does, and
    ``suite.unavailable``.
    """
    save(path, KINDS[suite](), passphrase_file=passphrase_file)


def save(path: Path, private: PrivateKey, *, passphrase_file: Path | None = None) -> None:
    """Write a key to a new file that only its owner may read; it is on the disk when this returns.

    Raises ``CannotRun``: ``key.exists``, ``key.io``, and what reading the passphrase raises.
    """
    pem = _pem(private, _passphrase(passphrase_file))
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise CannotRun("key.exists", f"{path} exists; no key is overwritten: move it away first") from None
    except OSError as error:
        raise CannotRun("key.io", f"{path}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()  # half a key would only be in the way of the next attempt
        raise CannotRun("key.io", f"{path}: {error.strerror}") from error


def encrypt(path: Path, *, passphrase_file: Path, old_passphrase_file: Path | None = None) -> None:
    """Encrypt a key file, or change its passphrase, in place: the old file stands until the new one is on the disk.

    Raises ``CannotRun`` as ``load`` and ``save`` do.
    """
    private = load(path, passphrase_file=old_passphrase_file)
    written = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    save(written, private, passphrase_file=passphrase_file)
    try:
        written.replace(path)
    except OSError as error:
        raise CannotRun("key.io", f"{path}: {error.strerror}") from error


def load_signer(path: Path, name: str, *, passphrase_file: Path | None = None) -> Signer:
    """This key as signer of notes under ``name``. Raises ``CannotRun`` as ``load`` does."""
    return suites.signer(name, load(path, passphrase_file=passphrase_file))


def load_cosigner(path: Path, name: str, *, passphrase_file: Path | None = None) -> Cosigner:
    """This key as signer of cosignatures under ``name``. Raises ``CannotRun`` as ``load`` does."""
    return suites.cosigner(name, load(path, passphrase_file=passphrase_file))


def load(path: Path, *, passphrase_file: Path | None = None) -> PrivateKey:
    """Read a private key. Raises ``CannotRun``: ``key.missing``, ``key.io``, ``key.file_mode``,
    ``key.file_form``, ``key.passphrase`` (missing, wrong, or given for a file without one), ``suite.unavailable``.
    """
    pem, passphrase = _read_secret(path), _passphrase(passphrase_file)
    encrypted = b"ENCRYPTED" in pem
    if passphrase and not encrypted and b"PRIVATE KEY" in pem:
        raise CannotRun("key.passphrase", f"{path} has no passphrase, one is given")
    try:
        private = load_pem_private_key(pem, passphrase)
    except TypeError:
        raise CannotRun("key.passphrase", f"{path} is encrypted: name its passphrase file") from None
    except UnsupportedAlgorithm:
        return _load_sm2(path, pem, passphrase)
    except ValueError:
        # To OpenSSL a wrong passphrase looks like a malformed file; its own words are dropped with the cause.
        if passphrase and encrypted:
            raise CannotRun("key.passphrase", f"{path} can't be opened with this passphrase") from None
        raise CannotRun("key.file_form", f"{path} is no private key in PKCS8 PEM") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise CannotRun("key.file_form", f"{path} holds a private key of another kind than Ed25519 or SM2")
    return private


def _load_sm2(path: Path, pem: bytes, passphrase: bytes | None) -> sm2.PrivateKey:
    """``cryptography`` could decrypt the file and does not know the curve: SM2's, or nothing for us."""
    try:
        return sm2.PrivateKey.from_pem(pem, passphrase)
    except ValueError:
        raise CannotRun("key.file_form", f"{path} holds a private key of another kind than Ed25519 or SM2") from None


def _pem(private: PrivateKey, passphrase: bytes | None) -> bytes:
    if isinstance(private, sm2.PrivateKey):
        return private.to_pem(passphrase)
    how: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def _passphrase(path: Path | None) -> bytes | None:
    if path is None:
        return None
    found = _read_secret(path).rstrip(b"\r\n")
    if not 0 < len(found) <= MAX_PASSPHRASE:
        raise CannotRun("key.passphrase", f"{path} is empty, or longer than {MAX_PASSPHRASE} bytes")
    return found


def _read_secret(path: Path) -> bytes:
    try:
        # Not blocking: a pipe of this name would never end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _check_mode(path, os.fstat(descriptor).st_mode)  # of the very file that is read
            return os.read(descriptor, MAX_FILE)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise CannotRun("key.missing", f"{path} is missing") from None
    except OSError as error:
        raise CannotRun("key.io", f"{path}: {error.strerror}") from error


def _check_mode(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise CannotRun("key.file_form", f"{path} is no regular file")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise CannotRun(
            "key.file_mode",
            f"{path} has mode {stat.S_IMODE(mode):04o}: others than its owner may reach it."
            f" Make a new key if somebody may have, else `chmod 600 {path}`",
        )
