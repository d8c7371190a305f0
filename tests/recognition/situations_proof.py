"""Situations that concern proof: signatures, logs, witnesses, freshness, trust data, unread leaves.

The words of a row, and what is ordinary, stand in ``situation``.
"""

from __future__ import annotations

from tests.recognition.desk import ISSUED, Event, asked
from tests.recognition.situation import DAY, HOUR, NO_TERMS, STALE, doubt, ends, green, red

ON_TRUST = ("content_signature", "issuer", "in_log", "witnessed", "fresh", "agreement", "credit")
NOTHING_ON_TRUST = dict.fromkeys(ON_TRUST, "UNKNOWN trust.stale")

PROOF = (
    red(
        "signed by a key that was revoked for this leaf",
        asked(record={"signature_fault": "key.revoked"}),
        content_signature="FAIL key.revoked",
    ),
    red(
        "signed by a revoked key, read from a silent source: final all the same",
        asked(record={"signature_fault": "key.revoked"}, log=STALE),
        content_signature="FAIL key.revoked",
        fresh="UNKNOWN source.stale",
    ),
    red(
        "the issuer is no authority of the source",
        asked(record={"issuer_fault": "issuer.not_in_roster"}),
        issuer="FAIL issuer.not_in_roster",
    ),
    red(
        "the bytes kept here are not those of the signed tree",
        asked(record={"log_fault": "leaf.altered"}),
        in_log="FAIL leaf.altered",
    ),
    red("the leaf is missing here", asked(record={"log_fault": "leaf.missing"}), in_log="FAIL leaf.missing"),
    doubt(
        "cosigned by one jurisdiction and by the owner itself, two wanted",
        asked(agreement={"witnesses": 2}, record={"witnesses": frozenset({"tongzhou", "sanhe"})}),
        witnessed="UNKNOWN witnessed.too_few",
    ),
    doubt("the source has not spoken for over a day", asked(log=STALE), fresh="UNKNOWN source.stale"),
    green("the source spoke just a day ago", asked(log={"age_s": float(DAY)})),
    doubt("the source was never heard", asked(log={"age_s": None}), fresh="UNKNOWN source.unheard"),
    doubt(
        "the source spoke an hour and a second ago, and the type changes by the hour",
        asked(log={"age_s": HOUR + 1.0}, catalogue={"volatile": True}),
        fresh="UNKNOWN source.stale",
    ),
    doubt(
        "the source spoke six seconds ago, and the agreement allows five",
        asked(log={"age_s": 6.0}, agreement={"freshness_s": 5, "credit": NO_TERMS}),
        fresh="UNKNOWN source.stale",
        credit="PASS credit.not_named",
    ),
    doubt(
        "an agreement that allows more than a day does not get it",
        asked(log=STALE, agreement={"freshness_s": 30 * DAY}),
        fresh="UNKNOWN source.stale",
    ),
    doubt(
        "the source has shown for over five minutes that it holds more",
        asked(log={"lacking": True}),
        fresh="UNKNOWN source.lacking",
    ),
    doubt(
        "this node's own clock is behind",
        asked(own_clock_slow=True),
        fresh="UNKNOWN own_clock",
        credit="UNKNOWN credit.unknown",
        answer="unknown",
    ),
    doubt(
        "the source has forked its log",
        asked(log={"frozen": True}),
        in_log="UNKNOWN log.frozen",
        fresh="UNKNOWN log.frozen",
    ),
    doubt(
        "a revocation in a forked log proves nothing",
        asked(history=ends("revoked"), log={"frozen": True}),
        in_log="UNKNOWN log.frozen",
        fresh="UNKNOWN log.frozen",
        state="UNKNOWN log.frozen",
    ),
    doubt(
        "trust data older than seven days: nothing rests on them",
        asked(trust_age_d=7.5),
        **NOTHING_ON_TRUST,
        answer="unknown",
        warns=("trust.old",),
    ),
    doubt(
        "trust data older than seven days, and a revocation: not proven either",
        asked(history=ends("revoked"), trust_age_d=8),
        **NOTHING_ON_TRUST,
        state="UNKNOWN trust.stale",
        answer="unknown",
        warns=("trust.old",),
    ),
    doubt("a newer record that this node cannot read yet", asked(quarantined=(1,)), newer="UNKNOWN newer.unreadable"),
    green(
        "signed by the issuing authority itself beside its node",
        asked(record={"signed_by": "authority"}),
        content_signature="PASS content_signature.authority",
    ),
    doubt(
        "a newer record that was signed when its key may already have been stolen",
        asked(quarantined=(1, 2), doubted=frozenset({1, 2})),
        newer="UNKNOWN key.in_doubt",
    ),
    doubt(
        "one such record, and another that cannot be read",
        asked(quarantined=(1, 2), doubted=frozenset({1})),
        newer="UNKNOWN newer.unreadable",
    ),
    green(
        "a leaf below the present that could never be read does not matter",
        asked(history=(ISSUED, Event("changed")), quarantined=(0,)),
    ),
)
