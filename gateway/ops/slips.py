"""A verification slip checked offline: a note of the verdict key over the whole answer (DESIGN §8).

>>> read(Path("slip.txt").read_bytes(), Path("trust"))["headline"]
'予以互认'
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from gateway.errors import CannotRun, Refused
from gateway.instants import parse_time
from gateway.records import compact
from gateway.trust import notes, roster

MOST_LINES = 16
MOST_BYTES = 1 << 20
_GOOD = (None, "key.family")


def of_answer(text: bytes) -> bytes:
    """The slip in a node's whole answer (JSON); a file that holds a slip alone is one already."""
    try:
        found = orjson.loads(text)
    except ValueError:
        return text
    slip = found.get("slip") if isinstance(found, dict) else None
    return slip.encode() if isinstance(slip, str) else text


def read(slip: bytes, trust: Path) -> Mapping[str, Any]:
    """The answer in a slip whose signature holds, by a verdict key good when it was given. Raises ``Refused``."""
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
    signers = [known.known_keys[line.line.name, line.line.key_id] for line in verified]
    good = [key for key in signers if key.role == "verdict" and key.good_at(seconds, "*", "", 0) in _GOOD]
    if any(known.counts(key.vkey, seconds) for key in good):
        return answer
    if good:
        raise Refused("suite.gm_missing", "no line is by an SM2 verdict key, which the policy requires by that instant")
    raise Refused("key.unknown", "no line is by a verdict key of the roster that was good at that instant")
