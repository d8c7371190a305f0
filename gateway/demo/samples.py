"""What does the demo publish? A few hundred records that the project invented, at six jurisdictions, in both families.

The same seed gives the same samples: every type of licence and what becomes of it, moves between jurisdictions, every
kind of credit fact and what becomes of it, the five scenes, and some records that must be refused. Names carry 示例,
all codes are valid.

>>> found = samples()
>>> len(found), found[0].jurisdiction, found[0].type
(518, 'tongzhou', 'jjj.licence.issued')
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from gateway.demo import cast, creditfacts, licences
from gateway.demo.flawed import flawed_samples
from gateway.demo.licences import Course
from gateway.demo.sample import Sample
from gateway.demo.scenes import scenes
from gateway.records.families import licence_subject

SEED = 20261123
_ORDER = (
    cast.FOOD,
    cast.BUSINESS,
    cast.CONSTRUCTION,
    cast.FOOD,
    cast.PRODUCTION,
    cast.BUSINESS,
    cast.LABORATORY,
    cast.SAFETY,
    cast.FILING,
    cast.FOOD,
    cast.BUSINESS,
)
_LICENCES = 3 * len(_ORDER)
_FACTS = 3 * len(creditfacts.KINDS)
_FIRST_DAY = date(2023, 1, 9)
_EARLY_DAY = date(2018, 1, 8)  # of licences whose term is over
_After = Callable[[dict[str, Any], str, str, date], dict[str, Any]]


def samples(seed: int = SEED) -> tuple[Sample, ...]:
    """All samples in publishing order; records about one subject follow each other in the order of events."""
    draw = random.Random(seed)  # noqa: S311 (samples, not secrets)
    found: list[Sample] = []
    for at, place in enumerate(cast.PLACES):
        base = 100 + 1000 * at
        for number in range(_LICENCES):
            _add_course(found, _licence(place.id, number, base, draw))
        for number in range(_FACTS):
            _add_course(found, _fact(place.id, number, base, draw))
    found += _moves(draw)
    for scene in scenes().values():
        found += scene.records
    # The flawed go last: places in the list stay those that corrections name.
    return (*found, *flawed_samples())


def _add_course(found: list[Sample], course: Iterator[Sample]) -> None:
    """Append a subject's records; a retraction corrects the record before it."""
    for sample in course:
        corrects = len(found) - 1 if sample.type.endswith(".retracted") else None
        found.append(Sample(sample.jurisdiction, sample.type, sample.data, corrects=corrects))


def _licence(jurisdiction: str, number: int, base: int, draw: random.Random) -> Iterator[Sample]:
    type_code = _ORDER[number % len(_ORDER)]
    course = licences.COURSES[number] if number < len(licences.COURSES) else ()
    ended = ("expired", "05") in course
    day = (_EARLY_DAY if ended else _FIRST_DAY) + timedelta(days=draw.randrange(700))
    data = licences.issued(jurisdiction, type_code, base + number, day)
    yield Sample(jurisdiction, "jjj.licence.issued", data)
    yield from _events(jurisdiction, "licence", data, course, licences.after, day, draw)


def _fact(jurisdiction: str, number: int, base: int, draw: random.Random) -> Iterator[Sample]:
    kind = creditfacts.KINDS[number % len(creditfacts.KINDS)]
    course = creditfacts.COURSES[number] if number < len(creditfacts.COURSES) else ()
    type_code = _ORDER[number % len(_ORDER)]
    holder = licences.holder(cast.place(jurisdiction), base + number, cast.TYPES[type_code].trade)
    day = _FIRST_DAY + timedelta(days=365 + draw.randrange(500))
    data = creditfacts.fact(jurisdiction, kind, base + number, holder, day)
    yield Sample(jurisdiction, "jjj.credit.recorded", data)
    yield from _events(jurisdiction, "credit", data, course, creditfacts.after, day, draw)


def _events(
    jurisdiction: str, family: str, data: dict[str, Any], course: Course, after: _After, day: date, draw: random.Random
) -> Iterator[Sample]:
    for verb, state in course:
        day += timedelta(days=30 + draw.randrange(60))
        if verb == "retracted":
            authority = data["issuer" if family == "licence" else "authority"]
            correction = {"ground": "示例：录入有误，予以撤回", "authority": authority}
            yield Sample(jurisdiction, f"jjj.{family}.retracted", correction)
            continue
        data = after(data, verb, state, _term_over(data, day) if verb == "expired" else day)
        yield Sample(jurisdiction, f"jjj.{family}.{verb}", data)


def _term_over(data: dict[str, Any], day: date) -> date:
    last = data.get("valid_to")
    return day if last is None else date.fromisoformat(last) + timedelta(days=1)


def _moves(draw: random.Random) -> Iterator[Sample]:
    """One company of each place moves its food licence to the next place: out, then in under a new number."""
    for at, place in enumerate(cast.PLACES):
        receiver = cast.PLACES[(at + 1) % len(cast.PLACES)]
        day = _FIRST_DAY + timedelta(days=draw.randrange(700))
        moved = day + timedelta(days=200)
        first = licences.issued(place.id, cast.FOOD, 900 + 1000 * at, day)
        out = licences.after(first, "transferred_out", "06", moved)
        subject = licence_subject(cast.FOOD, first["number"])
        new = licences.received(out, place.id, subject, receiver.id, 901 + 1000 * at, moved)
        yield Sample(place.id, "jjj.licence.issued", first)
        yield Sample(place.id, "jjj.licence.transferred_out", out)
        yield Sample(receiver.id, "jjj.licence.transferred_in", new)
