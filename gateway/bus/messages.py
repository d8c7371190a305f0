"""WHICH message says that a record was logged, that a checkpoint was published? (DESIGN §5)

The same bytes whoever makes it (law 1): the relay out of its ledger, or a reader out of tiles.

>>> of_record(0, b'{"subject":"licence:1"}\\n\\n\\xe2\\x80\\x94 jjj.example/sanhe Y2hhbmdl\\n', None).key
b'licence:1'
"""

from __future__ import annotations

from gateway.bus.port import CHECKPOINT, CONTENT_TYPE, LOG_INDEX, SIGNATURE, Message, header
from gateway.records import compact
from gateway.trust import gate

RECORD_TYPE = (CONTENT_TYPE, b"application/cloudevents+json; charset=UTF-8")
NOTE_TYPE = (CONTENT_TYPE, b"text/plain; charset=utf-8")


def of_record(index: int, entry: bytes, seal: bytes | None, subject: str | None = None) -> Message:
    """The message of a leaf. ``entry``: as logged; ``seal``: the sealed checkpoint of size ``index`` + 1, if there is
    one; ``subject``: what the line claims, where that is known already. Never raises: the reader judges (law 5).
    """
    line, _, signatures = entry.rpartition(b"\n\n")
    headers = [RECORD_TYPE, (LOG_INDEX, b"%d" % index), (SIGNATURE, signatures)]
    if seal is not None:
        headers.append((CHECKPOINT, seal))
    return Message((subject or compact.peek(line)[0] or "").encode(), line, tuple(headers))


def leaf_of(message: Message) -> tuple[int, bytes] | None:
    """Index and entry that a message of a record topic claims to carry; None where it has not the form of one."""
    number, signature = header(message, LOG_INDEX), header(message, SIGNATURE)
    if number is None or signature is None or not number.isdigit() or len(number) > 15:
        return None
    if number != b"0" and number.startswith(b"0"):
        return None
    entry = message.value + b"\n\n" + signature
    return (int(number), entry) if len(entry) <= gate.MAX_ENTRY else None


def of_checkpoint(origin: str, note: bytes) -> Message:
    """The message of a checkpoint that the owner of ``origin`` signed."""
    return Message(f"{origin} {origin}".encode(), note, (NOTE_TYPE,))


def of_cosignature(origin: str, witness: str, note: bytes) -> Message:
    """The message of a checkpoint that a witness has cosigned, for its own topic. ``witness``: its key's name."""
    return Message(f"{origin} {witness}".encode(), note, (NOTE_TYPE,))
