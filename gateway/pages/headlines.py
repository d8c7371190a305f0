"""How does each headline look? Word, colour and shape say the same, so that none is needed alone (LESSONS of verifiers:
never green without proof).

The shapes differ in outline, not only in what stands in them: on a grey printer and to a colour-blind clerk they are
five. Colours stand in ``static/counter.css`` under the class; each has a contrast of at least 7:1 with the white of
word and shape.

>>> look("予以互认").key
'recognised'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.recognition.verdict import Headline


@dataclass(frozen=True, slots=True)
class Look:
    """``key``: class of the block; ``words``: Chinese and English; ``shape``: SVG path data in a box of 96 by 96,
    filled by even-odd rule.
    """

    key: str
    words: tuple[str, str]
    shape: str


_TICK = "M27 49 L36 40 L44 48 L62 29 L71 38 L44 65 Z"
_CROSS = "M34 27 L48 41 L62 27 L69 34 L55 48 L69 62 L62 69 L48 55 L34 69 L27 62 L41 48 L27 34 Z"
_DISC = "M48 4 A44 44 0 1 1 48 92 A44 44 0 1 1 48 4 Z"
_OCTAGON = "M30 4 L66 4 L92 30 L92 66 L66 92 L30 92 L4 66 L4 30 Z"
_DIAMOND = "M48 2 L94 48 L48 94 L2 48 Z"
_BAR = "M26 42 L70 42 L70 54 L26 54 Z"
_LENS = (
    "M38 6 A32 32 0 1 1 38 70 A32 32 0 1 1 38 6 Z M38 17 A21 21 0 1 0 38 59 A21 21 0 1 0 38 17 Z"
    " M58 66 L66 58 L92 84 L84 92 Z"
)
_TRIANGLE = "M48 6 L94 88 L2 88 Z"
_STROKE = "M43 34 L53 34 L52 62 L44 62 Z M43 69 L53 69 L53 79 L43 79 Z"

_LOOKS: Mapping[Headline, tuple[str, str]] = {
    Headline.RECOGNISED: ("Recognised", f"{_DISC} {_TICK}"),
    Headline.INVALID: ("Licence not valid now", f"{_OCTAGON} {_CROSS}"),
    Headline.AGREEMENT: ("Genuine and valid, but not recognised under the agreement", f"{_DIAMOND} {_BAR}"),
    Headline.NO_RECORD: ("No record found", _LENS),
    Headline.UNAVAILABLE: ("Cannot be verified now", f"{_TRIANGLE} {_STROKE}"),
}
LOOKS: Mapping[str, Look] = {
    headline.zh: Look(headline.value, (headline.zh, english), shape) for headline, (english, shape) in _LOOKS.items()
}


def look(headline: str) -> Look:
    """The look of a headline as an answer names it; one that there is not is never green."""
    return LOOKS.get(headline, LOOKS[Headline.UNAVAILABLE.zh])
