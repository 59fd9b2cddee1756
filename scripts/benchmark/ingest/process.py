"""One load in a process of its own, whose memory is that of the load alone.

`python -m scripts.benchmark.ingest.process PARQUET STORE` prints a Step a line as JSON, and at last
`{"peak_mib": …}`.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from time import perf_counter

import orjson
from graphrec.ingest.load import load_events
from graphrec.ingest.sources import File

from graphrec.settings import IngestSettings
from graphrec.store import open_store
from scripts.benchmark.ingest.rates import Step


def main() -> None:
    """Load the file; its rejects, of which there are none, would be beside it."""
    path, url = Path(sys.argv[1]), sys.argv[2]
    begun = perf_counter()

    def progress(stage: str, done: int, total: int | None) -> None:
        step = Step(stage=stage, done=done, total=total or done, at=perf_counter() - begun)
        sys.stdout.buffer.write(orjson.dumps(step) + b"\n")
        sys.stdout.buffer.flush()

    with open_store(url) as store:
        load_events(
            store, File(path), IngestSettings(), path.with_suffix(".rejects"), progress=progress
        )
    sys.stdout.buffer.write(orjson.dumps({"peak_mib": peak()}) + b"\n")


def peak() -> float:
    """The most memory that this process held, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage begins with that of the parent
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
