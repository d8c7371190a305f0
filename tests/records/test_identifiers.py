"""Codes: standard samples, check characters against plain restatements of the standards, masks, one writing of a
number.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.records import characters, identifiers
from tests.records.builders import PERSONS_NUMBER, PLACEHOLDER, certificate_identifier, food_number, uscc

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
NATIONAL_BODIES = ["11100000000013338W", "11100000MB0341032Y", "11100000MB03271699"]


# 统一社会信用代码


@pytest.mark.parametrize("code", [*NATIONAL_BODIES, uscc(1), uscc(7, "52110112")])
def test_valid_codes_pass(code: str) -> None:
    assert identifiers.uscc_error(code) is None


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("", "uscc.form"),
        ("11100000000013338", "uscc.form"),
        ("11100000000013338W1", "uscc.form"),
        ("11100000000013338w", "uscc.form"),
        ("1110000000001333８W", "uscc.form"),
        ("1110000000001333OW", "uscc.form"),
        ("11100000000013338W\n", "uscc.form"),
        ("11100000000013338X", "uscc.check"),
        (PLACEHOLDER, "uscc.placeholder"),
    ],
)
def test_other_codes_are_told_apart(code: str, reason: str) -> None:
    assert identifiers.uscc_error(code) == reason


@given(st.text(USCC_ALPHABET, min_size=17, max_size=17), st.integers(0, 17), st.sampled_from(USCC_ALPHABET))
def test_one_altered_character_of_a_code_never_passes(first17: str, at: int, other: str) -> None:
    code = first17 + identifiers.uscc_check(first17)
    altered = code[:at] + other + code[at + 1 :]
    assert identifiers.uscc_error(code) is None
    assert (identifiers.uscc_error(altered) is None) == (altered == code)


# 证照标识


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=40))
def test_a_certificate_identifier_closes_its_sum(serial: str) -> None:
    """ISO/IEC 7064 MOD 37,36: the sum over all characters, check character last, is 1."""
    identifier = certificate_identifier(serial)
    product = 36
    for character in "".join(identifier.split(".")[5:-1]):
        total = (product + int(character, 36)) % 36
        product = (total if total else 36) * 2 % 37
    assert (product + int(identifier[-1], 36)) % 36 == 1
    assert identifiers.certificate_identifier_error(identifier) is None


@pytest.mark.parametrize(
    ("identifier", "reason"),
    [
        (certificate_identifier()[:-1] + "?", "certificate_identifier.form"),
        (certificate_identifier().replace("1.2.156", "1.2.157"), "certificate_identifier.form"),
        (certificate_identifier().replace(".001.", ".01."), "certificate_identifier.form"),
        (certificate_identifier().lower(), "certificate_identifier.form"),
        (certificate_identifier().replace(".001.", ".002."), "certificate_identifier.check"),
    ],
)
def test_other_certificate_identifiers_are_told_apart(identifier: str, reason: str) -> None:
    assert identifiers.certificate_identifier_error(identifier) == reason


def test_the_issuer_part_of_a_certificate_identifier_may_be_a_division_code() -> None:
    assert identifiers.certificate_identifier_error(certificate_identifier(issuer="340100")) is None


# Food numbers


def test_food_numbers_have_a_form_and_a_check_digit() -> None:
    number = food_number(17)
    assert identifiers.food_number_form_error(number, "JY") is None
    assert identifiers.food_number_check_ok(number)
    assert not identifiers.food_number_check_ok(number[:-1] + str((int(number[-1]) + 1) % 10))
    assert identifiers.food_number_form_error(number, "SC") == "number.form"
    assert identifiers.food_number_form_error(food_number(3, "SC108"), "SC") is None
    assert identifiers.food_number_form_error(number + "1", "JY") == "number.form"
    assert identifiers.food_number_form_error(number[:-1] + "１", "JY") == "number.form"


# Identity numbers


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        (PERSONS_NUMBER, [(0, 18)]),
        (PERSONS_NUMBER.lower(), [(0, 18)]),
        ("440524188001010014", [(0, 18)]),
        (f"经营者身份证号{PERSONS_NUMBER}，已核", [(7, 25)]),
        (f"ID{PERSONS_NUMBER}Y", [(2, 20)]),
        (f"{PERSONS_NUMBER} {PERSONS_NUMBER}", [(0, 18), (19, 37)]),
        ("１１０１０５１９４９１２３１００２Ｘ", [(0, 18)]),
        ("11010519491231002Ｘ", [(0, 18)]),
        ("110105194912310021", []),
        ("110105194913310021", []),
        ("110105194902300020", []),
        ("990105194912310020", []),
        ("11011220260301000017", []),
        (f"0{PERSONS_NUMBER}", []),
        ("", []),
    ],
)
def test_identity_numbers_are_found(text: str, spans: list[tuple[int, int]]) -> None:
    assert list(identifiers.resident_numbers(text)) == spans


def resident_number(region: str, day: str, serial: int) -> str:
    first17 = f"{region}{day}{serial:03d}"
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(first17))
    return first17 + "10X98765432"[total % 11]


@given(
    st.sampled_from(["110112", "131082", "810000", "820000", "830000", "911120", "654321"]),
    st.dates().filter(lambda day: 1900 <= day.year <= 2099),
    st.integers(0, 999),
    st.text("京津冀 -号a", max_size=5),
)
def test_every_identity_number_is_found_and_masked(region: str, day: object, serial: int, around: str) -> None:
    number = resident_number(region, str(day).replace("-", ""), serial)
    text = f"{around}{number}{around}"
    assert identifiers.resident_numbers(text) == ((len(around), len(around) + 18),)
    assert identifiers.may_hold_resident_number(text.encode())
    masked = identifiers.mask_resident_numbers(text)
    assert masked == f"{around}{number[:2]}{'*' * 14}{number[-2:]}{around}"
    assert not identifiers.resident_numbers(masked)


@given(st.text("0123456789０１９XxＸ京 ", max_size=60))
def test_the_quick_no_is_never_wrong(text: str) -> None:
    if identifiers.resident_numbers(text):
        assert identifiers.may_hold_resident_number(text.encode())


def test_the_quick_no_sees_full_width_digits() -> None:
    assert identifiers.may_hold_resident_number("１１０１０５１９４９１２３１００２Ｘ".encode())
    assert identifiers.may_hold_resident_number("11010519491231002Ｘ".encode())
    assert identifiers.may_hold_resident_number("1101051949１231002X".encode())
    assert not identifiers.may_hold_resident_number("地址：北京市通州区，１".encode()[:-3])


def test_texts_without_identity_numbers_are_masked_to_themselves() -> None:
    assert identifiers.mask_resident_numbers(f"编号 {uscc(1)}") == f"编号 {uscc(1)}"


# Document numbers


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("jy11101120000017", "JY11101120000017"),
        ("ＪＹ１１１０", "JY1110"),
        (" JY 111\u3000 0\n17 ", "JY111017"),
        ("（京）JZ安许证字〔2019〕000115", "(京)JZ安许证字(2019)000115"),
        ("(京)JZ安许证字【2019】000115", "(京)JZ安许证字(2019)000115"),
        ("（京）JZ安许证字［2019］[000115]", "(京)JZ安许证字(2019)(000115)"),
        ("D—311–7−91﹣98－0", "D-311-7-91-98-0"),
        ("№17 Ⅷ ①", "NO17VIII1"),
        ("示市监处罚：〔2026〕17号", "示市监处罚:(2026)17号"),
    ],
)
def test_numbers_have_one_writing(written: str, number: str) -> None:
    assert identifiers.normalise_number(written) == number
    assert identifiers.normalise_query(written) == number


@pytest.mark.parametrize("dash", characters.DASHES)
def test_every_dash_is_a_hyphen(dash: str) -> None:
    assert identifiers.normalise_number(f"A{dash}1") == "A-1"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "number.empty"),
        (" \u3000", "number.empty"),
        ("JY\u200b111", "number.character"),
        ("JY\u202e111", "number.character"),
        ("JY\x00", "number.character"),
        ("JY\u0301", "number.character"),
        ("JY\U0001ccd6", "number.character"),
    ],
)
def test_numbers_that_cannot_stand_are_refused(written: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        identifiers.normalise_number(written)
    assert caught.value.reason == reason


@given(st.text(st.characters(max_codepoint=0x3400) | st.characters(min_codepoint=0xF900, max_codepoint=0xFFFF)))
def test_a_normal_number_stays_as_it_is(written: str) -> None:
    try:
        number = identifiers.normalise_number(written)
    except Refused:
        return
    assert identifiers.normalise_number(number) == number


@given(st.text())
def test_any_query_is_reduced(text: str) -> None:
    assert isinstance(identifiers.normalise_query(text), str)


# Real codes


def test_codes_and_numbers_of_the_vectors(real_data: Path) -> None:
    vectors = json.loads((real_data / "check_vectors.json").read_bytes())
    for entry in vectors["uscc_valid"]:
        assert identifiers.uscc_error(entry["code"]) is None, entry
    for code in vectors["uscc_invalid"]:
        assert identifiers.uscc_error(code) == "uscc.check", code
    for number in vectors["resident_id_standard_samples"]:
        assert identifiers.resident_numbers(number) == ((0, 18),), number
    for identifier in vectors["cert_identifier_valid"]:
        assert identifiers.certificate_identifier_error(identifier) is None, identifier
    for identifier in vectors["cert_identifier_invalid_example"]:
        assert identifiers.certificate_identifier_error(identifier) == "certificate_identifier.check", identifier
    for prefix, name in (("JY", "food_licence"), ("SC", "food_production")):
        for entry in vectors[name]:
            assert identifiers.food_number_form_error(entry["no"], prefix) is None, entry
            assert identifiers.food_number_check_ok(entry["no"]) == entry["mod11_10_ok"], entry
