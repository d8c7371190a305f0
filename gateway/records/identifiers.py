"""Are these codes well formed, do their check characters hold, and does a text carry a person's number?

Hard errors and warnings differ (DESIGN §3, schemas): the check characters of a 统一社会信用代码 and of a
证照标识 are hard; the check digit of a food number is a warning, because real numbers in daily use fail it;
the region part of a code is never checked, because it names the office that once registered, by whatever list
then stood. Document numbers have one writing, by literal tables (law 9).

>>> uscc_error("11100000000013338W") is None, uscc_error("91310000059365511L")
(True, 'uscc.check')
>>> food_number_check_ok("JY13301080111719")
True
>>> mask_resident_numbers("持证人11010519491231002X，男")
'持证人11**************2X，男'
>>> normalise_number("（京）jz安许证字【2019】 000115")
'(京)JZ安许证字(2019)000115'
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from operator import mul

from gateway.errors import Refused
from gateway.records import characters

PLACEHOLDER = "00000000000000000X"
CERTIFICATE_ROOT = "1.2.156.3005.2"

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUES = {character: value for value, character in enumerate(_USCC_ALPHABET)}
_USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_USCC = re.compile(f"[{_USCC_ALPHABET}]{{18}}")

_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES_36 = {character: value for value, character in enumerate(_ALPHANUMERIC)}
_CERTIFICATE = re.compile(
    r"1\.2\.156\.3005\.2\.([0-9A-Z]{21})\.([0-9A-Z]{1,32})\.([0-9A-Z]{1,64})\.([0-9]{3})\.([0-9A-Z])"
)
_FOOD = {"JY": re.compile("JY[0-9]{14}"), "SC": re.compile("SC[0-9]{14}")}


def uscc_check(first17: str) -> str:
    """Check character of a 统一社会信用代码 (GB 32100-2015) over its first 17; ``KeyError`` for others."""
    if len(first17) != len(_USCC_WEIGHTS):
        raise ValueError(f"{len(first17)} characters, not 17")
    return _USCC_ALPHABET[-sum(map(mul, map(_USCC_VALUES.__getitem__, first17), _USCC_WEIGHTS)) % 31]


@lru_cache(maxsize=65_536)
def uscc_error(code: str) -> str | None:
    """None for a valid 统一社会信用代码, else "uscc.form", "uscc.placeholder" or "uscc.check".

    GB 32100-2015: 18 characters without I, O, S, V, Z. Neither registering office nor the organisation code
    inside is checked.
    """
    if _USCC.fullmatch(code) is None:
        return "uscc.form"
    if code == PLACEHOLDER:
        return "uscc.placeholder"
    return None if uscc_check(code[:17]) == code[17] else "uscc.check"


def certificate_check(parts: tuple[str, str, str, str]) -> str:
    """Check character of a 证照标识 over type, issuer, serial and version (GB/T 36904; ISO/IEC 7064 MOD
    37,36, GB/T 17710).

    Root and dots don't count. ``KeyError`` for characters other than 0-9 and A-Z.
    """
    product = 36
    for character in "".join(parts):
        product = ((product + _VALUES_36[character]) % 36 or 36) * 2 % 37
    return _ALPHANUMERIC[(37 - product) % 36]


def certificate_identifier_error(identifier: str) -> str | None:
    """None for a valid 证照标识, else "certificate_identifier.form" or "certificate_identifier.check" (GB/T
    36904).

    The issuer part is no code of 18 characters in all real identifiers, so its length is free.
    """
    found = _CERTIFICATE.fullmatch(identifier)
    if found is None:
        return "certificate_identifier.form"
    kind, issuer, serial, version, check = found.groups()
    return (
        None
        if certificate_check((kind, issuer, serial, version)) == check
        else "certificate_identifier.check"
    )


def food_number_form_error(number: str, prefix: str) -> str | None:
    """None for a normalised number of ``prefix`` (JY 食品经营, SC 食品生产) and 14 digits, else "number.form"."""
    return None if _FOOD[prefix].fullmatch(number) else "number.form"


def food_number_check_ok(number: str) -> bool:
    """Whether the last digit of a well-formed JY or SC number fits the 13 before (ISO/IEC 7064 MOD 11,10)."""
    product = 10
    for digit in number[2:15]:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(number[15])


# Identity numbers of persons
#
# Looked for are valid numbers of 18 digits as GB 11643 makes them: 居民身份证, 港澳台居民居住证 (81 to 83)
# and 外国人永久居留身份证 (91 to 96): region of a province, a day that exists, a check character that holds.
# Digits may be full-width and the last x lower case; a number may stand inside other text, but not inside a
# longer run of digits: the 20 digits of a 承诺编码 are no identity number.

_PROVINCES = "1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[1-6]"
_DIGIT = "0-9０-９"
_CANDIDATE = re.compile(f"(?<![{_DIGIT}])[{_DIGIT}]{{17}}[{_DIGIT}XxＸｘ](?![{_DIGIT}])")
_PLAUSIBLE = re.compile(f"(?:{_PROVINCES})[0-9]{{4}}(?:18|19|20)[0-9]{{9}}[0-9X]")
_NARROW = str.maketrans("０１２３４５６７８９Ｘｘx", "0123456789XXX")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"

# For the quick "no": ASCII digits become "0", both x become "x", the three bytes of a full-width digit "ebn".
_SHADOW = bytearray(b" " * 256)
_SHADOW[0x30:0x3A] = b"0" * 10
_SHADOW[0x90:0x9A] = b"n" * 10
_SHADOW[ord("X")] = _SHADOW[ord("x")] = ord("x")
_SHADOW[0xEF], _SHADOW[0xBC] = b"eb"
_SUSPECTS = (b"0" * 18, b"0" * 17 + b"x", b"0" * 17 + b"eb", b"ebn")


def may_hold_resident_number(line: bytes) -> bool:
    """False only if no resident number can stand in this UTF-8 text: about a microsecond for most lines."""
    shadow = line.translate(_SHADOW)
    return any(suspect in shadow for suspect in _SUSPECTS)


def resident_numbers(text: str) -> tuple[tuple[int, int], ...]:
    """Start and end of every valid 18-digit resident number in a text, in order."""
    return tuple(found.span() for found in _CANDIDATE.finditer(text) if _is_resident_number(found.group()))


def mask_resident_numbers(text: str) -> str:
    """The text with the 14 middle characters of every resident number replaced by ``*``."""
    return _CANDIDATE.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    number = found.group()
    return f"{number[:2]}{'*' * 14}{number[-2:]}" if _is_resident_number(number) else number


def _is_resident_number(candidate: str) -> bool:
    number = candidate.translate(_NARROW)
    if _PLAUSIBLE.fullmatch(number) is None:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    if _CHECK[total % 11] != number[17]:
        return False
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return True


# Document numbers

_PLAIN_NUMBER = re.compile("[0-9A-Z()./-]+")
_STRANGE_IN_NUMBER = re.compile(f"[^{characters.OF_NUMBERS}]")
_STRANGE_IN_QUERY = re.compile(f"[{characters.FORBIDDEN}]")
_REDUCTION = str.maketrans(
    dict.fromkeys(characters.OPENING, "(")
    | dict.fromkeys(characters.CLOSING, ")")
    | dict.fromkeys(characters.DASHES, "-")
    | dict.fromkeys(characters.WHITE_SPACE, "")
)


def normalise_number(text: str) -> str:
    """The one writing of a licence or document number (DESIGN §3, subject).

    NFKC, upper case, no white space, every bracket of ``〔〕【】［］[]（）()`` as ``()``, every dash as
    ``-``. Raises ``Refused`` "number.empty" when nothing is left, and "number.character" for characters
    outside the blocks that documents use: those could normalise otherwise under a later Unicode, and one
    licence must not be two subjects on two machines (law 9).
    """
    if _PLAIN_NUMBER.fullmatch(text) is not None:
        return text
    strange = _STRANGE_IN_NUMBER.search(text)
    if strange is not None:
        name = characters.describe(strange.group())
        raise Refused(
            "number.character",
            f"{name} cannot stand in a document number",
            value=name,
            zh=f"编号中含有不允许的字符 {name}",
        )
    number = _reduce(text)
    if not number:
        raise Refused("number.empty", "the document number is empty", zh="编号为空")
    return number


def normalise_query(text: str) -> str:
    """What was typed, as the index holds it: like a number, forbidden characters dropped; may be empty."""
    return _reduce(_STRANGE_IN_QUERY.sub("", text))


def _reduce(text: str) -> str:
    return unicodedata.normalize("NFKC", text).upper().translate(_REDUCTION)
