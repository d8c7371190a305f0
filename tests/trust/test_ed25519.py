"""Points of Ed25519: the quick test of a square says what the slow one says, for every number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.trust.ed25519 import PRIME, _is_square, point_fault
from tests.trust.signers import signer


@given(st.integers(0, PRIME - 1))
def test_a_number_is_a_square_as_euler_says(number: int) -> None:
    assert _is_square(number) == (pow(number, (PRIME - 1) // 2, PRIME) == 1)
    assert number == 0 or _is_square(number * number % PRIME)


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 5, 8, PRIME - 1, PRIME - 2, (PRIME - 1) // 2, 1 << 254, 1 << 253])
def test_the_edges_are_as_euler_says(number: int) -> None:
    assert _is_square(number) == (pow(number, (PRIME - 1) // 2, PRIME) == 1)


@given(st.binary(min_size=32, max_size=32))
def test_about_half_of_all_bytes_are_points_and_the_sign_bit_changes_nothing(public: bytes) -> None:
    other = public[:31] + bytes([public[31] ^ 0x80])
    assert point_fault(public) == point_fault(other)


def test_a_key_is_a_point_and_other_lengths_are_none() -> None:
    public = signer("a").key.raw
    assert point_fault(public) is None
    assert point_fault(public[:-1]) == point_fault(public + b"\0") == "is not 32 bytes"
