"""The table of refused characters: exactly the classes the rules name, and no printable text holds one."""

import unicodedata

import pytest

from gateway.records import characters

UNICODE_16_ONLY = range(0x13439, 0x13440)  # Cf since Unicode 15; older Pythons know them as unassigned


def refused(code: int) -> bool:
    return characters.first_forbidden("a" + chr(code)) == 1


def test_controls_formats_noncharacters_and_surrogates_are_refused_and_nothing_else() -> None:
    wanted = {
        code
        for code in range(0x110000)
        if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs")
        or 0xFDD0 <= code <= 0xFDEF
        or code & 0xFFFE == 0xFFFE
        or code in UNICODE_16_ONLY
    } - {ord(character) for character in "\t\n\r"}
    assert {code for code in range(0x110000) if refused(code)} == wanted


@pytest.mark.parametrize("named", [0x00, 0x1F, 0x7F, 0x9F, 0x202A, 0x202E, 0x2066, 0x2069, 0xFEFF, 0x200B, 0x10FFFF])
def test_characters_that_the_design_names(named: int) -> None:
    assert refused(named)


def test_chinese_text_with_full_width_space_passes() -> None:
    assert characters.first_forbidden("京津冀　三省市，〔2026〕17号 𠮷") is None


def test_dashes_are_category_pd_and_the_minus_sign() -> None:
    newer = {"\U00010d6e"}  # Pd since Unicode 16
    known = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Pd"}
    assert set(characters.DASHES) == known | newer | {"\u2212"}


def test_white_space_is_what_is_space_but_no_control_that_never_passes() -> None:
    spaces = {chr(code) for code in range(0x110000) if chr(code).isspace()}
    assert set(characters.WHITE_SPACE) == spaces - {"\x1c", "\x1d", "\x1e", "\x1f"}
