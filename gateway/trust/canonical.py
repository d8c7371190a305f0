"""Is this the one way to write it? Base64, decimals and key names, each in a single spelling (law 1).

Two spellings of one value would be two byte forms of one statement, so a lenient decoder never stands between
bytes and hash.

>>> decode_base64(b"Zg=="), decode_base64(b"Zh=="), decode_base64(b"Zg")
(b'f', None, None)
>>> decode_decimal(b"812", 1000), decode_decimal(b"0812", 1000), decode_decimal(b"812", 811)
(812, None, None)
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, b2a_base64

# Unicode White_Space, plus and ASCII controls, from a literal table: the same answer on any Python (law 9).
_NAME = re.compile("[^\x00-\x20+\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff]+")
_DECIMAL = re.compile(rb"0|[1-9][0-9]{0,19}")


def decode_base64(text: bytes) -> bytes | None:
    """The bytes of padded base64 (RFC 4648 section 4); None if they don't encode back to the same text."""
    try:
        found = a2b_base64(text, strict_mode=True)
    except Error:
        return None
    return found if b2a_base64(found, newline=False) == text else None


def encode_base64(data: bytes) -> bytes:
    """Standard, padded base64 on one line."""
    return b2a_base64(data, newline=False)


def decode_decimal(text: bytes, most: int) -> int | None:
    """An integer from 0 to ``most``, written without sign or leading zero; None for any other text."""
    if _DECIMAL.fullmatch(text) is None:
        return None
    value = int(text)
    return value if value <= most else None


def is_name(text: str) -> bool:
    """Whether this can be a key name: not empty, no Unicode space, no plus, no control character (C2SP
    signed-note).
    """
    return _NAME.fullmatch(text) is not None
