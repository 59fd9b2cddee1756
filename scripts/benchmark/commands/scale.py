"""`graphrec benchmark scale`: what a log of a size takes, from the log to a served list."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal, TypedDict

import orjson
import typer
from graphrec.cli.output import OUT, print_table, progress_bars

from scripts.benchmark.scale.log import Size
from scripts.benchmark.scale.process import Done, processes
from scripts.benchmark.scale.serving import Serving, measure
from scripts.benchmark.scale.slopes import slopes
from scripts.benchmark.scale.stages import STAGES, Options

SIZES = (0.25, 0.5, 1.0)
"""Of the log that is asked for, to fit the growth on."""

SERVE = "serve"


class Stage(TypedDict):
    """What a stage took, in a process of its own."""

    name: str
    seconds: float
    peak_mib: float


class Report(TypedDict):
    """What was measured."""

    stages: list[Stage]
    """At the size that was asked for; of `serve`, the seconds until it is ready."""
    slopes: dict[str, float]
    """By stage: log seconds over log events."""
    serving: Serving


def scale(
    events: Annotated[int, typer.Option(min=1000, help="Events of the log.")] = 40_000,
    users: Annotated[int, typer.Option(min=10, help="Users.")] = 4_000,
    items: Annotated[int, typer.Option(min=10, help="Items.")] = 2_000,
    embedding: Annotated[
        Literal["graphsage", "mf", "none"], typer.Option(help="Model of vectors.")
    ] = "mf",
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of that model.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of each serving test.")] = 5,
    folder: Annotated[
        Path | None,
        typer.Option(help="Where logs, stores and snapshots stay.", show_default="a temporary one"),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="JSON file for the figures.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the log and of models.")] = 0,
) -> None:
    """Generate a log, load it, fit, publish and serve; how all of it grows with the log.

    Users are active and items popular by power laws, in planted groups, whose items their users
    prefer. Each stage is a process of its own, and its peak memory is of that process. It is done
    for a quarter, a half and all of the events, users and items; the slope of a stage is 1 where
    its time is in proportion to the events. Lists are compared with those of popularity on the
    newest 5 % of the events. Weights and epochs are given, not chosen.

    **Example:** `graphrec benchmark scale --events 1000000 --users 100000 --items 60000 --json
    scale.json`
    """
    whole = Size(events, users, items)
    sizes = [whole.share(part) for part in SIZES]
    runs: list[list[Stage]] = []
    with (
        tempfile.TemporaryDirectory(prefix="graphrec-") as temporary,
        progress_bars() as progress,
        processes() as run,
    ):
        for at, size in enumerate(sizes):
            where = (folder or Path(temporary)) / str(size.events)
            where.mkdir(parents=True, exist_ok=True)
            options = Options(**asdict(size), seed=seed, embedding=embedding, epochs=epochs)
            names = [name for name in STAGES if name != "embedding" or embedding != "none"]
            stages, done_by = [], {}
            for done, name in enumerate(names):
                progress(f"{size.events:,} events: {name}", done, len(names) + 1)
                found = run(name, where, options)
                done_by[name] = found
                stages.append(Stage(name=name, seconds=found.seconds, peak_mib=found.peak_mib))
            progress(f"{size.events:,} events: {SERVE}", len(names), len(names) + 1)
            if at == len(sizes) - 1:
                serving = measure(where, seconds, seed)
                stages.append(
                    Stage(
                        name=SERVE,
                        seconds=serving["start_seconds"],
                        peak_mib=serving["rss_mb"] * 1e6 / 2**20,
                    )
                )
            progress(f"{size.events:,} events: {SERVE}", len(names) + 1, len(names) + 1)
            runs.append(stages)
    report = Report(stages=runs[-1], slopes=_growth(sizes, runs), serving=serving)
    if json is not None:
        json.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    _show(whole, report, done_by)


def _growth(sizes: Sequence[Size], runs: Sequence[Sequence[Stage]]) -> dict[str, float]:
    """Slopes of the stages that were run at each size."""
    names = [stage["name"] for stage in runs[0]]
    seconds = {
        name: [next(each["seconds"] for each in run if each["name"] == name) for run in runs]
        for name in names
    }
    return slopes([size.events for size in sizes], seconds)


def _show(size: Size, report: Report, done: Mapping[str, Done]) -> None:
    lines = [
        [
            stage["name"],
            f"{stage['seconds']:,.1f}",
            f"{done[stage['name']].core_seconds:,.1f}" if stage["name"] in done else "",
            f"{stage['peak_mib']:,.0f}",
            f"{report['slopes'][stage['name']]:.2f}" if stage["name"] in report["slopes"] else "",
        ]
        for stage in report["stages"]
    ]
    title = f"{size.events:,} events, {size.users:,} users, {size.items:,} items"
    print_table(title, ["stage", "seconds", "core-seconds", "peak, MiB", "slope"], lines)
    facts = {name: each.facts for name, each in done.items()}
    serving, quality = report["serving"], facts["evaluate"]
    OUT.print(
        f"Loaded {facts['load']['rate']:,.0f} rows/s, {facts['load']['bytes'] / 2**20:,.0f} MiB; "
        f"snapshot {facts['publish']['bytes'] / 2**20:,.0f} MiB."
    )
    OUT.print(
        f"A list: p99 {serving['made_p99_ms']:.1f} ms made, {serving['kept_p99_ms']:.1f} ms kept; "
        f"{serving['rss_mb']:,.0f} MB resident, ready in {serving['start_seconds']:.1f} s."
    )
    OUT.print(
        f"NDCG@10 of {quality['users']} users {quality['ndcg']:.4f}, of the most popular items "
        f"{quality['popularity_ndcg']:.4f}."
    )
