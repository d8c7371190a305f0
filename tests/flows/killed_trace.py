"""strace on a running node: what it asks of the disk, in which order, and what happens when the disk says no."""

from __future__ import annotations

import asyncio
import functools
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.simulator import PATIENCE_S

SYNC, WRITE, ANSWER = ("fsync", "fdatasync"), ("write", "pwrite64", "writev"), ("sendto", "sendmsg", "write", "writev")
_LINE = re.compile(r"(?P<thread>\d+) +(?P<call>[a-z0-9_]+)\((?P<descriptor>\d+)(?:<(?P<file>.*?)>)?(?P<rest>.*)")
_RESUMED = re.compile(r"(?P<thread>\d+) +<\.\.\. (?P<call>[a-z0-9_]+) resumed>.*= (?P<result>-?\d+)")
_RESULT = re.compile(r"= (-?\d+)[^=]*$")
_OTHER = """
import ctypes, time
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)
print(flush=True)
time.sleep(60)
"""


@functools.cache
def missing() -> str:
    """Why strace can't look into another process here, or ""."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    with subprocess.Popen([sys.executable, "-c", _OTHER], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        asked = subprocess.Popen(
            ["strace", "-f", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO", "-p", str(other.pid)],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert asked.stderr is not None
        said = asked.stderr.readline()
        asked.terminate()
        asked.communicate()
        other.kill()
    return "" if "attached" in said else f"strace may not look into other processes here: {said.strip()}"


@dataclass(frozen=True)
class Call:
    """One system call, the file behind its first argument, and where in the order of events it began and ended."""

    name: str
    file: str
    text: str
    began: int
    ended: int
    result: int


@dataclass
class Trace:
    """What strace wrote; read after it has ended."""

    file: Path

    def calls(self) -> list[Call]:
        """Every call that ended, in the order in which they began."""
        found: list[Call] = []
        open_calls: dict[str, tuple[re.Match[str], int]] = {}
        for place, line in enumerate(self.file.read_text(errors="replace").splitlines()):
            resumed = _RESUMED.match(line)
            began = _LINE.match(line)
            if resumed is not None and resumed["thread"] in open_calls:
                first, at = open_calls.pop(resumed["thread"])
                found.append(_call(first, at, place, int(resumed["result"])))
            elif began is not None and "<unfinished ...>" in line:
                open_calls[began["thread"]] = (began, place)
            elif began is not None and (result := _RESULT.search(line)) is not None:
                found.append(_call(began, place, place, int(result[1])))
        return sorted(found, key=lambda call: call.began)

    def last(self) -> str:
        """The call at which the process was killed, and the kind of file it was on."""
        lines = self.file.read_text(errors="replace").splitlines()
        found = next((match for match in map(_LINE.match, reversed(lines)) if match is not None), None)
        return f"{found['call']} {Path(found['file']).name}" if found is not None else "?"

    def injected(self) -> int:
        """How many calls strace answered in place of the disk."""
        return self.file.read_text(errors="replace").count("(INJECTED)")


def _call(match: re.Match[str], began: int, ended: int, result: int) -> Call:
    return Call(match["call"], match["file"] or "", match["rest"], began, ended, result)


@asynccontextmanager
async def strace(pid: int, folder: Path, *options: str, only: Sequence[Path] = ()) -> AsyncIterator[Trace]:
    """Look into a process and its threads within the block; ``only``: calls on these files."""
    trace = Trace(folder / f"{pid}.strace")
    trace.file.unlink(missing_ok=True)
    paths = [argument for path in only for argument in ("-P", str(path))]
    process = await asyncio.create_subprocess_exec(
        "strace", "-f", "-y", "-o", str(trace.file), *paths, *options, "-p", str(pid), stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            said = await process.stderr.readline()
            while said and b"attached" not in said:
                said = await process.stderr.readline()
        assert said, "strace ended at once"
        yield trace
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.communicate()


def failing(error: str, *calls: str, when: str = "1+") -> tuple[str, ...]:
    """Options: these calls fail with an error from the n-th on, without reaching the disk."""
    names = ",".join(calls)
    return "-e", f"trace={names}", "-e", f"inject={names}:error={error}:when={when}"


def killing(*calls: str, when: int) -> tuple[str, ...]:
    """Options: the n-th of these calls is the last thing the process does, or all but does."""
    names = ",".join(calls)
    return "-e", f"trace={names}", "-e", f"inject={names}:signal=SIGKILL:when={when}"


needs_strace = pytest.mark.skipif(bool(missing()), reason=missing())
