"""Is it said, by whom, and is it the last word? The checks that concern proof, not law: found to newer (DESIGN §8).

Each rule is one row of the table in ``verdict``; each looks at one case and nothing else.

>>> newer(case)
Outcome(result=<Result.PASS: 'PASS'>, reason='newest', final=False)
"""

from __future__ import annotations

from gateway.recognition.checks import Case, Outcome, failed, passed, unknown
from gateway.recognition.facts import Present
from gateway.recognition.present import Fate

_NOT_PRESENT = {
    Fate.RETRACTED: "record.retracted",
    Fate.ERASED: "record.erased",
    Fate.NOT_ON_DAY: "record.not_on_day",
}
IN_DOUBT = "key.in_doubt"
"""Signed while the key may have been in a thief's hands: the leaf is read and not shown; only its source can say."""
_SILENT = ("source.unheard", "source.lacking")


def found(case: Case) -> Outcome:
    """One subject matches. Nobody is ever told that a licence doesn't exist: at most, that a complete and
    fresh log has none.
    """
    if case.facts.matches:
        return unknown("found.several")
    fate = case.facts.choice.fate
    if fate is Fate.PRESENT:
        return passed("found")
    return unknown(_NOT_PRESENT.get(fate) or _why_none(case))


def _why_none(case: Case) -> str:
    fault = case.source_fault
    if fault is not None:
        return "source.stale" if fault in _SILENT else fault
    if case.only_doubted:
        return IN_DOUBT
    if case.facts.quarantined or any(log.unread for log in case.facts.logs):
        return "leaf.unread"
    if case.facts.other_holder:
        return "found.other_holder"
    if case.question.known_at is not None:  # what is declared complete is declared of today
        return "found.not_known_then"
    question, catalogue = case.question, case.facts.catalogue
    complete = (catalogue.complete(log.jurisdiction, question.type_code, question.as_of) for log in case.facts.logs)
    return "no_record" if all(complete) else "type.not_complete"


def content_signature(case: Case) -> Outcome:
    """Signed by a record key of the source that was good at the logged time; perhaps by the issuer's own key too."""
    present = _present(case)
    if present.signature_fault is not None:
        return failed(present.signature_fault, final=True)
    return passed("content_signature.authority" if present.signed_by == "authority" else "content_signature")


def issuer(case: Case) -> Outcome:
    """The issuer was an authority of the source for this type when it was logged, or one that the source carries."""
    present = _present(case)
    if present.issuer_fault is not None:
        return failed(present.issuer_fault, final=True)
    return passed("issuer.carried" if present.carried else "issuer")


def in_log(case: Case) -> Outcome:
    """The leaf stands in the source's signed tree; of a forked log, nobody can say in which."""
    if any(log.frozen for log in case.facts.logs):
        return unknown("log.frozen")
    fault = _present(case).log_fault
    return passed("in_log") if fault is None else failed(fault, final=True)


def witnessed(case: Case) -> Outcome:
    """As many jurisdictions other than the owner as the agreement asks for have cosigned any checkpoint that
    covers it.
    """
    wanted = case.agreement.witnesses if case.agreement is not None else 0
    if wanted == 0:
        return passed("not_required")
    others = _present(case).witnesses - {case.question.source}
    return passed("witnessed") if len(others) >= wanted else unknown("witnessed.too_few")


def fresh(case: Case) -> Outcome:
    """The source has said lately, of a tree that this node holds whole, that there was nothing newer (DESIGN §4)."""
    fault = case.source_fault
    return passed("fresh") if fault is None else unknown(fault)


def newer(case: Case) -> Outcome:
    """No leaf that this node can't read, or whose signature is in doubt, claims the subject above the record chosen
    (law 6).
    """
    if case.only_doubted:
        return unknown(IN_DOUBT)
    return unknown("newer.unreadable") if case.unread_above else passed("newest")


def _present(case: Case) -> Present:
    if case.facts.present is None:
        raise ValueError("a rule about a record was asked without one")
    return case.facts.present
