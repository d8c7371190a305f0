"""What a node measures of itself: counters, gauges, and a timing for each stage of each path (LESSONS 1).

One registry a node, so that six nodes in one process do not add up in one another's figures.

>>> with measures.stage("publish.commit"):
...     await ledger.write(change)
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class _Answered(Protocol):
    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str: ...


class Measures:
    """The node's metrics. Names are Prometheus names with the prefix ``jjj_``; seconds are the unit of time."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self._stage = Histogram("jjj_stage_seconds", "Time a stage took", ["stage"], buckets=BUCKETS, registry=registry)
        self._receipts = Counter("jjj_receipts", "Answers to drafts", ["status", "reason"], registry=registry)
        self.mirrored = Counter("jjj_mirrored_leaves", "Leaves mirrored", ["origin"], registry=registry)
        self.quarantined = Counter(
            "jjj_quarantined_leaves", "Leaves quarantined", ["origin", "reason"], registry=registry
        )
        self.garbage = Counter(
            "jjj_transport_garbage", "Messages that fit no log", ["origin", "reason"], registry=registry
        )
        self.forks = Counter(
            "jjj_forks", "Contradicting statements signed by a log's owner", ["origin"], registry=registry
        )
        self._measure_witnesses(registry)
        self.crashes = Counter("jjj_mirror_crashes", "Faults of this program", ["origin"], registry=registry)
        self.fetched = Counter(
            "jjj_tiles_fetched_leaves", "Leaves fetched from tiles over HTTP", ["origin"], registry=registry
        )
        self.relayed = Counter("jjj_relayed_messages", "Messages the bus has taken", ["topic"], registry=registry)
        self.verdicts = Counter("jjj_verdicts", "Verdicts given", ["verdict", "reason"], registry=registry)
        self.requests = Counter("jjj_http_requests", "Requests answered", ["route", "status"], registry=registry)
        self.size = Gauge("jjj_log_size", "Leaves under a verified checkpoint", ["origin"], registry=registry)
        self.lag = Gauge("jjj_log_lag_leaves", "Leaves known of and not held yet", ["origin"], registry=registry)
        self.age = Gauge("jjj_log_age_seconds", "Age of the newest usable heartbeat", ["origin"], registry=registry)
        self.budget = Gauge(
            "jjj_log_budget_seconds", "Age at which verdicts begin to be stale", ["origin"], registry=registry
        )
        self.budget_left = Gauge(
            "jjj_log_budget_left_seconds", "Until verdicts begin to be stale", ["origin"], registry=registry
        )
        self.unsent = Gauge("jjj_unsent_leaves", "Own leaves the bus has not taken", ["origin"], registry=registry)
        self.mode = Gauge("jjj_acknowledgement", "1 for the mode of this node", ["mode"], registry=registry)
        self.key_left = Gauge(
            "jjj_key_left_seconds", "Until the last good key of a role ends", ["role", "family"], registry=registry
        )
        self._taken_at: float | None = None
        taken = Gauge("jjj_bus_taken_age_seconds", "Since the bus took something of this node", registry=registry)
        taken.set_function(lambda: _finite(self.taken_s))
        self._topics: set[str] = set()
        self._message_at: dict[str, float] = {}
        self._message_age = Gauge(
            "jjj_topic_age_seconds", "Since a message of a partner's topic came", ["topic"], registry=registry
        )

    def _measure_witnesses(self, registry: CollectorRegistry) -> None:
        self.cosignatures_made = Counter(
            "jjj_cosignatures_made", "Checkpoints of partners cosigned here", ["origin"], registry=registry
        )
        self.cosignatures_heard = Counter(
            "jjj_cosignatures_heard", "Valid cosignatures that came", ["origin", "witness"], registry=registry
        )
        self.cosignatures_refused = Counter(
            "jjj_cosignatures_refused", "Cosignatures that count for nothing", ["origin", "reason"], registry=registry
        )
        said = "Leaves held that a witness has not cosigned"
        self.witness_lag = Gauge("jjj_witness_lag_leaves", said, ["origin", "witness"], registry=registry)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; also when it fails."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._stage.labels(name).observe(time.perf_counter() - begun)

    def took(self) -> None:
        """The bus has taken something of this node's."""
        self._taken_at = time.monotonic()

    @property
    def taken_s(self) -> float | None:
        """Seconds since then; None: nothing since the start."""
        return None if self._taken_at is None else time.monotonic() - self._taken_at

    def listen(self, topic: str) -> None:
        """A partner's topic is read from now on."""
        self._topics.add(topic)
        self._message_age.labels(topic).set_function(lambda: _finite(self.message_s(topic)))

    @property
    def topics(self) -> list[str]:
        """Partners' topics that are read, by name."""
        return sorted(self._topics)

    def message(self, topic: str) -> None:
        """Something came on a partner's topic."""
        self._message_at[topic] = time.monotonic()

    def message_s(self, topic: str) -> float | None:
        """Seconds since then; None: nothing since the start."""
        at = self._message_at.get(topic)
        return None if at is None else time.monotonic() - at

    def receipts(self, answers: Sequence[_Answered]) -> None:
        """Count answers to drafts by status and reason."""
        counts: dict[tuple[str, str], int] = {}
        for answer in answers:
            key = (answer.status, answer.reason)
            counts[key] = counts.get(key, 0) + 1
        for key, count in counts.items():
            self._receipts.labels(*key).inc(count)

    def text(self) -> bytes:
        """All metrics in the Prometheus text format."""
        return generate_latest(self.registry)


def _finite(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds
