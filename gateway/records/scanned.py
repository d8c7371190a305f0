"""What does a typed or scanned text look for? From whatever stands in the field to the terms that the index holds.

A scanner gun types what the keyboard types: under a Chinese input method 。 for ., 、 for /, full-width letters and
digits, then Enter, perhaps twice. A QR code holds a number, a 证照标识, a 统一社会信用代码, lines of text, or a URL
with any of them in path, query or fragment. All of these give the same terms as the plain code does. Pure, and total:
any text gives an answer, at worst one that finds nothing.

>>> read("ＪＹ１１１０１１２００００１７\\r\\n").numbers
('JY1110112000017',)
>>> read("https://zz.example/q?zzbs=1.2.156.3005.2.11100000MB0341032Y002.11110112MB0EXA001D.JY1.002.4").certificates
('11100000MB0341032Y002.11110112MB0EXA001D.JY1',)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from gateway.records.identifiers import CERTIFICATE_ROOT, normalise_query

MOST_TEXT = 2_048
"""Characters that are looked at: more than the URL in any QR code."""
MOST_TERMS = 16
LEAST_PART = 5
"""A part of a URL that is shorter names a page or a language, no licence; two Chinese characters may be a name."""
MOST_UNQUOTES = 3

# What a Chinese input method types for the keys of codes and URLs, beyond what NFKC undoes.
_KEYS = str.maketrans("。｡、【】《》￥¥", "../[]<>$$")
_CERTIFICATE = re.compile(
    rf"(?<![0-9A-Z.])(?:{re.escape(CERTIFICATE_ROOT)}\.)?([0-9A-Z]{{21}}\.[0-9A-Z]{{1,32}}\.[0-9A-Z]{{1,64}})"
    r"(?:\.[0-9]{3}(?:\.[0-9A-Z])?)?(?![0-9A-Z])"
)
_CODE = re.compile("(?<![0-9A-Z])[0-9A-HJ-NPQRTUWXY]{18}(?![0-9A-Z])")
_FOOD = re.compile("(?<![0-9A-Z])(?:JY|SC)[0-9]{14}(?![0-9A-Z])")
_HOST = re.compile("[A-Za-z][A-Za-z0-9+.-]{1,20}://[^/?#\\s]*")
_BREAKS = re.compile("[\r\n\t\x0b\x0c\x85\u2028\u2029]+")
_BETWEEN = re.compile("[\\s\"'<>{}|,;=&?#/\\\\]+")
_ENDING = re.compile("[.][A-Za-z]{2,5}$")
_STRUCTURE = re.compile("[\"{}|;=]")
_LABEL = re.compile("^\\s*[^:：0-9A-Za-z]{2,20}[:：]")
_DIGIT, _CHINESE = re.compile("[0-9]"), re.compile("[\u4e00-\u9fff]{2}")


@dataclass(frozen=True, slots=True)
class Sought:
    """Terms to look for, as the index holds them, the particular before the general: 证照标识 without version and
    check character; numbers; 统一社会信用代码, which are numbers of 营业执照, too; parts of names.
    """

    certificates: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def best(self) -> str:
        """The most particular term; "" where the text holds none."""
        return next(iter((*self.certificates, *self.numbers, *self.codes, *self.names)), "")


def certificate_stem(identifier: str) -> str | None:
    """Type, issuer and serial of a 证照标识: what all its versions share (GB/T 36904). None for any other text.

    Root, version and check character may be absent.
    """
    found = _CERTIFICATE.fullmatch(identifier)
    return None if found is None else found[1]


def read(text: str) -> Sought:
    """All that a text may mean, at most 16 terms of a sort; a look-up takes the first sort that finds something."""
    text = text[:MOST_TEXT]
    plain = _plain(text)
    pieces = _pieces(text, plain)
    terms = dict.fromkeys(term for piece in pieces if (term := normalise_query(piece)))
    whole = _HOST.sub(" ", plain).upper()
    bare = _CERTIFICATE.sub(" ", whole)
    stems = [stem for each in (*terms, whole) for stem in _CERTIFICATE.findall(each)]
    codes = [*filter(_CODE.fullmatch, terms), *_CODE.findall(bare)]
    others = [term for term in terms if _CODE.fullmatch(term) is None and _CERTIFICATE.search(term) is None]
    names = (term for term in others if _FOOD.fullmatch(term) is None)
    return Sought(_few(stems), _few([*_FOOD.findall(bare), *others]), _few(codes), _few(names))


def _plain(text: str) -> str:
    """As the keys meant it: full width undone, what the input method put undone, percent encoding undone."""
    found = unicodedata.normalize("NFKC", text).translate(_KEYS)
    for _ in range(MOST_UNQUOTES):
        decoded = unicodedata.normalize("NFKC", unquote(found))
        if decoded == found:
            break
        found = decoded
    return found


def _pieces(text: str, plain: str) -> list[str]:
    """What may stand for a number or a name: whole lines with and without their labels, or the parts of a URL."""
    parts = [_ENDING.sub("", part) for part in _BETWEEN.split(_HOST.sub(" ", plain)) if _is_part(part)]
    if _HOST.search(plain) is not None:
        return parts
    lines = [line for line in _BREAKS.split(text) if line.strip()]
    labelled = [_LABEL.sub("", line) for line in lines]
    meant = [_plain(line) for line in (*lines, *labelled)]
    return [*lines, *labelled, *meant, *(parts if _STRUCTURE.search(plain) is not None else ())]


def _is_part(text: str) -> bool:
    return _CHINESE.search(text) is not None or (len(text) >= LEAST_PART and _DIGIT.search(text) is not None)


def _few(terms: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(terms))[:MOST_TERMS]
