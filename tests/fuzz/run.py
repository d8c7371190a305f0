"""``make fuzz``: every reader under inputs made from good ones, then under inputs guided by coverage (Atheris).

    python -m tests.fuzz.run 1000000 [TARGET …]

The count is shared among the readers, half for each way; without Atheris (no wheel for this machine) all goes the
first way. What breaks the law is written to ``tests/fuzz/found/`` and named; put it into ``tests/fuzz/corpus/`` under
the name of what it found, and ``make test`` replays it for ever. Exit code 1 where anything was found.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.bounds import excess, once_ms
from tests.fuzz.mutations import grown, inputs
from tests.fuzz.targets import LARGEST, TARGETS, Target

HERE = Path(__file__).parent
CORPUS, FOUND = HERE / "corpus", HERE / "found"
GROWTHS = 4
SPACE_MIB = 2048


@dataclass
class Score:
    """What was tried on one reader. ``largest_ms``: the dearest input's CPU time, measured without a tracer."""

    made: int = 0
    guided: int = 0
    seconds: float = 0.0
    guided_seconds: float = 0.0
    largest_ms: float = 0.0
    faults: list[str] = field(default_factory=list)


def kept(name: str) -> list[bytes]:
    """Cases found before, of one reader: ``corpus/<reader>/<what it found>``."""
    return [file.read_bytes() for file in sorted((CORPUS / name).glob("*")) if file.is_file()]


def try_all(target: Target, data: Iterable[bytes], score: Score) -> None:
    """Judge each input by law and bounds; a fault is written down and does not end the run."""
    for one in data:
        try:
            spent = once_ms(target, one)
            fault = excess(target, one, spent)
            score.largest_ms = max(score.largest_ms, 0.0 if fault else spent)
        except Exception:  # noqa: BLE001 - whatever it is, it is the finding
            fault = traceback.format_exc(limit=-3)
        if fault is not None:
            score.faults.append(f"{_write(target.name, one)}: {fault}")


def made(target: Target, count: int, seed: int, score: Score) -> None:
    """Inputs made from good ones and from cases found before."""
    begun = time.perf_counter()
    try_all(target, inputs((*target.seeds, *kept(target.name)), Random(f"{target.name}{seed}"), count, LARGEST), score)
    score.made += count
    score.seconds += time.perf_counter() - begun


def guided(target: Target, count: int, seed: int, score: Score) -> None:
    """Inputs guided by coverage, in a process of its own; what reached new code is then tried against the bounds."""
    with tempfile.TemporaryDirectory() as folder:
        reached = Path(folder)
        for number, data in enumerate((*target.seeds, *kept(target.name))):
            (reached / f"seed-{number}").write_bytes(data)
        artifacts = reached / "found-"
        options = [f"-runs={count}", f"-max_len={LARGEST}", f"-seed={seed}", "-verbosity=0", "-print_final_stats=1"]
        limits = [f"-rss_limit_mb={SPACE_MIB}", f"-artifact_prefix={artifacts}", "-timeout=20"]
        command = [sys.executable, "-m", "tests.fuzz.guided", target.name, folder, *options, *limits]
        begun = time.perf_counter()
        top = HERE.parent.parent
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", cwd=top, check=False)
        score.guided_seconds += time.perf_counter() - begun
        score.guided += count
        found = sorted(reached.glob("found-*"))
        if done.returncode and not found:
            score.faults.append(f"{target.name}: the guided run ended with {done.returncode}: {done.stderr[-800:]}")
        score.faults += [f"{_write(target.name, file.read_bytes())}: {done.stderr[-1200:]}" for file in found]
        try_all(target, _with_growths([file.read_bytes() for file in sorted(reached.iterdir())], seed), score)


def _with_growths(reached: list[bytes], seed: int) -> Iterator[bytes]:
    random = Random(seed)
    for data in reached:
        yield data
        yield from (grown(data, random, LARGEST) for _ in range(GROWTHS))


def _write(name: str, data: bytes) -> Path:
    folder = FOUND / name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / hashlib.sha256(data).hexdigest()[:16]
    file.write_bytes(data)
    return file.relative_to(HERE.parent.parent)


def _row(name: str, score: Score) -> str:
    by_made = f"{score.made:>9,} {score.made / max(score.seconds, 1e-9):>9,.0f}/s"
    by_guided = f"{score.guided:>9,} {score.guided / max(score.guided_seconds, 1e-9):>9,.0f}/s"
    return f"{name:18} {by_made} {by_guided} {score.largest_ms:>8.1f} ms  {len(score.faults) or 'nothing'} found"


def main(arguments: list[str]) -> int:
    """Share the count among the readers, print a row each and the total; 1 where something was found."""
    total, names = int(arguments[0] if arguments else 1_000_000), arguments[1:] or list(TARGETS)
    seed = int(os.environ.get("JJJ_FUZZ_SEED") or time.time())
    atheris = importlib.util.find_spec("atheris") is not None
    share = -(-total // len(names))
    print(f"{total:,} inputs, seed {seed} (JJJ_FUZZ_SEED={seed} makes them again)")
    if not atheris:
        print("Atheris is not here: all inputs are made from good ones, none is guided by coverage")
    print(f"{'reader':18} {'made':>9} {'':>11} {'guided':>9} {'':>11} {'dearest':>11}")
    scores: dict[str, Score] = {}
    for name in names:
        score = scores[name] = Score()
        made(TARGETS[name], share // 2 if atheris else share, seed, score)
        if atheris:
            guided(TARGETS[name], share - share // 2, seed, score)
        print(_row(name, score), flush=True)
    every = sum(score.made + score.guided for score in scores.values())
    spent = sum(score.seconds + score.guided_seconds for score in scores.values())
    print(f"{'all':18} {every:,} inputs in {spent:,.0f} s, {every / max(spent, 1e-9):,.0f}/s")
    faults = [fault for score in scores.values() for fault in score.faults]
    for fault in faults[:50]:
        print(f"\n{fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
