"""The threat model says what is shown by tests: do they exist, and has every actor and every cell its word?"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ACTORS = (
    "Outsider", "Partner jurisdiction", "record key", "authority key", "log key", "heartbeat key", "witness key",
    "majority of witnesses", "verdict key", "trust key", "broker", "backup", "Administrator of one node", "algorithms",
)  # fmt: skip
CITED = re.compile(r"`(tests/[a-z0-9_/]+\.py)(?:::(test_[a-z0-9_]+))?`")


@pytest.fixture(scope="module")
def text(repository: Path) -> str:
    return (repository / "docs/threat-model.md").read_text()


def cells(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| to |", "|---"))]


def test_every_test_that_is_named_exists(text: str, repository: Path) -> None:
    cited = CITED.findall(text)
    assert len(cited) > 80
    lacking = []
    for file, name in cited:
        found = repository / file
        functions = {each.name for each in ast.walk(ast.parse(found.read_bytes())) if isinstance(
            each, ast.FunctionDef | ast.AsyncFunctionDef)} if found.is_file() else set()
        if not found.is_file() or (name and name not in functions):
            lacking.append(f"{file}::{name}")
    assert not lacking


def test_every_actor_has_a_table(text: str) -> None:
    headings = "\n".join(line for line in text.splitlines() if line.startswith("## "))
    assert [actor for actor in ACTORS if actor not in headings] == []


def test_every_cell_names_a_test_or_says_that_it_is_not_covered_and_why(text: str) -> None:
    told = re.compile(r"\*\*not covered\*\*.{20,}")
    assert not [cell for cell in cells(text) if not CITED.search(cell) and not told.search(cell)]
