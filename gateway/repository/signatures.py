"""Who has signed a proposal? One small file a signer, sent back by mail.

    {"signature":1,"proposal":"<SHA-256>","keyid":"<64 hex>","targets":"<128 hex>","root":"<128 hex>"}

Each signature is over the exact bytes that stand in the proposal. A file that is for another proposal, by nobody of the
charter, or doesn't verify, is refused by name: a signature that silently counts for nothing would be worse.

>>> made = sign(proposal, signer)
>>> counted(proposal, [made], known)
{'5f1c03aa…': Signatures(proposal='0c1f…', keyid='5f1c03aa…')}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from securesystemslib.signer import Signature, Signer

from gateway.errors import CannotRun, Refused
from gateway.repository.layout import ROOT, TARGETS
from gateway.repository.proposals import Proposal
from gateway.repository.rolekeys import SHORT, RoleKey, verifies
from gateway.trust.documents import Fields, parse_document

FORM = 1
MAX_FILE = 4096
_DIGEST, _PAYLOAD = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{128}")


@dataclass(frozen=True, slots=True)
class Signatures:
    """One signer's signatures on one proposal, by role."""

    proposal: str
    keyid: str
    by_role: Mapping[str, str] = field(repr=False)

    def of(self, role: str) -> Signature:
        """The signature of one role as python-tuf takes it."""
        return Signature(self.keyid, self.by_role[role])


def sign(proposal: Proposal, signer: Signer) -> Signatures:
    """Sign all that a proposal puts before the signer."""
    by_role = {role: signer.sign(payload).signature for role, payload in proposal.payloads.items()}
    return Signatures(proposal.digest, signer.public_key.keyid, by_role)


def written(signatures: Signatures) -> bytes:
    """As a file."""
    document = {"signature": FORM, "proposal": signatures.proposal, "keyid": signatures.keyid, **signatures.by_role}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def beside(proposal: Path, signatures: Signatures) -> Path:
    """Where a signer's file lies: ``PROPOSAL.<first digits of the key id>.sig.json``."""
    return proposal.with_name(f"{proposal.name}.{signatures.keyid[:SHORT]}.sig.json")


def read(content: bytes) -> Signatures:
    """Read a signer's file. Raises ``Refused`` ``trust.form``, nothing else, whatever the bytes."""
    fields = Fields(parse_document(content), "")
    fields.integer("signature", FORM, FORM)
    proposal, keyid = fields.text("proposal", _DIGEST), fields.text("keyid", _DIGEST)
    by_role = {role: fields.text(role, _PAYLOAD) for role in (ROOT, TARGETS) if role == TARGETS or fields.has(role)}
    fields.close()
    return Signatures(proposal, keyid, by_role)


def read_from(path: Path) -> Signatures:
    """The signatures in a file. Raises ``CannotRun`` ``file.unreadable``, ``Refused`` ``trust.form``."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        raise CannotRun("file.unreadable", f"{path}: {error.strerror}") from error
    return read(content)


def counted(
    proposal: Proposal, given: Iterable[Signatures], known: Mapping[str, RoleKey]
) -> dict[str, Signatures]:
    """Key id → signatures that count, each signer once. ``known``: who may sign, by key id.

    Raises ``Refused``: ``trust.signature_other`` (for other bytes), ``trust.signer_unknown``, ``trust.signature``.
    """
    found: dict[str, Signatures] = {}
    for each in given:
        who = known.get(each.keyid)
        if each.proposal != proposal.digest:
            told = f"the signature of {each.keyid[:SHORT]} is for proposal {each.proposal[:SHORT]},"
            raise Refused(
                "trust.signature_other",
                f"{told} this one is {proposal.digest[:SHORT]}",
                zh=f"密钥 {each.keyid[:SHORT]} 签的是提案 {each.proposal[:SHORT]}，本提案为 {proposal.digest[:SHORT]}",
            )
        if who is None:
            told, zh = "is no key of the charter", "不是章程中的密钥"
            raise Refused("trust.signer_unknown", f"{each.keyid[:SHORT]} {told}", zh=f"{each.keyid[:SHORT]} {zh}")
        if each.by_role.keys() != proposal.payloads.keys() or not all(
            verifies(who, bytes.fromhex(each.by_role[role]), payload) for role, payload in proposal.payloads.items()
        ):
            raise Refused("trust.signature", f"of {who.told()}", zh=f"{who.told()} 的签名不正确")
        found[each.keyid] = each
    return found
