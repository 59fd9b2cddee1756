"""`python -m scripts.benchmark ingest`: how fast a log is loaded, and whether that stays so."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, TypedDict

import orjson
import typer
from graphrec.cli.output import OUT, print_table, progress_bars

from graphrec.progress import Progress
from scripts.benchmark.ingest.floor import floor_rate
from scripts.benchmark.ingest.log import write_log
from scripts.benchmark.ingest.rates import Step, rates

FLOOR_ROWS = 10_000_000
"""Rows that the floor inserts at most: it takes hours for ten times as many."""


class Report(TypedDict):
    """What was measured."""

    rows: int
    seconds: float
    """From the start of reading to the last row stored, durable and checkpointed."""
    rate: float
    """Rows a second over all."""
    rates: list[float]
    """Rows a second of each million."""
    last_to_first: float
    """The rate of the last million by that of the first."""
    peak_mib: float
    floor_rows: int
    floor_rate: float
    floor_ratio: float
    """`rate` by `floor_rate`."""
    stages: dict[str, float]
    """Seconds of each stage."""


def ingest(
    rows: Annotated[int, typer.Option(min=1, help="Events of the log.")] = 10_000_000,
    json: Annotated[Path | None, typer.Option(help="JSON file for the figures.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the log.")] = 0,
) -> None:
    """Load a made-up log from Parquet into a new SQLite store, as `graphrec ingest` does.

    A user has ten events, items follow Zipf's law. The load is a process of its own; making the
    log does not count. The floor is SQLite's own insert of the same rows into the same table with
    the same durability, ids being numbers already; of a larger log, the first ten million rows.

    **Example:** `python -m scripts.benchmark ingest --rows 10000000 --json ingest.json`
    """
    with tempfile.TemporaryDirectory(prefix="graphrec-") as temporary, progress_bars() as progress:
        folder = Path(temporary)
        log = folder / "log.parquet"
        write_log(log, rows, seed, progress)
        steps, peak = _load(log, folder / "graphrec.db", progress)
        (folder / "graphrec.db").unlink()
        floor_rows = min(rows, FLOOR_ROWS)
        floor = floor_rate(log, folder / "floor.db", floor_rows, progress)
    report = _report(rows, steps, peak, floor_rows, floor)
    if json is not None:
        json.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    _show(report)


def _load(log: Path, store: Path, progress: Progress) -> tuple[list[Step], float]:
    """The steps of a load, and the most memory that it took, in MiB."""
    command = [sys.executable, "-m", "scripts.benchmark.ingest.process"]
    steps: list[Step] = []
    with subprocess.Popen(  # noqa: S603 - a command of ours
        [*command, str(log), f"sqlite:///{store}"], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None  # noqa: S101
        for line in process.stdout:
            found = orjson.loads(line)
            if "peak_mib" in found:
                return steps, found["peak_mib"]
            steps.append(found)
            progress(found["stage"], found["done"], found["total"])
    raise RuntimeError(f"the load ended with status {process.returncode}")


def _report(rows: int, steps: list[Step], peak: float, floor_rows: int, floor: float) -> Report:
    each = rates(steps, rows)
    ends = {step["stage"]: step["at"] for step in steps}
    begins = [0.0, *list(ends.values())[:-1]]
    seconds = steps[-1]["at"]
    return Report(
        rows=rows,
        seconds=seconds,
        rate=rows / seconds,
        rates=each,
        last_to_first=each[-1] / each[0],
        peak_mib=peak,
        floor_rows=floor_rows,
        floor_rate=floor,
        floor_ratio=rows / seconds / floor,
        stages={
            stage: end - begin for (stage, end), begin in zip(ends.items(), begins, strict=True)
        },
    )


def _show(report: Report) -> None:
    lines = [
        ["load, rows/s", f"{report['rate']:,.0f}"],
        ["first million, rows/s", f"{report['rates'][0]:,.0f}"],
        ["last million, rows/s", f"{report['rates'][-1]:,.0f}"],
        ["floor, rows/s", f"{report['floor_rate']:,.0f}"],
        ["load by floor", f"{report['floor_ratio']:.2f}"],
        ["peak memory, MiB", f"{report['peak_mib']:,.0f}"],
        *([f"{name}, s", f"{seconds:.1f}"] for name, seconds in report["stages"].items()),
    ]
    print_table("Ingest", ["", "measured"], lines)
    OUT.print(f"{report['rows']:,} rows of Parquet in {report['seconds']:.1f} s, into SQLite.")
