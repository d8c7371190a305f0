"""What does the code on a printed slip say? A note of the verdict key over six short lines (DESIGN §8, end).

    slip/v1⏎
    <slip number>⏎
    <source> <subject>⏎
    <headline>⏎
    <at>⏎
    <base64 SHA-256 of the slip>⏎

It fits a QR code of 40 mm: whoever scans the paper knows offline who answered what and when, and by the digest whether
a slip kept as a file is the one that was printed. Where the question named no source, ``-`` stands in its place.

>>> code = text("20261123-110112-7K3M9Q2WXA", answer, slip)
>>> Code.read(code).number
'20261123-110112-7K3M9Q2WXA'
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from gateway.errors import Refused
from gateway.instants import parse_time
from gateway.trust.canonical import decode_base64

FIRST = "slip/v1"
NO_SOURCE = "-"
MOST_BYTES = 400
"""Of the whole note: more would make modules too small for the camera of a telephone at 40 mm."""
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Of slip numbers: no I, L, O, U, which are misread and misheard."""
DRAWN_BYTES = 10


def number(day: str, region: str, drawn: bytes) -> str:
    """A slip number: day (YYYY-MM-DD) and region of the node, and 10 drawn bytes, 5 bits of each shown."""
    return f"{day.replace('-', '')}-{region}-{''.join(ALPHABET[byte & 31] for byte in drawn)}"


def text(slip_number: str, answer: Mapping[str, Any], slip: str) -> bytes:
    """What is signed, for an answer and the slip that was made of it."""
    asked = f"{answer.get('source', NO_SOURCE)} {answer['subject']}"
    lines = (FIRST, slip_number, asked, answer["headline"], answer["at"], digest(slip.encode()))
    return "".join(f"{line}\n" for line in lines).encode()


def digest(slip: bytes) -> str:
    """SHA-256 of a whole slip, signature lines included, in base64."""
    return b64encode(sha256(slip).digest()).decode()


@dataclass(frozen=True, slots=True)
class Code:
    """What a code says. ``source``: as the answer names it, None where the question named none; ``at``: instant;
    ``slip``: base64 SHA-256 of the slip.
    """

    number: str
    source: str | None
    subject: str
    headline: str
    at: str
    slip: str

    @classmethod
    def read(cls, signed: bytes) -> Code:
        """From the text of a note that was verified; raises ``Refused`` ``slip.form``, ``time.form``."""
        lines = signed.decode(errors="replace").split("\n")
        if len(lines) != 7 or lines[0] != FIRST or lines[6] or not all(lines[1:6]):
            raise Refused("slip.form", f"not the six lines of a {FIRST} code")
        _, slip_number, asked, headline, at, slip = lines[:6]
        source, space, subject = asked.partition(" ")
        if not space or not subject or len(decode_base64(slip.encode()) or b"") != 32:
            raise Refused("slip.form", "not source, subject and digest of a slip")
        parse_time(at)
        return cls(slip_number, None if source == NO_SOURCE else source, subject, headline, at, slip)
