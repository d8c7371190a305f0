"""UUID version 7 (RFC 9562 §5.7) from parts given: the ids of records.

>>> uuid7(1795400000123, b"\\x00" * 10)
'01a205f2-f47b-7000-8000-000000000000'
"""

from __future__ import annotations

NOISE_BYTES = 10


def uuid7(milliseconds: int, noise: bytes) -> str:
    """Lower-case canonical text of a UUIDv7 of this Unix time in ms and these 10 bytes (74 of 80 bits are used)."""
    number = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(noise[:NOISE_BYTES])
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
