"""The history that is measured: every row makes a record of its own, so that publishing is measured, not refusals."""

from __future__ import annotations

from pathlib import Path

from gateway.bench import backlog
from gateway.intake.outcomes import Item
from gateway.intake.reading import open_reading


def test_every_row_of_the_history_makes_a_record(tmp_path: Path) -> None:
    file = tmp_path / "companies.csv"
    assert backlog.write(file, 300) > 0
    outcomes = list(open_reading(file, backlog.PROFILE, nodes=["sanhe"]))
    items = [outcome for outcome in outcomes if isinstance(outcome, Item)]
    assert len(items) == len(outcomes) == len({item.id for item in items}) == 300
    assert {item.data["issuer"]["uscc"] for item in items} == {backlog.ISSUER["uscc"]}
