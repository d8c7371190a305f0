"""One family of errors: what went wrong, said once, with a reason that stays the same everywhere.

The ``reason`` is a stable dotted code ("signature.invalid"). The same code stands in HTTP answers, quarantine,
verdicts, audit reports and documents; ``gateway.reasons`` gives each its sentences. Adapters wrap foreign errors at
the door.

>>> raise Refused("form.utf8", "byte 17 is not UTF-8", field="data.holder.name")
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a document: which field broke which rule, with which value, in both languages."""

    reason: str
    field: str
    rule: str
    value: str
    zh: str
    en: str


class GatewayError(Exception):
    """Base of every error raised on purpose. ``reason`` is stable; ``message`` is an English sentence for people."""

    def __init__(
        self, reason: str, message: str = "", *, field: str = "", rule: str = "", value: str = "", zh: str = ""
    ) -> None:
        super().__init__(f"{reason}: {message}" if message else reason)
        self.reason = reason
        self.message = message
        self.field = field
        self.rule = rule
        self.value = value
        self.zh = zh


class Refused(GatewayError):
    """Untrusted bytes failed a check. The only exception any parser or the gate raises, whatever the bytes."""

    def __init__(
        self,
        reason: str,
        message: str = "",
        *,
        field: str = "",
        rule: str = "",
        value: str = "",
        zh: str = "",
        findings: tuple[Finding, ...] = (),
    ) -> None:
        super().__init__(reason, message, field=field, rule=rule, value=value, zh=zh)
        self.findings = findings


class CannotRun(GatewayError):
    """The node, or a command, cannot go on: the sentence says what, since when, and what helps. Exit code 2."""
