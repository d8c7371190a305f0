"""What is followed in tests: partners' logs written by hand into a node's folder, and one sink after the other.

desk = FollowDesk(tmp_path)
log = desk.log("licence").grow(3)
code, said = await desk.follow(log)           the node shows this log of its partner tongzhou
desk.lines()                                  what the daily files hold now
"""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path
from typing import Any

import orjson

from gateway.ops.followfiles import DailyFiles
from gateway.ops.following import Wanted, follow
from tests.audit.auditbuilder import BASE, Ground, Written, founded

PARTNER, OWN = "tongzhou", "sanhe"


class FollowDesk:
    """A department that follows sanhe's partners into one folder; ``today``: seconds, its clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "partners"
        self.today = float(BASE)
        self._numbers = itertools.count()

    def log(self, family: str = "licence", jurisdiction: str = PARTNER) -> Written:
        return Written(founded(), jurisdiction, family)

    def source(self, *logs: Written) -> Ground:
        """A node's folder that shows these logs."""
        return Ground(self.folder / f"source{next(self._numbers)}").keep(*logs)

    async def follow(
        self, *logs: Written, ground: Ground | None = None, source: str = "", **wanted: Any
    ) -> tuple[int, list[str]]:
        """One round: exit code, and what was said besides where the trust data come from."""
        said: list[str] = []
        source = source or str((ground or self.source(*logs)).node)
        with DailyFiles(self.out, lambda: self.today) as sink:
            code = await follow(
                Wanted(source, OWN, **wanted), sink, once=True, say=said.append, clock=lambda: self.today
            )
        return code, [text for text in said if "--trust" not in text]

    def lines(self, name: str = "[0-9]*[0-9].ndjson") -> list[dict[str, Any]]:
        """Every line of the daily files, in order."""
        return [orjson.loads(line) for file in sorted(self.out.glob(name)) for line in file.read_bytes().splitlines()]

    def refused(self) -> list[tuple[int, str]]:
        return [(line["index"], line["reason"]) for line in self.lines("*-refused.ndjson")]

    def told(self) -> list[tuple[str, int]]:
        """(family, index) of every record told; ("gone" or "refused", index) of what was taken back."""
        return [(line.get("because") or line["log"].rpartition("/")[2], line["index"]) for line in self.lines()]

    def rows(self, family: str) -> list[list[str]]:
        """Every row of a family's tables below the headings."""
        files = sorted(self.out.glob(f"*-{family}.csv"))
        texts = [file.read_bytes().decode("utf-8-sig") for file in files]
        return [row for text in texts for row in list(csv.reader(io.StringIO(text)))[1:]]
