"""Situations of a licence that moves from one jurisdiction to another.

The words of a row, and what is ordinary, stand in ``situation``.
"""

from __future__ import annotations

from gateway.recognition.facts import Origin
from tests.recognition.desk import Event, asked, log, successor
from tests.recognition.situation import STALE, doubt, ends, green, red

OUT = ends("transferred_out")
IN = successor("dachang", transfer=True)
CAME = Event("transferred_in")

TRANSFER = (
    doubt(
        "transferred out, and nobody has taken it in",
        asked(history=OUT),
        state="PASS state.by_transfer",
        transfer="UNKNOWN in_transfer",
    ),
    red(
        "transferred out and taken in: the old one has ended",
        asked(history=OUT, successors=(IN,)),
        state="PASS state.by_transfer",
        transfer="FAIL transferred",
    ),
    doubt(
        "transferred out and taken in, the source silent",
        asked(history=OUT, successors=(IN,), log=STALE),
        fresh="UNKNOWN source.stale",
        state="PASS state.by_transfer",
        transfer="UNKNOWN last_known.transferred",
    ),
    doubt(
        "transferred out and taken in, the receiver silent",
        asked(history=OUT, successors=(successor("dachang", transfer=True, log=log("dachang", **STALE)),)),
        state="PASS state.by_transfer",
        transfer="UNKNOWN last_known.transferred",
    ),
    red(
        "transferred out and taken in, the source silent, in a type for which 06 cannot be undone",
        asked(history=OUT, successors=(IN,), log=STALE, catalogue={"irreversible": ["06"]}),
        fresh="UNKNOWN source.stale",
        state="PASS state.by_transfer",
        transfer="FAIL transferred",
    ),
    doubt(
        "between out and in, as of a day in between",
        asked(history=OUT, successors=(IN,), as_of="2026-05-15"),
        state="PASS state.by_transfer",
        transfer="UNKNOWN in_transfer",
    ),
    green("before it was transferred, as of a day before", asked(history=OUT, successors=(IN,), as_of="2026-04-30")),
    doubt(
        "taken in by two jurisdictions",
        asked(history=OUT, successors=(IN, successor("xianghe", transfer=True))),
        state="PASS state.by_transfer",
        transfer="UNKNOWN transfer.two_ins",
    ),
    doubt(
        "taken in elsewhere without having been let out",
        asked(successors=(IN,)),
        transfer="UNKNOWN transfer.in_without_out",
    ),
    green(
        "the new licence after a transfer, out and in",
        asked(history=CAME, came_from=Origin(left=True)),
        transfer="PASS transfer.complete",
    ),
    doubt(
        "the new licence, the old one never let out",
        asked(history=CAME, came_from=Origin(left=False)),
        transfer="UNKNOWN transfer.in_without_out",
    ),
    doubt(
        "the new licence, nothing known of the old one",
        asked(history=CAME, came_from=None),
        transfer="UNKNOWN transfer.in_without_out",
    ),
    doubt(
        "the new licence, and another jurisdiction has taken the same one in",
        asked(history=CAME, came_from=Origin(left=True, rivals=1)),
        transfer="UNKNOWN transfer.two_ins",
    ),
)
