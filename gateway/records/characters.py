"""Which characters may travel? Literal tables, so that every Python of every year gives the same answer.

Law 9: ``unicodedata`` changes with the interpreter, and two nodes must not differ over one line. Code points
are written as escapes because most of them cannot be seen. The general category Cf (format) is that of
Unicode 16; it has only ever grown.

>>> first_forbidden("A\\u200bB")
1
>>> describe("\\u200b")
'U+200B'
"""

from __future__ import annotations

import re

# Controls other than the three that white space rules name; \t \n \r are judged by where they stand.
_CONTROLS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
# Category Cf: soft hyphen, Arabic and Syriac signs, zero widths, directions, invisible operators, BOM,
# interlinear, tags.
_FORMATS = (
    r"\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    r"\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0001\U000e0020-\U000e007f"
)
_NONCHARACTERS = r"\ufdd0-\ufdef" + "".join(f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(17))
_SURROGATES = r"\ud800-\udfff"
FORBIDDEN = _CONTROLS + _FORMATS + _NONCHARACTERS + _SURROGATES
_FORBIDDEN = re.compile(f"[{FORBIDDEN}]")

# Category Pd of Unicode 16 and U+2212 MINUS SIGN: in a document number all are "-" (DESIGN §3, subject).
DASHES = (
    "\u002d\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d"
    "\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010d6e\U00010ead"
)
OPENING = "〔【［[（("
CLOSING = "〕】］]）)"
WHITE_SPACE = (
    "\t\n\u000b\u000c\r\u0020\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
# What a document number is written with, as the inside of a character class: ASCII, Latin, Greek and Cyrillic
# letters, punctuation, superscripts, ℃ № ℓ, Roman and circled numerals, geometric shapes, Chinese characters
# with their punctuation, units, radicals and compatibility forms, full-width forms; every dash and white
# space above. Left out: what a later Unicode may decompose otherwise, and marks that would combine with a
# neighbour once the space between them is gone. A number normalised is normal for ever.
OF_NUMBERS = (
    r"\t\n\u000b\u000c\r\u0020-\u007e\u0085\u00a0-\u00a7\u00a9-\u00ac\u00ae\u00b0-\u00b3\u00b5-\u00b7\u00b9-\u00fe"
    r"\u0391-\u03a1\u03a3-\u03a9\u03b1-\u03c9\u0401\u0410-\u044f\u0451\u058a\u05be\u1400\u1680\u1806"
    r"\u2000-\u200a\u2010-\u2016\u2018-\u2029\u202f-\u203d\u2044\u205f\u2070\u2074-\u208e\u2103\u2109\u2113\u2116"
    r"\u2150-\u2188\u2212\u2215\u2460-\u24ff\u25a0-\u25ff\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u2e80-\u2e99\u2e9b-\u2ef3"
    r"\u2f00-\u2fd5\u3000-\u3029\u3030\u3036-\u303f\u30a0\u30fb\u3220-\u325f\u3280-\u32cf\u3358-\u9fff"
    r"\uf900-\ufa6d\ufa70-\ufad9\ufe10-\ufe19\ufe30-\ufe48\ufe4d-\ufe52\ufe54-\ufe66\ufe68-\ufe6b"
    r"\uff01-\uff5e\uff61-\uff65\uffe0-\uffe2\uffe4\uffe5\U00010d6e\U00010ead\U00020000-\U0002fa1d\U00030000-\U000323af"
)


def first_forbidden(text: str) -> int | None:
    """Position of the first character that is refused anywhere, or None; \\t, \\n and \\r are not judged
    here.

    A printable text holds none, whatever Unicode this Python knows: every forbidden character is of a
    category (Cc, Cf, Cs, or Cn for those not yet assigned) that ``isprintable`` denies. So the cheap question
    may accept, and never refuses.
    """
    if text.isprintable():
        return None
    found = _FORBIDDEN.search(text)
    return None if found is None else found.start()


def describe(character: str) -> str:
    """``U+200B``: how to name a character that cannot be shown."""
    return f"U+{ord(character):04X}"
