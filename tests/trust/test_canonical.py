"""One value, one spelling."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.trust.canonical import decode_base64, decode_decimal, encode_base64, is_name


@given(st.binary(max_size=100))
def test_base64_goes_round(data: bytes) -> None:
    text = encode_base64(data)
    assert text == base64.b64encode(data)
    assert decode_base64(text) == data


@pytest.mark.parametrize(
    "text",
    [
        "Zg",
        "Zg=",
        "Zg===",
        "Zh==",
        "Zm9=",
        "Zg==\n",
        " Zg==",
        "Z g==",
        "Zm-_",
        "Z",
        "=",
        "====",
        "Zg==Zg==",
        "京",
    ],
)
def test_any_other_spelling_of_base64_is_none(text: str) -> None:
    assert decode_base64(text.encode()) is None


@given(st.text("Zgh=+/-_ \n", max_size=12))
def test_what_decodes_encodes_back_to_itself(text: str) -> None:
    found = decode_base64(text.encode())
    assert found is None or base64.b64encode(found).decode() == text


@given(st.integers(0, 2**64 - 1))
def test_decimals_go_round(value: int) -> None:
    assert decode_decimal(b"%d" % value, 2**64) == value
    assert decode_decimal(b"%d" % value, value - 1) is None


@pytest.mark.parametrize(
    "text", ["", "00", "01", "+1", "-1", "-0", "1 ", "1\n", "1_0", "0x1", "１", "9" * 21]
)
def test_any_other_spelling_of_a_decimal_is_none(text: str) -> None:
    assert decode_decimal(text.encode(), 10**30) is None


def test_names() -> None:
    assert is_name("jjj.example/tongzhou/authority/11110112000028441K")
    assert is_name("通州")
    for bad in (
        "",
        "a b",
        "a+b",
        "a\nb",
        "a\x00",
        "a\t",
        "\u3000",
        "a\u00a0b",
        "a\u0085",
        "a\u2028b",
        "\ud800",
    ):
        assert not is_name(bad), repr(bad)
    every_space = [chr(code) for code in range(0x110000) if chr(code).isspace()]
    assert not any(map(is_name, every_space))
