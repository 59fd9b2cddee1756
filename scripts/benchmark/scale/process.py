"""Each stage in a process of its own, whose memory is that of the stage and of what it imports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple, TypeAlias

from graphrec.errors import GraphrecError
from scripts.benchmark.ingest.process import peak
from scripts.benchmark.scale.stages import STAGES, Options


class Done(NamedTuple):
    """What a stage took, and what else is known of it."""

    seconds: float
    core_seconds: float
    """Of all cores together, whatever else they did; with reading what the stage needs."""
    peak_mib: float
    facts: Mapping[str, Any]


Run: TypeAlias = Callable[[str, Path, Options], Done]


@contextmanager
def processes() -> Iterator[Run]:
    """What runs a stage by its name; raises GraphrecError where the process is killed."""
    context = get_context("forkserver")  # imports once
    context.set_forkserver_preload(["scripts.benchmark.scale.stages"])
    with ProcessPoolExecutor(1, context, max_tasks_per_child=1) as pool:

        def run(name: str, folder: Path, options: Options) -> Done:
            try:
                return pool.submit(run_stage, name, folder, options).result()
            except BrokenProcessPool as error:
                raise GraphrecError(
                    f"stage {name!r} of {options.events:,} events was killed: expected it to end, "
                    f"which may need more memory; try fewer events"
                ) from error

        yield run


def run_stage(name: str, folder: Path, options: Options) -> Done:
    """Run a stage in this process."""
    began = process_time()
    seconds, facts = STAGES[name](folder, options)
    return Done(seconds, process_time() - began, peak(), facts)
