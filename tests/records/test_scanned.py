"""What was typed or scanned: every writing of one code gives the terms of the plain code; any text gives an answer."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.records import scanned
from gateway.records.identifiers import normalise_query
from gateway.records.scanned import MOST_TERMS, Sought, certificate_stem, read
from tests.records import builders

NUMBER = builders.food_number(17)
CODE = builders.HOLDER
IDENTIFIER = builders.certificate_identifier(NUMBER)
STEM = f"{builders.TYPE_CODES['permit'][0]}.{builders.ISSUER}.{NUMBER}"
SAFETY = "（京）JZ安许证字〔2019〕000115"
NAME = "示例甲食品有限公司"
SORTS = {NUMBER: "numbers", CODE: "codes", IDENTIFIER: "certificates", SAFETY: "numbers", NAME: "names"}
TERMS = {IDENTIFIER: STEM, SAFETY: "(京)JZ安许证字(2019)000115"}


def wide(text: str) -> str:
    """As a Chinese input method in full-width mode types it."""
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


def chinese_keys(text: str) -> str:
    """As a Chinese input method in Chinese punctuation mode types it."""
    return text.translate(str.maketrans("./[]:?()", "。、【】：？（）"))


GUN = {
    "plain": lambda text: text,
    "enter": lambda text: f"{text}\r\n",
    "enter twice": lambda text: f"{text}\r\r\n\n",
    "tab": lambda text: f"{text}\t",
    "scanned twice": lambda text: f"{text}\r\n{text}\r\n",
    "full width": wide,
    "full width with ideographic spaces": lambda text: f"\u3000{wide(text)}\u3000",
    "Chinese punctuation": chinese_keys,
    "half-width full stop": lambda text: text.replace(".", "｡"),
    "full-width full stop and dash": lambda text: text.replace(".", "．").replace("-", "－"),
    "lower case": str.lower,
    "byte order mark": lambda text: f"\ufeff{text}",
    "zero width": "\u200b".join,
}


def best_of(text: str, code: str) -> str:
    return next(iter(getattr(read(text), SORTS[code])), "")


def term(code: str) -> str:
    return TERMS.get(code, code)


@pytest.mark.parametrize("code", SORTS)
@pytest.mark.parametrize("gun", GUN)
def test_what_a_scanner_gun_types_is_the_code(code: str, gun: str) -> None:
    assert best_of(GUN[gun](code), code) == term(code)


URLS = {
    "query": "https://zz.example.gov.cn/verify?zzbs={}",
    "among other parameters": "https://zz.example.gov.cn/v/index.html?t=1700000000000&id={}&lang=zh",
    "path": "http://zz.example.gov.cn/z/{}",
    "path, with an ending": "http://zz.example.gov.cn/z/{}.html",
    "path, and a query": "http://zz.example.gov.cn/z/{}?from=qr",
    "fragment": "https://zz.example.gov.cn/#/licence/{}",
    "parameter of a fragment": "https://zz.example.gov.cn/#/licence?no={}",
    "upper case": "HTTPS://ZZ.EXAMPLE.GOV.CN/Q?NO={}",
    "port and user": "https://gov:pw@zz.example.gov.cn:8443/q?no={}",
    "words around it": "扫码核验 https://zz.example.gov.cn/q?no={} 谢谢",
    "an application's own scheme": "wxapp://pages/licence?no={}",
}


@pytest.mark.parametrize("code", [NUMBER, CODE, IDENTIFIER, SAFETY])
@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("encode", [str, quote, lambda text: quote(quote(text)), lambda text: quote(wide(text))])
def test_a_url_with_the_code_is_the_code(code: str, url: str, encode: object) -> None:
    text = URLS[url].format(encode(code))  # type: ignore[operator]
    found = getattr(read(text), SORTS[code])
    assert term(code) in found
    if code is not SAFETY:
        assert found[0] == term(code)


@pytest.mark.parametrize("code", [NUMBER, CODE, IDENTIFIER])
def test_a_url_typed_under_a_chinese_input_method(code: str) -> None:
    assert best_of(chinese_keys(URLS["query"].format(code)), code) == term(code)
    assert best_of(wide(URLS["query"].format(code)), code) == term(code)


@pytest.mark.parametrize(
    "text",
    [
        f"证照编号：{NUMBER}\n持证主体：{NAME}",
        f"{NAME}\r\n{NUMBER}\r\n有效期至 2029-02-28",
        f'{{"no":"{NUMBER}","name":"{NAME}"}}',
        f"no={NUMBER};name={NAME}",
    ],
)
def test_lines_and_structures_of_a_qr_code(text: str) -> None:
    found = read(text)
    assert found.numbers[0] == NUMBER or NUMBER in found.numbers
    assert NAME in found.names


def test_the_particular_comes_before_the_general() -> None:
    found = read(f"https://zz.example/q?zzbs={IDENTIFIER}&no={NUMBER}&uscc={CODE}")
    assert found == Sought((STEM,), (NUMBER,), (CODE,), ())
    assert found.best == STEM


def test_a_code_inside_a_certificate_identifier_is_not_a_holders() -> None:
    assert read(f"https://zz.example/{IDENTIFIER}").codes == ()
    assert read(IDENTIFIER).numbers == ()


def test_parts_of_a_url_that_name_pages_are_no_numbers() -> None:
    assert read("https://zz.example/v1/zz/index.html?a=1&b=2") == Sought()


@pytest.mark.parametrize("version", ["001", "002", "117"])
def test_every_version_of_an_identifier_has_one_stem(version: str) -> None:
    whole = builders.certificate_identifier(NUMBER, version)
    assert certificate_stem(whole) == STEM
    assert read(whole).certificates == (STEM,)


@pytest.mark.parametrize("part", [IDENTIFIER[:-2], IDENTIFIER[:-6], IDENTIFIER[15:], STEM, IDENTIFIER[:-1] + "Z"])
def test_root_version_and_check_character_may_lack_or_differ(part: str) -> None:
    assert read(part).certificates == (STEM,)


@pytest.mark.parametrize("text", ["", " ", "\r\n", "1.2.156.3005.2", "\ufeff", "\ud800"])
def test_nothing_to_look_for(text: str) -> None:
    assert read(text).certificates == ()
    assert certificate_stem(text) is None


@given(st.text(max_size=300))
def test_any_text_gives_an_answer(text: str) -> None:
    found = read(text)
    for sort in (found.certificates, found.numbers, found.codes, found.names):
        assert len(sort) <= MOST_TERMS
        for each in sort:
            assert each
            assert each == "".join(each.split())


@given(st.text(alphabet="%0123456789ABCDEFabcdef:/?#&=.1.2.156.3005.2。", max_size=5_000))
def test_hostile_urls_are_read_quickly(text: str) -> None:
    assert len(read(text).best) <= scanned.MOST_TEXT


@given(st.text(min_size=1, max_size=40))
def test_what_is_typed_plainly_is_looked_up_as_it_stands(text: str) -> None:
    line = normalise_query(text)
    found = read(text)
    if line and "://" not in text and not set("\r\n\t\x0b\x0c\x85\u2028\u2029") & set(text):
        assert line in (*found.numbers, *found.codes) or found.certificates
