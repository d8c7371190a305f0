"""The figures of one run: each with its baselines of the same run and the ratio to them.

>>> Rate(8000.0, 1600.0, 3200.0).to_json()
{'per_s': 8000.0, 'baseline_per_s': 1600.0, 'ratio': 5.0, 'baseline_batched_per_s': 3200.0, 'ratio_batched': 2.5}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Rate:
    """Records a second; ``baseline``: one record at a time; ``batched``: with commits of the gateway's batch size."""

    per_s: float
    baseline: float
    batched: float | None = None

    def to_json(self) -> dict[str, float]:
        """As ``bench --json`` has it."""
        found = {
            "per_s": round(self.per_s, 1),
            "baseline_per_s": round(self.baseline, 1),
            "ratio": round(self.per_s / self.baseline, 2),
        }
        if self.batched is not None:
            found |= {
                "baseline_batched_per_s": round(self.batched, 1),
                "ratio_batched": round(self.per_s / self.batched, 2),
            }
        return found


@dataclass(frozen=True, slots=True)
class Latency:
    """One verification over HTTP at a counter with ``licences`` in its index."""

    median_ms: float
    p99_ms: float
    licences: int
    baseline_ms: float

    def to_json(self) -> dict[str, float]:
        """As ``bench --json`` has it."""
        return {
            "median_ms": round(self.median_ms, 3),
            "p99_ms": round(self.p99_ms, 3),
            "licences": self.licences,
            "baseline_median_ms": round(self.baseline_ms, 3),
            "ratio": round(self.median_ms / self.baseline_ms, 2),
        }


@dataclass(frozen=True, slots=True)
class Outage:
    """A bus that is away: ``records`` published meanwhile at ``per_s``, mirrored at ``drained_per_s`` once it is back;
    ``rss_mb``: the owner's peak resident memory with all of them unsent, MiB.
    """

    records: int
    per_s: float
    drained_per_s: float
    rss_mb: float

    def to_json(self) -> dict[str, float]:
        """As ``bench --json`` has it."""
        return {
            "records": self.records,
            "per_s": round(self.per_s, 1),
            "drained_per_s": round(self.drained_per_s, 1),
            "rss_mb": round(self.rss_mb, 1),
        }


@dataclass(frozen=True, slots=True)
class Figures:
    """All that one run measured. ``rss_mb``: the larger node's peak resident memory, MiB; ``machine``: processors and
    memory.
    """

    publish: Rate
    mirror: Rate
    audit: Rate
    audit_structure: Rate
    verify: Latency
    outage: Outage
    rss_mb: float
    records: int
    record_bytes: int
    machine: str

    def to_json(self) -> dict[str, Any]:
        """As ``bench --json`` has it."""
        return {
            "publish": self.publish.to_json(),
            "mirror": self.mirror.to_json(),
            "audit": self.audit.to_json(),
            "audit_structure": self.audit_structure.to_json(),
            "verify": self.verify.to_json(),
            "outage": self.outage.to_json(),
            "rss_mb": round(self.rss_mb, 1),
            "records": self.records,
            "record_bytes": self.record_bytes,
            "machine": self.machine,
        }

    def text(self) -> str:
        """For people: a line a figure."""
        rows = [("发布 publish", self.publish), ("镜像 mirror", self.mirror), ("审计 audit", self.audit)]
        rows.append(("审计(仅结构) audit, structure only", self.audit_structure))
        lines = [f"{self.machine}; {self.records} records of {self.record_bytes} bytes"]
        for name, rate in rows:
            line = (
                f"{name}: {rate.per_s:,.0f}/s; one at a time {rate.baseline:,.0f}/s (×{rate.per_s / rate.baseline:.1f})"
            )
            if rate.batched is not None:
                line += f"; batched commits {rate.batched:,.0f}/s (×{rate.per_s / rate.batched:.1f})"
            lines.append(line)
        seen = self.verify
        lines.append(
            f"核验 verify over HTTP: median {seen.median_ms:.2f} ms, p99 {seen.p99_ms:.2f} ms"
            f" with {seen.licences:,} licences; a bare look-up and signature check {seen.baseline_ms:.2f} ms"
        )
        left = self.outage
        lines.append(
            f"总线中断 bus away: {left.records:,} records published at {left.per_s:,.0f}/s in {left.rss_mb:.0f} MiB,"
            f" mirrored at {left.drained_per_s:,.0f}/s when it is back"
        )
        lines.append(f"内存 peak memory of the larger node: {self.rss_mb:.0f} MiB")
        return "\n".join(lines)
