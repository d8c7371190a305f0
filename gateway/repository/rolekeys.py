"""Whose offline key is this? One administrator's key for the roles root and targets, or a machine's online key.

The private half is a file like every key of a node (``gateway.trust.keyfiles``: PKCS8 PEM, 0600, a passphrase if one is
named); the public half is a small JSON file beside it that may be mailed. Ed25519 alone, so that every TUF client reads
it. The id of a key is TUF's: SHA-256 over the key's own description.

>>> make(Path("tongzhou-root.pem"), "tongzhou").keyid[:8]
'5f1c03aa'
>>> read_public(Path("tongzhou-root.pem.pub")).jurisdiction
'tongzhou'
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import CryptoSigner, Key, Signature, Signer, SSlibKey

from gateway.errors import CannotRun, Refused
from gateway.trust import keyfiles
from gateway.trust.documents import IDENTIFIER, Fields, parse_document, refuse

HOLDER = "x-jjj-jurisdiction"
"""Member of a key in the root that says whose it is; other clients pass over it."""
PUBLIC_SUFFIX = ".pub"
SHORT = 8
MAX_PUBLIC = 4096
_KEYS, _KEYID = "keys", "keyid"
_ED25519 = "ed25519"
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RoleKey:
    """A public key and the jurisdiction that answers for it. ``public``: 32 bytes."""

    jurisdiction: str
    public: bytes

    @property
    def keyid(self) -> str:
        """TUF's id of the key, 64 hex digits."""
        return keyid_of(Ed25519PublicKey.from_public_bytes(self.public))

    def to_tuf(self) -> SSlibKey:
        """As it stands in a root."""
        key = SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(self.public))
        key.unrecognized_fields[HOLDER] = self.jurisdiction
        return key

    def told(self) -> str:
        """For people: whose, and the first digits of its id."""
        return f"{self.jurisdiction} {self.keyid[:SHORT]}"

    def to_json(self) -> dict[str, str]:
        """The public half as a file."""
        return {"jurisdiction": self.jurisdiction, "keyid": self.keyid, "ed25519": self.public.hex()}

    @classmethod
    def of_tuf(cls, key: Key) -> RoleKey:
        """From a root. Raises ``Refused`` ``trust.form`` for a key of another kind, id or form."""
        public = key.keyval.get("public")
        holder = key.unrecognized_fields.get(HOLDER)
        known = key.keytype == key.scheme == _ED25519 and isinstance(public, str) and isinstance(holder, str)
        if not known or _HEX.fullmatch(str(public)) is None or IDENTIFIER.fullmatch(str(holder)) is None:
            told = f"{key.keyid[:80]!a} is no Ed25519 key of a jurisdiction"
            refuse(_KEYS, told, "不是某一地区的 Ed25519 密钥", rule=_ED25519)
        found = cls(str(holder), bytes.fromhex(str(public)))
        _check_id(found, key.keyid)
        return found


def keyid_of(public: Ed25519PublicKey) -> str:
    """TUF's id of a public key."""
    return str(SSlibKey.from_crypto(public).keyid)


def _check_id(key: RoleKey, keyid: str) -> None:
    if key.keyid != keyid:
        refuse(_KEYID, "is not the id of this key", "密钥编号与公钥不符", rule="keyid", value=ascii(keyid))


def make(path: Path, jurisdiction: str, *, passphrase_file: Path | None = None) -> RoleKey:
    """Make a key: the private half into ``path``, the public one beside it as ``path.pub``.

    Raises ``CannotRun`` as ``keyfiles.save`` does; ``trust.form`` for no id of a jurisdiction.
    """
    if IDENTIFIER.fullmatch(jurisdiction) is None:
        raise CannotRun("trust.form", f"{jurisdiction!a} is no id of a jurisdiction", zh="地区标识不正确")
    private = Ed25519PrivateKey.generate()
    keyfiles.save(path, private, passphrase_file=passphrase_file)
    key = of_signer(jurisdiction, CryptoSigner(private))
    beside = path.with_name(path.name + PUBLIC_SUFFIX)
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(key.to_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise CannotRun("key.io", f"{beside}: {error.strerror}") from error
    return key


def load(path: Path, *, passphrase_file: Path | None = None) -> CryptoSigner:
    """The private half as what python-tuf signs with; an HSM's signer of securesystemslib may stand in its place.
    Raises ``CannotRun`` ``key.*``.
    """
    private = keyfiles.load(path, passphrase_file=passphrase_file)
    if not isinstance(private, Ed25519PrivateKey):
        raise CannotRun("key.file_form", f"{path} holds an SM2 key; the trust repository is signed with Ed25519")
    return CryptoSigner(private)


def of_signer(jurisdiction: str, signer: Signer) -> RoleKey:
    """The public half of a signer."""
    return RoleKey(jurisdiction, bytes.fromhex(signer.public_key.keyval["public"]))


def parse_public(content: bytes) -> RoleKey:
    """Read the public half. Raises ``Refused`` ``trust.form``, nothing else, whatever the bytes."""
    fields = Fields(parse_document(content), "")
    public = bytes.fromhex(fields.text("ed25519", _HEX))
    key = RoleKey(fields.text("jurisdiction", IDENTIFIER), public)
    _check_id(key, fields.text("keyid", _HEX))
    fields.close()
    return key


def read_public(path: Path) -> RoleKey:
    """The public half in a file. Raises ``CannotRun`` ``key.missing``, ``trust.form``."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PUBLIC)
    except OSError as error:
        raise CannotRun("key.missing", f"{path}: {error.strerror}") from error
    try:
        return parse_public(content)
    except Refused as refused:
        raise CannotRun(
            "trust.form",
            f"{path} is no public half as `trust key` writes it: {refused.message}",
            zh=f"{path} 不是 trust key 生成的公钥文件",
        ) from refused


def verifies(key: RoleKey, signature: bytes, payload: bytes) -> bool:
    """Whether this key made the signature (64 bytes) over the payload."""
    try:
        key.to_tuf().verify_signature(Signature(key.keyid, signature.hex()), payload)
    except UnverifiedSignatureError:
        return False
    return True
