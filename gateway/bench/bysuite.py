"""What do SM2 signatures cost? The same run without them and under the policy ``gm``, one after the other.

>>> figures = await by_suite(2_000, 2_000, progress=lambda done, total: None)
>>> figures.ratios()["publish"]
0.31
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.bench import measure
from gateway.bench.figures import Figures


@dataclass(frozen=True, slots=True)
class SuiteFigures:
    """Two runs on one machine: Ed25519 alone, and SM2 beside it."""

    ed25519: Figures
    gm: Figures

    def ratios(self) -> dict[str, float]:
        """Figure → under ``gm`` as a part of that with Ed25519 alone; of ``verify`` the median time, as a multiple."""
        found = {
            name: getattr(self.gm, name).per_s / getattr(self.ed25519, name).per_s
            for name in ("publish", "mirror", "audit", "audit_structure")
        }
        found["verify"] = self.gm.verify.median_ms / self.ed25519.verify.median_ms
        return {name: round(ratio, 2) for name, ratio in found.items()}

    def to_json(self) -> dict[str, Any]:
        """As ``bench --suite gm --json`` has it."""
        return {"ed25519": self.ed25519.to_json(), "gm": self.gm.to_json(), "ratio": self.ratios()}

    def text(self) -> str:
        """For people: both runs, and a line of ratios."""
        ratios = ", ".join(f"{name} ×{ratio}" for name, ratio in self.ratios().items())
        return "\n".join(
            ["— Ed25519", self.ed25519.text(), "— 国密 gm (Ed25519 + SM2)", self.gm.text(), f"gm : Ed25519 = {ratios}"]
        )


async def by_suite(records: int, licences: int, *, progress: measure.Progress) -> SuiteFigures:
    """Measure everything twice."""
    plain = await measure.bench(records, licences, progress=progress)
    return SuiteFigures(plain, await measure.bench(records, licences, progress=progress, gm=True))
