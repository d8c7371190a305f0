"""The words of the table of situations: how a row is written, and what the counter says when all is in order.

A counter in 通州 asks on 2026-11-23 about a food permit of 三河, issued 2024-03-01, good until 2029-02-28, under
the agreement 2026-017, which restricts holders on the list of serious dishonesty. A row says what is different
(``asked``), and what the answer is then. Its first word is verdict and headline:

- ``green``: recognised, 予以互认
- ``red``: not recognised, 证照当前无效
- ``unagreed``: not recognised, 真实有效，但协议不予互认
- ``nowhere``: indeterminate, 查无此证
- ``doubt``: indeterminate, 暂时无法核验

Then come the checks that say anything but the ordinary (``state="FAIL state.revoked"``), the credit ``answer``
where it isn't "clear", and what the clerk is warned of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.recognition.desk import ISSUED, Asked, Event

YES, NO, OPEN = "recognised", "not_recognised", "indeterminate"
UNAVAILABLE = "暂时无法核验"
NOTHING = "UNKNOWN not_judged"
HOUR, DAY = 3600, 86_400
STALE = {"age_s": DAY + 1.0}
NO_TERMS: list[object] = []

ORDINARY = {
    "found": "PASS found",
    "content_signature": "PASS content_signature",
    "issuer": "PASS issuer",
    "in_log": "PASS in_log",
    "witnessed": "PASS not_required",
    "fresh": "PASS fresh",
    "newer": "PASS newest",
    "dates": "PASS dates",
    "state": "PASS state.valid",
    "superseded": "PASS not_superseded",
    "objection": "PASS objection.none",
    "transfer": "PASS transfer.none",
    "agreement": "PASS agreement.covers",
    "credit": "PASS credit.clear",
}
OF_RECORD = dict.fromkeys(("content_signature", "issuer", "in_log", "witnessed"), NOTHING)
OF_LAW = dict.fromkeys(("dates", "state", "superseded", "objection", "transfer", "agreement", "credit"), NOTHING)
NO_LICENCE = OF_RECORD | OF_LAW


@dataclass(frozen=True)
class Situation:
    """One row: what is asked, and the whole answer."""

    name: str
    asked: Asked
    verdict: str
    headline: str
    says: Mapping[str, str]
    answer: str
    warns: tuple[str, ...]


def kind(verdict: str, headline: str) -> Callable[..., Situation]:
    """A first word of rows."""

    def row(name: str, asked: Asked, *, answer: str = "clear", warns: tuple[str, ...] = (), **says: str) -> Situation:
        if not says.keys() <= ORDINARY.keys():
            raise ValueError(f"{name}: no such check as {says.keys() - ORDINARY.keys()}")
        return Situation(name, asked, verdict, headline, ORDINARY | says, answer, warns)

    return row


green = kind(YES, "予以互认")
red = kind(NO, "证照当前无效")
unagreed = kind(NO, "真实有效，但协议不予互认")
nowhere = kind(OPEN, "查无此证")
doubt = kind(OPEN, UNAVAILABLE)


def ends(verb: str, since: str = "2026-05-01", **more: str) -> tuple[Event, Event]:
    """Issued, then this."""
    return ISSUED, Event(verb, since, **more)
