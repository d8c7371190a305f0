"""Situations that concern the agreement between the two, and the holder's credit.

The words of a row, and what is ordinary, stand in ``situation``.
"""

from __future__ import annotations

from tests.recognition.desk import asked, credit_logs, day, fact
from tests.recognition.situation import NO, NO_TERMS, STALE, UNAVAILABLE, doubt, ends, green, kind, red, unagreed
from tests.records.builders import HOLDER, ISSUER
from tests.trust.papers import agreement

TOLD_ONLY = [{"kind": "abnormal_list", "effect": "notice", "ground": "示例协议第七条"}]
LISTING = (f"{HOLDER}:dishonest_list:{ISSUER}:示监处罚(2026)17号",)
PENALTY = (f"{HOLDER}:penalty:{ISSUER}:示监处罚(2026)18号",)
PERFORMANCE = {
    "data": {
        "number": "JY11310820000017",
        "holder": {"name": "示例甲演出有限公司"},
        "content": "示例音乐会（下半场：示例组曲）",
        "items": [{"name": "示例演员甲"}, {"name": "示例演员乙"}],
    }
}
UNCHANGED = {"unchanged": ["items.name", "content", "holder.name"]}
AS_APPROVED = {
    "items.name": ("示例演员乙、示例演员甲",),
    "content": ("示例音乐会(下半场:示例组曲)",),
    "holder.name": ("示例甲演出有限公司",),
}
ANOTHER_PERFORMER = {"items.name": ("示例演员甲、示例演员丙",)}
NO_CREDIT_TERMS = {"credit": "PASS credit.not_named"}

AGREEMENT = (
    unagreed("no agreement between the two", asked(agreements=()), agreement="FAIL agreement.none", **NO_CREDIT_TERMS),
    unagreed(
        "the agreement is about other types",
        asked(agreement={"types": ["11100000MB0341032Y001"]}),
        agreement="FAIL agreement.type",
        **NO_CREDIT_TERMS,
    ),
    unagreed(
        "the agreement is for other purposes",
        asked(agreement={"purposes": ["招标投标"]}),
        agreement="FAIL agreement.purpose",
        **NO_CREDIT_TERMS,
    ),
    unagreed(
        "the agreement had not begun on the day asked",
        asked(as_of="2025-06-01"),
        agreement="FAIL agreement.day",
        **NO_CREDIT_TERMS,
    ),
    unagreed(
        "a ministry's licence, and the agreement is not about carried ones",
        asked(record={"carried": True}),
        issuer="PASS issuer.carried",
        agreement="FAIL agreement.carried",
        **NO_CREDIT_TERMS,
    ),
    red(
        "no agreement, and the licence is revoked: the licence comes first",
        asked(agreements=(), history=ends("revoked")),
        state="FAIL state.revoked",
        agreement="FAIL agreement.none",
        **NO_CREDIT_TERMS,
    ),
    kind(NO, UNAVAILABLE)(
        "no agreement, and the source silent: nobody says that it is genuine",
        asked(agreements=(), log=STALE),
        fresh="UNKNOWN source.stale",
        agreement="FAIL agreement.none",
        **NO_CREDIT_TERMS,
    ),
    green(
        "a performance elsewhere, with the performers, content and organiser that were approved",
        asked(record=PERFORMANCE, agreement=UNCHANGED, presented=AS_APPROVED),
    ),
    unagreed(
        "a performance elsewhere, with another performer",
        asked(record=PERFORMANCE, agreement=UNCHANGED, presented=AS_APPROVED | ANOTHER_PERFORMER),
        agreement="FAIL agreement.changed",
    ),
    green(
        "a performance elsewhere, and only its organiser is presented: the clerk is told what else to compare",
        asked(record=PERFORMANCE, agreement=UNCHANGED, presented={"holder.name": ("示例甲演出有限公司",)}),
        warns=("agreement.unchanged",),
    ),
    doubt(
        "a performance elsewhere with another performer, and the source silent: a change may have been approved since",
        asked(record=PERFORMANCE, agreement=UNCHANGED, presented=AS_APPROVED | ANOTHER_PERFORMER, log=STALE),
        fresh="UNKNOWN source.stale",
        agreement="UNKNOWN last_known.changed",
    ),
    red(
        "a performance elsewhere with another performer, and the approval is annulled: the licence comes first",
        asked(
            record=PERFORMANCE,
            agreement=UNCHANGED,
            presented=AS_APPROVED | {"content": ("另一示例节目",)},
            history=ends("annulled"),
        ),
        state="FAIL state.annulled",
        agreement="FAIL agreement.changed",
    ),
    green(
        "changed, and a second agreement recognises it all the same",
        asked(
            record=PERFORMANCE,
            agreements=(agreement(id="2026-001", **UNCHANGED), agreement(id="2026-002")),
            presented=AS_APPROVED | {"content": ("另一示例节目",)},
        ),
    ),
    green(
        "two agreements cover, and the second recognises",
        asked(agreements=(agreement(id="2026-001", witnesses=1), agreement(id="2026-002"))),
    ),
)

