"""What is put before the administrators? A proposal: one JSON file, complete in itself, that travels by mail (DESIGN
§7).

It names the state of the repository that it builds on, and holds the exact bytes that are signed (the next targets, and
the next root where the charter changes or is renewed, each in canonical JSON) and every target in full. Nothing in it
counts that isn't bound by what is signed: targets are checked against their hashes when it is read, a root against its
charter. Whatever the bytes, ``Refused`` is the only error.

    {"proposal":1,"base":{"root":{"version":1,"sha256":"…"},"targets":{"version":3,"sha256":"…"}},
     "root":"{\\"_type\\":\\"root\\",…}","targets":"{\\"_type\\":\\"targets\\",…}","files":{"roster.json":"…"}}

>>> proposal = read(Path("p.json").read_bytes())
>>> proposal.digest[:8], proposal.targets.version
('0c1f3a55', 4)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from tuf.api.metadata import Root, Targets

from gateway.errors import CannotRun, Refused
from gateway.repository.charter import Charter, canonical, read_payload, seconds, targets_of
from gateway.repository.layout import MAX_FILES, MAX_ROOT, MAX_TARGETS, ROOT, TARGETS, digest, is_target
from gateway.trust.documents import MAX_DOCUMENT, Fields, parse_document, refuse

FORM = 1
_FILES = "files"
_HEX_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class At:
    """A version of root or targets, and the SHA-256 (hex) of what was signed."""

    version: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """As it stands in a proposal."""
        return {"version": self.version, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class Base:
    """The state that a proposal builds on."""

    root: At
    targets: At

    def to_json(self) -> dict[str, Any]:
        """As it stands in a proposal."""
        return {ROOT: self.root.to_json(), TARGETS: self.targets.to_json()}


@dataclass(frozen=True, slots=True)
class Proposal:
    """The next targets with their files, the next root if there is one, and what both build on (None: nothing yet)."""

    base: Base | None
    root: Root | None
    targets: Targets
    files: Mapping[str, bytes]

    @property
    def charter(self) -> Charter | None:
        """What the next root says."""
        return None if self.root is None else Charter.of(self.root)

    @property
    def payloads(self) -> dict[str, bytes]:
        """What each signer signs, by role."""
        signed = {TARGETS: canonical(self.targets)}
        return signed if self.root is None else {ROOT: canonical(self.root), **signed}

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over all that is signed: administrators compare its first digits by telephone."""
        return digest(b"".join(b"%s %d\n%s\n" % (role.encode(), len(p), p) for role, p in self.payloads.items()))


def written(proposal: Proposal) -> bytes:
    """The proposal as a file."""
    document: dict[str, Any] = {"proposal": FORM}
    if proposal.base is not None:
        document["base"] = proposal.base.to_json()
    document |= {role: payload.decode() for role, payload in proposal.payloads.items()}
    document["files"] = {path: content.decode() for path, content in sorted(proposal.files.items())}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read(content: bytes) -> Proposal:
    """Read a proposal strictly. Raises ``Refused``: ``trust.form``, ``trust.charter``, ``trust.target_swapped`` for a
    file that isn't the one whose hash is signed.
    """
    document = dict(parse_document(content))
    payloads = {role: _bytes(document.pop(role), role, most) for role, most in _PAYLOADS if role in document}
    files = _files(document.pop("files", None))
    fields = Fields(document, "")
    fields.integer("proposal", FORM, FORM)
    base = fields.inner("base", _base) if fields.has("base") else None
    fields.close()
    if TARGETS not in payloads:
        refuse(TARGETS, "the member is missing", "缺少该成员", rule="required")
    root = read_payload(Root, payloads[ROOT], ROOT) if ROOT in payloads else None
    targets = read_payload(Targets, payloads[TARGETS], TARGETS)
    if root is not None:
        Charter.of(root)
    _check_targets(targets, files)
    return Proposal(base, root, targets, files)


_PAYLOADS = ((ROOT, MAX_ROOT), (TARGETS, MAX_TARGETS))


def read_from(path: Path) -> Proposal:
    """The proposal in a file. Raises ``CannotRun`` ``file.unreadable``, else as ``read``."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_DOCUMENT + 1)
    except OSError as error:
        raise CannotRun("file.unreadable", f"{path}: {error.strerror}") from error
    return read(content)


def _bytes(value: object, path: str, most: int) -> bytes:
    if not isinstance(value, str):
        refuse(path, "is no text", "应为文本", rule="text")
    try:
        found = value.encode()
    except UnicodeEncodeError:
        refuse(path, "holds half a character", "含有不完整的字符", rule="UTF-8")
    if len(found) > most:
        refuse(path, f"is larger than {most} bytes", f"超过 {most} 字节", rule="size")
    return found


def _files(value: object) -> dict[str, bytes]:
    if not isinstance(value, dict) or len(value) > MAX_FILES:
        refuse(_FILES, f"is no object of at most {MAX_FILES} files", f"应为至多 {MAX_FILES} 个文件", rule="object")
    for path in value:
        if not is_target(path):
            refuse(_FILES, f"{path[:80]!a} is no name of a target", f"{path[:80]!a} 不是目标文件名", rule="target")
    return {path: _bytes(content, f"files.{path}", MAX_DOCUMENT) for path, content in value.items()}


def _base(fields: Fields) -> Base:
    return Base(fields.inner(ROOT, _at), fields.inner(TARGETS, _at))


def _at(fields: Fields) -> At:
    version, sha256 = fields.integer("version", 1), fields.text("sha256")
    if len(sha256) != 64 or not _HEX_DIGITS.issuperset(sha256):
        refuse(fields.at("sha256"), "is no SHA-256", "不是 SHA-256", rule="hex, 64 digits")
    return At(version, sha256)


def _check_targets(targets: Targets, files: Mapping[str, bytes]) -> None:
    """Every file is the one whose length and hash are signed, and the metadata say nothing beyond that."""
    for path in sorted(targets.targets.keys() ^ files.keys()):
        told, zh = f"{path[:80]!a} is not both signed and here", f"{path[:80]!a} 未同时列入签名和文件"
        refuse(_FILES, told, zh, rule="files")
    for path, content in files.items():
        if targets.targets[path].hashes != {"sha256": digest(content)} or targets.targets[path].length != len(content):
            told = f"{path} in the proposal is not the file whose hash is signed"
            raise Refused("trust.target_swapped", told, field=path, zh=f"提案中的 {path} 与签名所列的哈希不符")
    again = targets_of(files, targets.version, seconds(targets), targets.spec_version)
    if canonical(again) != canonical(targets):
        refuse(TARGETS, "say more than the files", "含有文件清单之外的内容", rule="targets")
