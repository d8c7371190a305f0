"""The floors of the house: imports run down only, types included. docs/decisions/001 says why.

A string is one room and names the modules in it; a module may import from its own room and any floor below.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

GATEWAY = Path(__file__).parent.parent / "gateway"
FLOORS = (
    ("errors instants reasons",),
    ("records",),
    ("trust",),
    ("ledger", "repository"),
    ("bus",),
    ("recognition", "intake"),
    ("node",),
    ("audit",),
    ("web",),
    ("pages",),
    ("serving",),
    ("ops", "broker"),
    ("demo", "bench"),
    ("entry",),
    ("commands departments inquiries administrators frozen",),
    ("cli __main__ trustwords keycommands",),
)
ROOMS = {name: (floor, room) for floor, rooms in enumerate(FLOORS) for room in rooms for name in room.split()}
LONGEST_FUNCTION, LONGEST_FILE = 50, 350


def module_name(file: Path) -> str:
    parts = file.relative_to(GATEWAY.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file): ast.parse(file.read_bytes()) for file in sorted(GATEWAY.rglob("*.py"))}
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = [(m, n) for m, tree in MODULES.items() for n in ast.walk(tree) if isinstance(n, FUNCTION)]


def imports(module: str) -> set[str]:
    """The gateway modules that a module names in any import statement, however deep it hides."""
    named = set()
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            named |= {f"{source}.{a.name}" if f"{source}.{a.name}" in MODULES else source for a in node.names}
    return {name for name in named if name.startswith((".", "gateway"))} - {"gateway"}


def fault(module: str, target: str) -> str | None:
    """Why this import must not be, or None."""
    if target.startswith("."):
        return f"{module} imports {target}: write the whole path"
    here, there = ROOMS.get(module.split(".")[1]), ROOMS.get(target.split(".")[1])
    if here is None or there is None:
        return f"{module} imports {target}: one of them stands on no floor of this list"
    if here != there and here[0] <= there[0]:
        return f"{module} (floor {here[0]}) imports {target} (floor {there[0]})"
    return None


def test_imports_run_down_only() -> None:
    faults = [fault(m, t) for m in MODULES if m != "gateway" for t in sorted(imports(m))]
    assert not [*filter(None, faults)]


def test_every_module_stands_on_a_floor() -> None:
    assert {m.split(".")[1] for m in MODULES if m != "gateway"} <= ROOMS.keys()
    assert not imports("gateway")


def test_no_circles() -> None:
    try:
        TopologicalSorter({m: imports(m) - {m} for m in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_import_hides_in_a_function() -> None:
    hidden = [
        f"{module}.{function.name}"
        for module, function in FUNCTIONS
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not hidden


def test_no_file_name_stands_in_two_folders() -> None:
    folders = defaultdict(list)
    for module in MODULES:
        if not (GATEWAY.parent / Path(*module.split("."))).is_dir():
            folders[module.rsplit(".", 1)[1]].append(module)
    assert not [found for found in folders.values() if len(found) > 1]


def test_pieces_are_small() -> None:
    long = [f"{m}.{f.name}" for m, f in FUNCTIONS if (f.end_lineno or 0) - f.lineno >= LONGEST_FUNCTION]
    files = [f.name for f in GATEWAY.rglob("*.py") if len(f.read_bytes().splitlines()) > LONGEST_FILE]
    assert not long + files


@pytest.mark.parametrize(
    ("module", "target", "allowed"),
    [
        ("gateway.node.mirror", "gateway.ledger.merkle", True),
        ("gateway.node.mirror", "gateway.node.index", True),
        ("gateway.cli", "gateway.demo", True),
        ("gateway.records.record", "gateway.trust.notes", False),
        ("gateway.intake.tables", "gateway.recognition.verdict", False),
        ("gateway.recognition.verdict", "gateway.intake.tables", False),
        ("gateway.errors", "gateway.records", False),
        ("gateway.node.mirror", "gateway.attic.box", False),
        ("gateway.node.mirror", ".index", False),
    ],
)
def test_the_rule_itself(module: str, target: str, allowed: bool) -> None:
    assert (fault(module, target) is None) is allowed
