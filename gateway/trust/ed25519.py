"""Which 32 bytes are an Ed25519 public key, and not one under which anybody can sign? (RFC 8032 section 5.1.3.)

``cryptography`` takes any 32 bytes and finds out when it verifies; here a key is judged when it is read.

>>> point_fault(bytes(32))
'is a point of small order'
"""

from __future__ import annotations

PUBLIC_SIZE = 32
PRIME = 2**255 - 19

_CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME
_ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER_Y = frozenset({0, 1, PRIME - 1, _ORDER_8_Y, PRIME - _ORDER_8_Y})


def point_fault(public: bytes) -> str | None:
    """Why these bytes name no signer, or None; with a point of small order anybody signs."""
    if len(public) != PUBLIC_SIZE:
        return "is not 32 bytes"
    y = int.from_bytes(public, "little") & ((1 << 255) - 1)
    if y >= PRIME:
        return "is not in its one encoding"
    if y in _SMALL_ORDER_Y:
        return "is a point of small order"
    # x² = (y²-1) / (dy²+1) has a root exactly if the product of the two is a square.
    return None if _is_square((y * y - 1) * (_CURVE_D * y * y + 1) % PRIME) else "is no point of the curve"


def _is_square(number: int) -> bool:
    """Whether a number below p is a square and not 0: Jacobi's symbol (number/p), by quadratic reciprocity.

    Says what Euler's criterion says, in a sixth of the time with the division spared; a roster of 64 KiB has some
    two hundred keys.
    """
    below, sign = PRIME, 1
    while number:
        twos = (number & -number).bit_length() - 1
        number >>= twos
        if twos & 1 and below & 7 in (3, 5):
            sign = -sign
        if number & below & 3 == 3:
            sign = -sign
        number, below = below % number, number
    return below == 1 and sign == 1
