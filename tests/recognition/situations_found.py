"""Situations in which all is in order, and those in which nothing is found, or too much.

The words of a row, and what is ordinary, stand in ``situation``.
"""

from __future__ import annotations

from tests.recognition.desk import AT, ISSUED, NUMBER_CHECK, Event, asked, log
from tests.recognition.situation import NO_LICENCE, NOTHING, OF_LAW, STALE, doubt, ends, green, nowhere

BARE = "JY11310820000017"

IN_ORDER = (
    green("everything in order", asked()),
    green("no last day (长期)", asked(history=Event("issued", valid_to=None))),
    green("on the first day", asked(as_of="2024-03-01", agreement={"since": "2024-01-01"})),
    green(
        "on the last day, which lies ahead",
        asked(as_of="2029-02-28", agreement={"until": "2030-12-31"}),
        warns=("as_of.future",),
    ),
    green(
        "one's own licence needs no agreement",
        asked(asking="sanhe", agreements=()),
        agreement="PASS agreement.own",
        credit="PASS credit.not_named",
    ),
    green(
        "suspended, and resumed before the day",
        asked(history=(*ends("suspended", "2026-05-01"), Event("resumed", "2026-08-01"))),
    ),
    green("renewed: the newest record counts", asked(history=(Event("issued", valid_to="2026-03-01"), ISSUED))),
    green(
        "cosigned by the two jurisdictions that the agreement asks for",
        asked(agreement={"witnesses": 2}, record={"witnesses": frozenset({"tongzhou", "dachang"})}),
        witnessed="PASS witnessed",
    ),
    green(
        "a ministry's licence that the source carries, and the agreement allows",
        asked(record={"carried": True}, agreement={"carried": True}),
        issuer="PASS issuer.carried",
    ),
    green(
        "the number's check digit does not fit: a warning only",
        asked(record={"warnings": (NUMBER_CHECK,)}),
        warns=("number.check",),
    ),
    green(
        "recognised on condition that the performers are unchanged",
        asked(agreement={"unchanged": ["performers"]}),
        warns=("agreement.unchanged",),
    ),
    green("trust data two days old: said, and no more", asked(trust_age_d=2), warns=("trust.old",)),
    green(
        "a leaf of the source's log names nobody: said, and no more",
        asked(log={"unread": 1}),
        warns=("leaf.no_subject",),
    ),
)

FOUND = (
    nowhere(
        "no such record, the source fresh, read and complete",
        asked(history=()),
        found="UNKNOWN no_record",
        **NO_LICENCE,
        answer="unknown",
    ),
    nowhere(
        "a bare number, no record anywhere, every source fresh, read and complete",
        asked(
            history=(),
            source=None,
            subject=BARE,
            logs=(log(), log("dachang")),
            catalogue={"complete": {"sanhe": "2026-01-01", "dachang": "2026-01-01"}},
        ),
        found="UNKNOWN no_record",
        **NO_LICENCE,
        answer="unknown",
    ),
    doubt(
        "a bare number, no record anywhere, one of the sources not complete",
        asked(history=(), source=None, subject=BARE, logs=(log(), log("dachang"))),
        found="UNKNOWN type.not_complete",
        **NO_LICENCE,
        answer="unknown",
    ),
    doubt(
        "a bare number, no record anywhere, one of the sources never heard",
        asked(history=(), source=None, subject=BARE, logs=(log(), log("dachang", age_s=None))),
        found="UNKNOWN source.stale",
        fresh="UNKNOWN source.unheard",
        **NO_LICENCE,
        answer="unknown",
    ),
    doubt(
        "no such record, the source not complete for this type",
        asked(history=(), catalogue={"complete": {}}),
        found="UNKNOWN type.not_complete",
        **NO_LICENCE,
        answer="unknown",
    ),
    doubt(
        "no such record, the source complete only from a later day on",
        asked(history=(), as_of="2025-12-31"),
        found="UNKNOWN type.not_complete",
        **NO_LICENCE,
        answer="unknown",
    ),
    doubt(
        "no such record, the source silent for over a day",
        asked(history=(), log=STALE),
        found="UNKNOWN source.stale",
        fresh="UNKNOWN source.stale",
        **NO_LICENCE,
        answer="unknown",
    ),
    doubt(
        "no such record, the source never heard",
        asked(history=(), log={"age_s": None}),
        found="UNKNOWN source.stale",
        fresh="UNKNOWN source.unheard",
        **NO_LICENCE,
        answer="unknown",
    ),
    doubt(
        "no such record, but a leaf that claims this number cannot be read",
        asked(history=(), quarantined=(7,)),
        found="UNKNOWN leaf.unread",
        newer="UNKNOWN newer.unreadable",
        **NO_LICENCE,
        answer="unknown",
    ),
    doubt(
        "no such record but one that was signed when its key may already have been stolen",
        asked(history=(), quarantined=(7,), doubted=frozenset({7})),
        found="UNKNOWN key.in_doubt",
        newer="UNKNOWN key.in_doubt",
        **NO_LICENCE,
        answer="unknown",
    ),
    doubt(
        "no such record, but a leaf names nobody: it might be this one",
        asked(history=(), log={"unread": 1}),
        found="UNKNOWN leaf.unread",
        **NO_LICENCE,
        answer="unknown",
        warns=("leaf.no_subject",),
    ),
    doubt(
        "no such record, trust data older than seven days",
        asked(history=(), trust_age_d=8),
        found="UNKNOWN trust.stale",
        fresh="UNKNOWN trust.stale",
        **NO_LICENCE,
        answer="unknown",
        warns=("trust.old",),
    ),
    doubt(
        "the number is that of another holder: nobody is told that there is no such licence",
        asked(history=(), other_holder=True),
        found="UNKNOWN found.other_holder",
        **NO_LICENCE,
        answer="unknown",
    ),
    doubt(
        "the number is that of another holder, and a leaf that claims it cannot be read: it may have changed hands",
        asked(history=(), other_holder=True, quarantined=(7,)),
        found="UNKNOWN leaf.unread",
        newer="UNKNOWN newer.unreadable",
        **NO_LICENCE,
        answer="unknown",
    ),
    doubt(
        "asked as of an instant by which nothing was known here: completeness is declared of today, not of then",
        asked(history=(), known_at=AT - 1),
        found="UNKNOWN found.not_known_then",
        **NO_LICENCE,
        answer="unknown",
        warns=("known_at.past",),
    ),
    doubt(
        "several match: listed, nothing judged",
        asked(matches=3),
        found="UNKNOWN found.several",
        fresh=NOTHING,
        newer=NOTHING,
        **NO_LICENCE,
        answer="unknown",
    ),
    doubt(
        "published in error and taken back",
        asked(history=(ISSUED, Event("retracted"))),
        found="UNKNOWN record.retracted",
        **OF_LAW,
        answer="unknown",
    ),
    green(
        "an annulment published in error and taken back, and the licence stated anew",
        asked(history=(*ends("annulled"), Event("retracted", retracts=1), Event("changed"))),
    ),
    doubt(
        "the record's bytes have been erased: an older one does not speak instead",
        asked(history=(ISSUED, Event("changed", "2026-02-01", erased=True), Event("erased"))),
        found="UNKNOWN record.erased",
        **NO_LICENCE,
        answer="unknown",
    ),
    doubt(
        "as of a day before the first record",
        asked(as_of="2023-01-01"),
        found="UNKNOWN record.not_on_day",
        **NO_LICENCE,
        answer="unknown",
    ),
)