CREDIT = (
    unagreed(
        "on the list of serious dishonesty, which the agreement restricts",
        asked(credit=credit_logs(fact())),
        credit="FAIL credit.restricted",
        answer="restricted",
    ),
    green("listed, and repaired since", asked(credit=credit_logs(fact(state="repaired")))),
    green("listed, and ended since", asked(credit=credit_logs(fact(state="ended")))),
    green("listed, and withdrawn since", asked(credit=credit_logs(fact(state="withdrawn")))),
    green("listed in error, and taken back", asked(credit=credit_logs(fact(state="retracted")))),
    green("listed, and public until yesterday", asked(credit=credit_logs(fact(public_until=day("2026-11-22"))))),
    unagreed(
        "listed, and public until today",
        asked(credit=credit_logs(fact(public_until=day("2026-11-23")))),
        credit="FAIL credit.restricted",
        answer="restricted",
    ),
    green(
        "listed only after the day asked",
        asked(credit=credit_logs(fact(decided_on=day("2026-11-01"))), as_of="2026-10-31"),
    ),
    doubt(
        "listed, and an objection is open",
        asked(credit=credit_logs(fact(objected=True))),
        credit="UNKNOWN credit.objected",
        answer="unknown",
    ),
    doubt(
        "listed, by a credit log that has been silent since: it may be repaired",
        asked(credit=credit_logs(fact(), **STALE)),
        credit="UNKNOWN last_known.restricted",
        answer="unknown",
    ),
    doubt(
        "listed, and a newer record of the listing cannot be read",
        asked(credit=credit_logs(fact(), unread_about=LISTING)),
        credit="UNKNOWN last_known.restricted",
        answer="unknown",
    ),
    doubt(
        "nothing listed, but the issuer's credit log is silent",
        asked(credit=credit_logs(**STALE)),
        credit="UNKNOWN credit.unknown",
        answer="unknown",
    ),
    doubt(
        "nothing listed, but a record about the holder's listing cannot be read",
        asked(credit=credit_logs(unread_about=LISTING)),
        credit="UNKNOWN credit.unknown",
        answer="unknown",
    ),
    green(
        "nothing listed; a record about a penalty cannot be read: no matter for the verdict",
        asked(credit=credit_logs(unread_about=PENALTY)),
        answer="unknown",
    ),
    doubt(
        "nothing listed; a record about the holder names no kind: it might be a listing",
        asked(credit=credit_logs(unread_about=(f"{HOLDER}:?",))),
        credit="UNKNOWN credit.unknown",
        answer="unknown",
    ),
    doubt(
        "nothing listed, but this node does not follow the asker's credit log",
        asked(credit=credit_logs()[:1]),
        credit="UNKNOWN credit.unknown",
        answer="unknown",
    ),
    unagreed(
        "listed in the issuer's log, the asker's log not followed: proven all the same",
        asked(credit=credit_logs(fact())[:1]),
        credit="FAIL credit.restricted",
        answer="restricted",
    ),
    green(
        "the credit log silent, and the agreement names no kind",
        asked(credit=credit_logs(**STALE), agreement={"credit": NO_TERMS}),
        **NO_CREDIT_TERMS,
        answer="unknown",
    ),
    green("a penalty in force: told, and changes nothing", asked(credit=credit_logs(fact("penalty"))), answer="notice"),
    green(
        "on the list of abnormal operation, which the agreement wants told",
        asked(credit=credit_logs(fact("abnormal_list")), agreement={"credit": TOLD_ONLY}),
        **NO_CREDIT_TERMS,
        answer="notice",
    ),
    green("an honour says nothing against a holder", asked(credit=credit_logs(fact("honour")))),
    red(
        "listed and revoked: the licence comes first",
        asked(credit=credit_logs(fact()), history=ends("revoked")),
        state="FAIL state.revoked",
        credit="FAIL credit.restricted",
        answer="restricted",
    ),
)
