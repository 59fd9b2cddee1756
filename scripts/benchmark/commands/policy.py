"""`python -m scripts.benchmark policy`: bandits against others, and estimates against the truth."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer
from graphrec.cli.output import print_table

from scripts.benchmark.policy.coverage import coverage
from scripts.benchmark.policy.regret import regrets, worlds


def policy(
    seeds: Annotated[int, typer.Option(min=2, help="Courses of each policy.")] = 20,
    visits: Annotated[int, typer.Option(min=500, help="Of each course.")] = 6000,
    runs: Annotated[int, typer.Option(min=0, help="Logs that are evaluated; 0: none.")] = 200,
    lists: Annotated[int, typer.Option(min=200, help="In each log.")] = 1000,
    json: Annotated[Path | None, typer.Option(help="File for all figures.")] = None,
) -> None:
    """Regret of policies in the simulator, and how often estimates of a log hold the truth.

    All is drawn by seeds: the same figures each time.

    **Example:** `graphrec benchmark policy --json policy.json`
    """
    figures: dict[str, object] = {"seeds": seeds, "visits": visits, "runs": runs, "lists": lists}
    found = {}
    for name, world in worlds(visits).items():
        found[name] = regrets(world, seeds)
        rows = [
            [
                each.policy,
                f"{each.mean:,.0f}",
                f"[{each.low:,.0f}, {each.high:,.0f}]",
                f"{each.reward:.3f}",
                f"{each.of_epsilon:.2f} (up to {each.of_epsilon_high:.2f})",
            ]
            for each in found[name]
        ]
        columns = ["policy", "regret", "95 % interval", "reward of a list", "of epsilon-greedy's"]
        print_table(f"Regret of {visits:,} visits: {name}", columns, rows)
    figures["regret"] = {name: [*map(asdict, each)] for name, each in found.items()}
    if runs:
        covered = coverage(runs, lists)
        figures["coverage"] = [*map(asdict, covered)]
        rows = [
            [
                each.log,
                each.estimator,
                f"{each.covered:.1%}",
                f"{each.bias:+.3f}",
                f"{each.width:.3f}",
                f"{each.truth:.3f}",
                f"{each.runs}",
                f"{each.refused}",
            ]
            for each in covered
        ]
        columns = ["log", "estimator", "covered", "bias", "width", "truth", "runs", "refused"]
        print_table(f"Intervals of 95 % that hold the truth, of {runs} runs", columns, rows)
    if json is not None:
        json.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))
