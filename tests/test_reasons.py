"""The table of reasons: every code that the program can tell has its sentences, and no row is left of a code
that is gone.

A code is found where it is written: as the reason of an error or a finding, as an outcome of a rule, or as
any other constant whose first word heads a family of codes ("key.", "state."). Names of log events, files,
fields and settings look alike; ``OTHERS`` says which those are.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.reasons import FAMILIES, REASONS, UNLISTED, sentence

GATEWAY = Path(__file__).parent.parent / "gateway"
DOTTED = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
TELLERS = re.compile(
    "Refused|GatewayError|CannotRun|Unreachable|Finding|_?refuse|_?refused|_?refusal|found|details"
    "|passed|unknown|failed|holds_back|Remark|Outcome"
)
LOUD = {"debug", "info", "warning", "error", "exception", "critical"}
FILES = (".txt", ".json", ".pem", ".sqlite", ".toml", ".example", ".highwater")
OTHERS = {
    *("area.jurisdictions", "node.jurisdiction", "jurisdictions.keys.vkey", "holder.category", "gateway.ops"),
    *("bus.kind", "bus.kafka", "bus.at", "message.timestamp.type", "bench.bare", "node.acknowledgement"),
    *("http.read_drafts", "publish.commit", "publish.highwater", "publish.judge_sign"),
}
"""Settings, paths of roster and record, a package, stages of the measures; a setting and a topic of Kafka's."""
FIELDS = ("data.", "jjj.")


def trees() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(GATEWAY.rglob("*.py")):
        if "reasons" not in file.relative_to(GATEWAY).parts:
            yield file.relative_to(GATEWAY).as_posix(), ast.parse(file.read_bytes())


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def constant(node: ast.AST | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def told(tree: ast.Module) -> Iterator[str]:
    """Codes in the place of a reason: first argument or ``reason=`` of whatever tells one, ``code`` of an
    error class.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and TELLERS.fullmatch(name_of(node)):
            keywords = [keyword.value for keyword in node.keywords if keyword.arg == "reason"]
            found = [constant(argument) for argument in (*node.args[:1], *keywords)]
            yield from (code for code in found if code and CODE.fullmatch(code))
        elif isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "code" for target in node.targets):
            yield from filter(None, [constant(node.value)])


def written(tree: ast.Module) -> Iterator[str]:
    """Every dotted constant that is no log event, no field, no file and no docstring."""
    quiet: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            loud = isinstance(node.func, ast.Attribute) and node.func.attr in LOUD
            quiet |= {id(argument) for argument in node.args[:1] if loud}
            quiet |= {id(keyword.value) for keyword in node.keywords if keyword.arg in ("field", "rule", "value")}
        elif isinstance(node, ast.Expr):
            quiet.add(id(node.value))
    for node in ast.walk(tree):
        text = constant(node)
        if text and id(node) not in quiet and DOTTED.fullmatch(text) and not text.endswith(FILES):
            yield text


TREES = dict(trees())
CONSTANTS = {text for tree in TREES.values() for node in ast.walk(tree) if (text := constant(node))}
PREFIXES = {
    text
    for tree in TREES.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.JoinedStr) and node.values and (text := constant(node.values[0]))
}
HEADS = {code.partition(".")[0] for code in REASONS if "." in code}


@pytest.mark.parametrize("module", TREES)
def test_every_code_that_is_told_has_a_row(module: str) -> None:
    tree = TREES[module]
    codes = {*told(tree), *(code for code in written(tree) if code.partition(".")[0] in HEADS)}
    codes -= OTHERS | {code for code in codes if code.startswith(FIELDS)}
    lacking = sorted(code for code in codes if sentence(code) is UNLISTED)
    assert not lacking, f"{module}: no row in gateway/reasons for {lacking}"


@pytest.mark.parametrize("code", REASONS)
def test_every_row_is_of_a_code_that_is_written_somewhere(code: str) -> None:
    head, _, tail = code.partition(".")
    assert code in CONSTANTS or (f"{head}." in PREFIXES and tail in CONSTANTS), f"{code} is told nowhere"


@pytest.mark.parametrize("code", REASONS)
def test_every_row_says_something_in_both_languages(code: str) -> None:
    row = REASONS[code]
    assert all(re.search("[\u4e00-\u9fff]", text) for text in (row.zh, row.do_zh))
    assert all(re.search("[a-z]{2}", text) and not re.search("[\u4e00-\u9fff]", text) for text in (row.en, row.do_en))
    assert not any(
        text != text.strip() or text.endswith((".", "。")) for text in (row.zh, row.en, row.do_zh, row.do_en)
    )


def test_no_code_stands_in_two_files_of_the_table() -> None:
    files = [ast.parse(file.read_bytes()) for file in (GATEWAY / "reasons").glob("*.py")]
    keys = [
        constant(key) for tree in files for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys
    ]
    codes = [key for key in keys if key is not None and key not in FAMILIES]
    assert len(codes) == len(set(codes)) == len(REASONS)


def test_a_code_that_ends_in_a_foreign_name_takes_its_familys_sentence() -> None:
    assert sentence("schema.required") is sentence("schema.maxLength") is FAMILIES["schema."]
    assert sentence("schema.newer") is REASONS["schema.newer"]


def test_a_code_of_another_version_is_still_told() -> None:
    assert sentence("no.such.code") is UNLISTED
