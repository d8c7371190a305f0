"""docs/zh/信任仓库操作手册.md is true: an administrator who types its commands, in its order, gets what it says.

The commands run in this process, for there are dozens; how a block is told to end stands behind its language, as in the
handbook of departments.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.reasons import REASONS
from tests.flows.test_handbook import blocks, squeezed

GUIDE = "docs/zh/信任仓库操作手册.md"
OWN = "jjj-gateway "


def commands(text: str) -> Iterator[str]:
    """The lines of a block, continued lines joined."""
    yield from filter(None, text.replace("\\\n", " ").splitlines())


def words(command: str) -> list[str]:
    """As a shell splits them: names with a star stand for the files there are."""
    found: list[str] = []
    for word in shlex.split(command):
        found += sorted(map(str, Path().glob(word))) if "*" in word else [word]
    return found


def run(command: str) -> tuple[int, str]:
    if command.startswith(OWN):
        done = CliRunner().invoke(main, words(command)[1:], catch_exceptions=False)
        return done.exit_code, done.output
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


def test_every_command_of_the_guide_does_what_it_says(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys").symlink_to(repository / "keys")
    printed = ""
    for block in blocks((repository / GUIDE).read_text(encoding="utf-8")):
        if block.language == "text":
            for line in block.text.splitlines():
                assert squeezed(line) in printed, line
        elif block.language == "python":
            exec(compile(block.text, GUIDE, "exec"), {})
        else:
            printed = ""
            for command in commands(block.text):
                code, told = run(command)
                assert code == block.code, f"{command}\n{told}"
                printed += squeezed(told) + " "


def test_every_reason_of_the_guide_is_one_that_is_told(repository: Path) -> None:
    text = (repository / GUIDE).read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(trust\.[a-z_]+)` \|", text, re.MULTILINE))
    assert named
    assert named <= REASONS.keys()
