"""A verification slip checked offline: a note of the verdict key over the whole answer, or the code that was printed
(DESIGN §8).

The code alone says who answered what and when; together with the slip that was kept as a file it proves that both are
of one answer.

>>> read(Path("slip.txt").read_bytes(), Path("trust"))["headline"]
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
from gateway.instants import parse_time
from gateway.recognition import slipcode
from gateway.recognition.slipcode import Code
from gateway.recognition.verdict import Headline
from gateway.records import compact
from gateway.trust import notes, roster
from gateway.trust.notes import Verified
from gateway.trust.roster import Roster

MOST_LINES = 16
MOST_BYTES = 1 << 20


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


def read(slip: bytes, trust: Path) -> Mapping[str, Any]:
    """The answer in a slip whose signature holds, by a verdict key good when it was given. Raises ``Refused``."""
    known = _roster(trust)
    note = notes.parse(slip, MOST_LINES, max_size=MOST_BYTES)
    verified = notes.verify(note, known.verifier_keys)
    answer = compact.parse(note.text[:-1])
    at = answer.get("at")
    if not isinstance(at, str):
        raise Refused("slip.form", "the slip says no instant", field="at")
    _check_key(known, verified, at)
    return answer


def read_code(code: bytes, trust: Path) -> Code:
    """What a printed code says, held to the same as a slip. Raises ``Refused``."""
    known = _roster(trust)
    note = notes.parse(code, MOST_LINES, max_size=MOST_BYTES)
    verified = notes.verify(note, known.verifier_keys)
    found = Code.read(note.text)
    _check_key(known, verified, found.at)
    return found


@dataclass(slots=True)
class Checked:
    """What was checked of one answer: its slip, its printed code, or both."""

    answer: Mapping[str, Any] = field(default_factory=dict)
    printed: Mapping[str, Any] = field(default_factory=dict)
    _digest: str = ""

    def add(self, text: bytes, trust: Path) -> None:
        """A slip, a node's whole answer, or a code. Raises ``Refused``, ``slip.other`` where two are not of one."""
        code = scanned(text)
        if is_code(code):
            self.printed = _as_answer(read_code(code, trust))
        else:
            slip = of_answer(text)
            self.answer, self._digest = read(slip, trust), slipcode.digest(slip)
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


def _check_key(known: Roster, verified: Sequence[Verified], at: str) -> None:
    seconds = parse_time(at) // 1000
    for line in verified:
        key = known.known_keys[line.line.name, line.line.key_id]
        if key.role == "verdict" and key.good_at(seconds, "*", "", 0) in (None, "key.family"):
            return
    raise Refused("key.unknown", "no line is by a verdict key of the roster that was good at that instant")
