"""Following partners from outside a node: their verified records as they come, each once (DESIGN §9, ``follow``).

Everything goes through the gate here, under roots that the owners signed; the node that is read is not believed, only
its trust data are taken where none are given, and that is said. Each log is read up to the checkpoint that the source
shows; then ``followrules`` tells what may be told. A log that does not hold (a fork, a rollback, damage) ends the
following, after what the other partners have was told; bytes that could not be had are asked for again.

>>> with DailyFiles(Path("partners")) as sink:
...     await follow(Wanted("http://127.0.0.1:8470", own="tongzhou"), sink, once=True, say=print)
0
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from gateway.audit import othertrust
from gateway.audit.auditor import NOT_GIVEN, load_given, open_source
from gateway.audit.onelog import LogName
from gateway.audit.onwards import LogReading
from gateway.audit.sources import Lacking, LogFiles, LogSource, last_part
from gateway.errors import CannotRun, GatewayError, Refused
from gateway.instants import shanghai_day
from gateway.ledger.logbook import Log
from gateway.ops.followrules import Rules
from gateway.ops.followsink import Sink, transaction
from gateway.reasons import sentence
from gateway.trust.trusted import TrustData, load

EVERY_S = 5.0
CLEAN, FINDING, LACKED = 0, 1, 3

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is followed. ``source``: a node's URL or a folder; ``own``: the jurisdiction that is no partner; ``family``:
    this one only; ``start``: leaves of smaller index are read and not told; ``trust``: a folder of one's own.
    """

    source: str
    own: str
    family: str | None = None
    start: int = 0
    trust: Path | None = None


async def follow(
    wanted: Wanted,
    sink: Sink,
    *,
    once: bool,
    say: Say,
    every_s: float = EVERY_S,
    clock: Callable[[], float] = time.time,
) -> int:
    """Tell everything new, and go on until cancelled or until a log does not hold; with ``once``, until nothing is new.

    Answers 0, 1 where a log does not hold, 3 where bytes were lacking in the last round. Raises ``CannotRun``:
    ``source.unknown`` in the first round, ``output.io``, ``trust.*``.
    """
    following = _Following(wanted, sink, say, clock)
    code = await following.round()
    while not once and code != FINDING:
        await asyncio.sleep(every_s)
        try:
            code = await following.round()
        except CannotRun as error:
            if error.reason == "output.io":
                raise
            following.complain(wanted.source, error)
    return code


@dataclass
class _Following:
    wanted: Wanted
    sink: Sink
    say: Say
    clock: Callable[[], float]
    _said: dict[str, str] = field(default_factory=dict)

    async def round(self) -> int:
        """Every log once up to its checkpoint; then the credit facts that waited."""
        today = shanghai_day(int(self.clock()))
        async with open_source(self.wanted.source) as source:
            self._said.pop(self.wanted.source, None)
            trust = self._trust(source)
            with transaction(self.sink):
                othertrust.begin(self.sink.connection, trust)
            rules = Rules(self.sink, trust, self.wanted.start)
            while self._is_more(lambda _: rules.tell_beyond(), today):
                pass
            read = [await self._read(files, name, trust, rules) for files, name in self._logs(source, trust)]
        bad = {(log.jurisdiction, log.family) for log, code in read if code != CLEAN}
        for log, _ in read:
            if log.family == "credit" and (log.jurisdiction, log.family) not in bad:
                self._tell_pending(rules, log, today)
        while self._is_more(rules.tell_expired, today):
            pass
        codes = {code for _, code in read}
        return next((code for code in (FINDING, LACKED) if code in codes), CLEAN)

    def _trust(self, source: LogSource) -> TrustData:
        if self.wanted.trust is not None:
            return load_given(self.wanted.trust)
        if source.trust is None:
            raise CannotRun("trust.missing", f"{source.name} shows no trust data; give your own with --trust")
        self._say("trust", NOT_GIVEN)
        try:
            return load(source.trust, source.schemas)
        except GatewayError as error:
            raise CannotRun(error.reason, f"{source.name}: {error.message}", zh=error.zh) from error

    def _logs(self, source: LogSource, trust: TrustData) -> list[tuple[LogFiles, LogName]]:
        """The logs that the roster knows as partners', of the families wanted; a successor is a log like any other."""
        found = []
        for files in source.logs:
            origin = files.origin or f"{trust.roster.network}/{files.jurisdiction}/{files.last_part}"
            known = trust.roster.log(origin)
            if known is None:
                self._say(origin, _sentence(origin, "log.unknown"))
            elif (known[0].id, last_part(origin)) != (files.jurisdiction, files.last_part):
                self._say(origin, _sentence(origin, "log.place"))
            elif known[0].id != self.wanted.own and self.wanted.family in (None, known[1].family):
                found.append((files, LogName(origin, known[0].id, known[1].family)))
        return found

    async def _read(self, files: LogFiles, name: LogName, trust: TrustData, rules: Rules) -> tuple[Log, int]:
        reading = LogReading(files, name, self.sink.connection, trust)
        code = CLEAN
        try:
            await self._read_on(reading, rules)
            if reading.unexplained() is not None:  # declared, perhaps, above the checkpoint that was shown first
                reading = LogReading(files, name, self.sink.connection, trust)
                await self._read_on(reading, rules)
            if (index := reading.unexplained()) is not None:
                with transaction(self.sink):
                    othertrust.doubt(self.sink.connection)
                raise Refused("leaf.erased", f"leaf {index} is empty, and no record declares it erased")
            self._said.pop(name.origin, None)
        except Lacking as error:
            self.complain(name.origin, error)
            code = LACKED
        except Refused as error:
            self.complain(name.origin, error)
            code = FINDING
        return reading.log, code

    async def _read_on(self, reading: LogReading, rules: Rules) -> None:
        while (batch := await reading.fetch()) is not None:
            with transaction(self.sink):
                for leaf in reading.settle(batch):
                    rules.take(reading.log, leaf)

    def _tell_pending(self, rules: Rules, log: Log, today: date) -> None:
        while self._is_more(lambda day: rules.tell_pending(log, day), today):
            pass

    def _is_more(self, part: Callable[[date], bool], today: date) -> bool:
        with transaction(self.sink):
            return part(today)

    def complain(self, what: str, error: GatewayError) -> None:
        """What is wrong, and what to do; once as long as it stays the same."""
        row = sentence(error.reason)
        advice = f"  → {row.do_zh} / {row.do_en}"
        self._say(what, f"{_sentence(what, error.reason)}\n  {error.message}\n{advice}")

    def _say(self, about: str, text: str) -> None:
        if self._said.get(about) != text:
            self._said[about] = text
            self.say(text)


def _sentence(what: str, reason: str) -> str:
    row = sentence(reason)
    return f"{what}: {row.zh} · {row.en} [{reason}]"
