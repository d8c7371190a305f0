"""The counter: a clerk's question in, a verdict with reasons and a signed slip out (DESIGN §8, §9).

One instant, one set of trust data and one state of the index make one answer. Several matches are listed and nothing
is judged until one is chosen. The slip is the whole answer, one line in compact form, signed by the node's verdict
key; the code of a printed slip is a short note of the same key (``recognition.slipcode``).

>>> counter.verify({"number": "JY11310820000017", "purpose": "开办分店"})["headline"]
'予以互认'
"""

from __future__ import annotations

import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from gateway.errors import Refused
from gateway.instants import format_time, parse_time, shanghai_day
from gateway.ledger import cosignatures, logbook
from gateway.ledger.merkle import leaf_hash
from gateway.ledger.proof import Proof
from gateway.node import cosigned, searching, subjects
from gateway.node.asked import SOURCE_PREFIX, Asked
from gateway.node.factfinding import FactFinder, located, prove, read_verified
from gateway.node.freshness import OwnClock
from gateway.node.inforce import InForce
from gateway.node.measures import Measures
from gateway.node.views import LogView, Views
from gateway.recognition import answer, slipcode
from gateway.recognition.facts import Match, Question
from gateway.recognition.present import Fate, newest
from gateway.recognition.verdict import judge
from gateway.records import compact, scanned
from gateway.records.scanned import Sought
from gateway.trust import notes
from gateway.trust.suites import Signer

MOST_MATCHES = 20
MOST_SIFTED = 500
"""Subjects that a search may find before source, type and holder sift them."""


