"""A verification slip checked offline: a note of the verdict key over the whole answer, or the code that was printed
(DESIGN §8).

The code alone says who answered what and when; together with the slip that was kept as a file it proves that both are
of one answer.

>>> read(Path("slip.txt").read_bytes(), Path("trust")).answer["headline"]
'予以互认'
>>> read_code(Path("scanned.txt").read_bytes(), Path("trust")).number
'20261123-110112-7K3M9Q2WXA'
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from gateway.errors import CannotRun, Refused
from gateway.instants import format_time, parse_time
from gateway.recognition import slipcode
from gateway.recognition.slipcode import Code
from gateway.recognition.verdict import Headline
from gateway.records import compact
from gateway.trust import notes, roster
from gateway.trust.members import ANY, Revocation, RosterKey
from gateway.trust.notes import Verified
from gateway.trust.roster import Roster

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


def is_code(text: bytes) -> bool:
    """Whether this is what a scanner read from paper, and no slip."""
    return text.startswith(f"{slipcode.FIRST}\n".encode())


def scanned(text: bytes) -> bytes:
    """The code as it was signed: scanners and editors add line ends of their own."""
    return text.replace(b"\r\n", b"\n").removeprefix(codecs.BOM_UTF8).rstrip(b"\n") + b"\n"


def read(slip: bytes, trust: Path) -> Slip:
    """The answer in a slip whose signature holds, by a verdict key good when it was given. Raises ``Refused``:
    ``key.revoked`` for one given after its key was revoked, ``suite.gm_missing`` where the policy asked for SM2 then.
    """
    known = _roster(trust)
    note = notes.parse(slip, MOST_LINES, max_size=MOST_BYTES)
    verified = notes.verify(note, known.verifier_keys)
    answer = compact.parse(note.text[:-1])
    at = answer.get("at")
    if not isinstance(at, str):
        raise Refused("slip.form", "the slip says no instant", field="at")
    return Slip(answer, _check_key(known, verified, at))


def read_code(code: bytes, trust: Path) -> tuple[Code, Revocation | None]:
    """What a printed code says, held to the same as a slip, and the later revocation of its key. Raises ``Refused``."""
    known = _roster(trust)
    note = notes.parse(code, MOST_LINES, max_size=MOST_BYTES)
    verified = notes.verify(note, known.verifier_keys)
    found = Code.read(note.text)
    return found, _check_key(known, verified, found.at)


@dataclass(slots=True)
class Checked:
    """What was checked of one answer: its slip, its printed code, or both. ``revoked``: as for a slip."""

    answer: Mapping[str, Any] = field(default_factory=dict)
    printed: Mapping[str, Any] = field(default_factory=dict)
    revoked: Revocation | None = None
    _digest: str = ""

    def add(self, text: bytes, trust: Path) -> None:
        """A slip, a node's whole answer, or a code. Raises ``Refused``, ``slip.other`` where two are not of one."""
        code = scanned(text)
        if is_code(code):
            found, revoked = read_code(code, trust)
            self.printed = _as_answer(found)
        else:
            slip = of_answer(text)
            read_whole = read(slip, trust)
            self.answer, revoked, self._digest = read_whole.answer, read_whole.revoked, slipcode.digest(slip)
        self.revoked = self.revoked or revoked
        if self.answer and self.printed and self.printed["slip_sha256"] != self._digest:
            raise Refused("slip.other", f"the code {self.printed['slip_number']} is not of this slip: digests differ")


def _as_answer(code: Code) -> dict[str, Any]:
    """What a code says, in members of an answer. Raises ``Refused`` ``slip.form`` for a headline that there is not."""
    verdict = next((each.verdict for each in Headline if each.zh == code.headline), None)
    if verdict is None:
        raise Refused("slip.form", "no headline of a verdict", field="headline")
    found = {"slip_number": code.number, "verdict": verdict.value, "headline": code.headline, "at": code.at}
    source = {} if code.source is None else {"source": code.source}
    return {**found, **source, "subject": code.subject, "slip_sha256": code.slip}


def _roster(trust: Path) -> Roster:
    file = trust / "roster.json"
    try:
        return roster.parse(file.read_bytes())
    except OSError as error:
        raise CannotRun("trust.missing", f"{file}: {error.strerror}") from error


def _check_key(known: Roster, verified: Sequence[Verified], at: str) -> Revocation | None:
    seconds = parse_time(at) // 1000
    keys = [known.known_keys[line.line.name, line.line.key_id] for line in verified]
    judged = [(key, _fault(key, seconds)) for key in keys if key.role == "verdict"]
    good = [key for key, fault in judged if fault is None]
    vouching = [key for key in good if known.counts(key.vkey, seconds)]
    if vouching:
        return None if any(key.revoked is None for key in vouching) else vouching[0].revoked
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
