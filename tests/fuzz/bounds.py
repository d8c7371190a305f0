"""What one input may cost: CPU time and memory, measured around a reader and not under a tracer of coverage.

    slow = cpu_ms(target, data)          the least of a few measurements, so that a busy machine is no finding
    peak = memory_bytes(target, data)    most memory that Python held above what it held before
"""

from __future__ import annotations

import time
import tracemalloc

from tests.fuzz.targets import LARGEST, Target, judge

MOST_CPU_MS = 50.0
MOST_MEMORY = 16 << 20
TRIES = 4


def once_ms(target: Target, data: bytes) -> float:
    """CPU milliseconds of one reading, by this thread."""
    before = time.thread_time_ns()
    judge(target, data)
    return (time.thread_time_ns() - before) / 1e6


def cpu_ms(target: Target, data: bytes) -> float:
    """The least of a few readings."""
    return min(once_ms(target, data) for _ in range(TRIES))


def memory_bytes(target: Target, data: bytes) -> int:
    """Peak of one reading above the input."""
    tracemalloc.start()
    try:
        judge(target, data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def excess(target: Target, data: bytes, spent_ms: float) -> str | None:
    """What an input of at most 64 KiB costs too much, in words; large ones are measured for memory as well."""
    if spent_ms > MOST_CPU_MS and (least := cpu_ms(target, data)) > MOST_CPU_MS:
        return f"{least:.0f} ms of CPU for {len(data)} bytes; at most {MOST_CPU_MS:.0f}"
    if len(data) >= LARGEST // 2 and (peak := memory_bytes(target, data)) > MOST_MEMORY:
        return f"{peak >> 20} MiB for {len(data)} bytes; at most {MOST_MEMORY >> 20}"
    return None
