"""Who signs for the network, and how many must? The charter: what a root says, and nothing that it doesn't (DESIGN §7).

One offline key a jurisdiction, for root and targets alike, ``threshold`` of them together; online keys, any one of
them, for snapshot and timestamp. A root is made from its charter alone, byte for byte, so that who reads a charter has
read the whole root.

>>> charter = Charter(keys, 4, online, Lives())
>>> charter.root(1, expires=1795400000).roles["targets"].threshold
4
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from tuf.api.metadata import Metadata, Root, Signed, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization import DeserializationError, SerializationError
from tuf.api.serialization.json import CanonicalJSONSerializer, JSONDeserializer

from gateway.errors import Refused
from gateway.repository.layout import MAX_KEYS, ROOT, SNAPSHOT, TARGETS, TIMESTAMP, Lives
from gateway.repository.rolekeys import RoleKey
from gateway.trust.documents import Fields, refuse, unique

LIVES = "x-jjj-days"
"""Member of the root: for how many days each role's metadata are made."""
SignedT = TypeVar("SignedT", Root, Targets, Snapshot, Timestamp)
USUAL = Lives()
_OFFLINE, _ONLINE = (ROOT, TARGETS), (SNAPSHOT, TIMESTAMP)


@dataclass(frozen=True, slots=True)
class Charter:
    """Offline keys (one a jurisdiction), how many of them sign together, online keys, and how long metadata live.

    None exists that couldn't be kept: ``Refused`` ``trust.charter`` names what is wrong.
    """

    keys: tuple[RoleKey, ...]
    threshold: int
    online: tuple[RoleKey, ...]
    lives: Lives = USUAL

    def __post_init__(self) -> None:
        holders, ids = [key.jurisdiction for key in self.keys], [key.keyid for key in (*self.keys, *self.online)]
        if not 1 <= self.threshold <= len(self.keys) <= MAX_KEYS:
            told = f"{self.threshold} of {len(self.keys)} keys can't sign"
            raise Refused("trust.charter", told, zh=f"门限 {self.threshold} 与密钥数 {len(self.keys)} 不符")
        if not 1 <= len(self.online) <= MAX_KEYS:
            raise Refused("trust.charter", "there must be an online key", zh="至少要有一把在线密钥")
        twice = sorted({holder for holder in holders if holders.count(holder) > 1})
        if twice:
            told = f"one key a jurisdiction; more are given for {', '.join(twice)}"
            raise Refused("trust.charter", told, zh=f"每个地区一把根密钥，{'、'.join(twice)} 多于一把")
        if len(set(ids)) < len(ids):
            zh = "同一把密钥出现两次（根密钥不得兼作在线密钥）"
            raise Refused("trust.charter", "one key stands in two places", zh=zh)

    def root(self, version: int, expires: int, spec_version: str | None = None) -> Root:
        """The root that says this, good until ``expires`` (s)."""
        root = Root(version, spec_version, instant(expires), unrecognized_fields={LIVES: self.lives.to_json()})
        for roles, keys in ((_OFFLINE, self.keys), (_ONLINE, self.online)):
            for role in roles:
                for key in sorted(keys, key=lambda key: key.keyid):
                    root.add_key(key.to_tuf(), role)
        root.roles[ROOT].threshold = root.roles[TARGETS].threshold = self.threshold
        return root

    def holder(self, keyid: str) -> str | None:
        """Whose key this is, online ones included."""
        return next((key.jurisdiction for key in (*self.keys, *self.online) if key.keyid == keyid), None)

    @classmethod
    def of(cls, root: Root) -> Charter:
        """What a root says. Raises ``Refused`` ``trust.form`` where it says anything else or more."""
        lives = Lives.read(Fields(root.unrecognized_fields.get(LIVES), LIVES))
        offline, online = (_keys(root, role) for role in (ROOT, SNAPSHOT))
        found = cls(offline, root.roles[ROOT].threshold, online, lives)
        again = found.root(root.version, seconds(root), root.spec_version)
        if canonical(again) != canonical(root):
            refuse(ROOT, "says more than a charter", "含有章程之外的内容", rule="charter")
        return found


def _keys(root: Root, role: str) -> tuple[RoleKey, ...]:
    ids = root.roles[role].keyids
    unique(f"root.roles.{role}", ids)
    lacking = [keyid for keyid in ids if keyid not in root.keys]
    if lacking:
        refuse(f"root.roles.{role}", "names a key that is not there", "引用了不存在的密钥", rule="keys")
    return tuple(sorted((RoleKey.of_tuf(root.keys[keyid]) for keyid in ids), key=lambda key: key.jurisdiction))


def targets_of(files: Mapping[str, bytes], version: int, expires: int, spec_version: str | None = None) -> Targets:
    """The targets metadata of exactly these files (path → bytes)."""
    made = {path: TargetFile.from_data(path, content, ["sha256"]) for path, content in sorted(files.items())}
    return Targets(version, spec_version, instant(expires), made)


def instant(at: int) -> datetime:
    """Seconds since the epoch as python-tuf takes them."""
    return datetime.fromtimestamp(at, UTC)


def seconds(signed: Signed) -> int:
    """When metadata expire, in seconds since the epoch."""
    return int(signed.expires.timestamp())


def canonical(signed: Signed) -> bytes:
    """What is signed: the metadata in canonical JSON."""
    return bytes(CanonicalJSONSerializer().serialize(signed))


def read_payload(kind: type[SignedT], payload: bytes, path: str) -> SignedT:
    """The metadata in canonical JSON, and only in it. Raises ``Refused`` ``trust.form``, whatever the bytes."""
    try:
        found = JSONDeserializer().deserialize(b'{"signatures":[],"signed":%s}' % payload).signed
        whole = canonical(found) == payload
    except (DeserializationError, SerializationError) as error:
        refuse(path, f"is no metadata: {error.__cause__ or error}"[:200], "不是元数据", rule="TUF")
    if not isinstance(found, kind) or not whole:
        refuse(path, f"is no {kind.type} in canonical JSON", f"不是规范写法的 {kind.type}", rule="canonical JSON")
    return found


def read_file(kind: type[SignedT], content: bytes, path: str) -> Metadata[SignedT]:
    """A metadata file of this kind. Raises ``Refused`` ``trust.form``, whatever the bytes."""
    try:
        found = JSONDeserializer().deserialize(content)
    except DeserializationError as error:
        refuse(path, f"is no metadata: {error.__cause__ or error}"[:200], "不是元数据", rule="TUF")
    if not isinstance(found.signed, kind):
        refuse(path, f"is no {kind.type}", f"不是 {kind.type}", rule=kind.type)
    return found
