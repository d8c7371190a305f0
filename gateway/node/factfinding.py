"""What this node knows about a question, gathered at one instant for ``recognition.verdict`` (DESIGN §8, LESSONS 4).

Reads index, logs and trust data; judges nothing itself. The chosen record's bytes go through the gate again and its
place in the tree is proven against the newest checkpoint's root, so that neither the index nor the disk is believed.

>>> facts = FactFinder(node.views, trust, "tongzhou", own_clock).facts(question)
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.errors import Refused
from gateway.ledger import logbook, merkle
from gateway.node import cosigned, index, subjects
from gateway.node.freshness import OwnClock
from gateway.node.views import LogView, Views
from gateway.recognition import desks
from gateway.recognition.facts import (
    CreditFact,
    CreditLog,
    Desk,
    Facts,
    LogFacts,
    Match,
    Origin,
    Present,
    Question,
    Successor,
    present_of,
)
from gateway.recognition.present import Choice, Fate, choose, newest
from gateway.records.families import split_subject
from gateway.records.identifiers import normalise_query
from gateway.records.record import Credit, Licence
from gateway.trust.gate import Place, VerifiedRecord, admit
from gateway.trust.trusted import TrustData

TRANSFERRED_OUT = "06"
MOST_FACTS = 500


@dataclass(frozen=True, slots=True)
class FactFinder:
    """One decision's view: trust data and logs as they stand now."""

    views: Views
    trust: TrustData
    asking: str
    own_clock: OwnClock

    def nothing(
        self,
        source: str | None,
        matches: Sequence[Match],
        subject: str,
        at: int,
        *,
        by_number: bool = True,
        other_holder: bool = False,
    ) -> Facts:
        """Facts where no subject was found, or several and none is chosen. ``at``: ms; ``by_number``: False where
        something else was asked for, a 证照标识, a holder: any leaf that can't be read might be about that.
        """
        logs = [
            view
            for view in self.views.all()
            if view.log.family == "licence" and source in (None, view.log.jurisdiction)
        ]
        return Facts(
            self.trust.agreements,
            self.trust.catalogue,
            tuple(self.log_facts(view) for view in logs),
            Choice(Fate.NONE),
            matches=tuple(matches),
            quarantined=tuple(index for view in logs for index in _claiming(view, subject, by_number=by_number)),
            own_clock_slow=self._slow(),
            desks=self._desks(source, subject, None, at),
            other_holder=other_holder,
        )

    def facts(self, question: Question) -> Facts:
        """All that is known about one (source, subject)."""
        views = self.views.of(question.source or "", "licence")
        if not views:
            return self.nothing(question.source, (), question.subject, question.at)
        rows = subjects.rows(views[-1].connection, views[-1].log, question.subject)
        choice = choose(rows, question.as_of, question.known_at)
        quarantined = self._quarantined(views, question.subject, -1, question.known_at)
        present, refused = self._present(views, choice.index)
        if refused is not None:
            choice, quarantined = Choice(Fate.NONE), (refused, *quarantined)
        return Facts(
            self.trust.agreements,
            self.trust.catalogue,
            tuple(self.log_facts(view, choice.index if view is views[-1] else None) for view in views),
            choice,
            present=present,
            quarantined=quarantined,
            successors=self._successors(question.source or "", question.subject, question.known_at),
            came_from=self._came_from(choice, present, question),
            credit=self._credit(question, present),
            own_clock_slow=self._slow(),
            desks=self._desks(question.source, question.subject, present, question.at),
        )

    def log_facts(self, view: LogView, leaf: int | None = None) -> LogFacts:
        """A log as the verdict sees it; ``leaf``: what is relied on in it, None: all of it."""
        seal = logbook.seal_at(view.connection, view.log.number, view.size)
        root = seal.root if seal is not None else merkle.EMPTY_ROOT
        return LogFacts(
            view.origin,
            view.log.jurisdiction,
            view.age_s,
            lacking=view.lacking_long,
            frozen=view.log.frozen is not None,
            unread=subjects.unread(view.connection, view.log),
            size=view.size,
            root=b64encode(root).decode(),
            heartbeat=view.date,
            witnesses=tuple(self._witnesses(view, leaf).values()),
        )

    def _witnesses(self, view: LogView, leaf: int | None) -> dict[str, str]:
        """By jurisdiction, the name of the key that has cosigned any checkpoint which covers a leaf, or all of them."""
        return cosigned.jurisdictions(view, max(view.size - 1, 0) if leaf is None else leaf, self.trust)

    def _desks(self, source: str | None, subject: str, present: Present | None, at: int) -> tuple[Desk, ...]:
        licence = present.licence if present is not None else None
        type_code = subject.partition(":")[0]
        return desks.desks(self.trust.roster, source, self.asking, licence, type_code, at // 1000)

    def _slow(self) -> bool:
        return self.own_clock.slow(time.monotonic())

    def _quarantined(
        self, views: Sequence[LogView], subject: str, above: int, known_at: int | None = None
    ) -> tuple[int, ...]:
        found = (
            leaf for view in views for leaf in subjects.quarantined_above(view.connection, view.log, subject, above)
        )
        return tuple(leaf.index for leaf in found if known_at is None or leaf.known <= known_at)

    def _present(self, views: Sequence[LogView], leaf: int | None) -> tuple[Present | None, int | None]:
        """The chosen record judged again, or the index of a leaf that the gate lets through no longer."""
        if leaf is None:
            return None, None
        view = views[-1]
        try:
            verified = read_verified(view, leaf, self.trust)
        except Refused:
            return None, leaf
        content = verified.record.content
        type_code = content.type_code if isinstance(content, Licence) else None
        authority = self.trust.roster.authority(
            view.log.jurisdiction, content.authority_uscc, type_code, verified.place.logged
        )
        carried = authority is not None and authority.carried
        witnesses = frozenset(self._witnesses(view, leaf))
        return present_of(verified, carried=carried, witnesses=witnesses, log_fault=_log_fault(view, leaf)), None

    def _successors(self, source: str, subject: str, known_at: int | None) -> tuple[Successor, ...]:
        found = []
        for connection in self.views.connections():
            for match in subjects.named_as_predecessor(connection, source, subject):
                successor = self._successor(match, known_at)
                if successor is not None:
                    found.append(successor)
        return tuple(found)

    def _successor(self, match: subjects.Match, known_at: int | None) -> Successor | None:
        views = self.views.of(match.source, "licence")
        rows = _known(views, match.subject, known_at)
        if not rows:
            return None
        present = newest(rows)
        state = next((row.state for row in rows if row.index == present.index), "")
        return Successor(
            match.source,
            match.subject,
            transfer=any(row.type.endswith(".transferred_in") for row in rows),
            since=rows[0].since,
            state=state,
            log=self.log_facts(views[-1]),
            retracted=present.fate is Fate.RETRACTED,
            unread_above=bool(self._quarantined(views, match.subject, rows[-1].index, known_at)),
        )

    def _came_from(self, choice: Choice, present: Present | None, question: Question) -> Origin | None:
        if not choice.arrived or present is None or present.licence is None or present.licence.predecessor is None:
            return None
        source, subject = present.licence.predecessor
        source = source.rpartition(":")[2]
        views = self.views.of(source, "licence")
        rows = _known(views, subject, question.known_at)
        others = [
            other
            for other in self._successors(source, subject, question.known_at)
            if other.transfer and (other.source, other.subject) != (question.source, question.subject)
        ]
        return Origin(left=any(row.state == TRANSFERRED_OUT for row in rows), rivals=len(others))

    def _credit(self, question: Question, present: Present | None) -> tuple[CreditLog, ...]:
        if present is None or present.licence is None:
            return ()
        holder = present.licence.holder_uscc
        jurisdictions = dict.fromkeys((question.source or "", question.asking))
        views = (view for each in jurisdictions for view in self.views.of(each, "credit"))
        return tuple(self._credit_log(view, holder, question.known_at) for view in views)

    def _credit_log(self, view: LogView, holder: str, known_at: int | None) -> CreditLog:
        """All facts about the holder; what can't be read, or is one too many, is unread: never left out in silence."""
        found = subjects.credit_of(view.connection, view.log.jurisdiction, holder, MOST_FACTS + 1)
        facts: list[CreditFact] = []
        unread = subjects.unread_about(view.connection, view.log, holder)
        unread += [match.subject for match in found[MOST_FACTS:]]
        for match in found[:MOST_FACTS]:
            try:
                if _known([view], match.subject, known_at):
                    facts += self._credit_fact(view, match)
            except Refused:
                unread.append(match.subject)
        return CreditLog(self.log_facts(view), tuple(facts), tuple(unread))

    def _credit_fact(self, view: LogView, match: subjects.Match) -> Iterator[CreditFact]:
        """The fact as it stands now: what has been repaired since an instant asked about isn't shown as of then."""
        rows = subjects.rows(view.connection, view.log, match.subject)
        choice = newest(rows)
        row = next((row for row in rows if row.index == choice.index), None)
        if row is None:
            return
        _, kind, authority, number = split_subject("credit", match.subject)
        if choice.fate is not Fate.PRESENT:
            yield CreditFact(match.source, match.subject, kind, choice.fate.value, authority, row.since)
            return
        content = read_verified(view, row.index, self.trust).record.content
        if not isinstance(content, Credit):
            raise Refused("record.unread", "the newest record of a credit fact holds no fact")
        yield CreditFact(
            match.source,
            match.subject,
            kind,
            content.state,
            content.authority_name,
            content.decided_on,
            content.public_until,
            objected=choice.objected,
            summary=f"{content.authority_name} {number} {content.decided_on.isoformat()}",
        )


def _known(views: Sequence[LogView], subject: str, known_at: int | None) -> list[subjects.Row]:
    """Accepted records of a subject that this node had by ``known_at`` (ms; None: all)."""
    rows = subjects.rows(views[-1].connection, views[-1].log, subject) if views else []
    return [row for row in rows if known_at is None or row.known <= known_at]


def _claiming(view: LogView, subject: str, *, by_number: bool) -> list[int]:
    """Indices of the quarantined leaves that claim what was asked about: a subject, or the number in one."""
    if not by_number:
        return subjects.quarantined_unindexed(view.connection, view.log)
    return subjects.quarantined_claiming(view.connection, view.log, subject, normalise_query(subject))


def read_verified(view: LogView, leaf: int, trust: TrustData) -> VerifiedRecord:
    """A leaf's bytes through the gate, at its place; raises ``Refused``."""
    entry = logbook.entry(view.connection, view.log.number, leaf)
    seal = logbook.seal_covering(view.connection, view.log.number, leaf)
    if entry is None or seal is None:
        raise Refused("leaf.missing", f"{view.origin} holds no sealed leaf {leaf}")
    place = Place(view.origin, view.log.jurisdiction, view.log.family, leaf, seal.date)
    return admit(entry, place, trust, index.LogHistory(view.connection, view.log, leaf))


def prove(view: LogView, leaf: int) -> list[bytes]:
    """The inclusion proof of a leaf in the tree of the newest checkpoint held."""
    number = view.log.number
    return merkle.inclusion_proof(leaf, view.size, lambda level, at: logbook.node(view.connection, number, level, at))


def _log_fault(view: LogView, leaf: int) -> str | None:
    """Why the leaf's bytes are not those that the newest signed checkpoint covers, or None when they are."""
    entry = logbook.entry(view.connection, view.log.number, leaf)
    seal = logbook.seal_at(view.connection, view.log.number, view.size)
    if entry is None or seal is None:
        return "leaf.missing"
    try:
        proof = prove(view, leaf)
        merkle.verify_inclusion(merkle.leaf_hash(entry), leaf, seal.size, proof, seal.root)
    except (Refused, LookupError):
        return "leaf.altered"
    return None
