"""Situations that concern the licence itself: dates, states, successors, objections.

The words of a row, and what is ordinary, stand in ``situation``.
"""

from __future__ import annotations

from tests.recognition.desk import AT, ISSUED, Event, asked, log, successor
from tests.recognition.situation import STALE, doubt, ends, green, red

ENDED = Event("issued", valid_to="2026-11-22")
TO_COME = Event("issued", valid_from="2027-01-01")
ITEM_ENDED = Event("issued", valid_to=None, items=(("热食类食品制售", "2026-01-01"),))
ONE_ITEM_ENDED = Event("issued", valid_to=None, items=(("热食类食品制售", "2026-01-01"), ("冷食类食品制售", None)))

DATES = (
    red("before its first day of validity", asked(history=TO_COME), dates="FAIL dates.not_yet"),
    doubt(
        "before its first day, the source silent",
        asked(history=TO_COME, log=STALE),
        fresh="UNKNOWN source.stale",
        dates="UNKNOWN last_known.not_yet",
    ),
    red("the day after its last", asked(history=ENDED), dates="FAIL dates.passed"),
    doubt(
        "past its last day, the source silent: it may have been renewed",
        asked(history=ENDED, log=STALE),
        fresh="UNKNOWN source.stale",
        dates="UNKNOWN last_known.passed",
    ),
    doubt(
        "past its last day, and a newer record cannot be read: it may be the renewal",
        asked(history=ENDED, quarantined=(1,)),
        newer="UNKNOWN newer.unreadable",
        dates="UNKNOWN last_known.passed",
    ),
    green("one of two items has ended", asked(history=ONE_ITEM_ENDED), warns=("items.some_passed",)),
    red(
        "every item has ended",
        asked(history=ITEM_ENDED),
        dates="FAIL dates.items_passed",
        warns=("items.some_passed",),
    ),
    doubt(
        "every item has ended, the source silent",
        asked(history=ITEM_ENDED, log=STALE),
        fresh="UNKNOWN source.stale",
        dates="UNKNOWN last_known.items_passed",
        warns=("items.some_passed",),
    ),
)

STATES = (
    red("suspended (暂扣)", asked(history=ends("suspended")), state="FAIL state.suspended"),
    green("suspended only after the day asked", asked(history=ends("suspended"), as_of="2026-04-30")),
    doubt(
        "suspended, the source silent: it may be resumed",
        asked(history=ends("suspended"), log=STALE),
        fresh="UNKNOWN source.stale",
        state="UNKNOWN last_known.suspended",
    ),
    doubt(
        "suspended, and a newer record cannot be read",
        asked(history=ends("suspended"), quarantined=(2,)),
        newer="UNKNOWN newer.unreadable",
        state="UNKNOWN last_known.suspended",
    ),
    red("annulled (撤销)", asked(history=ends("annulled")), state="FAIL state.annulled"),
    red(
        "annulled after the day asked: 撤销 works back to the start",
        asked(history=ends("annulled"), as_of="2026-01-02"),
        state="FAIL state.annulled",
    ),
    red("cancelled (注销)", asked(history=ends("cancelled")), state="FAIL state.cancelled"),
    green(
        "cancelled after the day asked: every other end works from its decision",
        asked(history=ends("cancelled"), as_of="2026-04-30"),
    ),
    red("expired by decision (失效)", asked(history=ends("expired")), state="FAIL state.expired"),
    red("revoked (吊销)", asked(history=ends("revoked")), state="FAIL state.revoked"),
    red(
        "revoked, the source silent: it cannot be undone, so it stays red",
        asked(history=ends("revoked"), log=STALE),
        fresh="UNKNOWN source.stale",
        state="FAIL state.revoked",
    ),
    red(
        "revoked, and a newer record cannot be read: it stays red",
        asked(history=ends("revoked"), quarantined=(2,)),
        newer="UNKNOWN newer.unreadable",
        state="FAIL state.revoked",
    ),
    green(
        "revoked, but not yet known here at the time asked",
        asked(history=(ISSUED, Event("revoked", "2026-05-01", known=AT + 1)), known_at=AT),
    ),
    green(
        "as it was known here at an earlier instant: said, so that nobody takes it for today's answer",
        asked(known_at=AT - 1),
        warns=("known_at.past",),
    ),
    *(
        doubt(
            f"{verb}, the source silent, in a type for which that can be undone",
            asked(history=ends(verb), log=STALE, catalogue={"irreversible": []}),
            fresh="UNKNOWN source.stale",
            state=f"UNKNOWN last_known.{verb}",
        )
        for verb in ("annulled", "cancelled", "expired", "revoked")
    ),
    doubt(
        "another state (99), to be read by a person",
        asked(history=ends("changed", state="99")),
        state="UNKNOWN state.other",
    ),
)

SUCCESSORS = (
    red(
        "a newer licence of the same source takes its place",
        asked(successors=(successor(),)),
        superseded="FAIL superseded",
    ),
    green("superseded only after the day asked", asked(successors=(successor(),), as_of="2026-05-31")),
    doubt(
        "superseded, the source silent",
        asked(successors=(successor(log=log(**STALE)),), log=STALE),
        fresh="UNKNOWN source.stale",
        superseded="UNKNOWN last_known.superseded",
    ),
    doubt(
        "superseded, and a newer record of the successor cannot be read",
        asked(successors=(successor(unread_above=True),)),
        superseded="UNKNOWN last_known.superseded",
    ),
    green("the successor was published in error", asked(successors=(successor(retracted=True),))),
    doubt(
        "the successor has been annulled, back to its start",
        asked(successors=(successor(state="03"),)),
        superseded="UNKNOWN superseded.annulled",
    ),
    doubt(
        "another jurisdiction names it as predecessor without a transfer",
        asked(successors=(successor("dachang"),)),
        superseded="UNKNOWN superseded.elsewhere",
    ),
)

OBJECTIONS = (
    doubt("an objection is open", asked(history=ends("objected")), objection="UNKNOWN objection.open"),
    green("an objection is closed", asked(history=(*ends("objected"), Event("objection_closed", "2026-05-01")))),
    red(
        "an objection against a revocation: red all the same",
        asked(history=(*ends("revoked"), Event("objected", "2026-05-01", state="07"))),
        state="FAIL state.revoked",
        objection="UNKNOWN objection.open",
    ),
)

LAW = (*DATES, *STATES, *SUCCESSORS, *OBJECTIONS)