class Counter:
    """Answers for one node. All of it reads; nothing waits."""

    def __init__(
        self,
        views: Views,
        trust: InForce,
        asking: str,
        signers: Callable[[int], Sequence[Signer]],
        own_clock: OwnClock,
        measures: Measures,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``signers``: whose keys sign a slip given at this instant (s); it raises ``CannotRun`` when none is good."""
        self._clock = clock
        self._views = views
        self._trust = trust
        self._asking = asking
        self._signers = signers
        self._own_clock = own_clock
        self._measures = measures

    def verify(self, value: object) -> dict[str, Any]:
        """The answer to one question (DESIGN §8), slip included. Raises ``Refused`` ``question.form``, and
        ``CannotRun`` when no slip can be signed.
        """
        with self._measures.stage("verify"):
            asked = Asked.parse(value)
            finder = FactFinder(self._views, self._trust.current, self._asking, self._own_clock, self._trust.age_s())
            matches, other_holder = self._matches(asked)
            now = int(self._clock() * 1000)
            signers = self._signers(now // 1000)
            one = matches[0] if len(matches) == 1 else None
            question = Question(
                one.source if one is not None else asked.source,
                one.subject if one is not None else asked.subject,
                self._asking,
                asked.as_of or shanghai_day(now // 1000),
                now,
                asked.purpose,
                asked.known_at,
                asked.case,
                asked.presented,
            )
            if one is not None:
                facts = finder.facts(question)
            else:
                facts = finder.nothing(
                    asked.source, matches, asked.subject, now, by_number=asked.by_number, other_holder=other_holder
                )
            verdict = judge(question, facts)
        self._measures.verdicts.labels(verdict.verdict.value, verdict.headline.value).inc()
        return self._signed(answer.to_json(verdict), signers)

    def _matches(self, asked: Asked) -> tuple[list[Match], bool]:
        """What the question means, and whether all that its other particulars mean has another holder."""
        if asked.exact and asked.source is not None:
            return [Match(asked.source, asked.text)], False
        if asked.exact:
            found = self._by_subject(asked.text)
        else:
            found = self._search(asked.sought, MOST_SIFTED, "licence")
            found = found or searching.claimed(self._views.connections(), asked.sought)
        if asked.source is not None:
            found = [match for match in found if match.source == asked.source]
        if asked.type is not None:
            found = [match for match in found if match.subject.partition(":")[0] == asked.type]
        held = [match for match in found if asked.holder is None or self._held_by(match, asked.holder)]
        return [Match(match.source, match.subject) for match in held][:MOST_MATCHES], bool(found) and not held

    def _search(self, sought: Sought, limit: int, family: str | None = None) -> list[subjects.Match]:
        return searching.find(self._views.connections(), sought, limit, family)

    def _by_subject(self, subject: str) -> list[subjects.Match]:
        found = (match for each in self._views.connections() for match in subjects.by_subject(each, subject))
        return [match for match in found if match.family == "licence"]

    def _held_by(self, match: subjects.Match, holder: str) -> bool:
        return any(subjects.is_held_by(connection, match, holder) for connection in self._views.connections())

    def _signed(self, body: Mapping[str, Any], signers: Sequence[Signer]) -> dict[str, Any]:
        """The answer with its number, its slip, and the code of a printed one where it fits a QR code. There is room
        for one signature there: by the suite that the policy asks for, where it asks for one.
        """
        day = shanghai_day(parse_time(body["at"]) // 1000).isoformat()
        region = self._trust.current.roster.jurisdictions[self._asking].region
        number = slipcode.number(day, region, secrets.token_bytes(slipcode.DRAWN_BYTES))
        numbered = {"slip_number": number, **body}
        slip = notes.sign(compact.encode(numbered) + b"\n", *signers).decode()
        code = notes.sign(slipcode.text(number, body, slip), signers[-1])
        found = {**numbered, "slip": slip}
        return {**found, "slip_code": code.decode()} if len(code) <= slipcode.MOST_BYTES else found

    # Look-ups

    def search(self, text: str, limit: int = MOST_MATCHES) -> list[dict[str, Any]]:
        """Subjects found by number, 证照标识, USCC or holder name; of credit facts only those that may be shown."""
        found = (self._described(match) for match in self._search(scanned.read(text), limit))
        return [described for described in found if described is not None]

    def licence(self, source: str, subject: str) -> dict[str, Any] | None:
        """One licence with its whole history, oldest first; None when this node knows no record of it."""
        source = source.removeprefix(SOURCE_PREFIX)
        views = self._views.of(source, "licence")
        if not views:
            return None
        rows = subjects.in_family(((view.connection, view.log) for view in views), subject)
        history = {row.index: self._record(*located(views, row.index)) for row in rows}
        if not history:
            return None
        present = newest(rows).index
        found = {"source": f"{SOURCE_PREFIX}{source}", "subject": subject, "history": [*history.values()]}
        return found | ({} if present is None else {"present": history[present]})

    def subject(self, uscc: str) -> dict[str, Any]:
        """All that stands about one holder by newest records: licences, and credit facts that may be shown."""
        found = dict.fromkeys(
            match for connection in self._views.connections() for match in subjects.by_holder(connection, uscc, 500)
        )
        records = (self._described(match) for match in found)
        return {"uscc": uscc, "records": [record for record in records if record is not None]}

    def record_by_id(self, record_id: str) -> dict[str, Any] | None:
        """Where a record stands: its log and index, under which checkpoint, whether logged or already witnessed, and by
        which keys of other jurisdictions.
        """
        for view in sorted(self._views.all(), key=lambda view: (not view.own, -view.log.generation)):
            leaf = subjects.leaf_of_id(view.connection, view.log, record_id)
            if leaf is not None:
                return self._record(view, leaf)
        return None

    def record_at(self, jurisdiction: str, log: str, leaf: int) -> dict[str, Any] | None:
        """The record at an index of a log, ``licence`` or ``licence.2``."""
        view = self._views.named(jurisdiction, log)
        return self._record(view, leaf) if view is not None and 0 <= leaf < view.size else None

    def proof(self, jurisdiction: str, log: str, leaf: int) -> bytes | None:
        """A C2SP tlog-proof of the leaf under the newest checkpoint held."""
        view = self._views.named(jurisdiction, log)
        if view is None or not view.note or not 0 <= leaf < view.size:
            return None
        lines = cosignatures.lines_at(view.connection, view.log.number, view.size)
        return Proof(leaf, tuple(prove(view, leaf)), cosignatures.with_lines(view.note, lines)).encode()

    def _described(self, match: subjects.Match) -> dict[str, Any] | None:
        """A subject with its newest record; None for a credit fact that is no longer public (DESIGN §8)."""
        views = self._views.of(match.source, match.family)
        found: dict[str, Any] = {
            "family": match.family,
            "source": f"{SOURCE_PREFIX}{match.source}",
            "subject": match.subject,
        }
        rows = subjects.in_family(((view.connection, view.log) for view in views), match.subject)
        choice = newest(rows)
        if match.family == "credit" and choice.fate is Fate.ERASED:
            return None
        if choice.index is not None:
            found["present"] = self._record(*located(views, choice.index))
        today = shanghai_day(int(self._clock()))
        return found if match.family != "credit" or _may_be_shown(found.get("present", {}), today) else None

    def _record(self, view: LogView, leaf: int) -> dict[str, Any]:
        entry = logbook.entry(view.connection, view.log.number, leaf)
        seal = logbook.seal_covering(view.connection, view.log.number, leaf)
        trust = self._trust.current
        witnesses = list(cosigned.jurisdictions(view, leaf, trust).values())
        status = "witnessed" if witnesses else "logged"
        found: dict[str, Any] = {"log": view.origin, "index": leaf, "status": status, "witnesses": witnesses}
        if entry is None or seal is None:
            return {**found, "status": "missing"}
        found |= {"size": seal.size, "logged": format_time(seal.date * 1000), "known": format_time(seal.known)}
        found |= {"leaf_hash": b64encode(leaf_hash(entry)).decode()}
        try:
            verified = read_verified(view, leaf, trust)
        except Refused as refused:
            return {**found, "status": "quarantined", "reason": refused.reason, "field": refused.field}
        record = verified.record
        found |= {"id": record.id, "type": record.type, "subject": record.subject, "data": record.data}
        found |= {"signed_by": verified.signed_by}
        return {**found, "entry": entry.decode()}


def _may_be_shown(record: Mapping[str, Any], today: date) -> bool:
    """Whether a credit fact is in force and public on this day; one that can't be read is shown without its content."""
    if record.get("status") not in ("logged", "witnessed"):
        return True
    data = record["data"]
    return bool(data.get("state") == "in_force" and today.isoformat() <= data.get("public_until", today.isoformat()))
