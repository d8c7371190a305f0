"""What does a clerk ask? A question as it comes over the wire, read strictly; what was typed or scanned, read kindly
(DESIGN §8).

A question names a licence by source and subject, or by whatever a search can find. ``purpose`` and ``case`` (the
number of the case at hand) travel with it into the answer and the slip. ``presented`` says what the party presents, by
field of the data, for agreements that recognise only what is unchanged.

>>> Asked.parse({"number": "ＪＹ１１３１０８２００００１７", "case": "通政务〔2026〕88号"}).sought.numbers
('JY11310820000017',)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from gateway.errors import Refused
from gateway.instants import parse_day, parse_time
from gateway.recognition.facts import Presented
from gateway.records import scanned
from gateway.records.characters import first_forbidden
from gateway.records.identifiers import mask_resident_numbers, normalise_query
from gateway.records.scanned import Sought

TEXTS = ("source", "subject", "number", "holder", "type", "purpose", "case", "as_of", "known_at")
PRESENTED = "presented"
MEMBERS = {*TEXTS, PRESENTED}
SOURCE_PREFIX = "urn:jjj:"
MOST_TEXT = 512
MOST_PRESENTED, MOST_VALUES, MOST_CHARACTERS = 32, 256, 8_000
"""Fields, values of one field, and characters in all: the slip carries them."""
_FIELD = re.compile("[a-z][a-z0-9_]{0,63}(\\.[a-z][a-z0-9_]{0,63}){0,7}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: by (source, subject) where ``exact``, else by what ``sought`` finds. Times: day; ms."""

    text: str
    exact: bool
    sought: Sought
    source: str | None
    holder: str | None
    type: str | None
    purpose: str
    case: str
    as_of: date | None
    known_at: int | None
    presented: Presented

    @property
    def subject(self) -> str:
        """What was asked about, as a subject where the type is known."""
        if self.exact:
            return self.text
        return f"{self.type}:{self.sought.best}" if self.type is not None else self.sought.best

    @property
    def by_number(self) -> bool:
        """Whether a subject or a licence number was asked for, and nothing that only a whole record says."""
        numbers = self.sought.numbers if not self.sought.certificates else ()
        return self.exact or any(map(str.isdigit, "".join(numbers)))

    @classmethod
    def parse(cls, value: object) -> Asked:
        """From parsed JSON; raises ``Refused`` ``question.form`` naming the member, ``date.form``, ``time.form``."""
        if not isinstance(value, dict):
            raise Refused("question.form", "a question is a JSON object")
        for name in value:
            if name not in MEMBERS:
                raise Refused("question.form", f"member {name!a} is not known", field=str(name)[:80])
        text = {name: _text(value[name], name) for name in TEXTS if name in value}
        exact = bool(text.get("subject"))
        wanted = text["subject"] if exact else text.get("number", "")
        sought = Sought() if exact else scanned.read(wanted)
        if not (exact or sought.best):
            raise Refused("question.form", "subject or number is missing", field="number", rule="required")
        return cls(
            wanted,
            exact,
            sought,
            text["source"].removeprefix(SOURCE_PREFIX) if "source" in text else None,
            normalise_query(text["holder"]) or None if "holder" in text else None,
            text.get("type"),
            text.get("purpose", ""),
            text.get("case", ""),
            parse_day(text["as_of"]) if "as_of" in text else None,
            parse_time(text["known_at"]) if "known_at" in text else None,
            _presented(value.get(PRESENTED, {})),
        )


def _text(value: object, name: str) -> str:
    most = scanned.MOST_TEXT if name == "number" else MOST_TEXT
    if not isinstance(value, str) or len(value) > most:
        raise Refused("question.form", f"{name} is text of at most {most} characters", field=name)
    return value if name == "number" else _one_line(value, name)


def _one_line(value: str, name: str) -> str:
    """Text that can stand in a slip: one line, nothing invisible, no person's number."""
    if first_forbidden(value) is not None:
        raise Refused("question.form", f"{name} holds a character that is refused", field=name)
    return mask_resident_numbers(" ".join(value.split()))


def _presented(value: object) -> Presented:
    if not isinstance(value, dict) or len(value) > MOST_PRESENTED or len(repr(value)) > MOST_CHARACTERS:
        most = f"{MOST_PRESENTED} fields and {MOST_CHARACTERS} characters"
        raise Refused("question.form", f"presented is an object of at most {most}", field=PRESENTED)
    return {_field(name): _values(each, f"{PRESENTED}.{name}"[:80]) for name, each in value.items()}


def _field(name: Any) -> str:
    if not isinstance(name, str) or _FIELD.fullmatch(name) is None:
        raise Refused("question.form", "presented names fields of the data, as in holder.name", field=PRESENTED)
    return name


def _values(value: object, name: str) -> tuple[str, ...]:
    given = value if isinstance(value, list) else [value]
    texts = [each for each in given if isinstance(each, str)]
    if len(texts) != len(given) or len(texts) > MOST_VALUES:
        raise Refused("question.form", f"{name} is text, or a list of at most {MOST_VALUES} texts", field=name)
    return tuple(_one_line(each, name) for each in texts)
