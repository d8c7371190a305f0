"""The code of a printed slip: six lines, short enough for a QR code, read back strictly."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.recognition import slipcode
from gateway.recognition.slipcode import Code
from gateway.recognition.verdict import Headline

NUMBER = slipcode.number("2026-11-23", "110112", bytes(range(10)))
ANSWER = {
    "source": "urn:jjj:sanhe",
    "subject": "11100000MB0341032Y002:JY11310820000017",
    "headline": "予以互认",
    "at": "2026-11-23T02:03:04.000Z",
}
TEXT = slipcode.text(NUMBER, ANSWER, "the slip\n")


def test_it_says_number_subject_headline_instant_and_which_slip() -> None:
    assert Code.read(TEXT) == Code(
        "20261123-110112-0123456789",
        "urn:jjj:sanhe",
        "11100000MB0341032Y002:JY11310820000017",
        "予以互认",
        "2026-11-23T02:03:04.000Z",
        slipcode.digest(b"the slip\n"),
    )


def test_a_question_without_a_source_leaves_its_place_empty() -> None:
    code = Code.read(slipcode.text(NUMBER, {**ANSWER, "source": "-", "subject": "JY 1"}, ""))
    assert (code.source, code.subject) == (None, "JY 1")


def test_with_the_longest_headline_and_a_usual_number_it_fits() -> None:
    longest = max((headline.zh for headline in Headline), key=len)
    line = "\n— jjj.example/tongzhou/verdict ".encode() + b"A" * 92 + b"\n"
    assert len(slipcode.text(NUMBER, {**ANSWER, "headline": longest}, "") + line) <= slipcode.MOST_BYTES


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        TEXT[:-1],
        TEXT + b"\n",
        TEXT.replace(b"slip/v1", b"slip/v2"),
        TEXT.replace(b"urn:jjj:sanhe ", b"urn:jjj:sanhe"),
        TEXT.replace(b"04.000Z", b"04Z"),
        TEXT[:-3] + b"A\n",
        b"slip/v1\n\n\n\n\n\n",
    ],
)
def test_any_other_form_is_refused(damaged: bytes) -> None:
    with pytest.raises(Refused) as caught:
        Code.read(damaged)
    assert caught.value.reason in ("slip.form", "time.form")


@given(st.binary(max_size=400))
def test_any_bytes_give_a_code_or_the_one_refusal(text: bytes) -> None:
    with contextlib.suppress(Refused):
        assert Code.read(text).number
