"""Peak memory of a piece of work."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import TypeVar

SAMPLES_PER_SECOND = 20
"""How often memory is looked at."""

Result = TypeVar("Result")


def with_peak_memory(work: Callable[[], Result]) -> tuple[Result, float | None]:
    """What `work` returns, and the highest resident memory meanwhile in MiB."""
    start = _memory()
    if start is None:
        return work(), None
    samples = [start[0]]
    done = Event()

    def sample() -> None:
        while not done.wait(1 / SAMPLES_PER_SECOND):
            if memory := _memory():
                samples[0] = max(samples[0], memory[0])

    thread = Thread(target=sample, daemon=True)
    thread.start()
    try:
        result = work()
    finally:
        done.set()
        thread.join()
    end = _memory() or start
    # The system's own peak misses nothing, but is of this work only where it has risen.
    return result, max(samples[0], end[0], end[1] if end[1] > start[1] else 0.0)


def _memory() -> tuple[float, float] | None:
    """Resident memory of this process, now and at most so far, in MiB; None on Windows.

    Where there is no /proc (macOS), "now" is "at most so far" too.
    """
    status = Path("/proc/self/status")
    if status.exists():
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        now = int(fields["VmRSS"].split()[0]) / 1024
        return now, int(fields["VmHWM"].split()[0]) / 1024
    if sys.platform == "win32":
        return None
    import resource  # not on Windows

    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    highest_mib = highest / (2**20 if sys.platform == "darwin" else 2**10)
    return highest_mib, highest_mib
