"""Which bytes were signed, and which keys are named under them? (C2SP signed-note; law 1.)

    <text, one or more lines>⏎
    ⏎
    — jjj.example/tongzhou Y2hhbm…⏎

The last blank line separates; the text with its final newline is what is signed. Bytes are judged as
received, never encoded anew. ``parse`` believes nobody; ``verify`` ignores lines of keys that it is not
given, and refuses the whole note if a line of a key that it is given fails.

>>> note = parse(received, max_lines=16, max_size=65_535)
>>> [found.line.name for found in verify(note, {(key.name, key.key_id): key})]
['jjj.example/tongzhou']
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import Refused
from gateway.trust.canonical import decode_base64, encode_base64, is_name
from gateway.trust.suites import KEY_ID_SIZE, Signer, VerifierKey

Identity = tuple[str, bytes]
"""Key name and key id: together they say which key and which algorithm."""

_DASH = "— ".encode()
_CONTROLS = bytes(byte for byte in range(0x20) if byte != 0x0A)


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One line as received. ``payload``: what follows the key id's four bytes. ``raw``: all, with newline."""

    name: str
    key_id: bytes
    payload: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart and not yet believed. ``text``: what is signed, with its final newline."""

    text: bytes
    lines: tuple[SignatureLine, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """A line of a known key whose signature holds. ``time``: a cosignature's, in seconds; else None."""

    line: SignatureLine
    key: VerifierKey
    time: int | None


def parse(note: bytes, max_lines: int, *, max_size: int | None = None) -> Note:
    """Take a note apart (C2SP signed-note, "Format"); raises ``Refused`` only, whatever the bytes.

    Reasons: ``note.size`` (over ``max_size`` bytes), ``note.form`` (not UTF-8, control character, no blank
    line, no signature line, no final newline, a line of another shape), ``note.lines`` (over ``max_lines``),
    ``note.name``, ``note.base64``.
    """
    if max_size is not None and len(note) > max_size:
        raise Refused("note.size", f"{len(note)} bytes; at most {max_size} are taken")
    _check_characters(note)
    split = note.rfind(b"\n\n")
    if split < 0 or split + 2 == len(note) or not note.endswith(b"\n"):
        raise Refused("note.form", "no blank line with signature lines after it, each ended by a newline")
    count = note.count(b"\n", split + 2)
    if count > max_lines:
        raise Refused("note.lines", f"{count} signature lines; at most {max_lines} are taken")
    return Note(note[: split + 1], tuple([_read_line(raw) for raw in note[split + 2 : -1].split(b"\n")]))


def _check_characters(note: bytes) -> None:
    try:
        note.decode()
    except UnicodeDecodeError as error:
        raise Refused("note.form", f"not UTF-8 at byte {error.start}") from None
    if len(note.translate(None, _CONTROLS)) != len(note):
        raise Refused("note.form", "a control character other than the newline")


def _read_line(raw: bytes) -> SignatureLine:
    name, _, encoded = raw[len(_DASH) :].partition(b" ")
    if not raw.startswith(_DASH) or not encoded:
        raise Refused("note.form", "a signature line is not: em dash, space, key name, space, base64")
    text = name.decode()
    if not is_name(text):
        raise Refused("note.name", f"{text[:80]!a} is no key name: empty, or a space or a plus is in it")
    data = decode_base64(encoded)
    if data is None:
        raise Refused("note.base64", f"the signature by {text[:80]!a} is not in canonical base64")
    if len(data) <= KEY_ID_SIZE:
        raise Refused("note.form", f"the signature by {text[:80]!a} is no longer than a key id")
    return SignatureLine(text, data[:KEY_ID_SIZE], data[KEY_ID_SIZE:], raw + b"\n")


def verify(note: Note, keys: Mapping[Identity, VerifierKey]) -> tuple[Verified, ...]:
    """Every line of a known key, checked, in the note's order. ``()``: none is known, and nothing is proven.

    Raises ``Refused`` ``signature.invalid`` if any line of a known key fails. A key may stand on several
    lines (first and last cosignature); all of them must hold.
    """
    found = []
    for signed in note.lines:
        key = keys.get((signed.name, signed.key_id))
        if key is not None:
            found.append(Verified(signed, key, key.verify(note.text, signed.payload)))
    return tuple(found)


def line(name: str, key_id: bytes, payload: bytes) -> bytes:
    """One signature line with its newline; ``ValueError`` for what no reader would take."""
    if not is_name(name) or len(key_id) != KEY_ID_SIZE or not payload:
        raise ValueError(f"{name!r}, {len(key_id)} bytes of key id, {len(payload)} of payload make no line")
    return b"%b%b %b\n" % (_DASH, name.encode(), encode_base64(key_id + payload))


def sign(text: bytes, *signers: Signer) -> bytes:
    """A note of this text with a line by each signer; ``ValueError`` for a text without final newline."""
    if not text.endswith(b"\n"):
        raise ValueError("the text of a note ends with a newline")
    return b"%b\n%b" % (text, lines(text, *signers))


def lines(text: bytes, *signers: Signer) -> bytes:
    """The lines alone, to stand behind others."""
    return b"".join(line(signer.name, signer.key.key_id, signer.sign(text)) for signer in signers)
