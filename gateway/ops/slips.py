"""A verification slip checked offline: a note of the verdict key over the whole answer (DESIGN §8).

>>> read(Path("slip.txt").read_bytes(), Path("trust")).answer["headline"]
'予以互认'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from gateway.errors import CannotRun, Refused
from gateway.instants import format_time, parse_time
from gateway.records import compact
from gateway.trust import notes, roster
from gateway.trust.members import ANY, Revocation, RosterKey

MOST_LINES = 16
MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Slip:
    """The answer in a slip. ``revoked``: the revocation of the key that signed it, where no other key stands beside it,
    dated after the slip; nothing but the slip's own date says so, and a thief could have written that too.
    """

    answer: Mapping[str, Any]
    revoked: Revocation | None


def of_answer(text: bytes) -> bytes:
    """The slip in a node's whole answer (JSON); a file that holds a slip alone is one already."""
    try:
        found = orjson.loads(text)
    except ValueError:
        return text
    slip = found.get("slip") if isinstance(found, dict) else None
    return slip.encode() if isinstance(slip, str) else text


def read(slip: bytes, trust: Path) -> Slip:
    """The answer in a slip whose signature holds, by a verdict key good when it was given. Raises ``Refused``:
    ``key.revoked`` for one given after its key was revoked, ``suite.gm_missing`` where the policy asked for SM2 then.
    """
    file = trust / "roster.json"
    try:
        known = roster.parse(file.read_bytes())
    except OSError as error:
        raise CannotRun("trust.missing", f"{file}: {error.strerror}") from error
    note = notes.parse(slip, MOST_LINES, max_size=MOST_BYTES)
    verified = notes.verify(note, known.verifier_keys)
    answer = compact.parse(note.text[:-1])
    at = answer.get("at")
    if not isinstance(at, str):
        raise Refused("slip.form", "the slip says no instant", field="at")
    seconds = parse_time(at) // 1000
    keys = [known.known_keys[line.line.name, line.line.key_id] for line in verified]
    judged = [(key, _fault(key, seconds)) for key in keys if key.role == "verdict"]
    good = [key for key, fault in judged if fault is None]
    vouching = [key for key in good if known.counts(key.vkey, seconds)]
    if vouching:
        return Slip(answer, None if any(key.revoked is None for key in vouching) else vouching[0].revoked)
    if any(fault == "key.revoked" for _, fault in judged):
        raise Refused("key.revoked", "the key that signed it had been revoked by the instant that the slip says")
    if good:
        raise Refused("suite.gm_missing", "no line is by an SM2 verdict key, which the policy requires by that instant")
    raise Refused("key.unknown", "no line is by a verdict key of the roster that was good at that instant")


def _fault(key: RosterKey, seconds: int) -> str | None:
    """Why the key was not good at the instant; a verdict is of no family in particular, so any of the key's will do."""
    return key.good_at(seconds, min(key.families, default=ANY), "", 0)


def told(revoked: Revocation) -> str:
    """That a slip's key was revoked after the slip says it was given."""
    at = format_time(revoked.at * 1000)
    return (
        f"该回执的签名密钥已于 {at} 吊销（{revoked.reason}）；回执所载时间早于吊销，但窃取密钥的人也可以倒填时间："
        "请向出具回执的节点核实\n"
        f"the key that signed this slip was revoked as of {at} ({revoked.reason}); the slip says that it was given"
        " before, which a thief could have written too: ask the node that gave it"
    )
