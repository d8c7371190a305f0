"""docs/zh/对接手册.md is true: every command of it is run, in its order, by somebody who has nothing else.

How a block is run stands behind its language: ``server`` goes on in the background, ``until`` is repeated until it
ends as it should (records take a moment to reach the partner), ``exit=1`` is the code to end with, 0 where nothing
stands. Every line of a ``text`` block must stand in what the block before it printed, white space aside.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.reasons import UNLISTED, sentence

HANDBOOK = "docs/zh/对接手册.md"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REFUSALS = re.compile(r"^\| `([a-z_]+\.[a-z_]+|identity_number)` \|", re.MULTILINE)
NODES = [f"http://127.0.0.1:{port}/readyz" for port in (18470, 18471)]
LONGEST_S = 60.0


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of the guide."""

    language: str
    words: Sequence[str]
    text: str

    @property
    def code(self) -> int:
        """The exit code that it should end with."""
        return next((int(word.removeprefix("exit=")) for word in self.words if word.startswith("exit=")), 0)


def blocks(handbook: str) -> list[Block]:
    return [Block(found[1], found[2].split(), found[3]) for found in FENCE.finditer(handbook)]


class Developer:
    """Somebody at a terminal: a folder, what was exported so far, and what the last command printed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._exports: list[str] = []
        self.printed = ""

    def environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("JJJ_", "COV"))}
        return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}", "COLUMNS": "200"}

    @contextmanager
    def server(self, block: Block) -> Iterator[None]:
        """The block in the background until the end, as in a terminal of its own."""
        told = self._folder / "server.log"
        with told.open("wb") as log:
            command = ["bash", "-c", f"exec {block.text}"]
            process = subprocess.Popen(
                command, cwd=self._folder, env=self.environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        try:
            until(lambda: all(map(answers, NODES)) or process.poll() is not None, "both nodes to be ready")
            assert process.poll() is None, told.read_text()
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(LONGEST_S)

    def run(self, block: Block) -> None:
        if "until" in block.words:
            until(lambda: self._once(block) == block.code, f"exit code {block.code} of\n{block.text}")
        else:
            assert self._once(block) == block.code, f"{block.text}\n{self.printed}"

    def _once(self, block: Block) -> int:
        script = "\n".join(["set -eu", *self._exports, block.text])
        command = [sys.executable, "-c", block.text] if block.language == "python" else ["bash", "-c", script]
        done = subprocess.run(
            command, cwd=self._folder, env=self.environment(), capture_output=True, text=True, timeout=120, check=False
        )
        self._exports += [line for line in block.text.splitlines() if line.startswith("export ")]
        self.printed = done.stdout + done.stderr
        return done.returncode


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def until(holds: object, what: str) -> None:
    assert callable(holds)
    ends = time.monotonic() + LONGEST_S
    while not holds():
        assert time.monotonic() < ends, f"waited {LONGEST_S:g} s for {what}"
        time.sleep(0.2)


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.slow
def test_every_command_of_the_handbook_does_what_it_says(repository: Path, tmp_path: Path) -> None:
    found = blocks((repository / HANDBOOK).read_text(encoding="utf-8"))
    developer = Developer(tmp_path)
    server, *rest = found
    assert server.words == ["server"]
    with developer.server(server):
        for block in rest:
            if block.language != "text":
                developer.run(block)
                continue
            printed = squeezed(developer.printed)
            assert [line for line in block.text.splitlines() if squeezed(line) not in printed] == [], printed


def test_the_handbook_names_only_reasons_that_there_are(repository: Path) -> None:
    named = REFUSALS.findall((repository / HANDBOOK).read_text(encoding="utf-8"))
    assert len(named) > 8
    assert [reason for reason in named if sentence(reason) is UNLISTED] == []
