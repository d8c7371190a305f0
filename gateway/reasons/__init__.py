"""What does a reason code mean to people, what do they do now, and whom do they call? One table for the whole
project.

The same code stands in HTTP answers, quarantine, verdicts, audit reports and documents; this is where its
sentences stand, in Chinese and English. The rows are written in six files by who meets them; a test fails on
a code without a row and on a row without a code.

>>> sentence("state.revoked").zh, sentence("state.revoked").call
('已被吊销', 'issuer')
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.reasons.at_counter import AT_COUNTER
from gateway.reasons.of_audit import OF_AUDIT
from gateway.reasons.of_lint import OF_LINT
from gateway.reasons.of_records import OF_ENVELOPE, OF_RECORDS, OF_SCHEMA
from gateway.reasons.of_service import OF_SERVICE
from gateway.reasons.of_trust import OF_TRUST
from gateway.reasons.told import OWN_IT, Call, Reason, told

__all__ = ["FAMILIES", "REASONS", "UNLISTED", "Call", "Reason", "sentence"]

REASONS: Mapping[str, Reason] = {**AT_COUNTER, **OF_RECORDS, **OF_TRUST, **OF_SERVICE, **OF_AUDIT, **OF_LINT}
FAMILIES: Mapping[str, Reason] = {"schema.": OF_SCHEMA, "envelope.": OF_ENVELOPE}
"""Codes that end in a name from elsewhere: a schema's keyword, a member of the envelope."""
UNLISTED = told("未列入说明表的原因", "a reason that this version has no words for", OWN_IT)
"""For codes that another version wrote into a ledger; none of this version's own lacks a row."""


def sentence(reason: str) -> Reason:
    """The row of a reason; never raises, so that a refusal is always told."""
    found = REASONS.get(reason)
    if found is not None:
        return found
    return next((row for prefix, row in FAMILIES.items() if reason.startswith(prefix)), UNLISTED)
